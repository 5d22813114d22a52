"""The network that moves: what it promises of strength, fields and looks, and that it can be trained."""

import pytest
import torch
from test_moving import error, photograph

import abstract_beauty as ab
from abstract_beauty import weights
from abstract_beauty.errors import UserError
from abstract_beauty.fields import areas, moved
from abstract_beauty.improvers import mover


@pytest.fixture(scope="module")
def g():
    return ab.load_improver("reference/mover")


@pytest.fixture(scope="module")
def x():
    return photograph(160)


def test_a_few_looks_make_a_picture_more_predictable_and_backwards_less(g, x):
    f = ab.load_predictor("reference/judge")
    y, u = g(x, field=True)
    assert error(f, y) < 0.97 * error(f, x) < 0.97 * error(f, g(x, strength=-1.0))
    assert torch.equal(y, moved(x, u)) and u.shape == (1, 2, *x.shape[2:]) and areas(u).min() > 0
    assert torch.equal(g(x, strength=0.0), x), "a copy, exactly"
    half = g(x, strength=0.5, field=True)[1]
    assert 0.3 * u.abs().mean() < half.abs().mean() < 0.7 * u.abs().mean()


def test_each_picture_of_a_batch_is_moved_as_it_is_alone(g, x):
    both = torch.cat([x, x.flip(2)])
    torch.testing.assert_close(g(both)[1:], g(both[1:]), atol=1e-4, rtol=0)


def test_improve_gives_it_the_picture_whole(g, x):
    assert torch.equal(ab.improve(g, x, strength=0.5, piece=64), g(x, strength=0.5))
    assert torch.equal(ab.improve(g, x, times=2), g(g(x)))


def test_in_use_it_gives_one_picture_also_in_training_mode(g, x):
    try:
        assert torch.equal(ab.improve(g.train(), x), ab.improve(g.eval(), x))
    finally:
        g.eval()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"looks": 0}, "looks must be a whole number of at least 1, not 0"),
        ({"strength": float("nan")}, "strength must be a finite number"),
        ({"strength": 1e30}, "at most 100"),
        ({"x": torch.full((1, 3, 64, 64), float("nan"))}, "values in .0, 1., not nan"),
        ({"x": torch.full((1, 3, 64, 64), 255.0)}, "divide by 255"),
        ({"x": torch.zeros(1, 3, 16, 64)}, "sides of at least 32"),
    ],
)
def test_what_it_cannot_do_is_named(g, x, wrong, said):
    with pytest.raises(ab.UserError, match=said):
        g(**{"x": x} | wrong)


def test_it_goes_as_far_where_a_side_is_no_whole_number_of_cells(g, x):
    x = x[..., :160, :240]
    whole, cut = (g.velocities(image)[-1].abs().mean() for image in (x, x[..., :-1, :-2]))
    assert abs(cut / whole - 1) < 0.1


def test_while_it_is_trained_it_shows_every_look(g, x, monkeypatch):
    """And is told all as it is; in use what it is told is softened, which takes it further."""
    looks = 3
    softened = g.velocities(x, looks)[-1]
    monkeypatch.setattr(mover, "SOFTENED", 0.0)
    try:
        y, u = g.train()(x, field=True, looks=looks)
        after = g.eval()(x, field=True, looks=looks)[1]
        as_it_is = g.velocities(x, looks)[-1]
    finally:
        g.eval()
    assert len(y) == len(u) == looks
    assert u[0].abs().mean() < u[-1].abs().mean()
    if areas(u[-1:]).min() > 0.05:  # else it goes less far when it is used
        torch.testing.assert_close(u[-1:], after, atol=1e-4, rtol=0)
    assert as_it_is.abs().mean() < softened.abs().mean()


def test_it_looks_with_the_predictor_that_the_page_has_beside_it(g):
    for name, tensor in ab.load_predictor("reference").state_dict().items():
        assert torch.equal(tensor, g.eye.state_dict()[name]), name


def test_it_learns_and_what_it_looks_with_stays():
    f = ab.load_predictor("reference")
    how = {
        "k_area": 0.5,
        "k_detail": 0.6,
        "k_coarse": 0.0,
        "k_stiff": 0.005,
        "good": f,
        "crop": 128,
        "steps": 4,
    }
    found = ab.train_improver("moving", "mover", width=64, **how)
    untrained = weights.build("improvers", "mover", 64, seed=0)
    for name, tensor in found.network.eye.state_dict().items():
        assert torch.equal(tensor, f.state_dict()[name]), name
    assert not torch.equal(found.network.last.weight, untrained.last.weight) and len(found.curve)
    with pytest.raises(UserError, match="of its own width"):
        ab.train_improver("moving", "mover", width=16, **how)
    with pytest.raises(UserError, match="has to move"):
        ab.train_improver("moving", "unet", **how)
