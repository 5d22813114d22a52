"""What encoders of one whole context are built of, the article's way.

What is hidden is removed before the first layer, so blindness holds by construction.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


def visible_part(
    context: Float[Tensor, "n 3 128 128"], hidden: Bool[Tensor, "n 1 128 128"]
) -> tuple[Float[Tensor, "n 4 128 128"], Float[Tensor, "n 3 1 1"]]:
    """What a network may see: the visible pixels less their mean, 0 where hidden, and a channel of 1 where visible.

    Returns:
        The four channels, and the mean colour of what is visible (grey, 0.5, where everything is hidden).
        Taking the mean out makes a network's error independent of a shift of all colours.
    """
    visible = (~hidden).to(context.dtype)
    count = visible.sum(dim=(2, 3), keepdim=True)
    seen = torch.where(hidden, context.new_zeros(()), context)
    mean = (seen.sum(dim=(2, 3), keepdim=True) + 0.5 * (count == 0)) / count.clamp(min=1)
    return torch.cat([(seen - mean) * visible, visible], dim=1), mean


def down(inputs: int, outputs: int) -> nn.Module:
    """A layer that halves height and width."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.1))


def up(inputs: int, outputs: int) -> nn.Module:
    """A layer that doubles height and width."""
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.1))


def centre(features: Tensor, size: int) -> Tensor:
    """The central size x size part of square feature maps."""
    margin = (features.shape[-1] - size) // 2
    return features[..., margin : margin + size, margin : margin + size]
