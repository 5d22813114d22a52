"""Dead leaves: shapes of all sizes falling over each other (Matheron 1968; Lee, Mumford and Huang 2001).

Sizes follow r ** -3, which makes the picture look alike at every scale; every leaf has its own colour, light, texture,
edge and shadow, and the layers lie at different depths of focus (after Achddou et al. 2025, VibrantLeaves).
"""

import cv2
import numpy as np

from abstract_beauty.data.generators.brushes import Field, Lab, Patch, blur, paint, patch
from abstract_beauty.data.generators.noise import Random, Textures, fractal, pick, whole
from abstract_beauty.data.generators.palette import Palette, photograph

SHAPES = ("disc", "ellipse", "polygon", "blob", "pebble", "lens", "strip")


def draw_dead_leaves(rng: Random, size: int) -> np.ndarray:
    """A picture of dead leaves, (size, size, 3) in `[0, 1]`."""
    palette, textures = Palette(rng), Textures(rng, size)
    # a picture of one or two families of shapes has a character; one of all of them is confetti
    shapes = rng.choice(SHAPES, whole(rng, 1, 4), replace=False).tolist()
    lab = np.full((size, size, 3), palette.colours(rng)[0], np.float32)
    lab[..., 0] += fractal(rng, size, 1.3) * np.float32(0.08)
    smallest, largest = size / rng.uniform(60, 140), size * rng.uniform(0.25, 0.6)
    count = int(rng.uniform(200, 560))
    radii = sizes(rng, count, smallest, largest)
    covering = whole(rng, 12, 24)  # the ground is covered by large leaves first
    radii[:covering] = rng.uniform(0.35, 1, covering) * largest
    light = rng.uniform(0, 2 * np.pi)
    # out of focus at the back: what lies there is blurred before the next layer falls on it
    focus = rng.uniform(0, 3) * size / 256 if rng.random() < 0.6 else 0.0
    blurred_at = {covering: focus, count // 3: focus * 0.6, 2 * count // 3: focus * 0.3}
    for index, radius in enumerate(radii):
        lab = blur(lab, blurred_at.get(index, 0))
        colour = palette.colours(rng)[0]
        drop_leaf(rng, lab, pick(rng, shapes), radius, colour, textures, light)
    if focus > 1:
        for _ in range(whole(rng, 0, 4)):  # and some in front of the focus
            radius, colour = rng.uniform(0.1, 0.3) * size, palette.colours(rng)[0]
            drop_leaf(rng, lab, "blob", radius, colour, textures, light, focus * 6)
    return photograph(rng, lab, contrast=0.15)  # shapes of any lightness side by side have more than enough


def sizes(rng: Random, count: int, smallest: float, largest: float) -> np.ndarray:
    """Radii of density r ** -3 between two limits, by inversion of the distribution function."""
    return 1 / np.sqrt(rng.uniform(largest**-2, smallest**-2, count))


def drop_leaf(
    rng: Random, lab: Lab, shape: str, radius: float, colour: np.ndarray, textures: Textures, light: float,
    softness: float = 0.0,
) -> None:  # fmt: skip
    """Paint one leaf on `lab` at a random place, with its shadow; `light` is the angle the light comes from."""
    size = len(lab)
    softness = softness or (1.0 if rng.random() < 0.8 else rng.uniform(1, 1 + radius / 8))
    shadow = min(radius * rng.uniform(0.1, 0.4), size / 16)
    x, y = rng.uniform(-0.15, 1.15, 2) * size
    place = patch(lab, x, y, radius, rng.uniform(0, 2 * np.pi), shadow + softness)
    if place is None:
        return
    distance = outline(rng, shape, place.u, place.v) * radius  # in pixels, negative inside
    if rng.random() < 0.7:
        cast_shadow(place, distance, shadow, light, 0.7, rng.uniform(0.1, 0.5))
    leaf = np.full_like(place.under, colour)
    slope, angle = rng.normal(0, 0.08), rng.uniform(0, 2 * np.pi)  # of the light across it
    shade = np.float32(slope * np.cos(angle)) * place.u + np.float32(slope * np.sin(angle)) * place.v
    if rng.random() < 0.5:  # rounded towards its edge
        rounding = np.float32(rng.uniform(0.04, 0.22))
        shade = shade - rounding * np.clip(1 + distance / radius, 0, 1) ** 3 + rounding * 0.3
    leaf[..., 0] += shade
    strength = 0.15 * rng.random() ** 1.5
    texture = textures.piece(rng, *place.u.shape) * np.float32(strength)
    leaf += texture[..., None] * np.array([1, rng.normal(0, 0.2), rng.normal(0, 0.3)], np.float32)
    paint(place.under, leaf, np.clip(0.5 - distance / softness, 0, 1))


def cast_shadow(
    place: Patch, distance: Field, width: float, light: float, reach: float, darkness: float
) -> None:
    """Darken the picture beside a shape, away from the light; `distance` is from its edge, negative inside."""
    shade = np.clip(0.5 - 0.5 * distance / width, 0, 1)
    move = np.array([[1, 0, int(width * np.cos(light) * reach)], [0, 1, int(width * np.sin(light) * reach)]])
    moved = cv2.warpAffine(shade, move.astype(np.float32), shade.shape[::-1], flags=cv2.INTER_NEAREST)
    under = place.under
    under *= (1 - np.float32(darkness) * moved)[..., None]


def outline(rng: Random, shape: str, u: Field, v: Field) -> Field:
    """About the signed distance to the edge of a shape of radius 1, negative inside."""
    if shape == "disc":
        return np.hypot(u, v) - 1
    if shape == "ellipse":
        flat = np.float32(rng.uniform(0.3, 0.9))
        return (np.hypot(u, v / flat) - 1) * flat
    if shape == "polygon":
        corners = whole(rng, 3, 8)
        angles = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * 2 * np.pi / corners
        cosines, sines = np.float32(np.cos(angles)), np.float32(np.sin(angles))
        far = np.float32(rng.uniform(0.5, 0.75, corners))
        return np.maximum.reduce([u * c + v * s - d for c, s, d in zip(cosines, sines, far, strict=True)])
    if shape == "blob":
        angle, edge = np.arctan2(v, u), np.float32(0.75)
        for wave in range(2, 6):
            height, phase = np.float32(rng.normal(0, 0.16 / wave)), np.float32(rng.uniform(0, 6.3))
            edge = edge + height * np.cos(wave * angle + phase)
        return np.hypot(u, v) - edge
    if shape == "pebble":
        flat = np.float32(rng.uniform(0.6, 1))
        u2, v2 = (u / 0.9) ** 2, (v / (0.9 * flat)) ** 2
        return (np.sqrt(np.sqrt(u2 * u2 + v2 * v2 + u2 * v2)) - 1) * 0.9 * flat
    if shape == "lens":
        width = np.float32(rng.uniform(0.25, 0.5))
        return np.maximum(np.abs(v) - width * (1 - u * u), np.abs(u) - 1) * 0.8
    bend = np.float32(rng.normal(0, 0.25))  # strip: a twig, a stem
    return np.maximum(np.abs(v + bend * u * u) - np.float32(rng.uniform(0.04, 0.16)), np.abs(u) - 1)
