"""Become predictable, and pay for contrast and detail that is lost."""

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.losses._contrast import contrast_lost
from abstract_beauty.prediction.predictability import mae


def smoothing_held(
    x: Float[Tensor, "b 3 h w"],
    y: Float[Tensor, "b 3 h w"],
    z: Float[Tensor, "b 3 h w"],
    *,
    k1: float,
    k2: float,
    k3: float,
) -> Float[Tensor, ""]:
    """k1 MAE(x, y) + k2 MAE(y, z) + k3 contrast_lost(x, y): predictable, but lost contrast and detail are paid for."""
    return k1 * mae(x, y) + k2 * mae(y, z) + k3 * contrast_lost(x, y)
