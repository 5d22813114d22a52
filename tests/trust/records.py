"""What a check found, as a file that the book's page on trust shows."""

import datetime
import time
from pathlib import Path
from typing import Any

from abstract_beauty.files import write_json


def today() -> str:
    """The date, UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def keep(out: Path | None, began: float, **found: Any) -> None:
    """Write what was found into `out`, if there is one, with the date and the seconds since `began` (monotonic)."""
    if out:
        write_json(out, {"date": today(), "seconds": round(time.monotonic() - began), **found})
