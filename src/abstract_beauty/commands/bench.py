"""`abstract-beauty bench`: how fast everything is, measured in one run on one machine.

Whatever is compared takes turns: in each trial every way is timed once, so that a busy moment of the machine hits all
alike, and what is reported is the median of the trials. Weights make no difference to the time, so they are random.
"""

import argparse
import copy
import json
import math
import os
import re
import statistics
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from torch.profiler import profile
from torch.utils.benchmark import Timer
from tqdm.auto import tqdm

from abstract_beauty import weights
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.improver import loss_values
from abstract_beauty.files import check_outputs, rounded, write_json
from abstract_beauty.losses import LOSSES
from abstract_beauty.params import load_params
from abstract_beauty.prediction.full_prediction import MARGIN, TILE, contexts, full_prediction
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.sections import ImproverParams, PredictorParams, TrainingParams
from abstract_beauty.training.fit import computes_in_bfloat16, fit, make_fabric, precision_of
from abstract_beauty.training.machine import machine
from abstract_beauty.training.runs import row

Run = Callable[[], object]
Tree = dict[str, Any]
Networks = dict[tuple[str, str], nn.Module]  # by name and precision
Trained = dict[str, PredictorParams | ImproverParams]  # rows of params.yaml, by what the report calls them

LARGE = 512  # pixels a side of a picture that takes long
TRIALS = 7
PATIENCE = 3.0  # seconds a run; what takes longer, as imitated bfloat16 does, is timed in one trial only
LEAST = 0.05  # seconds that a turn lasts: what is quick is repeated in it
STEPS = 4  # of training, timed together
PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed"}  # and what Lightning Fabric calls them
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# From the article's way to this book's, one step at a time: (network, method of full_prediction).
METHODS = {
    "loop": ("encoder", "loop"),
    "batched": ("encoder", "batched"),
    "four_sides_batched": ("four_sides", "batched"),
    "one_pass": ("four_sides", "one_pass"),
}
PRODUCTS = re.compile(r"aten::((add|badd)?b?mm|\w*conv\w*)")  # the operations that are products of matrices


def in_turn(runs: Mapping[Any, Run]) -> dict[Any, list[float]]:
    """Seconds of each run in every trial; in a trial all take one turn, in their order, with a warm-up of its own."""
    threads = torch.get_num_threads()
    timers = {key: Timer("run()", globals={"run": run}, num_threads=threads) for key, run in runs.items()}
    seconds: dict[Any, list[float]] = {key: [] for key in runs}
    for _ in range(TRIALS):
        for key, timer in timers.items():
            if not seconds[key] or seconds[key][0] <= PATIENCE:
                seconds[key].append(timer.blocked_autorange(min_run_time=LEAST).median)
    return seconds


def picture(size: int, images: int = 1) -> Tensor:
    """Noise in [0, 1]. What a picture shows makes no difference to the time."""
    return torch.rand(images, 3, size, size, generator=torch.Generator().manual_seed(size)).to(DEVICE)


def networks_for(encoder_width: int, four_sides_width: int) -> Networks:
    """What METHODS names, frozen, in each precision; the one-pass network is brought to it as a whole."""
    encoder = weights.build("predictors", "context_encoder", encoder_width)
    four_sides = weights.build("predictors", "four_sides", four_sides_width)
    found: Networks = {}
    for precision in PRECISIONS:
        found["encoder", precision] = encoder
        found["four_sides", precision] = copy.deepcopy(four_sides).to(getattr(torch, precision))
    return {key: network.to(DEVICE).eval().requires_grad_(False) for key, network in found.items()}


def runs_of(networks: Networks, size: int, gradient: bool = False) -> dict[tuple[str, str], Run]:
    """Each of METHODS in each precision: z of a picture, or the gradient of MAE(y, z) with respect to it.

    A large picture is left out in bfloat16 where that is imitated, since it would take minutes.
    """
    y = picture(size)

    def predict(f: nn.Module, how: str, precision: str) -> Tensor:
        image = y.detach().requires_grad_(gradient)
        low = torch.autocast(DEVICE.type, torch.bfloat16, enabled=precision == "bfloat16")
        with torch.set_grad_enabled(gradient), low:
            z = full_prediction(f, image, method=how)
        if gradient:
            mae(z, image).backward()
        return image.grad if gradient else z

    return {
        (method, precision): partial(predict, networks[name, precision], how, precision)
        for method, (name, how) in METHODS.items()
        for precision in PRECISIONS
        if precision == "float32" or size <= LARGE or computes_in_bfloat16()
    }


def compared(runs: Mapping[tuple[str, str], Run]) -> Tree:
    """Runs on a square picture, {method: {precision: row}}; None: it is not timed.

    How many times faster one is than the first is the median over trials of the ratio within a trial.
    """
    seconds = in_turn(runs)
    first = next(iter(seconds.values()))
    tree: Tree = {method: {} for method, _ in runs}
    for method, rows in tree.items():
        for precision in PRECISIONS:
            spent = seconds.get((method, precision))
            ratios = spent and [slow / fast for slow, fast in zip(first, spent, strict=False)]
            median = spent and statistics.median(spent)
            rows[precision] = {"seconds": median, "times_faster": ratios and statistics.median(ratios)}
    return tree


