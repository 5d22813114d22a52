"""The built book in a browser: every page, wide and narrow, light and dark, whole and open to everyone.

axe-core's rules hold, among others: one first heading and no level left out, contrast of text, words for pictures,
fields and buttons, a language and a title, targets large enough for a thumb, landmarks. With SCREENSHOTS=folder it
leaves a picture of each page there, for a person to look at.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HEAVIEST = 3 * 2**20  # bytes of a page with all its pictures, text compressed as a host does
BARE = {"genindex", "search"}  # made by the theme, with no text of their own


@pytest.fixture(scope="module")
def report(html: Path, check: Callable, address: str) -> list[dict]:
    pages = sorted(
        str(path.relative_to(html).with_suffix(""))
        for path in html.rglob("*.html")
        if "_static" not in path.parts and path.stem != "blind"
    )
    return check("check_pages", address, *pages)


def test_every_page_is_whole_in_every_way(report: list[dict]) -> None:
    """No console error, nothing from outside, no sideways scrolling, every image and formula shown."""
    assert len(report) == 4 * len({row["page"] for row in report}) > 40
    wrong = [
        f"{row['page']} {row['width']} {row['theme']}: {problem}"
        for row in report
        for problem in row["problems"]
        if not (problem == "no text" and row["page"] in BARE)
    ]
    assert not wrong, "\n".join(wrong)
    assert min(row["formulas"] for row in report if row["page"] == "idea") >= 4  # its numbered equations


def test_nobody_is_shut_out(report: list[dict]) -> None:
    wrong = [
        f"{row['page']} {row['width']} {row['theme']}: {one['id']}: {one['where']}: {one['why']}"
        for row in report
        for one in row["barriers"]
    ]
    assert not wrong, "\n".join(wrong[:40])


def test_no_page_is_heavy(report: list[dict]) -> None:
    weights = {(row["page"], row["theme"]): row["bytes"] for row in report}
    assert {page: size for page, size in weights.items() if not 10_000 < size <= HEAVIEST} == {}


def test_what_it_looks_for_it_finds(tmp_path: Path, check: Callable) -> None:
    """A page with faults of many kinds, by the same script: the tests above can fail."""
    (tmp_path / "bad.html").write_text(
        "<!doctype html><html><head></head><body><main><h1>One</h1><h3>Three</h3>"
        '<p style="color: #999; background: #fff; width: 3000px">pale</p><img src="absent.png">'
        '<input type="text"><button></button><script>nothing()</script></main></body></html>'
    )
    row, *_ = check("check_pages", tmp_path.as_uri(), "bad")
    found = {one["id"] for one in row["barriers"]}
    assert {"heading-order", "color-contrast", "image-alt", "label", "button-name"} <= found
    assert {"html-has-lang", "document-title"} <= found
    said = "\n".join(row["problems"])
    for word in (
        "script: nothing",
        "px wide in a window of 1400",
        "image not shown: absent.png",
        "no text",
        "theme is",
    ):
        assert word in said
