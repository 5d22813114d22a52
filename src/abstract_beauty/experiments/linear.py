"""The linear fill as a run: fitted in seconds, kept beside the trained predictors, and where the best of them begin."""

import copy
import functools
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from abstract_beauty import weights
from abstract_beauty.data import Picture
from abstract_beauty.experiments.pictures import data_hash, pictures
from abstract_beauty.params import Params, as_tree
from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.prediction.linear_fill import LinearFill
from abstract_beauty.project import Project
from abstract_beauty.sections import LinearParams
from abstract_beauty.training.batches import Tiles
from abstract_beauty.training.fit import seed_for
from abstract_beauty.training.machine import is_first_process
from abstract_beauty.training.runs import Run

_BATCH = 250  # tiles a batch while it is fitted


def linear_config(project: Project, params: Params) -> dict[str, Any]:
    """Everything that the linear fill depends on."""
    return {"section": as_tree(params.linear), "seed": params.seed, "data": data_hash(project)}


def linear_run(project: Project, params: Params, *, publish: bool = False) -> Run:
    """The linear fill of the prepared pictures: read where the pipeline made it with these settings, else fitted.

    `publish` fits it and puts it where the pipeline's is: what the stage does.
    """
    path = project.run / "predictors" / "linear.safetensors"
    config = linear_config(project, params)
    if not publish and path.is_file() and weights.describe(path).config == config:
        return Run("linear", weights.load(path, "predictors"), [], config, path)
    fitted = copy.deepcopy(_fitted(project, params.linear, params.seed, config["data"]))  # it may be moved
    if publish and is_first_process():
        weights.save(path, fitted, weights.Description("predictors", "linear", "linear_fill", 0, config))
    return Run("linear", fitted, [], config, path if publish else project.scratch / "linear.safetensors")


@functools.lru_cache(maxsize=2)  # every one-pass predictor of changed pictures begins with it
def _fitted(project: Project, section: LinearParams, seed: int, data: str) -> LinearFill:
    return fitted(pictures(project, "train"), section.crops, section.ridge, seed)


def fitted(seen: Sequence[Picture], crops: int, ridge: float, seed: int) -> LinearFill:
    """The linear fill of some pictures, fitted on so many of their tiles."""
    batches = Tiles(tuple(picture.image for picture in seen), _BATCH, seed_for(seed, "linear fill"))

    def contexts() -> Iterator[Tensor]:
        for i in range(max(1, crops // _BATCH)):
            context, hidden = batches(i)
            # At a picture's border a reflection shows the tile's own pixels in its ring: nothing to learn from.
            yield context[hidden.sum(dim=(1, 2, 3)) == TILE**2]

    return LinearFill.fit(contexts(), ridge=ridge).eval().requires_grad_(False)
