"""Trees that branch against the sky, and the tufts of leaves on them."""

from typing import NamedTuple

import cv2
import numpy as np

from abstract_beauty.data.generators.brushes import Lab, blur, fixed, grid, mix, patch, reduced
from abstract_beauty.data.generators.clouds import SKIES, sky
from abstract_beauty.data.generators.noise import Random, Textures, fractal, pick, whole
from abstract_beauty.data.generators.palette import lch, mottled

Season = tuple[float, float, float]
# hue, chroma, lightness of the leaves of a season
SEASONS: dict[str, Season] = {
    "spring": (125, 0.13, 0.62), "summer": (135, 0.1, 0.46), "deep": (148, 0.07, 0.34), "olive": (112, 0.07, 0.5),
    "autumn": (68, 0.13, 0.58), "red": (35, 0.14, 0.45), "blue": (165, 0.05, 0.52),
}  # fmt: skip


def green(rng: Random, season: Season, lightness: float = 0.0) -> np.ndarray:
    """A colour of the season's leaves, OKLab; the lighter, the yellower, as light through a leaf is."""
    hue, chroma, middle = season
    more = lightness + rng.normal(0, 0.07)
    chroma = chroma * rng.uniform(0.7, 1.2)
    return lch(np.clip(middle + more, 0.08, 0.92), chroma, hue - 60 * more + rng.normal(0, 6))


def tree(rng: Random, size: int, season: Season) -> Lab:
    """A tree against the sky: branches that fork by a rule with chance in it, and leaves in the light."""
    y, _ = grid(size)
    name = pick(rng, [name for name in SKIES if name not in ("moonlit", "storm")])
    lab = blur(sky(rng, size, name, 1.1), rng.uniform(0.5, 2.5))
    if rng.random() < 0.7:
        ground = mottled(rng, size, green(rng, season, -0.12), 0.06, 1.0)
        line = (y - rng.uniform(0.78, 0.95)) * size / 3 + fractal(rng, size, 1.2) * 0.8
        lab = mix(lab, ground, np.clip(line, 0, 1))
    mask = np.zeros((2 * size, 2 * size), np.uint8)
    tips: list[np.ndarray] = []
    for _ in range(whole(rng, 1, 4)):
        start = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.95, 1.15)]) * 2 * size
        length = rng.uniform(0.35, 0.6) * size
        crown = Crown(rng.uniform(0.3, 0.55), rng.uniform(0.72, 0.82), mask, tips)
        up = -np.pi / 2 + rng.normal(0, 0.1)
        grow(rng, crown, start, up, length, length * rng.uniform(0.08, 0.16))
    cover = reduced(mask, size).astype(np.float32) / 255
    wood = lch(rng.uniform(0.12, 0.4), rng.uniform(0.01, 0.05), rng.uniform(30, 90))
    bark = mottled(rng, size, wood, 0.05, 0.9)
    edges = np.gradient(blur(cover, 1.5))[1]
    bark[..., 0] += edges * np.float32(pick(rng, [-0.5, 0.5]))  # round: lighter on one side
    lab = mix(lab, bark, cover)
    bare = rng.random() < 0.25
    if tips and not bare:
        textures = Textures(rng, size)
        rng.uniform(0, 6.3)  # nothing uses it, but every number drawn decides those after it
        length = rng.uniform(0.012, 0.035) * size
        for index in rng.permutation(len(tips))[:260]:
            at = tips[index] / 2 + rng.normal(0, 0.02 * size, 2)
            colour = green(rng, season, 0.25 * (0.5 - at[1] / size) + rng.normal(0, 0.05))
            place = patch(lab, *at, length * rng.uniform(1.2, 2.6), 0.0, 1)
            if place is not None:  # a tuft of leaves seen from afar: a ragged disc, lit from above
                ragged = textures.piece(rng, *place.u.shape, 3)
                tuft = np.full_like(place.under, colour)
                tuft[..., 0] += -0.09 * place.v + 0.06 * ragged
                place.paint(tuft, np.clip((1 - np.hypot(place.u, place.v) + 0.3 * ragged) * 2.5, 0, 1))
    return lab


class Crown(NamedTuple):
    """The branches of a tree: how they fork, where they are drawn, and where they ended."""

    spread: float
    shrink: float
    mask: np.ndarray
    tips: list[np.ndarray]


def grow(rng: Random, crown: Crown, start: np.ndarray, angle: float, length: float, width: float) -> None:
    """Draw a branch and the two or three that grow from it; the cross-section is kept, as Leonardo noted."""
    bend = angle + rng.normal(0, 0.12)
    middle = start + length * 0.5 * np.array([np.cos(angle), np.sin(angle)])
    end = middle + length * 0.5 * np.array([np.cos(bend), np.sin(bend)])
    points = fixed(np.stack([start, middle, end]))
    cv2.polylines(crown.mask, [points], False, 255, max(1, round(width)), cv2.LINE_AA, 4)
    if length < len(crown.mask) * 0.02 or width < 0.8:
        crown.tips.append(end)
        return
    if width < len(crown.mask) * 0.012:
        crown.tips.append(middle)
    count = 2 if rng.random() < 0.8 else 3
    for side in np.linspace(-1, 1, count):
        turn = bend + side * crown.spread * rng.uniform(0.5, 1.3)
        turn += 0.1 * (-np.pi / 2 - bend)  # towards the light
        shorter = length * crown.shrink * rng.uniform(0.75, 1.15)
        grow(rng, crown, end, turn, shorter, width / count**0.5)
