"""What a check found, as a file that the book's page on trust shows; and how a check ends that meets an error."""

import datetime
import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json


def today() -> str:
    """The date, UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def keep(out: Path | None, began: float, **found: Any) -> None:
    """Write what was found into `out`, if there is one, with the date and the seconds since `began` (monotonic)."""
    if out:
        write_json(out, {"date": today(), "seconds": round(time.monotonic() - began), **found})


def one_line(main: Callable[..., int]) -> Callable[..., int]:
    """`main`, which returns its exit status, but a UserError becomes its line on stderr and exit status 2."""

    @functools.wraps(main)
    def reporting(*arguments: Any) -> int:
        try:
            return main(*arguments)
        except UserError as error:
            print(error, file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130

    return reporting
