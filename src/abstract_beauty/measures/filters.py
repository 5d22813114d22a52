"""Smoothing filters, and the strength at which one changes a picture by a given amount.

An improver that only smooths has to be told from one that does more: so each is set beside the filters at the
same change MAE(x, y).
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

BILATERAL_COLOUR = 0.05  # range width a pixel of spatial width, in summed channel difference (0 to 3)
TOTAL_VARIATION_ITERATIONS = 200
MOST_HALVINGS = 16  # in the search for a strength


def gaussian(picture: np.ndarray, strength: float) -> np.ndarray:
    """Gaussian blur; `strength` is its standard deviation in pixels."""
    return cv2.GaussianBlur(picture, (0, 0), strength, borderType=cv2.BORDER_REFLECT)


def bilateral(picture: np.ndarray, strength: float) -> np.ndarray:
    """Bilateral filter (Tomasi & Manduchi 1998), `strength` pixels wide; its width in colour grows along."""
    colour = BILATERAL_COLOUR * strength
    return cv2.bilateralFilter(picture, -1, colour, strength, borderType=cv2.BORDER_REFLECT)


def total_variation(picture: np.ndarray, strength: float) -> np.ndarray:
    """Total-variation denoising (Rudin, Osher & Fatemi 1992; Chambolle 2004) with weight `strength`."""
    from skimage.restoration import denoise_tv_chambolle  # brings scipy.stats, which takes a second to import

    return denoise_tv_chambolle(picture, strength, max_num_iter=TOTAL_VARIATION_ITERATIONS, channel_axis=-1)


def mean_shift(picture: np.ndarray, strength: float) -> np.ndarray:
    """Mean shift (Comaniciu & Meer 2002) over 20 pixels, `strength` grey levels of 256 wide in colour."""
    levels = np.rint(picture * 255).astype(np.uint8)
    return cv2.pyrMeanShiftFiltering(levels, 20, strength).astype(np.float32) / 255


def domain_transform(picture: np.ndarray, strength: float) -> np.ndarray:
    """The edge-preserving domain transform (Gastal & Oliveira 2011) over 60 pixels, `strength` wide in colour."""
    levels = np.rint(picture * 255).astype(np.uint8)
    smooth = cv2.edgePreservingFilter(levels, flags=cv2.RECURS_FILTER, sigma_s=60, sigma_r=strength)
    return smooth.astype(np.float32) / 255


def jpeg(picture: np.ndarray, strength: float) -> np.ndarray:
    """JPEG written and read at quality `100 - strength` (rounded, at least 1), colour at half resolution."""
    buffer = io.BytesIO()
    bytes_in = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    bytes_in.save(buffer, "JPEG", quality=max(1, round(100 - strength)), subsampling="4:2:0")
    return np.asarray(Image.open(buffer), dtype=np.float32) / 255


@dataclass(frozen=True)
class Filter:
    """A smoothing filter: called with x (b, 3, h, w) in [0, 1] and a strength, returns y of the same shape and range.

    Strength 0 returns x itself; above `largest` it is taken as `largest`. No gradient passes.
    """

    apply: Callable[[np.ndarray, float], np.ndarray]  # one picture (h, w, 3) in float32
    first: float  # where a search for a strength starts
    largest: float

    @torch.no_grad()
    def __call__(self, x: Float[Tensor, "b 3 h w"], strength: float) -> Float[Tensor, "b 3 h w"]:
        """The filtered pictures, on the device and in the type of `x`."""
        if strength == 0:
            return x.clone()
        pictures = x.detach().float().clamp(0, 1).cpu().permute(0, 2, 3, 1).contiguous().numpy()
        strength = min(float(strength), self.largest)
        filtered = np.stack([self.apply(picture, strength) for picture in pictures])
        return torch.from_numpy(filtered).permute(0, 3, 1, 2).to(x).clamp(0, 1)


FILTERS: dict[str, Filter] = {
    "gaussian": Filter(gaussian, first=1.0, largest=64.0),
    "bilateral": Filter(bilateral, first=2.0, largest=24.0),
    "total_variation": Filter(total_variation, first=0.1, largest=10.0),
    "mean_shift": Filter(mean_shift, first=10.0, largest=120.0),
    "domain_transform": Filter(domain_transform, first=0.1, largest=1.0),
    "jpeg": Filter(jpeg, first=25.0, largest=99.0),
}


def strength_for(name: str, x: Float[Tensor, "b 3 h w"], change: float) -> float:
    """The strength at which the filter `name` changes a batch of pictures in [0, 1] by MAE(x, y) = `change`.

    It is doubled until the change is passed, then found by bisection, to half a percent (or 1e-4). Two limits: a change
    out of the filter's reach gives its greatest strength, and JPEG's qualities are whole numbers, so that it comes only
    as near as one of them. Measure MAE(x, y) again where it matters.
    """
    smooth = FILTERS[name]
    low, high, strength, halvings = 0.0, math.inf, smooth.first, 0
    misses = {low: change}  # of every strength that was tried
    while min(misses.values()) > max(1e-4, 0.005 * change) and halvings <= MOST_HALVINGS:
        excess = (smooth(x, strength) - x).abs().double().mean().item() - change
        misses[strength] = abs(excess)
        low, high = (strength, high) if excess < 0 else (low, strength)
        if low == smooth.largest:
            break
        halvings += high < math.inf
        strength = (low + high) / 2 if halvings else min(2 * low, smooth.largest)
    return min(misses, key=misses.__getitem__)
