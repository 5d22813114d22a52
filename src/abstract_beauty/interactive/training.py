"""Train a predictor or an improver of one's own: each time anew, and into memory only."""

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import pandas as pd
import pydantic
import torch
from torch import Tensor, nn

from abstract_beauty import weights
from abstract_beauty.errors import UserError, complaint
from abstract_beauty.experiments.improver import give_eye, improver_task
from abstract_beauty.experiments.predictor import predictor_task
from abstract_beauty.improvers import moves
from abstract_beauty.interactive.given import crops, predictor, same_size, training_pictures
from abstract_beauty.losses import LOSSES, needs
from abstract_beauty.params import load_params
from abstract_beauty.sections import ImproverParams, PredictorParams
from abstract_beauty.training.batches import Tiles
from abstract_beauty.training.fit import Fabric, Task, fit, make_fabric

TENSORS = ("x", "y", "z", "z_bad", "z_x", "u")  # what a loss can be given, by the names of its arguments
LEARNING_RATE = 0.002


@dataclass(frozen=True)
class Trained:
    """A network that was just trained: in eval mode, frozen; and its curve, a row every few steps."""

    network: nn.Module
    curve: pd.DataFrame


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
            (n, 1, 128, 128), True where it must not look, to (n, 3, 32, 32). Of a module a copy is trained.
        steps: of the optimiser: Muon where the network names its matrices, else AdamW.
        width: of a network that is named.
        batch: tiles a step, or crops where there are any (by default 32 tiles, or 3 crops).
        crop: side of the crops of which all tiles are predicted at once; 0: single tiles, from anywhere. By default
            192 for networks with a `one_pass`, 0 for others.
        learning_rate: the peak of the schedule; by default 0.005 for Muon, 0.002 for AdamW.
        seed: of new weights and of the order of the pictures.

    Raises:
        UserError: there is no such network, it returns another shape or looks at what is hidden; a number is out of
            range; or a loss stopped being a number.
    """
    f = _network("predictors", network, width, seed)
    if isinstance(network, str) and getattr(f, "begins_as_fill", False):
        f.matrix.copy_(predictor("linear").matrix)
    crop = (192 if hasattr(f, "one_pass") else 0) if crop is None else crop
    optimizer = "muon" if hasattr(f, "hidden_matrices") else "adamw"
    rate = (0.005 if optimizer == "muon" else LEARNING_RATE) if learning_rate is None else learning_rate
    batch = (3 if crop else 32) if batch is None else batch
    how = _checked(PredictorParams, steps=steps, batch=batch, crop=crop, learning_rate=rate, seed=seed)
    seen = training_pictures()
    context, hidden = Tiles(tuple(picture.image for picture in seen), 1, seed)(0)
    with torch.no_grad():
        tile, same = (
            f.eval()(torch.where(hidden, shade, context), hidden) for shade in (context, 1 - context)
        )
    if tile.shape != (1, 3, 32, 32):
        raise UserError(
            f"train_predictor: the network returns {tuple(tile.shape)}, where (1, 3, 32, 32) is needed"
        )
    if not torch.allclose(tile, same, atol=1e-5):
        raise UserError("train_predictor: the network looks at what is hidden; begin with context * ~hidden")
    return _trained(f, partial(predictor_task, seen, how.batch, how.crop, seed), how, optimizer)


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
            prediction of x; (b, 3, crop, crop) in [0, 1] each; of a network that `moves` also its field u, (b, 2,
            crop, crop), in pixels, and each of them after every look, one batch after another. Its weights are
            keyword-only arguments.
        network: a name in improvers/, or a module from (b, 3, h, w) to the same, of which a copy is trained.
        steps: of AdamW.
        width: of a network that is named; of the mover that of the predictor `good`.
        batch: crops a step.
        crop: their side, pixels.
        phase: "fixed" for the article's grid of tiles, "random" for another at each step.
        learning_rate: the peak of the schedule.
        seed: of new weights and of the order of the pictures.
        good, bad: the predictors: names as in `predictor`, or modules.
        weights: of the loss, for example k1=0.35, k2=0.65.

    Raises:
        UserError: the loss asks for what it cannot be given, lacks a weight, or returns no number that depends on y;
            there is no such network, or it changes its input or the size; a number is out of range; or a loss stopped
            being a number.
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise UserError(f"train_improver: there is no loss {loss!r}; there are {', '.join(LOSSES)}")
        loss = LOSSES[loss]
    loss = loss.forward if isinstance(loss, nn.Module) else loss
    takes, own = needs(loss)
    if odd := [name for name in takes if name not in TENSORS]:
        what = f"{', '.join(TENSORS)}; weights stand after a star, as in (x, y, *, k)"
        raise UserError(f"train_improver: the loss asks for {odd[0]!r}; it can be given {what}")
    if odd := {*own} & {*inspect.signature(train_improver).parameters}:
        raise UserError(
            f"train_improver: it has a {odd.pop()!r} of its own; call the loss's weight otherwise"
        )
    try:
        inspect.signature(loss).bind(**dict.fromkeys(takes), **weights)
    except TypeError as error:
        raise UserError(f"train_improver: the weights do not fit the loss ({error})") from error

    @wraps(loss)
    def one_number(**given: Any) -> Tensor:
        value = loss(**given)
        if not (isinstance(value, Tensor) and value.numel() == 1 and value.requires_grad):
            what = "one number that depends on y, such as (y - z).abs().mean()"
            raise UserError(f"train_improver: the loss must return {what}")
        return value.reshape(())

    how = _checked(  # a row of params.yaml, whose own loss is not looked at
        ImproverParams, weights={"k1": 1.0, "k2": 1.0}, batch=batch, crop=crop, phase=phase, steps=steps,
        learning_rate=learning_rate, seed=seed,
    )  # fmt: skip
    g = _network("improvers", network, width, seed)
    f = {"good": predictor(good), "bad": predictor(bad)}
    if moves(g):
        give_eye(g, f["good"])
    elif "u" in takes:
        what = "the loss is of a field of displacements; the network has to move, as 'mover'"
        raise UserError(f"train_improver: {what}")
    x = next(crops(1, crop, seed))
    before = x.clone()
    with torch.no_grad():
        same_size("train_improver", x, g.eval()(x))
    if not torch.equal(x, before):
        raise UserError("train_improver: the network changes its input; begin with x = x.clone()")
    task = partial(improver_task, training_pictures(), f, one_number, weights, how, seed)
    return _trained(g, task, how, "adamw")


def _checked(row: type, **values: Any) -> Any:
    """A row of params.yaml with these values; UserError says what of them is out of range."""
    try:
        return row(**values)
    except pydantic.ValidationError as error:
        raise UserError(complaint(error)) from error


def _network(kind: str, network: str | nn.Module, width: int, seed: int) -> nn.Module:
    """A copy of a module, or a new network of a name, to be trained."""
    if isinstance(network, nn.Module):
        network = copy.deepcopy(network)
        if not any(parameter.requires_grad for parameter in network.parameters()):
            network.requires_grad_(True)  # one that was trained here, say, which goes on
    else:
        if type(width) is not int or not 1 <= width <= weights.WIDEST:
            raise UserError(f"width: must be a whole number from 1 to {weights.WIDEST}, not {width!r}")
        network = weights.build(kind, network, width, seed)
    if not any(True for _ in network.parameters()):
        raise UserError(f"{kind}: {type(network).__name__} has no parameters, so there is nothing to train")
    return network


def _trained(network: nn.Module, task: Callable[[Fabric], Task], how: Any, optimizer: str) -> Trained:
    """Train a network as a row of params.yaml says."""
    params = load_params().training
    fabric = make_fabric(params)
    state = fit(
        network, task(fabric), steps=how.steps, learning_rate=how.learning_rate, params=params, fabric=fabric,
        checkpoint=None, optimizer=optimizer,
    )  # fmt: skip
    return Trained(network.cpu().eval().requires_grad_(False), pd.DataFrame(state.curve))
