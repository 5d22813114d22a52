"""Scores of a picture by predictors and by classical measures, and how they go with what people say."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Measure(NamedTuple):
    """A row of a table of measures: a function to one number, whose docstring begins with what the number means."""

    of: Callable[
        [Any], float
    ]  # of a `scores.Look`, a `guesses.Guesses`, a `plain.Seen` or a picture (h, w, 3)
    title: str  # in tables and figures
    printed: bool = True  # whether it has a column where there is room for a few
