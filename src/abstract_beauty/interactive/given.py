"""What there is to work with: pictures to train and to test on, the predictors, and the judges' table of all others."""

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty import weights
from abstract_beauty.book.tables import HEADINGS, filters_beside, judges_table
from abstract_beauty.data import Picture
from abstract_beauty.errors import UserError
from abstract_beauty.experiments import pictures as prepared
from abstract_beauty.experiments.predictor import predictor_config
from abstract_beauty.files import read_json
from abstract_beauty.measures.judging import judge_picture, mean_of
from abstract_beauty.params import load_params
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.batches import Crops


def _with_pictures() -> Project:
    """The project, its pictures prepared where they are missing."""
    return prepared.ensure_data(find_project(), load_params())


def training_pictures() -> tuple[Picture, ...]:
    """The prepared pictures to train on, (3, h, w) of 8 bits each."""
    return prepared.pictures(_with_pictures(), "train")


def photographs() -> dict[str, Float[Tensor, "1 3 h w"]]:
    """The prepared pictures to test on, in [0, 1], by name: no network was trained on them."""
    return prepared.test_images(_with_pictures())


def crops(batch: int = 2, side: int = 128, seed: int = 0) -> Iterator[Float[Tensor, "b 3 side side"]]:
    """Random square crops of the training pictures, in [0, 1], batch after batch without end; one seed, one sequence.

    Example:
        for step, x in zip(range(100), ab.crops()): ...
    """
    if min(batch, side) < 1:
        raise UserError(f"crops: batch and side must be at least 1, not {batch} and {side}")
    images = tuple(picture.image for picture in training_pictures())
    return map(Crops(images, batch, seed, side), itertools.count())


def predictor(name: str | nn.Module) -> nn.Module:
    """A predictor: the pipeline's by its name in params.yaml, or where that has not run, the reference run's.

    Also "reference/NAME", "run/NAME" or a file; a module as a frozen copy. UserError: there is no such predictor, or
    params.yaml was changed since the pipeline trained it.
    """
    if isinstance(name, nn.Module):
        return copy.deepcopy(name).eval().requires_grad_(False)
    if "/" in name or name.endswith(".safetensors"):
        return weights.load_predictor(name)
    own = own_predictor(name)
    return weights.load_predictor(f"reference/{name}") if own is None else own


def own_predictor(name: str) -> nn.Module | None:
    """The predictor that the pipeline trained; None where it has not."""
    project = _with_pictures()
    file = project.run / "predictors" / f"{name}.safetensors"
    if not file.is_file():
        return None
    if weights.describe(file).config != predictor_config(project, load_params(), name):
        raise UserError(f"{file}: params.yaml asks for another since; run `make repro`")
    return weights.load(file, "predictors")


def same_size(caller: str, x: Tensor, y: Any) -> Tensor:
    """y, if it is a picture of the size of x."""
    if not isinstance(y, Tensor) or y.shape != x.shape:
        found = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise UserError(f"{caller}: of a picture {tuple(x.shape)} comes {found}; it must keep the size")
    return y


def judge(g: Callable[[Tensor], Tensor], name: str = "yours", *, times: int = 1) -> pd.Series:
    """What g does to the test photographs: a row that goes into one table with those of `judged`.

    Args:
        g: from (1, 3, h, w) in [0, 1] to the same: an improver, a filter, or any function.
        name: of the row.
        times: how often g is applied.

    Raises:
        UserError: the pipeline, whose networks judge, has not run; or g is no function or returns another size.
    """
    if not callable(g):
        raise UserError(f"judge: {type(g).__name__} is no network or function from pictures to pictures")
    f = {part: own_predictor(part) for part in ("good", "bad", "judge")}
    if None in f.values():
        raise UserError("judge: the networks that judge are the pipeline's; run `make repro` first")
    rows = []
    for x in photographs().values():
        y = x
        with torch.no_grad():
            for _ in range(times):
                y = same_size("judge", x, g(y.clone())).clamp(0, 1)
        rows.append(judge_picture(x, y, f))
    return judges_table({name: mean_of(rows)}).iloc[0]


def judged(*rows: pd.Series) -> pd.DataFrame:
    """The judges' table: the photographs untouched, all improvers of the pipeline, then `rows` of `judge`.

    Below each of the rows stand the plain filters, each as strong as changes the photographs as much; those that
    cannot change them so much are left out. UserError: the pipeline has not run.
    """
    project, params = find_project(), load_params()
    curves = read_json(project.results / "filters.json")
    found = {"original": curves["original"][0]}
    for name, title in params.titles("improvers").items():
        file = project.results / "improvers" / f"{name}.json"
        if file.is_file():
            found[title] = read_json(file)["test"]
    change = HEADINGS["change"]
    parts = [judges_table(found)]
    for row in rows:
        beside = filters_beside(curves, row[change], row.name)
        parts += [row.to_frame().T, *([judges_table(beside)] if beside else [])]
    return pd.concat(parts)
