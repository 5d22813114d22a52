"""A run: one trained network, its curve, and where both are kept.

What the pipeline made lies under models/run and results, and is read where its configuration is the one asked for; DVC
decides when it is made again. Anything else is trained, in a scratch folder, where a killed training goes on.
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from abstract_beauty import weights
from abstract_beauty.errors import SharedError, UserError
from abstract_beauty.files import discard, replacing, rounded, write_json
from abstract_beauty.params import Params, as_tree
from abstract_beauty.project import Project
from abstract_beauty.training.checkpoints import Row
from abstract_beauty.training.fit import Fabric, Task, fit, make_fabric, precision_of, seed_for
from abstract_beauty.training.machine import is_first_process, machine, processes, wait_for_all_processes

# The code that decides what a training ends with: an unfinished one of other code is never gone on with.
CODE = ("prediction", "predictors", "improvers", "losses", "training", "experiments")


@dataclass(frozen=True)
class Run:
    """A trained network (eval mode, frozen), its loss curve, and the configuration that it came from."""

    name: str
    network: nn.Module
    curve: list[Row]
    config: Mapping[str, Any]
    path: Path


def digest(value: Any) -> str:
    """Hex SHA-256 of a plain value's JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def config_of(params: Params, data_hash: str, section: Any, **more: Any) -> dict[str, Any]:
    """Everything that a training depends on: its section, the seed, how it is trained, the pictures, and `more`."""
    training = as_tree(params.training)
    decides = {key: training[key] for key in ("precision", "warmup", "clip", "log_every")}
    own = {key: value for key, value in as_tree(section).items() if key != "title"}
    return {"section": own, "seed": params.seed, "training": decides, "data": data_hash, **more}


def row(params: Params, kind: str, name: str) -> Any:
    """The row `name` of the section "predictors" or "improvers"; UserError names those there are."""
    rows = getattr(params, kind)
    if name not in rows:
        raise UserError(f"params.yaml: {kind}: there is no {name!r}; there are {', '.join(rows)}")
    return rows[name]


def scratch(project: Project, kind: str, name: str, config: Mapping[str, Any]) -> Path:
    """The folder of a training of this configuration by this code."""
    here = Path(__file__).parents[1]
    files = sorted(file for folder in CODE for file in (here / folder).rglob("*.py"))
    code = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (*files, here / "fields.py")]
    return project.scratch / f"{kind}-{name}-{digest([config, code])[:12]}"


def curve_path(project: Project, kind: str, name: str) -> Path:
    """Where a published run's curve lies: results/KIND/NAME.csv."""
    return project.results / kind / f"{name}.csv"


def record_path(weights_file: Path) -> Path:
    """Where the machine and the seconds of a training are noted, beside the weights: NAME.record.json."""
    return weights_file.with_suffix(".record.json")


def write_curve(path: Path, curve: list[Row]) -> None:
    """Write a curve as CSV, a column for the step, then one for each value, at six significant digits."""
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, list(curve[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rounded(row) for row in curve)


def read_curve(path: Path) -> list[Row]:
    """Read a curve; UserError names the file when it is missing or damaged."""
    try:
        if not os.path.isfile(path):  # a pipe would be waited upon for ever
            raise ValueError("no such file")
        with open(path, newline="") as file:
            rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
        if not rows:
            raise ValueError("it has no rows")
        return [{**row, "step": int(row["step"])} for row in rows]
    except (OSError, ValueError, TypeError, LookupError, OverflowError, csv.Error) as error:
        raise UserError(f"{path}: the curve cannot be read ({error}); run its train stage again") from error


def run_of(
    project: Project,
    params: Params,
    kind: str,
    name: str,
    config: Mapping[str, Any],
    make_task: Callable[[Fabric], Task],
    *,
    section: Any,
    begin: Callable[[nn.Module], None] = lambda network: None,
    publish: bool = False,
    one_of_many: bool = False,
    progress: bool = True,
) -> Run:
    """The run of a section: what the pipeline made of this configuration by this code, else trained in scratch.

    A training that was killed goes on where it was; one that has come to its end is done again.

    Args:
        make_task: returns what `fit` trains with, once the devices are known.
        begin: gives a new network what it begins with, beyond its random weights.
        publish: train it, and put it where the pipeline's is.
        one_of_many: of a stage of many trainings, which takes those that have come to their end as they are, and
            removes them all when it ends itself (`forget`).

    Raises:
        SharedError: the section's batch cannot be shared out evenly among the processes.
    """
    made = project.run / kind / f"{name}.safetensors"
    stale = f"train-{kind.removesuffix('s')}@{name}" in project.stale
    for_reading = not (publish or one_of_many)
    if for_reading and made.is_file() and not stale and weights.describe(made).config == config:
        return Run(name, weights.load(made, kind), read_curve(curve_path(project, kind, name)), config, made)

    folder = scratch(project, kind, name, config)
    kept, kept_curve = folder / "weights.safetensors", folder / "curve.csv"
    fabric = make_fabric(params.training) if processes() > 1 else None  # all processes meet, also at the end
    if for_reading and kept.is_file() and is_first_process():
        discard(folder)
    wait_for_all_processes()
    if not kept.is_file():
        fabric = fabric or make_fabric(params.training)
        _check_share(kind, name, section.batch, fabric.world_size)
        torch.manual_seed(seed_for(params.seed, kind, section.seed))
        network = weights.build(kind, section.network, section.width)
        begin(network)
        state = fit(
            network, make_task(fabric), steps=section.steps, learning_rate=section.learning_rate,
            params=params.training, checkpoint=folder / "checkpoint.safetensors", fabric=fabric,
            optimizer=getattr(section, "optimizer", "adamw"), label=f"{kind.removesuffix('s')} {name}",
            progress=progress,
        )  # fmt: skip
        if is_first_process():
            write_curve(kept_curve, state.curve)
            record = {"seconds": state.seconds, "precision": precision_of(params.training)}
            write_json(folder / "record.json", record | machine(params.training.accelerator))
            description = weights.Description(kind, name, section.network, section.width, config)
            weights.save(kept, network, description)  # last: where they are, the rest is there
        wait_for_all_processes()
    run = Run(name, weights.load(kept, kind), read_curve(kept_curve), config, kept)
    if not publish:
        return run
    wait_for_all_processes()  # every one has read the run
    if is_first_process():
        write_curve(curve_path(project, kind, name), run.curve)
        for source, target in ((folder / "record.json", record_path(made)), (kept, made)):
            with replacing(target) as temporary:
                shutil.copyfile(source, temporary)
        discard(folder)
    wait_for_all_processes()
    return replace(run, path=made)


def forget(*found: Run) -> None:
    """Remove the scratch folders of a stage's many trainings, when the stage has ended."""
    for run in found:
        discard(run.path.parent)


def _check_share(kind: str, name: str, batch: int, world: int) -> None:
    """SharedError where some process would get more pictures of a batch than another, or none: means would differ."""
    if batch % world:
        shares = ", ".join(str(count) for count in range(1, batch + 1) if batch % count == 0)
        wrong = f"{kind}.{name}.batch: {batch} a step cannot be shared evenly by {world} processes"
        raise SharedError(f"params.yaml: {wrong}; start torchrun with one of {shares}, or change the batch")
