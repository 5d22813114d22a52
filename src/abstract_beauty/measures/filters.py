"""Smoothing filters, and the strength at which one changes a picture by a given amount.

An improver that only smooths has to be told from one that does more: so each is set beside the filters at the
same fidelity MAE(x, y).
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from abstract_beauty.errors import UserError

BILATERAL_COLOUR = 0.05  # range width a pixel of spatial width, in summed channel difference (0 to 3)
TOTAL_VARIATION_ITERATIONS = 200


def gaussian(picture: np.ndarray, strength: float) -> np.ndarray:
    """Gaussian blur; `strength` is its standard deviation in pixels."""
    return cv2.GaussianBlur(picture, (0, 0), strength, borderType=cv2.BORDER_REFLECT)


def bilateral(picture: np.ndarray, strength: float) -> np.ndarray:
    """Bilateral filter (Tomasi & Manduchi 1998), `strength` pixels wide; its width in colour grows along."""
    return cv2.bilateralFilter(
        picture, -1, BILATERAL_COLOUR * strength, strength, borderType=cv2.BORDER_REFLECT
    )


def total_variation(picture: np.ndarray, strength: float) -> np.ndarray:
    """Total-variation denoising (Rudin, Osher & Fatemi 1992; Chambolle 2004) with weight `strength`."""
    from skimage.restoration import denoise_tv_chambolle  # brings scipy.stats, which takes a second to import

    return denoise_tv_chambolle(
        picture, weight=strength, max_num_iter=TOTAL_VARIATION_ITERATIONS, channel_axis=-1
    )


def jpeg(picture: np.ndarray, strength: float) -> np.ndarray:
    """JPEG written and read at quality `100 - strength` (rounded, at least 1), colour at half resolution."""
    buffer = io.BytesIO()
    bytes_in = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    bytes_in.save(buffer, "JPEG", quality=max(1, round(100 - strength)), subsampling="4:2:0")
    return np.asarray(Image.open(buffer), dtype=np.float32) / 255


@dataclass(frozen=True)
class Filter:
    """A smoothing filter: called with x (b, 3, h, w) in [0, 1] and a strength, returns y of the same shape in
    [0, 1].

    Strength 0 returns x itself; above `largest` it is taken as `largest`. No gradient passes.
    """

    apply: Callable[[np.ndarray, float], np.ndarray]  # one picture (h, w, 3) in float32
    first: float  # where a search for a strength starts
    largest: float
    unit: str

    @torch.no_grad()
    def __call__(self, x: Float[Tensor, "b 3 h w"], strength: float) -> Float[Tensor, "b 3 h w"]:
        """The filtered pictures, on the device and in the type of `x`."""
        if not strength >= 0:
            raise ValueError(f"a filter's strength is 0 or more, not {strength}")
        if strength == 0 or x.numel() == 0:
            return x.clone()
        pictures = x.detach().float().clamp(0, 1).cpu().permute(0, 2, 3, 1).contiguous().numpy()
        filtered = np.stack([self.apply(one, min(float(strength), self.largest)) for one in pictures])
        return torch.from_numpy(filtered).permute(0, 3, 1, 2).to(x).clamp(0, 1)


FILTERS: dict[str, Filter] = {
    "gaussian": Filter(gaussian, first=1.0, largest=64.0, unit="pixels"),
    "bilateral": Filter(bilateral, first=2.0, largest=24.0, unit="pixels"),
    "total_variation": Filter(total_variation, first=0.1, largest=10.0, unit="weight"),
    "jpeg": Filter(jpeg, first=25.0, largest=99.0, unit="100 - quality"),
}


def at_change(
    name: str, x: Float[Tensor, "b 3 h w"], target_mae: float, tolerance: float = 0.005, steps: int = 16
) -> tuple[Float[Tensor, "b 3 h w"], float]:
    """The filter `name` at the strength where MAE(x, y), over the whole batch, is `target_mae`.

    The strength is doubled until the target is passed, then found by bisection, until MAE(x, y) is within
    `tolerance` times the target (or within 1e-4), or `steps` halvings are done. Two limits: a target out of
    the filter's reach gives its greatest strength, and JPEG's qualities are whole numbers, so that it comes
    only as near as one of them. Measure MAE(x, y) again where it matters.

    Args:
        name: a key of `FILTERS`.
        x: pictures in [0, 1].
        target_mae: mean absolute difference per pixel and channel, 0 or more.
        tolerance: relative to the target.
        steps: most halvings.

    Returns:
        The filtered pictures and the strength, in the filter's unit.

    Raises:
        UserError: there is no such filter.
        ValueError: the target is negative or not a number.
    """
    if name not in FILTERS:
        raise UserError(f"{name}: no such filter; there are {', '.join(FILTERS)}")
    if not target_mae >= 0:
        raise ValueError(f"target_mae is 0 or more, not {target_mae}")
    smooth = FILTERS[name]
    allowed = max(1e-4, tolerance * target_mae)
    best, best_strength, best_miss = x.clone(), 0.0, target_mae

    def excess(strength: float) -> float:
        """MAE(x, y) less the target; remembers the nearest so far."""
        nonlocal best, best_strength, best_miss
        y = smooth(x, strength)
        difference = (y - x).abs().double().mean().item() - target_mae
        if abs(difference) < best_miss:
            best, best_strength, best_miss = y, strength, abs(difference)
        return difference

    if best_miss <= allowed:
        return best, best_strength
    low, high = 0.0, smooth.first
    while excess(high) < 0 and best_miss > allowed:
        if high == smooth.largest:
            return best, best_strength
        low, high = high, min(2 * high, smooth.largest)
    for _ in range(steps):
        if best_miss <= allowed:
            break
        middle = (low + high) / 2
        if excess(middle) < 0:
            low = middle
        else:
            high = middle
    return best, best_strength
