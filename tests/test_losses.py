"""The losses against their equations written out a second time, and their gradients against finite differences."""

import pytest
import torch

from abstract_beauty import losses
from abstract_beauty.losses._contrast import SMALLEST_ENERGY, contrast_lost, low_pass, pyramid_contrast
from abstract_beauty.prediction.predictability import SMALLEST_ERROR

WEIGHTS = {"k1": 0.3, "k2": 0.7, "k3": 2.0, "share": 0.6}
NAMES = [name for name in losses.LOSSES if name != "moving"]  # which is of a field: see test_moving_loss.py


@pytest.fixture(params=[0, 1])
def given(request):
    """Two pictures of different errors; all four images differ, so that no two can be taken for one another."""
    rng = torch.Generator().manual_seed(request.param)
    x, y, z, z_bad, z_x = (torch.rand(2, 3, 32, 48, generator=rng, dtype=torch.float64) for _ in range(5))
    y = 0.5 + 0.6 * (y - 0.5)  # has lost contrast
    z[0] = y[0] + 0.1 * (z[0] - y[0])
    z_bad = y + 0.8 * (z_bad - y)
    return {"x": x, "y": y, "z": z, "z_bad": z_bad, "z_x": z_x}


def error(a, b):
    return [float((one - other).abs().sum() / one.numel()) for one, other in zip(a, b, strict=True)]


def mean(values):
    return sum(values) / len(values)


def lost(x, y):
    """contrast_lost, image by image, channel by channel, measure by measure."""
    values = []
    for before, after in zip(x, y, strict=True):
        bands = [pyramid_contrast(one[None], 2)[0] for one in (before, after)]
        for channel in range(3):
            pairs = [(bands[0][band, channel], bands[1][band, channel]) for band in range(2)]
            pairs.append(
                tuple((one[channel].var(correction=0) + SMALLEST_ENERGY).sqrt() for one in (before, after))
            )
            values += [max(0.0, 0.95 - float(kept) / max(float(had), 1 / 256)) for had, kept in pairs]
    return mean(values)


def ratio(y, above, below):
    pairs = zip(error(y, above), error(y, below), strict=True)
    return mean([max(a, SMALLEST_ERROR) / max(b, SMALLEST_ERROR) for a, b in pairs])


def score(image):
    return image.square().mean((1, 2, 3))


def by_hand(x, y, z, z_bad, z_x):
    k1, k2, k3, share = WEIGHTS.values()
    near, seen = k1 * mean(error(x, y)), k2 * mean(error(y, z))
    wanted = [share * one for one in error(x, z_x)]
    return {
        "smoothing": near + seen,
        "smoothing_held": near + seen + k3 * lost(x, y),
        "coarse": k1 * mean(error(low_pass(x), low_pass(y))) + seen,
        "target": near + k2 * mean([abs(a - b) for a, b in zip(error(y, z), wanted, strict=True)]),
        "ratio_as_written": ratio(y, z_bad, z),
        "ratio_progress": ratio(y, z, z_bad),
        "scored": near - k2 * mean([float((one**2).sum() / one.numel()) for one in y]),
        "progress_held": near + k2 * ratio(y, z, z_bad) + k3 * lost(x, y),
    }


def call(name, given):
    images, weights = losses.needs(losses.LOSSES[name])
    given = {**given, "score": score}
    return losses.LOSSES[name](*(given[one] for one in images), **{key: WEIGHTS[key] for key in weights})


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_is_its_equation(name, given):
    equations = by_hand(**given)
    assert name in equations, f"the equation of {name} is to be written a second time, in by_hand"
    assert call(name, given).item() == pytest.approx(equations[name], rel=1e-6)


@pytest.mark.parametrize("strength", [0.0, 0.0005, 0.002, 0.0035, 0.005, 0.01])
def test_faint_contrast_is_set_against_one_step_of_eight_bits(strength):
    rng = torch.Generator().manual_seed(0)
    pattern = torch.randn(1, 3, 32, 48, generator=rng, dtype=torch.float64)
    x, y = 0.5 + strength * pattern, 0.5 + 0.4 * strength * pattern
    assert contrast_lost(x, y).item() == pytest.approx(lost(x, y), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_agree_with_finite_differences(name, given):
    """Along a random direction of y; everything else stays."""
    y = given["y"].clone().requires_grad_()
    direction = torch.randn(y.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    (gradient,) = torch.autograd.grad(call(name, given | {"y": y}), y)
    step = 1e-6
    with torch.no_grad():
        ahead, behind = (call(name, given | {"y": y + by * direction}) for by in (step, -step))
        slope = (ahead - behind) / (2 * step)
    assert (gradient * direction).sum().item() == pytest.approx(slope.item(), rel=1e-3, abs=1e-7)


def test_where_z_is_fixed_every_pixel_between_x_and_z_is_stationary():
    """k1 = k2: the two slopes cancel between x and z and add up beyond either; with k2 larger y goes to z."""
    x, z = torch.full((1, 3, 8, 8), 0.2), torch.full((1, 3, 8, 8), 0.8)
    slopes = {}
    for k2 in (0.5, 0.6):
        for at in (0.1, 0.4, 0.9):
            y = torch.full((1, 3, 8, 8), at, requires_grad=True)
            losses.smoothing(x, y, z, k1=0.5, k2=k2).backward()
            slopes[k2, at] = round(float(y.grad.sum()), 4)
    assert [slopes[0.5, at] for at in (0.1, 0.4, 0.9)] == [-1.0, 0.0, 1.0]
    assert [slopes[0.6, at] for at in (0.1, 0.4, 0.9)] == [-1.1, -0.1, 1.1]


def test_a_batch_counts_as_the_mean_of_its_pictures(given):
    singles = [{key: one[at : at + 1] for key, one in given.items()} for at in range(2)]
    for name in NAMES:
        assert call(name, given).item() == pytest.approx(mean([call(name, one).item() for one in singles])), (
            name
        )
