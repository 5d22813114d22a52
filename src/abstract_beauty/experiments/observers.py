"""Predictors to look at rated pictures: trained for longer, wider, on other pictures, or looking from further away."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from abstract_beauty.experiments.pictures import ensure_data
from abstract_beauty.experiments.predictor import predictor_run
from abstract_beauty.params import Params
from abstract_beauty.project import Project
from abstract_beauty.scores.scores import GLANCE
from abstract_beauty.sections import DataParams
from abstract_beauty.training.runs import Run


@dataclass(frozen=True)
class Observer:
    """One predictor, or one way of looking, of a series in which a single thing changes."""

    series: str  # "width ...", "pictures", "network", "side"
    label: str
    value: float | None  # of what changes, where it is a number
    network: nn.Module
    side: int = GLANCE  # to which the pictures' short side is reduced
    run: Run | None = None  # where it was trained here


def observers(project: Project, params: Params, f: Mapping[str, nn.Module]) -> Iterator[Observer]:
    """Every predictor that params.ratings asks for, trained in scratch, and those of f that are finished.

    "good" ends the series of its own width.
    """
    asked, good = params.ratings, params.predictors["good"]

    def trained(project: Project, params: Params, name: str, **changes: Any) -> Run:
        section = dataclasses.replace(good, **changes)
        return predictor_run(project, params, f"observer-{name}", section=section)

    for width in asked.widths:
        for steps in asked.lengths:
            run = trained(project, params, f"{width}-{steps}", width=width, steps=steps)
            yield Observer(f"width {width}", f"{steps} steps", steps, run.network, run=run)
        if width == good.width:
            yield Observer(f"width {width}", f"{good.steps} steps", good.steps, f["good"])
    for name, folders in asked.others.items():
        # The pictures to be tested on are the project's own, whatever others it was trained on.
        data = DataParams(short_side=256)
        if folders:
            data = DataParams(source="folder", train=folders, short_side=params.data.short_side)
        other = dataclasses.replace(params, data=data)
        run = trained(ensure_data(project, other), other, name, steps=asked.others_steps)
        label = f"trained on {name.replace('_', ' ')}"
        yield Observer("pictures", label, None, run.network, run=run)
    for name, network in f.items():
        yield Observer("network", name.replace("_", " "), None, network)
    for side in asked.sides:
        yield Observer("side", f"{side} pixels", side, f["good"], side)
