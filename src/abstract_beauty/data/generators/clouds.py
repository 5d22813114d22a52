"""Skies: light from zenith to horizon, clouds of fractal noise lit by a sun, and something below the horizon."""

import numpy as np

from abstract_beauty.data.generators.brushes import Lab, blur, grid, mix, ramp, sample
from abstract_beauty.data.generators.noise import Random, fractal, pick, ridge, whole
from abstract_beauty.data.generators.palette import lch, photograph

# (zenith, middle, horizon, lit side of clouds, shaded side) as lightness, chroma, hue
SKIES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "noon": ((0.5, 0.12, 255), (0.66, 0.1, 248), (0.87, 0.035, 230), (0.98, 0.008, 90), (0.67, 0.025, 255)),
    "summer": ((0.58, 0.11, 245), (0.74, 0.08, 238), (0.9, 0.03, 215), (0.97, 0.012, 85), (0.74, 0.02, 265)),
    "grey": ((0.62, 0.02, 250), (0.72, 0.015, 245), (0.84, 0.012, 230), (0.9, 0.006, 240), (0.5, 0.014, 255)),
    "storm": ((0.3, 0.03, 255), (0.42, 0.028, 245), (0.72, 0.035, 95), (0.72, 0.015, 90), (0.22, 0.022, 262)),
    "dawn": ((0.5, 0.07, 265), (0.72, 0.06, 330), (0.88, 0.07, 70), (0.92, 0.06, 55), (0.55, 0.06, 310)),
    "sunset": ((0.34, 0.08, 272), (0.56, 0.1, 340), (0.8, 0.14, 65), (0.84, 0.13, 55), (0.36, 0.07, 320)),
    "ember": ((0.22, 0.05, 275), (0.44, 0.11, 20), (0.74, 0.16, 55), (0.76, 0.16, 42), (0.24, 0.05, 350)),
    "gold": ((0.48, 0.05, 240), (0.7, 0.06, 100), (0.92, 0.09, 90), (0.96, 0.06, 92), (0.52, 0.04, 50)),
    "dusk": ((0.18, 0.05, 272), (0.32, 0.07, 280), (0.6, 0.08, 350), (0.5, 0.06, 330), (0.2, 0.04, 285)),
    "moonlit": ((0.1, 0.03, 270), (0.18, 0.04, 265), (0.32, 0.045, 255), (0.5, 0.025, 250), (0.13, 0.025, 268)),
}  # fmt: skip


def draw_clouds(rng: Random, size: int) -> np.ndarray:
    """A picture of a sky, (size, size, 3) in `[0, 1]`."""
    name = pick(rng, list(SKIES))
    horizon = rng.uniform(0.62, 0.92) if rng.random() < 0.6 else 1.0
    lab = sky(rng, size, name, horizon)
    if horizon < 1:
        lab = water(rng, lab, horizon) if rng.random() < 0.35 else hills(rng, lab, horizon, name)
    return photograph(rng, lab, softness=0.6)


def sky(rng: Random, size: int, name: str, horizon: float) -> Lab:
    """A sky with sun or moon and clouds; `horizon` is its height as a share of the picture, from the top."""
    zenith, middle, low, lit, shaded = (
        lch(lightness + rng.normal(0, 0.02), chroma * rng.uniform(0.7, 1.15), hue + rng.normal(0, 6))
        for lightness, chroma, hue in SKIES[name]
    )
    y, x = grid(size)
    height = np.clip(y / horizon + fractal(rng, size, 2.2) * 0.03, 0, 1)
    half = rng.uniform(0.45, 0.7)
    upper = mix(np.broadcast_to(zenith, (size, size, 3)), middle, ramp(height, 0, half))
    lab = mix(upper, low, ramp(height, half, 1))
    sun_x, sun_y = rng.uniform(0.05, 0.95), rng.uniform(0.05, 0.95) * horizon
    away = np.hypot(x - sun_x, y - sun_y)
    glow = np.float32(rng.uniform(0.1, 0.35)) * np.exp(-away / rng.uniform(0.1, 0.3))
    lab = mix(lab, lch(0.99, 0.03, 90), glow)
    if name in ("moonlit", "dusk"):
        points, count = np.zeros((size, size), np.float32), whole(rng, 40, 140)
        rows = rng.random(count) ** 1.3 * min(horizon, 1.0) * size * 0.9  # more of them high in the sky
        columns = rng.uniform(0, size, count)
        points[rows.astype(int), columns.astype(int)] = rng.random(count) ** 3
        lab = mix(lab, lch(0.95, 0.02, 240), np.clip(blur(points, 0.6) * 2.2, 0, 1))
    if name == "moonlit" or rng.random() < 0.2:
        disc = ramp(-away, -rng.uniform(0.025, 0.05), -0.02)
        lab = mix(lab, lch(0.97, 0.04, 92), disc)
    for _ in range(whole(rng, 1, 3)):
        lab = cloud_layer(rng, lab, horizon, (sun_x, sun_y), (lit, shaded, low))
    return lab


