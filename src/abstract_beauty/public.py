"""What is called as `ab.NAME` and given pictures: the functions of the same names, which check what they are given.

The package itself calls them where they stand, in the loops of a training, without a check.
"""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from torch import Tensor, nn

from abstract_beauty import improvers, weights
from abstract_beauty.checks import check_pictures, check_predictor
from abstract_beauty.data.images import read_image
from abstract_beauty.prediction import full_prediction as predicting
from abstract_beauty.prediction import predictability as errors
from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.scores import scores

Arguments, Result = ParamSpec("Arguments"), TypeVar("Result")


def _checked(function: Callable[Arguments, Result], smallest: int = 1) -> Callable[Arguments, Result]:
    """The function, which first checks those of its arguments that are pictures, or a predictor f, by their names."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Result:
        given = signature.bind(*arguments, **keywords).arguments
        for name in given.keys() & {"x", "y", "z", "z_bad", "z_good"}:
            check_pictures(function.__name__, given[name], smallest, name=name, dtype=None)
        if "f" in given:
            check_predictor(function.__name__, "f", given["f"])
        return function(*arguments, **keywords)

    return call


contexts = _checked(predicting.contexts, TILE)
full_prediction = _checked(predicting.full_prediction, TILE)
predictability = _checked(errors.predictability)
error_map = _checked(errors.error_map)
progress = _checked(errors.progress)
phase_averaged = _checked(errors.phase_averaged, TILE)
improve = _checked(improvers.improve)


def _single(who: str, picture: Any) -> Tensor:
    """A picture, (3, h, w), that may be given as a batch of one."""
    batch = picture[None] if isinstance(picture, Tensor) and picture.ndim == 3 else picture
    check_pictures(who, batch, TILE, name="picture", most=1)
    return batch[0]


@functools.wraps(scores.score)
def score(picture: Any, *arguments: Any, **keywords: Any) -> scores.Scores:
    who = "score"
    if isinstance(picture, str | os.PathLike):
        who, picture = f"score: {picture}", read_image(picture)
    return scores.score(_single(who, picture), *arguments, **keywords)


@functools.wraps(scores.complexity)
def complexity(picture: Any, *arguments: Any, **keywords: Any) -> float:
    return scores.complexity(_single("complexity", picture), *arguments, **keywords)


@functools.wraps(weights.load_improver)
def load_improver(*arguments: Any, **keywords: Any) -> nn.Module:
    g = weights.load_improver(*arguments, **keywords)
    if not improvers.moves(g):  # that one checks for itself
        g.register_forward_pre_hook(_check_input)
    return g


def _check_input(g: nn.Module, inputs: tuple[Any, ...]) -> None:
    if inputs:
        check_pictures(type(g).__name__, inputs[0], 1, dtype=None)
