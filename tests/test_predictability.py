"""Predictability, its map, progress and the losses, against values worked out by hand."""

import pytest
import torch

import abstract_beauty as ab
from abstract_beauty import losses
from abstract_beauty.predictability import PHASES, SMALLEST_ERROR
from abstract_beauty.predictors import ContextEncoder


def flat(*values, size=32):
    """Images of one colour each."""
    return torch.tensor(values)[:, None, None, None].expand(-1, 3, size, size).clone()


def test_predictability_is_the_mean_absolute_error_of_each_image():
    y, z = flat(0.5, 0.2), flat(0.25, 0.2)
    z[0, 0, 0, 0] = 0.5
    errors = ab.predictability(y, z)
    assert errors.shape == (2,)
    assert errors[0].item() == pytest.approx(0.25 * (1 - 1 / (3 * 32 * 32)))
    assert errors[1].item() == 0


def test_the_map_averages_to_the_error():
    y, z = torch.rand(2, 3, 40, 50), torch.rand(2, 3, 40, 50)
    torch.testing.assert_close(ab.error_map(y, z).mean(dim=(1, 2)), ab.predictability(y, z))


def test_progress_is_the_ratio_of_the_errors_and_never_explodes():
    y = flat(0.5, 0.5, 0.5)
    z_bad, z_good = flat(0.9, 0.5, 0.9), flat(0.6, 0.5, 0.5)
    torch.testing.assert_close(ab.progress(y, z_bad, z_good), torch.tensor([4.0, 1.0, 0.4 / SMALLEST_ERROR]))


def test_phase_averaging_averages_over_grids():
    torch.manual_seed(0)
    f, y = ContextEncoder(4).eval(), torch.rand(1, 3, 64, 64)
    by_hand = [ab.predictability(y, ab.full_prediction(f, y, phase)).item() for phase in PHASES]
    assert ab.phase_averaged(f, y).item() == pytest.approx(sum(by_hand) / len(by_hand))
    assert len(set(by_hand)) > 1


def test_the_smoothing_loss_is_its_equation():
    x, y, z = flat(0.2), flat(0.5), flat(0.9)
    assert losses.smoothing(x, y, z, k1=0.5, k2=0.25).item() == pytest.approx(0.5 * 0.3 + 0.25 * 0.4)
    assert losses.smoothing(x, y, z, k1=0.0, k2=1.0).item() == pytest.approx(0.4)


def test_the_two_ratios_are_each_other_s_inverse_for_one_image():
    y, z_bad, z_good = flat(0.5), flat(0.7), flat(0.6)
    written, meant = losses.ratio_as_written(y, z_bad, z_good), losses.ratio_progress(y, z_bad, z_good)
    assert written.item() == pytest.approx(2.0)
    assert meant.item() == pytest.approx(0.5)


def test_minimising_the_ratios_moves_the_error_of_the_good_predictor_opposite_ways():
    """What the book says of the article's formula: as written it asks for the least progress."""
    z_bad, z_good = flat(0.9), flat(0.2)
    for loss, sign in ((losses.ratio_as_written, 1), (losses.ratio_progress, -1)):
        y = flat(0.5).requires_grad_()
        loss(y, z_bad, z_good).backward()
        # Descent moves y against the gradient: as written towards z_bad (up), as meant towards z_good (down).
        assert torch.sign(-y.grad).unique().tolist() == [sign]


def test_at_equal_weights_moving_from_x_towards_a_fixed_z_gains_nothing():
    """Why k1 = k2 is a critical point: what MAE(y, z) earns, MAE(x, y) costs, pixel by pixel."""
    x, z = flat(0.2), flat(0.8)
    values = [losses.smoothing(x, x + share * (z - x), z, k1=0.5, k2=0.5).item() for share in (0.0, 0.3, 1.0)]
    assert values == pytest.approx([0.3, 0.3, 0.3])
