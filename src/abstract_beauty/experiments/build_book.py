"""Build the book from executed notebooks and results: `python -m abstract_beauty.experiments.build_book`.

Runs from the root of the repository or of any copy of its tree. Jupyter Book renders, it never executes.
The same input gives the same bytes: what differs from build to build is removed afterwards.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from abstract_beauty.errors import UserError, one_line

MATHJAX = Path("node_modules/mathjax/es5/tex-svg-full.js")
SOURCE_DATE = "1704067200"  # 1 January 2024: one date for every build, so that none leaves its own
TAIL = 25  # lines of the log shown when the build fails


def pages(book: Path) -> list[str]:
    """Every page named in book/_toc.yml, in reading order, without suffix."""
    contents = book / "_toc.yml"
    try:
        toc = yaml.safe_load(contents.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{contents}: no such file; run this from the root of the repository") from error
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def check_notebooks(book: Path) -> None:
    """UserError naming the executed notebooks that are not there, and how to make them."""
    files = [book / f"{page}.ipynb" for page in pages(book) if page.startswith("notebooks/")]
    missing = ", ".join(str(file) for file in files if not file.is_file())
    if missing:
        raise UserError(f"{missing}: not executed yet; run `make repro`, which executes and then builds")


def check_mathjax(root: Path) -> None:
    """UserError if MathJax is not where book/_config.yml expects it."""
    if not (root / MATHJAX).is_file():
        raise UserError(f"{root / MATHJAX}: no such file; run `npm ci` in the root of the repository")


def jupyter_book() -> list[str]:
    """The command beside this Python."""
    command = Path(sys.executable).with_name("jupyter-book")
    if not command.is_file():
        raise UserError(f"{command}: not installed; run `make env`")
    return [str(command)]


def render(book: Path) -> None:
    """Run Jupyter Book, every warning an error; UserError after the end of its log if it fails."""
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": SOURCE_DATE,
        "PYTHONHASHSEED": "0",  # the order of sets, hence of a few attributes in the pages
    }
    shutil.rmtree(book / "_build", ignore_errors=True)
    command = [*jupyter_book(), "build", str(book), "--all", "-W", "-n", "--keep-going", "-q"]
    result = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode:
        log = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)  # Jupyter Book colours its log always
        lines = [line for line in log.splitlines() if line.strip(" =")]
        print("\n".join(lines[-TAIL:]), file=sys.stderr)
        raise UserError(f"{book}: the build failed, see above; every warning counts as an error")


def tidy(book: Path) -> None:
    """Remove what a reader does not need and what changes from build to build."""
    build = book / "_build"
    for leftover in (".doctrees", ".jupyter_cache", "jupyter_execute", "html/.doctrees", "html/reports"):
        shutil.rmtree(build / leftover, ignore_errors=True)
    (build / "html" / ".buildinfo").unlink(missing_ok=True)


def build(root: Path = Path()) -> Path:
    """Build the book of the tree at `root`; returns its first page.

    Raises:
        UserError: a notebook, MathJax or Jupyter Book is missing, or the build failed; the mend is named.
    """
    book = root / "book"
    check_notebooks(book)
    check_mathjax(root)
    render(book)
    tidy(book)
    return book / "_build" / "html" / "index.html"


@one_line
def main() -> int:
    """Exit status 0, or 2 after one line on stderr that says what to mend."""
    index = build()
    print(f"The book is built. Open {index}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
