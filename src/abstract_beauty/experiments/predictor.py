"""Train a predictor, and measure it on the test pictures."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.data import Picture
from abstract_beauty.experiments.linear import linear_config, linear_run
from abstract_beauty.experiments.pictures import data_hash, pictures, test_images
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import MARGIN, TILE, full_prediction
from abstract_beauty.prediction.predictability import mae, phase_averaged, predictability
from abstract_beauty.predictors import NETWORKS
from abstract_beauty.project import Project
from abstract_beauty.sections import PredictorParams
from abstract_beauty.training import runs
from abstract_beauty.training.batches import Crops, Tiles
from abstract_beauty.training.fit import Fabric, Task, seed_for

CENTRE = slice(MARGIN, MARGIN + TILE)


def predictor_config(
    project: Project, params: Params, name: str, section: PredictorParams | None = None
) -> dict[str, Any]:
    """Everything that a predictor depends on: of a row of params.predictors, or of another section."""
    if name == "linear":
        return linear_config(project, params)
    section = section or runs.row(params, "predictors", name)
    begins_as_fill = getattr(NETWORKS[section.network], "begins_as_fill", False)
    more = {"linear": runs.digest(linear_config(project, params))} if begins_as_fill else {}
    return runs.config_of(params, data_hash(project), section, **more)


def predictor_run(
    project: Project,
    params: Params,
    name: str,
    *,
    section: PredictorParams | None = None,
    publish: bool = False,
    progress: bool = True,
) -> runs.Run:
    """The predictor `name` of params.predictors: read where the pipeline made it with these settings, else trained.

    Equation: minimise MAE(tile, f(context with the tile hidden)) over random tiles of the training pictures; or, where
    the section has a crop, MAE(y, z) over random crops y, which is the same for all tiles of y at once.

    Args:
        name: a key of params.predictors, or "linear"; any name where `section` is given.
        section: one training of a stage of many, which the stage removes from scratch when it ends.
        publish: train it and put it where the pipeline's is: what a train stage does.

    Raises:
        UserError: params has no such predictor, or the pictures are not prepared.
    """
    if name == "linear":
        return linear_run(project, params, publish=publish)
    one_of_many = section is not None
    section = section or runs.row(params, "predictors", name)
    config = predictor_config(project, params, name, section)

    def begin(network: nn.Module) -> None:
        if getattr(network, "begins_as_fill", False):
            network.matrix.copy_(linear_run(project, params).network.matrix)

    def make_task(fabric: Fabric) -> Task:
        seed = seed_for(params.seed, "predictors", section.seed)
        return predictor_task(pictures(project, "train"), section.batch, section.crop, seed, fabric)

    return runs.run_of(
        project, params, "predictors", name, config, make_task, section=section, begin=begin,
        publish=publish, one_of_many=one_of_many, progress=progress,
    )  # fmt: skip


def predictor_task(seen: tuple[Picture, ...], batch: int, crop: int, seed: int, fabric: Fabric) -> Task:
    """What a predictor is to learn of pictures: whole crops of a side where there is one, else single tiles."""
    images = tuple(picture.image for picture in seen)
    batches = Crops(images, batch, seed, crop, varied=True) if crop else Tiles(images, batch, seed)

    def of_tiles(f: nn.Module, i: int) -> dict[str, Tensor]:
        context, hidden = fabric.to_device(batches(i, fabric.global_rank, fabric.world_size))
        return {"loss": mae(f(context, hidden), context[..., CENTRE, CENTRE])}

    def of_crops(f: nn.Module, i: int) -> dict[str, Tensor]:
        y = fabric.to_device(batches(i, fabric.global_rank, fabric.world_size))
        with fabric.autocast():  # of itself Fabric wraps only `forward`
            z = full_prediction(f, y, batches.phase(i))
        return {"loss": mae(y, z)}

    return Task(of_crops if crop else of_tiles, lambda i: [seen[index].name for index in batches.pictures(i)])


@torch.no_grad()
def errors_of(f: nn.Module, images: Mapping[str, Float[Tensor, "1 3 h w"]]) -> tuple[float, dict[str, float]]:
    """Predictability error of pictures on the article's grid: the mean, and picture by picture."""
    errors = {name: float(predictability(y, full_prediction(f, y))) for name, y in images.items()}
    return sum(errors.values()) / len(errors), errors


def measure_predictor(project: Project, run: runs.Run) -> dict[str, Any]:
    """Predictability error of the test pictures: on the article's grid, averaged over grids, and picture by picture."""
    images = test_images(project)
    mean, by_picture = errors_of(run.network, images)
    averaged = [float(phase_averaged(run.network, y)) for y in images.values()]
    return {
        "test": {"mae": mean, "mae_phase_averaged": sum(averaged) / len(averaged)},
        "train_loss": run.curve[-1]["loss"],
        "parameters": sum(parameter.numel() for parameter in run.network.parameters()),
        "pictures": by_picture,
    }


def networks(project: Project, params: Params, *names: str) -> dict[str, nn.Module]:
    """Some predictors by name, "linear" the linear fill."""
    return {name: predictor_run(project, params, name).network for name in names}
