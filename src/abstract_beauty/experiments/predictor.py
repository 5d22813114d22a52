"""Train a predictor, and measure it on the test pictures."""

from typing import Any

from torch import Tensor, nn

from abstract_beauty.errors import UserError
from abstract_beauty.experiments.pictures import Tiles, data_hash, pictures, test_images
from abstract_beauty.experiments.runs import Run, base_config, obtain
from abstract_beauty.full_prediction import MARGIN, TILE, full_prediction
from abstract_beauty.losses import mae
from abstract_beauty.params import Params
from abstract_beauty.predictability import phase_averaged, predictability
from abstract_beauty.project import Project
from abstract_beauty.training import Fabric, Step, seed_for

CENTRE = slice(MARGIN, MARGIN + TILE)


def predictor_run(
    project: Project, params: Params, name: str, *, publish: bool = False, progress: bool = True
) -> Run:
    """The trained predictor `name` of params.predictors: loaded if its configuration matches, else trained.

    Equation: minimise MAE(tile, f(context with the tile hidden)) over random tiles of the training pictures.

    Raises:
        UserError: params has no such predictor, or the pictures are not prepared.
    """
    if name not in params.predictors:
        raise UserError(
            f"params.yaml: predictors: there is no {name!r}; there are {', '.join(params.predictors)}"
        )
    section = params.predictors[name]
    config = base_config(params, data_hash(project), "predictors", name)

    def make_step(fabric: Fabric) -> Step:
        images = tuple(picture.image for picture in pictures(project, "train"))
        batches = Tiles(images, section.batch, seed_for(params.seed, "predictors", section.seed))

        def step(f: nn.Module, i: int) -> dict[str, Tensor]:
            context, hidden = fabric.to_device(batches(i, fabric.global_rank, fabric.world_size))
            return {"loss": mae(f(context, hidden), context[..., CENTRE, CENTRE])}

        return step

    return obtain(project, params, "predictors", name, config, make_step, publish=publish, progress=progress)


def measure_predictor(project: Project, run: Run) -> dict[str, Any]:
    """Predictability error of the test pictures: on the article's grid, averaged over grids, and picture by picture."""
    by_picture, averaged = {}, {}
    for name, y in test_images(project).items():
        by_picture[name] = float(predictability(y, full_prediction(run.network, y)))
        averaged[name] = float(phase_averaged(run.network, y))
    return {
        "test": {
            "mae": sum(by_picture.values()) / len(by_picture),
            "mae_phase_averaged": sum(averaged.values()) / len(averaged),
        },
        "train_loss": run.curve[-1]["loss"],
        "parameters": sum(parameter.numel() for parameter in run.network.parameters()),
        "pictures": by_picture,
    }
