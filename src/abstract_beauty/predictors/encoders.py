"""The article's way: encoders and decoders that see one whole context at a time.

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


def _down(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.1))


def _up(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.1))


def _centre(features: Tensor, size: int) -> Tensor:
    """The central size x size part of square feature maps."""
    margin = (features.shape[-1] - size) // 2
    return features[..., margin : margin + size, margin : margin + size]


class ContextEncoder(nn.Module):
    """The article's predictor: an encoder of the whole context down to 8x8, a decoder of its centre up to the tile.

    After the context encoders of Pathak et al. 2016. The decoder keeps 16 pixels around the tile while it goes up,
    narrowing as it goes: 128 -> 64 -> 48 -> 40 -> 32 pixels of the image.

    Args:
        width: channels of the first layer; each level doubles them.
    """

    def __init__(self, width: int = 24):
        super().__init__()
        w = width
        self.encoder = nn.ModuleList([_down(4, w), _down(w, 2 * w), _down(2 * w, 4 * w), _down(4 * w, 8 * w)])
        self.middle = nn.Sequential(nn.Conv2d(8 * w, 8 * w, 3, padding=1), nn.LeakyReLU(0.1))
        self.decoder = nn.ModuleList([_up(8 * w, 4 * w), _up(4 * w, 2 * w), _up(2 * w, w), _up(w, w)])
        self.last = nn.Conv2d(w, 3, 3, padding=1)

    def forward(
        self, context: Float[Tensor, "n 3 128 128"], hidden: Bool[Tensor, "n 1 128 128"]
    ) -> Float[Tensor, "n 3 32 32"]:
        """Context in [0, 1] and what of it is hidden -> the tile, near [0, 1]."""
        features, mean = visible_part(context, hidden)
        features = features.contiguous(memory_format=torch.channels_last)
        for layer in self.encoder:
            features = layer(features)  # 64, 32, 16, 8 on a side
        features = self.decoder[0](self.middle(features))  # 16x16, 8 pixels each: 128 pixels
        features = self.decoder[1](_centre(features, 8))  # 16x16, 4 pixels each: 64 pixels
        features = self.decoder[2](_centre(features, 12))  # 24x24, 2 pixels each: 48 pixels
        features = self.decoder[3](_centre(features, 20))  # 40x40: 40 pixels
        return mean + _centre(self.last(features), 32)


class ContextUNet(nn.Module):
    """A context encoder whose decoder also sees the encoder's finer levels, so that borders are not blurred away.

    Ronneberger et al. 2015's skip connections, cropped to what the decoder keeps. It serves as the judge: another
    architecture and another seed than any predictor that an improver was trained against.

    Args:
        width: channels of the first layer; each level doubles them.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        w = width
        self.encoder = nn.ModuleList([_down(4, w), _down(w, 2 * w), _down(2 * w, 4 * w), _down(4 * w, 8 * w)])
        self.middle = nn.Sequential(nn.Conv2d(8 * w, 8 * w, 3, padding=1), nn.LeakyReLU(0.1))
        self.decoder = nn.ModuleList([_up(8 * w, 4 * w), _up(8 * w, 2 * w), _up(4 * w, w), _up(2 * w, w)])
        self.last = nn.Sequential(
            nn.Conv2d(w + 4, w, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(w, 3, 3, padding=1)
        )

    def forward(
        self, context: Float[Tensor, "n 3 128 128"], hidden: Bool[Tensor, "n 1 128 128"]
    ) -> Float[Tensor, "n 3 32 32"]:
        """Context in [0, 1] and what of it is hidden -> the tile, near [0, 1]."""
        seen, mean = visible_part(context, hidden)
        features = seen.contiguous(memory_format=torch.channels_last)
        levels = [features]
        for layer in self.encoder:
            levels.append(layer(levels[-1]))  # 64, 32, 16, 8 on a side
        features = self.decoder[0](self.middle(levels[4]))
        for layer, level, size in zip(
            self.decoder[1:], (levels[3], levels[2], levels[1]), (8, 12, 20), strict=True
        ):
            features = layer(torch.cat([_centre(features, size), _centre(level, size)], dim=1))
        return mean + _centre(self.last(torch.cat([features, _centre(levels[0], 40)], dim=1)), 32)
