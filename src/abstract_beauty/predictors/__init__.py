"""Networks that see the context of a tile with the tile hidden and return the tile.

Each is called as `f(context, hidden)`; one that has a method `one_pass` also predicts all tiles of an image together.
None reads what is hidden, no layer mixes images of a batch, no output is clamped: losses see how far off it is.
"""

from torch import nn

from abstract_beauty.predictors.blurred import BlurredContext
from abstract_beauty.predictors.encoders import ContextEncoder, ContextUNet, visible_part
from abstract_beauty.predictors.four_sides import FourSides

NETWORKS: dict[str, type[nn.Module]] = {
    "context_encoder": ContextEncoder,
    "context_unet": ContextUNet,
    "four_sides": FourSides,
}

__all__ = ["NETWORKS", "BlurredContext", "ContextEncoder", "ContextUNet", "FourSides", "visible_part"]
