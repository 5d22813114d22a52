"""The networks: shapes, ranges, locality, and large pictures without seams."""

import itertools

import pytest
import torch
from torch import nn

import abstract_beauty as ab
from abstract_beauty import improvers, predictors
from abstract_beauty.improvers._parts import ChannelNorm
from abstract_beauty.improvers.deep import DeepResidual
from abstract_beauty.improvers.ready import ReadyUNet
from abstract_beauty.prediction.blurred_context import BlurredContext
from abstract_beauty.prediction.encoder_layers import visible_part
from abstract_beauty.prediction.full_prediction import contexts
from abstract_beauty.predictors.context_encoder import ContextEncoder


@pytest.fixture(params=sorted(improvers.NETWORKS))
def g(request):
    torch.manual_seed(0)
    g = improvers.NETWORKS[request.param](8).eval()
    if hasattr(g, "eye"):
        for tensor in (*g.eye.parameters(), *g.eye.buffers()):
            torch.nn.init.normal_(tensor, std=0.1)
    return g


@pytest.fixture
def painter(g):
    if not hasattr(g, "reach"):
        pytest.skip("it moves, and is given its pictures whole")
    return g


@pytest.fixture(params=sorted(predictors.NETWORKS))
def f(request):
    torch.manual_seed(0)
    f = predictors.NETWORKS[request.param](12).eval()
    for tensor in (*f.parameters(), *f.buffers()):
        torch.nn.init.normal_(tensor, std=0.1)
    return f


def test_a_predictor_s_error_does_not_depend_on_a_shift_of_all_colours(f):
    context, hidden = contexts(torch.rand(1, 3, 64, 64) * 0.5)
    torch.testing.assert_close(f(context + 0.25, hidden), f(context, hidden) + 0.25, atol=1e-5, rtol=0)


def test_what_is_everywhere_hidden_is_guessed_as_grey():
    context, hidden = torch.rand(2, 3, 128, 128), torch.ones(2, 1, 128, 128, dtype=torch.bool)
    seen, mean = visible_part(context, hidden)
    assert seen.abs().max() == 0
    assert mean.unique().tolist() == [0.5]


def test_images_of_a_batch_do_not_hear_of_each_other(f):
    context, hidden = contexts(torch.rand(2, 3, 64, 64))
    torch.testing.assert_close(f(context, hidden)[3:4], f(context[3:4], hidden[3:4]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("h", "w"), [(32, 32), (33, 47), (128, 130)])
def test_an_improver_keeps_size_and_range(g, h, w):
    y = g(torch.rand(2, 3, h, w))
    assert y.shape == (2, 3, h, w)
    assert y.min() >= 0
    assert y.max() <= 1


def test_an_output_pixel_depends_on_nothing_beyond_its_reach(painter):
    g, x = painter, torch.rand(1, 3, 181, 181).requires_grad_()
    y = g(x)
    for row, column in itertools.product(range(88, 92), repeat=2):
        (gradient,) = torch.autograd.grad(y[..., row, column].sum(), x, retain_graph=True)
        rows, columns = gradient.abs().sum(dim=(0, 1)).nonzero().T
        assert (rows - row).abs().max() <= g.reach
        assert (columns - column).abs().max() <= g.reach


@pytest.mark.parametrize("piece", [64, 97])
def test_a_picture_improved_in_pieces_has_no_seams(g, piece):
    x = torch.rand(1, 3, 203, 187)
    with torch.no_grad():
        torch.testing.assert_close(ab.improve(g, x, piece=piece), g(x), atol=1e-5, rtol=0)


def test_improving_several_times_over(g):
    x = torch.rand(1, 3, 64, 80)
    with torch.no_grad():
        torch.testing.assert_close(ab.improve(g, x, times=3), g(g(g(x))), atol=1e-5, rtol=0)
    assert torch.equal(ab.improve(g, x, times=0), x)


def test_the_deep_improver_is_deep_and_normalised():
    g = DeepResidual()
    assert sum(isinstance(module, nn.Conv2d) for module in g.modules()) == 34
    assert sum(isinstance(module, ChannelNorm) for module in g.modules()) == 17


def test_channel_norm_mixes_no_pixels():
    norm, features = ChannelNorm(6), torch.rand(1, 6, 5, 5, requires_grad=True)
    (gradient,) = torch.autograd.grad(norm(features)[0, 0, 2, 2], features)
    gradient[:, :, 2, 2] = 0
    assert gradient.abs().max() == 0


def test_a_predictor_with_a_blurred_context_is_blind_and_knows_the_colours():
    torch.manual_seed(0)
    blurred = BlurredContext(ContextEncoder(8).eval(), 4.0)
    context, hidden = contexts(torch.rand(1, 3, 64, 96), (5, 20))
    changed = torch.where(hidden, torch.rand_like(context), context)
    assert torch.equal(blurred(context, hidden), blurred(changed, hidden))
    assert not torch.equal(blurred(context, hidden), blurred(context.flip(0), hidden))
    flat = torch.full((1, 3, 128, 128), 0.3)
    centre = torch.zeros(1, 1, 128, 128, dtype=torch.bool)
    centre[..., 48:80, 48:80] = True
    seen = []

    class Watch(nn.Module):
        def forward(self, image, mask):
            seen.append(image)
            return image[..., 48:80, 48:80]

    BlurredContext(Watch(), 4.0)(flat, centre)
    torch.testing.assert_close(seen[0][..., :48], flat[..., :48])  # what is hidden, no predictor reads
    sharp = torch.rand(1, 3, 128, 128)
    BlurredContext(Watch(), 4.0)(sharp, centre)
    assert seen[1][..., :40].std() < 0.2 * sharp[..., :40].std()


def test_the_ready_architecture_is_monai_s_without_norms():
    network = ReadyUNet(8)
    assert type(network.network).__module__.startswith("monai.")
    assert not any("Norm" in type(layer).__name__ for layer in network.modules())
    assert sum(isinstance(layer, nn.Conv2d) for layer in network.modules()) == 19
