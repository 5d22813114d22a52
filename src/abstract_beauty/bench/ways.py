"""The ways of full prediction: which network, in which precision, tile by tile or all tiles at once."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.bench.settings import MODES, PRECISIONS, Settings
from abstract_beauty.bench.timing import Run
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.predictors.context_encoder import ContextEncoder
from abstract_beauty.predictors.four_sides import FourSides

# From the article's way to this book's, one step at a time: (network, method of full_prediction).
METHODS = {
    "loop": ("context_encoder", "loop"),
    "batched": ("context_encoder", "batched"),
    "four_sides_batched": ("four_sides", "batched"),
    "one_pass": ("four_sides", "one_pass"),
}


@dataclass(frozen=True)
class Way:
    """One way to z.

    Args:
        network: a predictor, frozen.
        method: of `full_prediction`.
        autocast: whether matrices are brought to bfloat16 as they are used; a network that is bfloat16 as a
            whole needs none of it.
    """

    network: nn.Module
    method: Literal["loop", "batched", "one_pass"]
    autocast: bool = False

    def __call__(self, y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """z of y; both float32."""
        with torch.autocast(y.device.type, torch.bfloat16, enabled=self.autocast):
            return full_prediction(self.network, y, method=self.method)


def seeded(make: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """A network with random weights that do not depend on, or change, torch's global generator.

    What begins at zero, as the end of every residual block does, becomes random too: a product with zeros is no fair
    test of a precision, and cheaper on some GPUs.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make()
        with torch.no_grad():
            for tensor in (*network.parameters(), *network.buffers()):
                if not tensor.any():
                    tensor.normal_(std=0.02)
    return network


def frozen(network: nn.Module, device: torch.device) -> nn.Module:
    """The network in eval mode on a device, no parameter trainable."""
    return network.to(device).eval().requires_grad_(False)


def ways(settings: Settings, device: torch.device) -> dict[tuple[str, str], Way]:
    """Every (method, precision). The encoder meets bfloat16 by autocast, the one-pass network as a whole."""
    networks = {
        "context_encoder": seeded(lambda: ContextEncoder(settings.encoder_width)),
        "four_sides": seeded(lambda: FourSides(settings.token_width)),
    }
    networks = {name: frozen(network, device) for name, network in networks.items()}
    rounded = copy.deepcopy(networks["four_sides"]).bfloat16()
    found = {}
    for method, (name, how) in METHODS.items():
        for precision in PRECISIONS:
            low = precision == "bfloat16"
            network = rounded if low and name == "four_sides" else networks[name]
            found[method, precision] = Way(network, how, autocast=low and name == "context_encoder")
    return found


def run_of(way: Callable[[Tensor], Tensor], y: Float[Tensor, "b 3 h w"], mode: str) -> Run:
    """What is timed: z alone, or z and the gradient of MAE(y, z) with respect to y."""
    if mode not in MODES:
        raise ValueError(f"a mode must be one of {', '.join(MODES)}, not {mode!r}")

    def forward() -> Tensor:
        with torch.no_grad():
            return way(y)

    def forward_backward() -> Tensor:
        image = y.clone().requires_grad_()
        mae(way(image), image).backward()
        return image.grad

    return forward if mode == "forward" else forward_backward


def picture(size: int, device: torch.device) -> Float[Tensor, "1 3 size size"]:
    """Noise in [0, 1]. What a picture shows makes no difference to the time."""
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(size)).to(device)
