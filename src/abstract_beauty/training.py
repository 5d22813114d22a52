"""The only training loop: predictors and improvers differ in what `step` returns.

On Lightning Fabric, so the same code runs on a CPU, a GPU or, under torchrun, on several processes. A batch is a pure
function of the step's number, so a run that was killed goes on from its last checkpoint exactly as it would have.
"""

import hashlib
import json
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm.auto import tqdm

from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing
from abstract_beauty.optimizers import optimizers_for
from abstract_beauty.params import TrainingParams

Fabric = Any  # lightning.fabric.Fabric; imported only where one is made, since that import takes seconds
Row = dict[str, float]
Step = Callable[[nn.Module, int], dict[str, Tensor]]


@dataclass
class Clock:
    """Seconds spent in training, over all the times that it was taken up again."""

    seconds: float = 0.0


class TrainingStopped(UserError):
    """A loss or gradient stopped being a number; the last good checkpoint is kept."""


def seed_for(*parts: object) -> int:
    """A seed in 0 .. 2^63 - 1 that depends on every part, so that no two uses of randomness share a stream."""
    return int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest()[:8], "big") >> 1


def generator_for(*parts: object) -> torch.Generator:
    """A CPU generator seeded by `seed_for(*parts)`."""
    return torch.Generator().manual_seed(seed_for(*parts))


def computes_in_bfloat16(accelerator: str = "auto") -> bool:
    """Whether this machine multiplies bfloat16 faster than float32: most GPUs, and processors with instructions for it.

    Elsewhere bfloat16 is emulated, and slower.
    """
    if accelerator != "cpu" and torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    asks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")  # not public, so perhaps not there
    return any(getattr(torch.cpu, ask, lambda: False)() for ask in asks)


def precision_of(params: TrainingParams) -> str:
    """Fabric's name of the precision that `params` mean on this machine."""
    if params.precision != "auto":
        return params.precision
    return "bf16-mixed" if computes_in_bfloat16(params.accelerator) else "32-true"


