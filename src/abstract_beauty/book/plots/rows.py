"""Rows, grids and sheets of pictures."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle
from torch import Tensor

from abstract_beauty.book.plots.style import (
    GAP,
    LINE,
    WIDTH,
    BookFigure,
    as_array,
    fitted,
    lines_of,
    most_lines,
    place,
    styled,
)

Picture = Tensor | np.ndarray
Cell = tuple[str, np.ndarray, str]  # label above, picture (h, w, 3), caption below

FRAME = "#b4b4b4"  # a white picture would end nowhere on a white page


def aspect(array: np.ndarray) -> float:
    """Width over height."""
    return array.shape[1] / array.shape[0]


def draw_rows(
    rows: Sequence[Sequence[Cell | None]],
    widths: Sequence[Sequence[float]],
    width: float,
    title: str | None,
    sides: Sequence[str] = (),
    small: bool = False,
) -> BookFigure:
    """Pictures in rows, each of its width in inches, tops in line; `sides` are labels left of the rows."""
    margin = LINE * most_lines(sides) + (0.06 if sides else 0)
    rows = [
        [
            (fitted(cell[0], w), cell[1], fitted(cell[2], w)) if cell else None
            for cell, w in zip(*both, strict=True)
        ]
        for both in zip(rows, widths, strict=True)
    ]
    tops, top = [], LINE * lines_of(title) + (0.04 if title else 0)
    for row, row_widths in zip(rows, widths, strict=True):
        cells = [(cell, w) for cell, w in zip(row, row_widths, strict=True) if cell]
        above = most_lines(cell[0] for cell, _ in cells)
        below = most_lines(cell[2] for cell, _ in cells)
        top += LINE * above + (0.06 if above else 0)
        tops.append((top, max((w / aspect(cell[1]) for cell, w in cells), default=0)))
        top += tops[-1][1] + LINE * below + GAP
    figure = BookFigure(figsize=(width, top - GAP))
    for index, (row, row_widths, (row_top, row_height)) in enumerate(zip(rows, widths, tops, strict=True)):
        left = margin
        for cell, cell_width in zip(row, row_widths, strict=True):
            if cell:
                label, array, caption = cell
                axes = place(figure, left, row_top, cell_width, cell_width / aspect(array))
                axes.imshow(array, aspect="auto")  # the axes have the picture's own proportions
                axes.add_patch(
                    Rectangle(
                        (0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=FRAME, linewidth=0.8
                    )
                )
                axes.set_title(label)
                axes.set_xlabel(caption, labelpad=3, fontsize="small" if small else "medium")
            left += cell_width + GAP
        if sides:
            middle = 1 - (row_top + row_height / 2) / top_of(figure)
            figure.text((margin - 0.06) / width, middle, sides[index], rotation=90, ha="right", va="center")
    if title:
        figure.text(0.5, 1, title, ha="center", va="top", fontsize=12)
    return figure


def top_of(figure: BookFigure) -> float:
    """The figure's height in inches."""
    return float(figure.get_size_inches()[1])


@styled
def image_row(
    images: Mapping[str, Picture],
    captions: Mapping[str, str] | None = None,
    columns: int = 4,
    width: float = WIDTH,
    title: str | None = None,
) -> BookFigure:
    """Pictures side by side, each under its label, at most `columns` in a row, those of one row equally high.

    Args:
        images: label -> picture (3, h, w) or (h, w), [0, 1] or uint8. A label may have several lines.
        captions: label -> a short text below the picture, such as "MAE(y,z) 0.061".
        columns: more pictures go on in the next row. More than four are small on a phone.
        width: inches.
        title: one line above all.

    Raises:
        ValueError: there are no images.
    """
    if not images:
        raise ValueError("there are no images to show")
    captions = captions or {}
    cells = [(label, as_array(image), captions.get(label, "")) for label, image in images.items()]
    columns = min(columns, len(cells))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    widths, height = [], float("inf")
    for row in rows:
        aspects = [aspect(array) for _, array, _ in row]
        filling = (width - GAP * (len(row) - 1)) / sum(aspects)
        height = (
            min(filling, height) if len(row) < columns else filling
        )  # a last, shorter row is not blown up
        widths.append([height * one for one in aspects])
    return draw_rows(rows, widths, width, title)


@styled
def image_grid(
    rows: Mapping[str, Mapping[str, Picture]],
    captions: Mapping[str, Mapping[str, str]] | None = None,
    width: float = WIDTH,
    title: str | None = None,
) -> BookFigure:
    """Pictures in a table: a label on each row (at the left, upright) and on each column (above).

    Args:
        rows: row label -> column label -> picture. The columns stand in the order in which they first occur;
            a row may lack some. Where each column's pictures have one shape, all rows are equally high; else
            all columns are equally wide.
        captions: row label -> column label -> a short text below the picture.
        width: inches.
        title: one line above all.

    Raises:
        ValueError: there are no images.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    if not columns:
        raise ValueError("there are no images to show")
    captions = captions or {}
    table: list[list[Cell | None]] = []
    for row, pictures in rows.items():
        texts = captions.get(row, {})
        table.append(
            [
                (column if not table else "", as_array(pictures[column]), texts.get(column, ""))
                if column in pictures
                else None
                for column in columns
            ]
        )
    # A column that the first row lacks has its label on its first picture.
    for index, column in enumerate(columns):
        first = next(number for number, row in enumerate(table) if row[index])
        _, array, text = table[first][index]
        table[first][index] = (column, array, text)
    aspects = [
        {round(aspect(row[index][1]), 2) for row in table if row[index]} for index in range(len(columns))
    ]
    shares = [max(one) if all(len(other) == 1 for other in aspects) else 1.0 for one in aspects]
    space = width - LINE * most_lines(rows) - 0.06 - GAP * (len(columns) - 1)
    widths = [[space * share / sum(shares) for share in shares]] * len(table)
    return draw_rows(table, widths, width, title, sides=list(rows))


@styled
def contact_sheet(
    pictures: Sequence[tuple[str, Picture]], columns: int = 4, width: float = WIDTH, title: str | None = None
) -> BookFigure:
    """Thumbnails, cut to their central square, in rows of `columns`, the name under each (empty: none).

    Args:
        pictures: (name, picture) pairs; names may repeat.
        columns: pictures a row.
        width: inches.
        title: one line above all.

    Raises:
        ValueError: there are no pictures.
    """
    if not pictures:
        raise ValueError("there are no pictures to show")
    cells = []
    for name, picture in pictures:
        array = as_array(picture)
        side = min(array.shape[:2])
        top, left = (array.shape[0] - side) // 2, (array.shape[1] - side) // 2
        cells.append(("", array[top : top + side, left : left + side], name))
    columns = min(columns, len(cells))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    side_inches = (width - GAP * (columns - 1)) / columns
    return draw_rows(rows, [[side_inches] * len(row) for row in rows], width, title, small=True)
