"""Foliage: leaves with veins over a blurred ground, trees that branch, ferns and grass."""

import cv2
import numpy as np

from abstract_beauty.data.generators.brushes import Field, Lab, blur, fixed, grid, mix, paint, patch, reduced
from abstract_beauty.data.generators.clouds import SKIES, sky
from abstract_beauty.data.generators.dead_leaves import cast_shadow
from abstract_beauty.data.generators.noise import Random, Textures, fractal, pick, whole
from abstract_beauty.data.generators.palette import Palette, lch, lighter, mottled, photograph

Season = tuple[float, float, float]
# hue, chroma, lightness of the leaves of a season
SEASONS: dict[str, Season] = {
    "spring": (125, 0.13, 0.62), "summer": (135, 0.1, 0.46), "deep": (148, 0.07, 0.34), "olive": (112, 0.07, 0.5),
    "autumn": (68, 0.13, 0.58), "red": (35, 0.14, 0.45), "blue": (165, 0.05, 0.52),
}  # fmt: skip


def draw_foliage(rng: Random, size: int) -> np.ndarray:
    """A picture of plants, (size, size, 3) in `[0, 1]`."""
    season = SEASONS[pick(rng, list(SEASONS))]
    draw = pick(rng, (leaves, leaves, tree, fern, grass))
    if draw in (fern, grass) and season[0] < 60:
        season = SEASONS["spring"]  # no red meadows
    return photograph(rng, draw(rng, size, season))


def green(rng: Random, season: Season, lightness: float = 0.0) -> np.ndarray:
    """A colour of the season's leaves, OKLab; the lighter, the yellower, as light through a leaf is."""
    hue, chroma, middle = season
    more = lightness + rng.normal(0, 0.07)
    chroma = chroma * rng.uniform(0.7, 1.2)
    return lch(np.clip(middle + more, 0.08, 0.92), chroma, hue - 60 * more + rng.normal(0, 6))


def bokeh(rng: Random, size: int, season: Season) -> Lab:
    """A ground far out of focus: soft fields of the season's colours with discs of light."""
    dark = mottled(rng, size, green(rng, season, -0.25), 0.05, 1.8)
    lab = mix(dark, green(rng, season, rng.uniform(0, 0.3)), _soft(rng, size))
    if rng.random() < 0.5:
        light = lch(rng.uniform(0.75, 0.95), 0.04, pick(rng, [90, 230]))
        lab = mix(lab, light, _soft(rng, size) * rng.uniform(0.3, 0.9))
    radius = rng.uniform(0.02, 0.07) * size
    for _ in range(whole(rng, 0, 26)):
        place = patch(lab, *rng.uniform(0, size, 2), radius * rng.uniform(0.8, 1.2), 0.0, 2)
        distance = np.hypot(place.u, place.v)
        disc = np.clip((1 - distance) * radius * 0.6, 0, 1) * (0.6 + 0.4 * distance)
        paint(place.under, lch(0.92, 0.07, season[0] - 25), disc * np.float32(0.5 * rng.random()))
    return lab


def _soft(rng: Random, size: int) -> Field:
    return np.clip(0.5 + 0.45 * fractal(rng, size, 2.2), 0, 1)


