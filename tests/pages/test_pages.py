"""The built book in a browser: every page, wide and narrow, light and dark.

With PAGES_SCREENSHOTS=folder it leaves a picture of each page there, for a person to look at.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def lacking(what: str) -> None:
    """Skip with the reason; on a build server (CI=true) what the browser needs must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true")
    pytest.skip(what)


@pytest.fixture(scope="module")
def node_modules() -> Path:
    folder = Path(os.environ.get("NODE_MODULES", ROOT / "node_modules"))
    if not (folder / "playwright-core").is_dir():
        lacking("no node_modules/playwright-core; run `npm ci`")
    return folder


@pytest.fixture(scope="module")
def address(html: Path) -> Iterator[str]:
    """The book, served on a free port of 127.0.0.1."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=html)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def report(html: Path, node_modules: Path, address: str) -> list[dict]:
    if CHROMIUM is None:
        lacking("no Chromium on this machine")
    if shutil.which("node") is None:
        lacking("no Node on this machine")
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
        ["node", script, address, CHROMIUM, node_modules, *pages],
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
