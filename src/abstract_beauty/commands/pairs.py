"""Keep each notebook's two forms in step: NAME.py, which git compares, and NAME.ipynb, which Jupyter opens.

python -m abstract_beauty.commands.pairs --check             say which pairs disagree, or carry outputs
python -m abstract_beauty.commands.pairs --write [NAME...]   write each .ipynb anew from its .py, without outputs
python -m abstract_beauty.commands.pairs --pull [NAME...]    write each .py anew from its .ipynb
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

# Of who wrote last: noise in git.
VERSIONS = re.compile(r"^#\s+(format|jupytext)_version: .*\n", re.MULTILINE)


def read_pair(pair: Path) -> tuple[nbformat.NotebookNode, bool]:
    """A notebook's .ipynb in the kept form without outputs, and whether it has any; UserError if it is no notebook."""
    try:
        notebook = nbformat.reads(pair.read_text(encoding="utf-8"), as_version=4)
    # nbformat reads keys before it validates them, so what is JSON but no notebook ends in any of these.
    except (OSError, ValueError, AttributeError, LookupError, TypeError, nbformat.ValidationError) as error:
        raise UserError(f"{pair.name} cannot be read ({' '.join(str(error).split())})") from error
    outputs = [cell.pop("outputs") for cell in notebook.cells if "outputs" in cell]
    return normalised(notebook), any(outputs)


def disagreement(script: Path) -> str | None:
    """What is wrong with a pair, and how to mend it without losing the later change; None when the two agree."""
    pair = script.with_suffix(".ipynb")
    run = f"`python -m abstract_beauty.commands.pairs --{{}} {script.stem}`"
    if not pair.is_file():
        return f"{pair.name} is missing; run {run.format('write')}"
    try:
        notebook, outputs = read_pair(pair)
    except UserError as error:
        return f"{error}; mend it, or make it anew from {script.name} with {run.format('write')}"
    if dumps(notebook) != dumps(read_script(script)):
        pulled = pair.stat().st_mtime > script.stat().st_mtime
        newer, older, flag = (pair, script, "pull") if pulled else (script, pair, "write")
        mend = f"to bring {newer.name}, which is newer, into {older.name}, run {run.format(flag)}"
        return f"{script.name} and {pair.name} differ; {mend}"
    return (
        f"{pair.name} carries outputs, which do not belong in git; run {run.format('write')}"
        if outputs
        else None
    )


def write(path: Path, text: str) -> None:
    """Replace a file unless it already holds `text`."""
    if not path.is_file() or path.read_text() != text:
        with replacing(path) as temporary:
            temporary.write_text(text)


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Check, write or pull pairs; exit status 1 when a check finds a disagreement, 2 on a UserError."""
    parser = argparse.ArgumentParser(description="Keep notebooks' .py and .ipynb in step.")
    group = parser.add_mutually_exclusive_group(required=True)
    for flag in ("--check", "--write", "--pull"):
        group.add_argument(flag, action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks; all when none is named")
    options = parser.parse_args(arguments)
    folder = find_project().root / "notebooks"
    named = [folder / f"{Path(name).stem}.py" for name in options.names]
    problems = []
    for script in named or sorted(folder.glob("*.py")):
        pair = script.with_suffix(".ipynb")
        if options.check:
            problems += filter(None, [disagreement(script)])
            continue
        if options.pull and dumps(notebook := read_pair(pair)[0]) != dumps(read_script(script)):
            write(script, VERSIONS.sub("", jupytext.writes(notebook, fmt="py:percent")))
        write(pair, dumps(read_script(script)))
    for problem in problems:
        print(f"notebooks: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
