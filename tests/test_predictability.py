"""Predictability, its map, progress and the losses, against values worked out by hand."""

import pytest
import torch

import abstract_beauty as ab
from abstract_beauty import losses
from abstract_beauty.losses._contrast import contrast_lost
from abstract_beauty.prediction.predictability import PHASES, SMALLEST_ERROR
from abstract_beauty.predictors.context_encoder import ContextEncoder


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


def test_the_smallest_error_that_counts_is_a_quarter_of_a_grey_level():
    assert SMALLEST_ERROR == 0.25 / 256


def test_the_grids_are_the_articles_and_those_half_a_tile_away():
    half = ab.TILE // 2
    assert PHASES[0] == (0, 0)
    assert sorted(PHASES) == [(0, 0), (0, half), (half, 0), (half, half)]


def test_phase_averaging_averages_over_grids():
    torch.manual_seed(0)
    f, y = ContextEncoder(4).eval(), torch.rand(1, 3, 64, 64)
    by_hand = [ab.predictability(y, ab.full_prediction(f, y, phase)).item() for phase in PHASES]
    assert ab.phase_averaged(f, y).item() == pytest.approx(sum(by_hand) / len(by_hand))
    assert len(set(by_hand)) > 1


def test_minimising_the_ratios_moves_the_error_of_the_good_predictor_opposite_ways():
    """What the book says of the article's formula: as written it asks for the least progress."""
    z_bad, z_good = flat(0.9), flat(0.2)
    for loss, sign in ((losses.ratio_as_written, 1), (losses.ratio_progress, -1)):
        y = flat(0.5).requires_grad_()
        loss(y, z_bad, z_good).backward()
        # Descent moves y against the gradient: as written towards z_bad (up), as meant towards z_good (down).
        assert torch.sign(-y.grad).unique().tolist() == [sign]


def test_a_loss_says_what_it_is_given():
    assert losses.needs(losses.target) == (("x", "y", "z", "z_x"), ("k1", "k2", "share"))
    assert losses.needs(losses.ratio_progress) == (("y", "z_bad", "z"), ())


def test_lost_contrast_is_what_is_lost_beyond_the_allowance():
    torch.manual_seed(0)
    x = torch.rand(2, 3, 64, 64)
    middle = x.mean((2, 3), keepdim=True)
    # All contrasts to a half: each of the three measures has lost a half, of which a twentieth is free.
    assert contrast_lost(x, middle + 0.5 * (x - middle)).item() == pytest.approx(0.45, abs=1e-3)
    assert contrast_lost(x, middle + 0.96 * (x - middle)).item() == 0
    assert contrast_lost(x, middle + 1.5 * (x - middle)).item() == 0
    # One colour's contrast does not make up for another's.
    y = x.clone()
    y[:, 0], y[:, 1] = middle[:, 0], middle[:, 1] + 2 * (x[:, 1] - middle[:, 1])
    assert contrast_lost(x, y).item() == pytest.approx(0.95 / 3, abs=1e-3)
