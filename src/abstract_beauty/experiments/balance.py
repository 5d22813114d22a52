"""The phase diagram of k1 : k2, with networks: what a trained improver does at each ratio, and how long it trained."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from abstract_beauty.experiments.improver import improver_run
from abstract_beauty.experiments.pictures import squares
from abstract_beauty.measures.judging import judge_picture
from abstract_beauty.params import Params
from abstract_beauty.project import Project
from abstract_beauty.sections import ImproverParams
from abstract_beauty.training.runs import forget

PREDICTORS = ("good", "bad", "judge")
READS = ("balance", "training")


class Point(NamedTuple):
    """One training of the diagram."""

    series: str  # "ratio" or "length"
    network: str
    ratio: float  # k2 / (k1 + k2)
    seed: int
    steps: int


def points(params: Params) -> Iterator[Point]:
    """All trainings that params.balance asks for."""
    section = params.balance
    for network in section.networks:
        for ratio in section.ratios:
            for seed in range(section.seeds):
                yield Point("ratio", network, ratio, seed, section.steps)
    for steps in section.lengths:
        for ratio in (0.0, 0.5):
            yield Point("length", "plain", ratio, 0, steps)


def stage(project: Project, params: Params, f: Mapping[str, nn.Module]) -> dict[str, Any]:
    """Train and judge every point, on the central squares of some test pictures.

    Trainings are kept in the scratch folder until all are done, so that a killed stage goes on where it was.
    """
    section = params.balance
    x = torch.cat(list(squares(project, section.pictures, section.side).values()))
    rows, done = [], []
    for point in points(params):
        improver = ImproverParams(
            network=point.network, width=section.width, loss="smoothing", steps=point.steps, batch=2,
            weights={"k1": 1 - point.ratio, "k2": point.ratio}, crop=section.side, learning_rate=0.002,
            seed=point.seed,
        )  # fmt: skip
        name = f"balance-{point.network}-{point.ratio:g}-{point.seed}-{point.steps}"
        run = improver_run(project, params, name, section=improver)
        done.append(run)
        with torch.no_grad():
            y = run.network(x)
        last = run.curve[-1]
        row = point._asdict() | judge_picture(x, y, f)
        row |= {"first_loss": run.curve[0]["loss"], "last_loss": last["loss"]}
        rows.append(row | {"gradient_norm": last["gradient_norm"]})
    forget(*done)
    return {"original": judge_picture(x, x, f), "points": rows}
