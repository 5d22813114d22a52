"""What moving can and cannot do: fields of test pictures, found for several wishes, and what must not work."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty.book.tables import chosen
from abstract_beauty.data.images import write_pictures
from abstract_beauty.experiments.pictures import judged_images
from abstract_beauty.experiments.predictor import networks
from abstract_beauty.fields import STEP, follow, grid_of, moved, unfolded, velocity
from abstract_beauty.files import read_json, write_json
from abstract_beauty.measures.judging import Curves, best_keeping, judge_picture, mean_of
from abstract_beauty.moving import descend
from abstract_beauty.params import Params
from abstract_beauty.project import Project
from abstract_beauty.training.fit import generator_for

# What the field is asked for: arguments of `descend`.
WISHES: dict[str, dict[str, Any]] = {
    "plain": {"k_area": 0.0},
    "both": {},
    "by area": {"k_area": 1.0},
    "areas held": {"stream": True, "spacing": 12.0},
}
THROUGH = ("article", "linear", "good")  # predictors whose wish is compared
SPACINGS = (6.0, 12.0, 24.0)
STRENGTHS = (-1.0, -0.5, 0.5, 1.0, 1.5)
SHOWN = ("chelsea", "coffee")  # on these, or as many others, many descents are compared

Field = Callable[[Tensor], Tensor]  # from a picture x to the displacement u


def measure_moving(
    project: Project, params: Params, f: Mapping[str, nn.Module], filters: Curves
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Rows of the judges' table, means over the test pictures, of fields found for each wish; and some of the pictures.

    With "controls": fields that know nothing of the picture but move it as far; with "strengths": how far one goes
    along the field of the wish "both", backwards too; "through": the same wish asked of other predictors; "spacings":
    of coarser fields.
    """
    section, images = params.moving, judged_images(project, params)
    few = chosen(images, *SHOWN)
    pictures: dict[str, Tensor] = {f"{name}/x": x for name, x in few.items()}

    def judged(field: Field, over: Mapping[str, Tensor] = images, label: str = "") -> dict[str, float]:
        rows = []
        for name, x in over.items():
            u = field(x)
            with torch.no_grad():
                y = moved(x, u)
            rows.append(judge_picture(x, y, f, u))
            if label and name in few:
                pictures[f"{name}/{label}"] = y
        return mean_of(rows)

    def found(x: Tensor, through: str = "good", strength: float = 1.0, **wish: Any) -> Tensor:
        settings = {
            "steps": section.steps,
            "spacing": section.spacing,
            "seed": params.seed,
            "progress": False,
        } | wish
        return unfolded(descend(f[through], x, **settings), *x.shape[2:], strength)

    wishes = {name: judged(lambda x, w=wish: found(x, **w), label=name) for name, wish in WISHES.items()}
    velocities = {
        name: descend(f["good"], x, section.steps, section.spacing, seed=params.seed, progress=False)
        for name, x in few.items()
    }

    def along(strength: float) -> dict[str, float]:
        rows = []
        for name, x in few.items():
            u = unfolded(velocities[name], *x.shape[2:], strength)
            pictures[f"{name}/strength {strength:g}"] = y = moved(x, u)
            rows.append(judge_picture(x, y, f, u))
        return mean_of(rows)

    distance = wishes["both"]["distance"]
    controls = {
        "random": judged(lambda x: random_field(x, distance, params.seed), label="random"),
        # found for the mirrored picture: as rough and as long as its own, but it fits nothing here
        "of the mirror image": judged(lambda x: found(x.flip(3))),
    }
    return {
        "original": mean_of([judge_picture(x, x, f) for x in images.values()]),
        "original_of_few": mean_of([judge_picture(x, x, f) for x in few.values()]),
        "wishes": wishes,
        "best_filter_keeping": {name: best_keeping(filters, row) for name, row in wishes.items()},
        "controls": controls,
        "strengths": {f"{strength:g}": along(strength) for strength in STRENGTHS},
        "through": {name: judged(lambda x, n=name: found(x, n), few, f"through {name}") for name in THROUGH},
        "spacings": {
            f"{spacing:g}": judged(lambda x, s=spacing: found(x, spacing=s), few, f"every {spacing:g} pixels")
            for spacing in SPACINGS
        },
    }, pictures


def random_field(x: Tensor, distance: float, seed: int) -> Tensor:
    """A smooth field that moves things by `distance` pixels in the mean, whatever is in the picture."""
    h, w = x.shape[2:]
    rows, columns = grid_of(h, w, 4 * STEP)
    nodes = torch.randn(1, 2, rows - 1, columns - 1, generator=generator_for(seed, "random field", h, w))
    v = velocity(nodes, h, w)
    for _ in range(3):  # the distance grows nearly as the velocity does
        v = v * (distance / follow(v, h, w).square().sum(1).sqrt().mean())
    return unfolded(v, h, w)


def stage(project: Project, params: Params) -> None:
    """Write results/moving.json and the pictures that it speaks of."""
    f = networks(project, params, "good", "bad", "judge", "article", "linear")
    numbers, pictures = measure_moving(project, params, f, read_json(project.results / "filters.json"))
    write_pictures(project.run / "moving.safetensors", pictures)
    write_json(project.results / "moving.json", numbers)
