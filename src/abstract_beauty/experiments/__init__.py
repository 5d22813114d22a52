"""What each stage of the pipeline runs, one file a stage: it puts parameters, pictures, networks and losses together.

`python -m abstract_beauty stage NAME` runs the function `stage` of NAME.py, and gives it, as f, the PREDICTORS that the
file names. What it returns is written into results/NAME.json: numbers, or numbers and the pictures that they speak of,
which go into models/run/NAME.safetensors. A chapter has the same by `chapter.measured(NAME)`: read, unless one of the
sections was changed that the stage READS. `stage NAME.ROW` gives it a name besides; such a one writes for itself.
"""

import importlib
import inspect
import pkgutil
from pathlib import Path

from abstract_beauty.data.images import write_pictures
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json
from abstract_beauty.params import Params
from abstract_beauty.project import Project


def run_stage(project: Project, params: Params, what: str) -> None:
    """Run the stage "NAME" or "NAME.ROW".

    Raises:
        UserError: there is no such stage.
    """
    name, _, row = what.partition(".")
    found = None
    if name in (module.name for module in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{name}")
        found = getattr(module, "stage", None)
    takes = [*inspect.signature(found).parameters][2:] if found else []
    if found is None or ("name" in takes) != bool(row) or Path(row).name != row:
        raise UserError(f"{what}: there is no such stage; dvc.yaml lists those that there are")
    if row:
        found(project, params, row)
        return
    if takes:
        from abstract_beauty.experiments.predictor import networks

        made = found(project, params, networks(project, params, *module.PREDICTORS))
    else:
        made = found(project, params)
    numbers, pictures = made if isinstance(made, tuple) else (made, None)
    if pictures is not None:
        write_pictures(project.run / f"{name}.safetensors", pictures)
    if numbers is not None:
        write_json(project.results / f"{name}.json", numbers)
