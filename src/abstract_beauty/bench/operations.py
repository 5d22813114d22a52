"""What the machine could do at most, how much there is to calculate, and which operations the time goes to."""

import time
from functools import partial
from typing import Any

import torch
import torch.nn.functional as functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from abstract_beauty.bench.settings import PRECISIONS, Settings
from abstract_beauty.bench.timing import Run, Stopwatch, in_turn
from abstract_beauty.prediction.full_prediction import TILE

_IMAGES = 16  # of a convolution whose speed is a candidate for the peak
_LEAST_TRIALS = 3  # of each candidate: a best of one says little


def gflop(run: Run) -> float:
    """Billions of floating-point operations in the matrix products and convolutions of a run, backward included.

    A multiplication and an addition are two operations.
    """
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9


class _Operations(TorchDispatchMode):
    """Adds up the seconds of each operation, apart for those that FLOPs are counted of and for all others."""

    def __init__(self, device: torch.device):
        super().__init__()
        self.gpu = device.type == "cuda"
        self.seconds = {"matrices": 0.0, "rest": 0.0}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        begin = time.perf_counter()
        result = func(*args, **(kwargs or {}))
        if self.gpu:
            torch.cuda.synchronize()
        kind = "matrices" if func.overloadpacket in flop_registry else "rest"
        self.seconds[kind] += time.perf_counter() - begin
        return result


def time_shares(run: Run, device: torch.device) -> dict[str, float]:
    """Which share of a run's operations' time goes to matrix products and convolutions, and which to all the rest.

    The rest is elementwise work, norms, and moving numbers about. Time between operations belongs to neither.
    """
    run()
    with _Operations(device) as operations:
        run()
    total = sum(operations.seconds.values())
    return {kind: seconds / total for kind, seconds in operations.seconds.items()}


def products(settings: Settings, device: torch.device) -> dict[tuple[str, str, str], tuple[Run, float]]:
    """Candidates for the machine's fastest: {(precision, kind, size): (run, GFLOP)}.

    Products of square matrices, and 3x3 convolutions, since a library may have a better kernel for either. On a GPU
    PyTorch lets float32 convolutions round their inputs to TF32 unless told otherwise; so do these.
    """
    generator = torch.Generator().manual_seed(0)
    found: dict[tuple[str, str, str], tuple[Run, float]] = {}
    for side in settings.matrix_sides(device):
        pair = torch.randn(2, side, side, generator=generator).to(device)
        for precision in PRECISIONS:
            a, b = pair.to(getattr(torch, precision))
            found[precision, "matrices", f"{side}x{side}"] = partial(torch.mm, a, b), 2e-9 * side**3
    for channels in settings.convolution_channels(device):
        images = torch.randn(_IMAGES, channels, TILE, TILE, generator=generator).to(device)
        weights = torch.randn(channels, channels, 3, 3, generator=generator).to(device)
        count = 2e-9 * _IMAGES * (TILE * channels) ** 2 * 9
        for precision in PRECISIONS:
            form = {"dtype": getattr(torch, precision), "memory_format": torch.channels_last}
            run = partial(functional.conv2d, images.to(**form), weights.to(**form), padding=1)
            found[precision, "convolutions", f"{channels} channels"] = run, count
    return found


def peaks(settings: Settings, device: torch.device, watch: Stopwatch) -> dict[str, dict[str, Any]]:
    """The machine's best in each precision, GFLOP/s: over all sizes and trials, and apart for the two kinds.

    Returns:
        {precision: {"gflop_per_second", "by", "matrices", "convolutions"}}; `by` names what was fastest.
    """
    candidates = products(settings, device)
    trials = max(_LEAST_TRIALS, settings.trials)
    with torch.no_grad():
        runs = {key: run for key, (run, _) in candidates.items()}
        seconds = in_turn(runs, trials, watch, warmups=settings.warmups(device))
    found: dict[str, dict[str, Any]] = {}
    for precision in PRECISIONS:
        speeds = {
            (kind, size): count / min(seconds[own, kind, size])
            for (own, kind, size), (_, count) in candidates.items()
            if own == precision
        }
        best = max(speeds, key=speeds.__getitem__)
        found[precision] = {"gflop_per_second": speeds[best], "by": ", ".join(best)}
        for wanted in ("matrices", "convolutions"):
            found[precision][wanted] = max(speed for (kind, _), speed in speeds.items() if kind == wanted)
    return found
