"""Scores of one picture: how predictable it is, how much there was to learn in it, how complex people would call it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.data.images import resize_short_side
from abstract_beauty.prediction.full_prediction import TILE, Predictor, full_prediction
from abstract_beauty.prediction.predictability import (
    PHASES,
    SMALLEST_ERROR,
    error_map,
    phase_averaged,
    predictability,
    progress,
)

# Larger pictures are reduced to this short side before they are scored: a tile of 32 pixels then covers much the same
# part of any photograph, and a camera's resolution does not decide how predictable its pictures are.
WORKING_SIDE = 512
SCALES = (
    64,
    128,
    256,
)  # short sides at which a picture is looked at as well: a tile is a half to an eighth of it
# The formula of complexity. It was chosen on two sets of rated pictures, one of them deciding for the other, and is
# fixed: one formula for every kind of picture.
NOTICED = 0.05  # an error of a twentieth of the range counts half
GLANCE, GRAIN = 128, 256
DISCOUNT = 0.5
FRAME = (
    3.5 / 255
)  # a border row that nowhere differs by more than 3 levels from the corner is frame, not picture
SMALLEST_TRIMMED = 2 * TILE


@dataclass(frozen=True)
class Scores:
    """What predictors say of one picture.

    Attributes:
        predictability: MAE(y, z) at the working size, on the article's grid, in [0, 1]; lower is more predictable.
        progress: MAE(y, z_bad) / MAE(y, z_good); above 1 where training helped.
        structure: 1 - MAE(y, z_good) / MAE(y, z_linear): the share of what a fill that knows only the border of a tile
            gets wrong that the good predictor gets right. 0 where there is nothing but lines to go on; below 0 where
            the fill is better.
        complexity: how complex people would call the picture, in [-0.5, 1]: see `complexity`.
        glance, grain: the two parts of complexity, each a share of pixels.
        at_scale: MAE(y, z) averaged over four grids, by the short side in pixels that the picture was reduced to.
        map: the predictability map, (h, w) at the working size.
        z: the full prediction, (3, h, w).
    """

    predictability: float
    progress: float
    structure: float
    complexity: float
    glance: float
    grain: float
    at_scale: dict[int, float]
    map: Float[Tensor, "h w"]
    z: Float[Tensor, "3 h w"]


def missed(y: Float[Tensor, "b 3 h w"], z: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b"]:
    """The share of pixels that a prediction misses: mean of e^2 / (e^2 + NOTICED^2), e a pixel's mean error; 0 to 1.

    Unlike MAE(y, z) it hardly asks how wrong a pixel is: a miss is a miss, in a pale drawing as in a stark one.
    """
    squared = error_map(y, z).square()
    return (squared / (squared + NOTICED**2)).mean(dim=(1, 2))


def trimmed(picture: Float[Tensor, "3 h w"]) -> Float[Tensor, "3 h2 w2"]:
    """The picture without a plain frame of its corner's colour, if what is left has at least 64 pixels a side."""
    corner = picture[:, :1, :1]
    drawn = ((picture - corner).abs() > FRAME).any(0)
    rows, columns = drawn.any(1).nonzero().flatten(), drawn.any(0).nonzero().flatten()
    if not len(rows):
        return picture
    inside = picture[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return inside if min(inside.shape[1:]) >= SMALLEST_TRIMMED else picture


@torch.no_grad()
def share_missed(picture: Float[Tensor, "3 h w"], f: Predictor, side: int) -> float:
    """What a predictor misses of a picture reduced to a short side, averaged over four grids; 0 to 1."""
    y = resize_short_side(picture, side)[None]
    shares = [float(missed(y, full_prediction(f, y, phase))) for phase in PHASES]
    return sum(shares) / len(shares)


def glance_and_grain(
    picture: Float[Tensor, "3 h w"], good: Predictor, linear: Predictor
) -> tuple[float, float]:
    """The parts of complexity: what the good predictor misses at a glance, and the linear fill in the grain."""
    inside = resize_short_side(trimmed(picture), WORKING_SIDE)
    return share_missed(inside, good, GLANCE), share_missed(inside, linear, GRAIN)


def complexity(picture: Float[Tensor, "3 h w"], good: Predictor, linear: Predictor) -> float:
    """How complex people would call a picture: what cannot be foreseen in it at a glance, less half of its grain.

    complexity = missed(good, at 128 pixels) - 1/2 missed(linear, at 256 pixels), each averaged over four grids

    The first part is what the good predictor misses when a tile is a quarter of the picture; the second what a linear
    continuation of borders misses in the fine grain: texture, which surprises pixels but not people. The plain frame
    round a picture is trimmed, and pictures are reduced, never enlarged.

    Args:
        picture: in [0, 1], h and w >= 32.
        good: the good predictor.
        linear: the linear fill (`reference/linear`).

    Returns:
        In [-0.5, 1]; higher is more complex.
    """
    glance, grain = glance_and_grain(picture, good, linear)
    return glance - DISCOUNT * grain


@torch.no_grad()
def score(picture: Float[Tensor, "3 h w"], good: Predictor, bad: Predictor, linear: Predictor) -> Scores:
    """Score a picture.

    Args:
        picture: in [0, 1], h and w >= 32, of any size; it is reduced to the working size.
        good: the good predictor, `load_predictor("reference/good")`.
        bad: the bad one, for progress: `load_predictor("reference/bad")`.
        linear: the fill that knows only a tile's border, `load_predictor("reference/linear")`.
    """
    y = resize_short_side(picture, WORKING_SIDE)[None]
    z = full_prediction(good, y)
    error = float(predictability(y, z))
    glance, grain = glance_and_grain(picture, good, linear)
    of_linear = max(float(predictability(y, full_prediction(linear, y))), SMALLEST_ERROR)
    return Scores(
        predictability=error,
        progress=float(progress(y, full_prediction(bad, y), z)),
        structure=1 - max(error, SMALLEST_ERROR) / of_linear,
        complexity=glance - DISCOUNT * grain,
        glance=glance,
        grain=grain,
        at_scale={side: float(phase_averaged(good, resize_short_side(y[0], side)[None])) for side in SCALES},
        map=error_map(y, z)[0],
        z=z[0],
    )
