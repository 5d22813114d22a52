"""Where a picture is predictable: maps, the tile grid, and the picture that tells the whole story at once."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from torch import Tensor

from abstract_beauty.book.plots.pictures import Picture
from abstract_beauty.book.plots.style import (
    COLOURS,
    GAP,
    LINE,
    WIDTH,
    BookFigure,
    as_array,
    as_map,
    bare,
    fitted,
    lines_of,
    most_lines,
    new_figure,
    place,
    styled,
)
from abstract_beauty.prediction.full_prediction import MARGIN, TILE

UNITS = "mean absolute error per pixel and channel (0 to 1)"
MAP_RANGE = 0.4  # one scale for all bare map pictures: an error beyond it is a complete miss
SMALLEST_RANGE = 0.05  # a map of tiny errors is not blown up to look like one of large ones

MAP_COLOURS = "magma"  # dark is predictable, bright is surprising; in grey it keeps its order


def upper_limit(values: np.ndarray) -> float:
    """The value where a map's colours end: above 99 of 100 pixels, rounded up to a multiple of 0.05."""
    top = float(np.quantile(values, 0.99)) if values.size else 0.0
    return max(SMALLEST_RANGE, float(np.ceil(top / 0.05 - 1e-6) * 0.05))


def draw_map(axes: Axes, values: np.ndarray, vmax: float | None, image: Picture | None) -> AxesImage:
    """The map on its axes; over the grey picture if there is one, opaque where the error is large."""
    norm = Normalize(0, upper_limit(values) if vmax is None else vmax, clip=True)
    opacity: np.ndarray | None = None
    if image is not None:
        picture = as_array(image)
        if picture.shape[:2] != values.shape:
            raise ValueError(
                f"the map is {values.shape} and the picture {picture.shape[:2]}: they must be one size"
            )
        axes.imshow(picture.mean(2), cmap="gray", vmin=0, vmax=255)
        opacity = np.asarray(0.55 + 0.45 * norm(values))
    return axes.imshow(values, norm=norm, alpha=opacity)


def draw_bar(axes: Axes, drawn: AxesImage, values: np.ndarray, label: str) -> None:
    """A flat colour bar just below a map, of its width; an arrow where values go on beyond it."""
    beyond = bool((values > drawn.norm.vmax).any())
    thickness = 0.035 * values.shape[1] / values.shape[0]
    inset = axes.inset_axes((0, -1.8 * thickness, 1, thickness))
    # The mappable's opacity would make the bar pale; it shows the plain colours.
    mappable = AxesImage(axes, cmap=drawn.cmap, norm=drawn.norm)
    bar = axes.figure.colorbar(
        mappable, cax=inset, orientation="horizontal", extend="max" if beyond else "neither"
    )
    bar.set_ticks(np.linspace(0, drawn.norm.vmax, 3))
    bar.ax.set_xticklabels([f"{tick:.3g}" for tick in bar.get_ticks()])
    bar.ax.grid(False)
    bar.set_label(label, labelpad=2)
    bar.outline.set_visible(False)


def map_image(
    map: Tensor | np.ndarray, size: tuple[int, int] | None = None, vmax: float = MAP_RANGE
) -> Float[Tensor, "3 h w"]:
    """A map of the prediction's error as a bare picture, in the colours of the figures.

    Args:
        map: (h, w), mean absolute error per pixel over the channels.
        size: (height, width) to enlarge or reduce the map to, by bilinear interpolation.
        vmax: the error shown in the brightest colour, by default 0.4, so that maps of different pictures
            compare.
    """
    values = torch.from_numpy(as_map(map))[None, None]
    if size is not None:
        values = torch.nn.functional.interpolate(values, size=size, mode="bilinear", antialias=True)
    colours = colormaps[MAP_COLOURS]((values[0, 0] / vmax).clamp(0, 1).numpy())
    return torch.from_numpy(colours[..., :3].astype(np.float32)).permute(2, 0, 1)


@styled
def error_map(
    map: Tensor | np.ndarray,
    ax: Axes | None = None,
    vmax: float | None = None,
    image: Picture | None = None,
    label: str = UNITS,
) -> BookFigure | Axes:
    """A map of the prediction's error, dark where predictable, bright where not, with its colour bar.

    Args:
        map: (h, w), mean absolute error per pixel over the channels, 0 to 1.
        ax: draw here and return it; without one, a new figure is made and returned.
        vmax: end of the colours; the same in all maps that are compared. By default above 99 % of this map.
        image: the picture (3, h, w), shown in grey through the map's dark parts.
        label: under the colour bar.
    """
    values = as_map(map)
    figure = None
    if ax is None:
        width = WIDTH * 0.8
        figure = new_figure(width, width * values.shape[0] / values.shape[1] + 0.7)
        ax = figure.subplots()
    draw_bar(bare(ax), draw_map(ax, values, vmax, image), values, label)
    return ax if figure is None else figure


@styled
def predictability_figure(
    y: Picture,
    z: Picture,
    map: Tensor | np.ndarray,
    vmax: float | None = None,
    labels: tuple[str, str, str] = ("picture y", "full prediction z", "error |y - z|"),
    width: float = WIDTH,
) -> BookFigure:
    """Three panels: the picture, what is predicted of it, and where the two differ, with a colour bar.

    Args:
        y, z: pictures (3, h, w) of one size, [0, 1].
        map: (h, w), mean absolute error per pixel over the channels; its mean, MAE(y,z), stands under z.
        vmax: end of the map's colours.
        labels: above the three panels.
        width: inches.
    """
    values = as_map(map)
    side = (width - 2 * GAP) / 3
    labels = tuple(fitted(label, side) for label in labels)
    tall, text = side * values.shape[0] / values.shape[1], LINE * most_lines(labels) + 0.06
    figure = BookFigure(figsize=(width, text + tall + 0.66))
    panels = [place(figure, index * (side + GAP), text, side, tall) for index in range(3)]
    for axes, label in zip(panels, labels, strict=True):
        axes.set_title(label)
    panels[0].imshow(as_array(y))
    panels[1].imshow(as_array(z))
    panels[1].set_xlabel(f"MAE(y,z) {values.mean():.3f}")
    draw_bar(panels[2], draw_map(panels[2], values, vmax, None), values, "absolute error")
    return figure


