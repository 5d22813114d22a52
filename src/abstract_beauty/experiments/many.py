"""Improvers applied many times over: a fixed point, a cycle, or one flat colour?"""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.experiments import ALL
from abstract_beauty.experiments.pictures import squares
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.project import Project

PREDICTORS = ("good",)
IMPROVERS = ALL
READS = ("many",)
FRAMES = (0, 1, 2, 5, 10, 20, 50)  # what is kept of y, g(y), g(g(y)), ...
STILL = 1 / 2550  # a tenth of a step of an 8-bit picture: moving less is standing still


def stage(
    project: Project, params: Params, f: Mapping[str, nn.Module], g: Mapping[str, nn.Module]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Each improver's curves, as `repeated` gives them, and its end; and the pictures at some times, "NAME/TIMES".

    "x/0" is the photograph itself.
    """
    section = params.many
    x = torch.cat(list(squares(project, section.pictures, section.side).values()))
    numbers: dict[str, Any] = {}
    kept: dict[str, Tensor] = {"x/0": x}
    for name, network in g.items():
        curves, seen = repeated(network, x, f["good"], section.times)
        kept |= {f"{name}/{times}": y for times, y in seen.items()}
        numbers[name] = {**curves, "ends": ending(curves)}
    return numbers, kept


@torch.no_grad()
def repeated(
    g: nn.Module, x: Float[Tensor, "b 3 h w"], f: nn.Module, times: int
) -> tuple[dict[str, list[float]], dict[int, Tensor]]:
    """One improver applied `times` times over: its curves, and the pictures at the FRAMES and at the end.

    "moved" is MAE to the original; "step" to the result before; "flat" the mean distance of the pixels from their
    picture's mean colour, 0 in a flat square; "error" MAE(y, z).
    """
    y, seen = x, {}
    curves: dict[str, list[float]] = {"moved": [], "step": [], "flat": [], "error": []}
    for n in range(times + 1):
        before, y = y, g(y) if n else y
        curves["moved"].append(float(mae(x, y)))
        curves["step"].append(float(mae(before, y)))
        curves["flat"].append(float((y - y.mean((2, 3), keepdim=True)).abs().mean()))
        curves["error"].append(float(mae(y, full_prediction(f, y))))
        if n and (n in FRAMES or n == times):
            seen[n] = y
    return curves, seen


def ending(curves: dict[str, list[float]]) -> str:
    """What became of it: "flat colour", "stands still", or "goes on"."""
    if curves["flat"][-1] < 0.1 * curves["flat"][0]:
        return "flat colour"
    return "stands still" if curves["step"][-1] < STILL else "goes on"
