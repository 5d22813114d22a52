"""Random fields with the spectra of nature, and the small tools every generator draws with."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import scipy.fft

T = TypeVar("T")
Field = np.ndarray  # (h, w) float32


def fractal(
    rng: np.random.Generator, size: int, slope: float = 1.0, stretch: float = 1.0, angle: float = 0.0
) -> Field:
    """Noise of mean 0 and deviation 1 whose amplitude falls as frequency ** -slope; (size, size), periodic.

    Args:
        slope: 0 white; 1 as in natural images (Field 1987); 1.5 to 2 clouds and hills.
        stretch: how many times longer its forms are along `angle` than across it.
        angle: radians, from the x axis.
    """
    across = scipy.fft.fftfreq(size).astype(np.float32)[:, None] * size
    along = scipy.fft.rfftfreq(size).astype(np.float32)[None, :] * size
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    frequency = np.hypot(
        (along * cosine + across * sine) * np.float32(stretch), across * cosine - along * sine
    )
    frequency[0, 0] = 1
    spectrum = scipy.fft.rfft2(rng.standard_normal((size, size), dtype=np.float32)) * frequency ** np.float32(
        -slope
    )
    spectrum[0, 0] = 0
    field = scipy.fft.irfft2(spectrum, s=(size, size))
    return field / field.std()


def ridge(rng: np.random.Generator, size: int, slope: float = 1.3) -> np.ndarray:
    """A fractal line of deviation 1, (size,), for hills and horizons; not periodic."""
    frequency = np.maximum(np.fft.rfftfreq(2 * size) * 2 * size, 1)
    line = np.fft.irfft(np.fft.rfft(rng.standard_normal(2 * size)) * frequency**-slope)[:size]
    return ((line - line.mean()) / line.std()).astype(np.float32)


def whole(rng: np.random.Generator, low: int, high: int | None = None) -> int:
    """A random whole number as `Generator.integers` draws it, but a plain int."""
    return int(rng.integers(low, high))


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, as it is."""
    return options[whole(rng, len(options))]


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; edges reflect."""
    return (
        cv2.GaussianBlur(image, (0, 0), float(sigma), borderType=cv2.BORDER_REFLECT_101)
        if sigma > 0.15
        else image
    )


def haze(image: np.ndarray, sigma: float) -> np.ndarray:
    """A wide Gaussian blur, made on a quarter of the size, where it costs a hundredth."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    return cv2.resize(blur(small, sigma / 4), (width, height), interpolation=cv2.INTER_LINEAR)


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


class Patch(NamedTuple):
    """A rectangle of a picture around a shape, with coordinates in units of the shape's radius, turned with it."""

    rows: slice
    columns: slice
    u: Field
    v: Field


def patch(size: int, x: float, y: float, radius: float, angle: float, margin: float) -> Patch | None:
    """The part of a square picture within `radius + margin` pixels of (x, y); None where they do not meet."""
    reach = radius + margin
    top, bottom = max(0, int(y - reach)), min(size, int(y + reach) + 2)
    left, right = max(0, int(x - reach)), min(size, int(x + reach) + 2)
    if top >= bottom or left >= right:
        return None
    down = ((np.arange(top, bottom, dtype=np.float32) - y) / radius)[:, None]
    over = ((np.arange(left, right, dtype=np.float32) - x) / radius)[None, :]
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return Patch(
        slice(top, bottom), slice(left, right), over * cosine + down * sine, down * cosine - over * sine
    )


class Textures:
    """A few fields drawn once a picture; every leaf or wall takes its own piece of one."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        angle = rng.uniform(0, np.pi)
        fine = rng.standard_normal((size, size), dtype=np.float32)
        grain = blur(fine, 0.8)
        stripes = np.sin(fractal(rng, size, 2.2, 3.0, angle) * rng.uniform(8, 25))
        self.fields = [
            fractal(rng, size, 1.0),
            fractal(rng, size, 0.7, rng.uniform(3, 8), angle),
            fractal(rng, size, 1.4),
            grain / grain.std(),
            (stripes - stripes.mean()) / stripes.std(),
        ]

    def piece(self, rng: np.random.Generator, height: int, width: int, which: int | None = None) -> Field:
        """A random piece of one field, flipped and turned at random; (height, width)."""
        field = self.fields[whole(rng, len(self.fields)) if which is None else which]
        if rng.random() < 0.5:
            field = field.T
        if rng.random() < 0.5:
            field = field[::-1]
        size = len(field)
        rows = (whole(rng, size) + np.arange(height)) % size
        columns = (whole(rng, size) + np.arange(width)) % size
        return field[rows[:, None], columns[None, :]]
