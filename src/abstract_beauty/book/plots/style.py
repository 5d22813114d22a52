"""The one style of the book's figures, and how a figure is made, shown and saved."""

import functools
import io
import os
import textwrap
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing

STYLE = Path(__file__).parents[1] / "book.mplstyle"
WIDTH = 6.4  # inches: at this width 11 pt is still read on a phone, and 150 dpi fill a page's column

# Okabe & Ito (2008), each with a line style, a marker and a hatch, so that colour never carries a meaning
# alone.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1.5, 1, 1.5, 1, 1.5)), (0, (1, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
QUIET = "#B8C4CE"  # for what is only there to be compared with
INK = "#202020"
LINE = 0.215  # inches that a line of text takes
GAP = 0.07  # inches between pictures


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
                # Constrained layout goes on from where it last ended: drawn again, a figure would shift by a
                # pixel.
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


def new_figure(width: float, height: float) -> BookFigure:
    """An empty figure of that size in inches, for charts: matplotlib finds room for labels and legends."""
    figure = BookFigure(figsize=(width, height), layout="constrained")
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(w_pad=0.03, h_pad=0.03)
    return figure


@styled
def save(fig: Figure, path: str | os.PathLike) -> Path:
    """Write `fig` as PNG, JPEG or WebP, by the suffix of `path`. Returns the path.

    The same figure gives the same bytes: no date, no version is written. The file appears whole or not at
    all. Nothing
    need be closed: these figures are outside pyplot's list, and a notebook may still show one after it is
        saved. JPEG and WebP make figures of photographs several times smaller than PNG.

    Raises:
        UserError: another suffix, or a path that cannot be written.
    """
    path = Path(path)
    options: dict[str, dict[str, Any]] = {
        ".png": {"metadata": {"Software": None}, "pil_kwargs": {"optimize": True}},
        ".jpg": {"pil_kwargs": {"quality": 90, "optimize": True}},
        ".webp": {"pil_kwargs": {"quality": 90, "method": 6}},
    }
    if path.suffix not in options:
        raise UserError(
            f"{path}: figures are written as {', '.join(options)}; give the file one of these suffixes"
        )
    with replacing(path) as temporary:
        fig.savefig(temporary, **options[path.suffix])
    return path


def as_array(image: Tensor | np.ndarray) -> np.ndarray:
    """A picture (3, h, w), (1, 3, h, w) or (h, w), float in [0, 1] or uint8, as (h, w, 3) in 8 bits.

    Raises:
        ValueError: the shape is none of these.
    """
    tensor = torch.as_tensor(image).detach().cpu()
    if tensor.ndim == 4 and len(tensor) == 1:
        tensor = tensor[0]
    if tensor.ndim == 2:
        tensor = tensor.expand(3, -1, -1)
    if tensor.ndim != 3 or tensor.shape[0] != 3:
        raise ValueError(f"a picture has the shape (3, h, w) or (h, w), not {tuple(tensor.shape)}")
    if tensor.dtype != torch.uint8:
        tensor = (tensor.float().clamp(0, 1) * 255).round().to(torch.uint8)
    return tensor.permute(1, 2, 0).numpy()


def as_map(values: Tensor | np.ndarray) -> np.ndarray:
    """A map (h, w) or (1, h, w) as a float array (h, w)."""
    array = torch.as_tensor(values).detach().cpu().float().numpy()
    if array.ndim == 3 and len(array) == 1:
        array = array[0]
    if array.ndim != 2:
        raise ValueError(f"a map has the shape (h, w), not {array.shape}")
    return array


def look(index: int) -> dict:
    """Colour, line style and marker of the series number `index`."""
    turn = index % len(COLOURS)
    return {"color": COLOURS[turn], "linestyle": LINES[turn], "marker": MARKERS[turn]}


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes for one picture, all in inches, counted from the figure's upper left corner."""
    whole_width, whole_height = figure.get_size_inches()
    box = (left / whole_width, 1 - (top + height) / whole_height, width / whole_width, height / whole_height)
    return bare(figure.add_axes(box))


def fitted(text: str, inches: float, points: float = 11) -> str:
    """`text` broken between words into lines that fit into `inches`; breaks that are there already stay."""
    letters = max(1, int(inches / (0.6 * points / 72)))  # a letter is about 0.6 of the type size wide
    return "\n".join(
        textwrap.fill(line, letters, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )


def lines_of(text: str | None) -> int:
    """How many lines a label takes."""
    return text.count("\n") + 1 if text else 0


def most_lines(texts: Iterable[str | None]) -> int:
    """The lines of the longest of the labels that stand in one row; 0 where there are none."""
    return max(map(lines_of, texts), default=0)


def bare(axes: Axes) -> Axes:
    """No ticks, no frame, no grid: for pictures. Labels stay."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes
