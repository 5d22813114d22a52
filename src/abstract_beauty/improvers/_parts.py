"""What several improvers are built of."""

import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each pixel: no pixel hears of another through it."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return self.norm(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def padded_to(x: Tensor, multiple: int) -> Tensor:
    """x with its right and bottom edges repeated up to a multiple in height and width."""
    down, right = -x.shape[2] % multiple, -x.shape[3] % multiple
    return functional.pad(x, (0, right, 0, down), mode="replicate")
