"""How long full prediction takes: every way of it, in one run on one machine, trials interleaved."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from abstract_beauty import predictors
from abstract_beauty.full_prediction import full_prediction


def bench(*, size: int = 320, trials: int = 5, width: int = 24) -> dict[str, Any]:
    """Time the article's loop against batched tiles, forward and forward with backward.

    Weights do not matter for time, so they are random. The ways take turns, so that a busy moment hits all alike.

    Args:
        size: side of the square image, pixels.
        trials: timed turns of each way, after one that is not timed.
        width: of the context encoder.

    Returns:
        Median seconds of each way, and how many times faster than the loop it is.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    f = predictors.ContextEncoder(width).to(device).eval().requires_grad_(False)
    y = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)

    def forward(method: str) -> Callable[[], None]:
        def run() -> None:
            with torch.no_grad():
                full_prediction(f, y, method=method)

        return run

    def both(method: str) -> Callable[[], None]:
        def run() -> None:
            image = y.clone().requires_grad_()
            (full_prediction(f, image, method=method) - image).abs().mean().backward()

        return run

    ways = {
        (method, mode): make(method)
        for mode, make in (("forward", forward), ("forward and backward", both))
        for method in ("loop", "batched")
    }
    seconds: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    for trial in range(trials + 1):
        for way, run in ways.items():
            begin = time.perf_counter()
            run()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if trial:  # the first turn warms up
                seconds[way].append(time.perf_counter() - begin)
    median = {way: statistics.median(values) for way, values in seconds.items()}
    rows = [
        {
            "method": method,
            "mode": mode,
            "seconds": value,
            "times_faster_than_loop": median["loop", mode] / value,
        }
        for (method, mode), value in median.items()
    ]
    return {
        "size": size,
        "trials": trials,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "rows": rows,
    }


def table(report: dict[str, Any]) -> str:
    """The report as text."""
    lines = [
        f"full prediction of {report['size']}x{report['size']} on {report['device']}, {report['threads']} threads"
    ]
    lines.append(f"{'mode':<22}{'method':<10}{'seconds':>9}{'faster than the loop':>23}")
    for row in report["rows"]:
        faster = f"{row['times_faster_than_loop']:.1f}x"
        lines.append(f"{row['mode']:<22}{row['method']:<10}{row['seconds']:9.3f}{faster:>23}")
    return "\n".join(lines)
