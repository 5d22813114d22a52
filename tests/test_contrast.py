"""The pyramid that losses hold contrast by, against one written out with scipy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate

from abstract_beauty.losses._contrast import SMALLEST_ENERGY, contrast_lost, low_pass, pyramid_contrast

X = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def blurred(image):
    return correlate(image, BINOMIAL, mode="nearest")


def halved(image):
    height, width = image.shape
    return image.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def test_each_band_is_what_a_blur_takes_away():
    found = pyramid_contrast(X, 3)
    for place in np.ndindex(2, 3):
        image = X[place].numpy()
        for band in range(3):
            low = blurred(image)
            assert found[place[0], band, place[1]].item() == pytest.approx(((image - low) ** 2).mean() ** 0.5)
            image = halved(low)


def test_the_low_pass_leaves_out_three_octaves():
    image = X[0, 0].numpy()
    for _ in range(3):
        image = halved(blurred(image))
    np.testing.assert_allclose(low_pass(X)[0, 0].numpy(), image)


def test_an_empty_band_has_a_slope_and_no_contrast():
    y = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    contrast_lost(torch.rand(1, 3, 16, 16), y).backward()
    assert y.grad.isfinite().all()
    assert SMALLEST_ENERGY == 1e-12 and pyramid_contrast(y, 1).max() < 1e-5
