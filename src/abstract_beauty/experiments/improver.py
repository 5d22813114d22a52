"""Train an improver through frozen predictors, and measure what it does to the test pictures."""

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty.errors import UserError
from abstract_beauty.experiments import health
from abstract_beauty.experiments.linear import linear_run
from abstract_beauty.experiments.objectives import loss_values, phase_at, predictors_of, scorer_of
from abstract_beauty.experiments.pictures import Crops, data_hash, judged_images, pictures
from abstract_beauty.experiments.predictor import predictor_run
from abstract_beauty.experiments.runs import Run, base_config, digest, obtain
from abstract_beauty.full_prediction import full_prediction
from abstract_beauty.params import ImproverParams, Params
from abstract_beauty.predictability import PHASES, phase_averaged, predictability, progress
from abstract_beauty.project import Project
from abstract_beauty.statistics import colour_shift, contrast_kept, high_frequency_kept
from abstract_beauty.training import Fabric, Task, seed_for

JUDGE_PHASES = PHASES[:2]  # the article's grid and the one furthest from it: the judge reads tiles one by one


def improver_run(
    project: Project,
    params: Params,
    name: str,
    *,
    section: ImproverParams | None = None,
    publish: bool = False,
    progress: bool = True,
) -> Run:
    """The trained improver `name` of params.improvers: loaded if its configuration matches, else trained.

    The predictors are trained first where they are missing. Their parameters are frozen; gradients pass through them.

    Args:
        project: whose pictures and folders are used.
        params: for the section, the predictors, and how networks are trained.
        name: a key of params.improvers; any name where `section` is given.
        section: a variant that has no place in params.improvers, as one point of a diagram; its run stays in scratch.
        publish: as `runs.obtain` has it.
        progress: whether to show bars.

    Raises:
        UserError: params has no such improver, or the pictures are not prepared.
    """
    if section is None and name not in params.improvers:
        raise UserError(
            f"params.yaml: improvers: there is no {name!r}; there are {', '.join(params.improvers)}"
        )
    section = section or params.improvers[name]
    runs = {
        part: predictor_or_fill(project, params, key, progress=progress)
        for part, key in predictors_of(section).items()
    }
    config = base_config(params, data_hash(project), section)
    config["through"] = {part: digest(run.config) for part, run in runs.items()}

    def make_task(fabric: Fabric) -> Task:
        seen = pictures(project, "train")
        images = tuple(picture.image for picture in seen)
        seed = seed_for(params.seed, "improvers", section.seed)
        batches = Crops(images, section.crop, section.batch, seed)
        f = {part: run.network.to(fabric.device) for part, run in runs.items()}
        scorer = scorer_of(section)

        def step(g: nn.Module, i: int) -> dict[str, Tensor]:
            x = fabric.to_device(batches(i, fabric.global_rank, fabric.world_size))
            # One precision for both networks: the gradient crosses from the predictor to the improver.
            with fabric.autocast():
                y = g(x)
                values = loss_values(section, x, y, f, phase_at(section, seed, i), scorer)
            return {**values, "deviation": y.detach().float().std(dim=(2, 3)).mean()}

        return Task(
            step,
            pictures=lambda i: [seen[index].name for index in batches.pictures(i)],
            watch=lambda row: health.warnings(section, row),
        )

    return obtain(
        project, params, "improvers", name, config, make_task,
        section=section, publish=publish, progress=progress,
    )  # fmt: skip


def predictor_or_fill(project: Project, params: Params, name: str, *, progress: bool = True) -> Run:
    """The predictor `name`, or the linear fill where the name is "linear"."""
    if name == "linear":
        return linear_run(project, params)
    return predictor_run(project, params, name, progress=progress)


@torch.no_grad()
def judge_picture(x: Tensor, y: Tensor, f: Mapping[str, nn.Module]) -> dict[str, float]:
    """The judges' table: what changed from x to y, and how predictable y is to whom.

    Args:
        x: the original, (b, 3, h, w); of several, every value is the mean.
        y: what an improver or a filter made of it.
        f: the predictors "good" and "bad", which improvers are trained through, and "judge", which none is.
    """
    z = {key: full_prediction(f[key], y) for key in ("good", "bad")}
    values = {
        "fidelity": predictability(x, y),
        "predictability": predictability(y, z["good"]),
        "predictability_averaged": phase_averaged(f["good"], y),
        "predictability_judge": phase_averaged(f["judge"], y, JUDGE_PHASES),
        "progress": progress(y, z["bad"], z["good"]),
        "contrast_kept": contrast_kept(x, y),
        "high_frequency_kept": high_frequency_kept(x, y),
        "colour_shift": colour_shift(x, y),
    }
    return {key: float(value.mean()) for key, value in values.items()}


def mean_of(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each value over pictures."""
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def filter_at(curve: list[dict[str, float]], fidelity: float) -> float | None:
    """A filter's error by the judge at a given MAE(x, y), between measured points of its curve; None outside them."""
    points = sorted((point["fidelity"], point["predictability_judge"]) for point in curve)
    for (low, error_low), (high, error_high) in itertools.pairwise(points):
        if low <= fidelity <= high:
            share = (fidelity - low) / (high - low) if high > low else 0.0
            return error_low + share * (error_high - error_low)
    return None


def measure_improver(
    project: Project,
    params: Params,
    run: Run,
    f: dict[str, nn.Module],
    filters: dict[str, list[dict[str, float]]],
) -> dict[str, Any]:
    """The judges' table of an improver over the test pictures, beside plain filters at the same MAE(x, y).

    Args:
        project: whose test pictures are used.
        params: for how many of them.
        run: the improver.
        f: the predictors "good", "bad" and "judge".
        filters: each filter's fidelity curve, from `measure_filters`.
    """
    rows, flat = [], []
    for x in judged_images(project, params).values():
        with torch.no_grad():
            y = run.network(x)
        rows.append(judge_picture(x, y, f))
        flat.append(float(y.std(dim=(2, 3)).mean()))
    test = mean_of(rows)
    matched = {name: filter_at(curve, test["fidelity"]) for name, curve in filters.items()}
    known = {name: error for name, error in matched.items() if error is not None}
    best = min(known, key=known.__getitem__) if known else None
    return {
        "test": {**test, "deviation": sum(flat) / len(flat)},
        "filters_at_same_fidelity": matched,
        "best_filter": {"name": best, "predictability_judge": known.get(best)},
        "original": filters["original"][0] if "original" in filters else None,
        "final_loss": run.curve[-1]["loss"],
        "parameters": sum(parameter.numel() for parameter in run.network.parameters()),
        "warnings": health.warnings(
            ImproverParams(**run.config["section"]), {**run.curve[-1], "deviation": sum(flat) / len(flat)}
        ),
    }
