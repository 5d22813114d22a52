"""The only training loop: predictors and improvers differ in what `step` returns.

On Lightning Fabric, so the same code runs on a CPU, a GPU or, under torchrun, on several processes. A batch is a pure
function of the step's number, so a run that was killed goes on from its last checkpoint exactly as it would have.
"""

import contextlib
import hashlib
import json
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from abstract_beauty.errors import SharedError, Terminated
from abstract_beauty.sections import TrainingParams
from abstract_beauty.training.checkpoints import Row, State, load_checkpoint, save_checkpoint
from abstract_beauty.training.machine import computes_as_all, processes
from abstract_beauty.training.optimizers import optimizers_for

Fabric = Any  # lightning_fabric.Fabric; imported only where one is made, since that import takes seconds
Step = Callable[[nn.Module, int], dict[str, Tensor]]


@dataclass(frozen=True)
class Task:
    """What a network is to learn: its step, and what is said when that goes wrong."""

    step: Step
    # what the i-th batch, of all processes, was cut from
    pictures: Callable[[int], Sequence[str]] = lambda i: ()
    # what is odd about a row of the curve; each is said once
    watch: Callable[[Row], Sequence[str]] = lambda row: ()


class TrainingStopped(SharedError):
    """A loss or gradient stopped being a number; the last good checkpoint is kept."""


def seed_for(*parts: object) -> int:
    """A seed in 0 .. 2^63 - 1 that depends on every part, so that no two uses of randomness share a stream."""
    return int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest()[:8], "big") >> 1


def generator_for(*parts: object) -> torch.Generator:
    """A CPU generator seeded by `seed_for(*parts)`."""
    return torch.Generator().manual_seed(seed_for(*parts))


def computes_in_bfloat16(accelerator: str = "auto") -> bool:
    """Whether this machine multiplies bfloat16 faster than float32: most GPUs, and processors with instructions for it.

    Elsewhere bfloat16 is emulated, and slower; and no processor does where all are to compute alike.
    """
    if accelerator != "cpu" and torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if computes_as_all():
        return False
    asks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")  # not public, so perhaps not there
    return any(getattr(torch.cpu, ask, lambda: False)() for ask in asks)


def precision_of(params: TrainingParams) -> str:
    """Fabric's name of the precision that `params` mean on this machine."""
    if params.precision != "auto":
        return params.precision
    return "bf16-mixed" if computes_in_bfloat16(params.accelerator) else "32-true"


