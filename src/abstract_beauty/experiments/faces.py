"""Faces: are the attractive easy for a predictor that learnt from faces, and what becomes of a face that is moved?"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.data.images import resize_short_side
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.beauty import numbers
from abstract_beauty.experiments.pictures import ensure_data
from abstract_beauty.experiments.predictor import predictor_run
from abstract_beauty.experiments.ratings import Rated, folders
from abstract_beauty.measures.statistics import luminance
from abstract_beauty.moving import move
from abstract_beauty.params import Params
from abstract_beauty.prediction.predictability import SMALLEST_ERROR, phase_averaged
from abstract_beauty.prediction.rounding import square_root
from abstract_beauty.project import Project, located
from abstract_beauty.scores import correlation
from abstract_beauty.scores.fitting import fitted, foretold
from abstract_beauty.sections import DataParams

PREDICTORS = ("linear", "bad", "good", "judge")
IMPROVERS = ("mover", "smoothing")
READS = ("faces",)
SIDES = (64, 128, 256)  # short sides: a tile is half a face, a quarter, and at last an eye or a mouth
ALIGNED = 128  # at which faces are laid upon each other
FEWEST_SHOWN = 8  # faces in an average
FACE = slice(ALIGNED // 8, -ALIGNED // 8)  # without the outer frame

Faces = Float[Tensor, "n 1 s s"]


def aligned(pictures: Sequence[Float[Tensor, "3 h w"]]) -> Faces:
    """Faces in grey, all of one size, softened, in the middle of which mean 0 and deviation 1."""
    found = []
    for picture in pictures:
        small = functional.interpolate(luminance(picture[None])[:, None], (ALIGNED, ALIGNED), mode="area")
        soft = functional.avg_pool2d(small, 5, 1, 2, count_include_pad=False)[..., FACE, FACE]
        found.append((soft - soft.mean()) / soft.std().clamp(min=1e-6))
    return torch.cat(found)


def averageness(faces: Faces, among: Float[Tensor, "m 1 s s"] | None = None) -> Float[np.ndarray, "n"]:
    """Correlation of each face with the mean of others (Langlois & Roggman 1990): all others, or those of `among`."""
    others = faces if among is None else among
    mean = others.mean(0, keepdim=True).expand_as(faces)
    if among is None:
        mean = (mean * len(faces) - faces) / (len(faces) - 1)
    mean = mean - mean.mean((1, 2, 3), keepdim=True)
    scale = square_root(mean.square().mean((1, 2, 3)))
    return ((faces * mean).mean((1, 2, 3)) / scale).double().numpy()


def mirrored(faces: Faces) -> Float[np.ndarray, "n"]:
    """Correlation of each face with its mirror image."""
    return (faces * faces.flip(3)).mean((1, 2, 3)).double().numpy()


@torch.no_grad()
def errors(pictures: Sequence[Tensor], f: nn.Module, side: int) -> Float[np.ndarray, "n"]:
    """Logarithm of what f misses of each picture at a short side."""
    missed = [float(phase_averaged(f, resize_short_side(picture, side)[None])) for picture in pictures]
    return np.array([math.log(max(each, SMALLEST_ERROR)) for each in missed])


def trained_on(project: Project, params: Params) -> dict[str, nn.Module]:
    """A predictor for each set of params.faces.train, as wide and as long as "good" unless params say otherwise."""
    section = dataclasses.replace(params.predictors["good"], steps=params.faces.steps)
    found = {}
    for name, train in params.faces.train.items():
        data = DataParams(source="folder", train=train, short_side=SIDES[-1])
        other = dataclasses.replace(params, data=data)
        run = predictor_run(ensure_data(project, other), other, f"faces-{name}", section=section)
        found[name] = run.network
    return found


def attractive(
    rated: Rated, pictures: Sequence[Tensor], f: Mapping[str, nn.Module], seed: int
) -> dict[str, Any]:
    """How attractiveness goes with averageness, with symmetry, and with what each predictor misses beyond both."""
    rating, faces = next(iter(rated.ratings.values())), aligned(pictures)
    known = np.stack([averageness(faces), mirrored(faces)], 1)
    rows: dict[str, Any] = {}
    for name, network in f.items():
        rows[name] = {}
        for side in SIDES:
            missed = errors(pictures, network, side)
            beside, p = correlation.partial_rank(missed, rating, known)
            alone = asdict(correlation.spearman(missed, rating, seed))
            rows[name][str(side)] = {"alone": alone, "beside": {"value": beside, "p": p}}
    return {
        "faces": len(pictures),
        "averageness": asdict(correlation.spearman(known[:, 0], rating, seed)),
        "symmetry": asdict(correlation.spearman(known[:, 1], rating, seed)),
        "predictors": rows,
    }


def moved(
    pictures: Sequence[Tensor],
    ways: Mapping[str, Callable[[Tensor], Tensor]],
    among: Faces,
    judge: nn.Module,
    features: Callable[[Tensor], np.ndarray],
    taste: Callable[[np.ndarray], np.ndarray],
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What each way of changing faces does to a judge's error, averageness, symmetry and foretold attractiveness.

    Numbers are differences to the originals, one a face; beside them the average of the faces that come out.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    averages: dict[str, Tensor] = {}
    for way, change in {"original": lambda y: y, **ways}.items():
        out = [change(picture[None])[0].clamp(0, 1) for picture in pictures]
        faces = aligned(out)
        found[way] = {
            "error": errors(out, judge, SIDES[-1]),
            "averageness": averageness(faces, among),
            "symmetry": mirrored(faces),
            "attractiveness": taste(np.stack([features(picture) for picture in out])),
        }
        averages[way] = torch.stack(out).mean(0)
    before = found.pop("original")
    rows = {way: {key: (after[key] - before[key]).tolist() for key in after} for way, after in found.items()}
    return rows, averages


def stage(
    project: Project, params: Params, f: Mapping[str, nn.Module], g: Mapping[str, nn.Module]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The study of params.faces, of which the first rated set is moved and shown; empty where it names no rated faces.

    f are the predictors "linear", "bad", "good" and "judge", which learnt from other pictures, g improvers besides.

    Raises:
        UserError: the first set has fewer faces than an average needs.
    """
    sets = folders(project, "faces.rated", params.faces.rated)
    if not sets:
        return {}, {}
    own = trained_on(project, params)
    pictures = {
        rated.name: [resize_short_side(each, SIDES[-1]) for each in rated.pictures()] for rated in sets
    }

    def strange_to(rated: Rated) -> dict[str, nn.Module]:
        """The predictors that did not learn from these very faces."""
        at = {file.parent.resolve() for file in rated.files if isinstance(file, Path)}
        trains = {name: located(project.home, names) for name, names in params.faces.train.items()}
        known = [name for name, train in trains.items() if at & {Path(each).resolve() for each in train}]
        return {name: network for name, network in own.items() if name not in known}

    found: dict[str, Any] = {"sets": {}}
    for rated in sets:
        through = {"photographs": f["good"], **strange_to(rated)}
        found["sets"][rated.name] = attractive(rated, pictures[rated.name], through, params.seed)
    shown, *others = sets
    faces = pictures[shown.name]
    if len(faces) < FEWEST_SHOWN:
        raise UserError(f"faces.rated: {shown.name} has {len(faces)} faces; an average needs {FEWEST_SHOWN}")
    stranger, eye = next(iter(strange_to(shown).items()), (None, None))
    if not others or eye is None:
        return found, {}

    def features(picture: Tensor) -> np.ndarray:
        return np.array([*numbers(picture, f).values()])

    other = others[0]
    table = np.stack([features(picture) for picture in pictures[other.name]])
    rating, liked = (next(iter(rated.ratings.values())) for rated in (other, shown))
    fit, spread = fitted(table, rating), rating.std()
    there = fit.of(np.stack([features(picture) for picture in faces]))
    found["taste"] = {
        "fitted_on": other.name,
        "there": asdict(correlation.pearson(foretold(table, rating, params.seed), rating, params.seed)),
        "here": asdict(correlation.pearson(there, liked, params.seed)),
    }
    some = [faces[k * len(faces) // params.faces.moved] for k in range(min(params.faces.moved, len(faces)))]
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "move": lambda x: move(eye, x, steps=params.faces.move_steps, progress=False),
        **g,
    }
    by, averages = moved(
        some, ways, aligned(faces), f["judge"], features, lambda table: fit.of(table) / spread
    )
    found["moved"] = {"faces": len(some), "through": stranger, "ways": by}
    missed = errors(faces, eye, SIDES[1])
    third = len(faces) // 3
    for title, order in {"easy": missed, "hard": -missed, "attractive": -liked, "plain": liked}.items():
        chosen = np.argsort(order, kind="stable")[:third]
        averages[title] = torch.stack([faces[at] for at in chosen]).mean(0)
    return found, {name: picture[None] for name, picture in averages.items()}
