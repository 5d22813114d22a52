"""Keep each notebook's two forms in step: NAME.py, which git compares, and NAME.ipynb, which Jupyter opens.

python -m abstract_beauty.commands.pairs --check    say which pairs disagree, or carry outputs
python -m abstract_beauty.commands.pairs --write    write every .ipynb anew from its .py, without outputs
python -m abstract_beauty.commands.pairs --pull     write every .py anew from its .ipynb
"""

import argparse
import re
import sys
from pathlib import Path

import jupytext
import nbformat

from abstract_beauty.book.notebooks import dumps, normalised, read_script
from abstract_beauty.errors import UserError, one_line
from abstract_beauty.files import replacing
from abstract_beauty.project import find_project

VERSIONS = re.compile(
    r"^#\s+(format|jupytext)_version: .*\n", re.MULTILINE
)  # of who wrote it last: noise in git


def scripts(folder: Path) -> list[Path]:
    """The percent scripts of a folder, in order."""
    return sorted(folder.glob("*.py"))


def read_pair(pair: Path) -> nbformat.NotebookNode:
    """A notebook's .ipynb; UserError names the file when it is missing or no notebook."""
    try:
        return nbformat.reads(pair.read_text(encoding="utf-8"), as_version=4)
    # nbformat reads keys before it validates them, so what is JSON but no notebook ends in any of these.
    except (OSError, ValueError, AttributeError, LookupError, TypeError, nbformat.ValidationError) as error:
        raise UserError(f"{pair.name} cannot be read ({' '.join(str(error).split())})") from error


def disagreement(script: Path) -> str | None:
    """What is wrong with a pair, in a few words; None when its two forms agree."""
    pair = script.with_suffix(".ipynb")
    if not pair.is_file():
        return f"{pair.name} is missing"
    try:
        notebook = read_pair(pair)
    except UserError as error:
        return str(error)
    if any(cell.get("outputs") for cell in notebook.cells):
        return f"{pair.name} carries outputs, which do not belong in git"
    if dumps(normalised(notebook)) != dumps(read_script(script)):
        return f"{script.name} and {pair.name} differ"
    return None


def write(path: Path, text: str) -> None:
    """Replace a file unless it already holds `text`."""
    if not path.is_file() or path.read_text() != text:
        with replacing(path) as temporary:
            temporary.write_text(text)


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Check, write or pull every pair; exit status 1 when a check finds a disagreement, 2 on a UserError."""
    parser = argparse.ArgumentParser(description="Keep notebooks' .py and .ipynb in step.")
    group = parser.add_mutually_exclusive_group(required=True)
    for flag in ("--check", "--write", "--pull"):
        group.add_argument(flag, action="store_true")
    options = parser.parse_args(arguments)
    folder = find_project().root / "notebooks"
    found = []
    for script in scripts(folder):
        pair = script.with_suffix(".ipynb")
        if options.write:
            write(pair, dumps(read_script(script)))
        elif options.pull:
            notebook = normalised(read_pair(pair))
            for cell in notebook.cells:
                cell.get("outputs", []).clear()
            if dumps(notebook) != dumps(read_script(script)):
                write(script, VERSIONS.sub("", jupytext.writes(notebook, fmt="py:percent")))
        elif problem := disagreement(script):
            found.append(problem)
    for problem in found:
        print(
            f"notebooks: {problem}; run `python -m abstract_beauty.commands.pairs --write`", file=sys.stderr
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
