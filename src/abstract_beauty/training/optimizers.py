"""The optimisers of a network: AdamW for everything, or Muon for the matrices inside it and AdamW for the rest."""

import math
from collections.abc import Iterable
from itertools import groupby

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.errors import UserError

# The quintic of Jordan et al. 2024: steep at 0, so that five rounds bring singular values from 0.01 to about 1.
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5


def orthogonalised(matrices: Float[Tensor, "n rows columns"]) -> Float[Tensor, "n rows columns"]:
    """Each matrix with its singular values brought to about 1, its singular vectors kept (Newton-Schulz iteration).

    A matrix of zeros stays one.
    """
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.transpose(1, 2)
    x = wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    a, b, c = _QUINTIC
    for _ in range(_ROUNDS):
        gram = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide is matrices else x.transpose(1, 2)


class Muon(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) for parameters of two dimensions: a step is Nesterov's momentum, orthogonalised.

    The step is scaled by 0.2 sqrt(max(rows, columns)), as Liu et al. 2025 (arXiv 2502.16982, section 2.2) propose, so
    that it goes with AdamW's learning rate. PyTorch's own `torch.optim.Muon` calculates in bfloat16, one matrix after
    another; a processor without instructions for that number format then spends most of a training step on it. This
    one calculates in float32, all matrices of a shape together.
    """

    def __init__(self, matrices: Iterable[nn.Parameter], lr: float, momentum: float = 0.95):
        super().__init__(matrices, {"lr": lr, "momentum": momentum})
        for group in self.param_groups:
            if any(matrix.ndim != 2 for matrix in group["params"]):
                raise ValueError("Muon is for parameters of two dimensions")

    @torch.no_grad()
    def step(self) -> None:
        """One step along the gradients that are there."""
        for group in self.param_groups:
            there = [matrix for matrix in group["params"] if matrix.grad is not None]
            there.sort(key=lambda matrix: tuple(matrix.shape))  # stable: equal shapes keep their order
            for shape, same in groupby(there, key=lambda matrix: tuple(matrix.shape)):
                matrices = list(same)
                updates = torch.stack([self._momentum(matrix, group["momentum"]) for matrix in matrices])
                size = 0.2 * math.sqrt(max(shape)) * group["lr"]
                for matrix, update in zip(matrices, orthogonalised(updates.float()), strict=True):
                    matrix.add_(update.to(matrix.dtype), alpha=-size)

    def _momentum(self, matrix: Tensor, momentum: float) -> Tensor:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        kept = state["momentum_buffer"].lerp_(matrix.grad, 1 - momentum)
        return matrix.grad.lerp(kept, momentum)


def optimizers_for(
    network: nn.Module, optimizer: str, learning_rate: float
) -> tuple[torch.optim.Optimizer, ...]:
    """AdamW for everything ("adamw"), or Muon for the matrices that `network.hidden_matrices` names ("muon").

    UserError where Muon is asked for and the network names none.
    """
    rest = [parameter for parameter in network.parameters() if parameter.requires_grad]
    chosen: list[torch.optim.Optimizer] = []
    if optimizer == "muon":
        if not hasattr(network, "hidden_matrices"):
            needs = f"{type(network).__name__} needs adamw"
            raise UserError(f"params.yaml: optimizer: muon is for networks made of matrices; {needs}")
        matrices = network.hidden_matrices()
        chosen.append(Muon(matrices, lr=learning_rate))
        inner = {id(matrix) for matrix in matrices}
        rest = [parameter for parameter in rest if id(parameter) not in inner]
    # Fused, it takes roots by the processor's own instruction, which all round alike; but it minds no strides.
    fused = all(parameter.is_contiguous() for parameter in rest)
    chosen.append(torch.optim.AdamW(rest, lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=fused))
    return tuple(chosen)
