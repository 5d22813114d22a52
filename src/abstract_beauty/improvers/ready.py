import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.improvers._parts import padded_to


class ReadyUNet(nn.Module):
    """A ready architecture: MONAI's BasicUNet (Falk et al. 2019), as the library gives it, without its norms.

    Four levels down and up, and a path at full resolution, but none that copies x. Its usual instance norm averages
    over the whole image and would make seams; so it is left out. A sigmoid brings the last layer to [0, 1]. It has
    `width` channels at full resolution; the coarser levels have 1, 2, 4 and 8 times as many.
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
        return torch.sigmoid(self.network(padded_to(x - 0.5, self.grain)))[..., :h, :w]
