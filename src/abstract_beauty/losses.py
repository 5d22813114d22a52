"""What an improver minimises: pure functions of tensors, whose call is the equation.

x is the original image, y = g(x) the improved one, z the full prediction of y, z_x that of x. All are (b, 3, h, w) in
[0, 1]. An argument's name says what it is given; arguments by keyword are weights, which an experiment sets.
"""

import inspect
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.predictability import mae, predictability, progress
from abstract_beauty.statistics import SMALLEST_ENERGY, low_pass, pyramid_contrast

__all__ = [
    "LOSSES",
    "coarse",
    "contrast_lost",
    "mae",
    "needs",
    "progress_held",
    "ratio_as_written",
    "ratio_progress",
    "scored",
    "smoothing",
    "smoothing_held",
    "target",
]

BANDS = 2  # of the pyramid that `contrast_lost` watches: waves of about 2 to 8 pixels
ALLOWED = 0.05  # share of contrast that may be lost for nothing, in amplitude; a tenth of the energy
FAINT = 1 / 256  # one step of an 8-bit picture: contrast below it is nothing to lose


def smoothing(
    x: Float[Tensor, "b 3 h w"],
    y: Float[Tensor, "b 3 h w"],
    z: Float[Tensor, "b 3 h w"],
    *,
    k1: float,
    k2: float,
) -> Float[Tensor, ""]:
    """k1 MAE(x, y) + k2 MAE(y, z): stay near the original and become predictable.

    The article's first loss, with k1 = k2 = 0.5. With k1 = 0 nothing holds the image and it goes flat.
    """
    return k1 * mae(x, y) + k2 * mae(y, z)


def ratio_as_written(
    y: Float[Tensor, "b 3 h w"], z_bad: Float[Tensor, "b 3 h w"], z: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, ""]:
    """MAE(y, z_bad) / MAE(y, z), averaged over the batch: the article's ratio loss as its formula has it.

    Minimised, it asks for images that the bad predictor predicts better than the good one: the least progress.
    """
    return progress(y, z_bad, z).mean()


def ratio_progress(
    y: Float[Tensor, "b 3 h w"], z_bad: Float[Tensor, "b 3 h w"], z: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, ""]:
    """MAE(y, z) / MAE(y, z_bad), averaged over the batch: the article's ratio loss as its words have it.

    Minimised, it asks for images that the good predictor predicts better than the bad one: the most progress.
    """
    return progress(y, z, z_bad).mean()


def contrast_lost(x: Float[Tensor, "b 3 h w"], y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """How much of its contrast and of its fine detail y has lost against x, beyond a small allowance; 0 to 1.

    mean of max(0, 1 - ALLOWED - c(y) / c(x)) over the images, their channels, and three measures c: the standard
    deviation, and the root mean square of each of the two finest bands of a Laplacian pyramid, waves of some 2 to 8
    pixels. Contrast may move from place to place, not from colour to colour or from fine to coarse; more of it than
    before earns nothing. What lies between, waves of some 8 pixels to half the picture, is free.
    """

    def measures(image: Tensor) -> Tensor:
        whole = (image.var((2, 3), correction=0) + SMALLEST_ENERGY).sqrt()
        return torch.cat([pyramid_contrast(image, BANDS), whole[:, None]], dim=1)

    kept = measures(y) / measures(x).clamp(min=FAINT)
    return (1 - ALLOWED - kept).clamp(min=0).mean()


def smoothing_held(
    x: Float[Tensor, "b 3 h w"],
    y: Float[Tensor, "b 3 h w"],
    z: Float[Tensor, "b 3 h w"],
    *,
    k1: float,
    k2: float,
    k3: float,
) -> Float[Tensor, ""]:
    """smoothing(x, y, z) + k3 contrast_lost(x, y): become predictable, and pay for contrast and detail that is lost."""
    return smoothing(x, y, z, k1=k1, k2=k2) + k3 * contrast_lost(x, y)


def coarse(
    x: Float[Tensor, "b 3 h w"],
    y: Float[Tensor, "b 3 h w"],
    z: Float[Tensor, "b 3 h w"],
    *,
    k1: float,
    k2: float,
) -> Float[Tensor, ""]:
    """k1 MAE(low(x), low(y)) + k2 MAE(y, z): only what is coarse has to stay, the rest may be drawn anew.

    low keeps waves longer than about 16 pixels.
    """
    return k1 * mae(low_pass(x), low_pass(y)) + k2 * mae(y, z)


def target(
    x: Float[Tensor, "b 3 h w"],
    y: Float[Tensor, "b 3 h w"],
    z: Float[Tensor, "b 3 h w"],
    z_x: Float[Tensor, "b 3 h w"],
    *,
    k1: float,
    k2: float,
    share: float,
) -> Float[Tensor, ""]:
    """k1 MAE(x, y) + k2 mean |MAE(y, z) - share MAE(x, z_x)|: predictable to a set degree, not to the end.

    An inverted U (Berlyne 1971): less than everything is wanted. `share` above 1 asks for a less predictable image.
    """
    wanted = share * predictability(x, z_x)
    return k1 * mae(x, y) + k2 * (predictability(y, z) - wanted).abs().mean()


def progress_held(
    x: Float[Tensor, "b 3 h w"],
    y: Float[Tensor, "b 3 h w"],
    z_bad: Float[Tensor, "b 3 h w"],
    z: Float[Tensor, "b 3 h w"],
    *,
    k1: float,
    k2: float,
    k3: float,
) -> Float[Tensor, ""]:
    """k1 MAE(x, y) + k2 ratio_progress(y, z_bad, z) + k3 contrast_lost(x, y): progress, held to the original."""
    return k1 * mae(x, y) + k2 * ratio_progress(y, z_bad, z) + k3 * contrast_lost(x, y)


def scored(
    x: Float[Tensor, "b 3 h w"],
    y: Float[Tensor, "b 3 h w"],
    score: Callable[[Tensor], Tensor],
    *,
    k1: float,
    k2: float,
) -> Float[Tensor, ""]:
    """k1 MAE(x, y) - k2 mean score(y): stay near the original and please a scorer.

    `score` takes images (b, 3, h, w) in [0, 1] and returns (b,), differentiable; higher is better.
    """
    return k1 * mae(x, y) - k2 * score(y).mean()


LOSSES: dict[str, Callable[..., Tensor]] = {
    loss.__name__: loss
    for loss in (
        smoothing,
        ratio_as_written,
        ratio_progress,
        smoothing_held,
        coarse,
        target,
        progress_held,
        scored,
    )
}


def needs(loss: Callable[..., Tensor]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of what a loss is given: its images (or scorer), and its weights."""
    parameters = inspect.signature(loss).parameters.values()
    weights = tuple(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)
    return tuple(one.name for one in parameters if one.name not in weights), weights
