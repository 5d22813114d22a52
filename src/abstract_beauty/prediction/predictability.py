"""How predictable an image is to a predictor."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.prediction.full_prediction import Phase, Predictor, full_prediction

Images = Float[Tensor, "b 3 h w"]  # in [0, 1]
Number = Float[Tensor, ""]
# The article's grid, and the three that are furthest from it.
PHASES: tuple[Phase, ...] = ((0, 0), (16, 16), (0, 16), (16, 0))
# A quarter of a grey level of 256, which is what rounding a picture to 8 bits costs: an error below it is not
# measured. Without it, flat colour is a paradise of progress: both errors next to nothing, their ratio anything.
SMALLEST_ERROR = 1 / 1024


def mae(a: Images, b: Images) -> Number:
    """MAE(a, b): mean absolute error per pixel and channel over the batch."""
    return (a - b).abs().mean()


def predictability(y: Images, z: Images) -> Float[Tensor, "b"]:
    """Predictability error of each image: MAE(y, z), the mean absolute error per pixel and channel, in [0, 1].

    Lower is more predictable.
    """
    return (y - z).abs().mean(dim=(1, 2, 3))


def error_map(y: Images, z: Images) -> Float[Tensor, "b h w"]:
    """The predictability map: the absolute error of each pixel, averaged over its channels, in [0, 1]."""
    return (y - z).abs().mean(dim=1)


def progress(y: Images, z_bad: Images, z_good: Images) -> Float[Tensor, "b"]:
    """How much there was to learn in each image: MAE(y, z_bad) / MAE(y, z_good), above 1 where learning helped.

    Both errors are taken to be at least SMALLEST_ERROR, so an image that both predict perfectly has progress 1.
    Compare Schmidhuber 2009 (arXiv 0812.4360): interest is the first derivative of compressibility.
    """
    bad = predictability(y, z_bad).clamp(min=SMALLEST_ERROR)
    good = predictability(y, z_good).clamp(min=SMALLEST_ERROR)
    return bad / good


def phase_averaged(f: Predictor, y: Images, phases: Sequence[Phase] = PHASES) -> Float[Tensor, "b"]:
    """Predictability error averaged over grids, so that no image can hide its difficulties in one grid's corners."""
    return torch.stack([predictability(y, full_prediction(f, y, phase)) for phase in phases]).mean(dim=0)
