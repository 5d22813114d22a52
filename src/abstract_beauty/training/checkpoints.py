"""The state of an unfinished training on disk: written whole or not at all, and read back to the bit."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from abstract_beauty.errors import UserError, reason
from abstract_beauty.files import replacing

Row = dict[str, float]


@dataclass
class State:
    """How far a training is, beside what the network and its optimizers hold."""

    step: int = 0  # how many are done
    curve: list[Row] = field(default_factory=list)
    sums: dict[str, Tensor] = field(default_factory=dict)  # of the row that is not finished yet
    counted: int = 0  # steps in those sums
    seconds: float = 0.0  # spent so far


def save_checkpoint(
    path: Path, network: nn.Module, optimizers: Sequence[torch.optim.Optimizer], state: State
) -> None:
    """Write everything that the rest of a training depends on; UserError where that fails, and the last one is kept."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for which, optimizer in enumerate(optimizers):
        for index, kept in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{which}.{index}.{n}": torch.as_tensor(value) for n, value in kept.items()}
    tensors |= {f"sums.{name}": total for name, total in state.sums.items()}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # A file of tensors forgets their order, which for the sums is that of the curve's columns.
    progress = vars(state) | {"sums": list(state.sums)}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={"progress": json.dumps(progress)})


def load_checkpoint(path: Path, network: nn.Module, optimizers: Sequence[torch.optim.Optimizer]) -> State:
    """Put what `save_checkpoint` wrote, if anything, into a network and its optimizers, and say how far it was.

    Raises:
        UserError: the file is damaged, or belongs to another network.
    """
    if not path.is_file():
        return State()
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            progress = json.loads(file.metadata()["progress"])
        state = _state(progress, tensors)
        states = _moments(tensors, optimizers)
        network.load_state_dict(
            {n.removeprefix("network."): t for n, t in tensors.items() if n.startswith("network.")}
        )
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path}: the checkpoint cannot be read ({reason(error)}); delete it to begin anew"
        ) from error
    for optimizer, kept in zip(optimizers, states, strict=True):
        optimizer.load_state_dict({"state": kept, "param_groups": optimizer.state_dict()["param_groups"]})
    return state


def _state(progress: dict[str, Any], tensors: dict[str, Tensor]) -> State:
    """How far the training is; ValueError names what no training could have written."""
    sums = {name: tensors[f"sums.{name}"] for name in progress.pop("sums")}
    state = State(**progress, sums=sums)
    if type(state.step) is not int or type(state.counted) is not int or not 0 <= state.counted <= state.step:
        raise ValueError(f"step {state.step!r}, of which {state.counted!r} are in no row")
    if not 0 <= state.seconds < math.inf:
        raise ValueError(f"seconds is {state.seconds!r}")
    if (not state.curve and state.counted < state.step) or any("step" not in row for row in state.curve):
        raise ValueError("curve is no list of rows")
    if any(total.ndim for total in state.sums.values()):
        raise ValueError("a sum is not one number")
    return state


def _moments(
    tensors: dict[str, Tensor], optimizers: Sequence[torch.optim.Optimizer]
) -> list[dict[int, dict[str, Tensor]]]:
    """What each optimizer keeps of each of its parameters; ValueError or LookupError where it is of other ones."""
    states: list[dict[int, dict[str, Tensor]]] = [{} for _ in optimizers]
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, which, index, key = name.split(".", 3)
            parameters = [
                parameter for group in optimizers[int(which)].param_groups for parameter in group["params"]
            ]
            if tensor.ndim and tensor.shape != parameters[int(index)].shape:
                raise ValueError(f"{name} is of another shape than its parameter")
            states[int(which)].setdefault(int(index), {})[key] = tensor
    return states
