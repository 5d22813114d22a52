"""Tables of the notebooks, and what their figures are given, made of what was measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from abstract_beauty.measures.judging import point_at
from abstract_beauty.prediction.full_prediction import Predictor, full_prediction
from abstract_beauty.prediction.predictability import error_map, predictability

# Of the judges' table, in this order.
HEADINGS = {
    "change": "MAE(x,y)",
    "error": "MAE(y,z)",
    "error_judge": "MAE(y,z), judge",
    "progress": "progress",
    "contrast_kept": "contrast kept",
    "high_frequency_kept": "fine detail kept",
    "steep_edges_kept": "steep edges kept",
}


def judges_table(rows: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Numbers of `judge_picture` by label as the judges' table, a row a label, rounded to four digits."""
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table[[key for key in HEADINGS if key in table]].rename(columns=HEADINGS).astype(float).round(4)


def filters_beside(
    curves: Mapping[str, Sequence[Mapping[str, float]]], change: float, label: object
) -> dict[str, Mapping[str, float]]:
    """The plain filters, each as strong as changes the pictures by `change`; those that cannot are left out."""
    points = {name: point_at(curve, "change", change) for name, curve in curves.items() if name != "original"}
    return {f"{name.replace('_', ' ')}, as far as {label}": point for name, point in points.items() if point}


def plane(
    rows: Mapping[str, Mapping[str, Any]], curves: Mapping[str, list[dict[str, float]]]
) -> dict[str, Any]:
    """The arguments of `plots.change_plane` for several improvers and the filters' curves."""

    def place(row: Mapping[str, float]) -> tuple[float, float]:
        return row["change"], row["error_judge"]

    improvers = {label: place(row["test"]) for label, row in rows.items()}
    reach = 1.15 * max((change for change, _ in improvers.values()), default=1.0)
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
