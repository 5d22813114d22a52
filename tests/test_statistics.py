"""The numbers that describe a change: known answers on pictures made for the purpose."""

import math

import pytest
import torch

from abstract_beauty.measures.statistics import (
    amplitude_spectrum,
    colour_shift,
    contrast_kept,
    high_frequency_kept,
    luminance,
    spectral_slope,
)


@pytest.fixture
def x() -> torch.Tensor:
    """Two noise pictures around mid-grey."""
    return 0.5 + 0.1 * torch.randn(2, 3, 48, 64, generator=torch.Generator().manual_seed(1))


def wave(period: float) -> torch.Tensor:
    """One grey picture (1, 3, 64, 64) of upright stripes with `period` pixels."""
    stripes = 0.5 + 0.3 * torch.sin(2 * math.pi * torch.arange(64) / period)
    return stripes.expand(1, 3, 64, 64)


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.0, 2.0])
def test_contrast_scales_and_energy_scales_with_its_square(x, factor):
    y = 0.5 + factor * (x - 0.5)
    torch.testing.assert_close(contrast_kept(x, y), torch.full((2,), factor), rtol=1e-4, atol=0)
    torch.testing.assert_close(high_frequency_kept(x, y), torch.full((2,), factor**2), rtol=1e-4, atol=0)


def test_contrast_is_that_of_luminance_not_of_colour():
    """Green weighs ten times as much as blue (BT.709)."""
    checks = torch.zeros(1, 3, 32, 32)
    checks[..., ::2] = 1.0
    green, blue = (checks * torch.eye(3)[channel].view(1, 3, 1, 1) for channel in (1, 2))
    assert contrast_kept(green, blue).item() == pytest.approx(0.0722 / 0.7152, rel=1e-3)
    assert luminance(torch.ones(1, 3, 2, 2)).mean().item() == pytest.approx(1.0)


def test_only_fine_stripes_count_as_detail():
    """A period of 16 pixels (1/16 cycle per pixel) lies below the limit of 1/8, a period of 4 above it.

    Without the window, the jump from the right border of a slope to the left one would count as well.
    """
    fine, coarse, slope = wave(4), wave(16), torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    both = fine + coarse - 0.5
    assert high_frequency_kept(both, coarse).item() < 1e-3
    assert high_frequency_kept(both, fine).item() == pytest.approx(1.0, abs=1e-3)
    assert high_frequency_kept(fine, slope).item() < 1e-3


def test_colour_shift_is_the_mean_over_channels(x):
    y = x.clone()
    y[0, 0] += 0.3  # red up
    y[1, 0] += 0.1
    y[1, 2] -= 0.2  # opposite signs do not cancel
    torch.testing.assert_close(colour_shift(x, y), torch.tensor([0.1, 0.1]), rtol=1e-4, atol=1e-6)
    assert colour_shift(x, x).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("statistic", [contrast_kept, high_frequency_kept])
def test_a_flat_picture_divides_nothing_by_zero(statistic, x):
    flat = torch.full_like(x, 0.25)
    torch.testing.assert_close(statistic(flat, flat), torch.ones(2), rtol=0, atol=0.05)
    assert (statistic(x, flat) < 1e-4).all()
    assert statistic(flat, x).isfinite().all() and (statistic(flat, x) > 100).all()


@pytest.mark.parametrize("slope", [-0.5, -1.0, -1.5])
def test_the_slope_of_a_spectrum_is_found(slope):
    generator = torch.Generator().manual_seed(3)
    line = torch.fft.fftfreq(256)
    frequency = torch.hypot(line[:, None], line[None, :]).clamp(min=1 / 256)
    noise = torch.fft.fft2(torch.randn(4, 256, 256, generator=generator)) * frequency**slope
    x = torch.fft.ifft2(noise).real[:, None].expand(-1, 3, -1, -1)
    frequencies, amplitudes = amplitude_spectrum(x)
    assert spectral_slope(frequencies, amplitudes.mean(0)) == pytest.approx(slope, abs=0.03)


def test_a_wave_stands_at_its_frequency():
    stripes = 0.5 + 0.3 * torch.sin(2 * torch.pi * torch.arange(128) / 8)
    frequencies, amplitudes = amplitude_spectrum(stripes.expand(1, 3, 128, 128))
    assert frequencies[amplitudes[0].argmax()].item() == pytest.approx(1 / 8, rel=0.1)
