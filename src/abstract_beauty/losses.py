"""What an improver minimises: pure functions of tensors, whose call is the equation.

x is the original image, y = g(x) the improved one, z the full prediction of y. All are (b, 3, h, w) in [0, 1].
"""

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.predictability import progress


def mae(a: Float[Tensor, "b 3 h w"], b: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """MAE(a, b): mean absolute error per pixel and channel over the batch."""
    return (a - b).abs().mean()


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
    y: Float[Tensor, "b 3 h w"], z_bad: Float[Tensor, "b 3 h w"], z_good: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, ""]:
    """MAE(y, z_bad) / MAE(y, z_good), averaged over the batch: the article's ratio loss as its formula has it.

    Minimised, it asks for images that the bad predictor predicts better than the good one: the least progress.
    """
    return progress(y, z_bad, z_good).mean()


def ratio_progress(
    y: Float[Tensor, "b 3 h w"], z_bad: Float[Tensor, "b 3 h w"], z_good: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, ""]:
    """MAE(y, z_good) / MAE(y, z_bad), averaged over the batch: the article's ratio loss as its words have it.

    Minimised, it asks for images that the good predictor predicts better than the bad one: the most progress.
    """
    return progress(y, z_good, z_bad).mean()
