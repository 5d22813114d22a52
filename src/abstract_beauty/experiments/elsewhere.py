"""The predictors on pictures of other sets than they were trained and tested on."""

from pathlib import Path
from typing import Any

from torch import nn

from abstract_beauty.data.folder import sample
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.linear import linear_run
from abstract_beauty.experiments.predictor import errors_of
from abstract_beauty.measures.fills import FILLS
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.project import Project, located

PREDICTORS = ("good", "bad", "judge")
READS = ("evaluation",)
BESIDE = ("telea", "navier_stokes")  # the fills that are fast enough for many pictures; and the linear one


def stage(project: Project, params: Params, f: dict[str, nn.Module]) -> dict[str, Any]:
    """Error of predictors and fills on the pictures of each folder of `params.evaluation.elsewhere`.

    Errors are means over pictures on the article's grid; a set is called by its folder's last two names.
    """
    judged = {**f, **{name: FILLS[name]() for name in BESIDE}, "linear": linear_run(project, params).network}
    sets = {}
    for name in located(project.home, params.evaluation.elsewhere):
        folder = Path(name).resolve()
        label = f"{folder.parent.name}/{folder.name}"
        if label in sets:
            raise UserError(f"evaluation.elsewhere: two folders are called {label}; rename one of them")
        count, side = params.evaluation.elsewhere_pictures, params.data.short_side
        pictures = sample(folder, count, side, "evaluation.elsewhere")
        images = {picture.name: picture.image[None].float() / 255 for picture in pictures}
        images = {name: y for name, y in images.items() if min(y.shape[2:]) >= TILE}
        if not images:
            what = f"'{folder}' holds no picture of {TILE} pixels a side or more; leave it out"
            raise UserError(f"evaluation.elsewhere: {what}")
        means = {key: errors_of(predictor, images)[0] for key, predictor in judged.items()}
        sets[label] = {
            "pictures": len(images),
            "short_side": side,
            "errors": means,
            "of_telea": {key: mean / means["telea"] for key, mean in means.items()},
        }
    return {"sets": sets}