@styled
def tile_grid_overlay(
    image: Picture,
    phase: tuple[int, int] = (0, 0),
    tile: tuple[int, int] | None = None,
    width: float = WIDTH * 0.8,
) -> BookFigure:
    """The picture under its grid of 32-pixel tiles, with one tile (hatched) and its 128-pixel context
    (framed).

    Args:
        image: (3, h, w), [0, 1] or uint8.
        phase: (dy, dx): the tiles' edges lie at dy + 32 k and dx + 32 k.
        tile: (row, column) of the tile to show, counted from 0 at the first whole tile; the middle one by
            default.
        width: inches.
    """
    array = as_array(image)
    height_px, width_px = array.shape[:2]
    dy, dx = phase
    if tile is None:
        tile = (max(0, (height_px - dy) // TILE // 2), max(0, (width_px - dx) // TILE // 2))
    top, left = dy + TILE * tile[0] - 0.5, dx + TILE * tile[1] - 0.5
    figure = new_figure(width, width * height_px / width_px + 2 * LINE)
    axes = bare(figure.subplots())
    axes.imshow(array)
    # Thin black in white: seen on any picture.
    for edge in range(dy % TILE, height_px, TILE):
        axes.axhline(edge - 0.5, color="white", linewidth=1.6, alpha=0.55)
        axes.axhline(edge - 0.5, color="black", linewidth=0.6, linestyle="-", alpha=0.8)
    for edge in range(dx % TILE, width_px, TILE):
        axes.axvline(edge - 0.5, color="white", linewidth=1.6, alpha=0.55)
        axes.axvline(edge - 0.5, color="black", linewidth=0.6, linestyle="-", alpha=0.8)
    side = TILE + 2 * MARGIN
    halo = [withStroke(linewidth=5.5, foreground="white")]
    context = Rectangle(
        (left - MARGIN, top - MARGIN), side, side, fill=False, edgecolor=COLOURS[0], linewidth=3
    )
    context.set(path_effects=halo, label="context: 128 x 128 pixels", linestyle="-")
    hidden = Rectangle(
        (left, top), TILE, TILE, facecolor="white", edgecolor=COLOURS[1], linewidth=2, hatch="////"
    )
    hidden.set_label("hidden tile: 32 x 32 pixels")
    axes.add_patch(context)
    axes.add_patch(hidden)
    axes.set(xlim=(-0.5, width_px - 0.5), ylim=(height_px - 0.5, -0.5))
    figure.legend(handles=[hidden, context], loc="outside lower center", ncols=2, columnspacing=1.2)
    return figure


@styled
def teaser(
    original: Picture,
    prediction: Picture,
    error: Tensor | np.ndarray,
    improved: Mapping[str, Picture],
    labels: tuple[str, str, str] = ("a photograph", "predicted from\nthe surroundings", "where it fails"),
    heading: str | None = "The same photograph, changed to please a predictor",
    vmax: float | None = None,
    width: float = 7.0,
) -> BookFigure:
    """The project in one picture. Above: the original, its full prediction, the error. Below: the improved
    pictures.

    Args:
        original, prediction: (3, h, w), [0, 1].
        error: (h, w), mean absolute error per pixel.
        improved: label -> picture of the same shape of frame; three or four stand best.
        labels: above the three upper pictures.
        heading: a line between the two rows; None: none.
        vmax: end of the error's colours.
        width: inches.

    Raises:
        ValueError: there are no improved pictures.
    """
    if not improved:
        raise ValueError("the teaser needs at least one improved picture")
    values = as_map(error)
    aspect = values.shape[0] / values.shape[1]
    upper, lower = ((width - GAP * (count - 1)) / count for count in (3, max(3, len(improved))))
    labels = tuple(fitted(label, upper) for label in labels)
    improved = {fitted(label, lower): picture for label, picture in improved.items()}
    upper_text, lower_text = LINE * most_lines(labels) + 0.06, LINE * most_lines(improved) + 0.06
    between = LINE * lines_of(heading) + (0.16 if heading else 0.06)
    height = upper_text + upper * aspect + between + lower_text + lower * aspect
    figure = BookFigure(figsize=(width, height))
    panels = [place(figure, index * (upper + GAP), upper_text, upper, upper * aspect) for index in range(3)]
    for axes, label in zip(panels, labels, strict=True):
        axes.set_title(label)
    panels[0].imshow(as_array(original))
    panels[1].imshow(as_array(prediction))
    draw_map(panels[2], values, vmax, None)
    middle = upper_text + upper * aspect + between
    if heading:
        baseline = 1 - (middle - 0.04) / height
        figure.text(0.5, baseline, heading, ha="center", va="bottom", fontsize=12, weight="bold")
    indent = (width - len(improved) * lower - GAP * (len(improved) - 1)) / 2
    for index, (label, picture) in enumerate(improved.items()):
        left = indent + index * (lower + GAP)
        axes = place(figure, left, middle + lower_text, lower, lower * aspect)
        axes.imshow(as_array(picture))
        axes.set_title(label)
    return figure
