"""Fields: smooth, never folding, 0 at the border; what is moved and moved back is as it was, and nothing is blurred."""

import math

import pytest
import torch

from abstract_beauty.fields import areas, doubled, follow, grid_of, moved, unfolded, velocity
from abstract_beauty.measures.statistics import high_frequency_kept

H, W = 96, 129


def waves(h=H, w=W):
    """A picture that interpolation can get right: no wave is shorter than 4 pixels."""
    down, right = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return torch.stack(
        [
            0.5 + 0.4 * torch.sin(2 * math.pi * (down * a + right * b))
            for a, b in ((0.02, 0.05), (0.2, 0.05), (0, 0.25))
        ]
    )[None]


def some_velocity(size=6.0, spacing=16, seed=0, h=H, w=W, **more):
    rows, columns = grid_of(h, w, spacing)
    nodes = torch.randn(1, 2, rows - 1, columns - 1, generator=torch.Generator().manual_seed(seed)) * size
    return velocity(nodes, h, w, **more)


def test_a_still_field_is_a_copy():
    x = torch.rand(1, 3, H, W, generator=torch.Generator().manual_seed(1))
    still = torch.zeros(1, 2, H, W)
    assert (moved(x, still) - x).abs().max() < 1e-4
    assert torch.equal(areas(still), torch.ones(1, H, W))


def test_doubling_keeps_the_pixels_and_reads_waves_between_them():
    x = waves()
    twice = doubled(x)
    assert torch.equal(twice[..., ::2, ::2], x)
    between = 0.5 + 0.4 * torch.sin(
        2 * math.pi * ((torch.arange(H)[:, None] + 0.5) * 0.2 + torch.arange(W) * 0.05)
    )
    assert (twice[0, 1, 1::2, ::2] - between)[20:-20, 20:-20].abs().max() < 0.01


def test_half_a_pixel_does_not_blur():
    x = torch.rand(1, 3, H, W, generator=torch.Generator().manual_seed(1))
    x = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"), 3, 1)
    assert high_frequency_kept(x, moved(x, torch.full((1, 2, H, W), 0.5))) > 0.9


@pytest.mark.parametrize("strength", [-2.0, -0.5, 0.5, 1.0, 3.0])
def test_nothing_folds_and_nothing_leaves_the_frame(strength):
    u = unfolded(some_velocity(), H, W, strength)
    assert areas(u).min() > 0 and u.abs().max() > 1
    border = torch.cat([u[..., 0, :], u[..., -1, :], u[..., 0], u[..., -1]], dim=-1)
    assert border.abs().max() < 1e-4
    assert abs(areas(u).mean() - 1) < 0.02, "what some parts gain others lose"


def test_a_field_of_no_numbers_ends_as_one():
    assert unfolded(some_velocity() * math.nan, H, W).isnan().all()


def test_back_again_is_as_it_was():
    x, v = waves(), some_velocity(3.0)
    there, back = follow(v, H, W, 1.0), follow(v, H, W, -1.0)
    assert there.abs().max() > 2
    assert (moved(moved(x, there), back) - x)[..., 8:-8, 8:-8].abs().mean() < 0.01


def test_a_stream_function_holds_every_area():
    u = follow(some_velocity(6.0, stream=True), H, W)
    assert u.abs().max() > 4
    gained = (areas(u)[:, 4:-4, 4:-4] - 1).abs()
    assert gained.max() < 0.15 and gained.mean() < 0.02


def test_strips_have_no_seams():
    v = some_velocity(12.0, h=700, w=160)
    x, u = waves(700, 160), follow(v, 700, 160)
    with torch.no_grad():
        strips = moved(x, u)
    with torch.enable_grad():
        assert (strips - moved(x, u)).abs().max() < 1e-3


def test_gradients_reach_the_field():
    nodes = torch.zeros(1, 2, 5, 7, requires_grad=True)
    y = moved(waves(), follow(velocity(nodes, H, W), H, W))
    y.square().mean().backward()
    assert nodes.grad.isfinite().all() and nodes.grad.abs().min() > 0
