"""What a benchmark times, and how."""

import os
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
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
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# From the article's way to this book's, one step at a time: (network, method of full_prediction).
METHODS = {
    "loop": ("encoder", "loop"),
    "batched": ("encoder", "batched"),
    "four_sides_batched": ("four_sides", "batched"),
    "one_pass": ("four_sides", "one_pass"),
}
PRODUCTS = re.compile(r"aten::((add|badd)?b?mm|\w*conv\w*)")  # the operations that are products of matrices


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


def compared(runs: Mapping[tuple[str, str], Run], size: int, trials: int) -> Tree:
    """Runs on a square picture, {method: {precision: row}}, each compared with the first; None: it is not timed."""
    seconds = in_turn(runs, trials)
    first = next(iter(seconds.values()))
    tree: Tree = {method: {} for method, _ in runs}
    for method, rows in tree.items():
        for precision in PRECISIONS:
            spent = seconds.get((method, precision))
            median = statistics.median(spent) if spent else None
            rows[precision] = {
                "seconds": median,
                "times_faster": spent and times_faster(first, spent),
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


def networks_for(encoder_width: int, four_sides_width: int) -> Networks:
    """What METHODS names, in each precision; the one-pass network is brought to it as a whole."""
    found: Networks = {}
    for precision in PRECISIONS:
        four_sides = seeded("predictors", "four_sides", four_sides_width)
        found["encoder", precision] = seeded("predictors", "context_encoder", encoder_width)
        found["four_sides", precision] = four_sides.to(getattr(torch, precision))
    return found


def runs_of(
    networks: Networks, size: int, methods: Iterable[str] = tuple(METHODS), gradient: bool = False
) -> dict[tuple[str, str], Run]:
    """Each of METHODS in each precision: z of a picture, or the gradient of MAE(y, z) with respect to it."""
    y = picture(size)

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
    runs = {}
    for method in methods:
        name, how = METHODS[method]
        for precision in precisions:
            runs[method, precision] = partial(predict, networks[name, precision], how, precision)
    return runs


def gflop(run: Run) -> float:
    """Billions of operations in the matrix products and convolutions of a run; a multiplication and a sum are two."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9


def share_of_products(run: Run) -> float:
    """The share of the time of a run's operations that PRODUCTS take; the time between operations is left out."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler writes lines of its own to stderr
    with profile() as seen:
        in_turn({"run": run}, 1)
    kind = "self_device_time_total" if DEVICE.type == "cuda" else "self_cpu_time_total"
    events = [event for event in seen.key_averages() if event.key.startswith("aten::")]
    products = sum(getattr(event, kind) for event in events if PRODUCTS.fullmatch(event.key))
    return products / sum(getattr(event, kind) for event in events)
