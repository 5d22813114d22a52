"""Judges of taste: a difference in rating is what the columns' differences are worth."""

import pytest
import torch

from abstract_beauty.experiments import taste
from abstract_beauty.experiments.beauty import numbers
from abstract_beauty.measures.fills import RingMeanFill
from abstract_beauty.prediction.linear_fill import LinearFill


def test_a_taste_for_light_prefers_what_is_lighter():
    f = {"good": RingMeanFill(), "bad": RingMeanFill(), "linear": LinearFill()}
    images = {name: torch.rand(1, 3, 64, 64) * 0.5 for name in "ab"}
    tastes = {"light": {"lightness": 2.0}, "all": dict.fromkeys(numbers(images["a"][0], f), 0.0)}
    ways = {"lighter": lambda x: x + 0.25, "same": lambda x: x, "beyond": lambda x: x + 9}
    found = taste.differences(images, iter(ways.items()), f, tastes)
    assert found["lighter"]["kinds"]["light"] == pytest.approx([0.5, 0.5], abs=1e-5)
    assert found["lighter"]["change"] == pytest.approx(0.25, abs=1e-6)
    assert found["same"] == {"change": 0, "kinds": {"light": [0, 0], "all": [0, 0]}}
    assert found["beyond"]["change"] < 1  # held in [0, 1], as a file would be
