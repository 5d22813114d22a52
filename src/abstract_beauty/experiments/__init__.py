"""What each stage of the pipeline runs, one file a stage: it puts parameters, pictures, networks and losses together.

`python -m abstract_beauty measure NAME` runs the function `stage` of NAME.py.
"""

import importlib
import pkgutil

from abstract_beauty.errors import UserError
from abstract_beauty.params import Params
from abstract_beauty.project import Project


def measure(project: Project, params: Params, what: str) -> None:
    """Run the stage WHAT, or that of "improver.NAME".

    Raises:
        UserError: there is no such stage.
    """
    name, _, row = what.partition(".")
    known = [found.name for found in pkgutil.iter_modules(__path__)]
    module = importlib.import_module(f"{__name__}.{name}") if name in known else None
    if not hasattr(module, "stage") or (name == "improver") != bool(row):
        raise UserError(
            f"{what}: there is no such stage; dvc.yaml lists them, `measure improver.NAME` among them"
        )
    module.stage(project, params, *([row] if row else []))
