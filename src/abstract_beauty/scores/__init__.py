"""Scores of a picture by predictors and by classical measures, and how they go with what people say."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Measure(NamedTuple):
    """A row of a table of measures: a function to one number, whose docstring begins with what the number means.

    Attributes:
        of: of a `scores.Look` for the scores, of a picture (h, w, 3) for the classical measures.
        title: in tables and figures.
        printed: whether it has a column where there is room for a few.
    """

    of: Callable[[Any], float]
    title: str
    printed: bool = True
