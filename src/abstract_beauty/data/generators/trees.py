"""Trees that branch against the sky, and the tufts of leaves on them."""

import cv2
import numpy as np

from abstract_beauty.data.generators.clouds import SKIES, sky
from abstract_beauty.data.generators.noise import Textures, blur, fractal, grid, mix, patch, pick, whole
from abstract_beauty.data.generators.palette import Season, green, lch, mottled


def tree(rng: np.random.Generator, size: int, season: Season) -> np.ndarray:
    """A tree against the sky: branches that fork by a rule with chance in it, and leaves in the light."""
    y, _ = grid(size)
    names = [name for name in SKIES if name not in ("moonlit", "storm")]
    lab = np.ascontiguousarray(
        blur(sky(rng, size, names[whole(rng, len(names))], 1.1), rng.uniform(0.5, 2.5))
    )
    if rng.random() < 0.7:
        ground = mottled(rng, size, green(rng, season, -0.12), 0.06, 1.0)
        lab = mix(
            lab,
            ground,
            np.clip((y - rng.uniform(0.78, 0.95)) * size / 3 + fractal(rng, size, 1.2) * 0.8, 0, 1),
        )
    lab = np.ascontiguousarray(lab)
    mask = np.zeros((2 * size, 2 * size), np.uint8)
    tips: list[tuple[float, float]] = []
    for _ in range(whole(rng, 1, 4)):
        start = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.95, 1.15)]) * 2 * size
        length = rng.uniform(0.35, 0.6) * size
        spread, shrink = rng.uniform(0.3, 0.55), rng.uniform(0.72, 0.82)
        grow(
            rng,
            mask,
            start,
            -np.pi / 2 + rng.normal(0, 0.1),
            length,
            length * rng.uniform(0.08, 0.16),
            (spread, shrink),
            tips,
        )
    cover = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    bark = mottled(
        rng, size, lch(rng.uniform(0.12, 0.4), rng.uniform(0.01, 0.05), rng.uniform(30, 90)), 0.05, 0.9
    )
    edges = np.gradient(blur(cover, 1.5))[1]
    bark[..., 0] += edges * np.float32(pick(rng, [-0.5, 0.5]))  # round: lighter on one side
    lab = np.ascontiguousarray(mix(lab, bark, cover))
    bare = rng.random() < 0.25
    if tips and not bare:
        textures, light = Textures(rng, size), rng.uniform(0, 6.3)
        length = rng.uniform(0.012, 0.035) * size
        for index in rng.permutation(len(tips))[:260]:
            at = np.array(tips[index]) / 2 + rng.normal(0, 0.02 * size, 2)
            colour = green(rng, season, 0.25 * (0.5 - at[1] / size) + rng.normal(0, 0.05))
            cluster(rng, lab, at, length * rng.uniform(1.2, 2.6), colour, textures, light)
    return lab


def cluster(
    rng: np.random.Generator,
    lab: np.ndarray,
    at: np.ndarray,
    radius: float,
    colour: np.ndarray,
    textures: Textures,
    light: float,
) -> None:
    """A tuft of leaves seen from afar: a ragged disc, lit from above."""
    place = patch(len(lab), *at, radius, 0.0, 1)
    if place is None:
        return
    ragged = textures.piece(rng, *place.u.shape, 3)
    cover = np.clip((1 - np.hypot(place.u, place.v) + 0.3 * ragged) * 2.5, 0, 1)
    under = lab[place.rows, place.columns]
    tuft = np.empty_like(under)
    tuft[:] = colour
    tuft[..., 0] += -0.09 * place.v + 0.06 * ragged
    under += (tuft - under) * cover[..., None]


def grow(
    rng: np.random.Generator,
    mask: np.ndarray,
    start: np.ndarray,
    angle: float,
    length: float,
    width: float,
    habit: tuple[float, float],
    tips: list[tuple[float, float]],
) -> None:
    """Draw a branch and the two or three that grow from it; the cross-section is kept, as Leonardo noted."""
    bend = angle + rng.normal(0, 0.12)
    middle = start + length * 0.5 * np.array([np.cos(angle), np.sin(angle)])
    end = middle + length * 0.5 * np.array([np.cos(bend), np.sin(bend)])
    points = np.round(np.stack([start, middle, end]) * 16).astype(np.int32)
    cv2.polylines(mask, [points], False, 255, max(1, round(width)), cv2.LINE_AA, 4)
    if length < len(mask) * 0.02 or width < 0.8:
        tips.append((float(end[0]), float(end[1])))
        return
    if width < len(mask) * 0.012:
        tips.append((float(middle[0]), float(middle[1])))
    spread, shrink = habit
    count = 2 if rng.random() < 0.8 else 3
    for side in np.linspace(-1, 1, count):
        turn = bend + side * spread * rng.uniform(0.5, 1.3) + 0.1 * (-np.pi / 2 - bend)  # towards the light
        grow(rng, mask, end, turn, length * shrink * rng.uniform(0.75, 1.15), width / count**0.5, habit, tips)
