"""Do improved pictures please more? By a judge of taste that was fitted to people's ratings of other pictures."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty.experiments import ALL
from abstract_beauty.experiments.beauty import numbers
from abstract_beauty.experiments.pictures import judged_images
from abstract_beauty.files import read_json
from abstract_beauty.measures.filters import FILTERS, strength_for
from abstract_beauty.params import Params
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.project import Project
from abstract_beauty.weights import load_predictor

IMPROVERS = ALL
READS = ("evaluation",)
FILTER_CHANGE = 0.03  # MAE(x, y) at which filters are judged beside improvers
JUDGED = 4  # test pictures, unless params judge improvers on fewer

Taste = Mapping[str, float]


def ways(g: Mapping[str, nn.Module], x: Tensor) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
    """Each improver, and each filter at a strength that changes the pictures by FILTER_CHANGE."""
    yield from g.items()
    for name, smooth in FILTERS.items():
        strength = strength_for(name, x, FILTER_CHANGE)
        yield name, lambda y, smooth=smooth, strength=strength: smooth(y, strength)


@torch.no_grad()
def differences(
    images: Mapping[str, Tensor],
    how: Iterator[tuple[str, Callable[[Tensor], Tensor]]],
    f: Mapping[str, nn.Module],
    tastes: Mapping[str, Taste],
) -> dict[str, Any]:
    """What each way of changing pictures does to the rating that each taste foretells.

    Args:
        images: by name, (1, 3, h, w) in [0, 1].
        how: names, and functions from such pictures to such pictures.
        f: "linear", "bad" and "good", as those that the tastes were fitted with.
        tastes: by kind of picture, what a column's unit is worth, in standard deviations of its ratings.

    Returns:
        By way the mean change, MAE(x, y), and by kind the differences to the original, a number a picture.
    """
    before = {name: numbers(x[0], f) for name, x in images.items()}
    found: dict[str, Any] = {}
    for way, g in how:
        rows, changes = [], []
        for name, x in images.items():
            y = g(x).clamp(0, 1)
            after = numbers(y[0], f)
            rows.append({key: after[key] - before[name][key] for key in after})
            changes.append(float(mae(x, y)))
        kinds = {
            kind: [sum(worth * row[key] for key, worth in taste.items()) for row in rows]
            for kind, taste in tastes.items()
        }
        found[way] = {"change": sum(changes) / len(changes), "kinds": kinds}
    return found


def stage(project: Project, params: Params, g: Mapping[str, nn.Module]) -> dict[str, Any]:
    """`differences` of the improvers g and of filters on test pictures.

    The tastes are the reference run's, and so are the predictors that they need. A kind of picture whose tastes it did
    not fit is left out.
    """
    f = {name: load_predictor(f"reference/{name}") for name in ("linear", "bad", "good")}
    sets = read_json(project.home / "results" / "reference" / "beauty.json")["sets"]
    tastes = {name: row["taste"] for name, row in sets.items() if "taste" in row}
    images = dict([*judged_images(project, params).items()][:JUDGED])
    sample = torch.cat([x[:, :, :128, :128] for x in images.values()])
    return differences(images, ways(g, sample), f, tastes)
