"""Notebooks as text: reading percent scripts, and the one form in which they are kept and compared."""

import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from abstract_beauty.errors import UserError

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
FORMATS = {
    "formats": "ipynb,py:percent",
    "text_representation": {"extension": ".py", "format_name": "percent"},
}
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
    """A notebook, changed in place, without what varies from run to run: ids, times, papermill's notes, addresses.

    The absolute path of `root` becomes "." in outputs.
    """
    formats = FORMATS if notebook.metadata.get("jupytext") else {}
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"}, jupytext=formats)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:03d}"
        tags = sorted(cell.metadata.get("tags", []))
        cell.metadata = NotebookNode({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [_steady(output, root) for output in _results(cell.get("outputs", []))]
    return notebook


def _results(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs but progress bars and stderr; what is printed as one text, for its pieces depend on how fast it came."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.get("name") == "stderr" or _WIDGET in output.get("data", {}):
            continue
        if kept and output.output_type == kept[-1].output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def _steady(output: NotebookNode, root: Path | None) -> NotebookNode:
    """An output without addresses, counts and the absolute path of `root`."""

    def clean(text: str) -> str:
        text = _ADDRESS.sub("at 0x0", text)
        return text if root is None else text.replace(str(root.resolve()), ".")

    if "text" in output:
        output.text = clean(output.text)
    if output.output_type == "execute_result":
        output.execution_count = None
    if "data" in output:
        output.metadata = NotebookNode()
        for kind, value in output.data.items():
            if kind.startswith("text/") and isinstance(value, str):
                output.data[kind] = clean(value)
    return output


def dumps(notebook: NotebookNode) -> str:
    """A notebook's text, the same for the same cells."""
    return nbformat.writes(notebook) + "\n"
