"""Colours as nature mixes them, in OKLab, and the camera that takes the picture in the end."""

import numpy as np

from abstract_beauty.data.generators.brushes import Lab, blur, grid
from abstract_beauty.data.generators.noise import Random, fractal, pick, whole

# Themes as (lightness 0..1, chroma, hue in degrees, weight) in OKLab (Ottosson 2020). Lightness spreads far wider than
# chroma, as in photographs; saturated colours are rare accents.
THEMES: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "meadow": ((0.28, 0.05, 138, 3), (0.42, 0.08, 130, 4), (0.56, 0.1, 125, 4), (0.7, 0.1, 115, 2),
        (0.8, 0.06, 105, 1), (0.84, 0.05, 240, 2), (0.78, 0.15, 88, 0.5), (0.6, 0.17, 25, 0.3),
        (0.35, 0.04, 60, 2)),
    "autumn": ((0.22, 0.03, 50, 3), (0.36, 0.08, 38, 3), (0.48, 0.11, 48, 3), (0.6, 0.13, 62, 3),
        (0.72, 0.13, 80, 2), (0.84, 0.06, 92, 2), (0.5, 0.16, 30, 1), (0.45, 0.06, 115, 1),
        (0.78, 0.04, 235, 1)),
    "stone": ((0.2, 0.01, 60, 2), (0.34, 0.012, 75, 3), (0.48, 0.016, 80, 4), (0.62, 0.02, 82, 4),
        (0.76, 0.02, 88, 3), (0.9, 0.012, 95, 1), (0.42, 0.05, 125, 1), (0.5, 0.05, 50, 1),
        (0.6, 0.03, 240, 1)),
    "skin": ((0.2, 0.03, 35, 2), (0.36, 0.06, 40, 2), (0.52, 0.08, 45, 3), (0.66, 0.08, 50, 4),
        (0.78, 0.065, 56, 4), (0.88, 0.04, 68, 2), (0.95, 0.015, 85, 1), (0.5, 0.14, 22, 0.5),
        (0.4, 0.04, 255, 1)),
    "wood": ((0.18, 0.025, 50, 2), (0.3, 0.05, 52, 3), (0.42, 0.07, 58, 4), (0.55, 0.08, 65, 3),
        (0.7, 0.08, 76, 2), (0.85, 0.05, 88, 1), (0.35, 0.03, 150, 1), (0.62, 0.01, 80, 1)),
    "sea": ((0.24, 0.045, 240, 2), (0.38, 0.065, 232, 3), (0.52, 0.075, 222, 4), (0.66, 0.065, 212, 3),
        (0.8, 0.04, 216, 3), (0.94, 0.01, 220, 2), (0.78, 0.05, 82, 2), (0.6, 0.05, 78, 1),
        (0.55, 0.14, 32, 0.3)),
    "dusk": ((0.14, 0.03, 272, 3), (0.24, 0.05, 285, 3), (0.36, 0.07, 305, 2), (0.5, 0.09, 350, 2),
        (0.64, 0.11, 35, 2), (0.76, 0.11, 62, 2), (0.88, 0.07, 85, 1), (0.3, 0.03, 60, 1)),
    "brick": ((0.24, 0.03, 30, 2), (0.38, 0.075, 32, 3), (0.47, 0.095, 36, 4), (0.56, 0.095, 42, 3),
        (0.7, 0.05, 60, 2), (0.84, 0.02, 85, 2), (0.33, 0.012, 250, 2), (0.6, 0.05, 235, 1),
        (0.4, 0.06, 140, 0.7)),
    "mist": ((0.95, 0.008, 230, 2), (0.85, 0.014, 235, 3), (0.73, 0.02, 238, 3), (0.6, 0.025, 235, 3),
        (0.45, 0.026, 228, 2), (0.3, 0.024, 220, 2), (0.62, 0.03, 70, 1), (0.4, 0.04, 130, 1)),
    "night": ((0.07, 0.012, 270, 4), (0.14, 0.022, 268, 4), (0.22, 0.03, 262, 3), (0.33, 0.035, 255, 2),
        (0.5, 0.03, 240, 1), (0.82, 0.12, 82, 0.7), (0.68, 0.13, 58, 0.7), (0.3, 0.05, 40, 1)),
    "market": ((0.58, 0.19, 28, 2), (0.74, 0.15, 70, 2), (0.62, 0.14, 130, 2), (0.38, 0.1, 12, 1),
        (0.9, 0.05, 95, 2), (0.27, 0.05, 330, 2), (0.85, 0.15, 98, 1), (0.42, 0.06, 140, 2), (0.5, 0.04, 60, 2),
        (0.46, 0.1, 265, 1)),
}  # fmt: skip


