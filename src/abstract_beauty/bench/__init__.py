"""How fast everything is: the project's performance table, made in one run on one machine.

Every time is the median of trials in which all the ways that are compared take turns. Weights do not matter for time,
so they are random.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from abstract_beauty.bench.layouts import layout_times
from abstract_beauty.bench.operations import peaks
from abstract_beauty.bench.rounding import rounding_error, smooth_noise
from abstract_beauty.bench.settings import QUICK, Settings, settings_for
from abstract_beauty.bench.steps import training_times
from abstract_beauty.bench.tables import exponent, fastest, full_prediction_times, scaling, where_time_goes
from abstract_beauty.bench.text import table
from abstract_beauty.bench.timing import stopwatch
from abstract_beauty.bench.trained import held_out_errors, one_pass_predictor
from abstract_beauty.bench.ways import frozen, ways
from abstract_beauty.training.fit import computes_in_bfloat16
from abstract_beauty.training.machine import machine

__all__ = [
    "QUICK",
    "Settings",
    "bench",
    "exponent",
    "held_out_errors",
    "one_pass_predictor",
    "settings_for",
    "table",
]


def bench(
    settings: Settings | None = None,
    *,
    network: nn.Module | None = None,
    weights: str = "random",
    progress: Callable[[str], None] = lambda part: None,
) -> dict[str, Any]:
    """Measure this machine, on its GPU where there is one.

    Args:
        settings: sizes and trials; the defaults where none are given.
        network: a one-pass predictor in float32, on which the error of bfloat16 is measured; a random one where none
            is given, whose error says little.
        weights: what the report calls it.
        progress: is told what is measured next.

    Returns:
        The report, plain values in dicts: `machine`, `settings`, `peak`, `full_prediction`, `fastest`,
        `where_time_goes`, `scaling`, `training`, `layouts`, `bfloat16_error`. Times are in seconds. Keys of full
        prediction: size, mode, method, precision, as in `full_prediction.320.forward.one_pass.bfloat16.seconds`.
    """
    settings = settings or Settings()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    watch = stopwatch(device)
    report: dict[str, Any] = {
        "machine": machine() | {"bfloat16": "has" if computes_in_bfloat16() else "does not have"},
        "settings": {
            "trials": {str(size): settings.trials_of(size) for size in settings.sizes},
            "warmups": settings.warmups(device),
            "token_width": settings.token_width,
            "encoder_width": settings.encoder_width,
            "crop": settings.crop,
            "crops": settings.crops,
            "tiles": settings.tiles,
            "improver_crop": settings.improver_crop,
            "improver_images": settings.improver_images,
        },
    }
    progress("the fastest products")
    report["peak"] = peaks(settings, device, watch)
    known = ways(settings, device)
    report["full_prediction"] = {}
    for size in settings.sizes:
        progress(f"full prediction of {size}x{size}")
        report["full_prediction"][str(size)] = full_prediction_times(
            size, settings, known, report["peak"], device, watch
        )
    report["fastest"] = fastest(report["full_prediction"])
    progress("where the time goes")
    report["where_time_goes"] = where_time_goes(settings.layout_size, known, device)
    progress("how time grows with the picture")
    report["scaling"] = scaling(settings, known, device, watch)
    progress("training steps")
    report["training"] = training_times(settings, device, watch)
    progress("memory layouts" + (" and torch.compile" if settings.compile else ""))
    report["layouts"] = layout_times(settings, known, device, watch)
    progress("what bfloat16 rounds away")
    judged = frozen(network, device) if network else known["one_pass", "float32"].network
    report["bfloat16_error"] = {
        "weights": weights if network else "random",
        "size": settings.layout_size,
        **rounding_error(judged, smooth_noise(settings.layout_size).to(device)),
    }
    return report