def cloud_layer(
    rng: Random, lab: Lab, horizon: float, sun: tuple[float, float], colours: tuple[np.ndarray, ...]
) -> Lab:
    """One layer of clouds: seen in perspective or as a bank from the side; thick parts are shaded from the sun."""
    size = len(lab)
    y, x = grid(size)
    lit, shaded, low = colours
    kind = pick(rng, ["heaped", "heaped", "veil", "flat"])
    stretch = {"heaped": rng.uniform(1, 1.6), "veil": rng.uniform(3, 7), "flat": rng.uniform(2, 4)}[kind]
    slope, tilt = rng.uniform(1.35, 1.75), rng.normal(0, 0.25) if kind != "flat" else 0.0
    field = fractal(rng, size, slope, stretch, tilt)
    if kind == "heaped":  # billows: the folds of a second noise, deeper where the cloud is thick
        billows = np.abs(fractal(rng, size, 1.3))
        field = field + 0.45 * (0.8 - billows) * ramp(field, -0.6, 1.2)
    distance = np.clip(1.02 - y / horizon, 0.04, None) if kind != "veil" or horizon < 1 else np.ones_like(y)
    scale = size * rng.uniform(0.35, 0.8)
    bend = fractal(rng, size, 2.0) * size * 0.012
    depth = distance ** np.float32(-rng.uniform(0.4, 0.9))  # far clouds are small, and close above each other
    there = sample(field, (x - 0.5) * depth * scale + bend + rng.uniform(0, size), depth * scale + bend)
    threshold = rng.uniform(-0.5, 0.7)
    softness = {"heaped": rng.uniform(0.25, 0.7), "veil": 2.5, "flat": 1.2}[kind]
    cover = ramp(there, threshold, threshold + softness) * {"heaped": 1.0, "veil": 0.7, "flat": 0.9}[kind]
    toward = np.array([sun[0] - 0.5, sun[1] - 0.5 * horizon - 0.35]) + rng.normal(0, 0.1, 2)
    right, down = toward / np.hypot(*toward)
    shade = np.zeros_like(there)
    # how much cloud lies between here and the light
    for step, weight in ((0.012, 0.5), (0.03, 0.3), (0.06, 0.3)):
        reach = step * size
        moved = sample(there, x * size - 0.5 + right * reach, y * size - 0.5 + down * reach)
        shade += (moved - there) * np.float32(weight)
    thick = ramp(there, threshold, threshold + 2.8)
    body = mix(np.broadcast_to(shaded, lab.shape), lit, np.clip(0.72 - 0.8 * shade - 0.35 * thick, 0, 1))
    body = mix(body, low, 0.6 * ramp(y / horizon, 0.55, 1.05))  # the air takes the far ones
    return mix(lab, body, cover)


def hills(rng: Random, lab: Lab, horizon: float, name: str) -> Lab:
    """Ranges of hills below the horizon, each nearer one darker, sharper and less veiled by the air."""
    size = len(lab)
    y, _ = grid(size)
    lit = SKIES[name][2][0]
    air = lab[min(int(horizon * size), size - 1)].mean(0)
    hue, chroma = float(pick(rng, [125, 135, 60, 85, 240])), rng.uniform(0.02, 0.07)
    layers = whole(rng, 1, 5)
    roughness = rng.uniform(1.1, 1.9)
    for layer in range(layers):
        near = (layer + 1) / layers
        foot = horizon + (1 - horizon) * (layer / layers) * 0.85
        below = y - (foot + ridge(rng, size, roughness) * rng.uniform(0.012, 0.045))
        edge = np.clip(below * size / rng.uniform(1, 2) + 0.5, 0, 1)
        colour = mix(air, lch(lit * rng.uniform(0.2, 0.6), chroma, hue), near**1.3 * 0.95)
        ground = np.full_like(lab, colour)
        texture = fractal(rng, size, 1.0, rng.uniform(1, 4))
        ground[..., 0] += texture * np.float32(0.045 * near) - np.clip(below, 0, 1) * np.float32(0.25 * near)
        ground[..., 1:] += texture[..., None] * np.array([0.004, 0.006], np.float32)
        lab = mix(lab, ground, edge)
    return lab


def water(rng: Random, lab: Lab, horizon: float) -> Lab:
    """Water below the horizon: the sky again, upside down, darker and broken by waves that grow towards us."""
    size = len(lab)
    y, x = grid(size)
    below = np.clip((y - horizon) / (1 - horizon + 1e-6), 0, 1)
    depth = 1 / (below + 0.08)
    waves = sample(fractal(rng, size, 1.0, 5.0), x * size * 0.25 * depth**0.7, depth * size * 0.35)
    row = (2 * horizon - y) * size + waves * (0.01 + 0.05 * below) * size
    mirrored = sample(lab, x * size - 0.5, np.clip(row, 0, horizon * size - 2))
    mirrored *= np.array([rng.uniform(0.72, 0.92), 0.85, 0.85], np.float32)
    mirrored[..., 0] += waves * (0.01 + 0.035 * below) - 0.06 * below
    return mix(lab, mirrored, ramp(y, horizon - 0.5 / size, horizon + 1.5 / size))
