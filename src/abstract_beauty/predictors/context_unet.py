import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from abstract_beauty.prediction.encoder_layers import centre, down, up, visible_part


class ContextUNet(nn.Module):
    """A context encoder whose decoder also sees the encoder's finer levels, so that borders are not blurred away.

    Ronneberger et al. 2015's skip connections, cropped to what the decoder keeps. It serves as the judge: another
    architecture and another seed than any predictor that an improver was trained against. The first layer has `width`
    channels; each level doubles them.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        w = width
        self.encoder = nn.ModuleList([down(4, w), down(w, 2 * w), down(2 * w, 4 * w), down(4 * w, 8 * w)])
        self.middle = nn.Sequential(nn.Conv2d(8 * w, 8 * w, 3, padding=1), nn.LeakyReLU(0.1))
        self.decoder = nn.ModuleList([up(8 * w, 4 * w), up(8 * w, 2 * w), up(4 * w, w), up(2 * w, w)])
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
            features = layer(torch.cat([centre(features, size), centre(level, size)], dim=1))
        return mean + centre(self.last(torch.cat([features, centre(levels[0], 40)], dim=1)), 32)
