"""What bfloat16 rounds away: how far z moves when a one-pass predictor is brought to it as a whole."""

import copy

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import mae


def smooth_noise(size: int, seed: int = 0) -> Float[Tensor, "1 3 size size"]:
    """A picture of no place, in [0, 1]: noise at four scales, coarse more than fine, smooth at each."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.full((1, 3, size, size), 0.5)
    for cell, weight in ((64, 0.5), (16, 0.25), (4, 0.125), (1, 0.03)):
        coarse = torch.rand(1, 3, size // cell + 2, size // cell + 2, generator=generator) - 0.5
        side = (size // cell + 2) * cell
        fine = functional.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False)
        total += weight * fine[..., :size, :size]
    return total.clamp(0, 1)


@torch.no_grad()
def rounding_error(f: nn.Module, y: Float[Tensor, "b 3 h w"]) -> dict[str, float]:
    """What z changes by when a one-pass predictor is brought to bfloat16 as a whole.

    Args:
        f: the predictor in float32; it is left as it is.
        y: images in [0, 1].

    Returns:
        Mean and maximum of |z in bfloat16 - z in float32|, and MAE(y, z) of both, per pixel and channel.
    """
    z = full_prediction(f, y)
    low = full_prediction(copy.deepcopy(f).bfloat16(), y)
    difference = (low - z).abs()
    return {
        "mean": float(difference.mean()),
        "max": float(difference.max()),
        "mae_float32": float(mae(y, z)),
        "mae_bfloat16": float(mae(y, low)),
    }
