from collections.abc import Callable

from torch import Tensor

from abstract_beauty.prediction.predictability import Images, Number, mae


def scored(x: Images, y: Images, score: Callable[[Tensor], Tensor], *, k1: float, k2: float) -> Number:
    """k1 MAE(x, y) - k2 mean score(y): stay near the original and please a scorer.

    `score` takes images (b, 3, h, w) in [0, 1] and returns (b,), differentiable; higher is better.
    """
    return k1 * mae(x, y) - k2 * score(y).mean()
