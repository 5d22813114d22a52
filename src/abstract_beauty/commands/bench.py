"""`abstract-beauty bench`: how fast everything is, measured in one run on one machine.

Whatever is compared takes turns: in each trial every way is timed once, so that a busy moment of the machine hits all
alike, and what is reported is the median of the trials. Weights make no difference to the time, so they are random.
"""

import argparse
import contextlib
import copy
import json
import os
import re
import statistics
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from torch.profiler import profile
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import FlopCounterMode
from tqdm.auto import tqdm

from abstract_beauty import weights
from abstract_beauty.commands.bench_table import MODES, PRECISIONS, table
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.improver import loss_values
from abstract_beauty.files import rounded, write_json
from abstract_beauty.params import ImproverParams, Params, PredictorParams, TrainingParams, load_params
from abstract_beauty.prediction.full_prediction import MARGIN, TILE, Axis, contexts, full_prediction
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.training.fit import computes_in_bfloat16, fit, make_fabric, precision_of
from abstract_beauty.training.machine import machine
from abstract_beauty.training.runs import row

Run = Callable[[], object]
Tree = dict[str, Any]
Key = TypeVar("Key")
Networks = dict[tuple[str, str], nn.Module]  # by name and precision

PATIENCE = (
    3.0  # seconds a run; what takes longer, as bfloat16 where it is imitated, is timed in one trial only
)
LEAST = 0.05  # seconds that a turn lasts: what is quick is repeated in it
LARGE = 512  # pixels a side; larger pictures get a third of the trials, but not fewer than FEWEST
FEWEST = 3
STEPS = 4  # of training, timed together
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# From the article's way to this book's, one step at a time: (network, method of full_prediction).
METHODS = {
    "loop": ("encoder", "loop"),
    "batched": ("encoder", "batched"),
    "four_sides_batched": ("four_sides", "batched"),
    "one_pass": ("four_sides", "one_pass"),
}
# The encoder's features lie pixel by pixel in memory as the code stands, or channel by channel.
LAYOUTS = {
    "encoder_channels_last": ("encoder", "batched"),
    "encoder_contiguous": ("encoder_contiguous", "batched"),
    "one_pass_contiguous": ("four_sides", "one_pass"),
}
COMPILED = {
    "encoder_compiled": ("encoder_compiled", "batched"),
    "one_pass_compiled": ("four_sides_compiled", "one_pass"),
}
PRODUCTS = re.compile(r"(add|badd)?b?mm|\w*conv\w*")  # the operations that are products of matrices


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
    middle: int = 320  # side of the picture for operations, layouts, and what bfloat16 rounds away
    compile: bool = False  # also time torch.compile
    # Candidates for the machine's peak: sides of matrices, channels of convolutions. A GPU gets four times as many.
    products: tuple[tuple[int, int], ...] = ((512, 64), (1024, 128), (2048, 256))

    def trials_of(self, size: int) -> int:
        """Timed trials at a picture size."""
        return self.trials if size <= LARGE else min(self.trials, max(FEWEST, self.trials // 3))


def settings_for(params: Params, options: argparse.Namespace) -> Settings:
    """The settings that the command's options mean, UserError where they cannot be; `--quick` makes all small."""
    good, article = (row(params, "predictors", name) for name in ("good", "article"))
    settings = Settings(good, article, row(params, "improvers", "smoothing"), compile=options.compile)
    if options.quick:
        small = [replace(one, width=16, batch=1) for one in (good, article, settings.improver)]
        settings = Settings(*small, (64,), 1, (64, 128), 64, options.compile, ((64, 16),))
    sizes = tuple(dict.fromkeys(options.size or settings.sizes))
    if min(sizes) < TILE:
        raise UserError(f"--size {min(sizes)}: must be at least {TILE}")
    sides = tuple(side for side in settings.sides if side <= (options.largest or side))
    if len(sides) < 2:
        least = settings.sides[1]
        raise UserError(f"--largest {options.largest}: must be at least {least}, to compare two sizes")
    return replace(settings, sizes=sizes, sides=sides, trials=options.trials or settings.trials)


def in_turn(runs: Mapping[Key, Run], trials: int) -> dict[Key, list[float]]:
    """Seconds of each run in every trial; in a trial all take one turn, in their order, with a warm-up of its own."""
    threads = torch.get_num_threads()
    timers = {key: Timer("run()", globals={"run": run}, num_threads=threads) for key, run in runs.items()}
    seconds: dict[Key, list[float]] = {key: [] for key in runs}
    for _ in range(trials):
        for key, timer in timers.items():
            if not seconds[key] or seconds[key][0] <= PATIENCE:
                seconds[key].append(timer.blocked_autorange(min_run_time=LEAST).median)
    return seconds


def times_faster(than: Sequence[float], seconds: Sequence[float]) -> float:
    """How many times faster one run was than another in the same trial: the median over trials."""
    return statistics.median(slow / fast for slow, fast in zip(than, seconds, strict=False))


def compared(runs: Mapping[tuple[str, str], Run], size: int, trials: int, standing: Callable) -> Tree:
    """Runs on a square picture, {method: {precision: row}}, each compared with the one that `standing` names."""
    seconds = in_turn(runs, trials)
    tree: Tree = {method: {} for method, _ in runs}
    for method, rows in tree.items():
        for precision in PRECISIONS:  # None stands for what is not timed
            spent = seconds.get((method, precision))
            median = statistics.median(spent) if spent else None
            rows[precision] = {
                "seconds": median,
                "times_faster": spent and times_faster(seconds[standing(method, precision)], spent),
                "megapixels_per_second": median and size * size / median / 1e6,
            }
    return tree


def exponent(seconds: Mapping[int, float]) -> float:
    """The slope of log(seconds) against log(pixels) of square pictures by their side; 1 is exact proportion."""
    return float(np.polyfit(2 * np.log(list(seconds)), np.log(list(seconds.values())), 1)[0])


def picture(size: int, images: int = 1) -> Tensor:
    """Noise in [0, 1]. What a picture shows makes no difference to the time."""
    return torch.rand(images, 3, size, size, generator=torch.Generator().manual_seed(size)).to(DEVICE)


def seeded(kind: str, name: str, width: int) -> nn.Module:
    """A frozen network with random weights, also where one begins at zero: a product with zeros is cheaper on a GPU."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        network = weights.build(kind, name, width)
        for tensor in (*network.parameters(), *network.buffers()):
            if not tensor.any():
                tensor.normal_(std=0.02)
    return network.to(DEVICE).eval().requires_grad_(False)


def networks_for(settings: Settings) -> Networks:
    """What METHODS, LAYOUTS and COMPILED name, in each precision; the one-pass network is brought to it as a whole."""
    found: Networks = {}
    for precision in PRECISIONS:
        encoder = seeded("predictors", "context_encoder", settings.article.width)
        four_sides = seeded("predictors", "four_sides", settings.good.width)
        four_sides = four_sides.bfloat16() if precision == "bfloat16" else four_sides
        contiguous = copy.deepcopy(encoder)
        contiguous.encoder[0].register_forward_pre_hook(lambda module, inputs: (inputs[0].contiguous(),))
        named = {"encoder": encoder, "four_sides": four_sides, "encoder_contiguous": contiguous}
        if settings.compile:
            named["encoder_compiled"] = torch.compile(copy.deepcopy(encoder))
            named["four_sides_compiled"] = copy.deepcopy(four_sides)
            named["four_sides_compiled"].one_pass = torch.compile(named["four_sides_compiled"].one_pass)
        found |= {(name, precision): network for name, network in named.items()}
    return found


def runs_of(
    networks: Networks, methods: Mapping, size: int, mode: str = "forward"
) -> dict[tuple[str, str], Run]:
    """Each method in each precision: z of a picture, and with "forward_backward" the gradient of MAE(y, z) too."""
    y, gradient = picture(size), mode == "forward_backward"

    def predict(f: nn.Module, how: str, precision: str) -> Tensor:
        image = y.detach().requires_grad_(gradient)
        low = torch.autocast(DEVICE.type, torch.bfloat16, enabled=precision == "bfloat16")
        with torch.set_grad_enabled(gradient), low:
            z = full_prediction(f, image, method=how)
        if gradient:
            mae(z, image).backward()
        return image.grad if gradient else z

    # Imitated, bfloat16 takes minutes for a large picture.
    precisions = PRECISIONS if size <= LARGE or computes_in_bfloat16() else PRECISIONS[:1]
    return {
        (method, precision): partial(predict, networks[name, precision], how, precision)
        for method, (name, how) in methods.items()
        for precision in precisions
    }


def gflop(run: Run) -> float:
    """Billions of operations in the matrix products and convolutions of a run; a multiplication and a sum are two."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9


def numbers(precision: str, *shape: int) -> Tensor:
    """Random numbers; of images and kernels those of a pixel lie side by side."""
    made = torch.rand(shape).to(DEVICE, getattr(torch, precision))
    return made.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else made


def peaks(settings: Settings) -> Tree:
    """The machine's best in each precision over all candidates and trials: {precision: {gflop_per_second, by}}."""
    runs: dict[tuple[str, str], Run] = {}
    for precision in PRECISIONS:
        for side, channels in (np.array(settings.products) * (4 if DEVICE.type == "cuda" else 1)).tolist():
            square = numbers(precision, side, side)
            images, kernel = (
                numbers(precision, 16, channels, TILE, TILE),
                numbers(precision, channels, channels, 3, 3),
            )
            runs[precision, f"matrices, {side}x{side}"] = partial(torch.mm, square, square)
            convolution = partial(functional.conv2d, images, kernel, padding=1)
            runs[precision, f"convolutions, {channels} channels"] = convolution
    seconds = in_turn(runs, max(FEWEST, settings.trials))
    speeds = {key: gflop(run) / min(seconds[key]) for key, run in runs.items()}
    found: Tree = {}
    for (precision, name), speed in sorted(
        speeds.items(), key=lambda item: item[1]
    ):  # the last of each stays
        found[precision] = {"gflop_per_second": speed, "by": name}
    return found


def full_prediction_times(size: int, trials: int, networks: Networks, peak: Tree) -> Tree:
    """Every way at one picture size: {mode: {method: {precision: row}}}, compared with the float32 loop."""
    tree: Tree = {}
    for mode in MODES:
        runs = runs_of(networks, METHODS, size, mode)
        tree[mode] = compared(runs, size, trials, lambda *_: ("loop", "float32"))
        for method, rows in tree[mode].items():
            # The loop calculates what the batch does, and counting takes longest where calls are many.
            count = gflop(runs["batched" if method == "loop" else method, "float32"])
            for precision, found in rows.items():
                best = count / peak[precision]["gflop_per_second"]  # seconds at the machine's best
                found |= {"gflop": count, "share_of_peak": found["seconds"] and best / found["seconds"]}
    return tree


def operations(run: Run) -> dict[str, float]:
    """The share of a run's operations' time that goes to each, the longest first; time between them is left out."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler writes lines of its own to stderr
    with profile() as seen:
        in_turn({"run": run}, 1)
    kind = "self_device_time_total" if DEVICE.type == "cuda" else "self_cpu_time_total"
    times = {
        event.key: getattr(event, kind) for event in seen.key_averages() if event.key.startswith("aten::")
    }
    ordered = sorted(times, key=times.__getitem__, reverse=True)
    return {name.removeprefix("aten::"): times[name] / sum(times.values()) for name in ordered}


def where_time_goes(size: int, networks: Networks) -> Tree:
    """Which share of each way's time products of matrices take, which the rest, and the three longest operations."""
    tree: Tree = {mode: {method: {} for method in METHODS} for mode in MODES}
    for mode in MODES:
        for (method, precision), run in runs_of(networks, METHODS, size, mode).items():
            shares = operations(run)
            products = sum(share for name, share in shares.items() if PRODUCTS.fullmatch(name))
            longest = ", ".join(f"{name} {shares[name]:.0%}" for name in list(shares)[:3])
            tree[mode][method][precision] = {"matrices": products, "rest": 1 - products, "longest": longest}
    return tree


def scaling(settings: Settings, networks: Networks) -> Tree:
    """How the time of one pass, forward, grows with the picture: times by side, and the exponent against pixels."""
    sides = {}
    for side in settings.sides:
        runs = runs_of(networks, {"one_pass": METHODS["one_pass"]}, side)
        sides[str(side)] = compared(runs, side, settings.trials_of(side), lambda *own: own)["one_pass"]
    exponents = {}
    for precision in PRECISIONS:
        times = {int(side): rows[precision]["seconds"] for side, rows in sides.items()}
        exponents[precision] = exponent({side: seconds for side, seconds in times.items() if seconds})
    return {"sides": sides, "exponent": exponents}


def layout_times(settings: Settings, networks: Networks) -> Tree:
    """Whether another memory layout is faster than the code as it stands, or torch.compile; UserError if that fails."""
    runs = runs_of(networks, LAYOUTS | (COMPILED if settings.compile else {}), settings.middle)
    try:
        for name in COMPILED if settings.compile else ():
            runs[name, "float32"]()
    except Exception as error:  # whatever is missing: a compiler, Python's headers, Triton
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise UserError(f"--compile: cannot be done here ({reason}); leave it out") from error

    def standing(variant: str, precision: str) -> tuple[str, str]:
        return "encoder_channels_last" if "encoder" in variant else "one_pass_contiguous", precision

    return compared(runs, settings.middle, settings.trials, standing)


def loss_of(row: PredictorParams | ImproverParams, f: nn.Module) -> tuple[Callable, float]:
    """What a row of params.yaml trains, an improver through `f`, on pictures that are there: a step's loss, tiles."""
    if not row.crop:
        context, hidden = contexts(picture(TILE * row.batch)[:, :, :TILE])
        centre = context[..., MARGIN : MARGIN + TILE, MARGIN : MARGIN + TILE]
        return lambda network, i: mae(network(context, hidden), centre), row.batch
    x = picture(row.crop, row.batch)
    if isinstance(row, ImproverParams):
        tiles = row.batch * Axis(row.crop, 0).tiles ** 2
        return lambda g, i: loss_values(row, x, g(x), {"good": f, "bad": f})["loss"], tiles
    phases = (0, TILE // 2)  # the article's grid, and another in turn
    tiles = row.batch * statistics.mean(Axis(row.crop, phase).tiles ** 2 for phase in phases)
    return lambda network, i: mae(x, full_prediction(network, x, (phases[i % 2],) * 2)), tiles


def training_times(settings: Settings, f: nn.Module) -> Tree:
    """Steps of the project's own training loop; `chosen` are those in the precision that it takes by itself."""
    rows = {"predictor": settings.good, "article": settings.article, "improver": settings.improver}
    losses = {name: loss_of(row, f) for name, row in rows.items()}
    runs, steps = {}, {name: {} for name in rows}
    with tempfile.TemporaryDirectory() as folder:
        for precision, own_name in zip(PRECISIONS, ("32-true", "bf16-mixed"), strict=True):
            params = TrainingParams(precision=own_name)
            fabric = make_fabric(params)

            def step(network: nn.Module, i: int, loss: Callable, fabric: Any = fabric) -> dict[str, Tensor]:
                with fabric.autocast():
                    return {"loss": loss(network, i)}

            for name, row in rows.items():
                kind = "improvers" if name == "improver" else "predictors"
                runs[name, precision] = partial(
                    fit, seeded(kind, row.network, row.width).requires_grad_(True), partial(step, loss=losses[name][0]),
                    steps=STEPS, learning_rate=row.learning_rate, optimizer=getattr(row, "optimizer", "adamw"),
                    params=params, checkpoint=Path(folder) / "none", fabric=fabric, progress=False,
                )  # fmt: skip
        seconds = in_turn(runs, settings.trials)
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


@torch.no_grad()
def rounding_error(f: nn.Module, size: int) -> dict[str, Any]:
    """How far z of a smooth random picture moves in bfloat16: by this clone's one-pass predictor, `f` without one."""
    name = "random"
    with contextlib.suppress(UserError), warnings.catch_warnings(action="ignore"):
        trained = weights.load_predictor("reference/good")
        f, name = (trained.to(DEVICE), "reference/good") if hasattr(trained, "one_pass") else (f, name)
    y = functional.interpolate(picture(size // 16 + 1), size=(size, size), mode="bicubic").clamp(0, 1)
    z, low = (full_prediction(network, y) for network in (f, copy.deepcopy(f).bfloat16()))
    moved = {"mean": float((low - z).abs().mean()), "max": float((low - z).abs().max())}
    return {"weights": name, **moved, "mae_float32": float(mae(y, z)), "mae_bfloat16": float(mae(y, low))}


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
    networks = networks_for(settings)
    four_sides = networks["four_sides", "float32"]
    parts = {
        "layouts": lambda: {"forward": layout_times(settings, networks)},
        "peak": lambda: peaks(settings),
        "full_prediction": lambda: {
            str(size): full_prediction_times(size, settings.trials_of(size), networks, report["peak"])
            for size in settings.sizes
        },
        "where_time_goes": lambda: where_time_goes(settings.middle, networks),
        "scaling": lambda: scaling(settings, networks),
        "training": lambda: training_times(settings, four_sides),
        "bfloat16_error": lambda: rounding_error(four_sides, settings.middle),
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
