"""Fills and filters: blindness, exactness where it is promised, known answers, matched change."""

import numpy as np
import pytest
import torch
from skimage import data

from abstract_beauty.measures.fills import FILLS, BiharmonicFill, MeanFill, RingMeanFill
from abstract_beauty.prediction.full_prediction import contexts
from abstract_beauty.prediction.linear_fill import LinearFill

TILE = slice(48, 80)


def inner_mask(count: int) -> torch.Tensor:
    """The tile alone hidden, `count` times."""
    hidden = torch.zeros(count, 1, 128, 128, dtype=torch.bool)
    hidden[..., TILE, TILE] = True
    return hidden


def crops(image: np.ndarray, count: int, seed: int) -> torch.Tensor:
    """Squares of 128 x 128 from a photograph at half size, (count, 3, 128, 128)."""
    picture = torch.from_numpy(image[..., :3].copy()).permute(2, 0, 1)[None].float() / 255
    picture = torch.nn.functional.interpolate(picture, scale_factor=0.5, mode="bilinear", antialias=True)[0]
    generator = torch.Generator().manual_seed(seed)
    squares = []
    for _ in range(count):
        top, left = (int(torch.randint(side - 127, (1,), generator=generator)) for side in picture.shape[1:])
        squares.append(picture[:, top : top + 128, left : left + 128])
    return torch.stack(squares)


@pytest.fixture(scope="module")
def linear() -> LinearFill:
    """Fitted on crops of one photograph; the tests look at others."""
    return LinearFill.fit([crops(data.coffee(), 300, seed) for seed in range(2)], ridge=1e-3)


@pytest.fixture(scope="module")
def fills(linear) -> dict[str, torch.nn.Module]:
    """Every fill, ready to be called."""
    return {name: linear if name == "linear" else make() for name, make in FILLS.items()}


@pytest.fixture(scope="module")
def corner_picture() -> tuple[torch.Tensor, torch.Tensor]:
    """Contexts and masks of a small picture: tiles at corners, edges and inside, mirror copies hidden."""
    return contexts(crops(data.astronaut(), 1, 5)[..., :96, :100])


@pytest.mark.parametrize("name", FILLS)
def test_hidden_pixels_are_never_read(name, fills, corner_picture):
    context, hidden = corner_picture
    noise = torch.rand(context.shape, generator=torch.Generator().manual_seed(2))
    noise[0] = float("nan")
    expected = fills[name](context, hidden)
    changed = fills[name](torch.where(hidden, noise, context), hidden)
    assert torch.equal(expected, changed)
    assert expected.isfinite().all()
    visible_changed = torch.where(hidden, context, noise.nan_to_num(0.3))
    assert not torch.equal(expected, fills[name](visible_changed, hidden))


