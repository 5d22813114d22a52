"""Run one notebook with papermill and keep the result in a form that does not change from run to run.

The names that the notebook's `parameters` cell assigns are names of sections of params.yaml (`data`, a predictor, an
improver); each is replaced by that section's values.
"""

import dataclasses
import os
import re
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from abstract_beauty.book.notebooks import dumps, normalised, read_script
from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing, working_folder
from abstract_beauty.params import Params, as_tree
from abstract_beauty.project import PUBLISHING, Project


def values_for(names: list[str], params: Params, script: Path) -> dict[str, Any]:
    """The section of params.yaml that each name means, without the values that are not set."""
    own = {name: value for name, value in vars(params).items() if dataclasses.is_dataclass(value)}
    sections = {**own, **params.predictors, **params.improvers}
    if unknown := [name for name in names if name not in sections]:
        what = f"parameter {unknown[0]!r} is no section of params.yaml; there are {', '.join(sections)}"
        raise UserError(f"{script}: {what}")
    return {
        name: {key: value for key, value in as_tree(sections[name]).items() if value is not None}
        for name in names
    }


def stage(project: Project, params: Params, name: str) -> None:
    """Execute notebooks/NAME.py in its own folder, as Jupyter does, into book/notebooks/NAME.ipynb.

    Where a cell fails, its error is shown, and the partial notebook is kept in the scratch folder.
    """
    script = project.root / "notebooks" / f"{name}.py"
    out = project.root / "book" / "notebooks" / f"{name}.ipynb"
    # The stage's output, of a chapter without a figure as well.
    (project.results / "figures" / name).mkdir(parents=True, exist_ok=True)
    # The kernel's, which runs in another folder, the same code as this process; and whose figures it may write.
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    os.environ[PUBLISHING] = script.stem
    os.environ.setdefault("PYTHONHASHSEED", "0")  # the order of sets in the kernel's outputs
    if params.threads:
        os.environ["OMP_NUM_THREADS"] = str(params.threads)
    warnings.filterwarnings("ignore", module="papermill")
    with working_folder(project.scratch / "notebook") as folder:
        source, executed = folder / "in.ipynb", folder / "out.ipynb"
        source.write_text(dumps(read_script(script)))
        values = values_for([*papermill.inspect_notebook(source)], params, script)
        try:
            papermill.execute_notebook(
                source, executed, parameters=values, kernel_name="python3", cwd=script.parent,
                progress_bar=False, log_output=False, extra_arguments=["--IPKernelApp.log_level=40"],
            )  # fmt: skip
        except PapermillExecutionError as error:
            kept = project.scratch / "failed" / out.name
            with replacing(kept) as temporary:
                shutil.copyfile(executed, temporary)
            plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))  # the kernel colours it
            print(plain, file=sys.stderr)
            raise UserError(f"{script}: {error.ename}: {error.evalue} (kept in {kept})") from error
        result = nbformat.read(executed, as_version=4)
    for cell in result.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata["tags"], "remove-input"]
    with replacing(out) as temporary:
        temporary.write_text(dumps(normalised(result, project.root)))
