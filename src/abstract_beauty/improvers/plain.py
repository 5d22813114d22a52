import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn


class PlainConvolutions(nn.Module):
    """The article's improver: a plain stack of convolutions, `width` channels wide, that must learn even to copy."""

    grain = 1
    reach = 5  # as many 3x3 convolutions

    def __init__(self, width: int = 24):
        super().__init__()
        channels = [3, width, width, width, width, 3]
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(channels):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="replicate"), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """x in [0, 1] -> y in [0, 1]."""
        return torch.sigmoid(self.layers((x - 0.5).contiguous(memory_format=torch.channels_last)))
