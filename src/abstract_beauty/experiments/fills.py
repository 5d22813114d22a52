"""The error of plain fills in the predictors' place."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from abstract_beauty.experiments.pictures import test_images
from abstract_beauty.experiments.predictor import errors_of
from abstract_beauty.measures.fills import FILLS
from abstract_beauty.params import Params
from abstract_beauty.project import Project

PREDICTORS = ("linear",)
READS = ()


def stage(project: Project, params: Params, f: Mapping[str, nn.Module]) -> dict[str, Any]:
    """Error of each fill on the test pictures and the article's grid: {FILL: {"mae", "pictures": {PICTURE: error}}}."""
    table = {}
    for name, fill in {**{name: make() for name, make in FILLS.items()}, **f}.items():
        mean, errors = errors_of(fill, test_images(project))
        table[name] = {"mae": mean, "pictures": errors}
    return table
