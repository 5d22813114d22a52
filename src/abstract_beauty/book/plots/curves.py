"""Curves: a quantity over the steps of a training, a strength, a weight, a number of repetitions."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from abstract_beauty.book.plots.style import INK, WIDTH, BookFigure, look, new_figure, styled
from abstract_beauty.errors import UserError

MOST_INSIDE = 4  # names of series that fit among the lines

Table = str | os.PathLike | pd.DataFrame
Series = tuple[Sequence[float], Sequence[float]] | tuple[Sequence[float], Sequence[float], Sequence[float]]


def read_table(table: Table, needed: Sequence[str]) -> pd.DataFrame:
    """The rows of a CSV file or frame that have all the `needed` columns; UserError names what is amiss."""
    if isinstance(table, pd.DataFrame):
        frame, name = table, "the table"
    else:
        name = os.fspath(table)
        try:
            frame = pd.read_csv(table)
        except FileNotFoundError as error:
            raise UserError(f"{name}: no such file; run the stage that writes it") from error
        except (OSError, ValueError) as error:
            raise UserError(f"{name}: cannot be read as CSV ({error})") from error
    missing = [column for column in needed if column not in frame]
    if missing:
        raise UserError(
            f"{name}: no column {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}"
        )
    return frame.dropna(subset=list(needed))


def smoothed(values: np.ndarray, span: int) -> np.ndarray:
    """Mean over the `span` values around each, fewer at the ends; a running average would lag."""
    return pd.Series(values).rolling(max(1, span), center=True, min_periods=1).mean().to_numpy()


@styled
def curves(
    tables: Mapping[str, Table | Sequence[Table]],
    column: str,
    x: str = "step",
    smooth: int | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    logarithmic: bool = False,
    width: float = WIDTH,
    height: float = 3.6,
) -> BookFigure:
    """Loss curves: what was measured, faint, and its moving mean.

    Args:
        tables: label -> a CSV file or a data frame; or several (seeds): then the line is their mean and the
            band reaches from the lowest to the highest.
        column: what goes up.
        x: what goes along.
        smooth: rows that the moving mean spans; 1: no smoothing; by default a twentieth of the rows.
        xlabel, ylabel: the columns' names by default.
        logarithmic: logarithmic upward axis.
        width, height: inches.

    Raises:
        UserError: a file or a column is missing.
    """
    figure = new_figure(width, height)
    axes = figure.subplots()
    for index, (label, given) in enumerate(tables.items()):
        single = isinstance(given, (str, os.PathLike, pd.DataFrame))
        frames = [read_table(table, (x, column)) for table in ([given] if single else given)]
        colour, style, marker = look(index).values()
        span = smooth if smooth is not None else max(1, len(frames[0]) // 20)
        seeds = pd.concat(
            [pd.Series(smoothed(frame[column].to_numpy(), span), index=frame[x]) for frame in frames], axis=1
        ).sort_index()
        if single and span > 1:
            axes.plot(frames[0][x], frames[0][column], color=colour, linestyle="-", linewidth=0.8, alpha=0.28)
        elif not single and len(frames) > 1:
            axes.fill_between(
                seeds.index, seeds.min(axis=1), seeds.max(axis=1), color=colour, alpha=0.2, linewidth=0
            )
        every = max(1, len(seeds) // 6)
        start = min(len(seeds) - 1, every * (index + 1) // (len(tables) + 1))
        axes.plot(
            seeds.index,
            seeds.mean(axis=1),
            color=colour,
            linestyle=style,
            marker=marker,
            markevery=(start, every),
            label=label,
        )
    axes.set(xlabel=xlabel or x, ylabel=ylabel or column)
    if logarithmic:
        axes.set_yscale("log")
    axes.margins(x=0.02)
    legend(figure, axes)
    return figure


def legend(figure: BookFigure, axes: Axes) -> None:
    """The names of the series: among the lines while they are few, below the axes when they would cover some."""
    if len(axes.get_legend_handles_labels()[1]) > MOST_INSIDE:
        figure.set_size_inches(figure.get_figwidth(), figure.get_figheight() + 0.6)
        figure.legend(loc="outside lower center", ncols=3, columnspacing=1.5)
    else:
        axes.legend()


def logarithmic_ticks(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis along, with plain numbers that do not run into each other: 0.02, 0.05, 0.1."""
    axes.set_xscale("log")
    if max(values) / min(values) < 300:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


@styled
def lines(
    series: Mapping[str, Series],
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
    logarithmic_x: bool = False,
    width: float = WIDTH,
    height: float = 3.6,
) -> BookFigure:
    """Measured points joined by lines, with error bars: a phase diagram, a quantity by strength or by
    repetition.

    Args:
        series: label -> (x, y) or (x, y, error); the error is half the bar's length (say what it is in
            `ylabel`).
        xlabel, ylabel: with units.
        marks: label -> x: upright lines, named where they stand.
        logarithmic_x: logarithmic axis along.
        width, height: inches.
    """
    figure = new_figure(width, height)
    axes = figure.subplots()
    for index, (label, (along, up, *error)) in enumerate(series.items()):
        axes.errorbar(along, up, yerr=error[0] if error else None, elinewidth=1.2, label=label, **look(index))
    if logarithmic_x:
        logarithmic_ticks(axes, [value for along, *_ in series.values() for value in along])
    for label, place in (marks or {}).items():
        axes.axvline(place, color=INK, linestyle=(0, (2, 2)), linewidth=1)
        axes.annotate(
            label,
            (place, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
        )
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(series) > 1:
        legend(figure, axes)
    return figure
