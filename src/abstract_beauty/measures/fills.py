"""Fills: predictors without a network. Each is a module called as `fill(context, hidden) -> tile`.

Shapes, for all: context (n, 3, 128, 128) in [0, 1]; hidden (n, 1, 128, 128), True where a pixel may not be
seen (the centre tile, and its mirror copies where the context was completed by reflection); tile (n, 3, 32,
32). No fill reads a hidden pixel; with nothing visible the tile is mid-grey, 0.5.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.prediction.linear_fill import LinearFill, ring_and_mean, visible_mean

NEIGHBOURHOOD = 64  # pixels of context that the inpainting fills look at around an inner tile
OPENCV_RADIUS = 3  # pixels; the radius that OpenCV's own examples use


class MeanFill(nn.Module):
    """The mean colour of everything that is visible. Differentiable."""

    def forward(self, context: Tensor, hidden: Tensor) -> Tensor:
        """One flat tile a context."""
        mean = visible_mean(context.flatten(2), ~hidden.flatten(2), 0.5)
        return mean.unsqueeze(-1).expand(-1, -1, TILE, TILE)


class RingMeanFill(nn.Module):
    """The mean colour of the 2-pixel ring around the tile. Differentiable."""

    def forward(self, context: Tensor, hidden: Tensor) -> Tensor:
        """One flat tile a context; the mean of all that is visible where the whole ring is hidden."""
        _, mean = ring_and_mean(context, hidden)
        return mean.unsqueeze(-1).expand(-1, -1, TILE, TILE)


class InpaintingFill(nn.Module):
    """What the classical inpainting fills share: grouping by mask, cropping, blanking. No gradient passes."""

    @torch.no_grad()
    def forward(self, context: Tensor, hidden: Tensor) -> Tensor:
        """The inpainted tiles, on the device and in the type of `context`.

        An inner tile is inpainted from the 64 x 64 pixels around it; a tile at the picture's border, whose
        hole is larger than itself, from the whole context.
        """
        mean = visible_mean(context.flatten(2), ~hidden.flatten(2), 0.5).unsqueeze(-1)
        # Hidden values are gone before any inpainting code sees them.
        pictures = torch.where(hidden, mean, context).double().cpu().permute(0, 2, 3, 1).numpy()
        holes = hidden[:, 0].cpu().numpy()
        groups: dict[bytes, list[int]] = {}
        for at, hole in enumerate(holes):
            groups.setdefault(hole.tobytes(), []).append(at)
        tiles = _centre(pictures).copy()  # what stays where nothing is visible
        for members in groups.values():
            hole = holes[members[:1]]
            inner = hole.sum() == _centre(hole).sum()
            side = NEIGHBOURHOOD if inner else hole.shape[1]
            if not _centre(hole, side).all():
                filled = self.inpaint(_centre(pictures[members], side), _centre(hole, side)[0])
                tiles[members] = _centre(filled)
        return torch.from_numpy(tiles).permute(0, 3, 1, 2).to(context)

    def inpaint(self, pictures: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """Pictures (k, s, s, 3) in [0, 1] with one `hole` (s, s) filled; float, same shape."""
        raise NotImplementedError


def _centre(pictures: np.ndarray, side: int = TILE) -> np.ndarray:
    """The square in the middle of pictures (k, s, s, ...)."""
    start = (pictures.shape[1] - side) // 2
    return pictures[:, start : start + side, start : start + side]


class OpenCVFill(InpaintingFill):
    """`cv2.inpaint`, which works in 8 bits."""

    def __init__(self, method: int):
        super().__init__()
        self.method = method

    def inpaint(self, pictures: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """Every picture on its own."""
        levels, mask = np.rint(pictures.clip(0, 1) * 255).astype(np.uint8), hole.astype(np.uint8)
        return np.stack([cv2.inpaint(each, mask, OPENCV_RADIUS, self.method) for each in levels]) / 255.0


class BiharmonicFill(InpaintingFill):
    """The smoothest surface through the surroundings (Damelin & Hoang 2018), by scikit-image."""

    def inpaint(self, pictures: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """All pictures as the channels of one: the linear system of their common hole is built once."""
        from skimage.restoration import inpaint_biharmonic  # takes a second to import

        count, height, width, _ = pictures.shape
        stack = pictures.transpose(1, 2, 0, 3).reshape(height, width, count * 3)
        filled = inpaint_biharmonic(stack, hole, channel_axis=-1)
        return filled.reshape(height, width, count, 3).transpose(2, 0, 1, 3)


FILLS: dict[str, Callable[[], nn.Module]] = {
    "mean": MeanFill,
    "ring_mean": RingMeanFill,
    # Fast marching from the hole's edge inward (Telea 2004). OpenCV's arithmetic drifts: it fills even a hole in flat
    # colour up to 7 of 255 levels too bright.
    "telea": lambda: OpenCVFill(cv2.INPAINT_TELEA),
    # Isophotes continued as in fluid flow (Bertalmio, Bertozzi & Sapiro 2001).
    "navier_stokes": lambda: OpenCVFill(cv2.INPAINT_NS),
    "biharmonic": BiharmonicFill,
    "linear": LinearFill,
}
