"""The book's pages, from the prose, the executed notebooks and results/: `python -m abstract_beauty stage build_book`.

Jupyter Book renders, it never executes. The same input gives the same bytes: what differs from build to build is
removed afterwards.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from abstract_beauty.errors import UserError
from abstract_beauty.params import Params, read_yaml
from abstract_beauty.project import Project

MATHJAX = "node_modules/mathjax/es5/tex-svg-full.js"
SOURCE_DATE = "1704067200"  # 1 January 2024: one date for every build, so that none leaves its own
TAIL = 25  # lines of the log shown when the build fails
# The book's parts, and the lists of book/contents.yml that each is made of.
PARTS = {
    "The idea": ("idea",),
    "The experiments": ("chapters", "outcome"),
    "Your turn": ("yours",),
    "Sources": ("sources",),
}


def read_contents(book: Path) -> dict[str, list[str]]:
    """The pages of each part in reading order, without suffix; UserError where book/contents.yml lacks a list."""
    lists = read_yaml(book / "contents.yml")
    names = [name for part in PARTS.values() for name in part]
    if not isinstance(lists, dict) or any(not isinstance(lists.get(name), list) for name in names):
        raise UserError(f"{book / 'contents.yml'}: must hold the lists {', '.join(names)}")
    lists["chapters"] = [f"notebooks/{name}" for name in lists["chapters"]]
    return {title: [page for name in part for page in lists[name]] for title, part in PARTS.items()}


def render(book: Path, contents: dict[str, list[str]], command: Path) -> None:
    """Run Jupyter Book, every warning an error; UserError after the end of its log if it fails."""
    build = book / "_build"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir()
    parts = [
        {"caption": title, "chapters": [{"file": page} for page in pages]}
        for title, pages in contents.items()
    ]
    table = build / "_toc.yml"  # JSON is YAML
    table.write_text(json.dumps({"format": "jb-book", "root": "index", "parts": parts}), encoding="utf-8")
    # The second: the order of sets, hence of a few attributes in the pages.
    settled = {"SOURCE_DATE_EPOCH": SOURCE_DATE, "PYTHONHASHSEED": "0"}
    result = subprocess.run(
        [command, "build", book, "--toc", table.resolve(), "--all", "-W", "-n", "--keep-going", "-q"],
        env={**os.environ, **settled},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        log = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)  # Jupyter Book colours its log always
        lines = [line for line in log.splitlines() if line.strip(" =")]
        print("\n".join(lines[-TAIL:]), file=sys.stderr)
        raise UserError(f"{book}: the build failed, see above; every warning counts as an error")
    for leftover in (".doctrees", ".jupyter_cache", "jupyter_execute", "html/.doctrees", "html/reports"):
        shutil.rmtree(build / leftover, ignore_errors=True)
    for leftover in (build / "html" / ".buildinfo", table):
        leftover.unlink(missing_ok=True)


def stage(project: Project, params: Params) -> None:
    """Build the book, and say where to open it.

    Raises:
        UserError: a notebook, MathJax or Jupyter Book is missing, or the build failed; the mend is named.
    """
    book = project.root / "book"
    contents = read_contents(book)
    command = Path(sys.executable).with_name("jupyter-book")
    pages = [page for part in contents.values() for page in part]
    chapters = [book / f"{page}.ipynb" for page in pages if page.startswith("notebooks/")]
    needed = {
        "run `make repro`, which executes it and then builds": chapters,
        "run `npm ci` in the root of the repository": [project.root / MATHJAX],
        "run `make env`": [command],
    }
    for mend, files in needed.items():
        if missing := [str(file) for file in files if not file.is_file()]:
            raise UserError(f"{', '.join(missing)}: no such file; {mend}")
    render(book, contents, command)
    print(f"The book is built. Open {book / '_build' / 'html' / 'index.html'}")
