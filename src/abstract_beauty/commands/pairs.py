"""`abstract-beauty pairs`: each notebook's second form, NAME.ipynb for Jupyter, from NAME.py, which git compares."""

import argparse
import sys

from abstract_beauty.book.notebooks import dumps, read_script
from abstract_beauty.files import replacing
from abstract_beauty.project import find_project


def pairs_command(options: argparse.Namespace) -> int:
    """Write each .ipynb that its .py does not make, without outputs, or only say so: then exit status 1."""
    disagree = False
    for script in sorted((find_project().root / "notebooks").glob("*.py")):
        pair, content = script.with_suffix(".ipynb"), dumps(read_script(script)).encode()
        if pair.is_file() and pair.read_bytes() == content:
            continue
        if not options.check:
            with replacing(pair) as temporary:
                temporary.write_bytes(content)
            continue
        disagree = True
        mend = f"if {pair.name} holds the change, first `jupytext --to py:percent notebooks/{pair.name}`"
        print(
            f"notebooks: {pair.name} is not what {script.name} makes; run `make pairs` ({mend})",
            file=sys.stderr,
        )
    return 1 if disagree else 0
