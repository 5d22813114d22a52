"""The built book, served, and a browser: BOOK_HTML if that is set, else book/_build/html, else the smoke profile's."""

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
BUILDS = [ROOT / "book/_build/html", ROOT / ".profiles/smoke/book/_build/html"]


@pytest.fixture(scope="module")
def html() -> Path:
    """The built book's folder; skips where there is none."""
    chosen = os.environ.get("BOOK_HTML")
    for folder in [Path(chosen)] if chosen else BUILDS:
        if (folder / "index.html").is_file():
            return folder
    pytest.skip("no built book; run `make repro`, or set BOOK_HTML")


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
def axe(node_modules: Path) -> Path:
    """node_modules, with axe-core in it."""
    if not (node_modules / "axe-core").is_dir():
        lacking("no node_modules/axe-core; run `npm ci`")
    return node_modules


@pytest.fixture(scope="module")
def address(html: Path) -> Iterator[str]:
    """The book, served on a free port of 127.0.0.1, below the root, as hosts of projects' pages do."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=html.parent)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{html.name}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser's command; Node, which drives it, must be there as well."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        lacking("no Chromium on this machine")
    if shutil.which("node") is None:
        lacking("no Node on this machine")
    return found
