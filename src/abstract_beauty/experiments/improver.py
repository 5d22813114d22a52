"""Train an improver through frozen predictors, and measure what it does to the test pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty import improvers
from abstract_beauty.data import Picture
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.pictures import data_hash, judged_images, pictures
from abstract_beauty.experiments.predictor import networks, predictor_config, predictor_run
from abstract_beauty.files import read_json, write_json
from abstract_beauty.improvers import mover
from abstract_beauty.losses import LOSSES, needs
from abstract_beauty.losses._scorers import load_scorer
from abstract_beauty.measures.judging import KEPT, Point, best_keeping, judge_picture, mean_of, point_at
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import Phase, full_prediction
from abstract_beauty.prediction.predictability import SMALLEST_ERROR, mae
from abstract_beauty.project import Project
from abstract_beauty.sections import ImproverParams
from abstract_beauty.training import runs
from abstract_beauty.training.batches import Crops, random_phase
from abstract_beauty.training.checkpoints import Row
from abstract_beauty.training.fit import Fabric, Task, seed_for

Loss = Callable[..., Tensor]
LOOKS = (1, 2, 4, 8, 16, 32)
FLAT = 1 / 256  # standard deviation of an image's pixels, below which 8 bits show nothing


def loss_values(
    loss: Loss,
    weights: Mapping[str, float],
    x: Tensor,
    y: Tensor,
    f: Mapping[str, nn.Module],
    phase: Phase = (0, 0),
    scorer: Callable[[Tensor], Tensor] | None = None,
    u: Tensor | None = None,
) -> dict[str, Tensor]:
    """A loss with its weights, given the tensors that it names, with the parts it is made of for the curve.

    f are the predictors "good" and, for losses of two, "bad"; the scorer is for the loss that asks one, the field u for
    that of moving.
    """
    names, _ = needs(loss)
    given: dict[str, Any] = {"x": x, "y": y, "u": u, "score": scorer}
    values = {"mae_xy": mae(x, y)}
    if "good" in f:
        given["z"] = full_prediction(f["good"], y, phase)
        values["mae_yz"] = mae(y, given["z"])
    if "z_bad" in names:
        given["z_bad"] = full_prediction(f["bad"], y, phase)
        values["mae_yz_bad"] = mae(y, given["z_bad"])
    if "z_x" in names:
        with torch.no_grad():
            given["z_x"] = full_prediction(f["good"], x, phase)
    return {"loss": loss(**{name: given[name] for name in names}, **weights), **values}


def predictors_of(section: ImproverParams) -> dict[str, str]:
    """Which predictors an improver is trained through: the part that each plays -> its name."""
    names, _ = needs(LOSSES[section.loss])
    parts = {"good": "good"} if {"z", "z_x"} & set(names) else {}
    return parts | ({"bad": section.bad or "bad"} if "z_bad" in names else {})


def improver_config(
    project: Project, params: Params, name: str, section: ImproverParams | None = None
) -> dict[str, Any]:
    """Everything that an improver depends on; of a row of params.improvers where no other section is given."""
    section = section or runs.row(params, "improvers", name)
    parts = predictors_of(section).items()
    through = {part: runs.digest(predictor_config(project, params, key)) for part, key in parts}
    if improvers.moves(improvers.NETWORKS[section.network]):
        through["eye"] = runs.digest(predictor_config(project, params, "good"))
    return runs.config_of(params, data_hash(project), section, through=through)


def improver_run(
    project: Project,
    params: Params,
    name: str,
    *,
    section: ImproverParams | None = None,
    publish: bool = False,
    progress: bool = True,
) -> runs.Run:
    """The improver `name` of params.improvers: read where the pipeline made it with these settings, else trained.

    The predictors are trained first where they are missing. Their parameters are frozen; gradients pass through them.
    Arguments and errors are those of `predictor_run`.
    """
    one_of_many = section is not None
    section = section or runs.row(params, "improvers", name)
    config = improver_config(project, params, name, section)

    def begin(g: nn.Module) -> None:
        if improvers.moves(g):
            give_eye(g, predictor_run(project, params, "good", progress=progress).network)

    def make_task(fabric: Fabric) -> Task:
        f = {
            part: predictor_run(project, params, key, progress=progress).network
            for part, key in predictors_of(section).items()
        }
        task = improver_task(
            pictures(project, "train"), f, LOSSES[section.loss], section.weights, section,
            seed_for(params.seed, "improvers", section.seed), fabric,
        )  # fmt: skip
        return replace(task, watch=lambda row: warnings(section, row))

    return runs.run_of(
        project, params, "improvers", name, config, make_task, section=section, begin=begin,
        publish=publish, one_of_many=one_of_many, progress=progress,
    )  # fmt: skip


def give_eye(g: nn.Module, f: nn.Module) -> None:
    """Make the predictor f the part of g that looks; UserError where g was built for another width or network."""
    try:
        g.eye.load_state_dict(f.state_dict())
    except RuntimeError as error:
        what = "a predictor four_sides of its own width to look with"
        raise UserError(f"{type(g).__name__}: needs {what}, which the predictor 'good' is not") from error


def improver_task(
    seen: Sequence[Picture],
    f: Mapping[str, nn.Module],
    loss: Loss,
    weights: Mapping[str, float],
    section: ImproverParams,
    seed: int,
    fabric: Fabric,
) -> Task:
    """What an improver is to learn of pictures, through the frozen predictors f; of the section how, not what."""
    batches = Crops(tuple(picture.image for picture in seen), section.batch, seed, section.crop)
    f = {part: network.to(fabric.device) for part, network in f.items()}
    of_a_field = "u" in needs(loss)[0]
    scorer = load_scorer(section.scorer) if section.scorer else None

    def step(g: nn.Module, i: int) -> dict[str, Tensor]:
        x = fabric.to_device(batches(i, fabric.global_rank, fabric.world_size))
        phase = (0, 0) if section.phase == "fixed" else random_phase(seed, i)
        # One precision for both networks: the gradient crosses from the predictor to the improver.
        with fabric.autocast():
            y, u = g(x, field=True) if of_a_field else (g(x), None)
            x = x.repeat(len(y) // len(x), 1, 1, 1)  # one that moves shows every look
            values = loss_values(loss, weights, x, y, f, phase, scorer, u)
        return {**values, "deviation": y.detach().float().std(dim=(2, 3)).mean()}

    return Task(step, lambda i: [seen[index].name for index in batches.pictures(i)])


def warnings(section: ImproverParams, row: Row) -> list[str]:
    """What may be wrong with an improver although all numbers of a row of its curve are finite; empty: nothing.

    A plain network is flat while it has learnt nothing, so the first half of the training says nothing.
    """
    if row["step"] * 2 < section.steps:
        return []
    found = []
    if row["deviation"] < FLAT:
        found.append("its output is one flat colour")
    # The error below the line of a ratio; a loss of two predictors names it where it is not the bad one's.
    loss = LOSSES[section.loss]
    below = getattr(loss, "divides_by", "mae_yz_bad")
    if "z_bad" in needs(loss)[0] and row[below] < 2 * SMALLEST_ERROR:
        name = "MAE(y, z)" if below == "mae_yz" else "MAE(y, z_bad)"
        why = "which is next to 0: both predictors know its pictures by heart"
        found.append(f"its ratio divides by {name}, {why}")
    return found


def measure_improver(
    project: Project,
    params: Params,
    run: runs.Run,
    f: Mapping[str, nn.Module],
    filters: Mapping[str, Sequence[Point]],
) -> dict[str, Any]:
    """The judges' table of an improver over the test pictures, beside plain filters at the same MAE(x, y).

    f are the predictors "good", "bad" and "judge"; filters each filter's curve, from the stage `filters`. With "looks",
    of one that moves: the same after fewer and more of them.
    """
    g, images = run.network, judged_images(project, params).values()
    moves = improvers.moves(g)

    @torch.no_grad()
    def judged(**how: int) -> dict[str, float]:
        rows = []
        for x in images:
            y, u = g(x, field=True, **how) if moves else (g(x), None)
            rows.append({**judge_picture(x, y, f, u), "deviation": float(y.std(dim=(2, 3)).mean())})
        return mean_of(rows)

    test = judged()
    matched = {name: point_at(points, "change", test["change"]) for name, points in filters.items()}
    errors = {name: point and point["error_judge"] for name, point in matched.items()}
    reached = [name for name, error in errors.items() if error is not None]
    best = min(reached, key=errors.__getitem__, default=None)
    keeping = best_keeping(filters, test)
    looks = {f"{n}": test if n == mover.LOOKS else judged(looks=n) for n in LOOKS if moves}
    return {
        "test": test,
        "filters_at_same_change": errors,
        "best_filter": {"name": best, "error_judge": errors.get(best)},
        "best_filter_keeping": {key: keeping[key] for key in ("name", "error_judge", *KEPT)},
        "original": filters["original"][0],
        "final_loss": run.curve[-1]["loss"],
        "parameters": sum(p.numel() for name, p in g.named_parameters() if not name.startswith("eye.")),
        "warnings": warnings(params.improvers[run.name], {**run.curve[-1], "deviation": test["deviation"]}),
    } | ({"looks": looks} if moves else {})


def stage(project: Project, params: Params, name: str) -> None:
    """Write results/improvers/NAME.json."""
    curves = read_json(project.results / "filters.json")
    f = networks(project, params, "good", "bad", "judge")
    numbers = measure_improver(project, params, improver_run(project, params, name), f, curves)
    write_json(project.results / "improvers" / f"{name}.json", numbers)
