"""What a benchmark times, and how."""

import copy
import os
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.profiler import profile
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import FlopCounterMode

from abstract_beauty import weights
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.training.fit import computes_in_bfloat16

Run = Callable[[], object]
Tree = dict[str, Any]
Key = TypeVar("Key")
Networks = dict[tuple[str, str], nn.Module]  # by name and precision

PATIENCE = 3.0  # seconds a run; what takes longer, as imitated bfloat16 does, is timed in one trial only
LEAST = 0.05  # seconds that a turn lasts: what is quick is repeated in it
LARGE = 512  # pixels a side of a picture that takes long
PRECISIONS = ("float32", "bfloat16")
MODES = ("forward", "forward_backward")
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


def networks_for(encoder_width: int, four_sides_width: int, *, compile: bool = False) -> Networks:
    """What METHODS, LAYOUTS and COMPILED name, in each precision; the one-pass network is brought to it as a whole."""
    found: Networks = {}
    for precision in PRECISIONS:
        encoder = seeded("predictors", "context_encoder", encoder_width)
        four_sides = seeded("predictors", "four_sides", four_sides_width)
        four_sides = four_sides.bfloat16() if precision == "bfloat16" else four_sides
        contiguous = copy.deepcopy(encoder)
        contiguous.encoder[0].register_forward_pre_hook(lambda module, inputs: (inputs[0].contiguous(),))
        named = {"encoder": encoder, "four_sides": four_sides, "encoder_contiguous": contiguous}
        if compile:
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
