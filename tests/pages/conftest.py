"""Where the built book is: BOOK_HTML if that is set, else book/_build/html, else the smoke profile's copy."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILDS = [ROOT / "book/_build/html", ROOT / ".profiles/smoke/book/_build/html"]


@pytest.fixture(scope="module")
def html() -> Path:
    """The built book's folder; skips where there is none."""
    chosen = os.environ.get("BOOK_HTML")
    for folder in [Path(chosen)] if chosen else BUILDS:
        if (folder / "index.html").is_file():
            return folder
    pytest.skip("no built book; run `make repro`, or set BOOK_HTML")
