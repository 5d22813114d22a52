"""The classical measures of complexity: what they say of pictures whose answer is known."""

import numpy as np
import pytest

from abstract_beauty.scores.complexity import MEASURES, structural_complexity, tile_contrast

FLAT = np.full((128, 160, 3), 0.5, np.float32)
NOISE = np.random.default_rng(0).uniform(size=(128, 160, 3)).astype(np.float32)


def shapes(count):
    rng = np.random.default_rng(4)
    picture = FLAT.copy()
    for _ in range(count):
        top, left = rng.integers(0, 110, 2)
        picture[top : top + 18, left : left + 18] = rng.uniform(0, 1, 3)
    return picture


@pytest.mark.parametrize("name", MEASURES)
def test_each_rises_from_flat_over_shapes_to_many_and_takes_any_size(name):
    measure = MEASURES[name].of
    values = [measure(picture) for picture in (FLAT, shapes(3), shapes(30))]
    assert np.isfinite(values).all() and values == sorted(values) and values[0] < values[2]
    for height, width in ((32, 32), (33, 71), (40, 300)):
        assert np.isfinite(measure(np.tile(NOISE, (1, 2, 1))[:height, :width]))
    assert MEASURES[name].title and len(measure.__doc__) > 40


def test_structural_complexity_of_a_checkerboard_is_its_one_step():
    board = np.indices((64, 64)).sum(0) % 2
    picture = np.repeat(board[..., None], 3, 2).astype(np.float32)
    assert structural_complexity(picture) == pytest.approx(0.5 * 0.25, rel=1e-4)


def test_tile_contrast_is_the_deviation_within_tiles():
    picture = FLAT.copy()
    picture[:, :32] = 0.9  # a whole column of tiles: flat within each
    assert tile_contrast(picture) == pytest.approx(0, abs=1e-5)
    picture[:, :16] = 0.1
    assert tile_contrast(picture) == pytest.approx(0.4 / 5, abs=1e-5)
