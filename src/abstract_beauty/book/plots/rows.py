"""Pictures in rows: side by side, in a table, on a sheet."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from abstract_beauty.book.plots.style import WIDTH, BookFigure, as_array, bare, styled

LINE = 0.215  # inches that a line of text takes
GAP = 0.07  # inches between pictures
FRAME = "#b4b4b4"  # a white picture would end nowhere on a white page


class Cell(NamedTuple):
    """A picture in a row, `width` inches wide, with a text above it and one below."""

    array: np.ndarray
    width: float
    label: str = ""
    caption: str = ""

    @property
    def height(self) -> float:
        return self.width / aspect(self.array)


def aspect(array: np.ndarray) -> float:
    """Width over height."""
    return array.shape[1] / array.shape[0]


def fitted(text: str, inches: float) -> str:
    """`text` broken between words into lines that fit into `inches`; breaks that are there already stay."""
    letters = max(1, int(inches / (0.6 * 11 / 72)))  # a letter is about 0.6 of the type size, 11 points, wide
    return "\n".join(
        textwrap.fill(line, letters, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )


def inches(texts: Iterable[str]) -> float:
    """The height of the longest of the texts that stand in one row; 0 where all are empty."""
    return LINE * max((text.count("\n") + 1 for text in texts if text), default=0)


def above(labels: Iterable[str]) -> float:
    """The height of labels with the distance from what they stand on; 0 where all are empty."""
    height = inches(labels)
    return height + 0.06 if height else 0.0


def place(figure: Figure, left: float, top: float, width: float, height: float, label: str) -> Axes:
    """Axes for one picture under its label, all in inches, counted from the figure's upper left corner."""
    whole_width, whole_height = figure.get_size_inches()
    box = (left / whole_width, 1 - (top + height) / whole_height, width / whole_width, height / whole_height)
    axes = bare(figure.add_axes(box))
    axes.set_title(label)
    return axes


def draw_rows(rows: Sequence[Sequence[Cell]], sides: Sequence[str] = (), small: bool = False) -> BookFigure:
    """Rows of pictures, tops in line; `sides` are labels left of the rows, `small` makes the captions so."""
    if not rows:
        raise ValueError("there are no pictures to show")
    rows = [
        [
            cell._replace(label=fitted(cell.label, cell.width), caption=fitted(cell.caption, cell.width))
            for cell in row
        ]
        for row in rows
    ]
    tops, bottom = [], 0.0
    for row in rows:
        tops.append(bottom + above(cell.label for cell in row))
        height = max(cell.height for cell in row) + inches(cell.caption for cell in row)
        bottom = tops[-1] + (height + GAP)
    tall = bottom - GAP
    figure = BookFigure(figsize=(WIDTH, tall))
    margin = above(sides)
    for row, top in zip(rows, tops, strict=True):
        left = margin
        for cell in row:
            axes = place(figure, left, top, cell.width, cell.height, cell.label)
            axes.imshow(cell.array, aspect="auto")  # the axes have the picture's own proportions
            frame = Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False)
            frame.set(edgecolor=FRAME, linewidth=0.8)
            axes.add_patch(frame)
            axes.set_xlabel(cell.caption, labelpad=3, fontsize="small" if small else "medium")
            left += cell.width + GAP
    for row, top, side in zip(rows, tops, sides, strict=False):
        middle = 1 - (top + max(cell.height for cell in row) / 2) / tall
        figure.text((margin - 0.06) / WIDTH, middle, side, rotation=90, ha="right", va="center")
    return figure


@styled
def image_row(
    images: Mapping[str, Tensor],
    captions: Mapping[str, str] | None = None,
    columns: int = 4,
) -> BookFigure:
    """Pictures side by side, each under its label, at most `columns` in a row, those of one row equally high.

    Args:
        images: label -> picture (3, h, w), [0, 1] or uint8; ValueError: there is none. A label may have several lines.
        captions: label -> a short text below the picture, such as "MAE(y,z) 0.061".
        columns: more pictures go on in the next row. More than four are small on a phone.
    """
    captions = captions or {}
    arrays = [(label, as_array(image)) for label, image in images.items()]
    rows, height = [], float("inf")
    for start in range(0, len(arrays), columns):
        row = arrays[start : start + columns]
        filling = (WIDTH - GAP * (len(row) - 1)) / sum(aspect(array) for _, array in row)
        # A last, shorter row is not blown up.
        height = filling if len(row) == columns else min(filling, height)
        rows.append(
            [Cell(array, height * aspect(array), label, captions.get(label, "")) for label, array in row]
        )
    return draw_rows(rows)


@styled
def image_grid(
    rows: Mapping[str, Mapping[str, Tensor]], captions: Mapping[str, Mapping[str, str]] | None = None
) -> BookFigure:
    """Pictures in a table: a label on each row (at the left, upright) and on each column (above).

    Args:
        rows: row label -> column label -> picture; every row has the same columns. Where each column's pictures
            have one shape, all rows are equally high; else all columns are equally wide. ValueError: there is no row.
        captions: row label -> column label -> a short text below the picture.
    """
    arrays = [[as_array(image) for image in row.values()] for row in rows.values()]
    shapes = [{round(aspect(array), 2) for array in column} for column in zip(*arrays, strict=True)]
    shares = [max(shape) if all(len(other) == 1 for other in shapes) else 1.0 for shape in shapes]
    space = WIDTH - inches(rows) - 0.06 - GAP * (len(shapes) - 1)
    table = []
    for (name, row), in_row in zip(rows.items(), arrays, strict=True):
        texts = (captions or {}).get(name, {})
        table.append(
            [
                Cell(array, space * share / sum(shares), "" if table else label, texts.get(label, ""))
                for label, array, share in zip(row, in_row, shares, strict=True)
            ]
        )
    return draw_rows(table, sides=list(rows))


@styled
def contact_sheet(pictures: Sequence[tuple[str, Tensor]], columns: int = 4) -> BookFigure:
    """Thumbnails of (name, picture) pairs, cut to their central square, in rows of `columns`, the name under each.

    Names may repeat, and be empty. ValueError: there are no pictures.
    """
    width = (WIDTH - GAP * (columns - 1)) / columns
    cells = []
    for name, picture in pictures:
        array = as_array(picture)
        side = min(array.shape[:2])
        top, left = (array.shape[0] - side) // 2, (array.shape[1] - side) // 2
        cells.append(Cell(array[top : top + side, left : left + side], width, caption=name))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    return draw_rows(rows, small=True)
