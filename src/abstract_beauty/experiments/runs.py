"""A run: one trained network, its curve, and where both are kept.

A run is known by the hash of its configuration: everything it depends on. A finished run whose configuration is the
one asked for is loaded; any other is trained, in a scratch folder of its own, where it can be killed and resumed.
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from abstract_beauty import weights
from abstract_beauty.errors import SharedError, UserError
from abstract_beauty.files import discard, replacing, rounded, write_json
from abstract_beauty.machine import is_first_process, machine, processes, wait_for_all_processes
from abstract_beauty.params import Params, as_tree
from abstract_beauty.project import Project
from abstract_beauty.training import Clock, Fabric, Row, Task, fit, make_fabric, precision_of, seed_for

# What decides the numbers of a training; a scratch folder of other code is never resumed.
_CODE = (
    "predictors/encoders.py",
    "predictors/four_sides.py",
    "predictors/strips.py",
    "baselines/linear.py",
    "improvers.py",
    "losses.py",
    "full_prediction.py",
    "predictability.py",
    "optimizers.py",
    "checkpoints.py",
    "training.py",
    "experiments/pictures.py",
    "experiments/linear.py",
    "experiments/predictor.py",
    "experiments/improver.py",
    "experiments/objectives.py",
)


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


def _scratch(project: Project, kind: str, name: str, config: Mapping) -> Path:
    here = Path(__file__).resolve().parents[1]
    code = [hashlib.sha256((here / file).read_bytes()).hexdigest() for file in _CODE]
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


def obtain(
    project: Project,
    params: Params,
    kind: str,
    name: str,
    config: Mapping[str, Any],
    make_task: Callable[[Fabric], Task],
    *,
    section: Any,
    begin: Callable[[nn.Module], None] = lambda network: None,
    publish: bool,
    progress: bool,
) -> Run:
    """The finished run of this configuration: loaded where there is one, else trained.

    Args:
        project: whose folders are used.
        params: for the section `training`.
        kind: "predictors" or "improvers".
        name: what the run is called; a key of that section of params where it is published.
        config: everything the numbers depend on.
        section: the network's own parameters: what it is and how long it trains.
        make_task: returns what `fit` trains with, once the devices are known.
        begin: gives a new network what it begins with, beyond its random weights.
        publish: train even if the published run matches, and publish the result under models/run and results: what a
            train stage does. Otherwise the result stays in scratch, so that a notebook never changes the pipeline's.
        progress: whether to show bars.

    Raises:
        SharedError: the section's batch cannot be shared out evenly among the processes.
    """
    published = project.run / kind / f"{name}.safetensors"
    config = json.loads(json.dumps(config))
    scratch = _scratch(project, kind, name, config)
    kept, kept_curve, kept_record = (
        scratch / name for name in ("weights.safetensors", "curve.csv", "record.json")
    )
    if not publish and published.is_file() and weights.describe(published).config == config:
        curve = read_curve(curve_path(project, kind, name))
        return Run(name, weights.load(published, kind), curve, config, published)
    fabric = make_fabric(params.training) if processes() > 1 else None  # also where there is only to publish
    if not all(file.is_file() for file in (kept, kept_curve, kept_record)):
        fabric = fabric or make_fabric(params.training)
        _check_share(kind, name, section.batch, fabric.world_size)
        torch.manual_seed(seed_for(params.seed, kind, section.seed))
        network = weights.build(kind, section.network, section.width)
        begin(network)
        clock = Clock()
        curve = fit(
            network, make_task(fabric), steps=section.steps, learning_rate=section.learning_rate,
            params=params.training, checkpoint=scratch / "checkpoint.safetensors", fabric=fabric,
            optimizer=getattr(section, "optimizer", "adamw"), clock=clock,
            label=f"{kind.removesuffix('s')} {name}", progress=progress,
        )  # fmt: skip
        if is_first_process():
            write_curve(kept_curve, curve)
            described = weights.Description(kind, name, section.network, section.width, config)
            record = {"seconds": clock.seconds, "precision": precision_of(params.training)}
            record |= machine(params.training.accelerator)
            write_json(kept_record, record)
            weights.save(kept, network, described)
        wait_for_all_processes()
    run = Run(name, weights.load(kept, kind), read_curve(kept_curve), config, kept)
    if not publish:
        return run
    if is_first_process():
        write_curve(curve_path(project, kind, name), run.curve)
        # The weights last: where they are of this configuration, the rest is there.
        for source, target in ((kept_record, record_path(published)), (kept, published)):
            with replacing(target) as temporary:
                shutil.copyfile(source, temporary)
    wait_for_all_processes()
    return Run(name, run.network, run.curve, config, published)


def _check_share(kind: str, name: str, batch: int, world: int) -> None:
    """SharedError where some process would get more pictures of a batch than another, or none: means would differ."""
    if batch % world:
        fit_in = ", ".join(str(count) for count in range(1, batch + 1) if batch % count == 0)
        raise SharedError(
            f"params.yaml: {kind}.{name}.batch: {batch} a step cannot be shared evenly by {world} processes; "
            f"start torchrun with one of {fit_in}, or change the batch"
        )


def forget(project: Project, kind: str, run: Run) -> None:
    """Remove a published run's scratch folder, so that the next train stage really trains."""
    discard(_scratch(project, kind, run.name, run.config))


def base_config(params: Params, data_hash: str, section: Any) -> dict[str, Any]:
    """What every run depends on: its section, the seed, how it is trained, and the pictures."""
    training = as_tree(params.training)
    decides = {key: training[key] for key in ("precision", "warmup", "clip", "log_every")}
    return {"section": as_tree(section), "seed": params.seed, "training": decides, "data": data_hash}
