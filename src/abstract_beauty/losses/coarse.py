"""Only what is coarse has to stay."""

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.losses._contrast import low_pass
from abstract_beauty.prediction.predictability import mae


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
