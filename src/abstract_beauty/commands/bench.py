"""`abstract-beauty bench`: how fast everything is, measured in one run on one machine.

Whatever is compared takes turns: in each trial every way is timed once, so that a busy moment of the machine hits all
alike, and what is reported is the median of the trials. Weights make no difference to the time, so they are random.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor, nn
from tqdm.auto import tqdm

from abstract_beauty.commands import bench_runs as timed
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.improver import loss_values
from abstract_beauty.files import rounded, write_json
from abstract_beauty.losses import LOSSES
from abstract_beauty.params import ImproverParams, Params, PredictorParams, TrainingParams, load_params
from abstract_beauty.prediction.full_prediction import MARGIN, TILE, along_axis, contexts, full_prediction
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.training.fit import computes_in_bfloat16, fit, make_fabric, precision_of
from abstract_beauty.training.machine import machine
from abstract_beauty.training.runs import row

Tree = dict[str, Any]

FEWEST = 3  # trials of a large picture, which gets a third of the others'
STEPS = 4  # of training, timed together


@dataclass(frozen=True)
class Settings:
    """What is timed, and how often."""

    # What is trained: rows of params.yaml. The first two also say how wide the networks are that predict.
    good: PredictorParams
    article: PredictorParams
    improver: ImproverParams
    sizes: tuple[int, ...] = (320, 1024)  # sides of the square pictures of full prediction, pixels
    trials: int = 7
    sides: tuple[int, ...] = (128, 256, 512, 1024, 2048)  # of the pictures of the scaling, pixels

    def trials_of(self, size: int) -> int:
        """Timed trials at a picture size."""
        return self.trials if size <= timed.LARGE else min(self.trials, max(FEWEST, self.trials // 3))


def settings_for(params: Params, options: argparse.Namespace) -> Settings:
    """The settings that the command's options mean, UserError where they cannot be; `--quick` makes all small."""
    good, article = (row(params, "predictors", name) for name in ("good", "article"))
    settings = Settings(good, article, row(params, "improvers", "smoothing"))
    if options.quick:
        small = [replace(trained, width=16, batch=1) for trained in (good, article, settings.improver)]
        settings = Settings(*small, sizes=(64,), trials=1, sides=(64, 128))
    sizes = tuple(dict.fromkeys(options.size or settings.sizes))
    if min(sizes) < TILE:
        raise UserError(f"--size {min(sizes)}: must be at least {TILE}")
    sides = tuple(side for side in settings.sides if side <= (options.largest or side))
    if len(sides) < 2:
        least = settings.sides[1]
        raise UserError(f"--largest {options.largest}: must be at least {least}, to compare two sizes")
    return replace(settings, sizes=sizes, sides=sides, trials=options.trials or settings.trials)


def full_prediction_times(size: int, trials: int, networks: timed.Networks) -> Tree:
    """Every way at one picture size: {mode: {method: {precision: row}}}, compared with the float32 loop."""
    tree: Tree = {}
    for mode in ("forward", "forward_backward"):
        runs = timed.runs_of(networks, size, gradient=mode == "forward_backward")
        tree[mode] = timed.compared(runs, size, trials)
        for method, rows in tree[mode].items():
            # The loop calculates what the batch does, and counting takes longest where calls are many.
            count = timed.gflop(runs["batched" if method == "loop" else method, "float32"])
            for found in rows.values():
                found["gflop"] = count
    return tree


def where_time_goes(size: int, networks: timed.Networks) -> Tree:
    """Which share of each way's time products of matrices take, and which the rest."""
    shares: Tree = {method: {} for method in timed.METHODS}
    for (method, precision), run in timed.runs_of(networks, size).items():
        share = timed.share_of_products(run)
        shares[method][precision] = {"matrices": share, "rest": 1 - share}
    return {"forward": shares}


def scaling(settings: Settings, networks: timed.Networks) -> Tree:
    """How the time of one pass, forward, grows with the picture: times by side, and the exponent against pixels."""
    sides = {}
    for side in settings.sides:
        runs = timed.runs_of(networks, side, ["one_pass"])
        sides[str(side)] = timed.compared(runs, side, settings.trials_of(side))["one_pass"]
    exponents = {}
    for precision in timed.PRECISIONS:
        times = {int(side): rows[precision]["seconds"] for side, rows in sides.items()}
        exponents[precision] = timed.exponent({side: seconds for side, seconds in times.items() if seconds})
    return {"sides": sides, "exponent": exponents}


