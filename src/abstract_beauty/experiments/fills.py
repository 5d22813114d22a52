"""The error of plain fills in the predictors' place."""

from typing import Any

from abstract_beauty.experiments.linear import linear_run
from abstract_beauty.experiments.pictures import test_images
from abstract_beauty.experiments.predictor import errors_of
from abstract_beauty.measures.fills import FILLS
from abstract_beauty.params import Params
from abstract_beauty.project import Project


def measure_fills(project: Project, params: Params) -> dict[str, Any]:
    """Error of each fill on the test pictures and the article's grid: {FILL: {"mae", "pictures": {PICTURE: error}}}."""
    fills = {name: make() for name, make in FILLS.items()} | {"linear": linear_run(project, params).network}
    table = {}
    for name, fill in fills.items():
        mean, errors = errors_of(fill, test_images(project))
        table[name] = {"mae": mean, "pictures": errors}
    return table


stage = measure_fills
