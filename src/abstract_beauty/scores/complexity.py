"""Classical measures of a picture's visual complexity, which need no training: what a predictor has to beat.

Each takes a picture (h, w, 3), float32 in [0, 1], and returns one number; higher is more complex. All are given the
picture reduced to one size, so that none owes its success to a picture's resolution.
"""

import io

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import entropy

from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.scores import Measure

Picture = Float[np.ndarray, "h w 3"]
JPEG_QUALITY = 75
SCALES = 3  # of the pyramids of clutter
# Feature congestion: what each kind of clutter is worth, and the smallest variance of L, a, b that counts; the
# constants of Rosenholtz, Li and Nakano's own code (2007).
COLOUR, CONTRAST, ORIENTATION = 1 / 0.2088, 1 / 0.0660, 1 / 0.0269
SMALLEST = (0.0007, 0.1, 0.05)
CHROMA = 0.0625  # weight of a and b beside L in subband entropy, from the same code


def grey_of(picture: Picture) -> Float[np.ndarray, "h w"]:
    """Luminance, 0 to 1."""
    return picture @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def jpeg_bits(picture: Picture) -> float:
    """Bits per pixel of the picture as a JPEG of quality 75: compression as complexity (Machado & Cardoso 1998)."""
    buffer = io.BytesIO()
    Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return 8 * buffer.tell() / (picture.shape[0] * picture.shape[1])


def edge_density(picture: Picture) -> float:
    """Share of pixels on an edge, by Canny's detector at a standard deviation of 1 pixel (Mack & Oliva 2004)."""
    from skimage.feature import canny

    return float(canny(grey_of(picture), sigma=1.0, low_threshold=0.05, high_threshold=0.11).mean())


def regions(picture: Picture) -> float:
    """Number of segments by Felzenszwalb and Huttenlocher's method (2004), its logarithm: 1 + log(count)."""
    from skimage.segmentation import felzenszwalb

    return float(1 + np.log(felzenszwalb(picture, scale=100, sigma=0.8, min_size=30).max() + 1))