def leaves(rng: Random, size: int, season: Season) -> Lab:
    """Leaves over leaves, from small and blurred at the back to large and sharp in front; some with flowers."""
    lab, textures = bokeh(rng, size, season), Textures(rng, size)
    largest, count = rng.uniform(0.12, 0.42) * size, whole(rng, 50, 130)
    habit = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 2)  # leaves of one plant hang alike
    slim, backlit = rng.uniform(0.16, 0.5), rng.random() < 0.4
    light, focus = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 3) * size / 256
    flowers = Palette(rng, ("market", "random", "skin")).colours(rng)[0] if rng.random() < 0.35 else None
    for index in range(count):
        near = (index + 1) / count
        if index in (count // 3, 2 * count // 3):
            lab = blur(lab, focus * (1 - near))
        length = largest * rng.uniform(0.4, 1) * (0.45 + 0.55 * near)
        at = rng.uniform(-0.1, 1.1, 2) * size
        colour = green(rng, season, 0.16 * (near - 0.6) + (0.14 if backlit else 0.0))
        angle = habit[0] + rng.normal(0, habit[1])
        lay_leaf(rng, lab, at, length, angle, slim * rng.uniform(0.8, 1.25), colour, textures, light, backlit)
        if flowers is not None and rng.random() < 0.16:
            flower(rng, lab, rng.uniform(0, size, 2), largest * rng.uniform(0.1, 0.3), flowers)
    return lab


def lay_leaf(
    rng: Random, lab: Lab, at: np.ndarray, length: float, angle: float, slim: float, colour: np.ndarray,
    textures: Textures, light: float, backlit: bool = False,
) -> None:  # fmt: skip
    """One leaf with a midrib, side veins, two halves that take the light differently, and a shadow."""
    shadow = max(2.0, length * 0.12)
    place = patch(lab, *at, length, angle, shadow)
    if place is None:
        return
    u, v = place.u, place.v + np.float32(rng.normal(0, 0.12)) * place.u**2  # bent along its length
    along = np.clip((u + 1) / 2, 1e-3, 1)
    width = np.float32(slim) * np.sin(np.pi * along ** np.float32(rng.uniform(0.7, 1.1))) ** np.float32(0.85)
    toothed = 1 + np.float32(pick(rng, [0, 0.06])) * np.sin(along * np.float32(rng.uniform(60, 90)))
    distance = (np.abs(v) - width * toothed) * np.float32(length)
    distance = np.maximum(distance, (np.abs(u) - 1) * length)
    cast_shadow(place, distance, shadow, light, 0.8, rng.uniform(0.25, 0.55))
    leaf = np.full_like(place.under, colour)
    side = np.where(v > 0, 1, -1) * np.float32(rng.normal(0, 0.05))
    slant = (u + 1.1 * np.abs(v)) * np.float32(rng.uniform(9, 14))
    between = np.abs(slant % 1 - 0.5) * 2  # 1 on a side vein, 0 halfway between two
    vein_width = np.float32(max(0.012, 0.9 / length))
    midrib = np.clip(1.5 - np.abs(v) / vein_width, 0, 1)
    veins = np.clip((between - 0.78) * 4, 0, 1) * np.float32(min(1, length / 40))
    leaf[..., 0] += side + np.float32(0.05) * (0.5 - between) * np.float32(min(1, length / 30))
    leaf[..., 0] += (-1 if backlit else 1) * (0.16 * midrib + 0.07 * veins)
    leaf[..., 0] += textures.piece(rng, *u.shape) * np.float32(0.025) + np.float32(rng.normal(0, 0.07)) * u
    if not backlit and rng.random() < 0.4:  # the sky in its wax
        gloss = np.exp(-(((v - 0.4 * slim) / (0.22 * slim)) ** 2)) * rng.uniform(0.1, 0.4)
        leaf = mix(leaf, lch(0.9, 0.02, 230), gloss)
    paint(place.under, leaf, np.clip(0.5 - distance, 0, 1))


def flower(rng: Random, lab: Lab, at: np.ndarray, radius: float, colour: np.ndarray) -> None:
    """Petals around a yellow middle, which lies inside the picture."""
    place = patch(lab, *at, radius, rng.uniform(0, 6.3), 2)
    distance, angle = np.hypot(place.u, place.v), np.arctan2(place.v, place.u)
    petals = whole(rng, 4, 9)
    edge = 0.62 + 0.34 * np.abs(np.cos(angle * petals / 2)) ** 0.6
    petal = np.full_like(place.under, lighter(colour, rng.normal(0.08, 0.05)))
    petal[..., 0] += 0.18 * distance - 0.12 + 0.1 * np.cos(angle * petals)
    petal = mix(petal, lch(0.72, 0.14, 82), np.clip((0.27 - distance) * 9, 0, 1))
    paint(place.under, petal, np.clip((edge - distance) * radius, 0, 1))


def _towards(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])


def tree(rng: Random, size: int, season: Season) -> Lab:
    """A tree against the sky: branches that fork by a rule with chance in it, and leaves in the light."""
    y, _ = grid(size)
    name = pick(rng, [name for name in SKIES if name not in ("moonlit", "storm")])
    lab = blur(sky(rng, size, name, 1.1), rng.uniform(0.5, 2.5))
    if rng.random() < 0.7:
        ground = mottled(rng, size, green(rng, season, -0.12), 0.06, 1.0)
        line = (y - rng.uniform(0.78, 0.95)) * size / 3 + fractal(rng, size, 1.2) * 0.8
        lab = mix(lab, ground, np.clip(line, 0, 1))
    cover, tips = branches(rng, size)
    wood = lch(rng.uniform(0.12, 0.4), rng.uniform(0.01, 0.05), rng.uniform(30, 90))
    bark = mottled(rng, size, wood, 0.05, 0.9)
    edges = np.gradient(blur(cover, 1.5))[1]
    bark[..., 0] += edges * np.float32(pick(rng, [-0.5, 0.5]))  # round: lighter on one side
    lab = mix(lab, bark, cover)
    if rng.random() >= 0.25:  # the others are bare
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
                paint(place.under, tuft, np.clip((1 - np.hypot(place.u, place.v) + 0.3 * ragged) * 2.5, 0, 1))
    return lab


