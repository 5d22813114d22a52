"""Roots that every processor rounds alike."""

import numpy as np
import torch

from abstract_beauty.prediction.rounding import square_root


def test_a_square_root_is_two_exact_divisions_and_a_root_away():
    x = torch.rand(999) * 4
    exact = 1 / (1 / np.sqrt(x.numpy()))  # NumPy's root is the processor's own, which is exact
    assert square_root(x).numpy().tobytes() == exact.tobytes()
    assert square_root(torch.zeros(3)).tolist() == [0, 0, 0]


def test_the_gradient_of_a_square_root():
    x = torch.rand(9, dtype=torch.float64) + 0.1
    assert torch.autograd.gradcheck(square_root, x.requires_grad_())
