"""The built book in a browser: every page, wide and narrow, light and dark.

With PAGES_SCREENSHOTS=folder it leaves a picture of each page there, for a person to look at.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def report(html: Path, node_modules: Path, chromium: str, address: str) -> list[dict]:
    skipped = {"genindex", "search", "blind"}
    pages = sorted(
        str(path.relative_to(html).with_suffix(""))
        for path in html.rglob("*.html")
        if "_static" not in path.parts and path.stem not in skipped
    )
    environment = dict(os.environ)
    if pictures := os.environ.get("PAGES_SCREENSHOTS"):
        Path(pictures).mkdir(parents=True, exist_ok=True)
        environment["SCREENSHOTS"] = str(Path(pictures).resolve())
    script = Path(__file__).with_name("check_pages.mjs")
    result = subprocess.run(
        ["node", script, address, chromium, node_modules, *pages],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout)


def test_every_page_is_whole(report: list[dict]) -> None:
    """No console error, nothing from outside, no sideways scrolling, every image and formula shown."""
    wrong = [f"{r['page']} {r['width']} {r['theme']}: {p}" for r in report for p in r["problems"]]
    assert not wrong, "\n".join(wrong)


def test_every_page_was_seen_in_every_way(report: list[dict]) -> None:
    pages = {r["page"] for r in report}
    assert {"index", "idea", "run"} <= pages
    assert len(report) == 4 * len(pages)


def test_formulas_are_rendered(report: list[dict]) -> None:
    """The four numbered equations of the idea are there as MathJax output."""
    counts = [r["formulas"] for r in report if r["page"] == "idea"]
    assert counts and min(counts) >= 4