def branches(rng: Random, size: int) -> tuple[Field, list[np.ndarray]]:
    """One to three bare trees: how much they cover of each pixel, and where on twice the size branches end."""
    mask, tips = np.zeros((2 * size, 2 * size), np.uint8), []

    def grow(
        start: np.ndarray, angle: float, length: float, width: float, spread: float, shrink: float
    ) -> None:
        """Draw a branch and the two or three that grow from it; the cross-section is kept, as Leonardo noted."""
        bend = angle + rng.normal(0, 0.12)
        middle = start + length * 0.5 * _towards(angle)
        end = middle + length * 0.5 * _towards(bend)
        points = fixed(np.stack([start, middle, end]))
        cv2.polylines(mask, [points], False, 255, max(1, round(width)), cv2.LINE_AA, 4)
        if length < len(mask) * 0.02 or width < 0.8:
            tips.append(end)
            return
        if width < len(mask) * 0.012:
            tips.append(middle)
        count = 2 if rng.random() < 0.8 else 3
        for side in np.linspace(-1, 1, count):
            turn = bend + side * spread * rng.uniform(0.5, 1.3)
            turn += 0.1 * (-np.pi / 2 - bend)  # towards the light
            shorter = length * shrink * rng.uniform(0.75, 1.15)
            grow(end, turn, shorter, width / count**0.5, spread, shrink)

    for _ in range(whole(rng, 1, 4)):
        start = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.95, 1.15)]) * 2 * size
        length = rng.uniform(0.35, 0.6) * size
        forks = rng.uniform(0.3, 0.55), rng.uniform(0.72, 0.82)
        up = -np.pi / 2 + rng.normal(0, 0.1)
        grow(start, up, length, length * rng.uniform(0.08, 0.16), *forks)
    return reduced(mask, size).astype(np.float32) / 255, tips


def fern(rng: Random, size: int, season: Season) -> Lab:
    """Fronds with leaflets along both sides, each smaller than the one before it."""
    lab, textures = bokeh(rng, size, season), Textures(rng, size)
    light, fronds = rng.uniform(0, 2 * np.pi), whole(rng, 3, 8)
    root = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.8, 1.2)]) * size
    for index in range(fronds):
        if index == fronds // 2:
            lab = blur(lab, rng.uniform(0, 1.5) * size / 256)
        angle = -np.pi / 2 + rng.uniform(-1.1, 1.1)
        curl, length = rng.normal(0, 1.0), rng.uniform(0.6, 1.15) * size
        colour = green(rng, season, 0.12 * (index / fronds - 0.5))
        pairs = whole(rng, 14, 26)
        for t in np.arange(1, pairs + 1) / pairs:
            at = root + length * t * _towards(angle + curl * t * t / 2)
            leaflet = length * 0.24 * np.sin(np.pi * min(1.0, 0.12 + 0.88 * t)) ** 0.8 + 2
            for side in (-1, 1):
                out = angle + curl * t * t + side * rng.normal(1.15, 0.06)
                middle = at + 0.5 * leaflet * _towards(out)
                tint = lighter(colour, rng.normal(0, 0.025) + 0.06 * t)
                lay_leaf(rng, lab, middle, leaflet * 0.52, out, 0.2, tint, textures, light)
    return lab


def grass(rng: Random, size: int, season: Season) -> Lab:
    """Blades from below, the front ones long and sharp, with ears or flowers between them."""
    lab = bokeh(rng, size, season)
    blades, canvas = whole(rng, 90, 220), 2 * size
    wind, tall = rng.normal(0, 0.35), rng.uniform(0.35, 0.9)
    flowers = Palette(rng, ("market", "random")).colours(rng, 3) if rng.random() < 0.5 else None
    higher = 0.22 * (0.6 - grid(size)[0])
    layers = 4
    for layer in range(layers):
        near = (layer + 1) / layers
        ground, shade = np.zeros((2, canvas, canvas), np.uint8)
        for _ in range(blades // layers):
            root = np.array([rng.uniform(-0.1, 1.1), rng.uniform(0.9, 1.3) - 0.25 * (1 - near)]) * canvas
            height = canvas * tall * rng.uniform(0.5, 1.2) * (0.6 + 0.4 * near)
            lean, t = wind + rng.normal(0, 0.25), np.linspace(0, 1, 14)
            x, y = root[0] + lean * height * t**2, root[1] - height * t * (1 - 0.25 * abs(lean) * t)
            half = rng.uniform(0.004, 0.011) * canvas * (0.5 + 0.6 * near) * (1 - t) ** 0.7
            points = fixed(np.stack([[*(x - half), *(x + half)[::-1]], [*y, *y[::-1]]], -1))
            cv2.fillPoly(ground, [points], 255, cv2.LINE_AA, 4)
            cv2.fillPoly(shade, [points], whole(rng, 40, 255), cv2.LINE_AA, 4)
        cover, tone = (reduced(mask, size).astype(np.float32) / 255 for mask in (ground, shade))
        front = np.full_like(lab, green(rng, season, 0.1 * near - 0.05))
        front[..., 0] += 0.32 * (tone - 0.55) + higher + fractal(rng, size, 0.8) * 0.02
        lab = mix(blur(lab, 1.2 * (1 - near) * size / 256), front, cover)
        if flowers is not None:
            for _ in range(whole(rng, 2, 9)):
                at = np.array([rng.uniform(0, 1), rng.uniform(0.15, 0.8)]) * size
                flower(rng, lab, at, size * rng.uniform(0.015, 0.05) * (0.5 + near), flowers[whole(rng, 3)])
    return lab
