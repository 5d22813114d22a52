"""What is said of arguments that no function can use."""

import numpy as np
import pytest
import torch

import abstract_beauty as ab
from abstract_beauty import checks


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ([[0.5]], "x must be a tensor of pictures, not list"),
        (np.zeros((1, 3, 64, 64), np.float32), "x must be a tensor of pictures, not numpy.ndarray"),
        (torch.zeros(1, 3, 64, 64, dtype=torch.uint8), r"not \(1, 3, 64, 64\) in uint8"),
        (torch.zeros(3, 64, 64), r"not \(3, 64, 64\) in float32"),
        (torch.zeros(1, 64, 64, 3), r"not \(1, 64, 64, 3\) in float32"),
        (torch.full((1, 3, 64, 64), float("inf")), r"values in \[0, 1\], not inf to inf$"),
        (torch.full((1, 3, 64, 64), -0.2), "not -0.2 to -0.2$"),
    ],
)
def test_pictures(x, said):
    with pytest.raises(ab.UserError, match=said):
        checks.check_pictures("here", x, 32)


def test_pictures_that_will_do():
    checks.check_pictures("here", torch.rand(2, 3, 32, 40) * 1.01, 32)


@pytest.mark.parametrize("wrong", [1.5, 0, "1", None])
def test_counts(wrong):
    with pytest.raises(
        ab.UserError, match=f"here: steps must be a whole number of at least 1, not {wrong!r}"
    ):
        checks.check_count("here", "steps", wrong)


@pytest.mark.parametrize("wrong", [float("nan"), 101, "1", None])
def test_strengths(wrong):
    with pytest.raises(
        ab.UserError, match="strength must be a finite number of at least -100 and of at most 100"
    ):
        checks.check_strength("here", wrong)


@pytest.mark.parametrize("wrong", [None, ab.load_improver("reference/mover")])
def test_predictors(wrong):
    with pytest.raises(ab.UserError, match="f must be a predictor"):
        checks.check_predictor("here", "f", wrong)
