"""Where a picture is predictable: maps, the tile grid, and the picture that tells the whole story at once."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from torch import Tensor

from abstract_beauty.book.plots.rows import GAP, LINE, above, fitted, image_grid, inches, place
from abstract_beauty.book.plots.style import COLOURS, WIDTH, BookFigure, as_array, bare, new_chart, styled
from abstract_beauty.prediction.full_prediction import MARGIN, TILE

MAP_LABEL = "error |y - z|"
MAP_COLOURS = "magma"  # dark is predictable, bright is surprising; in grey it keeps its order
MAP_RANGE = 0.4  # one scale for all bare map pictures: an error beyond it is a complete miss
SMALLEST_RANGE = 0.05  # a map of tiny errors is not blown up to look like one of large ones

Map = Float[Tensor, "_ _"]  # (h, w): mean absolute error per pixel over the channels, 0 to 1


def map_image(map: Map, size: tuple[int, int] | None = None) -> Float[Tensor, "3 h w"]:
    """A map of the prediction's error as a bare picture, in the colours of the figures, the brightest at 0.4.

    `size`: (height, width) to enlarge or reduce the map to, by bilinear interpolation.
    """
    values = map.detach().cpu().float()[None, None]
    if size is not None:
        values = torch.nn.functional.interpolate(values, size=size, mode="bilinear", antialias=True)
    colours = colormaps[MAP_COLOURS]((values[0, 0] / MAP_RANGE).clamp(0, 1).numpy())
    return torch.from_numpy(colours[..., :3].astype(np.float32)).permute(2, 0, 1)


def panels(figure: Figure, labels: Sequence[str], top: float, width: float, height: float) -> list[Axes]:
    """Axes side by side, `top` inches below the figure's edge, each under its label."""
    return [
        place(figure, index * (width + GAP), top, width, height, label) for index, label in enumerate(labels)
    ]


@styled
def prediction_grid(
    rows: Mapping[str, Mapping[str, Tensor]],
    maps: Mapping[str, Map],
    captions: Mapping[str, Mapping[str, str]] | None = None,
) -> BookFigure:
    """`image_grid` with one more column: each row's map, all in the same colours, and a colour bar below them.

    Rows and captions are as for `image_grid`; `maps`: row label -> map.
    """
    figure = image_grid(
        {row: {**pictures, MAP_LABEL: map_image(maps[row])} for row, pictures in rows.items()}, captions
    )
    # Below the figure's edge, where saving makes room for it.
    last, tall = figure.axes[-1].get_position(), figure.get_figheight()
    bar_axes = figure.add_axes((last.x0, last.y0 - 0.2 / tall, last.width, 0.09 / tall))
    drawn = ScalarMappable(Normalize(0, MAP_RANGE), MAP_COLOURS)
    beyond = any(bool((maps[row] > MAP_RANGE).any()) for row in rows)
    extend = "max" if beyond else "neither"  # an arrow
    bar = figure.colorbar(drawn, cax=bar_axes, orientation="horizontal", extend=extend)
    ticks = np.linspace(0, MAP_RANGE, 3)
    bar.set_ticks(ticks, labels=[f"{tick:.3g}" for tick in ticks])
    bar.outline.set_visible(False)
    bar_axes.grid(False)
    return figure


@styled
def tile_grid_overlay(image: Tensor) -> BookFigure:
    """A picture (3, h, w) under its grid of tiles, the middle one hatched and its context of 128 pixels framed."""
    array = as_array(image)
    height, width = array.shape[:2]
    top, left = (TILE * (side // TILE // 2) - 0.5 for side in (height, width))
    figure, axes = new_chart(WIDTH * 0.8, WIDTH * 0.8 * height / width + 2 * LINE)
    bare(axes).imshow(array)
    for draw, length in ((axes.axhline, height), (axes.axvline, width)):
        for edge in range(0, length, TILE):
            # Thin black in white: seen on any picture.
            draw(edge - 0.5, color="white", linewidth=1.6, alpha=0.55)
            draw(edge - 0.5, color="black", linewidth=0.6, alpha=0.8)
    side = TILE + 2 * MARGIN
    context = Rectangle((left - MARGIN, top - MARGIN), side, side, fill=False)
    context.set(edgecolor=COLOURS[0], linewidth=3, label="context: 128 x 128 pixels")
    context.set_path_effects([withStroke(linewidth=5.5, foreground="white")])
    hidden = Rectangle((left, top), TILE, TILE, facecolor="white", edgecolor=COLOURS[1])
    hidden.set(linewidth=2, hatch="////", label="hidden tile: 32 x 32 pixels")
    axes.add_patch(context)
    axes.add_patch(hidden)
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    figure.legend(handles=[hidden, context], loc="outside lower center", ncols=2, columnspacing=1.2)
    return figure


@styled
def teaser(original: Tensor, prediction: Tensor, error: Map, improved: Mapping[str, Tensor]) -> BookFigure:
    """The project in one picture: a photograph, its full prediction, the error; below, what improvers make of it.

    Pictures are (3, h, w) in [0, 1], all of one shape; of `improved`, by their labels, three or four stand best.
    """
    values = error.detach().cpu().float().numpy()
    # Its colours end above 99 of 100 pixels, at a multiple of 0.05.
    limit = max(SMALLEST_RANGE, float(np.ceil(float(np.quantile(values, 0.99)) / 0.05 - 1e-6) * 0.05))
    whole = 7.0
    upper, lower = ((whole - GAP * (count - 1)) / count for count in (3, len(improved)))
    upper_height, lower_height = (width * values.shape[0] / values.shape[1] for width in (upper, lower))
    labels = ["a photograph", "predicted from\nthe surroundings", "where it fails"]
    names = [fitted(name, lower) for name in improved]
    heading = "The same photograph, changed to please a predictor"
    middle = above(labels) + upper_height + inches([heading]) + 0.16
    height = middle + above(names) + lower_height
    figure = BookFigure(figsize=(whole, height))
    picture, predicted, fails = panels(figure, labels, above(labels), upper, upper_height)
    picture.imshow(as_array(original))
    predicted.imshow(as_array(prediction))
    fails.imshow(values, norm=Normalize(0, limit, clip=True))
    figure.text(
        0.5, 1 - (middle - 0.04) / height, heading, ha="center", va="bottom", fontsize=12, weight="bold"
    )
    lower_panels = panels(figure, names, middle + above(names), lower, lower_height)
    for axes, changed in zip(lower_panels, improved.values(), strict=True):
        axes.imshow(as_array(changed))
    return figure
