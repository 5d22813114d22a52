"""What may be wrong with an improver although its numbers are finite, and which pictures a bad batch came from."""

import pytest
import torch

from abstract_beauty.experiments import health
from abstract_beauty.params import ImproverParams
from abstract_beauty.prediction.predictability import SMALLEST_ERROR
from abstract_beauty.training.batches import Crops, Tiles

SMOOTHING = ImproverParams(loss="smoothing", k1=0.5, k2=0.5, steps=100)
HEALTHY = {"step": 100, "deviation": 0.2, "mae_yz": 0.05, "mae_yz_bad": 0.06}


@pytest.mark.parametrize(("step", "deviation", "found"), [(100, 0.2, 0), (100, 0.003, 1), (49, 0.003, 0)])
def test_a_flat_output_is_named_once_there_was_time_to_learn(step, deviation, found):
    row = {**HEALTHY, "step": step, "deviation": deviation}
    assert len(health.warnings(SMOOTHING, row)) == found


@pytest.mark.parametrize(
    ("loss", "key", "name"),
    [("ratio_as_written", "mae_yz", "MAE(y, z)"), ("ratio_progress", "mae_yz_bad", "MAE(y, z_bad)")],
)
def test_a_ratio_that_divides_by_next_to_nothing_is_named(loss, key, name):
    section = ImproverParams(loss=loss, steps=100)
    assert health.warnings(section, HEALTHY) == []
    (line,) = health.warnings(section, {**HEALTHY, key: SMALLEST_ERROR})
    assert name in line
    assert health.warnings(SMOOTHING, {**HEALTHY, key: SMALLEST_ERROR}) == []


@pytest.mark.parametrize(
    "make", [lambda images: Crops(images, 128, 3, 5), lambda images: Tiles(images, 3, 5)]
)
def test_the_pictures_of_a_batch_are_those_it_is_cut_from(make):
    images = tuple(torch.full((3, 160, 160), 40 * shade, dtype=torch.uint8) for shade in range(1, 7))
    batches = make(images)
    # Crops are of one shade each, so that they say whence they are; tiles are darkened by up to 40 %.
    for step in range(4):
        batch = batches(step)
        seen = (batch if isinstance(batch, torch.Tensor) else batch[0]).amax(dim=(1, 2, 3)) * 255
        for value, index in zip(seen.tolist(), batches.pictures(step), strict=True):
            assert 0.6 * 40 * (index + 1) - 0.01 <= value <= 40 * (index + 1) + 0.01
            if isinstance(batches, Crops):
                assert value == pytest.approx(40 * (index + 1))