def make_fabric(params: TrainingParams) -> Fabric:
    """Fabric for one process, or for each of torchrun's; weights and data order do not depend on which."""
    from lightning_fabric import Fabric

    # Else it prints a line about the precision, which belongs into the record of a run and nowhere else.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    world, local = processes(), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    fabric = Fabric(
        accelerator=params.accelerator,
        devices=local,
        num_nodes=max(1, world // local),
        strategy="ddp" if world > 1 else params.strategy,
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


@contextlib.contextmanager
def _termination() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM has come, which meanwhile kills nothing; Python can ask that of its main thread only."""
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return
    before = signal.signal(signal.SIGTERM, lambda *_: came.set())
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
    if came.is_set():  # too late for the block to notice
        signal.raise_signal(signal.SIGTERM)


def _restored(
    path: Path, network: nn.Module, optimizers: Sequence[torch.optim.Optimizer], fabric: Fabric
) -> State:
    """The state to go on from, which all processes must find alike."""
    state = load_checkpoint(path, network, optimizers)
    there = torch.tensor([state.step, -state.step])
    least, most = fabric.all_reduce(fabric.to_device(there), reduce_op="min").tolist()
    if least != -most:
        steps = f"step {least} for one process and at {-most} for another"
        raise SharedError(f"{path}: is at {steps}; it must lie on a disk that all share")
    return state


def fit(
    network: nn.Module,
    task: Task | Step,
    *,
    steps: int,
    learning_rate: float,
    params: TrainingParams,
    checkpoint: Path | None,
    fabric: Fabric,
    optimizer: str = "adamw",
    label: str = "training",
    progress: bool = True,
) -> State:
    """Train `network` in place; go on from `checkpoint` where there is one.

    Args:
        task: its `step(network, i)` draws the i-th batch and returns tensors of one number each, "loss" among them.
        learning_rate: the schedule's peak.
        params: warm-up, clipping, how often to log and to save.
        checkpoint: where the state is kept meanwhile; safetensors, replaced atomically. None: nowhere.
        optimizer: "adamw", or "muon" where the network names its matrices.
        label: what messages and the progress bar call it.

    Returns:
        The state at the end: its `curve` has a row every `params.log_every` steps, values averaged over them (and over
        processes); its `seconds` are counted over all the times that the training was taken up again.

    Raises:
        TrainingStopped: a value or the gradients are not finite; the step, its pictures and the kept checkpoint are
            named.
        Terminated: SIGTERM came; the state was saved after the step that was being done, or, where there are several
            processes, at the end of the curve's row, where they agree on it.
        UserError: the checkpoint cannot be read, or not be written, as on a full disk; the last one is kept.
    """
    task = task if isinstance(task, Task) else Task(task)
    model, *optimizers = fabric.setup(network, *optimizers_for(network, optimizer, learning_rate))
    for method in getattr(network, "forward_methods", ()):
        model.mark_forward_method(method)
    # After setup, so that the optimizers' state is loaded to where the weights now are.
    state = _restored(checkpoint, network, optimizers, fabric) if checkpoint else State()
    groups = [group for part in optimizers for group in part.param_groups]
    started = time.perf_counter() - state.seconds
    finite: list[Tensor] = []  # of each step since this was last asked: which of its values are
    said: set[str] = set()
    model.train()
    bar = tqdm(
        total=steps, initial=state.step, desc=label, unit="step", mininterval=1.0, dynamic_ncols=True,
        disable=not progress or not fabric.is_global_zero, leave=sys.stderr.isatty(),
    )  # fmt: skip
    with bar, _termination() as terminated:
        for i in range(state.step, steps):
            rate = learning_rate_at(i, steps, learning_rate, params.warmup)
            for group in groups:
                group["lr"] = rate
            values = task.step(model, i)
            model.zero_grad()
            fabric.backward(values["loss"])
            norms = []
            for part in optimizers:  # each has its own share of the weights
                norm = fabric.clip_gradients(model, part, max_norm=params.clip, error_if_nonfinite=False)
                norms.append(norm)
                part.step()
            values = {**values, "gradient_norm": torch.stack(norms).norm()}
            # Noted and summed where they are computed: reading a number back at every step would stall a GPU.
            finite.append(torch.stack([value.detach().float() for value in values.values()]).isfinite())
            for name, value in values.items():
                state.sums[name] = state.sums.get(name, 0) + value.detach()
            state.counted += 1
            state.step = i + 1
            bar.update()
            ends = state.step % params.log_every == 0 or state.step == steps
            stop = terminated()
            if fabric.world_size > 1:  # they meet where a row ends, and stop together
                asked = fabric.to_device(torch.tensor(int(stop)))
                stop = ends and bool(fabric.all_reduce(asked, reduce_op="max"))
            if not (ends or stop):
                continue
            # Before anything is saved: the last checkpoint is of a step at which all was well.
            everywhere = fabric.all_reduce(torch.stack(finite).float(), reduce_op="min")
            if not everywhere.all():
                at, which = (everywhere == 0).nonzero()[0].tolist()
                broken = list(values)[which], state.step - len(finite) + at + 1
                raise TrainingStopped(f"{label}: {_broken(*broken, steps, checkpoint, task)}")
            finite.clear()
            if ends:
                row = {
                    name: float(fabric.all_reduce(total / state.counted, reduce_op="mean"))
                    for name, total in state.sums.items()
                }
                state.curve.append({"step": state.step, **row, "learning_rate": rate})
                bar.set_postfix(loss=f"{row['loss']:.4f}", refresh=False)
                state.sums, state.counted = {}, 0
                if fabric.is_global_zero:
                    for line in set(task.watch(state.curve[-1])) - said:
                        said.add(line)
                        tqdm.write(f"{label}: step {state.step}: {line}", file=sys.stderr)
            # Only where a row was just finished, unless it is the last chance: the processes' sums differ within one.
            due = ends and state.step < steps and state.step % params.checkpoint_every < params.log_every
            if due or stop:
                if checkpoint and fabric.is_global_zero:
                    state.seconds = time.perf_counter() - started
                    save_checkpoint(checkpoint, network, optimizers, state)
                fabric.barrier()
            if stop:
                kept = ", which is saved" if checkpoint else ""
                raise Terminated(f"{label}: stopped at step {state.step} of {steps}{kept}")
    network.eval()
    state.seconds = time.perf_counter() - started
    return state


def _broken(name: str, step: int, steps: int, checkpoint: Path | None, task: Task) -> str:
    """What to say of the first value that is not finite."""
    pictures = ", ".join(dict.fromkeys(task.pictures(step - 1)))
    batch = f"its batch is cut from {pictures}; " if pictures else ""
    kept = f"the last good state is {checkpoint}; " if checkpoint and checkpoint.exists() else ""
    mend = "lower the learning rate or check these pictures"
    return f"{name} is not finite at step {step} of {steps}; {batch}{kept}{mend}"
