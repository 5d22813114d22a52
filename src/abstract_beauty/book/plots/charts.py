"""Bars and scatters."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from abstract_beauty.book.plots.style import (
    COLOURS,
    INK,
    LINES,
    QUIET,
    WIDTH,
    BookFigure,
    look,
    new_figure,
    styled,
)
from abstract_beauty.errors import UserError


@styled
def bar_table(
    values: Mapping[str, float],
    highlight: str | Sequence[str] = (),
    xlabel: str = "",
    errors: Mapping[str, float] | None = None,
    reference: tuple[str, float] | None = None,
    form: str = ".3f",
    width: float = WIDTH,
) -> BookFigure:
    """Bars lying down, one a name, from above in the order given, with their values.

    Args:
        values: name -> value.
        highlight: the names to stand out (blue and hatched; the others are pale).
        xlabel: what is measured, with its unit, and which way is better.
        errors: name -> half the length of its error bar.
        reference: (label, value): a dashed upright line to compare with.
        form: how values are written.
        width: inches.

    Raises:
        ValueError: there are no values.
        UserError: a highlighted name is not among them.
    """
    if not values:
        raise ValueError("there are no values to show")
    chosen = {highlight} if isinstance(highlight, str) else set(highlight)
    unknown = sorted(chosen - set(values))
    if unknown:
        raise UserError(f"highlight: no value is called {', '.join(unknown)}; there are {', '.join(values)}")
    errors = errors or {}
    figure = new_figure(width, 0.36 * len(values) + 0.75 + (0.25 if reference else 0))
    axes = figure.subplots()
    for place, (name, value) in enumerate(values.items()):
        outstanding = name in chosen
        axes.barh(
            place,
            value,
            height=0.7,
            color=COLOURS[0] if outstanding else QUIET,
            hatch="///" if outstanding else None,
            edgecolor="white",
            linewidth=0,
        )
        error = errors.get(name)
        if error is not None:
            axes.errorbar(value, place, xerr=error, color=INK, linestyle="none", linewidth=1.2)
            text = f"{value:{form}} ± {error:{form}}"
        else:
            text = f"{value:{form}}"
        end = max(value + (error or 0), 0)
        axes.annotate(
            text,
            (end, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            weight="bold" if outstanding else "normal",
            # The reference line must not strike it out.
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    axes.set_yticks(range(len(values)), [shown(name) for name in values])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.margins(x=0.2 if not errors else 0.3)
    low, high = axes.get_xlim()
    axes.set_xlim(min(0, low) if min(values.values()) < 0 else 0, high)
    if reference:
        axes.axvline(reference[1], color=INK, linestyle=(0, (4, 2)), linewidth=1.2)
        axes.annotate(
            reference[0],
            (reference[1], 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
        )
    axes.set_xlabel(xlabel)
    return figure


def shown(name: str) -> str:
    """A name from a table as words."""
    return name.replace("_", " ")


@styled
def change_plane(
    improvers: Mapping[str, Sequence[float]],
    filters: Mapping[str, Sequence[tuple[float, float]]],
    original: float | None = None,
    xlabel: str = "change of the picture, MAE(x,y)",
    ylabel: str = "predictability error MAE(y,z), judge",
    width: float = WIDTH,
    height: float = 4.6,
) -> BookFigure:
    """Is it more than a blur? Improvers as points among the curves of the plain filters.

    A point below all the curves is more predictable than any filter makes the picture at the same change.

    Args:
        improvers: label -> (MAE(x,y), MAE(y,z)) or (MAE(x,y), MAE(y,z), error of the second).
        filters: label -> points (MAE(x,y), MAE(y,z)) at several strengths, in any order.
        original: MAE(x,z of x), drawn at no change.
        xlabel, ylabel: the axes.
        width, height: inches.
    """
    figure = new_figure(width, height)
    axes = figure.subplots()
    greys = ("#444444", "#777777", "#999999", "#B0B0B0")
    for index, (label, points) in enumerate(filters.items()):
        ordered = np.array(sorted(points), dtype=float).reshape(-1, 2)
        style = LINES[index % len(LINES)]
        axes.plot(
            *ordered.T, color=greys[index % len(greys)], linestyle=style, linewidth=1.5, label=shown(label)
        )
    if original is not None:
        axes.plot(
            0,
            original,
            color=INK,
            marker="*",
            markersize=13,
            linestyle="none",
            label="original",
            clip_on=False,
        )
    for index, (label, (change, error, *spread)) in enumerate(improvers.items()):
        axes.errorbar(
            change,
            error,
            yerr=spread[0] if spread else None,
            **(look(index) | {"linestyle": "none"}),
            markersize=9,
            elinewidth=1.2,
            markeredgecolor="white",
            markeredgewidth=0.8,
            label=shown(label),
            zorder=3,
        )
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_xlim(left=0)
    figure.legend(loc="outside lower center", ncols=2, columnspacing=1.5)
    return figure


@styled
def scatter(
    x: Sequence[float],
    y: Sequence[float],
    xlabel: str,
    ylabel: str,
    note: str | None = None,
    ax: Axes | None = None,
    width: float = WIDTH * 0.8,
    height: float = 3.8,
) -> BookFigure | Axes:
    """One point a picture, with the least-squares line.

    Args:
        x, y: of equal length.
        xlabel, ylabel: with units.
        note: in the corner; by default Pearson's correlation and the number of points.
        ax: draw here and return it.
        width, height: inches of a new figure.

    Raises:
        ValueError: the lengths differ.
    """
    along, up = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if along.shape != up.shape:
        raise ValueError(f"{along.size} values along and {up.size} up")
    figure = None
    if ax is None:
        figure = new_figure(width, height)
        ax = figure.subplots()
    ax.plot(
        along, up, linestyle="none", marker="o", markersize=5, color=COLOURS[0], alpha=0.55, markeredgewidth=0
    )
    if along.size > 1 and np.ptp(along) > 0 and np.ptp(up) > 0:
        slope, start = np.polyfit(along, up, 1)
        ends = np.array([along.min(), along.max()])
        ax.plot(ends, start + slope * ends, color=INK, linestyle="-", linewidth=1.5)
        if note is None:
            note = f"Pearson r = {np.corrcoef(along, up)[0, 1]:.2f}, n = {along.size}"
            note = note.replace("-", "\N{MINUS SIGN}")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(note or "", loc="left")
    return ax if figure is None else figure
