"""The judges' table: what changed from x to y, and how predictable y is to whom; and the plain filters beside it."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty.measures.statistics import colour_shift, contrast_kept, high_frequency_kept
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import PHASES, phase_averaged, predictability, progress

JUDGE_PHASES = PHASES[:2]  # the article's grid and the one furthest from it: the judge reads tiles one by one
Point = Mapping[str, float]
Curves = Mapping[str, Sequence[Point]]  # of each filter, points in the order of its strength; and "original"


@torch.no_grad()
def judge_picture(x: Tensor, y: Tensor, f: Mapping[str, nn.Module]) -> dict[str, float]:
    """One row of the judges' table.

    Args:
        x: the original, (b, 3, h, w); of several, every value is the mean.
        y: what an improver or a filter made of it.
        f: the predictors "good" and "bad", which improvers are trained through, and "judge", which none is.
    """
    z = {key: full_prediction(f[key], y) for key in ("good", "bad")}
    values = {
        "change": predictability(x, y),
        "error": predictability(y, z["good"]),
        "error_averaged": phase_averaged(f["good"], y),
        "error_judge": phase_averaged(f["judge"], y, JUDGE_PHASES),
        "progress": progress(y, z["bad"], z["good"]),
        "contrast_kept": contrast_kept(x, y),
        "high_frequency_kept": high_frequency_kept(x, y),
        "colour_shift": colour_shift(x, y),
    }
    return {key: float(value.mean()) for key, value in values.items()}


def mean_of(rows: Sequence[Point]) -> dict[str, float]:
    """The mean of each value over pictures."""
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def point_at(points: Sequence[Point], key: str, value: float) -> dict[str, float] | None:
    """Where on a filter's curve `key` first is `value`, on a straight line between two points; None: nowhere."""
    for one, two in itertools.pairwise(points):
        if min(one[key], two[key]) <= value <= max(one[key], two[key]) and one[key] != two[key]:
            share = (value - one[key]) / (two[key] - one[key])
            return {k: one[k] + share * (two[k] - one[k]) for k in one}
    return None


def best_at(curves: Curves, key: str, value: float) -> dict[str, Any] | None:
    """Of the filters that reach `value`, each at the first place where it does, the one the judge guesses best.

    Args:
        curves: of the filters; "original" is passed over.
        key: "change" to compare at the same MAE(x, y), "high_frequency_kept" at the same fine detail.
        value: which the filters are brought to.

    Returns:
        The point with its filter's "name"; None where no filter gets there.
    """
    found = [
        {"name": name, **point}
        for name, points in curves.items()
        if name != "original" and (point := point_at(points, key, value))
    ]
    return min(found, key=lambda point: point["error_judge"], default=None)


def in_words(row: Mapping[str, Any], curves: Curves) -> str:
    """The best filter that changes as much as an improver, and the best that keeps as much fine detail.

    Args:
        row: the improver's numbers, results/improvers/NAME.json.
        curves: of the filters, by the same judge and photographs.
    """
    same_change = best_at(curves, "change", row["test"]["change"])
    same_detail = best_at(curves, "high_frequency_kept", row["test"]["high_frequency_kept"])
    said = ["no plain filter changes as much"]
    if same_change:
        said = [
            f"the best plain filter that changes as much ({same_change['name'].replace('_', ' ')}) has "
            f"{same_change['error_judge']:.4f} and keeps {same_change['high_frequency_kept']:.1%} of the detail"
        ]
    if same_detail:
        said.append(
            f"the best that keeps as much detail ({same_detail['name'].replace('_', ' ')}) has "
            f"{same_detail['error_judge']:.4f} and keeps {same_detail['contrast_kept']:.1%} of the contrast"
        )
    return "; ".join(said)
