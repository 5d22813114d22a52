"""The one style of the book's figures, and how a figure is made and saved."""

import functools
import io
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from torch import Tensor

from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing

STYLE = Path(__file__).with_name("book.mplstyle")
WIDTH = 6.4  # inches: at this width 11 pt is still read on a phone, and 150 dpi fill a page's column

# Okabe & Ito (2008): told apart with any kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")


def use_style() -> AbstractContextManager[None]:
    """`with use_style(): ...` draws in the book's style and leaves matplotlib's settings as they were.

    The functions of this package do so by themselves; a drawing of one's own needs it. It starts from
    matplotlib's own defaults, so that no setting of the reader's machine changes a figure.
    """
    return matplotlib.style.context(["default", STYLE], after_reset=False)


def styled(function: Callable) -> Callable:
    """Run a drawing function within the book's style, and settle the layout of the figure that it returns."""

    @functools.wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        with use_style():
            result = function(*arguments, **options)
            if isinstance(result, BookFigure) and result.get_layout_engine() is not None:
                # Constrained layout goes on from where it last ended: drawn again, a figure would shift by a pixel.
                result.draw_without_rendering()
                result.set_layout_engine("none")
            return result

    return wrapper


class BookFigure(Figure):
    """A figure outside pyplot's global state, which a notebook shows all the same when it ends a cell."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with use_style():
            self.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()


def new_chart(width: float, height: float) -> tuple[BookFigure, Axes]:
    """A figure of that size in inches with one pair of axes; matplotlib finds room for labels and legends."""
    figure = BookFigure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03))
    return figure, figure.subplots()


@styled
def save(fig: Figure, path: str | os.PathLike) -> Path:
    """Write `fig` as PNG, or as JPEG, several times smaller for photographs, by the suffix of `path`; returns the path.

    The same figure gives the same bytes: no date, no version is written. The file appears whole or not at all.
    UserError: another suffix, or a path that cannot be written.
    """
    path = Path(path)
    options: dict[str, dict[str, Any]] = {
        ".png": {"metadata": {"Software": None}, "pil_kwargs": {"optimize": True}},
        ".jpg": {"pil_kwargs": {"quality": 90, "optimize": True}},
    }
    if path.suffix not in options:
        raise UserError(
            f"{path}: figures are written as {', '.join(options)}; give the file one of these suffixes"
        )
    with replacing(path) as temporary:
        fig.savefig(temporary, **options[path.suffix])
    return path


def as_array(image: Tensor) -> np.ndarray:
    """A picture (3, h, w) or (1, 3, h, w), float in [0, 1] or uint8, as (h, w, 3) in 8 bits."""
    tensor = image.detach().cpu().reshape(image.shape[-3:])
    if tensor.dtype != torch.uint8:
        tensor = (tensor.float().clamp(0, 1) * 255).round().to(torch.uint8)
    return tensor.permute(1, 2, 0).numpy()


def bare(axes: Axes) -> Axes:
    """No ticks, no frame, no grid: for pictures. Labels stay."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return axes
