"""A predictor made worse: it sees its context out of focus."""

import math

import torch
import torch.nn.functional as functional
from jaxtyping import Bool, Float
from torch import Tensor, nn


class BlurredContext(nn.Module):
    """The predictor f, shown contexts that are blurred: it knows the colours around the tile, and no detail.

    The blur is a normalised convolution (Knutsson & Westin 1993) with a Gaussian of `sigma` pixels, in which hidden
    pixels weigh nothing; so nothing of the tile leaks into what is visible, and the predictor stays blind.
    """

    def __init__(self, f: nn.Module, sigma: float):
        super().__init__()
        self.f = f
        radius = math.ceil(2 * sigma)
        line = torch.arange(-radius, radius + 1).float()
        kernel = torch.exp(-line.square() / (2 * sigma**2))
        self.register_buffer("kernel", kernel / kernel.sum(), persistent=False)

    def _blurred(self, image: Tensor) -> Tensor:
        """Each channel blurred, nothing beyond the border."""
        radius, channels = len(self.kernel) // 2, image.shape[1]
        down = self.kernel.to(image).view(1, 1, -1, 1).expand(channels, -1, -1, -1)
        image = functional.conv2d(image, down, padding=(radius, 0), groups=channels)
        return functional.conv2d(image, down.mT, padding=(0, radius), groups=channels)

    def forward(
        self, context: Float[Tensor, "n 3 128 128"], hidden: Bool[Tensor, "n 1 128 128"]
    ) -> Float[Tensor, "n 3 32 32"]:
        visible = (~hidden).to(context)
        weight = self._blurred(visible).clamp(min=1e-6)
        return self.f(self._blurred(context * visible) / weight, hidden)
