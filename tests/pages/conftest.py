"""The built book, served, and a browser: BOOK_HTML if that is set, else book/_build/html, else the smoke profile's."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
def check() -> Callable[..., Any]:
    """Runs NAME.mjs of this folder on an address, and gives its report."""
    modules = Path(os.environ.get("NODE_MODULES", ROOT / "node_modules"))
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if not all((modules / package).is_dir() for package in ("playwright-core", "axe-core")):
        lacking("no node_modules/playwright-core and axe-core; run `npm ci`")
    if chromium is None or shutil.which("node") is None:
        lacking("no Chromium or no Node on this machine")

    def run(name: str, address: str, *arguments: str | Path) -> Any:
        command = ["node", Path(__file__).with_name(f"{name}.mjs"), address, chromium, modules, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=1500)
        assert result.returncode == 0, result.stderr[-3000:]
        return json.loads(result.stdout)

    return run


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