def make_fabric(params: TrainingParams) -> Fabric:
    """Fabric for one process, or for each of torchrun's; weights and data order do not depend on which."""
    from lightning.fabric import Fabric

    # Else it prints a line about the precision, which belongs into the record of a run and nowhere else.
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    world, local = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    fabric = Fabric(
        accelerator=params.accelerator,
        devices=local,
        num_nodes=max(1, world // local),
        strategy="ddp" if world > 1 else "auto",
        precision=precision_of(params),
    )
    fabric.launch()
    return fabric


def learning_rate_at(step: int, steps: int, peak: float, warmup: float) -> float:
    """The schedule: a linear rise over the first `warmup` share of the steps, then half a cosine down to 0."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return peak * (step + 1) / rise
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def fit(
    network: nn.Module,
    step: Step,
    *,
    steps: int,
    learning_rate: float,
    params: TrainingParams,
    checkpoint: Path,
    fabric: Fabric,
    optimizer: str = "adamw",
    clock: Clock | None = None,
    label: str = "training",
    progress: bool = True,
) -> list[Row]:
    """Train `network` in place; go on from `checkpoint` where there is one.

    Args:
        network: what is trained.
        step: `step(network, i)` draws the i-th batch and returns tensors of one number each, "loss" among them.
        steps: how many.
        learning_rate: the schedule's peak.
        params: precision, warm-up, clipping, how often to log and to save.
        checkpoint: where the state is kept meanwhile; safetensors, replaced atomically.
        fabric: devices and precision.
        optimizer: "adamw", or "muon" where the network names its matrices.
        clock: is set to the seconds that it took.
        label: what the progress bar calls it.
        progress: whether to show a bar on stderr.

    Returns:
        The curve: a row every `params.log_every` steps, values averaged over them (and over processes).

    Raises:
        TrainingStopped: the loss or the gradients are not finite; the steps and the kept checkpoint are named.
    """
    model, *optimizers = fabric.setup(network, *optimizers_for(network, optimizer, learning_rate))
    for method in getattr(network, "forward_methods", ()):
        model.mark_forward_method(method)
    # After setup, so that the optimizers' state is loaded to where the weights now are.
    begin, curve, spent = _restore(checkpoint, network, optimizers)
    started = time.perf_counter() - spent
    model.train()
    bar = tqdm(
        total=steps, initial=begin, desc=label, unit="step", mininterval=1.0, dynamic_ncols=True,
        disable=not progress or not fabric.is_global_zero, leave=sys.stderr.isatty(),
    )  # fmt: skip
    sums: dict[str, Tensor] = {}
    counted = 0
    with bar:
        for i in range(begin, steps):
            rate = learning_rate_at(i, steps, learning_rate, params.warmup)
            for one in optimizers:
                for group in one.param_groups:
                    group["lr"] = rate
            values = step(model, i)
            for one in optimizers:
                one.zero_grad(set_to_none=True)
            fabric.backward(values["loss"])
            norms = [
                fabric.clip_gradients(model, one, max_norm=params.clip, error_if_nonfinite=False)
                for one in optimizers
            ]
            for one in optimizers:
                one.step()
            for name, value in {**values, "gradient_norm": torch.stack(norms).norm()}.items():
                # Summed where they are computed: reading a number back at every step would stall a GPU.
                sums[name] = sums.get(name, 0) + value.detach()
            counted += 1
            bar.update()
            done = i + 1
            if done % params.log_every == 0 or done == steps:
                row = {
                    name: float(fabric.all_reduce(total / counted, reduce_op="mean"))
                    for name, total in sums.items()
                }
                odd = [name for name, value in row.items() if not math.isfinite(value)]
                if odd:
                    kept = (
                        f"the last good state is {checkpoint}"
                        if checkpoint.exists()
                        else "nothing was saved yet"
                    )
                    raise TrainingStopped(
                        f"{label}: {odd[0]} is not finite in steps {done - counted + 1} to {done}; {kept}; "
                        "lower the learning rate or check the pictures"
                    )
                curve.append({"step": done, **row, "learning_rate": rate})
                bar.set_postfix(loss=f"{row['loss']:.4f}", refresh=False)
                sums, counted = {}, 0
            # Only where a row was just finished: a checkpoint must not cut an average in two.
            if counted == 0 and done < steps and done % params.checkpoint_every < params.log_every:
                if fabric.is_global_zero:
                    spent = time.perf_counter() - started
                    _save(checkpoint, network, optimizers, {"step": done, "curve": curve, "seconds": spent})
                fabric.barrier()
    network.eval()
    if clock:
        clock.seconds = time.perf_counter() - started
    return curve


def _save(
    path: Path,
    network: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    progress: dict[str, Any],
) -> None:
    """Write everything that the rest of the run depends on."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for which, optimizer in enumerate(optimizers):
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {
                f"optimizer.{which}.{index}.{n}": torch.as_tensor(value) for n, value in state.items()
            }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={"progress": json.dumps(progress)})


def _restore(
    path: Path, network: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> tuple[int, list[Row], float]:
    """Load the state that `_save` wrote: step, curve and seconds so far; 0, [] and 0 where there is none."""
    if not path.is_file():
        return 0, [], 0.0
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            progress = json.loads(file.metadata()["progress"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: the checkpoint cannot be read ({error}); delete it to begin anew"
        ) from error
    network.load_state_dict(
        {n.removeprefix("network."): t for n, t in tensors.items() if n.startswith("network.")}
    )
    states: list[dict[int, dict[str, Tensor]]] = [{} for _ in optimizers]
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, which, index, key = name.split(".", 3)
            states[int(which)].setdefault(int(index), {})[key] = tensor
    for optimizer, state in zip(optimizers, states, strict=True):
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return progress["step"], progress["curve"], progress["seconds"]
