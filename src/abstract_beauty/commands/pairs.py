"""`abstract-beauty pairs`: each notebook's second form, NAME.ipynb for Jupyter, from NAME.py, which git compares."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from abstract_beauty.book.notebooks import dumps, read_script
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, write_bytes, write_json
from abstract_beauty.project import find_project, git


def pairs_command(options: argparse.Namespace) -> int:
    """Write each .ipynb that its .py does not make, without outputs, or only say so: then exit status 1.

    UserError: an .ipynb holds an edit that its .py lacks; none is written then, unless --force is given.
    """
    project = find_project()
    record = project.scratch / "pairs.json"  # the SHA-256 of each .ipynb as it was last written here
    written = read_json(record) if record.is_file() else {}
    made, edited = {}, []
    for script in sorted((project.root / "notebooks").glob("*.py")):
        pair, content = script.with_suffix(".ipynb"), dumps(read_script(script)).encode()
        there = pair.read_bytes() if pair.is_file() else b""
        if there == content:
            continue
        made[pair] = content
        untouched = hashlib.sha256(there).hexdigest() == written.get(pair.name)
        committed = git(pair.parent, "show", f"HEAD:./{pair.name}")
        if not untouched and _cells(there) not in (None, _cells(content), _cells(committed)):
            edited.append(pair)
    if options.check:
        for pair in made:
            mend = _way_back(pair) if pair in edited else "run `make pairs`"
            print(f"notebooks: {pair.name} is not what {pair.stem}.py makes; {mend}", file=sys.stderr)
        return 1 if made else 0
    if edited and not options.force:
        names = ", ".join(pair.name for pair in edited)
        raise UserError(f"notebooks: the cells of {names} were edited; {_way_back(edited[0])}")
    for pair, content in made.items():
        write_bytes(pair, content)
        written[pair.name] = hashlib.sha256(content).hexdigest()
    if made:
        write_json(record, written)
    return 0


def _way_back(pair: Path) -> str:
    """What brings the edit of an .ipynb into its .py."""
    back = f"`.venv/bin/jupytext --to py:percent notebooks/{pair.name}` replaces {pair.stem}.py by it"
    return f"{back}, `.venv/bin/abstract-beauty pairs --force` drops it"


def _cells(content: bytes | str) -> list[tuple[str, str]] | None:
    """Kind and text of each cell of an .ipynb; None where it cannot be read, and so holds nothing to lose."""
    try:
        cells = json.loads(content)["cells"]
        return [(cell["cell_type"], "".join(cell["source"]).rstrip()) for cell in cells]
    except (ValueError, KeyError, TypeError):
        return None
