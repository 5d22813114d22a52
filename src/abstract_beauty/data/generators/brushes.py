"""The small tools every generator draws with: blending, blurring, and shapes on a part of the picture."""

from typing import NamedTuple

import cv2
import numpy as np

Field = np.ndarray  # (h, w) float32
Lab = np.ndarray  # (h, w, 3) float32, OKLab


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; edges reflect."""
    if sigma <= 0.15:
        return image
    return cv2.GaussianBlur(image, (0, 0), float(sigma), borderType=cv2.BORDER_REFLECT_101)


def reduced(image: np.ndarray, size: int) -> np.ndarray:
    """A square picture made smaller: each pixel the mean of those it stands for."""
    return cv2.resize(np.ascontiguousarray(image), (size, size), interpolation=cv2.INTER_AREA)


def ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def grid(size: int) -> tuple[Field, Field]:
    """(y, x), both in 0..1 from the top left, (size, size)."""
    line = (np.arange(size, dtype=np.float32) + 0.5) / size
    return np.repeat(line[:, None], size, 1), np.repeat(line[None, :], size, 0)


def mix(first: np.ndarray, second: np.ndarray, weight: np.ndarray | float) -> np.ndarray:
    """`first` where `weight` is 0, `second` where it is 1; an (h, w) weight spreads over the channels."""
    weight = np.asarray(weight, np.float32)
    weight = weight[..., None] if weight.ndim == 2 else weight
    return (first + (second - first) * weight).astype(np.float32, copy=False)


def sample(field: np.ndarray, x: Field, y: Field) -> np.ndarray:
    """`field`, of any number of channels, at pixel coordinates that may lie anywhere: it repeats."""
    # both maps must be float32: OpenCV takes another type in the second one for garbage, without an error
    maps = np.asarray(x, np.float32), np.asarray(y, np.float32)
    return cv2.remap(field, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def fixed(points: np.ndarray) -> np.ndarray:
    """Pixel coordinates with four binary digits after the point, as OpenCV draws them."""
    return np.round(points * 16).astype(np.int32)


def paint(under: Lab, colour: np.ndarray, cover: Field) -> None:
    """Paint a colour, or a picture, over another where `cover` is 1."""
    under += (colour - under) * cover[..., None]


class Patch(NamedTuple):
    """A rectangle of a picture around a shape, with coordinates in units of the shape's radius, turned with it."""

    under: Lab  # a view of the picture
    u: Field
    v: Field


def patch(lab: Lab, x: float, y: float, radius: float, angle: float, margin: float) -> Patch | None:
    """The part of a square picture within `radius + margin` pixels of (x, y); None where they do not meet."""
    reach, size = radius + margin, len(lab)
    top, bottom = max(0, int(y - reach)), min(size, int(y + reach) + 2)
    left, right = max(0, int(x - reach)), min(size, int(x + reach) + 2)
    if top >= bottom or left >= right:
        return None
    down = ((np.arange(top, bottom, dtype=np.float32) - y) / radius)[:, None]
    over = ((np.arange(left, right, dtype=np.float32) - x) / radius)[None, :]
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return Patch(lab[top:bottom, left:right], over * cosine + down * sine, down * cosine - over * sine)