def loss_of(row: PredictorParams | ImproverParams, f: nn.Module) -> tuple[Callable, float]:
    """What a row of params.yaml trains, an improver through `f`, on pictures that are there: a step's loss, tiles."""
    if not row.crop:
        context, hidden = contexts(timed.picture(TILE * row.batch)[:, :, :TILE])
        centre = context[..., MARGIN : MARGIN + TILE, MARGIN : MARGIN + TILE]
        return lambda network, i: mae(network(context, hidden), centre), row.batch
    x = timed.picture(row.crop, row.batch)
    if isinstance(row, ImproverParams):
        loss = LOSSES[row.loss]
        tiles = row.batch * len(along_axis(row.crop, 0)[1]) ** 2
        return lambda g, i: loss_values(loss, row.weights, x, g(x), {"good": f, "bad": f})["loss"], tiles
    phases = (0, TILE // 2)  # the article's grid, and another in turn
    tiles = row.batch * statistics.mean(len(along_axis(row.crop, phase)[1]) ** 2 for phase in phases)
    return lambda network, i: mae(x, full_prediction(network, x, (phases[i % 2],) * 2)), tiles


def training_times(settings: Settings, f: nn.Module) -> Tree:
    """Steps of the project's own training loop; `chosen` are those in the precision that it takes by itself."""
    rows = {"predictor": settings.good, "article": settings.article, "improver": settings.improver}
    losses = {name: loss_of(row, f) for name, row in rows.items()}
    runs, steps = {}, {name: {} for name in rows}
    with tempfile.TemporaryDirectory() as folder:
        for precision, own_name in zip(timed.PRECISIONS, ("32-true", "bf16-mixed"), strict=True):
            params = TrainingParams(precision=own_name)
            fabric = make_fabric(params)

            def step(network: nn.Module, i: int, loss: Callable, fabric: Any = fabric) -> dict[str, Tensor]:
                with fabric.autocast():
                    return {"loss": loss(network, i)}

            for name, row in rows.items():
                kind = "improvers" if name == "improver" else "predictors"
                network = timed.seeded(kind, row.network, row.width).requires_grad_(True)
                runs[name, precision] = partial(
                    fit, network, partial(step, loss=losses[name][0]), params=params, steps=STEPS,
                    learning_rate=row.learning_rate, optimizer=getattr(row, "optimizer", "adamw"),
                    checkpoint=Path(folder) / "none", fabric=fabric, progress=False,
                )  # fmt: skip
        seconds = timed.in_turn(runs, settings.trials)
    for (name, precision), spent in seconds.items():
        second, images = statistics.median(spent) / STEPS, rows[name].batch if rows[name].crop else None
        steps[name][precision] = {
            "seconds": second,
            "images_per_second": images and images / second,
            "tiles_per_second": losses[name][1] / second,
        }
    default = "bfloat16" if precision_of(TrainingParams()) == "bf16-mixed" else "float32"
    chosen = {name: kinds[default] for name, kinds in steps.items()}
    return {"default_precision": default, "steps": steps, "chosen": chosen}


def _rows(title: str, tree: dict[str, dict[str, Any]]) -> str:
    """A title and a table of {name: {precision: row}}, with a dash where nothing was measured."""
    rows = {(name, precision): row for name, kinds in tree.items() for precision, row in kinds.items()}
    frame = pd.DataFrame.from_dict(rows, orient="index").astype(object)
    return f"{title}\n{frame.where(frame.notna(), '-').to_string(float_format='{:.4g}'.format)}"


def table(report: dict[str, Any]) -> str:
    """All tables of a report, their columns called as its keys are."""
    machine, growth, training = (report[key] for key in ("machine", "scaling", "training"))
    parts = [f"{machine['device']}, {machine['threads']} threads, torch {machine['torch']}"]
    for size, modes in report["full_prediction"].items():
        trials = f"median of {report['settings']['trials'][size]}; faster than the float32 loop"
        for mode, rows in modes.items():
            parts.append(_rows(f"full prediction of {size}x{size}, {mode}, {trials}", rows))
    exponents = ", ".join(f"{value:.2f} in {precision}" for precision, value in growth["exponent"].items())
    return "\n\n".join([
        *parts,
        _rows("shares of the time of operations, forward", report["where_time_goes"]["forward"]),
        _rows(f"one pass; time grows as pixels to the power of {exponents}", growth["sides"]),
        _rows(f"training; by itself it takes {training['default_precision']} here", training["steps"]),
    ])  # fmt: skip


def bench(settings: Settings) -> Tree:
    """Measure this machine, on its GPU where there is one: the report, plain values in dicts, times in seconds.

    Keys of full prediction are size, mode, method, precision: `full_prediction.320.forward.one_pass.bfloat16.seconds`.
    """
    good, article, improver = settings.good, settings.article, settings.improver
    report: Tree = {
        "machine": machine() | {"bfloat16": "has" if computes_in_bfloat16() else "does not have"},
        "settings": {
            "trials": {str(size): settings.trials_of(size) for size in settings.sizes},
            "token_width": good.width, "crop": good.crop, "crops": good.batch, "tiles": article.batch,
            "improver_crop": improver.crop, "improver_images": improver.batch,
        },
    }  # fmt: skip
    networks = timed.networks_for(article.width, good.width)
    parts = {
        "full_prediction": lambda: {
            str(size): full_prediction_times(size, settings.trials_of(size), networks)
            for size in settings.sizes
        },
        "where_time_goes": lambda: where_time_goes(min(settings.sizes), networks),
        "scaling": lambda: scaling(settings, networks),
        "training": lambda: training_times(settings, networks["four_sides", "float32"]),
    }
    for name in tqdm(parts, desc="bench", disable=None, leave=False):  # only where someone looks on
        report[name] = parts[name]()
    report["fastest"] = {size: {} for size in report["full_prediction"]}
    for size, modes in report["full_prediction"].items():
        for mode, methods in modes.items():  # one pass in the precision that is faster here
            rows = [{"precision": name, **row} for name, row in methods["one_pass"].items() if row["seconds"]]
            report["fastest"][size][mode] = min(rows, key=lambda row: row["seconds"])
    return report


def bench_command(options: argparse.Namespace) -> None:
    """Measure, and print tables or JSON; write the JSON where it is wanted."""
    settings = settings_for(load_params(), options)
    if options.out and os.path.isdir(options.out):
        raise UserError(f"{options.out}: is a folder; give --out the name of a file")
    report = bench(settings)
    print(json.dumps(rounded(report), indent=2) if options.json else table(report), flush=True)
    if options.out:
        write_json(options.out, report)
