"""What is given to the functions of the package by hand: checked, with the mend where one can tell."""

import numpy as np
import pytest
import torch
from PIL import Image

import abstract_beauty as ab
from abstract_beauty.improvers.plain import PlainConvolutions
from abstract_beauty.weights import Description, save

X = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
WRONG = [
    (X * 255, "divide by 255"),
    ((X * 255).to(torch.uint8), "divide by 255"),
    (X.permute(0, 2, 3, 1), "permute"),
    (X[0], r"add \[None\]"),
    (X[:, :1], "repeat the channel"),
    (X.numpy(), "not numpy.ndarray"),
    (X[:0], r"not \(0, 3, 64, 64\)"),
    ([[0.5]], "not list"),
    (torch.full_like(X, torch.inf), r"values in \[0, 1\], not inf to inf$"),
    (torch.full_like(X, -0.2), r"not -0\.2 to -0\.2$"),
]


@pytest.fixture(scope="module")
def painter(tmp_path_factory):
    path = tmp_path_factory.mktemp("improvers") / "plain.safetensors"
    save(path, PlainConvolutions(4), Description("improvers", "mine", "plain", 4, {}))
    return ab.load_improver(path)


@pytest.mark.parametrize(("wrong", "said"), WRONG)
def test_what_is_no_batch_of_pictures_is_named_with_its_mend(painter, wrong, said):
    f = ab.load_predictor("reference/linear")
    calls = {
        "full_prediction: y": lambda: ab.full_prediction(f, wrong),
        "phase_averaged: y": lambda: ab.phase_averaged(f, wrong),
        "predictability: y": lambda: ab.predictability(wrong, X),
        "predictability: z": lambda: ab.predictability(X, z=wrong),
        "improve: x": lambda: ab.improve(painter, wrong),
        "PlainConvolutions: x": lambda: painter(wrong),
    }
    for name, call in calls.items():
        with pytest.raises(ab.UserError, match=f"^{name} must be .*{said}") as error:
            call()
        assert isinstance(error.value, ValueError)


def test_a_picture_is_scored_alone_or_as_a_batch_of_one(tmp_path):
    assert ab.score(X).predictability == ab.score(X[0]).predictability
    with pytest.raises(ab.UserError, match="at most 1 at a time, not 2"):
        ab.score(torch.cat([X, X]))
    with pytest.raises(ab.UserError, match="divide by 255"):
        ab.score(X[0] * 255)
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / "small.png")
    with pytest.raises(ab.UserError, match=r"small\.png: picture must be .* at least 32"):
        ab.score(tmp_path / "small.png")


def test_what_passes_is_given_on_as_it_is(painter):
    f = ab.load_predictor("reference/linear")
    y = X.clone().requires_grad_()
    z = ab.full_prediction(f, y, phase=(3, 5))
    ab.predictability(y, z).sum().backward()
    assert y.grad.abs().sum() > 0
    hole = X.clone()
    hole[..., :32, :32] = float("nan")  # where a tile is looked at by its own prediction, that is none
    assert ab.full_prediction(f, hole)[..., :32, :32].isfinite().all()
    assert torch.equal(ab.improve(painter, X), painter(X))
    ab.phase_averaged(f, torch.rand(2, 3, 32, 40) * 1.01)  # so little beyond is as good as inside
    for wrong in (None, painter, ab.load_improver("reference/mover")):
        with pytest.raises(ab.UserError, match="f must be a predictor"):
            ab.full_prediction(wrong, X)
