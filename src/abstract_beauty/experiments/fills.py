"""The error of plain fills in the predictors' place."""

from typing import Any

import torch

from abstract_beauty.experiments.linear import linear_run
from abstract_beauty.experiments.pictures import test_images
from abstract_beauty.files import write_json
from abstract_beauty.measures.fills import FILLS
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import predictability
from abstract_beauty.project import Project


@torch.no_grad()
def measure_fills(project: Project, params: Params) -> dict[str, Any]:
    """Error of each fill on the test pictures and the article's grid: {FILL: {"mae", "pictures": {PICTURE: error}}}."""
    fills = {name: make() for name, make in FILLS.items()} | {"linear": linear_run(project, params).network}
    table = {}
    for name, fill in fills.items():
        images = test_images(project).items()
        errors = {picture: float(predictability(y, full_prediction(fill, y))) for picture, y in images}
        table[name] = {"mae": sum(errors.values()) / len(errors), "pictures": errors}
    return table


def stage(project: Project, params: Params) -> None:
    """Write results/fills.json."""
    write_json(project.results / "fills.json", measure_fills(project, params))
