"""Notebooks as text: reading percent scripts, and the one form in which they are kept and compared."""

import ast
import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from abstract_beauty.errors import UserError

PARAMETERS = "parameters"  # the tag of the cell whose values a run may replace
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_WIDGET = "application/vnd.jupyter.widget-view+json"  # a progress bar: a random id, and nothing to see without a kernel
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")


def read_script(path: Path) -> NotebookNode:
    """A percent script as a notebook in the kept form; UserError names the file when it is missing or malformed."""
    try:
        notebook = jupytext.read(path, fmt="py:percent")
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path}: cannot be read as a percent script ({error})") from error
    return normalised(notebook)


def normalised(notebook: NotebookNode, root: Path | None = None) -> NotebookNode:
    """A notebook without what changes from run to run: ids, times, papermill's notes, addresses, absolute paths.

    Args:
        notebook: modified in place and returned.
        root: the folder whose absolute path is replaced by "." in outputs.
    """
    jupytext_notes = notebook.metadata.get("jupytext", {})
    formats = {
        "formats": "ipynb,py:percent",
        "text_representation": {"extension": ".py", "format_name": "percent"},
    }
    notebook.metadata = NotebookNode(
        kernelspec=KERNEL, language_info={"name": "python"}, jupytext=formats if jupytext_notes else {}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:03d}"
        cell.metadata = NotebookNode(
            {"tags": sorted(cell.metadata["tags"])} if cell.metadata.get("tags") else {}
        )
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [output for output in map(_steady, cell.get("outputs", [])) if output]
    if root is not None:
        _replace_text(notebook, str(root.resolve()), ".")
    return notebook


def _steady(output: NotebookNode) -> NotebookNode | None:
    """An output without addresses and counts; progress bars and warnings on stderr are no part of a result."""
    if output.output_type == "stream":
        if output.name == "stderr":
            return None
        output.text = _ADDRESS.sub("at 0x0", output.text)
    if output.output_type == "execute_result":
        output.execution_count = None
    if "data" in output:
        if _WIDGET in output.data:
            return None
        output.metadata = NotebookNode()
        for kind, value in output.data.items():
            if kind.startswith("text/") and isinstance(value, str):
                output.data[kind] = _ADDRESS.sub("at 0x0", value)
    return output


def _replace_text(notebook: NotebookNode, old: str, new: str) -> None:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = output.text.replace(old, new)
            for kind, value in output.get("data", {}).items():
                if isinstance(value, str) and kind.startswith("text/"):
                    output.data[kind] = value.replace(old, new)


def parameter_names(notebook: NotebookNode, path: Path) -> list[str]:
    """The names that the cell tagged `parameters` assigns; UserError when a notebook has more than one such cell."""
    cells = [cell for cell in notebook.cells if PARAMETERS in cell.metadata.get("tags", [])]
    if len(cells) > 1:
        raise UserError(f"{path}: has {len(cells)} cells tagged {PARAMETERS!r}; one at most")
    names = []
    for statement in ast.parse(cells[0].source).body if cells else []:
        if isinstance(statement, ast.Assign):
            names += [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return names


def dumps(notebook: NotebookNode) -> str:
    """A notebook's text, the same for the same cells."""
    return nbformat.writes(notebook) + "\n"
