"""What each stage of the pipeline runs, one file a stage: it puts parameters, pictures, networks and losses together.

`python -m abstract_beauty stage NAME` runs the function `stage` of NAME.py, and gives it, where it takes them, as f the
PREDICTORS that the file names, and as g the IMPROVERS. What it returns is written into results/NAME.json: numbers, or
numbers and the pictures that they speak of, which go into models/run/NAME.safetensors. Where the file says in READS by
which sections of params.yaml the stage goes, a chapter has the same by `chapter.measured(NAME)`: read, or measured
where it changed one of them. `stage NAME.ROW` gives the function a name besides; such a one writes for itself.
"""

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType

from abstract_beauty.data.images import write_pictures
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json
from abstract_beauty.params import Params
from abstract_beauty.project import Project

ALL = ("*",)  # as IMPROVERS: those that params.yaml has
UNKNOWN = "there is no such stage; dvc.yaml lists those that there are"


def stage_called(name: str) -> ModuleType:
    """The file of a stage; UserError where there is none."""
    if name in (module.name for module in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{name}")
        if hasattr(module, "stage"):
            return module
    raise UserError(f"{name}: {UNKNOWN}")


def improvers_of(stage: ModuleType, params: Params) -> tuple[str, ...]:
    """The improvers that a stage is given, by name: of its IMPROVERS those that params.yaml has."""
    names = getattr(stage, "IMPROVERS", ())
    return tuple(name for name in params.improvers if names == ALL or name in names)


def run_stage(project: Project, params: Params, what: str) -> None:
    """Run the stage "NAME" or "NAME.ROW".

    Raises:
        UserError: there is no such stage.
    """
    name, _, row = what.partition(".")
    module = stage_called(name)
    takes = inspect.signature(module.stage).parameters
    if ("name" in takes) != bool(row) or Path(row).name != row:
        raise UserError(f"{what}: {UNKNOWN}")
    if row:
        module.stage(project, params, row)
        return
    given = {}
    if "f" in takes:
        from abstract_beauty.experiments.predictor import networks

        given["f"] = networks(project, params, *module.PREDICTORS)
    if "g" in takes:
        from abstract_beauty.experiments.improver import improver_run

        names = improvers_of(module, params)
        given["g"] = {name: improver_run(project, params, name).network for name in names}
    made = module.stage(project, params, **given)
    numbers, pictures = made if isinstance(made, tuple) else (made, None)
    if pictures is not None:
        write_pictures(project.run / f"{name}.safetensors", pictures)
    if numbers is not None:
        write_json(project.results / f"{name}.json", numbers)
