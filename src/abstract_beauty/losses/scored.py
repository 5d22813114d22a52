"""Stay near the original and please a ready aesthetic predictor."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.prediction.predictability import mae


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
