"""What an improver did to each picture: contrast kept, detail kept, colour shifted; (b,) each."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.prediction.rounding import square_root

LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. ITU-R BT.709, applied to the stored values as they are
HIGH_FREQUENCY = 1 / 8  # cycles per pixel: details smaller than 8 pixels a period
# Added to both sides of each ratio, far below what 8 bits can show: flat against flat is then 1, and nothing
# divides by 0.
SMALLEST_DEVIATION = 1e-6
SMALLEST_ENERGY = 1e-12
SPECTRUM_RANGE = (0.02, 0.35)  # cycles per pixel: below it few waves fit in, above it resizing shows


def luminance(x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
    """Weighted sum of the channels, in [0, 1] for x in [0, 1]."""
    return torch.einsum("bchw,c->bhw", x, x.new_tensor(LUMINANCE))


def contrast_kept(x: Float[Tensor, "b 3 h w"], y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b"]:
    """Standard deviation of the luminance of y over that of x: `std(L(y)) / std(L(x))`.

    1: as much as before; 0: flat. Where x is flat: 1 if y is flat too, else very large.
    """
    before, after = (luminance(image).flatten(1).std(1, correction=0) for image in (x, y))
    return (after + SMALLEST_DEVIATION) / (before + SMALLEST_DEVIATION)


def _waves(light: Float[Tensor, "b h w"]) -> tuple[Tensor, Float[Tensor, "h w"]]:
    """The Fourier transform of a picture less its mean, and each wave's cycles per pixel.

    Under a Hann window, without which the jump between opposite borders would count as detail.
    """
    like = {"dtype": light.dtype, "device": light.device}
    rows, columns = (torch.hann_window(side, **like) for side in light.shape[-2:])
    along, across = (torch.fft.fftfreq(side, device=light.device) for side in light.shape[-2:])
    spectrum = torch.fft.fft2((light - light.mean((1, 2), keepdim=True)) * rows.outer(columns))
    return spectrum, torch.hypot(along[:, None], across[None, :])


def high_frequency_kept(x: Float[Tensor, "b 3 h w"], y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b"]:
    """Energy of y above 1/8 cycle per pixel over that of x: `sum over |f| > 1/8 of |F(w (L - mean L))|^2 / n^2`.

    F is the discrete Fourier transform, n the number of pixels, |f| the length of the frequency, w a Hann window.
    1: as much as before; 0: none. Where x has none: 1 if y has none either, else very large.
    """

    def energy(image: Tensor) -> Tensor:
        light = luminance(image)
        spectrum, frequency = _waves(light)
        return (spectrum.abs().square() * (frequency > HIGH_FREQUENCY)).sum((1, 2)) / light[0].numel() ** 2

    return (energy(y) + SMALLEST_ENERGY) / (energy(x) + SMALLEST_ENERGY)


def steep_edges_kept(x: Float[Tensor, "b 3 h w"], y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b"]:
    """Mean of the fourth power of the luminance's gradient, of y over that of x.

    1: edges as steep as before; a blur has less. The power lets the steepest decide, as gentle slopes may become
    steeper.
    """

    def steep(image: Tensor) -> Tensor:
        down, right = torch.gradient(luminance(image), dim=(1, 2))
        return (down.square() + right.square()).square().mean((1, 2))

    return (steep(y) + SMALLEST_ENERGY) / (steep(x) + SMALLEST_ENERGY)


def colour_shift(x: Float[Tensor, "b 3 h w"], y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b"]:
    """How far the mean colour moved: `mean over channels of |mean(y_c) - mean(x_c)|`, in [0, 1]."""
    return (y.mean((2, 3)) - x.mean((2, 3))).abs().mean(1)


def amplitude_spectrum(
    x: Float[Tensor, "b 3 h w"], rings: int = 24
) -> tuple[Float[Tensor, "rings"], Float[Tensor, "b rings"]]:
    """How much of each fineness a picture holds: mean amplitude of its luminance's waves, by frequency.

    The largest central square is taken, its mean removed, a Hann window laid over it, and |F| averaged over
    `rings` rings of equal width on a logarithmic axis.

    Returns:
        Frequencies in cycles per pixel, and for each picture the amplitudes, 0 where a ring holds no wave.
    """
    light = luminance(x)
    side = min(light.shape[-2:])
    top, left = (light.shape[1] - side) // 2, (light.shape[2] - side) // 2
    spectrum, frequency = _waves(light[:, top : top + side, left : left + side])
    amplitude, frequency = spectrum.abs() / side, frequency.flatten()
    low, high = SPECTRUM_RANGE
    edges = torch.logspace(math.log10(low), math.log10(high), rings + 1, device=light.device)
    ring = torch.bucketize(frequency, edges) - 1  # -1 and `rings`: outside
    inside = (ring >= 0) & (ring < rings)
    count = torch.bincount(ring[inside], minlength=rings)
    total = light.new_zeros(len(light), rings).index_add_(1, ring[inside], amplitude.flatten(1)[:, inside])
    return square_root(edges[:-1] * edges[1:]), total / count.clamp(min=1)


def spectral_slope(frequency: Float[Tensor, "rings"], amplitude: Float[Tensor, "rings"]) -> float:
    """The exponent s of amplitude ~ frequency^s, by least squares on log-log axes over rings that hold waves.

    Natural images have about -1 (Field 1987): each octave holds as much contrast as the next.
    """
    held = amplitude > 0
    along, up = frequency[held].log(), amplitude[held].log()
    along = along - along.mean()
    return float((along * up).sum() / along.square().sum())
