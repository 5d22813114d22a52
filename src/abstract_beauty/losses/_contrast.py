"""How much contrast and fine detail a picture holds, band by band: what several losses hold on to."""

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.prediction.predictability import Images, Number
from abstract_beauty.prediction.rounding import square_root

BANDS = 2  # of the pyramid that `contrast_lost` watches: waves of about 2 to 8 pixels
ALLOWED = 0.05  # share of contrast that may be lost for nothing, in amplitude; a tenth of the energy
FAINT = 1 / 256  # one step of an 8-bit picture: contrast below it is nothing to lose
SMALLEST_ENERGY = 1e-12  # far below what 8 bits can show: the root of an empty band has a slope
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def _blurred(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Burt and Adelson's binomial filter of 5x5, the edge repeated."""
    kernel = x.new_tensor(_BINOMIAL)
    kernel = kernel.outer(kernel).expand(x.shape[1], 1, 5, 5)
    return functional.conv2d(functional.pad(x, (2, 2, 2, 2), mode="replicate"), kernel, groups=x.shape[1])


def pyramid_contrast(x: Float[Tensor, "b c h w"], bands: int) -> Float[Tensor, "b bands c"]:
    """Root mean square of each band of a Laplacian pyramid (Burt & Adelson 1983), for each channel.

    Band 0 holds what a small blur takes away, waves of some 2 to 4 pixels; each further band is an octave coarser.
    Differentiable, where a band is empty too. Images must be at least `2 ** bands` pixels high and wide.
    """
    found = []
    for _ in range(bands):
        low = _blurred(x)
        found.append(square_root((x - low).square().mean((2, 3)) + SMALLEST_ENERGY))
        x = functional.avg_pool2d(low, 2)
    return torch.stack(found, dim=1)


def low_pass(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
    """The image without its three finest octaves, at an eighth of its size: waves longer than 16 pixels are left."""
    for _ in range(3):
        x = functional.avg_pool2d(_blurred(x), 2)
    return x


def contrast_lost(x: Images, y: Images) -> Number:
    """How much of its contrast and of its fine detail y has lost against x, beyond a small allowance; 0 to 1.

    mean of max(0, 1 - ALLOWED - c(y) / c(x)) over the images, their channels, and three measures c: the standard
    deviation, and the root mean square of each of the two finest bands of a Laplacian pyramid, waves of some 2 to 8
    pixels. Contrast may move from place to place, not from colour to colour or from fine to coarse; more of it than
    before earns nothing. What lies between, waves of some 8 pixels to half the picture, is free.
    """

    def measures(image: Tensor) -> Tensor:
        whole = square_root(image.var((2, 3), correction=0) + SMALLEST_ENERGY)
        return torch.cat([pyramid_contrast(image, BANDS), whole[:, None]], dim=1)

    kept = measures(y) / measures(x).clamp(min=FAINT)
    return (1 - ALLOWED - kept).clamp(min=0).mean()
