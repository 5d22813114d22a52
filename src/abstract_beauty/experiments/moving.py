"""What moving can and cannot do: fields of test pictures, found for several wishes, and what must not work."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty.book.tables import chosen
from abstract_beauty.experiments.pictures import judged_images
from abstract_beauty.fields import STEP, areas, follow, grid_of, moved, unfolded, velocity
from abstract_beauty.files import read_json
from abstract_beauty.measures.fills import FILLS
from abstract_beauty.measures.judging import Curves, best_keeping, judge_picture, judged_map, mean_of
from abstract_beauty.moving import descend
from abstract_beauty.params import Params
from abstract_beauty.project import Project
from abstract_beauty.training.fit import generator_for

# What the field is asked for: arguments of `descend`; "bad" names a predictor.
WISHES: dict[str, dict[str, Any]] = {
    "plain": {"k_area": 0.0},
    "both": {},
    "by area": {"k_area": 1.0},
    "areas held": {"stream": True, "spacing": 12.0},
    "progress": {"bad": "bad"},
}
PREDICTORS = ("good", "bad", "judge", "article", "linear")
IMPROVERS = ("mover",)
READS = ("moving", "evaluation")
THROUGH = ("article", "linear", "good")  # predictors whose wish is compared
SPACINGS = (12.0, 24.0)
LOOKS = (5, 10, 20, 40, 80)  # lengths of the descent, up to twice that of the others
STRENGTHS = (-1.0, -0.5, 0.5, 1.0, 1.5)
JUDGES = ("good", "judge", "article", "linear", "telea")  # whose errors of what was moved are compared
SHOWN = ("chelsea", "coffee")  # on these, or as many others, many descents are compared

Drawn = tuple[Tensor, Tensor | None]  # a picture and the field that drew it


def stage(
    project: Project,
    params: Params,
    f: Mapping[str, nn.Module],
    g: Mapping[str, nn.Module],
    filters: Curves | None = None,
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Rows of the judges' table, means over the test pictures, of fields found for each wish; and some of the pictures.

    With "controls": fields that know nothing of the picture but move it as far; "strengths": how far one goes along the
    field of the wish "both", backwards too; "looks": after descents of other lengths; "through": the same wish asked of
    other predictors; "spacings": of coarser fields; "judges": errors of the photographs, of what the wish "both" made
    of them, and of what the mover made of them, by the predictor itself and by four judges that had no part in it.
    """
    filters = read_json(project.results / "filters.json") if filters is None else filters
    section, images = params.moving, judged_images(project, params)
    f = {**f, "telea": FILLS["telea"]()}
    few = chosen(images, *SHOWN)
    pictures: dict[str, Tensor] = {f"{name}/x": x for name, x in few.items()}

    def found(over: Mapping[str, Tensor], through: str = "good", **wish: Any) -> dict[str, Tensor]:
        how = {"steps": section.steps, "spacing": section.spacing, "seed": params.seed} | wish
        how["bad"] = f.get(how.get("bad"))
        return {name: descend(f[through], x, progress=False, **how) for name, x in over.items()}

    def judged(velocities: Mapping[str, Tensor], label: str = "", strength: float = 1.0) -> dict[str, float]:
        rows = []
        for name, v in velocities.items():
            x = images[name]
            u = unfolded(v, *x.shape[2:], strength)
            y = moved(x, u)
            rows.append(judge_picture(x, y, f, u))
            if label and name in few:
                pictures[f"{name}/{label}"] = y
        return mean_of(rows)

    @torch.no_grad()
    def drawn(x: Tensor, v: Tensor) -> dict[str, Drawn]:
        u = unfolded(v, *x.shape[2:])
        return {"photograph": (x, None), "moved": (moved(x, u), u), "mover": g["mover"](x, field=True)}

    both = found(images, **WISHES["both"])
    both_of_few = {name: both[name] for name in few}
    wishes = {
        wish: judged(both if wish == "both" else found(images, **how), wish) for wish, how in WISHES.items()
    }
    all_drawn = [drawn(x, both[name]) for name, x in images.items()]
    distance = wishes["both"]["distance"]
    by_chance = {name: random_velocity(x, distance, params.seed) for name, x in images.items()}
    # found for the mirrored picture: as rough and as long as its own, but it fits nothing here
    of_mirror = found({name: x.flip(3) for name, x in images.items()})
    return {
        "original": mean_of([judge_picture(x, x, f) for x in images.values()]),
        "original_of_few": mean_of([judge_picture(x, x, f) for x in few.values()]),
        "wishes": wishes,
        "best_filter_keeping": {name: best_keeping(filters, row) for name, row in wishes.items()},
        "controls": {"random": judged(by_chance, "random"), "of the mirror image": judged(of_mirror)},
        "looks": {
            f"{steps}": judged(both_of_few if steps == section.steps else found(few, steps=steps))
            for steps in LOOKS
            if steps <= 2 * section.steps
        },
        "judges": {name: mean_of([_errors(f[name], each) for each in all_drawn]) for name in JUDGES},
        "strengths": {
            f"{strength:g}": judged(both_of_few, f"strength {strength:g}", strength) for strength in STRENGTHS
        },
        "through": {
            part: judged(both_of_few if part == "good" else found(few, part), f"through {part}")
            for part in THROUGH
        },
        "spacings": {
            f"{spacing:g}": judged(found(few, spacing=spacing), f"every {spacing:g} pixels")
            for spacing in SPACINGS
        },
    }, pictures


def _errors(judge: nn.Module, drawn: Mapping[str, Drawn]) -> dict[str, float]:
    """A judge's errors of pictures, plain, and where a field drew them also by the area that each pixel had before."""
    found = {}
    for name, (y, u) in drawn.items():
        error = judged_map(judge, y)
        found[name] = float(error.mean())
        if u is not None:
            found[f"{name}, by area"] = float((error * areas(u)).mean())
    return found


def random_velocity(x: Tensor, distance: float, seed: int) -> Tensor:
    """A smooth flow that moves things by `distance` pixels in the mean, whatever is in the picture."""
    h, w = x.shape[2:]
    rows, columns = grid_of(h, w, 4 * STEP)
    nodes = torch.randn(1, 2, rows - 1, columns - 1, generator=generator_for(seed, "random field", h, w))
    v = velocity(nodes, h, w)
    for _ in range(3):  # the distance grows nearly as the velocity does
        v = v * (distance / torch.linalg.vector_norm(follow(v, h, w), dim=1).mean())
    return v
