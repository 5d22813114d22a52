"""Scores of one picture, as the command line and the notebooks give them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.full_prediction import full_prediction
from abstract_beauty.predictability import error_map, phase_averaged, predictability, progress

# Larger pictures are reduced to this short side before they are scored: a tile of 32 pixels then covers much the same
# part of any photograph, and a camera's resolution does not decide how predictable its pictures are.
WORKING_SIDE = 512


@dataclass(frozen=True)
class Scores:
    """What two predictors say of one picture.

    Attributes:
        predictability: MAE(y, z) on the article's grid; lower is more predictable.
        progress: MAE(y, z_bad) / MAE(y, z_good); above 1 where learning helped.
        complexity: MAE(y, z) averaged over four grids.
        map: the predictability map, (h, w) at the scored size.
        z: the full prediction, (3, h, w).
    """

    predictability: float
    progress: float
    complexity: float
    map: Float[Tensor, "h w"]
    z: Float[Tensor, "3 h w"]


@torch.no_grad()
def score(y: Float[Tensor, "3 h w"], good: nn.Module, bad: nn.Module) -> Scores:
    """Score a picture in [0, 1], h and w >= 32, by a good and a bad predictor."""
    batch = y[None]
    z, z_bad = full_prediction(good, batch), full_prediction(bad, batch)
    return Scores(
        predictability=float(predictability(batch, z)),
        progress=float(progress(batch, z_bad, z)),
        complexity=float(phase_averaged(good, batch)),
        map=error_map(batch, z)[0],
        z=z[0],
    )