def tile_contrast(picture: Picture) -> float:
    """Standard deviation within a tile of 32 pixels, averaged over tiles and channels."""
    height, width = (side // TILE * TILE for side in picture.shape[:2])
    tiles = picture[:height, :width].reshape(height // TILE, TILE, width // TILE, TILE, 3)
    return float(tiles.std(axis=(1, 3)).mean())


def structural_complexity(picture: Picture) -> float:
    """Multi-scale structural complexity (Bagrov et al. 2020; on pictures people rated, Kravchenko et al. 2025).

    The grey picture is averaged over blocks of 2, 4, 8, ... pixels; each step adds half of the mean squared
    difference that it makes: C = sum over k of 1/2 mean (A_k - A_(k-1))^2.
    """
    fine, total = grey_of(picture), 0.0
    while min(fine.shape) >= 2:
        fine = fine[: fine.shape[0] // 2 * 2, : fine.shape[1] // 2 * 2]
        coarse = fine.reshape(fine.shape[0] // 2, 2, fine.shape[1] // 2, 2).mean(axis=(1, 3))
        total += 0.5 * float(((fine - coarse.repeat(2, 0).repeat(2, 1)) ** 2).mean())
        fine = coarse
    return total


def _lab(picture: Picture) -> list[Float[np.ndarray, "h w"]]:
    from skimage.color import rgb2lab

    return list(np.moveaxis(rgb2lab(picture).astype(np.float64), 2, 0))


def _determinant_root(features: list[np.ndarray], sigma: float, floors: tuple[float, ...]) -> np.ndarray:
    """Local volume of n features: det(covariance in a Gaussian window) to the power 1 / (2 n)."""
    means = [gaussian_filter(feature, sigma, truncate=2) for feature in features]
    count = len(features)
    covariance = np.empty((*features[0].shape, count, count))
    for i in range(count):
        for j in range(i, count):
            value = gaussian_filter(features[i] * features[j], sigma, truncate=2) - means[i] * means[j]
            covariance[..., i, j] = covariance[..., j, i] = value + (floors[i] if i == j else 0)
    return np.clip(np.linalg.det(covariance), 0, None) ** (1 / (2 * count))


def _orientations(light: np.ndarray) -> list[np.ndarray]:
    """cos and sin of twice the local orientation, from opponent energies of second derivatives."""
    sigma, pool, noise = 16 / 14 * 1.75, 1.75, 1.0
    xx, yy, xy = (gaussian_filter(light, sigma, order=order) * sigma**2 for order in ((0, 2), (2, 0), (1, 1)))
    along = (yy, xx, (xx + yy) / 2 + xy, (xx + yy) / 2 - xy)  # 0, 90, 45, 135 degrees
    energy = [gaussian_filter(derivative**2, pool) for derivative in along]
    total = sum(energy) + noise
    return [(energy[0] - energy[1]) / total, (energy[2] - energy[3]) / total]


def feature_congestion(picture: Picture) -> float:
    """Feature congestion (Rosenholtz, Li & Nakano 2007): how variable colour, contrast and orientation are nearby.

    At three scales of a Gaussian pyramid in CIELab: the volume of the local covariance of (L, a, b), the local
    standard deviation of the contrast, and the local area of the covariance of orientation. Each kind takes its
    largest scale at each pixel; the weighted sum is averaged over the picture. Written anew from the paper, with
    second derivatives of Gaussians for its oriented filters.
    """
    channels = _lab(picture)
    height, width = channels[0].shape
    largest = [np.zeros((height, width)) for _ in range(3)]
    for scale in range(SCALES):
        light = channels[0]
        contrast = np.abs(gaussian_filter(light, 0.71) - gaussian_filter(light, 1.14))
        kinds = (
            _determinant_root(channels, 3.0, tuple(value**2 for value in SMALLEST)),
            _determinant_root([contrast], 3.0, (0.0,)),
            _determinant_root(_orientations(light), 14.0, (0.001, 0.001)),
        )
        for at, kind in enumerate(kinds):
            full = kind.repeat(2**scale, 0).repeat(2**scale, 1)[:height, :width]
            largest[at] = np.maximum(largest[at], full)
        if min(light.shape) < 32:
            break
        channels = [gaussian_filter(channel, 1.0)[::2, ::2] for channel in channels]
    weighted = zip((COLOUR, CONTRAST, ORIENTATION), largest, strict=True)
    return float(sum(weight * kind for weight, kind in weighted).mean())


def subband_entropy(picture: Picture) -> float:
    """Subband entropy (Rosenholtz, Li & Nakano 2007): bits per coefficient of a steerable pyramid of (L, a, b).

    Three scales, four orientations; the Shannon entropy of each subband's histogram of sqrt(n) bins, averaged
    over the subbands; a and b count a sixteenth each.
    """
    from pyrtools.pyramids import SteerablePyramidFreq

    def of_channel(channel: np.ndarray) -> float:
        if np.ptp(channel) < 0.008:
            channel = np.zeros_like(channel)
        found = []
        for band in SteerablePyramidFreq(channel, height=SCALES, order=3).pyr_coeffs.values():
            counts = np.histogram(band, bins=int(np.ceil(np.sqrt(band.size))))[0]
            found.append(entropy(counts, base=2))
        return float(np.mean(found))

    height, width = (side // 2**SCALES * 2**SCALES for side in picture.shape[:2])  # as the pyramid wants it
    light, a, b = (of_channel(channel) for channel in _lab(picture[:height, :width]))
    return (light + CHROMA * (a + b)) / (1 + 2 * CHROMA)


MEASURES: dict[str, Measure] = {
    "jpeg_bits": Measure(jpeg_bits, "JPEG bits per pixel"),
    "edge_density": Measure(edge_density, "edge density"),
    "regions": Measure(regions, "regions"),
    "feature_congestion": Measure(feature_congestion, "feature congestion"),
    "subband_entropy": Measure(subband_entropy, "subband entropy"),
    "structural_complexity": Measure(structural_complexity, "structural complexity"),
    "tile_contrast": Measure(tile_contrast, "contrast"),
}
