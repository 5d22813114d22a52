"""Where a part of a page cannot work, opened from a file or without a script of its own, it says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def report(html: Path, check: Callable, address: str) -> dict:
    return check("check_fallback", address, html.resolve().as_uri())


def test_from_a_file_a_page_works_or_says_how_the_book_is_served(report: dict) -> None:
    assert report["cover"]
    for said in (report["file"], report["slider"]):
        assert "make serve" in said and "http://127.0.0.1:8000" in said


def test_a_page_whose_script_or_networks_cannot_be_loaded_says_so(report: dict) -> None:
    assert "could not be fetched" in report["unfetched"]
    assert "networks cannot be loaded" in report["unloaded"]
