"""What is asked of the arguments of public functions, said in one line."""

import math
import operator
from typing import Any

import torch
from torch import Tensor

from abstract_beauty.errors import ArgumentError

STRONGEST = 100.0
BEYOND = 0.01  # of a value that is still taken for one in [0, 1]


def check_pictures(
    who: str,
    x: Any,
    smallest: int,
    *,
    name: str = "x",
    dtype: torch.dtype | None = torch.float32,
    most: int | None = None,
) -> None:
    """ArgumentError unless x is pictures, (b, 3, h, w), values in [0, 1], `smallest` pixels a side or more.

    Of a dtype; None: of any with a point, also with values that are no numbers. `most`: so many at most. While a
    network is traced for export, values are unknown, and nothing is checked.
    """
    if not isinstance(x, Tensor):
        raise ArgumentError(f"{who}: {name} must be a tensor of pictures, not {_kind(x)}")
    if torch.compiler.is_exporting():
        return
    typed = x.dtype == dtype if dtype else x.is_floating_point()
    if not typed or x.ndim != 4 or not len(x) or x.shape[1] != 3 or min(x.shape[2:]) < smallest:
        kind = str(dtype)[6:] if dtype else "floating point"
        what = f"{name} must be pictures, (b, 3, h, w) in {kind} with sides of at least {smallest}"
        raise ArgumentError(f"{who}: {what}, not {tuple(x.shape)} in {str(x.dtype)[6:]}{_mend(x)}")
    if most and len(x) > most:
        raise ArgumentError(f"{who}: {name} must be at most {most} at a time, not {len(x)}")
    least, highest = (float(value) for value in x.detach().aminmax())
    if dtype is None and math.isnan(least):
        return  # stays what it is, as everywhere in torch: so it shows where a network looks
    if not (least >= -BEYOND and highest <= 1 + BEYOND):
        mend = "; divide by 255" if 1 < highest <= 255 else ""
        what = f"{name} must be pictures with values in [0, 1]"
        raise ArgumentError(f"{who}: {what}, not {least:g} to {highest:g}{mend}")


def _mend(x: Tensor) -> str:
    """How that may become pictures, where one can tell."""
    if not x.is_floating_point():
        return "; divide by 255" if x.dtype == torch.uint8 else ""
    if x.ndim == 3 and x.shape[0] == 3:
        return "; add [None]"
    if x.ndim in (3, 4) and x.shape[-1] == 3:
        return "; channels come first: permute"
    return "; repeat the channel three times" if x.ndim == 4 and x.shape[1] == 1 else ""


def check_strength(who: str, strength: Any) -> None:
    """ArgumentError unless it is a number that a picture can be moved by."""
    check_number(who, "strength", strength, -STRONGEST, STRONGEST)


def check_number(who: str, name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> None:
    """ArgumentError unless it is a finite number between the two."""
    try:
        fits = math.isfinite(value) and least <= value <= most
    except TypeError:
        fits = False
    if not fits:
        limits = {" of at least": least, " of at most": most}
        within = " and".join(f"{words} {limit:g}" for words, limit in limits.items() if math.isfinite(limit))
        raise ArgumentError(f"{who}: {name} must be a finite number{within}, not {value!r}")


def check_count(who: str, name: str, value: Any) -> None:
    """ArgumentError unless it is a whole number above 0."""
    try:
        fits = operator.index(value) >= 1
    except TypeError:
        fits = False
    if not fits:
        raise ArgumentError(f"{who}: {name} must be a whole number of at least 1, not {value!r}")


def check_predictor(who: str, name: str, f: Any) -> None:
    """ArgumentError unless it may be a predictor; an improver is none."""
    if not callable(f) or hasattr(f, "reach") or hasattr(f, "moves"):
        raise ArgumentError(
            f"{who}: {name} must be a predictor, as `ab.load_predictor` gives it, not {_kind(f)}"
        )


def _kind(x: Any) -> str:
    return f"{type(x).__module__}.{type(x).__qualname__}".removeprefix("builtins.")
