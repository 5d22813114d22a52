"""What an improver minimises: one pure function of tensors a file, whose call is the equation.

x is the original image, y = g(x) the improved one, z the full prediction of y, z_x that of x, z_bad that of y by the
bad predictor. All are (b, 3, h, w) in [0, 1]. An argument's name says what it is given; arguments by keyword are
weights, which a row of params.yaml sets. `losses.smoothing` is the function of smoothing.py; LOSSES has them all.
"""

import inspect
from collections.abc import Callable

from torch import Tensor

from abstract_beauty.registry import functions

LOSSES = functions(__name__, __path__)
globals().update(LOSSES)


def needs(loss: Callable[..., Tensor]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of what a loss is given: its images (or scorer), and its weights, which are keyword-only."""
    parameters = inspect.signature(loss).parameters.values()
    weights = tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)
    return tuple(parameter.name for parameter in parameters if parameter.name not in weights), weights
