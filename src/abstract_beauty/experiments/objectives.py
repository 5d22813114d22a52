"""What a section of params.yaml asks an improver to minimise: its loss, given the tensors that the loss names."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty import losses
from abstract_beauty.experiments.pictures import random_phase
from abstract_beauty.full_prediction import Phase, full_prediction
from abstract_beauty.params import ImproverParams
from abstract_beauty.scorers import load_scorer


def predictors_of(section: ImproverParams) -> dict[str, str]:
    """Which predictors an improver is trained through: the part that each plays -> its name."""
    tensors, _ = losses.needs(losses.LOSSES[section.loss])
    parts = {"good": "good"} if {"z", "z_x"} & set(tensors) else {}
    return parts | ({"bad": section.bad or "bad"} if "z_bad" in tensors else {})


def phase_at(section: ImproverParams, seed: int, step: int) -> Phase:
    """The grid of a training step: the article's, or one drawn at random."""
    return (0, 0) if section.phase == "fixed" else random_phase(seed, step)


def scorer_of(section: ImproverParams) -> Callable[[Tensor], Tensor] | None:
    """The scorer that a section names, if it names one; fetched at run time."""
    return load_scorer(section.scorer) if section.scorer else None


def loss_values(
    section: ImproverParams,
    x: Float[Tensor, "b 3 h w"],
    y: Float[Tensor, "b 3 h w"],
    f: Mapping[str, nn.Module],
    phase: Phase = (0, 0),
    scorer: Callable[[Tensor], Tensor] | None = None,
) -> dict[str, Tensor]:
    """The loss that a section names, with the parts it is made of for the curve.

    Args:
        section: the improver's; names the loss and its weights.
        x: originals.
        y: what the improver made of them.
        f: the predictors "good" and, for losses of two, "bad".
        phase: the grid of this step.
        scorer: for the loss that asks one.
    """
    loss = losses.LOSSES[section.loss]
    names, weights = losses.needs(loss)
    given: dict[str, Any] = {"x": x, "y": y, "score": scorer}
    values = {"mae_xy": losses.mae(x, y)}
    if "good" in f:
        given["z"] = full_prediction(f["good"], y, phase)
        values["mae_yz"] = losses.mae(y, given["z"])
    if "z_bad" in names:
        given["z_bad"] = full_prediction(f["bad"], y, phase)
        values["mae_yz_bad"] = losses.mae(y, given["z_bad"])
    if "z_x" in names:
        with torch.no_grad():
            given["z_x"] = full_prediction(f["good"], x, phase)
    tensors = {name: given[name] for name in names}
    return {"loss": loss(**tensors, **{key: getattr(section, key) for key in weights}), **values}
