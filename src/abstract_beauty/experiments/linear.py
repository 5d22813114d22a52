"""The linear fill as a run: fitted in seconds, kept beside the trained predictors, and where the best of them begin."""

from collections.abc import Iterator

from torch import Tensor

from abstract_beauty import weights
from abstract_beauty.baselines import LinearFill
from abstract_beauty.experiments.pictures import Tiles, data_hash, pictures
from abstract_beauty.experiments.runs import Run, digest
from abstract_beauty.full_prediction import TILE
from abstract_beauty.machine import is_first_process
from abstract_beauty.params import Params, as_tree
from abstract_beauty.project import Project
from abstract_beauty.training import seed_for

_BATCH = 250  # tiles a batch while it is fitted


def linear_run(project: Project, params: Params, *, publish: bool = False) -> Run:
    """The linear fill of the prepared pictures: loaded if its configuration matches, else fitted (in some seconds).

    Args:
        project: whose pictures and folders are used.
        params: for the sections `linear` and `data`, and the seed.
        publish: fit it anew and put it under models/run, as the stage does; otherwise a new one stays in scratch.
    """
    config = {"section": as_tree(params.linear), "seed": params.seed, "data": data_hash(project)}
    published = project.run / "predictors" / "linear.safetensors"
    kept = project.scratch / f"predictors-linear-{digest(config)[:12]}.safetensors"
    for path in (published, kept):
        if not publish and path.is_file() and weights.describe(path).config == config:
            return Run("linear", weights.load(path, "predictors"), [], config, path)
    path = published if publish else kept
    description = weights.Description("predictors", "linear", "linear_fill", 0, config)
    fitted = _fitted(project, params)
    if not is_first_process():  # each has the same one; the first writes it
        return Run("linear", fitted.eval().requires_grad_(False), [], config, path)
    weights.save(path, fitted, description)
    return Run("linear", weights.load(path, "predictors"), [], config, path)


def _fitted(project: Project, params: Params) -> LinearFill:
    images = tuple(picture.image for picture in pictures(project, "train"))
    batches = Tiles(images, _BATCH, seed_for(params.seed, "linear fill"))

    def crops() -> Iterator[Tensor]:
        for i in range(max(1, params.linear.crops // _BATCH)):
            context, hidden = batches(i)
            # At a picture's border a reflection shows the tile's own pixels in its ring: nothing to learn from.
            yield context[hidden.sum(dim=(1, 2, 3)) == TILE**2]

    return LinearFill.fit(crops(), ridge=params.linear.ridge)
