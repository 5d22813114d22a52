"""Full prediction: right tiles in the right places, blind, local, the same by every method."""

import itertools

import numpy as np
import pytest
import torch

import abstract_beauty as ab
from abstract_beauty import predictors
from abstract_beauty.full_prediction import CONTEXT, MARGIN, TILE, Axis, assemble, reflected

SIZES = [(32, 32), (33, 70), (96, 160), (131, 100)]
PHASES = [(0, 0), (5, 31), (16, 16), (31, 1)]


def centre(context, hidden):
    """A "predictor" that peeks: it returns the very tile."""
    return context[..., MARGIN : MARGIN + TILE, MARGIN : MARGIN + TILE]


@pytest.fixture(scope="module")
def f():
    torch.manual_seed(0)
    return predictors.ContextEncoder(4).eval().requires_grad_(False)


def image(height, width, batch=1, seed=0):
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))


def tiles_of(size, phase):
    """The pieces that the grid cuts an axis into."""
    edges = sorted({0, size, *range(phase, size, TILE)})
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("size", [2, 5, 40])
def test_reflection_is_numpy_s(size):
    positions = torch.arange(-3 * size, 4 * size)
    expected = np.pad(np.arange(size), 3 * size, mode="reflect")
    assert reflected(positions, size).tolist() == expected.tolist()


@pytest.mark.parametrize(("h", "w"), SIZES)
@pytest.mark.parametrize("phase", PHASES)
def test_tiles_come_back_to_their_places(h, w, phase):
    y = torch.arange(3 * h * w, dtype=torch.float32).reshape(1, 3, h, w) / (3 * h * w)
    assert torch.equal(ab.full_prediction(centre, y, phase), y)


@pytest.mark.parametrize(("h", "w"), SIZES)
@pytest.mark.parametrize("phase", PHASES)
def test_the_loop_and_the_batch_give_the_same(f, h, w, phase):
    y = image(h, w, batch=2)
    looped = ab.full_prediction(f, y, phase, method="loop")
    torch.testing.assert_close(ab.full_prediction(f, y, phase), looped, atol=1e-5, rtol=0)
    torch.testing.assert_close(ab.full_prediction(f, y, phase, tiles_at_once=3), looped, atol=1e-5, rtol=0)
    assert looped.shape == y.shape
    assert looped.min() >= 0
    assert looped.max() <= 1


def test_an_inner_tile_is_what_the_article_computes(f):
    """Cut the 128x128 square out by hand, hide its centre, predict, put the tile back."""
    y = image(192, 160)
    hidden = torch.zeros(1, 1, CONTEXT, CONTEXT, dtype=torch.bool)
    hidden[..., MARGIN : MARGIN + TILE, MARGIN : MARGIN + TILE] = True
    tile = f(y[..., 32 : 32 + CONTEXT, 16 : 16 + CONTEXT], hidden).clamp(0, 1)
    z = ab.full_prediction(f, y, phase=(16, 0))
    torch.testing.assert_close(z[..., 80:112, 64:96], tile, atol=1e-6, rtol=0)


@pytest.mark.parametrize("network", predictors.NETWORKS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("phase", [(0, 0), (7, 20)])
def test_no_tile_sees_itself_not_even_in_the_mirror(network, training, phase):
    torch.manual_seed(1)
    f = predictors.NETWORKS[network](4).train(training)
    y = image(70, 100).requires_grad_()
    z = ab.full_prediction(f, y, phase)
    for rows, columns in itertools.product(tiles_of(70, phase[0]), tiles_of(100, phase[1])):
        (gradient,) = torch.autograd.grad(z[..., rows, columns].sum(), y, retain_graph=True)
        assert gradient[..., rows, columns].abs().max() == 0
        assert gradient.abs().max() > 0  # but it does see something


def test_a_tile_depends_on_nothing_beyond_its_context(f):
    y = image(224, 224).requires_grad_()
    z = ab.full_prediction(f, y)
    (gradient,) = torch.autograd.grad(z[..., 96:128, 96:128].sum(), y)
    inside = torch.zeros(224, 224, dtype=torch.bool)
    inside[96 - MARGIN : 128 + MARGIN, 96 - MARGIN : 128 + MARGIN] = True
    assert gradient[..., ~inside].abs().max() == 0
    assert gradient[..., inside].abs().max() > 0


def test_changing_hidden_pixels_changes_nothing(f):
    """Blindness to values, NaN among them, not only to gradients."""
    context, hidden = ab.contexts(image(64, 64))
    other = torch.where(hidden, torch.full_like(context, torch.nan), context)
    assert torch.equal(f(context, hidden), f(other, hidden))


def test_an_image_of_one_tile_is_predicted_from_nothing(f):
    dark, light = image(32, 32), image(32, 32, seed=1)
    assert torch.equal(ab.full_prediction(f, dark), ab.full_prediction(f, light))


def test_hidden_lines_are_the_tile_and_its_mirror_copies():
    own = Axis(100, 0).hidden()
    assert own.shape == (4, CONTEXT)
    first = own[0].nonzero().flatten().tolist()
    # Lines -31..-1 mirror lines 31..1 of the first tile; line -32 mirrors line 32, which is the neighbour's.
    assert first == list(range(MARGIN - 31, MARGIN + TILE))
    assert own[1].nonzero().flatten().tolist() == list(range(MARGIN, MARGIN + TILE))


def test_gradients_agree_with_finite_differences():
    torch.manual_seed(2)
    f = predictors.ContextEncoder(4).double()
    y = image(40, 33).double().requires_grad_()
    direction = torch.randn(y.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    error = ab.predictability(y, ab.full_prediction(f, y)).sum()
    (gradient,) = torch.autograd.grad(error, y)
    step = 1e-6
    with torch.no_grad():
        ahead, behind = y + step * direction, y - step * direction
        errors = [ab.predictability(at, ab.full_prediction(f, at)).sum() for at in (ahead, behind)]
        slope = (errors[0] - errors[1]) / (2 * step)
    assert slope.item() == pytest.approx((gradient * direction).sum().item(), rel=1e-3)


def test_assembling_inverts_cutting():
    y = image(64, 96, batch=2)
    tiles = y.unfold(2, TILE, TILE).unfold(3, TILE, TILE).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, TILE, TILE)
    assert torch.equal(assemble(tiles, 2, 2, 3), y)


@pytest.mark.parametrize(("h", "phase"), [(31, (0, 0)), (64, (32, 0)), (64, (-1, 0))])
def test_impossible_sizes_and_phases_are_refused(f, h, phase):
    with pytest.raises(ValueError, match="must"):
        ab.full_prediction(f, image(h, 64), phase)
