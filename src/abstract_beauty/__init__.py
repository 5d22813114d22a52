"""Abstract Beauty: is beauty what a mind can predict?

A predictor f guesses each tile of an image from its surroundings; an improver g changes images so that f
guesses better.
"""

import importlib
import os
from typing import Any

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.data.images import read_image, resize_short_side, write_image
from abstract_beauty.errors import UserError
from abstract_beauty.improvers import improve
from abstract_beauty.params import Params, load_params
from abstract_beauty.prediction.full_prediction import (
    CONTEXT,
    MARGIN,
    TILE,
    Predictor,
    contexts,
    full_prediction,
)
from abstract_beauty.prediction.predictability import error_map, phase_averaged, predictability, progress
from abstract_beauty.project import Project, find_project
from abstract_beauty.scores import scores as _scores
from abstract_beauty.scores.scores import Scores, complexity
from abstract_beauty.weights import load_improver, load_predictor

__version__ = "0.1.0"

# Loaded when one is asked for: training takes seconds to import, and scoring a picture does not need it.
_INTERACTIVE = ("crops", "judge", "judged", "photographs", "predictor", "train_improver", "train_predictor")

__all__ = [
    "CONTEXT",
    "MARGIN",
    "TILE",
    "Params",
    "Project",
    "Scores",
    "UserError",
    "complexity",
    "contexts",
    "crops",
    "error_map",
    "find_project",
    "full_prediction",
    "improve",
    "judge",
    "judged",
    "load_improver",
    "load_params",
    "load_predictor",
    "move",
    "phase_averaged",
    "photographs",
    "predictability",
    "predictor",
    "progress",
    "read_image",
    "resize_short_side",
    "score",
    "train_improver",
    "train_predictor",
    "write_image",
]


def score(
    picture: str | os.PathLike | Float[Tensor, "3 h w"],
    good: Predictor | None = None,
    bad: Predictor | None = None,
    linear: Predictor | None = None,
) -> Scores:
    """Score a picture, as `abstract-beauty score` does.

    Args:
        picture: a file, or a picture in [0, 1], h and w >= 32, of any size; it is reduced to the working size.
        good: the good predictor; like the others by default the reference run's.
        bad: the bad one, for progress.
        linear: the fill that knows only a tile's border.

    Raises:
        UserError: the file cannot be read, or the picture is too small.
    """
    picture = picture if isinstance(picture, Tensor) else read_image(picture)
    given = {"good": good, "bad": bad, "linear": linear}
    return _scores.score(
        picture,
        **{name: load_predictor(f"reference/{name}") if f is None else f for name, f in given.items()},
    )


def __getattr__(name: str) -> Any:
    if name in _INTERACTIVE:
        return getattr(importlib.import_module("abstract_beauty.interactive"), name)
    if name == "move":
        return importlib.import_module("abstract_beauty.moving").move
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
