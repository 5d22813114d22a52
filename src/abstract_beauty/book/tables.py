"""Tables and words of the notebooks, made of what was measured; and code as a notebook shows it."""

import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from abstract_beauty.prediction.full_prediction import Predictor, full_prediction
from abstract_beauty.prediction.predictability import error_map, predictability

JUDGES = {
    "change": ("MAE(x,y)", ".4f"),
    "error": ("MAE(y,z) good", ".4f"),
    "error_averaged": ("averaged", ".4f"),
    "error_judge": ("MAE(y,z) judge", ".4f"),
    "progress": ("progress", ".3f"),
    "contrast_kept": ("contrast kept", ".1%"),
    "high_frequency_kept": ("fine detail kept", ".1%"),
    "colour_shift": ("colour shift", ".4f"),
}


class Source:
    """The source of functions or classes, shown as highlighted code: the text of what was run, not a copy of it."""

    def __init__(self, *things: Any):
        self.text = "\n\n\n".join(textwrap.dedent(inspect.getsource(thing)).rstrip() for thing in things)

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"


def judges_table(rows: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """The judges' tables of several improvers, label -> what `judged` measured, as text; untouched pictures first."""
    first = next(iter(rows.values()))["original"]
    lines = {"original": {head: f"{first[key]:{form}}" for key, (head, form) in JUDGES.items()}}
    lines["original"]["best filter, judge"] = "–"
    for label, row in rows.items():
        lines[label] = {head: f"{row['test'][key]:{form}}" for key, (head, form) in JUDGES.items()}
        lines[label]["best filter, judge"] = best_filter(row)
    return pd.DataFrame.from_dict(lines, orient="index")


def best_filter(row: Mapping[str, Any]) -> str:
    """The best plain filter at an improver's MAE(x, y), with its error by the judge; a dash where none goes so far."""
    best = row["best_filter"]
    if best["name"] is None:
        return "–"
    return f"{best['error_judge']:.4f} ({best['name'].replace('_', ' ')})"


def plane(
    rows: Mapping[str, Mapping[str, Any]], curves: Mapping[str, list[dict[str, float]]]
) -> dict[str, Any]:
    """The arguments of `plots.change_plane` for several improvers and the filters' curves."""

    def place(row: Mapping[str, float]) -> tuple[float, float]:
        return row["change"], row["error_judge"]

    improvers = {label: place(row["test"]) for label, row in rows.items()}
    reach = 1.15 * max(change for change, _ in improvers.values())
    filters = {}
    for name, curve in curves.items():
        points = sorted(map(place, curve))
        inside = sum(change <= reach for change, _ in points)
        filters[name] = points[: inside + 1]  # the first one beyond, so that nothing else stretches the axis
    del filters["original"]
    return {"improvers": improvers, "filters": filters, "original": curves["original"][0]["error_judge"]}


def chosen(pictures: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The pictures of these names; where a reader's own pictures have other names, as many from the beginning."""
    found = {name: pictures[name] for name in names if name in pictures}
    return found or dict(list(pictures.items())[: len(names)])


def compared(
    value: float, other: float, less: str, more: str, same: str = "the same", close: float = 0.005
) -> str:
    """The word for how `value` stands to `other`; `same` if they differ by at most the share `close` of the larger."""
    if abs(value - other) <= close * max(abs(value), abs(other)):
        return same
    return less if value < other else more


@torch.no_grad()
def rows(
    f: Predictor, photographs: Mapping[str, Tensor], g: Callable[[Tensor], Tensor] | None = None
) -> dict[str, dict[str, Any]]:
    """The arguments of `plots.prediction_grid`: photographs (1, 3, h, w) and how they are predicted; or with an
    improver `g`, what it makes of them and how that is predicted."""
    found: dict[str, dict[str, Any]] = {"rows": {}, "maps": {}, "captions": {}}
    for name, x in photographs.items():
        y = x if g is None else g(x)
        z = full_prediction(f, y)
        name = name.replace("_", " ")
        error = f"MAE(y,z) {float(predictability(y, z)):.4f}"
        if g is None:
            found["rows"][name] = {"photograph y": y, "full prediction z": z}
            found["captions"][name] = {"full prediction z": error}
        else:
            found["rows"][name] = {"original x": x, "improved y": y, "prediction z": z}
            change = f"MAE(x,y) {float(predictability(x, y)):.4f}"
            found["captions"][name] = {"improved y": change, "prediction z": error}
        found["maps"][name] = error_map(y, z)[0]
    return found
