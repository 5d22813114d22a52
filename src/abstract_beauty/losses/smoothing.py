"""The article's first loss: stay near the original and become predictable."""

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.prediction.predictability import mae


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
