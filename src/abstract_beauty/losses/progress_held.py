"""Progress, held to the original."""

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.losses._contrast import contrast_lost
from abstract_beauty.prediction.predictability import mae, progress


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
    """k1 MAE(x, y) + k2 MAE(y, z) / MAE(y, z_bad) + k3 contrast_lost(x, y): progress, held to the original."""
    return k1 * mae(x, y) + k2 * progress(y, z, z_bad).mean() + k3 * contrast_lost(x, y)
