"""What a person types in a notebook: train a loss or a network of one's own, and judge it beside all the others.

Everything is trained anew each time, on the prepared pictures of params.yaml, through the predictors that the pipeline
trained (where it has not run: those of the reference run). Nothing of the pipeline's is overwritten.
"""

import inspect
import itertools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pydantic
import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty import weights
from abstract_beauty.book.tables import HEADINGS, filters_beside, judges_table
from abstract_beauty.data import Picture
from abstract_beauty.errors import UserError, complaint
from abstract_beauty.experiments import pictures as prepared
from abstract_beauty.experiments.improver import improver_task
from abstract_beauty.experiments.predictor import predictor_task
from abstract_beauty.files import read_json
from abstract_beauty.losses import LOSSES, needs
from abstract_beauty.measures.judging import judge_picture, mean_of
from abstract_beauty.params import load_params
from abstract_beauty.project import Project, find_project
from abstract_beauty.sections import ImproverParams
from abstract_beauty.training.batches import Crops
from abstract_beauty.training.fit import Fabric, Task, fit, make_fabric

TENSORS = ("x", "y", "z", "z_bad", "z_x")  # what a loss can be given, by the names of its arguments
LEARNING_RATE = 0.002


@dataclass(frozen=True)
class Trained:
    """A network that was just trained: in eval mode, frozen; and its curve, a row every few steps."""

    network: nn.Module
    curve: pd.DataFrame


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
    return map(
        Crops(tuple(picture.image for picture in training_pictures()), batch, seed, side), itertools.count()
    )


def train_predictor(
    network: str | nn.Module = "four_sides",
    steps: int = 100,
    *,
    width: int = 64,
    batch: int | None = None,
    crop: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
) -> Trained:
    """Train a predictor on the training pictures: minimise the mean absolute error of hidden tiles.

    Args:
        network: a name in predictors/, or a module, `f(context, hidden) -> tile`: (n, 3, 128, 128) in [0, 1] and
            (n, 1, 128, 128), True where it must not look, to (n, 3, 32, 32). A module is trained in place.
        steps: of the optimiser: Muon where the network names its matrices, else AdamW.
        width: of a network that is named.
        batch: tiles a step, or crops where there are any (by default 32 tiles, or 3 crops).
        crop: side of the crops of which all tiles are predicted at once; 0: single tiles, from anywhere. By default
            192 for networks with a `one_pass`, 0 for others.
        learning_rate: the peak of the schedule; by default 0.005 for Muon, 0.002 for AdamW.
        seed: of new weights and of the order of the pictures.

    Raises:
        UserError: there is no such network, or a loss stopped being a number.
    """
    f = _network("predictors", network, width, seed)
    if hasattr(f, "fill_pass") and not isinstance(network, nn.Module):  # it begins as the linear fill
        f.matrix.copy_(predictor("linear").matrix)
    crop = (192 if hasattr(f, "one_pass") else 0) if crop is None else crop
    muon = hasattr(f, "hidden_matrices")
    rate = learning_rate or (0.005 if muon else LEARNING_RATE)

    def task(fabric: Fabric) -> Task:
        return predictor_task(training_pictures(), batch or (3 if crop else 32), crop, seed, fabric)

    return _trained(f, task, steps, rate, "muon" if muon else "adamw", "predictor")