def share_of_products(run: Run) -> float:
    """The share of the time of a run's operations that PRODUCTS take; the time between operations is left out."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler writes lines of its own to stderr
    run()  # what is set up the first time
    with profile() as seen:
        run()
    kind = "self_device_time_total" if DEVICE.type == "cuda" else "self_cpu_time_total"
    events = [event for event in seen.key_averages() if event.key.startswith("aten::")]
    products = sum(getattr(event, kind) for event in events if PRODUCTS.fullmatch(event.key))
    return products / sum(getattr(event, kind) for event in events)


def loss_of(row: PredictorParams | ImproverParams, f: nn.Module) -> tuple[Callable, int]:
    """A step's loss of a row of params.yaml, an improver's through `f`, on pictures that are there; and its tiles."""
    if not row.crop:
        context, hidden = contexts(picture(TILE * row.batch)[:, :, :TILE])
        centre = context[..., MARGIN : MARGIN + TILE, MARGIN : MARGIN + TILE]
        return lambda network: mae(network(context, hidden), centre), row.batch
    x, tiles = picture(row.crop, row.batch), row.batch * math.ceil(row.crop / TILE) ** 2
    if isinstance(row, ImproverParams):
        loss = LOSSES[row.loss]
        return lambda g: loss_values(loss, row.weights, x, g(x), {"good": f, "bad": f})["loss"], tiles
    return lambda network: mae(x, full_prediction(network, x)), tiles


def training_times(rows: Trained, f: nn.Module) -> Tree:
    """Steps of the project's own training loop: {row: {precision: times}}, and the precision it takes by itself."""
    losses = {name: loss_of(row, f) for name, row in rows.items()}
    runs, steps = {}, {name: {} for name in rows}
    for precision, own_name in PRECISIONS.items():
        params = TrainingParams(precision=own_name)
        fabric = make_fabric(params)

        def step(network: nn.Module, i: int, loss: Callable, fabric: Any = fabric) -> dict[str, Tensor]:
            with fabric.autocast():
                return {"loss": loss(network)}

        for name, section in rows.items():
            kind = "improvers" if isinstance(section, ImproverParams) else "predictors"
            runs[name, precision] = partial(
                fit, weights.build(kind, section.network, section.width), partial(step, loss=losses[name][0]),
                params=params, steps=STEPS, learning_rate=section.learning_rate,
                optimizer=getattr(section, "optimizer", "adamw"), checkpoint=None, fabric=fabric,
                progress=False,
            )  # fmt: skip
    seconds = in_turn(runs)
    for (name, precision), spent in seconds.items():
        second = statistics.median(spent) / STEPS
        steps[name][precision] = {"seconds": second, "tiles_per_second": losses[name][1] / second}
    default = "bfloat16" if precision_of(TrainingParams()) == "bf16-mixed" else "float32"
    return {"default_precision": default, "steps": steps}


def bench(rows: Trained, sizes: list[int]) -> Tree:
    """Measure this machine, on its GPU where there is one: the report, plain values in dicts, times in seconds.

    Keys of full prediction are size, mode, method, precision: `full_prediction.320.forward.one_pass.bfloat16.seconds`.

    Args:
        rows: what is trained, "predictor", "article" and "improver"; the first two are as wide as what predicts.
        sizes: sides of the square pictures of full prediction, at least 32 pixels.
    """
    good, article, improver = rows["predictor"], rows["article"], rows["improver"]
    networks = networks_for(article.width, good.width)
    report: Tree = {
        "machine": machine() | {"bfloat16": "has" if computes_in_bfloat16() else "does not have"},
        "settings": {
            "token_width": good.width, "crop": good.crop, "crops": good.batch, "tiles": article.batch,
            "improver_crop": improver.crop, "improver_images": improver.batch,
        },
        "full_prediction": {},
    }  # fmt: skip
    for size in tqdm(sizes, desc="full prediction", disable=None, leave=False):  # only where someone looks on
        report["full_prediction"][str(size)] = {
            "forward": compared(runs_of(networks, size)),
            "forward_backward": compared(runs_of(networks, size, gradient=True)),
        }
    shares: Tree = {method: {} for method in METHODS}
    for (method, precision), run in runs_of(networks, min(sizes)).items():
        shares[method][precision] = {"matrices": share_of_products(run)}
    report["where_time_goes"] = {"forward": shares}
    report["training"] = training_times(rows, networks["four_sides", "float32"])
    return report


def table(report: Tree) -> str:
    """All tables of a report, their columns called as its keys are, with a dash where nothing was measured."""
    machine, training = report["machine"], report["training"]
    tables = {
        f"full prediction of {size}x{size}, {mode}; faster than the float32 loop": methods
        for size, modes in report["full_prediction"].items()
        for mode, methods in modes.items()
    }
    tables["shares of the time of operations, forward"] = report["where_time_goes"]["forward"]
    tables[f"training; by itself it takes {training['default_precision']} here"] = training["steps"]
    parts = [f"{machine['device']}, {machine['threads']} threads, torch {machine['torch']}"]
    for title, tree in tables.items():
        rows = {(name, precision): row for name, kinds in tree.items() for precision, row in kinds.items()}
        frame = pd.DataFrame.from_dict(rows, orient="index").astype(object)
        text = frame.where(frame.notna(), "-").to_string(float_format="{:.4g}".format)
        parts.append(f"{title}\n{text}")
    return "\n\n".join(parts)


def bench_command(options: argparse.Namespace) -> None:
    """Measure, and print tables or JSON; write the JSON where it is wanted."""
    if min(options.size) < TILE:
        raise UserError(f"--size {min(options.size)}: must be at least {TILE}")
    check_outputs([options.out] if options.out else [])
    params = load_params()
    rows: Trained = {
        "predictor": params.predictors["good"],
        "article": params.predictors["article"],
        "improver": row(params, "improvers", "smoothing"),
    }
    report = bench(rows, options.size)
    print(json.dumps(rounded(report), indent=2) if options.json else table(report), flush=True)
    if options.out:
        write_json(options.out, report)
