"""What needs no network: fills to compare predictors with, and plain filters to compare improvers with."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty.baselines import FILLS, FILTERS, LinearFill
from abstract_beauty.experiments.improver import judge_picture, mean_of
from abstract_beauty.experiments.pictures import Tiles, pictures, test_images
from abstract_beauty.full_prediction import TILE, full_prediction
from abstract_beauty.params import Params
from abstract_beauty.predictability import predictability
from abstract_beauty.project import Project
from abstract_beauty.training import seed_for

_BATCH = 250  # tiles a batch while the linear fill is fitted


def fitted_linear_fill(project: Project, params: Params) -> LinearFill:
    """The linear fill, fitted on tiles of the training pictures drawn as for the predictors."""
    images = tuple(picture.image for picture in pictures(project, "train"))
    batches = Tiles(images, _BATCH, seed_for(params.seed, "linear fill"))

    def crops() -> Iterator[Tensor]:
        for i in range(max(1, params.evaluation.linear_crops // _BATCH)):
            context, hidden = batches(i)
            # At a picture's border a reflection shows the tile's own pixels in its ring: nothing to learn from.
            yield context[hidden.sum(dim=(1, 2, 3)) == TILE**2]

    return LinearFill.fit(crops(), ridge=params.evaluation.linear_ridge)


@torch.no_grad()
def measure_fills(project: Project, params: Params) -> dict[str, Any]:
    """Error of each fill in place of a predictor, on the test pictures and the article's grid."""
    fills: dict[str, nn.Module] = {name: make() for name, make in FILLS.items()}
    fills["linear"] = fitted_linear_fill(project, params)
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
    """Each plain filter from no strength to its full: the judges' table at each, means over the test pictures.

    Args:
        project: whose test pictures are used.
        params: for how many strengths.
        f: the predictors "good", "bad" and "judge".

    Returns:
        For each filter its curve, beginning with the untouched picture; "original" holds that point alone.
    """
    images = list(test_images(project).values())
    original = {"strength": 0.0, **mean_of([judge_picture(x, x, f) for x in images])}
    curves = {"original": [original]}
    points = params.evaluation.filter_strengths
    for name, change in FILTERS.items():
        curves[name] = [original]
        # From a quarter of the filter's usual strength to its greatest, by equal factors: improvers change little.
        weakest = change.first / 4
        for k in range(points):
            strength = weakest * (change.largest / weakest) ** (k / (points - 1))
            rows = [judge_picture(x, change(x, strength), f) for x in images]
            curves[name].append({"strength": strength, **mean_of(rows)})
    return curves