def train_improver(
    loss: str | Callable[..., Tensor] = "smoothing",
    network: str | nn.Module = "unet",
    steps: int = 100,
    *,
    width: int = 16,
    batch: int = 2,
    crop: int = 128,
    phase: str = "fixed",
    learning_rate: float = LEARNING_RATE,
    seed: int = 0,
    good: str | nn.Module = "good",
    bad: str | nn.Module = "bad",
    **weights: float,
) -> Trained:
    """Train an improver y = g(x) on crops of the training pictures, through frozen predictors.

    Args:
        loss: a name in losses/, or any function that returns one number. It is given what its arguments are named
            after: x the original, y = g(x), z the full prediction of y, z_bad that by the bad predictor, z_x the full
            prediction of x; (b, 3, crop, crop) in [0, 1] each. Its weights are keyword-only arguments.
        network: a name in improvers/, or a module from (b, 3, h, w) to the same; a module is trained in place.
        steps: of AdamW.
        width: of a network that is named.
        batch: crops a step.
        crop: their side, pixels.
        phase: "fixed" for the article's grid of tiles, "random" for another at each step.
        learning_rate: the peak of the schedule.
        seed: of new weights and of the order of the pictures.
        good, bad: the predictors: names as in `predictor`, or modules.
        weights: of the loss, for example k1=0.35, k2=0.65.

    Raises:
        UserError: the loss asks for what it cannot be given or lacks a weight, there is no such network, or a loss
            stopped being a number.
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise UserError(f"train_improver: there is no loss {loss!r}; there are {', '.join(LOSSES)}")
        loss = LOSSES[loss]
    takes, _ = needs(loss)
    if odd := [name for name in takes if name not in TENSORS]:
        raise UserError(f"train_improver: the loss asks for {odd[0]!r}; it can be given {', '.join(TENSORS)}")
    try:
        inspect.signature(loss).bind(**dict.fromkeys(takes), **weights)
    except TypeError as error:
        raise UserError(f"train_improver: the weights do not fit the loss ({error})") from error
    try:  # how it is trained is a row of params.yaml, whose own loss is not looked at
        how = ImproverParams(weights={"k1": 1.0, "k2": 1.0}, batch=batch, crop=crop, phase=phase)
    except pydantic.ValidationError as error:
        raise UserError(f"train_improver: {complaint(error)}") from error
    g = _network("improvers", network, width, seed)
    f = {"good": predictor(good), "bad": predictor(bad)}
    return _trained(
        g, lambda fabric: improver_task(training_pictures(), f, loss, weights, how, seed, fabric),
        steps, learning_rate, "adamw", "improver",
    )  # fmt: skip


def judge(g: Callable[[Tensor], Tensor], name: str = "yours", *, times: int = 1) -> pd.Series:
    """What g does to the test photographs: a row that goes into one table with those of `judged`.

    Args:
        g: from (1, 3, h, w) in [0, 1] to the same: an improver, a filter, or any function.
        name: of the row.
        times: how often g is applied.
    """
    f = {part: predictor(part) for part in ("good", "bad", "judge")}
    rows = []
    for x in photographs().values():
        y = x
        with torch.no_grad():
            for _ in range(times):
                y = g(y).clamp(0, 1)
        rows.append(judge_picture(x, y, f))
    return judges_table({name: mean_of(rows)}).iloc[0]


def judged(*rows: pd.Series) -> pd.DataFrame:
    """The judges' table: the photographs untouched, all improvers of the pipeline, then `rows` of `judge`.

    Below each of the rows stand the plain filters, each as strong as changes the photographs as much; those that
    cannot change them so much are left out.

    Raises:
        UserError: the pipeline has not run.
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


def predictor(name: str | nn.Module) -> nn.Module:
    """A predictor by its name in params.yaml, of the pipeline, or of the reference run; a module as it is."""
    if isinstance(name, nn.Module):
        return name
    own = find_project().run / "predictors" / f"{name}.safetensors"
    return weights.load_predictor(f"{'run' if own.is_file() else 'reference'}/{name}")


def _network(kind: str, network: str | nn.Module, width: int, seed: int) -> nn.Module:
    """A module as it is, or a new network of a name, to be trained."""
    if not isinstance(network, nn.Module):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = weights.build(kind, network, width)
    if not any(True for _ in network.parameters()):
        raise UserError(f"{kind}: {type(network).__name__} has no parameters, so there is nothing to train")
    return network.requires_grad_(True)


def _trained(
    network: nn.Module, task: Callable[[Fabric], Task], steps: int, rate: float, optimizer: str, label: str
) -> Trained:
    params: Any = load_params().training
    fabric = make_fabric(params)
    with tempfile.TemporaryDirectory() as folder:
        state = fit(
            network, task(fabric), steps=steps, learning_rate=rate, params=params, fabric=fabric,
            checkpoint=Path(folder) / "checkpoint.safetensors", optimizer=optimizer, label=label,
        )  # fmt: skip
    return Trained(network.cpu().eval().requires_grad_(False), pd.DataFrame(state.curve))
