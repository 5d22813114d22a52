"""What needs no network: fills to compare predictors with, and plain filters to compare improvers with."""

from typing import Any

import torch
from torch import nn

from abstract_beauty.experiments.linear import linear_run
from abstract_beauty.experiments.pictures import judged_images, squares, test_images
from abstract_beauty.measures.fills import FILLS
from abstract_beauty.measures.filters import FILTERS, at_change
from abstract_beauty.measures.judging import judge_picture, mean_of
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import predictability
from abstract_beauty.project import Project

NEAREST, FARTHEST = 0.003, 0.2  # MAE(x, y) between which the curves of filters are measured
SAMPLES, SAMPLE_SIDE = 4, 128  # squares of test pictures on which their strengths are found


@torch.no_grad()
def measure_fills(project: Project, params: Params) -> dict[str, Any]:
    """Error of each fill in place of a predictor, on the test pictures and the article's grid."""
    fills: dict[str, nn.Module] = {name: make() for name, make in FILLS.items()}
    fills["linear"] = linear_run(project, params).network
    table = {}
    for name, fill in fills.items():
        errors = {
            picture: float(predictability(y, full_prediction(fill, y)))
            for picture, y in test_images(project).items()
        }
        table[name] = {"mae": sum(errors.values()) / len(errors), "pictures": errors}
    return table


@torch.no_grad()
def measure_filters(
    project: Project, params: Params, f: dict[str, nn.Module]
) -> dict[str, list[dict[str, float]]]:
    """Each plain filter from no change to a great one: the judges' table at each point, means over the test pictures.

    The strengths are those that change a few squares of the test pictures by NEAREST to FARTHEST, in equal factors;
    so the curves of all filters have their points at much the same MAE(x, y), close together where improvers are.

    Args:
        project: whose test pictures are used.
        params: for how many strengths.
        f: the predictors "good", "bad" and "judge".

    Returns:
        For each filter its curve, beginning with the untouched picture; "original" holds that point alone.
    """
    images = list(judged_images(project, params).values())
    original = {"strength": 0.0, **mean_of([judge_picture(x, x, f) for x in images])}
    curves = {"original": [original]}
    points = params.evaluation.filter_strengths
    sample = torch.cat(list(squares(project, SAMPLES, SAMPLE_SIDE).values()))
    for name, change in FILTERS.items():
        curves[name] = [original]
        for k in range(points):
            _, strength = at_change(name, sample, NEAREST * (FARTHEST / NEAREST) ** (k / (points - 1)))
            if strength <= curves[name][-1]["strength"]:
                continue  # JPEG's qualities are whole numbers, and no filter goes beyond its greatest strength
            rows = [judge_picture(x, change(x, strength), f) for x in images]
            curves[name].append({"strength": strength, **mean_of(rows)})
    return curves
