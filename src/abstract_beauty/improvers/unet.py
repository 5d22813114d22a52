import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.improvers._parts import padded_to


class UNet(nn.Module):
    """A small residual U-Net (Ronneberger et al. 2015): it begins near the identity and learns what to change.

    It has `width` channels at full resolution; each of the two coarser levels doubles them.
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
        levels = [self.enter(padded_to(x - 0.5, self.grain).contiguous(memory_format=torch.channels_last))]
        for layer in self.down:
            levels.append(layer(functional.avg_pool2d(levels[-1], 2)))
        features = levels.pop()
        for layer in self.up:
            larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = layer(torch.cat([larger, levels.pop()], dim=1))
        return (x + self.last(features)[..., :h, :w]).clamp(0, 1)
