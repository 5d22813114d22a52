import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.improvers._parts import ChannelNorm, padded_to


class ResidualBlock(nn.Module):
    """features + convolution(activation(convolution(norm(features)))), the pre-activation block of He et al. 2016."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out as in."""
        return features + self.second(functional.leaky_relu(self.first(self.norm(features)), 0.1))


class DeepResidual(nn.Module):
    """The deeper improver: 34 convolutions in 16 normalised residual blocks, `width` channels wide, at half resolution.

    Pixels are folded 2x2 into channels on the way in and unfolded on the way out (Shi et al. 2016), which makes the
    depth affordable. Like the plain stack it has no path that copies x: what comes out, it has learnt to draw.
    """

    grain = 2
    reach = 2 * 34 + 1  # 34 convolutions of 3x3, at half resolution

    def __init__(self, width: int = 32):
        super().__init__()
        self.enter = nn.Conv2d(12, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(16)))
        self.last = nn.Sequential(ChannelNorm(width), nn.Conv2d(width, 12, 3, padding=1))

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """x in [0, 1] -> y in [0, 1]."""
        h, w = x.shape[2:]
        folded = functional.pixel_unshuffle(padded_to(x - 0.5, self.grain), 2)
        features = self.blocks(self.enter(folded.contiguous(memory_format=torch.channels_last)))
        return torch.sigmoid(functional.pixel_shuffle(self.last(features), 2)[..., :h, :w])
