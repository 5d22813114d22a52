"""Scores of a picture by predictors and by classical measures, and how they go with what people say."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Measure(NamedTuple):
    """A row of a table of measures: a function to one number."""

    # of a `scores.Look`, a `guesses.Guesses`, a `plain.Seen` or a picture (h, w, 3)
    of: Callable[[Any], float]
    title: str  # in tables and figures
    printed: bool = True  # whether it has a column where there is room for a few
