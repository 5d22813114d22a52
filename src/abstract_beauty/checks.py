"""What is asked of the arguments of public functions, said in one line."""

import math
import operator
from typing import Any

import torch
from torch import Tensor

from abstract_beauty.errors import UserError

STRONGEST = 100.0
BEYOND = 0.01  # of a value that is still taken for one in [0, 1]


def check_pictures(who: str, x: Any, smallest: int) -> None:
    """UserError unless x is pictures, (b, 3, h, w) in float32, values in [0, 1], `smallest` pixels a side or more."""
    if not isinstance(x, Tensor):
        raise UserError(f"{who}: x must be a tensor of pictures, not {_kind(x)}")
    shaped = x.ndim == 4 and len(x) and x.shape[1] == 3 and min(x.shape[2:]) >= smallest
    if x.dtype != torch.float32 or not shaped:
        what = f"(b, 3, h, w) in float32 with sides of at least {smallest}"
        raise UserError(f"{who}: x must be pictures, {what}, not {tuple(x.shape)} in {str(x.dtype)[6:]}")
    least, most = (float(value) for value in x.aminmax())
    if not (least >= -BEYOND and most <= 1 + BEYOND):
        mend = "; divide by 255" if 1 < most <= 255 else ""
        raise UserError(f"{who}: x must be pictures with values in [0, 1], not {least:g} to {most:g}{mend}")


def check_strength(who: str, strength: Any) -> None:
    """UserError unless it is a number that a picture can be moved by."""
    check_number(who, "strength", strength, -STRONGEST, STRONGEST)


def check_number(who: str, name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> None:
    """UserError unless it is a finite number between the two."""
    try:
        fits = math.isfinite(value) and least <= value <= most
    except TypeError:
        fits = False
    if not fits:
        limits = {" of at least": least, " of at most": most}
        within = " and".join(f"{words} {limit:g}" for words, limit in limits.items() if math.isfinite(limit))
        raise UserError(f"{who}: {name} must be a finite number{within}, not {value!r}")


def check_count(who: str, name: str, value: Any) -> None:
    """UserError unless it is a whole number above 0."""
    try:
        fits = operator.index(value) >= 1
    except TypeError:
        fits = False
    if not fits:
        raise UserError(f"{who}: {name} must be a whole number of at least 1, not {value!r}")


def check_predictor(who: str, name: str, f: Any) -> None:
    """UserError unless it may be a predictor; an improver is none."""
    if not callable(f) or hasattr(f, "reach") or hasattr(f, "moves"):
        raise UserError(f"{who}: {name} must be a predictor, as `ab.load_predictor` gives it, not {_kind(f)}")


def _kind(x: Any) -> str:
    return f"{type(x).__module__}.{type(x).__qualname__}".removeprefix("builtins.")
