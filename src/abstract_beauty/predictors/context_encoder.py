import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from abstract_beauty.prediction.encoder_layers import centre, down, up, visible_part


class ContextEncoder(nn.Module):
    """The article's predictor: an encoder of the whole context down to 8x8, a decoder of its centre up to the tile.

    After the context encoders of Pathak et al. 2016. The decoder keeps 16 pixels around the tile while it goes up,
    narrowing as it goes: 128 -> 64 -> 48 -> 40 -> 32 pixels of the image. The first layer has `width` channels; each
    level doubles them.
    """

    def __init__(self, width: int = 24):
        super().__init__()
        w = width
        self.encoder = nn.ModuleList([down(4, w), down(w, 2 * w), down(2 * w, 4 * w), down(4 * w, 8 * w)])
        self.middle = nn.Sequential(nn.Conv2d(8 * w, 8 * w, 3, padding=1), nn.LeakyReLU(0.1))
        self.decoder = nn.ModuleList([up(8 * w, 4 * w), up(4 * w, 2 * w), up(2 * w, w), up(w, w)])
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
        features = self.decoder[1](centre(features, 8))  # 16x16, 4 pixels each: 64 pixels
        features = self.decoder[2](centre(features, 12))  # 24x24, 2 pixels each: 48 pixels
        features = self.decoder[3](centre(features, 20))  # 40x40: 40 pixels
        return mean + centre(self.last(features), 32)
