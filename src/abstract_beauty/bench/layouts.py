"""Whether another memory layout, or torch.compile, makes full prediction faster than the code as it stands."""

import copy
import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty.bench.settings import MODES, PRECISIONS, Settings
from abstract_beauty.bench.timing import Run, Stopwatch, in_turn, medians
from abstract_beauty.bench.ways import Way, picture, run_of

AS_IT_STANDS = {"encoder": "encoder_channels_last", "one_pass": "one_pass_contiguous"}


def _features_contiguous(way: Way) -> Way:
    """The article's encoder with features channel by channel; its own code arranges them pixel by pixel."""
    network = copy.deepcopy(way.network)
    network.encoder[0].register_forward_pre_hook(lambda module, inputs: (inputs[0].contiguous(),))
    return Way(network, way.method, way.autocast)


def _compiled(way: Way) -> Way:
    """The same way, its network compiled when it is first called."""
    network: nn.Module = copy.deepcopy(way.network)
    if way.method == "one_pass":
        network.one_pass = torch.compile(network.one_pass)
    else:
        network = torch.compile(network)
    return Way(network, way.method, way.autocast)


def _variants(
    settings: Settings, ways: dict[tuple[str, str], Way], device: torch.device
) -> dict[str, Callable[[str], tuple[Way, Tensor]]]:
    """Each variant: what makes its way and its picture for a precision."""
    y = picture(settings.layout_size, device)
    pixel_by_pixel = y.contiguous(memory_format=torch.channels_last)
    found: dict[str, Callable[[str], tuple[Way, Tensor]]] = {
        "encoder_channels_last": lambda precision: (ways["batched", precision], y),
        "encoder_contiguous": lambda precision: (_features_contiguous(ways["batched", precision]), y),
        "one_pass_contiguous": lambda precision: (ways["one_pass", precision], y),
        "one_pass_channels_last": lambda precision: (ways["one_pass", precision], pixel_by_pixel),
    }
    if settings.compile:
        found["encoder_compiled"] = lambda precision: (_compiled(ways["batched", precision]), y)
        found["one_pass_compiled"] = lambda precision: (_compiled(ways["one_pass", precision]), y)
    return found


def layout_times(
    settings: Settings, ways: dict[tuple[str, str], Way], device: torch.device, watch: Stopwatch
) -> dict[str, Any]:
    """Times of all variants: {"size": pixels, mode: {variant: {precision: row}}}.

    The article's encoder is taken in batches. The one-pass network gets the picture in either layout; its own features
    are matrices. `times_faster` is against the code as it stands. What is compiled also has `first_call`, the seconds
    of compiling; where it cannot be, its times are None and `reason` says why.
    """
    variants = _variants(settings, ways, device)
    keys = list(itertools.product(variants, PRECISIONS))
    tree: dict[str, Any] = {"size": settings.layout_size}
    for mode in MODES:
        runs: dict[tuple[str, str], Run] = {}
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for key in keys:
            rows[key] = {"seconds": None, "times_faster": None}
            try:
                run = run_of(*variants[key[0]](key[1]), mode)
                if key[0].endswith("compiled"):
                    rows[key]["first_call"] = watch(run)
                runs[key] = run
            except Exception as error:  # whatever is missing: a compiler, Python's headers, Triton
                if not key[0].endswith("compiled"):
                    raise
                rows[key]["reason"] = reason(error)
        trials = settings.trials_of(settings.layout_size)
        seconds = medians(in_turn(runs, trials, watch, warmups=settings.warmups(device)))
        for (variant, precision), value in seconds.items():
            standing = next(own for name, own in AS_IT_STANDS.items() if variant.startswith(name))
            times_faster = seconds[standing, precision] / value
            rows[variant, precision] |= {"seconds": value, "times_faster": times_faster}
        tree[mode] = {
            variant: {precision: rows[variant, precision] for precision in PRECISIONS} for variant in variants
        }
    return tree


def reason(error: Exception) -> str:
    """An error in one line of at most 200 characters: its kind, and the first line of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:200]
