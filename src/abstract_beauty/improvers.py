"""Networks that take an image and return a changed one: y = g(x).

All are local and shift with the image: no layer averages over space, so a large picture can be improved piece by piece
without seams. `reach` says how many pixels around it an output pixel depends on at most, `grain` what the corners of
pieces must be multiples of.
"""

import itertools

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each pixel: no pixel hears of another through it."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalise over c, with a learnt scale and shift."""
        return self.norm(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _padded_to(x: Tensor, multiple: int) -> Tensor:
    """x with its right and bottom edges repeated up to a multiple in height and width."""
    down, right = -x.shape[2] % multiple, -x.shape[3] % multiple
    return functional.pad(x, (0, right, 0, down), mode="replicate")


class PlainConvolutions(nn.Module):
    """The article's improver: a plain stack of convolutions that must learn even to copy.

    Args:
        width: channels of each hidden layer.
        depth: how many 3x3 convolutions.
    """

    grain = 1

    def __init__(self, width: int = 24, depth: int = 5):
        super().__init__()
        channels = [3] + [width] * (depth - 1) + [3]
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(channels):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="replicate"), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])
        self.reach = depth

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """x in [0, 1] -> y in [0, 1]."""
        return torch.sigmoid(self.layers((x - 0.5).contiguous(memory_format=torch.channels_last)))


class UNet(nn.Module):
    """A small residual U-Net (Ronneberger et al. 2015): it begins near the identity and learns what to change.

    Args:
        width: channels at full resolution; each of the two coarser levels doubles them.
    """

    grain = 4
    reach = 32  # 3x3 convolutions at 1, 2 and 4 pixels, two each way, and the resampling between them

    def __init__(self, width: int = 16):
        super().__init__()
        w = width
        self.enter = self._pair(3, w)
        self.down = nn.ModuleList([self._pair(w, 2 * w), self._pair(2 * w, 4 * w)])
        self.up = nn.ModuleList([self._pair(6 * w, 2 * w), self._pair(3 * w, w)])
        self.last = nn.Conv2d(w, 3, 3, padding=1)

    @staticmethod
    def _pair(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(outputs, outputs, 3, padding=1), nn.LeakyReLU(0.1),
        )  # fmt: skip

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """x in [0, 1] -> y in [0, 1]."""
        h, w = x.shape[2:]
        levels = [self.enter(_padded_to(x - 0.5, self.grain).contiguous(memory_format=torch.channels_last))]
        for layer in self.down:
            levels.append(layer(functional.avg_pool2d(levels[-1], 2)))
        features = levels.pop()
        for layer in self.up:
            larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = layer(torch.cat([larger, levels.pop()], dim=1))
        return (x + self.last(features)[..., :h, :w]).clamp(0, 1)


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
    """The deeper improver: 34 convolutions in 16 normalised residual blocks, at half resolution.

    Pixels are folded 2x2 into channels on the way in and unfolded on the way out (Shi et al. 2016), which makes the
    depth affordable. Like the plain stack it has no path that copies x: what comes out, it has learnt to draw.

    Args:
        width: channels of every block.
        blocks: how many residual blocks, of two convolutions each.
    """

    grain = 2

    def __init__(self, width: int = 32, blocks: int = 16):
        super().__init__()
        self.enter = nn.Conv2d(12, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.last = nn.Sequential(ChannelNorm(width), nn.Conv2d(width, 12, 3, padding=1))
        self.reach = 2 * (2 * blocks + 2) + 1

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """x in [0, 1] -> y in [0, 1]."""
        h, w = x.shape[2:]
        folded = functional.pixel_unshuffle(_padded_to(x - 0.5, self.grain), 2)
        features = self.blocks(self.enter(folded.contiguous(memory_format=torch.channels_last)))
        return torch.sigmoid(functional.pixel_shuffle(self.last(features), 2)[..., :h, :w])


class ReadyUNet(nn.Module):
    """A ready architecture: MONAI's BasicUNet (Falk et al. 2019), as the library gives it, without its norms.

    Four levels down and up, and a path at full resolution, but none that copies x. Its usual instance norm averages
    over the whole image and would make seams; so it is left out. A sigmoid brings the last layer to [0, 1].

    Args:
        width: channels at full resolution; the coarser levels have 1, 2, 4 and 8 times as many.
    """

    grain = 16
    reach = 128  # two 3x3 convolutions at 1, 2, 4, 8 and 16 pixels, two more each way up, and pooling between them

    def __init__(self, width: int = 16):
        super().__init__()
        from monai.networks.nets import BasicUNet  # takes seconds to import, and few runs need it

        features = (width, width, 2 * width, 4 * width, 8 * width, width)
        self.network = BasicUNet(2, 3, 3, features=features, norm=None)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """x in [0, 1] -> y in [0, 1]."""
        h, w = x.shape[2:]
        return torch.sigmoid(self.network(_padded_to(x - 0.5, self.grain)))[..., :h, :w]


NETWORKS: dict[str, type[nn.Module]] = {
    "plain": PlainConvolutions,
    "unet": UNet,
    "deep": DeepResidual,
    "ready": ReadyUNet,
}


@torch.no_grad()
def improve(
    g: nn.Module, x: Float[Tensor, "b 3 h w"], *, times: int = 1, piece: int = 512
) -> Float[Tensor, "b 3 h w"]:
    """g(x), g(g(x)), ...: apply an improver `times` times, piece by piece, so that a large picture fits into memory.

    Args:
        g: an improver with `reach` and `grain`.
        x: images in [0, 1].
        times: how often; 0 returns x.
        piece: side of a piece in pixels, brought to a multiple of the improver's grain.

    Returns:
        y in [0, 1], equal to g(x) of the whole picture: each piece is computed with all that it depends on around it.
    """
    piece = max(g.grain, piece // g.grain * g.grain)
    reach = -(-g.reach // g.grain) * g.grain
    for _ in range(times):
        y = torch.empty_like(x)
        for top in range(0, x.shape[2], piece):
            for left in range(0, x.shape[3], piece):
                above, before = max(0, top - reach), max(0, left - reach)
                part = g(x[..., above : top + piece + reach, before : left + piece + reach])
                kept = part[..., top - above :, left - before :][..., :piece, :piece]
                y[..., top : top + piece, left : left + piece] = kept
        x = y
    return x
