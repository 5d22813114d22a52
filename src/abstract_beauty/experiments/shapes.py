"""What prediction wants of shapes: drawn ones, moved by descent, and a predictor that learnt from turned pictures."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import rotate
from torch import Tensor, nn

from abstract_beauty import weights
from abstract_beauty.data import Picture
from abstract_beauty.experiments.linear import fitted
from abstract_beauty.experiments.pictures import pictures
from abstract_beauty.experiments.predictor import predictor_task
from abstract_beauty.fields import moved, unfolded
from abstract_beauty.measures.judging import mean_of
from abstract_beauty.measures.shapes import shapes
from abstract_beauty.moving import descend
from abstract_beauty.params import Params
from abstract_beauty.prediction.predictability import phase_averaged
from abstract_beauty.project import Project
from abstract_beauty.training.fit import fit, make_fabric, seed_for

PREDICTORS = ("good", "judge")
READS = ("moving",)
SIDE = 160  # pixels of a drawn picture
FINE = 6 * SIDE  # pixels at which it is drawn, then reduced
INK, PAPER = (40, 48, 96), (226, 214, 180)
FITTED = 5000  # tiles, on which their linear fills are fitted
CROP = 128  # pixels a side: the crops of which predictors learn from turned pictures, and from upright ones
Paint = Callable[[ImageDraw.ImageDraw], None]


def _corners(count: int, turn: float, *radii: float) -> list[tuple[float, float]]:
    """Points around the middle, one every 360 / count degrees, at these radii in turn (shares of the side)."""
    found = []
    for k in range(count):
        angle, radius = math.radians(turn) + 2 * math.pi * k / count, radii[k % len(radii)]
        found.append((FINE * (0.5 + radius * math.cos(angle)), FINE * (0.5 + radius * math.sin(angle))))
    return found


def _discs(draw: ImageDraw.ImageDraw) -> None:
    rng = np.random.default_rng(0)
    for x, y, radius in rng.uniform((0, 0, 0.02), (1, 1, 0.09), (40, 3)) * FINE:
        draw.circle((x, y), radius, tuple(rng.integers(30, 220, 3).tolist()))


def _waves(draw: ImageDraw.ImageDraw) -> None:
    across = np.arange(FINE)
    for y in range(-FINE // 4, FINE * 5 // 4, FINE // 12):
        line = y + FINE / 20 * np.sin(across / FINE * 14)
        draw.line(list(zip(across.tolist(), line.tolist(), strict=True)), INK, FINE // 30)


def _letters(draw: ImageDraw.ImageDraw) -> None:
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSerif.ttf", FINE * 0.36)
    draw.text((FINE / 2, FINE / 2), "a&S", INK, font, anchor="mm")


DRAWN: dict[str, Paint] = {
    "circle": lambda draw: draw.circle((FINE / 2, FINE / 2), 0.34 * FINE, INK),
    "ring": lambda draw: draw.circle((FINE / 2, FINE / 2), 0.34 * FINE, None, INK, FINE // 12),
    "star": lambda draw: draw.polygon(_corners(10, -90, 0.4, 0.17), INK),
    "letters": _letters,
    "waves": _waves,
    "discs": _discs,
    "square on a corner": lambda draw: draw.polygon(_corners(4, 0, 0.4), INK),
}


def drawn(name: str) -> Tensor:
    """A picture of DRAWN, (1, 3, SIDE, SIDE) in [0, 1], its edges smooth."""
    image = Image.new("RGB", (FINE, FINE), PAPER)
    DRAWN[name](ImageDraw.Draw(image))
    small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))
    return torch.from_numpy(small.transpose(2, 0, 1).copy())[None] / 255


def _turned(seen: tuple[Picture, ...], angle: float) -> tuple[Picture, ...]:
    """The middle of each picture, turned; of each as much as is left of one turned by 45 degrees."""
    found = []
    for picture in seen:
        image = rotate(picture.image.numpy(), angle, axes=(1, 2), order=1, reshape=False)
        h, w = image.shape[1:]
        side = int(min(h, w) / math.sqrt(2))
        top, left = (h - side) // 2, (w - side) // 2
        part = np.ascontiguousarray(image[:, top : top + side, left : left + side])
        found.append(Picture(picture.name, torch.from_numpy(part)))
    return tuple(found)


def _learnt(project: Project, params: Params, angle: float) -> nn.Module:
    """A predictor like the good one, from its linear fill on learnt from pictures that were turned."""
    good, steps = params.predictors["good"], params.moving.turned_steps
    seen = _turned(pictures(project, "train"), angle)
    seed, fabric = seed_for(params.seed, "turned"), make_fabric(params.training)
    network = weights.build("predictors", good.network, good.width, seed)
    network.matrix.copy_(fitted(seen, min(params.linear.crops, FITTED), params.linear.ridge, seed).matrix)
    task = predictor_task(seen, good.batch, CROP, seed, fabric)
    fit(
        network, task, steps=steps, learning_rate=good.learning_rate, params=params.training, checkpoint=None,
        fabric=fabric, optimizer=good.optimizer, label=f"turned by {angle:g}", progress=False,
    )  # fmt: skip
    return network.cpu().eval().requires_grad_(False)


def stage(
    project: Project, params: Params, f: Mapping[str, nn.Module]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Of drawn pictures, what their edges are like before and after they were moved, and the judge's error; and those
    pictures. By how the descent was done: "good" as everywhere; on a "fixed grid"; through predictors that learnt from
    "upright" and from "turned" pictures, for whom the world's axes are the picture's diagonals."""
    eyes = {
        "good": f["good"],
        "fixed grid": f["good"],
        "upright": _learnt(project, params, 0.0),
        "turned": _learnt(project, params, 45.0),
    }
    xs = {name: drawn(name) for name in DRAWN}
    seen: dict[str, Tensor] = {f"{name}/x": x for name, x in xs.items()}

    def looked_at(x: Tensor, y: Tensor) -> dict[str, float]:
        errors = [float(phase_averaged(f["judge"], image)) for image in (x, y)]
        return {**shapes(y), "error": errors[1] / errors[0]}

    found: dict[str, Any] = {"before": {name: looked_at(x, x) for name, x in xs.items()}}
    for how, eye in eyes.items():
        v = descend(
            eye, torch.cat(list(xs.values())), params.moving.steps, params.moving.spacing, seed=params.seed,
            progress=False, fixed_grid=how == "fixed grid",
        )  # fmt: skip
        found[how] = {}
        for i, (name, x) in enumerate(xs.items()):
            y = seen[f"{name}/{how}"] = moved(x, unfolded(v[i : i + 1], SIDE, SIDE))
            found[how][name] = looked_at(x, y)
    return {**found, "means": {how: mean_of(list(rows.values())) for how, rows in found.items()}}, seen
