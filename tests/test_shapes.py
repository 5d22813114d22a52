"""The measures of shapes, on shapes whose edges are known; and what the stage draws and turns."""

import pytest
import torch

from abstract_beauty.data import Picture
from abstract_beauty.experiments.shapes import DRAWN, SIDE, _turned, drawn
from abstract_beauty.measures.shapes import shapes


def test_a_circle_runs_everywhere_and_a_square_along_its_sides():
    circle, square = shapes(drawn("circle")), shapes(drawn("square on a corner"))
    assert circle["along_axes"] == pytest.approx(1 / 3, abs=0.04) == circle["along_diagonals"]
    assert square["along_diagonals"] > 0.95 and square["along_axes"] < 0.03
    assert shapes(drawn("square on a corner").transpose(2, 3))["along_diagonals"] > 0.95
    assert circle["curvature"] == pytest.approx(1 / (0.34 * SIDE), rel=0.1)


def test_corners():
    star, circle, letters = (shapes(drawn(name))["corners"] for name in ("star", "circle", "letters"))
    assert circle < 0.02 < star < letters < 0.5


def test_upright_and_level_are_both_axes():
    stripes = torch.zeros(1, 3, 64, 64)
    stripes[..., ::16], stripes[..., 1::16] = 1, 1
    for picture in (stripes, stripes.transpose(2, 3)):
        assert shapes(picture)["along_axes"] > 0.99


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_drawn_is_a_picture_and_always_the_same(name):
    x = drawn(name)
    assert x.shape == (1, 3, SIDE, SIDE) and x.min() >= 0 and x.max() <= 1 and x.std() > 0.05
    assert torch.equal(x, drawn(name))


def test_turning_turns():
    line = torch.zeros(3, 200, 200, dtype=torch.uint8)
    line[:, 95:105] = 255
    (upright,), (turned,) = (_turned((Picture("line", line),), angle) for angle in (0.0, 45.0))
    assert upright.image.shape == turned.image.shape == (3, 141, 141)
    assert shapes(upright.image[None] / 255)["along_axes"] > 0.95
    assert shapes(turned.image[None] / 255)["along_diagonals"] > 0.95
