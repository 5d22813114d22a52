"""The judges' table: what changed from x to y, and how predictable y is to whom; and the plain filters beside it."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.fields import areas
from abstract_beauty.measures import statistics
from abstract_beauty.prediction import predictability as errors
from abstract_beauty.prediction.full_prediction import full_prediction

JUDGE_PHASES = errors.PHASES[:2]  # the judge reads tiles one by one: two grids are enough
# What a picture may not lose where opponents are to be equal, and the share of it down to which a filter always may.
KEPT, FREE = ("high_frequency_kept", "steep_edges_kept"), 0.9
Point = Mapping[str, float]
Curves = Mapping[str, Sequence[Point]]  # of each filter, points in the order of its strength; and "original"


@torch.no_grad()
def judge_picture(
    x: Tensor, y: Tensor, f: Mapping[str, nn.Module], u: Tensor | None = None
) -> dict[str, float]:
    """One row of the judges' table: of originals x, (b, 3, h, w), and what became of them, y; means over the batch.

    f are the predictors "good" and "bad", which improvers are trained through, and "judge", which none is. Of what was
    moved by a field u, (b, 2, h, w), also the judge's error with each pixel weighted by the area that it had before,
    how far things moved in pixels, and the smallest area (below 0: it folds).
    """
    z = {key: full_prediction(f[key], y) for key in ("good", "bad")}
    judge = judged_map(f["judge"], y)
    values = {
        "change": errors.predictability(x, y),
        "error": errors.predictability(y, z["good"]),
        "error_averaged": errors.phase_averaged(f["good"], y),
        "error_judge": judge.mean((1, 2)),
        "progress": errors.progress(y, z["bad"], z["good"]),
        "contrast_kept": statistics.contrast_kept(x, y),
        "high_frequency_kept": statistics.high_frequency_kept(x, y),
        "steep_edges_kept": statistics.steep_edges_kept(x, y),
        "colour_shift": statistics.colour_shift(x, y),
    }
    if u is not None:
        area = areas(u)
        values["error_judge_by_area"] = (judge * area).mean((1, 2))
        values["distance"] = torch.linalg.vector_norm(u, dim=1).mean((1, 2))
        values["least_area"] = area.amin((1, 2))
    return {key: float(value.mean()) for key, value in values.items()}


@torch.no_grad()
def judged_map(judge: nn.Module, y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
    """The error map of pictures by a judge, averaged over JUDGE_PHASES."""
    guesses = [full_prediction(judge, y, phase) for phase in JUDGE_PHASES]
    return torch.stack([errors.error_map(y, z) for z in guesses]).mean(0)


def mean_of(rows: Sequence[Point]) -> dict[str, float]:
    """The mean of each value over pictures."""
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def point_at(points: Sequence[Point], key: str, value: float) -> dict[str, float] | None:
    """Where on a filter's curve `key` first is `value`, on a straight line between two points; None: nowhere."""
    for near, far in itertools.pairwise(points):
        if min(near[key], far[key]) <= value <= max(near[key], far[key]) and near[key] != far[key]:
            share = (value - near[key]) / (far[key] - near[key])
            return {k: near[k] + share * (far[k] - near[k]) for k in near}
    return None


def best_keeping(curves: Curves, row: Point) -> dict[str, Any]:
    """Of the filters, each as strong as it may be to lose no more of KEPT than `row` does, the one guessed best.

    A tenth each may lose in any case: where nothing may be lost, all filters stand still. It has its filter's "name";
    "original" where none is guessed better than the untouched picture.
    """
    (untouched,) = curves["original"]
    best = {"name": "original", **untouched}
    for name, points in curves.items():
        reached = [point_at(points, key, min(row[key], FREE)) for key in KEPT]
        # the first place where one of them is used up; a curve that never comes there may be followed to its end
        point = min((found or points[-1] for found in reached), key=lambda found: found["change"])
        if point["error_judge"] < best["error_judge"]:
            best = {"name": name, **point}
    return best