class Palette:
    """A theme of colours, or one made up of two or three random hues and greys."""

    def __init__(self, rng: Random, names: tuple[str, ...] = (*THEMES, "random", "random")) -> None:
        name = pick(rng, names)
        if name == "random":
            hues = rng.uniform(0, 360) + np.array([0, rng.uniform(20, 60), rng.uniform(120, 240)])
            centres = [
                (lightness, abs(rng.normal(0, 0.07)), hues[whole(rng, 3)], rng.uniform(0.5, 2))
                for lightness in rng.uniform(0.12, 0.95, 9)
            ]
        else:
            centres = list(THEMES[name])
        self.centres = np.array(centres)
        # a picture is seldom lit evenly over its theme: some colours carry it
        weights = self.centres[:, 3] * rng.gamma(1.5, 1.0, len(self.centres))
        self.weights = weights / weights.sum()

    def colours(self, rng: Random, count: int = 1) -> np.ndarray:
        """OKLab colours drawn around the theme's centres, (count, 3) float32."""
        lightness, chroma, hue = self.centres[rng.choice(len(self.centres), count, p=self.weights), :3].T
        lightness = np.clip(lightness + rng.normal(0, 0.07, count), 0.04, 0.98)
        return lch(lightness, chroma * np.exp(rng.normal(0, 0.35, count)), hue + rng.normal(0, 9, count))

    def gradient(self, rng: Random, stops: int) -> np.ndarray:
        """Colours from dark to light, (256, 3): a colour scale of the theme."""
        chosen = self.colours(rng, stops)
        chosen = chosen[np.argsort(chosen[:, 0])]
        where, places = np.linspace(0, stops - 1, 256), np.arange(stops)
        return np.stack([np.interp(where, places, channel) for channel in chosen.T], -1).astype(np.float32)


def lch(lightness: np.ndarray | float, chroma: np.ndarray | float, hue: np.ndarray | float) -> np.ndarray:
    """Lightness, chroma and hue (degrees) to OKLab, last axis 3."""
    angle = np.deg2rad(hue)
    parts = np.broadcast_arrays(lightness, chroma * np.cos(angle), chroma * np.sin(angle))
    return np.stack(parts, -1).astype(np.float32)


# OKLab to the cube roots of the cones' answers, and those cubed to linear sRGB (Ottosson 2020).
TO_ROOTS = np.array(
    [[1, 1, 1], [0.3963377774, -0.1055613458, -0.0894841775], [0.2158037573, -0.0638541728, -1.291485548]],
    np.float32,
)
TO_LINEAR = np.array(
    [[4.0767416621, -1.2684380046, -0.0041960863], [-3.3077115913, 2.6097574011, -0.7034186147],
     [0.2309699292, -0.3413193965, 1.707614701]], np.float32
)  # fmt: skip


def to_rgb(lab: Lab) -> np.ndarray:
    """OKLab (h, w, 3) to sRGB in `[0, 1]`; colours outside are clipped."""
    roots = lab.reshape(-1, 3) @ TO_ROOTS
    linear = np.clip((roots * roots * roots) @ TO_LINEAR, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055)
    return encoded.reshape(lab.shape).astype(np.float32)


def photograph(
    rng: Random, lab: Lab, softness: float = 0.45, contrast: float = 0.45, meter: float = 0.55
) -> np.ndarray:
    """Take the picture: exposure, contrast, white balance, uneven light, vignette, noise; to sRGB.

    `softness` is the lens blur in pixels and `contrast` the steepening of the curve, both at most; `meter`, 0 to 1, how
    far the exposure is brought to a middle grey.
    """
    size = len(lab)
    y, x = (line - 0.5 for line in grid(size))
    lab = blur(lab, rng.uniform(0.2, 1) * softness).astype(np.float32)
    if rng.random() < 0.6:  # as cameras do
        lab += (lab - blur(lab, 1.0)) * np.float32(rng.uniform(0.2, 0.9))
    light = lab[..., 0]
    middle, aim = light.mean(), rng.normal(0.56, 0.07)  # a middle grey
    steeper = np.float32(rng.uniform(contrast - 0.45, contrast)) * (light - middle)
    light += np.float32(meter * (aim - middle)) + steeper
    light *= 1 + np.float32(rng.normal(0, 0.05)) * x + np.float32(rng.normal(0, 0.05)) * y
    light *= 1 - np.float32(rng.uniform(0, 0.28)) * (x**2 + y**2)
    lab[..., 1:] *= np.float32(np.clip(rng.normal(1, 0.2), 0.4, 1.5))
    lab[..., 1:] += np.array(rng.normal(0, [0.005, 0.01]), np.float32) * np.clip(light, 0, 1)[..., None]
    rgb = to_rgb(lab)
    level = np.float32(0.02 * rng.random() ** 2)
    noise = rng.standard_normal(rgb.shape, dtype=np.float32)
    noise += rng.standard_normal((size, size, 1), dtype=np.float32)
    return np.clip(rgb + noise * level * np.sqrt(rgb * 0.8 + 0.1), 0, 1).astype(np.float32)


def mottled(rng: Random, size: int, colour: np.ndarray | float, strength: float, slope: float = 1.2) -> Lab:
    """A surface of one colour with fractal unevenness of its lightness and a little of its hue."""
    lab = np.full((size, size, 3), colour, np.float32)
    lab[..., 0] += fractal(rng, size, slope) * np.float32(strength)
    tint = fractal(rng, size, 1.5)[..., None]
    lab[..., 1:] += tint * (rng.normal(0, 0.25, 2) * strength).astype(np.float32)
    return lab


def lighter(colour: np.ndarray, by: float) -> np.ndarray:
    """An OKLab colour with its lightness raised."""
    return colour + np.array([by, 0, 0], np.float32)
