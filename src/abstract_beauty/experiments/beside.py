"""An improver beside plain filters that were brought to the same point of their curves, in numbers and in words."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

Curves = Mapping[str, Sequence[Mapping[str, float]]]


def best_at(curves: Curves, key: str, value: float) -> dict[str, Any] | None:
    """Of the filters that reach `value`, each at the first place where it does, the one the judge guesses best.

    Args:
        curves: points of each filter in the order of its strength (`measure_filters`); "original" is passed over.
        key: of the points: "fidelity" to compare at the same change, "high_frequency_kept" at the same fine detail.
        value: which the filters are brought to, by a straight line between two points.

    Returns:
        The point with its filter's "name"; None where no filter gets there.
    """
    found = []
    for name, points in curves.items():
        if name == "original":
            continue
        for one, two in itertools.pairwise(points):
            if min(one[key], two[key]) <= value <= max(one[key], two[key]) and one[key] != two[key]:
                share = (value - one[key]) / (two[key] - one[key])
                found.append({"name": name, **{k: one[k] + share * (two[k] - one[k]) for k in one}})
                break
    return min(found, key=lambda point: point["predictability_judge"], default=None)


def in_words(row: Mapping[str, Any], curves: Curves) -> str:
    """The best filter that changes as much as an improver, and the best that keeps as much fine detail.

    Args:
        row: the improver's numbers, results/improvers/NAME.json.
        curves: as in `best_at`, of the same judge and photographs.
    """
    same_change = best_at(curves, "fidelity", row["test"]["fidelity"])
    same_detail = best_at(curves, "high_frequency_kept", row["test"]["high_frequency_kept"])
    said = ["no plain filter changes as much"]
    if same_change:
        said = [
            f"the best plain filter that changes as much ({same_change['name'].replace('_', ' ')}) has "
            f"{same_change['predictability_judge']:.4f} and keeps {same_change['high_frequency_kept']:.1%} of the "
            "detail"
        ]
    if same_detail:
        said.append(
            f"the best that keeps as much detail ({same_detail['name'].replace('_', ' ')}) has "
            f"{same_detail['predictability_judge']:.4f} and keeps {same_detail['contrast_kept']:.1%} of the contrast"
        )
    return "; ".join(said)
