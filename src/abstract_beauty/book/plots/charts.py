"""Charts: curves of a training, lines through measured points, bars, scatters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from abstract_beauty.book.plots.style import COLOURS, WIDTH, BookFigure, new_chart, styled

HEIGHT = 3.6  # inches
MOST_INSIDE = 3  # names of series that fit among the lines

# One for each colour, so that colour never carries a meaning alone.
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1.5, 1, 1.5, 1, 1.5)), (0, (1, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK = "#202020"
QUIET = "#B8C4CE"  # for what is only there to be compared with
GREYS = ("#444444", "#777777", "#999999", "#B0B0B0")


def look(index: int) -> dict[str, Any]:
    """Colour, line style and marker of the series number `index`."""
    rounds, turn = divmod(index, len(COLOURS))
    other = (turn + rounds) % len(COLOURS)  # a colour that comes again comes with another line
    return {"color": COLOURS[turn], "linestyle": LINES[other], "marker": MARKERS[other]}


def legend(figure: Figure, axes: Axes) -> None:
    """The names of the series: among the lines while they are few, below the axes when they would cover some."""
    if len(axes.get_legend_handles_labels()[1]) > MOST_INSIDE:
        figure.set_size_inches(figure.get_figwidth(), figure.get_figheight() + 0.6)
        figure.legend(loc="outside lower center", ncols=3, columnspacing=1.5)
    else:
        axes.legend()


@styled
def curves(tables: Mapping[str, Any], column: str, ylabel: str, smooth: int | None = None) -> BookFigure:
    """Loss curves against the step: what was measured, faint, and its moving mean.

    Args:
        tables: label -> a training's curve: a table with a column `step`, or its rows.
        column: what goes up.
        ylabel: what it is, with its unit.
        smooth: rows that the moving mean spans; 1: no smoothing; by default a twentieth of the rows.
    """
    figure, axes = new_chart(WIDTH, HEIGHT)
    for index, (label, curve) in enumerate(tables.items()):
        table = pd.DataFrame(curve)
        step, values = table["step"], table[column]
        span = smooth or max(1, len(table) // 20)
        if span > 1:
            axes.plot(step, values, color=look(index)["color"], linestyle="-", linewidth=0.8, alpha=0.28)
        # Around each value, fewer at the ends: a mean of what came before would lag.
        mean = values.rolling(span, center=True, min_periods=1).mean()
        every = max(1, len(table) // 6)
        start = min(len(table) - 1, every * (index + 1) // (len(tables) + 1))
        axes.plot(step, mean, **look(index), markevery=(start, every), label=label)
    axes.set(xlabel="step", ylabel=ylabel)
    axes.margins(x=0.02)
    legend(figure, axes)
    return figure


def rows_of(names: Iterable[str], xlabel: str) -> tuple[BookFigure, Axes]:
    """A chart of rows that lie, from above in the order of their names, and what is measured below it."""
    shown = [name.replace("_", " ") for name in names]
    figure, axes = new_chart(WIDTH, 0.36 * len(shown) + 0.75)
    axes.set_yticks(range(len(shown)), shown)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.set_xlabel(xlabel)
    return figure, axes


@styled
def lines(
    series: Mapping[str, tuple[Sequence[float], ...]],
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
    logarithmic_x: bool = False,
) -> BookFigure:
    """Measured points joined by lines, with error bars: a quantity by strength, by repetition.

    Args:
        series: label -> (x, y) or (x, y, error); the error is half the bar's length (say what it is in `ylabel`).
        xlabel, ylabel: with units.
        marks: label -> x: upright lines, named where they stand.
        logarithmic_x: logarithmic axis along.
    """
    figure, axes = new_chart(WIDTH, HEIGHT)
    for index, (label, (along, up, *error)) in enumerate(series.items()):
        axes.errorbar(along, up, yerr=error[0] if error else None, elinewidth=1.2, label=label, **look(index))
    if logarithmic_x:
        axes.set_xscale("log")
        values = [value for along, *_ in series.values() for value in along]
        if max(values) / min(values) < 300:  # plain numbers that do not run into each other: 0.02, 0.05, 0.1
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    for label, x in (marks or {}).items():
        axes.axvline(x, color=INK, linestyle=(0, (2, 2)), linewidth=1)
        above = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "va": "bottom"}
        axes.annotate(label, (x, 1), xycoords=("data", "axes fraction"), **above)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(series) > 1:
        legend(figure, axes)
    return figure


@styled
def bar_table(
    values: Mapping[str, float], highlight: Sequence[str] = (), xlabel: str = "", form: str = ".3f"
) -> BookFigure:
    """Bars lying down, one a name, with their values, 0 or more.

    Args:
        highlight: the names to stand out (blue and hatched; the others are pale).
        xlabel: what is measured, with its unit, and which way is better.
        form: how values are written.
    """
    figure, axes = rows_of(values, xlabel)
    for row, (name, value) in enumerate(values.items()):
        stands_out = name in highlight
        bar = {"color": COLOURS[0], "hatch": "///"} if stands_out else {"color": QUIET}
        axes.barh(row, value, height=0.7, edgecolor="white", linewidth=0, **bar)
        axes.annotate(
            f"{value:{form}}",
            (value, row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            weight="bold" if stands_out else "normal",
            # The grid must not strike it out.
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    axes.margins(x=0.2)
    axes.set_xlim(left=0)
    return figure


@styled
def intervals(values: Mapping[str, tuple[float, float, float]], xlabel: str = "") -> BookFigure:
    """Values with their intervals, name -> (value, low, high); those whose interval does not hold 0 are filled."""
    figure, axes = rows_of(values, xlabel)
    axes.axvline(0, color=INK, linewidth=1)
    for row, (value, low, high) in enumerate(values.values()):
        filled = COLOURS[0] if low > 0 or high < 0 else "white"
        axes.plot((low, high), (row, row), "-", color=COLOURS[0], linewidth=2, solid_capstyle="butt")
        axes.plot(value, row, "o", markersize=8, markerfacecolor=filled, markeredgecolor=COLOURS[0], zorder=3)
    return figure


@styled
def change_plane(
    improvers: Mapping[str, tuple[float, float]],
    filters: Mapping[str, Sequence[tuple[float, float]]],
    original: float,
) -> BookFigure:
    """Is it more than a blur? Improvers as points among the curves of the plain filters.

    A point below all the curves is more predictable than any filter makes the picture at the same change.

    Args:
        improvers: label -> (MAE(x,y), MAE(y,z)).
        filters: label -> points (MAE(x,y), MAE(y,z)) at several strengths, in any order.
        original: MAE(x,z of x), drawn at no change.
    """
    figure, axes = new_chart(WIDTH, 4.6)
    for index, (label, points) in enumerate(filters.items()):
        changes, errors = zip(*sorted(points), strict=True)
        curve = {"color": GREYS[index % len(GREYS)], "linestyle": LINES[index % len(LINES)], "linewidth": 1.5}
        axes.plot(changes, errors, label=label.replace("_", " "), **curve)
    star = {"color": INK, "marker": "*", "markersize": 13, "linestyle": "none"}
    axes.plot(0, original, label="original", clip_on=False, **star)
    for index, (label, (change, error)) in enumerate(improvers.items()):
        point = look(index) | {"linestyle": "none", "markeredgecolor": "white", "markeredgewidth": 0.8}
        axes.plot(change, error, label=label, markersize=9, zorder=3, **point)
    axes.set(xlabel="change of the picture, MAE(x,y)", ylabel="predictability error MAE(y,z), judge")
    axes.set_xlim(left=0)
    figure.legend(loc="outside lower center", ncols=2, columnspacing=1.5)
    return figure


@styled
def scatter(x: Sequence[float], y: Sequence[float], xlabel: str, ylabel: str) -> BookFigure:
    """One point a picture, with the least-squares line, Pearson's correlation and the number of points."""
    figure, axes = new_chart(WIDTH * 0.8, 3.8)
    axes.plot(x, y, "o", markersize=5, color=COLOURS[0], alpha=0.55, markeredgewidth=0)
    slope, start = np.polyfit(x, y, 1)
    ends = np.array([min(x), max(x)])
    axes.plot(ends, start + slope * ends, color=INK, linestyle="-", linewidth=1.5)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    r = f"{np.corrcoef(x, y)[0, 1]:.2f}".replace("-", "\N{MINUS SIGN}")
    axes.set_title(f"Pearson r = {r}, n = {len(x)}", loc="left")
    return figure
