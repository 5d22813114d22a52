"""A stopwatch for a device, and taking turns: what is compared is timed in turn, so a busy moment hits all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch

Run = Callable[[], object]
Stopwatch = Callable[[Run], float]
Key = TypeVar("Key")

PATIENCE = 3.0  # seconds a run; what takes longer, as bfloat16 where it is imitated, is timed once


def stopwatch(device: torch.device) -> Stopwatch:
    """What times one run on a device, in seconds: from an idle device until all of the run's work is done.

    On a GPU by events in its own queue; elsewhere by the wall clock.
    """

    def by_clock(run: Run) -> float:
        begin = time.perf_counter()
        run()
        return time.perf_counter() - begin

    def by_events(run: Run) -> float:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize(device)
        begin.record()
        run()
        end.record()
        torch.cuda.synchronize(device)
        return begin.elapsed_time(end) / 1000  # from milliseconds

    return by_events if device.type == "cuda" else by_clock


def in_turn(
    ways: Mapping[Key, Run], trials: int, watch: Stopwatch, *, warmups: int = 1
) -> dict[Key, list[float]]:
    """Seconds of every trial of every way. In each trial all ways take one turn, in their order.

    Args:
        ways: what is timed.
        trials: timed turns of each way.
        watch: times one run.
        warmups: turns of each way before them, which are not counted.

    A way whose last warm-up took longer than PATIENCE is timed in the first trial only.
    """
    seconds: dict[Key, list[float]] = {way: [] for way in ways}
    slow: set[Key] = set()
    for turn in range(warmups + trials):
        for way, run in ways.items():
            if turn > warmups and way in slow:
                continue
            spent = watch(run)
            if turn >= warmups:
                seconds[way].append(spent)
            elif turn == warmups - 1 and spent > PATIENCE:
                slow.add(way)
    return seconds


def medians(seconds: Mapping[Key, list[float]]) -> dict[Key, float]:
    """The median of each way's trials."""
    return {way: statistics.median(values) for way, values in seconds.items()}
