"""Predictable to a set degree, not to the end."""

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.prediction.predictability import mae, predictability


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
