"""Full prediction: right tiles in the right places, blind, local, the same by every method."""

import copy
import itertools
import subprocess
import sys

import pytest
import torch

import abstract_beauty as ab
from abstract_beauty import predictors
from abstract_beauty.prediction.full_prediction import CONTEXT, MARGIN, TILE, full_prediction
from abstract_beauty.prediction.linear_fill import LinearFill
from abstract_beauty.predictors.context_encoder import ContextEncoder
from abstract_beauty.predictors.four_sides import FourSides

SIZES = [(32, 32), (33, 70), (96, 160), (131, 100), (96, 96)]
PHASES = [(0, 0), (5, 31), (16, 16), (31, 1)]


def centre(context, hidden):
    """A "predictor" that peeks: it returns the very tile."""
    return context[..., MARGIN : MARGIN + TILE, MARGIN : MARGIN + TILE]


def trained(network, width):
    """A network whose every number is random: new ones begin with zeros, and a zero hides every mistake behind it."""
    torch.manual_seed(0)
    f = predictors.NETWORKS[network](width)
    for tensor in (*f.parameters(), *f.buffers()):
        torch.nn.init.normal_(tensor, std=0.1)
    return f


@pytest.fixture(scope="module", params=["context_encoder", "four_sides"])
def f(request):
    return trained(request.param, 12).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def one_pass():
    return trained("four_sides", 24).eval().requires_grad_(False)


def image(height, width, batch=1, seed=0):
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))


def tiles_of(size, phase):
    """The pieces that the grid cuts an axis into."""
    edges = sorted({0, size, *range(phase, size, TILE)})
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


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
    for method in ("auto", "batched"):
        z = ab.full_prediction(f, y, phase, method=method)
        torch.testing.assert_close(z, looped, atol=1e-5, rtol=0)
        few = ab.full_prediction(f, y, phase, method=method, tiles_at_once=3)
        torch.testing.assert_close(few, looped, atol=1e-5, rtol=0)
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
    torch.testing.assert_close(z[..., 80:112, 64:96], tile, atol=1e-5, rtol=0)


PRECISIONS = [
    (network, precision) for network in predictors.NETWORKS for precision in ("float32", "autocast")
]
PRECISIONS.append(("four_sides", "bfloat16"))  # it alone takes float32 pictures when it is in bfloat16 itself


@pytest.mark.parametrize(("network", "precision"), PRECISIONS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("phase", [(0, 0), (7, 20)])
def test_no_tile_sees_itself_not_even_in_the_mirror(network, training, phase, precision):
    f = trained(network, 12).train(training)
    if precision == "bfloat16":
        f = f.bfloat16()
    y = image(70, 100).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "autocast"):
        z = ab.full_prediction(f, y, phase)
    for rows, columns in itertools.product(tiles_of(70, phase[0]), tiles_of(100, phase[1])):
        (gradient,) = torch.autograd.grad(z[..., rows, columns].sum(), y, retain_graph=True)
        assert gradient[..., rows, columns].abs().max() == 0
        assert gradient.abs().max() > 0  # but it does see something


@pytest.mark.parametrize("phase", [(0, 0), (7, 20)])
def test_a_tile_s_own_values_change_nothing_of_it(one_pass, phase):
    """Not only to first order: other pixels in a tile, the same prediction of that tile, to the bit."""
    y = image(100, 130)
    z = ab.full_prediction(one_pass, y, phase)
    for rows, columns in itertools.product(tiles_of(100, phase[0]), tiles_of(130, phase[1])):
        other = y.clone()
        other[..., rows, columns] = 1 - other[..., rows, columns]
        changed = ab.full_prediction(one_pass, other, phase)
        assert torch.equal(changed[..., rows, columns], z[..., rows, columns])
        assert not torch.equal(changed, z)


def test_a_new_one_pass_predictor_is_its_linear_fill():
    f, fill = FourSides(12), LinearFill()
    matrix = 0.1 * torch.randn(fill.matrix.shape, generator=torch.Generator().manual_seed(0))
    f.matrix.copy_(matrix)
    fill.matrix.copy_(matrix)
    for phase in PHASES:
        y = image(70, 100)
        torch.testing.assert_close(
            ab.full_prediction(f, y, phase), ab.full_prediction(fill, y, phase), atol=1e-5, rtol=0
        )


def test_bfloat16_is_close_to_float32(one_pass):
    y = image(96, 128)
    z = ab.full_prediction(one_pass, y)
    whole = ab.full_prediction(copy.deepcopy(one_pass).bfloat16(), y)
    assert whole.dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        mixed = ab.full_prediction(one_pass, y)
    for other in (whole, mixed):
        assert (
            0 < (other - z).abs().mean() < 0.02
        )  # random weights; of trained ones the benchmark says how much


def test_one_pass_is_refused_where_there_is_none():
    with pytest.raises(ValueError, match="ContextEncoder has none"):
        ab.full_prediction(ContextEncoder(4), image(32, 32), method="one_pass")


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


@pytest.mark.parametrize("network", ["context_encoder", "four_sides"])
def test_gradients_agree_with_finite_differences(network):
    f = trained(network, 12).double()
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


@pytest.mark.parametrize(("h", "phase"), [(31, (0, 0)), (64, (32, 0)), (64, (-1, 0))])
def test_impossible_sizes_and_phases_are_refused(f, h, phase):
    for function in (ab.full_prediction, full_prediction):  # the second is the package's own, without checks
        with pytest.raises(ValueError, match="must"):
            function(f, image(h, 64), phase)


@pytest.mark.slow
def test_a_photograph_of_sixteen_megapixels_fits_into_four_gibibytes():
    """In a process of its own, whose largest memory the system remembers: Python, torch and the picture included."""
    code = (
        "import resource, torch, abstract_beauty as ab; from abstract_beauty.predictors.four_sides import FourSides\n"
        "y = torch.rand(1, 3, 4096, 4096)\n"
        "with torch.no_grad(): z = ab.full_prediction(FourSides(96).eval(), y)\n"
        "assert z.shape == y.shape\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    kibibytes = int(done.stdout)
    assert kibibytes < 4 * 2**20, f"{kibibytes / 2**20:.2f} GiB"
