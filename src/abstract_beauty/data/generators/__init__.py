"""Seeded pictures of five kinds, made by numpy and OpenCV: a training set that needs no download."""

import zlib
from collections.abc import Callable

import numpy as np

from abstract_beauty.data.generators.buildings import draw_buildings
from abstract_beauty.data.generators.clouds import draw_clouds
from abstract_beauty.data.generators.dead_leaves import draw_dead_leaves
from abstract_beauty.data.generators.foliage import draw_foliage
from abstract_beauty.data.generators.graphs import draw_graphs
from abstract_beauty.data.generators.noise import Random

# The four things the article opens with, and dead leaves, the classical model of the statistics of natural images.
KINDS: dict[str, Callable[[Random, int], np.ndarray]] = {
    "dead-leaves": draw_dead_leaves,
    "clouds": draw_clouds,
    "graphs": draw_graphs,
    "foliage": draw_foliage,
    "buildings": draw_buildings,
}


def generate(kind: str, index: int, seed: int, size: int) -> np.ndarray:
    """Picture `index` of a kind: (size, size, 3) bytes. It depends on these four values and on nothing else."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), index])
    picture = KINDS[kind](rng, size)
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
