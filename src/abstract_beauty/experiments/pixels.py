"""Experiments without an improver: the pixels of y themselves are moved, which is the most that any network could do.

Everything here is done on the central squares of some test pictures, from y = x.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.experiments.pictures import squares
from abstract_beauty.losses.ratio_progress import ratio_progress
from abstract_beauty.measures.judging import judge_picture
from abstract_beauty.params import Params
from abstract_beauty.prediction.blurred_context import BlurredContext
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import PHASES, mae, progress
from abstract_beauty.project import Project
from abstract_beauty.training.batches import random_phase

PREDICTORS = ("good", "bad", "bad_again", "small", "judge", "linear")
READS = ("pixels",)
STEP = 0.02  # how far a pixel moves at first, where the gradient is 1
FREE_STEP = 0.003  # of Adam: how far a pixel moves at first
GRIDS = 3  # a step of Adam
BLUR = 4.0  # pixels, of the predictor that sees its context blurred
EXAGGERATIONS = (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0)
Loss = Callable[[Tensor, int], Tensor]


def descend(
    x: Float[Tensor, "b 3 h w"], loss: Loss, *, steps: int, anchor: float
) -> Float[Tensor, "b 3 h w"]:
    """The y in [0, 1] that descent from y = x finds for anchor MAE(x, y) + loss(y, step), the last a mean over pixels.

    The first term is minimised exactly by its proximal step (soft thresholding towards x; Parikh & Boyd 2014), so that
    a pixel that has no reason to move stays where it is to the bit.
    """
    y = x.clone()
    for i in range(steps):
        y.requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(y, i), y)
        size = STEP * _share_of_step(i, steps)
        with torch.no_grad():
            moved = y.detach() - size * gradient * y.numel() - x
            moved = moved.sign() * (moved.abs() - size * anchor).clamp(min=0)
            y = (x + moved).clamp(0, 1)
    return y.detach()


def descend_freely(x: Float[Tensor, "b 3 h w"], loss: Loss, *, steps: int) -> Float[Tensor, "b 3 h w"]:
    """The y in [0, 1] that Adam finds from y = x where nothing holds y; the loss of a step is a mean over some grids.

    On one grid a step, or without Adam's memory of the steps before, a ratio of errors does not fall at all: what a
    gradient says of one grid holds on no other.
    """
    y = x.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([y], lr=FREE_STEP, betas=(0.9, 0.99), fused=True)
    for i in range(steps):
        optimizer.zero_grad()
        torch.stack([loss(y, GRIDS * i + k) for k in range(GRIDS)]).mean().backward()
        optimizer.param_groups[0]["lr"] = FREE_STEP * _share_of_step(i, steps)
        optimizer.step()
        with torch.no_grad():
            y.clamp_(0, 1)
    return y.detach()


def _share_of_step(i: int, steps: int) -> float:
    """Half a cosine, from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * i / steps))


def pull(f: nn.Module, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """How much MAE(y, z) falls or rises at y = x as each pixel moves, per unit: its gradient, times its pixels.

    -1 or 1 is the pixel's own error; what is beyond is what it does to the guesses of its neighbours.
    """
    y = x.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(mae(y, full_prediction(f, y)), y)
    return gradient * x.numel()


def stationary(f: nn.Module, x: Float[Tensor, "b 3 h w"], ratios: Sequence[float]) -> dict[str, Any]:
    """Where y = x satisfies the condition of a minimum of k1 MAE(x, y) + k2 MAE(y, z), pixel by pixel.

    |y - x| has the subgradients -1 to 1 at 0, so a pixel stays iff k2 |G| <= k1, with G of `pull`.

    Returns:
        "stays": the share of pixels (and channels) that stay, for each ratio k2 / (k1 + k2). "neighbours_mean",
        "neighbours_deviation": of what moving a pixel towards its guess does to the neighbours' errors, in units of
        what it gains itself: positive helps them. "half": the ratio at which half of the pixels would leave.
    """
    g = pull(f, x)
    own = (x - full_prediction(f, x)).sign()
    helps = (g * own - own.abs())[own != 0]
    size = g.abs().flatten()
    return {
        "ratios": list(ratios),
        "stays": [float((size <= (1 - r) / r).float().mean()) if r else 1.0 for r in ratios],
        "neighbours_mean": float(helps.mean()),
        "neighbours_deviation": float(helps.std()),
        "half": 1 / (1 + float(size.median())),
    }


def weak_predictors(f: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """Bad predictors of several kinds, by what is bad about them."""
    return {
        "stopped early": f["bad"],
        "another seed": f["bad_again"],
        "small": f["small"],
        "blurred context": BlurredContext(f["good"], BLUR),
        "linear fill": f["linear"],
    }


def stage(
    project: Project, params: Params, f: Mapping[str, nn.Module]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """All experiments on pixels: the balance k1 : k2, the grid, the ratio with weak predictors, exaggeration.

    The numbers; and the pictures that they are of, (n, 3, side, side) in [0, 1], named as in the numbers.
    """
    section = params.pixels
    x = torch.cat(list(squares(project, section.pictures, section.side).values()))
    pictures: dict[str, Tensor] = {"x": x}

    def judged(name: str, y: Tensor) -> dict[str, float]:
        pictures[name] = y
        return judge_picture(x, y, f)

    def balanced(ratio: float, random: bool) -> Tensor:
        def error(y: Tensor, i: int) -> Tensor:
            phase = random_phase(params.seed, i) if random else (0, 0)
            return ratio * mae(y, full_prediction(f["good"], y, phase))

        return descend(x, error, steps=section.steps, anchor=1 - ratio)

    balance = [{"ratio": r, **judged(f"balance {r}", balanced(r, True))} for r in section.ratios]
    grid = [
        {"random": random, **judged(f"grid {kind}", balanced(section.grid_ratio, random))}
        for kind, random in {"fixed": False, "random": True}.items()
    ]
    weak = []
    for name, bad in weak_predictors(f).items():

        def ratio(y: Tensor, i: int, bad: nn.Module = bad) -> Tensor:
            z_bad, z = (full_prediction(g, y, random_phase(params.seed, i)) for g in (bad, f["good"]))
            return ratio_progress(y, z_bad, z)

        y = descend_freely(x, ratio, steps=section.steps)
        weak.append({"bad": name, **judged(f"weak {name}", y), **_progress(x, y, bad, f)})
    with torch.no_grad():
        z = torch.stack([full_prediction(f["good"], x, phase) for phase in PHASES]).mean(0)
    more = {a: (x + a * (x - z)).clamp(0, 1) for a in EXAGGERATIONS}
    numbers = {
        "original": judge_picture(x, x, f),
        "stationary": stationary(f["good"], x, [k / 200 for k in range(201)]),
        "balance": balance,
        "grid": grid,
        "weak": weak,
        "exaggerate": [{"a": a, **judged(f"exaggerate {a}", y)} for a, y in more.items()],
    }
    return numbers, pictures


@torch.no_grad()
def _progress(x: Tensor, y: Tensor, bad: nn.Module, f: Mapping[str, nn.Module]) -> dict[str, float]:
    """Progress of x and y, averaged over two grids, by the pair that y was made with and by linear fill and judge."""
    found = {}
    for name, image in (("before", x), ("after", y)):
        for key, pair in {"progress": (bad, f["good"]), "progress_judge": (f["linear"], f["judge"])}.items():
            values = [
                progress(image, *(full_prediction(predictor, image, phase) for predictor in pair)).mean()
                for phase in PHASES[:2]
            ]
            found[f"{key}_{name}"] = float(sum(values) / len(values))
    return found
