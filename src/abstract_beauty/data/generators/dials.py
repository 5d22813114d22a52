"""Pictures whose complexity is known, because it is a dial: each turn draws more, or less regularly.

A score that claims to say how complex a picture is has to rise along every dial.
"""

from collections.abc import Callable

import cv2
import numpy as np

from abstract_beauty.data.generators.noise import Random

LEVELS = 6


def _palette(rng: Random, count: int) -> np.ndarray:
    return rng.uniform(0.05, 0.95, (count, 3)).astype(np.float32)


def more_shapes(rng: Random, size: int, level: int) -> np.ndarray:
    """Flat discs and turned rectangles on plain ground: 2, 4, 8, ... 64 of them, smaller as they are more."""
    count = 2 ** (level + 1)
    picture = np.full((size, size, 3), _palette(rng, 1))
    for colour in _palette(rng, count).tolist():
        centre = rng.uniform(0.1, 0.9, 2) * size
        extent = size * rng.uniform(0.5, 1.0) / (2 + np.sqrt(count))
        if rng.random() < 0.5:
            cv2.circle(picture, centre.astype(int).tolist(), int(extent / 2), colour, -1, cv2.LINE_AA)
        else:
            sides, turn = (extent, extent * rng.uniform(0.4, 1)), rng.uniform(0, 180)
            box = cv2.boxPoints((centre.tolist(), sides, turn))
            cv2.fillPoly(picture, [box.round().astype(np.int32)], colour, cv2.LINE_AA)
    return picture


def less_order(rng: Random, size: int, level: int) -> np.ndarray:
    """The same hundred discs in rows and columns, pushed out of place, size and colour further at each turn."""
    disorder, cells = level / (LEVELS - 1), 10
    first, second = _palette(rng, 2)
    if np.abs(first - second).mean() < 0.3:
        second = 1 - first
    picture = np.full((size, size, 3), second)
    step = size / cells
    for row, column in np.ndindex(cells, cells):
        shift = rng.uniform(-1, 1, 2) * disorder * step
        centre = (np.array([column + 0.5, row + 0.5]) * step + shift).round().astype(int)
        radius = max(1, round(step * 0.3 * (1 + 0.8 * disorder * rng.uniform(-1, 1))))
        colour = first + disorder * (rng.uniform(0.05, 0.95, 3) - first)
        cv2.circle(picture, centre.tolist(), radius, colour.tolist(), -1, cv2.LINE_AA)
    return picture


def more_strokes(rng: Random, size: int, level: int) -> np.ndarray:
    """Crossing strokes of ink on paper: 2, 4, 8, ... 64, each a random curve."""
    picture = np.full((size, size, 3), rng.uniform(0.75, 0.95, 3), np.float32)
    along = np.linspace(0, 1, 40)[:, None]
    for _ in range(2 ** (level + 1)):
        a, b, c = rng.uniform(0, size, (3, 2))
        curve = (1 - along) ** 2 * a + 2 * along * (1 - along) * b + along**2 * c
        colour = rng.uniform(0, 0.5, 3).tolist()
        thick = max(1, round(size * rng.uniform(0.004, 0.012)))
        cv2.polylines(picture, [curve.round().astype(np.int32)], False, colour, thick, cv2.LINE_AA)
    return picture


def finer_patches(rng: Random, size: int, level: int) -> np.ndarray:
    """A plane cut into coloured cells around random points: 3, 6, 12, ... 96 of them."""
    count = 3 * 2**level
    points = rng.uniform(0, size, (count, 2))
    ys, xs = np.mgrid[:size, :size]
    nearest = ((xs[..., None] - points[:, 0]) ** 2 + (ys[..., None] - points[:, 1]) ** 2).argmin(-1)
    return cv2.GaussianBlur(_palette(rng, count)[nearest], (0, 0), 0.7)


DIALS: dict[str, Callable[[Random, int, int], np.ndarray]] = {
    draw.__name__.replace("_", " "): draw for draw in (more_shapes, less_order, more_strokes, finer_patches)
}


def dial_picture(dial: str, level: int, index: int, seed: int, size: int) -> np.ndarray:
    """Picture `index` of a dial at a level of 0 to LEVELS - 1: (size, size, 3), float32 in [0, 1]."""
    rng = np.random.default_rng([seed, list(DIALS).index(dial), level, index])
    return np.clip(DIALS[dial](rng, size, level), 0, 1).astype(np.float32)
