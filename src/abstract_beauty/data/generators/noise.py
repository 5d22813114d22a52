"""Chance: numbers, choices, and random fields with the spectra of nature."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import scipy.fft

from abstract_beauty.data.generators.brushes import Field, blur

T = TypeVar("T")
Random = np.random.Generator


def fractal(rng: Random, size: int, slope: float = 1.0, stretch: float = 1.0, angle: float = 0.0) -> Field:
    """Noise of mean 0 and deviation 1 whose amplitude falls as frequency ** -slope; (size, size), periodic.

    A slope of 0 is white, 1 as in natural images (Field 1987), 1.5 to 2 clouds and hills. Its forms are `stretch` times
    longer along `angle` (radians, from the x axis) than across it.
    """
    y = scipy.fft.fftfreq(size).astype(np.float32)[:, None] * size
    x = scipy.fft.rfftfreq(size).astype(np.float32)[None, :] * size
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    frequency = np.hypot((x * cosine + y * sine) * np.float32(stretch), y * cosine - x * sine)
    frequency[0, 0] = 1
    white = scipy.fft.rfft2(rng.standard_normal((size, size), dtype=np.float32))
    spectrum = white * frequency ** np.float32(-slope)
    spectrum[0, 0] = 0
    field = scipy.fft.irfft2(spectrum, s=(size, size))
    return field / field.std()


def ridge(rng: Random, size: int, slope: float = 1.3) -> np.ndarray:
    """A fractal line of deviation 1, (size,), for hills and horizons; not periodic."""
    frequency = np.maximum(np.fft.rfftfreq(2 * size) * 2 * size, 1)
    line = np.fft.irfft(np.fft.rfft(rng.standard_normal(2 * size)) * frequency**-slope)[:size]
    return ((line - line.mean()) / line.std()).astype(np.float32)


def whole(rng: Random, low: int, high: int | None = None) -> int:
    """A random whole number as `Generator.integers` draws it, but a plain int."""
    return int(rng.integers(low, high))


def pick(rng: Random, options: Sequence[T]) -> T:
    """One of the options, as it is."""
    return options[whole(rng, len(options))]


class Textures:
    """A few fields drawn once a picture; every leaf or wall takes its own piece of one."""

    def __init__(self, rng: Random, size: int) -> None:
        angle = rng.uniform(0, np.pi)
        specks = blur(rng.standard_normal((size, size), dtype=np.float32), 0.8)
        stripes = np.sin(fractal(rng, size, 2.2, 3.0, angle) * rng.uniform(8, 25))
        self.fields = [
            fractal(rng, size, 1.0),
            fractal(rng, size, 0.7, rng.uniform(3, 8), angle),
            fractal(rng, size, 1.4),
            specks / specks.std(),
            (stripes - stripes.mean()) / stripes.std(),
        ]

    def piece(self, rng: Random, height: int, width: int, which: int | None = None) -> Field:
        """A random piece of one field, flipped and turned at random; (height, width)."""
        field = pick(rng, self.fields) if which is None else self.fields[which]
        if rng.random() < 0.5:
            field = field.T
        if rng.random() < 0.5:
            field = field[::-1]
        rows, columns = ((whole(rng, len(field)) + np.arange(side)) % len(field) for side in (height, width))
        return field[rows[:, None], columns[None, :]]
