"""What there is to work with: pictures to train and to test on, and the predictors."""

import copy
import itertools
from collections.abc import Iterator
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty import weights
from abstract_beauty.data import Picture
from abstract_beauty.errors import UserError
from abstract_beauty.experiments import pictures as prepared
from abstract_beauty.experiments.predictor import predictor_config
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
    return map(
        Crops(tuple(picture.image for picture in training_pictures()), batch, seed, side), itertools.count()
    )


def predictor(name: str | nn.Module) -> nn.Module:
    """A predictor: the pipeline's by its name in params.yaml, or where that has not run, the reference run's.

    Also "reference/NAME", "run/NAME" or a file; a module as a frozen copy.

    Raises:
        UserError: there is no such predictor, or params.yaml was changed since the pipeline trained it.
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