@pytest.mark.parametrize("name", FILLS)
def test_flat_colour_is_predicted_and_nothing_is_mid_grey(name, fills, corner_picture):
    _, hidden = corner_picture
    colour = torch.tensor([51.0, 102.0, 204.0]).view(1, 3, 1, 1) / 255  # whole numbers in 8 bits, for OpenCV
    tile = fills[name](colour.expand(len(hidden), 3, 128, 128), hidden)
    tolerance = 8 / 255 if name == "telea" else 2e-6  # OpenCV's Telea drifts, as FILLS says
    torch.testing.assert_close(tile, colour.expand_as(tile), rtol=0, atol=tolerance)
    nothing = torch.full((2, 3, 128, 128), float("nan"))
    tile = fills[name](nothing, torch.ones(2, 1, 128, 128, dtype=torch.bool))
    torch.testing.assert_close(tile, torch.full((2, 3, 32, 32), 0.5), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", FILLS)
def test_tiles_of_a_batch_do_not_meet(name, fills, corner_picture):
    """One by one gives what all at once gives."""
    context, hidden = corner_picture
    single = torch.cat([fills[name](context[i : i + 1], hidden[i : i + 1]) for i in range(len(context))])
    torch.testing.assert_close(fills[name](context, hidden), single, rtol=0, atol=1e-5)


def test_the_means_are_of_the_visible_pixels_and_of_the_ring_of_two():
    inside = torch.zeros(128, 128, dtype=torch.bool)
    inside[46:82, 46:82] = True  # the ring, and the hidden tile
    context = torch.where(inside, 0.6, 0.2).expand(1, 3, 128, 128)
    assert RingMeanFill()(context, inner_mask(1)).mean().item() == pytest.approx(0.6)
    expected = (0.2 * (128**2 - 36**2) + 0.6 * 272) / (128**2 - 32**2)
    assert MeanFill()(context, inner_mask(1)).mean().item() == pytest.approx(expected, rel=1e-5)


def test_better_than_the_mean_on_other_photographs(fills):
    """In the order that is known: structure beats the ring's mean, which beats the context's."""
    context = torch.cat([crops(data.astronaut(), 40, 1), crops(data.chelsea(), 40, 2)])
    truth = context[..., TILE, TILE]
    hidden = inner_mask(80)
    error = {name: (fill(context, hidden) - truth).abs().mean().item() for name, fill in fills.items()}
    assert error["ring_mean"] < error["mean"]
    for name in ("telea", "navier_stokes", "biharmonic", "linear"):
        assert error[name] < 0.8 * error["ring_mean"], (name, error)


def test_linear_gradient_is_zero_on_hidden_pixels_and_not_on_the_ring(linear, corner_picture):
    context, hidden = corner_picture
    context = context.clone().requires_grad_()
    linear(context, hidden).square().sum().backward()
    assert (context.grad[hidden.expand_as(context)] == 0).all()
    assert (context.grad[:, :, 46:82, 46:82].abs().sum((1, 2, 3)) > 0).all()


def test_linear_fit_recovers_a_linear_rule():
    """Tiles made by a known symmetric rule, the mean of the four corners of their ring, are predicted."""

    def ruled(squares: torch.Tensor) -> torch.Tensor:
        return squares[..., [0, 0, -1, -1], [0, -1, 0, -1]].mean(-1)[..., None, None].expand(-1, -1, 32, 32)

    squares = torch.rand(605, 3, 36, 36, generator=torch.Generator().manual_seed(0))
    seen, fresh = squares.split([600, 5])
    seen[..., 2:-2, 2:-2] = ruled(seen)
    fill = LinearFill.fit(seen.split(150), ridge=1e-6)
    hidden = torch.zeros(5, 1, 36, 36, dtype=torch.bool)
    hidden[..., 2:-2, 2:-2] = True
    torch.testing.assert_close(fill(fresh, hidden), ruled(fresh), rtol=0, atol=2e-3)


def test_linear_symmetries_are_those_of_turned_and_mirrored_crops():
    """A fit counts all eight forms of every crop, whichever of them it is given."""
    squares = torch.rand(40, 3, 36, 36, generator=torch.Generator().manual_seed(3))
    forms = [form.rot90(turns, (2, 3)) for form in (squares, squares.flip(3)) for turns in range(4)]
    fitted = [LinearFill.fit([form], ridge=1e-2).matrix for form in forms]
    for other in [*fitted[1:], LinearFill.fit(forms, ridge=1e-2).matrix]:
        torch.testing.assert_close(other, fitted[0], rtol=1e-4, atol=1e-6)


def test_linear_fit_is_repeatable_independent_of_batching_and_saved(linear):
    squares = crops(data.coffee(), 60, 4)
    first = LinearFill.fit([squares], ridge=1e-3)
    assert torch.equal(first.matrix, LinearFill.fit([squares], ridge=1e-3).matrix)
    streamed = LinearFill.fit((part for part in squares.split(7)), ridge=1e-3)
    torch.testing.assert_close(first.matrix, streamed.matrix, rtol=1e-5, atol=1e-7)
    copy = LinearFill()
    copy.load_state_dict(linear.state_dict())
    assert torch.equal(copy.matrix, linear.matrix) and list(linear.state_dict()) == ["matrix"]


def test_the_neighbourhood_of_an_inner_tile_is_enough():
    """Inpainting in the 64-pixel window gives what the whole context gives, biharmonic as OpenCV."""
    context = crops(data.astronaut(), 3, 7)
    pictures = context.double().permute(0, 2, 3, 1).numpy()
    for fill, tolerance in ((BiharmonicFill(), 1e-4), (FILLS["telea"](), 1 / 255)):
        whole = fill.inpaint(pictures, inner_mask(1)[0, 0].numpy())
        whole = torch.from_numpy(whole[:, TILE, TILE].transpose(0, 3, 1, 2)).float()
        difference = (fill(context, inner_mask(3)) - whole).abs()
        assert difference.mean() < tolerance, (type(fill).__name__, difference.mean())
