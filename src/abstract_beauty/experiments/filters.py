"""How predictable plain smoothing filters make a picture, at each strength: what improvers are compared with."""

from collections.abc import Mapping

import torch
from torch import nn

from abstract_beauty.experiments.pictures import judged_images, squares
from abstract_beauty.measures.filters import FILTERS, strength_for
from abstract_beauty.measures.judging import judge_picture, mean_of
from abstract_beauty.params import Params
from abstract_beauty.project import Project

PREDICTORS = ("good", "bad", "judge")
READS = ("evaluation",)
NEAREST, FARTHEST = 0.003, 0.2  # MAE(x, y) between which the curves of filters are measured
SAMPLES, SAMPLE_SIDE = 4, 128  # squares of test pictures on which their strengths are found


@torch.no_grad()
def stage(project: Project, params: Params, f: Mapping[str, nn.Module]) -> dict[str, list[dict[str, float]]]:
    """Each plain filter from no change to a great one: the judges' table at each point, means over the test pictures.

    The strengths are those that change a few squares of the test pictures by NEAREST to FARTHEST, in equal factors;
    so the curves of all filters have their points at much the same MAE(x, y), close together where improvers are. A
    curve begins with the untouched picture; "original" holds that point alone.
    """
    images = list(judged_images(project, params).values())
    original = {"strength": 0.0, **mean_of([judge_picture(x, x, f) for x in images])}
    curves = {"original": [original]}
    points = params.evaluation.filter_strengths
    sample = torch.cat(list(squares(project, SAMPLES, SAMPLE_SIDE).values()))
    for name, change in FILTERS.items():
        curves[name] = [original]
        for k in range(points):
            strength = strength_for(name, sample, NEAREST * (FARTHEST / NEAREST) ** (k / (points - 1)))
            if strength <= curves[name][-1]["strength"]:
                continue  # JPEG's qualities are whole numbers, and no filter goes beyond its greatest strength
            rows = [judge_picture(x, change(x, strength), f) for x in images]
            curves[name].append({"strength": strength, **mean_of(rows)})
    return curves
