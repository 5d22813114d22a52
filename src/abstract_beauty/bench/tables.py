"""The tables of full prediction: every way of it, where its time goes, and how it grows with the picture."""

import math
import statistics
from collections.abc import Mapping
from typing import Any

import torch

from abstract_beauty.bench.operations import gflop, time_shares
from abstract_beauty.bench.settings import MODES, PRECISIONS, Settings
from abstract_beauty.bench.timing import Stopwatch, in_turn, medians
from abstract_beauty.bench.ways import METHODS, Way, picture, run_of

Ways = dict[tuple[str, str], Way]
Tree = dict[str, Any]


def exponent(seconds: Mapping[int, float]) -> float | None:
    """The least-squares slope of log(seconds) against log(pixels): 1 where twice the pixels take twice the time.

    Args:
        seconds: of square pictures, by their side in pixels. None is returned for fewer than two of them.
    """
    if len(seconds) < 2:
        return None
    pixels = [2 * math.log(side) for side in seconds]
    return statistics.linear_regression(pixels, [math.log(value) for value in seconds.values()]).slope


def row(
    seconds: float | None, *, loop: float, pixels: int, gflop: float, peak: float
) -> dict[str, float | None]:
    """What is said of one way.

    Args:
        seconds: its median; None where it is not timed, and then so is all that follows from it.
        loop: that of the float32 loop, in the same mode at the same size.
        pixels: of the picture.
        gflop: what a turn calculates, billions of operations.
        peak: the machine's best in this precision, GFLOP/s.
    """
    if seconds is None:
        names = ("seconds", "times_faster", "megapixels_per_second", "gflop_per_second", "share_of_peak")
        return dict.fromkeys(names) | {"gflop": gflop}
    return {
        "seconds": seconds,
        "times_faster": loop / seconds,
        "megapixels_per_second": pixels / seconds / 1e6,
        "gflop": gflop,
        "gflop_per_second": gflop / seconds,
        "share_of_peak": gflop / seconds / peak,
    }


def full_prediction_times(
    size: int,
    settings: Settings,
    ways: Ways,
    peak: Mapping[str, Tree],
    device: torch.device,
    watch: Stopwatch,
) -> Tree:
    """Every way at one picture size: {mode: {method: {precision: row}}}."""
    y = picture(size, device)
    tree: Tree = {}
    timed = settings.precisions_of(size)
    for mode in MODES:
        runs = {key: run_of(way, y, mode) for key, way in ways.items() if key[1] in timed}
        seconds = medians(in_turn(runs, settings.trials_of(size), watch, warmups=settings.warmups(device)))
        # The loop calculates what the batch does, and counting takes longest where calls are many.
        counted = {method: gflop(runs[method, "float32"]) for method in METHODS if method != "loop"}
        counted["loop"] = counted["batched"]
        tree[mode] = {
            method: {
                precision: row(
                    seconds.get((method, precision)),
                    loop=seconds["loop", "float32"],
                    pixels=size * size,
                    gflop=counted[method],
                    peak=peak[precision]["gflop_per_second"],
                )
                for precision in PRECISIONS
            }
            for method in METHODS
        }
    return tree


def fastest(tree: Tree) -> Tree:
    """Of each size and mode, one pass in the precision in which it is fastest here: {size: {mode: row}}.

    Args:
        tree: {size: `full_prediction_times`}.

    Returns:
        The rows as they are in `tree`, and in each the name of its "precision".
    """
    found: Tree = {}
    for size, modes in tree.items():
        found[size] = {}
        for mode, methods in modes.items():
            ways = methods["one_pass"]
            best = min((p for p in ways if ways[p]["seconds"]), key=lambda p: ways[p]["seconds"])
            found[size][mode] = {"precision": best, **ways[best]}
    return found


def where_time_goes(size: int, ways: Ways, device: torch.device) -> Tree:
    """The time shares of every way: {"size": pixels, mode: {method: {precision: {matrices, rest}}}}."""
    y = picture(size, device)
    return {"size": size} | {
        mode: {
            method: {
                precision: time_shares(run_of(ways[method, precision], y, mode), device)
                for precision in PRECISIONS
            }
            for method in METHODS
        }
        for mode in MODES
    }


def scaling(settings: Settings, ways: Ways, device: torch.device, watch: Stopwatch) -> Tree:
    """How the time of one pass, forward, grows with the picture: times by side, and the exponent against pixels."""
    sides: Tree = {}
    for side in settings.sides:
        runs = {
            precision: run_of(ways["one_pass", precision], picture(side, device), "forward")
            for precision in settings.precisions_of(side)
        }
        times = medians(in_turn(runs, settings.trials_of(side), watch, warmups=settings.warmups(device)))
        sides[str(side)] = {"pixels": side * side} | {
            precision: {
                "seconds": times.get(precision),
                "megapixels_per_second": side * side / times[precision] / 1e6 if precision in times else None,
            }
            for precision in PRECISIONS
        }
    exponents = {
        precision: exponent(
            {int(side): row[precision]["seconds"] for side, row in sides.items() if row[precision]["seconds"]}
        )
        for precision in PRECISIONS
    }
    return {"sides": sides, "exponent": exponents}
