"""Whether everyone can read and work the built book: axe-core finds nothing on any page, wide, narrow, light or dark.

Its rules hold, among others: one first heading and no level left out, contrast of text, words for pictures, fields and
buttons, a language and a title, targets large enough for a thumb, landmarks. Beside it: how much a page weighs.
"""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HEAVIEST = 3 * 2**20  # bytes of a page with all that it fetches by itself, text compressed as a host does


@pytest.fixture(scope="module")
def report(html: Path, axe: Path, chromium: str, address: str) -> list[dict]:
    pages = sorted(
        str(path.relative_to(html).with_suffix(""))
        for path in html.rglob("*.html")
        if "_static" not in path.parts and path.stem != "blind"
    )
    script = Path(__file__).with_name("check_access.mjs")
    result = subprocess.run(
        ["node", script, address, chromium, axe, *pages], capture_output=True, text=True, timeout=900
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout)


def test_nobody_is_shut_out(report: list[dict]) -> None:
    assert len(report) == 4 * len({row["page"] for row in report}) > 40
    wrong = [
        f"{row['page']} {row['width']} {row['theme']}: {one['id']}: {one['where']}: {one['why']}"
        for row in report
        for one in row["problems"]
    ]
    assert not wrong, "\n".join(wrong[:40])


def test_no_page_is_heavy(report: list[dict]) -> None:
    weights = {(row["page"], row["width"]): row["bytes"] for row in report if "bytes" in row}
    assert len(weights) == len(report) / 2
    assert {page: size for page, size in weights.items() if not 10_000 < size <= HEAVIEST} == {}


def test_what_it_looks_for_it_finds(tmp_path: Path, axe: Path, chromium: str) -> None:
    """A page with faults of many kinds, by the same script: the test above can fail."""
    (tmp_path / "bad.html").write_text(
        "<!doctype html><html><head></head><body><main><h1>One</h1><h3>Three</h3>"
        '<p style="color: #999; background: #fff">pale</p><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
        '<input type="text"><button></button></main></body></html>'
    )
    script = Path(__file__).with_name("check_access.mjs")
    result = subprocess.run(
        ["node", script, tmp_path.as_uri(), chromium, axe, "bad"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    found = {one["id"] for row in json.loads(result.stdout) for one in row["problems"]}
    assert {"heading-order", "color-contrast", "image-alt", "label", "button-name"} <= found
    assert {"html-has-lang", "document-title"} <= found
