"""Become predictable by being moved: y(p) = x(p + u(p))."""

import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.fields import areas
from abstract_beauty.prediction.predictability import SMALLEST_ERROR, Images, Number, error_map
from abstract_beauty.prediction.rounding import square_root

SMALLEST_ENERGY = 1e-6  # of details, below which a picture has none to lose
FOLD, STEEP = 0.2, 3.0  # an area below which folding is near, and what being there costs


def moving(
    x: Images, y: Images, z: Images, u: Tensor,
    *, k_area: float, k_detail: float, k_coarse: float, k_stiff: float,
) -> Number:  # fmt: skip
    """mean of log((1 - k_area) MAE(y, z) + k_area sum(J |y - z|) / n) + k_detail (detail lost) + k_coarse (detail lost
    of 2 x 2 means), + k_stiff (stiffness) + barrier.

    J = det(1 + du/dp) is the area that each pixel of y had in x: with k_area = 0 dull regions may grow at the cost of
    busy ones, with 1 every part of x counts as much as it did. Detail lost is the share of the energy of the finest
    details (`_finest`) that is gone, and of the steepest edges (`_steepest`): without it, what is fine is enlarged, and
    edges are drawn out, until they are smooth. With k_coarse the same is asked of means of 2 x 2 pixels: a network that
    is asked for the finest alone learns to draw its soft edges jagged. Stiffness is the mean of log^2 J and of |du/dp|.
    Whatever the weights, there is a barrier before J = 0: STEEP times the mean square of how far J lies below FOLD, in
    FOLDs.

    u, (b, 2, H, W), is in pixels of its own size, of which x, y and z may be reduced.
    """
    area = areas(u)
    found = error_left(y, z, area, k_area)
    lost = k_detail * _lost(x, y)
    if k_coarse:
        lost = lost + k_coarse * _lost(*(functional.avg_pool2d(image, 2, 1) for image in (x, y)))
    slopes = u.diff(dim=2).abs().mean() + u.diff(dim=3).abs().mean()
    stiffness = area.clamp(min=0.02).log().square().mean() + slopes
    barrier = STEEP * (1 - area / FOLD).clamp(min=0).square().mean()
    return (found.clamp(min=SMALLEST_ERROR).log() + lost).mean() + k_stiff * stiffness + barrier


def error_left(y: Images, z: Images, area: Float[Tensor, "b _ _"], k_area: float) -> Float[Tensor, "b"]:
    """The part of `moving` whose log is taken: the error, by area as far as k_area says."""
    error = error_map(y, z)
    weighted = error * functional.adaptive_avg_pool2d(area, error.shape[1:])
    return (1 - k_area) * error.mean((1, 2)) + k_area * weighted.mean((1, 2))


def _lost(x: Images, y: Images) -> Float[Tensor, "b"]:
    """The share of fine detail that is gone, and that of steep edges."""
    return sum((1 - of(y) / of(x).clamp(min=SMALLEST_ENERGY)).clamp(min=0) for of in (_finest, _steepest))


def _finest(x: Images) -> Float[Tensor, "b"]:
    """Energy of the finest details: the mean square of a pixel less its two neighbours' mean, on each axis."""
    rows = (x[:, :, 1:-1] - (x[:, :, :-2] + x[:, :, 2:]) / 2).square().mean((1, 2, 3))
    return rows + (x[..., 1:-1] - (x[..., :-2] + x[..., 2:]) / 2).square().mean((1, 2, 3))


def _steepest(x: Images) -> Float[Tensor, "b"]:
    """Mean of the fourth power of the slope from pixel to pixel, which the steepest edges decide, as a root."""
    down, right = x.diff(dim=2)[..., :-1], x.diff(dim=3)[:, :, :-1]
    return square_root((down.square() + right.square()).square().mean((1, 2, 3)).clamp(min=1e-12))
