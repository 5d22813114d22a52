"""Plain statistics of a picture, which need no predictor: what a predictor's scores of beauty have to add something to.

They are like those that studies of aesthetics compute (Redies et al. 2024 list them).
"""

from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from scipy.ndimage import gaussian_filter
from scipy.stats import entropy
from torch import Tensor

from abstract_beauty.measures.statistics import amplitude_spectrum, spectral_slope
from abstract_beauty.scores import Measure
from abstract_beauty.scores.complexity import Picture, edge_density, grey_of, jpeg_bits

BINS = 24  # of orientations, over half a turn
STRONG = 0.05  # a slope of the grey picture per pixel, below which a pixel has no orientation


class Seen:
    """A picture (h, w, 3), float32 in [0, 1], reduced to one size, and what several statistics take from it."""

    def __init__(self, picture: Picture):
        self.picture = picture

    @cached_property
    def grey(self) -> Float[np.ndarray, "h w"]:
        """Luminance, 0 to 1."""
        return grey_of(self.picture)

    @cached_property
    def spectrum(self) -> tuple[Float[Tensor, "rings"], Float[Tensor, "rings"]]:
        """Frequencies, in cycles a pixel, and the amplitude of the waves at each."""
        frequency, amplitude = amplitude_spectrum(torch.from_numpy(self.picture).permute(2, 0, 1)[None])
        return frequency, amplitude[0]

    @cached_property
    def slopes(self) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
        """How steep each pixel's slope is, and its orientation, 0 to pi."""
        down, right = np.gradient(gaussian_filter(self.grey, 1.0))
        # half a bin on, so that what is upright or level lies in the middle of one
        return np.hypot(down, right), (np.arctan2(down, right) + np.pi / (2 * BINS)) % np.pi


def lightness(seen: Seen) -> float:
    """Mean luminance, 0 to 1."""
    return float(seen.grey.mean())


def contrast(seen: Seen) -> float:
    """Standard deviation of the luminance."""
    return float(seen.grey.std())


def saturation(seen: Seen) -> float:
    """Mean saturation, that of HSV: (max - min) / max of the channels."""
    most = seen.picture.max(2)
    return float(((most - seen.picture.min(2)) / np.maximum(most, 1e-6)).mean())


def colourfulness(seen: Seen) -> float:
    """Spread and mean of the opponent colours r - g and (r + g) / 2 - b (Hasler & Suesstrunk 2003)."""
    red, green, blue = np.moveaxis(seen.picture, 2, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    spread, mean = (np.hypot(*of(axis=(1, 2))) for of in (opponents.std, opponents.mean))
    return float(spread + 0.3 * mean)


def fourier_slope(seen: Seen) -> float:
    """Exponent of the amplitude of waves along their frequency; about -1 in photographs (Field 1987)."""
    frequency, amplitude = seen.spectrum
    return spectral_slope(frequency, amplitude) if (amplitude > 0).sum() > 1 else 0.0


def fourier_sigma(seen: Seen) -> float:
    """How far the spectrum is from a straight line on log-log axes: the root mean square of what is left."""
    frequency, amplitude = seen.spectrum
    held = amplitude > 0
    if held.sum() < 3:
        return 0.0
    along, up = frequency[held].log().numpy(), amplitude[held].log().numpy()
    return float((up - np.polyval(np.polyfit(along, up, 1), along)).std())


def orientation_entropy(seen: Seen) -> float:
    """Entropy of the orientations of edges, in bits: high where all directions are there (Redies et al. 2017)."""
    steep, angle = seen.slopes
    counts = np.histogram(angle, BINS, (0, np.pi), weights=steep * (steep > STRONG))[0]
    return float(entropy(counts, base=2)) if counts.sum() > 0 else 0.0


def self_similarity(seen: Seen) -> float:
    """How alike the orientations of sixteen parts are to those of the whole, 0 to 1: histograms of oriented gradients,
    compared by intersection (after Amirshahi et al. 2012, one level of whose pyramid this is)."""
    steep, angle = seen.slopes

    def histogram(rows: slice, columns: slice) -> np.ndarray:
        counts = np.histogram(angle[rows, columns], BINS, (0, np.pi), weights=steep[rows, columns])[0]
        return counts / max(counts.sum(), 1e-9)

    height, width = (side // 4 for side in steep.shape)
    whole = histogram(slice(None), slice(None))
    parts = [
        histogram(slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width))
        for row in range(4)
        for column in range(4)
    ]
    return float(np.median([np.minimum(whole, part).sum() for part in parts]))


def symmetry(seen: Seen) -> float:
    """Correlation of the grey picture with its mirror image, left for right."""
    grey = gaussian_filter(seen.grey, 2.0)
    grey = grey - grey.mean()
    return float((grey * grey[:, ::-1]).mean() / max(float((grey**2).mean()), 1e-9))


def balance(seen: Seen) -> float:
    """How far the middle of its contrast lies from the middle of the picture, in half diagonals; 0 is balanced."""
    grey = np.abs(seen.grey - seen.grey.mean()).astype(np.float64)
    height, width = grey.shape
    rows, columns = (np.arange(side) - (side - 1) / 2 for side in (height, width))
    weight = max(grey.sum(), 1e-9)
    off = np.hypot((grey.sum(1) * rows).sum(), (grey.sum(0) * columns).sum()) / weight
    return float(off / np.hypot(height / 2, width / 2))


PLAIN: dict[str, Measure] = {
    "jpeg_bits": Measure(lambda seen: jpeg_bits(seen.picture), "JPEG bits per pixel"),
    "edge_density": Measure(lambda seen: edge_density(seen.picture), "edge density"),
    "lightness": Measure(lightness, "lightness"),
    "contrast": Measure(contrast, "contrast"),
    "saturation": Measure(saturation, "saturation"),
    "colourfulness": Measure(colourfulness, "colourfulness"),
    "fourier_slope": Measure(fourier_slope, "slope of the spectrum"),
    "fourier_sigma": Measure(fourier_sigma, "spectrum off its line"),
    "orientation_entropy": Measure(orientation_entropy, "entropy of orientations"),
    "self_similarity": Measure(self_similarity, "self-similarity"),
    "symmetry": Measure(symmetry, "mirror symmetry"),
    "balance": Measure(balance, "off balance"),
}
