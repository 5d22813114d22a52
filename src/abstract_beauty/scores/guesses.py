"""What predictors that learnt for different times say of one picture: the scores that beauty is compared with.

A picture is looked at *whole*, its short side at 128 pixels, where a tile is a quarter of it and often a thing; and
*near*, at 512 or as large as it is. Three predictors guess it: the linear fill, which knows borders alone; the bad one,
which learnt briefly; and the good one. Errors and ratios are logarithms, so that twice as much is as far as half.
"""

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.data.images import resize_short_side
from abstract_beauty.prediction.full_prediction import TILE, Phase, Predictor, full_prediction
from abstract_beauty.prediction.predictability import PHASES, SMALLEST_ERROR, error_map
from abstract_beauty.scores import Measure
from abstract_beauty.scores.scores import GLANCE, WORKING_SIDE

LEARNT = ("linear", "bad", "good")  # in the order of how long they learnt


class Guessed(NamedTuple):
    """A picture at one distance: each predictor's mean error, and how the good one's is spread over half tiles."""

    error: dict[str, float]
    spread: float


class Guesses:
    """What the predictors f, "linear", "bad" and "good", miss of a picture, (3, h, w) in [0, 1], whole and near."""

    def __init__(self, picture: Float[Tensor, "3 h w"], f: Mapping[str, Predictor]):
        self.picture, self.f = picture, f

    @cached_property
    def whole(self) -> Guessed:
        """From far, where a tile is a quarter of it, averaged over four grids."""
        return self._guessed(GLANCE, PHASES)

    @cached_property
    def near(self) -> Guessed:
        """At the working size, on the article's grid."""
        return self._guessed(WORKING_SIDE, PHASES[:1])

    @torch.no_grad()
    def _guessed(self, side: int, phases: tuple[Phase, ...]) -> Guessed:
        y = resize_short_side(self.picture, side)[None]
        maps = {
            name: torch.stack([error_map(y, full_prediction(self.f[name], y, phase)) for phase in phases])
            for name in LEARNT
        }
        errors = {name: max(float(each.mean()), SMALLEST_ERROR) for name, each in maps.items()}
        tiles = functional.avg_pool2d(maps["good"].mean(0), TILE // 2, ceil_mode=True)
        return Guessed(errors, float(tiles.std(correction=0)) / errors["good"])


def _of(distance: str, of: Callable[[Guessed], float]) -> Callable[[Guesses], float]:
    return lambda guesses: of(getattr(guesses, distance))


_KINDS: dict[str, tuple[Callable[[Guessed], float], str]] = {
    "error": (lambda seen: math.log(seen.error["good"]), "error"),
    "progress": (lambda seen: math.log(seen.error["bad"] / seen.error["good"]), "progress"),
    "first_lesson": (lambda seen: math.log(seen.error["linear"] / seen.error["bad"]), "first lesson"),
    "spread": (lambda seen: seen.spread, "spread of the map"),
}
GUESSES: dict[str, Measure] = {
    f"{kind}_{distance}": Measure(_of(distance, of), f"{title}, {distance}")
    for kind, (of, title) in _KINDS.items()
    for distance in ("whole", "near")
}
