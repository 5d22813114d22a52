"""Pictures, their full predictions and their maps, row by row, with one colour bar for all the maps."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from torch import Tensor

from abstract_beauty.book.plots.maps import MAP_RANGE, map_image
from abstract_beauty.book.plots.pictures import Picture, image_grid
from abstract_beauty.book.plots.style import WIDTH, BookFigure, as_map, styled

MAP_LABEL = "error |y - z|"


@styled
def prediction_grid(
    rows: Mapping[str, Mapping[str, Picture]],
    maps: Mapping[str, Tensor | np.ndarray],
    captions: Mapping[str, Mapping[str, str]] | None = None,
    vmax: float = MAP_RANGE,
    label: str = MAP_LABEL,
    width: float = WIDTH,
) -> BookFigure:
    """`image_grid` with one more column: each row's map, all in the same colours, and a colour bar below them.

    Args:
        rows: row label -> column label -> picture (3, h, w), as for `image_grid`.
        maps: row label -> map (h, w), mean absolute error per pixel over the channels.
        captions: row label -> column label -> a short text below the picture.
        vmax: the error shown in the brightest colour, the same in every row.
        label: above the maps.
        width: inches.
    """
    values = {row: as_map(maps[row]) for row in rows}
    figure = image_grid(
        {row: {**pictures, label: map_image(values[row], vmax=vmax)} for row, pictures in rows.items()},
        captions,
        width=width,
    )
    beyond = any(bool((one > vmax).any()) for one in values.values())
    add_bar(figure, figure.axes[-1], vmax, beyond)
    return figure


def add_bar(figure: BookFigure, above: Axes, vmax: float, beyond: bool) -> None:
    """A colour bar under the last map; below the figure's edge, where saving makes room for it."""
    box, tall = above.get_position(), figure.get_size_inches()[1]
    axes = figure.add_axes((box.x0, box.y0 - 0.2 / tall, box.width, 0.09 / tall))
    mappable = ScalarMappable(Normalize(0, vmax), "magma")
    bar = figure.colorbar(mappable, cax=axes, orientation="horizontal", extend="max" if beyond else "neither")
    bar.set_ticks([0, vmax / 2, vmax], labels=["0", f"{vmax / 2:.2g}", f"{vmax:.2g}"])
    bar.outline.set_visible(False)
    axes.grid(False)
