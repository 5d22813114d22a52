"""Abstract Beauty: is beauty what a mind can predict?

A predictor f guesses each tile of an image from its surroundings; an improver g changes images so that f
guesses better.
"""

import importlib
from typing import Any

from abstract_beauty.data.images import read_image, resize_short_side, write_image
from abstract_beauty.errors import UserError
from abstract_beauty.improvers import improve
from abstract_beauty.params import Params, load_params
from abstract_beauty.prediction.full_prediction import CONTEXT, MARGIN, TILE, contexts, full_prediction
from abstract_beauty.prediction.predictability import error_map, phase_averaged, predictability, progress
from abstract_beauty.project import Project, find_project
from abstract_beauty.scores.scores import Scores, complexity, score
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


def __getattr__(name: str) -> Any:
    if name in _INTERACTIVE:
        return getattr(importlib.import_module("abstract_beauty.interactive"), name)
    if name == "move":
        return importlib.import_module("abstract_beauty.moving").move
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
