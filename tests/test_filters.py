"""The smoothing filters and the search for a strength."""

import pytest
import torch
from skimage import data

from abstract_beauty.measures.filters import FILTERS, strength_for


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    """Two photographs, (2, 3, 128, 128)."""
    pictures = [data.astronaut()[60:316, 100:356], data.coffee()[60:316, 150:406]]
    stack = torch.stack([torch.from_numpy(one.copy()).permute(2, 0, 1).float() / 255 for one in pictures])
    return torch.nn.functional.interpolate(stack, size=(128, 128), mode="bilinear", antialias=True)


def mae(x: torch.Tensor, y: torch.Tensor) -> float:
    """Mean absolute difference."""
    return (x - y).abs().mean().item()


@pytest.mark.parametrize("name", FILTERS)
def test_the_change_grows_with_the_strength_from_nothing(name, x):
    smooth = FILTERS[name]
    assert torch.equal(smooth(x, 0), x)
    changes = [mae(x, smooth(x, fraction * smooth.first)) for fraction in (0.25, 0.5, 1, 2)]
    assert changes[0] > 0 and changes == sorted(changes)
    y = smooth(x, smooth.largest)
    assert y.shape == x.shape and y.min() >= 0 and y.max() <= 1
    assert torch.equal(y, smooth(x, 10 * smooth.largest))


@pytest.mark.parametrize("name", FILTERS)
def test_pictures_of_a_batch_do_not_meet_and_flat_ones_stay(name, x):
    smooth = FILTERS[name]
    assert torch.equal(smooth(x, smooth.first)[1:], smooth(x[1:], smooth.first))
    flat = torch.full((1, 3, 40, 56), 128 / 255)
    torch.testing.assert_close(smooth(flat, smooth.first), flat, rtol=0, atol=1e-3)


@pytest.mark.parametrize("target", [0.008, 0.035])
@pytest.mark.parametrize("name", FILTERS)
def test_the_strength_for_a_change_makes_it(name, target, x):
    # JPEG's qualities are whole numbers: near, but not nearer than one of them.
    tolerance = 0.15 if name == "jpeg" else 0.006
    y = FILTERS[name](x, strength_for(name, x, target))
    assert mae(x, y) == pytest.approx(target, rel=tolerance, abs=1.1e-4)


def test_no_change_is_strength_0_and_one_out_of_reach_the_greatest(x):
    assert strength_for("gaussian", x, 0.0) == 0
    assert strength_for("jpeg", x, 0.9) == FILTERS["jpeg"].largest
