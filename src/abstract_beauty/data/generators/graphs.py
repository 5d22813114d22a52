"""Graphs of formulas: curves on paper or a blackboard, fields of colour, lit surfaces."""

from collections.abc import Callable

import cv2
import numpy as np

from abstract_beauty.data.generators.brushes import Field, Lab, blur, fixed, grid, mix, paint, ramp, reduced
from abstract_beauty.data.generators.noise import Random, fractal, pick, whole
from abstract_beauty.data.generators.palette import Palette, lch, mottled, photograph, to_rgb

Curve = tuple[np.ndarray, np.ndarray]  # x and y
CURVE_POINTS = 900


def draw_graphs(rng: Random, size: int) -> np.ndarray:
    """A picture of a formula, (size, size, 3) in `[0, 1]`."""
    return pick(rng, (board, board, field, surface))(rng, size)


def family(rng: Random) -> Callable[[float], Curve]:
    """A formula with one free parameter near 1; at each it gives a curve, within about -1..1."""
    t = np.linspace(0, 2 * np.pi, CURVE_POINTS)
    x = np.linspace(-1.1, 1.1, CURVE_POINTS)
    a, b = rng.integers(1, 6, 2).tolist()
    b = b + (a == b)
    p, q, phase = *rng.uniform(0.6, 3, 2), rng.uniform(0, np.pi)
    veins, wheel = 1 + 0.1 * np.cos(24 * t), rose(0.16 * p / (a + 1) * 1.6, (a + b) * t)
    formulas: list[Callable[[float], Curve]] = [
        lambda k: (x, 0.75 * k * np.sin(3 * p * x + phase) * np.exp(-q * 0.4 * x**2)),
        lambda k: (x, 0.5 * np.sin(3 * p * x + k) + 0.35 * np.sin(5 * q * x * k)),
        lambda k: (x, np.clip(k * (2 * x**3 - p * x) + 0.2 * q * x**2 - 0.2, -1.3, 1.3)),
        lambda k: (x, 1.6 * np.exp(-((x - 0.15 * q) ** 2) * 6 * p * k) - 0.75),
        lambda k: (x, np.clip(0.12 * k * np.tan(2.4 * p * x + phase), -1.4, 1.4)),
        lambda k: (0.9 * k * np.sin(a * t + phase), 0.9 * k * np.sin(b * t)),  # Lissajous
        lambda k: rose(0.95 * k * np.cos((a + 1) * t), t),
        lambda k: rose(0.3 * k * (1 + 0.9 * np.cos(8 * t) * veins) * (1 + np.sin(t)), t + np.pi),
        lambda k: rose(0.045 * k * (t * 3), 3 * t + phase),  # a spiral
        lambda k: rose(0.42 * k * (1 + 0.9 * np.cos(t - phase)), t),  # a cardioid
        lambda k: (0.62 * k * np.cos(t) + wheel[0], 0.62 * k * np.sin(t) - wheel[1]),  # it rolls on another
    ]
    return pick(rng, formulas)


def rose(radius: np.ndarray | float, angle: np.ndarray) -> Curve:
    """Polar to x and y."""
    return radius * np.cos(angle), radius * np.sin(angle)


def haze(image: np.ndarray, sigma: float) -> np.ndarray:
    """A wide Gaussian blur, made on a quarter of the size, where it costs a hundredth."""
    side = len(image)
    return cv2.resize(blur(reduced(image, side // 4), sigma / 4), (side, side))


def board(rng: Random, size: int) -> np.ndarray:
    """Curves drawn in ink, chalk or light, on a sheet that is seen a little askew."""
    canvas = 2 * size
    ground = pick(rng, ["paper", "paper", "chalk", "dark"])
    palette = Palette(rng)
    if ground == "paper":
        colour = lch(rng.uniform(0.86, 0.97), rng.uniform(0, 0.04), rng.uniform(60, 100))
    elif ground == "chalk":
        colour = lch(rng.uniform(0.25, 0.38), rng.uniform(0.01, 0.05), pick(rng, [160, 170, 260]))
    else:
        colour = lch(rng.uniform(0.1, 0.25), rng.uniform(0.01, 0.05), rng.uniform(220, 320))
    lab = np.full((canvas, canvas, 3), colour, np.float32)
    # the projection from the plane of the formula, about -1..1, to pixels: a sheet on a table, seen askew
    corners = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]], np.float32)
    zoom, askew = rng.uniform(0.34, 0.75), 0.16 * rng.random()
    seen = 0.5 + rng.normal(0, 0.06, 2) + zoom * corners * [1, -1] + rng.uniform(-askew, askew, (4, 2))
    matrix = cv2.getPerspectiveTransform(corners, (seen * canvas).astype(np.float32))
    bright = ground != "paper"
    if rng.random() < 0.75:
        axes(rng, lab, matrix, colour, bright)
    curves = family(rng)
    fan = int(pick(rng, [1, 1, 2, 3, 8, 16]))
    width = rng.uniform(1.2, 6) if fan < 4 else rng.uniform(1, 2.2)
    filled = rng.random() < 0.35
    inks, coloured = palette.gradient(rng, 5), rng.random() < 0.7
    for step in np.linspace(0, 1, fan):
        ink = inks[int(rng.uniform(0, 255) if fan < 4 else 30 + 200 * step)].copy()
        ink[0] = max(ink[0], 0.7) if bright else min(ink[0], 0.55)
        ink[1:] *= np.float32(min(4.0, 0.12 / max(float(np.hypot(*ink[1:])), 1e-3)) if coloured else 1)
        curve = curves(1 - 0.75 * step if fan > 1 else 1.0)
        draw_curves(lab, matrix, [curve], ink, width * canvas / 512, filled)
    if ground == "chalk":  # chalk leaves gaps where the board is rough, and dust around
        dust = np.clip(lab[..., 0] - colour[0], 0, 1)
        rough = blur(rng.standard_normal((canvas, canvas), dtype=np.float32), 0.9) * 3
        lab = mix(lab, colour, np.clip(0.35 + 0.35 * rough, 0, 0.8) * (dust > 0.05))
        lab[..., 0] += haze(dust, canvas / 40) * 0.35
        lab[..., 0] += fractal(rng, canvas, 1.2, 4, rng.uniform(0, 3)) * 0.02
    elif ground == "dark":  # lines that glow
        lab = lab + haze(lab - colour, canvas / 60) * np.float32(0.9)
    lab = reduced(lab, size)
    y, x = grid(size)
    lab += mottled(rng, size, 0, 0.018, 0.8) * np.float32(rng.uniform(0.5, 1.5))
    fall = rng.normal(0, 0.14, 2).astype(np.float32)
    lab[..., 0] *= 1 + fall[0] * (x - 0.5) + fall[1] * (y - 0.5) + fractal(rng, size, 2.4) * np.float32(0.03)
    return photograph(rng, lab, meter=0.2)


def draw_curves(
    lab: Lab, matrix: np.ndarray, curves: list[Curve], ink: np.ndarray, width: float, filled: bool = False
) -> None:
    """Draw curves of the plane in one ink, over a light wash of their inside if they are filled."""
    seen = [cv2.perspectiveTransform(np.stack(curve, -1)[None], matrix)[0] for curve in curves]
    points = [fixed(np.clip(line, -4000, 4000)) for line in seen]
    mask = np.zeros(lab.shape[:2], np.uint8)
    if filled:
        cv2.fillPoly(mask, points, 90, cv2.LINE_AA, 4)
    cv2.polylines(mask, points, False, 255, max(1, round(width)), cv2.LINE_AA, 4)
    paint(lab, ink, mask * np.float32(1 / 255))


def axes(rng: Random, lab: Lab, matrix: np.ndarray, ground: np.ndarray, bright: bool) -> None:
    """Two axes with ticks, and on some sheets the squares of the paper."""
    canvas = len(lab)
    ends, tick = np.array([-1.6, 1.6]), np.array([-0.02, 0.02])
    if rng.random() < 0.6:
        faint = mix(ground, lch(0.75 if bright else 0.6, 0.06, 240), 0.45)
        places = np.arange(-1.6, 1.61, pick(rng, [0.1, 0.2]))
        squares = [line for at in places for line in ((ends, np.full(2, at)), (np.full(2, at), ends))]
        draw_curves(lab, matrix, squares, faint, canvas / 512)
    ticks = [(np.full(2, at), tick) for at in np.arange(-1, 1.01, 0.2)]
    both = [(ends, np.zeros(2)), (np.zeros(2), ends)]
    draw_curves(lab, matrix, both + ticks, lch(0.9 if bright else 0.2, 0.01, 90), canvas / 350)


def height_field(rng: Random, x: Field, y: Field) -> Field:
    """A formula of x and y, about -1..1."""
    p, q, s = rng.uniform(0.6, 2.2, 3).astype(np.float32)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    z = x + 1j * y
    waves = whole(rng, 2, 7)
    fifths = np.arange(5, dtype=np.float32) * np.float32(np.pi / 5)
    formulas: list[Callable[[], Field]] = [
        lambda: np.sin(p * 2 * x + np.sin(q * 2 * y)) * np.cos(s * 1.5 * y),
        lambda: np.sin(3 * p * radius) / (0.6 + radius * q),
        lambda: np.cos(waves * angle + 3 * q * radius) * np.exp(-0.3 * radius),
        lambda: (x**3 - 3 * x * y**2) * 0.3 * np.exp(-0.3 * radius**2) * 3,
        lambda: sum(np.cos(4 * p * (x * np.cos(k) + y * np.sin(k))) for k in fifths) / 3,
        lambda: np.sin(x * y * p) * np.cos(q * (x - y)),
        lambda: np.sin(np.angle((z**2 - 1) * (z - 2 - 1j) ** 2 / (z**2 + 2 + 2j + 1e-3)).astype(np.float32)),
        lambda: np.tanh(np.log(np.abs(z**3 - 1) + 0.1).astype(np.float32)),
        lambda: np.sin(p * x**2 + q * y**2) * np.float32(0.9),
    ]
    return np.asarray(pick(rng, formulas)(), np.float32)


def field(rng: Random, size: int) -> np.ndarray:
    """A formula of x and y as colour: smooth, in steps, or with lines of equal height."""
    zoom, angle = np.float32(rng.uniform(2.5, 6)), np.float32(rng.uniform(0, 2 * np.pi))
    shift = rng.normal(0, 0.3, 2).astype(np.float32)
    down, right = grid(size)
    right, down = (right - 0.5 + shift[0]) * zoom, (down - 0.5 + shift[1]) * zoom
    x, y = right * np.cos(angle) - down * np.sin(angle), right * np.sin(angle) + down * np.cos(angle)
    if rng.random() < 0.5:
        x, y = x + np.sin(y * rng.uniform(0.5, 1.5)) * 0.5, y + np.cos(x * rng.uniform(0.5, 1.5)) * 0.5
    values = height_field(rng, x, y)
    low, high = np.quantile(values[::4, ::4], [0.02, 0.98])  # a peak alone would leave the rest flat
    level = np.clip((values - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
    look = pick(rng, ["smooth", "steps", "lines", "lit"])
    steps = whole(rng, 5, 14)
    if look == "steps":
        scaled = level * steps
        level = (np.floor(scaled) + ramp(scaled % 1, 0.9, 1.0)) / (steps + 1)
    colours = Palette(rng).gradient(rng, whole(rng, 3, 6))
    lab = colours[np.clip(level * 255, 0, 255).astype(int)].copy()
    if look == "lines":
        scaled = level * steps
        near = np.abs(scaled % 1 - 0.5) / (np.hypot(*np.gradient(scaled)) + 1e-4)
        lab[..., 0] += np.float32(pick(rng, [-0.25, 0.25])) * np.clip(1.6 - near, 0, 1)
    elif look == "lit":
        down, right = np.gradient(values * size / 18)
        lab[..., 0] += np.clip((down * 0.6 - right * 0.8) * np.float32(0.22), -0.3, 0.3)
    lab += mottled(rng, size, 0, 0.025 * rng.random(), 1.0)
    return photograph(rng, lab)


def surface(rng: Random, size: int) -> np.ndarray:
    """A formula of x and y as a hilly sheet in space, lit from the side; painted from the back to the front."""
    canvas, cells = 2 * size, 46
    side = np.linspace(-2.4, 2.4, cells, dtype=np.float32)
    x, y = np.meshgrid(side, side)
    height = height_field(rng, x, y)
    height = height / max(np.abs(height).max(), 1e-6) * rng.uniform(0.5, 1.1)
    turn, tilt = rng.uniform(0.2, 1.3), rng.uniform(0.35, 0.75)
    right, back = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    zoom = rng.uniform(0.13, 0.24) * canvas / (1 + 0.09 * back)  # the far side is smaller
    across = canvas * 0.5 + right * zoom
    down = canvas * rng.uniform(0.45, 0.58) - (back * tilt + height * (1 - tilt * 0.4)) * zoom
    slope_y, slope_x = np.gradient(height, 4.8 / cells)
    normal = np.stack([-slope_x, -slope_y, np.ones_like(height)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    sun = np.array([rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.5, 1.2)])
    lit = np.clip(normal @ (sun / np.linalg.norm(sun)), 0, 1)
    palette = Palette(rng)
    colours = palette.gradient(rng, 4)
    level = (height - height.min()) / max(np.ptp(height), 1e-6)
    skin = colours[np.clip(level * 255, 0, 255).astype(int)].copy()
    skin[..., 0] = skin[..., 0] * (0.35 + 0.75 * lit) + 0.25 * lit**12
    behind = palette.colours(rng)[0] * np.array([1, 0.4, 0.4], np.float32)  # quieter than the sheet
    backdrop = mottled(rng, canvas // 2, behind, 0.03, 1.6)
    lab = cv2.resize(backdrop, (canvas, canvas))
    lab[..., 0] += (np.linspace(-0.1, 0.1, canvas, dtype=np.float32) * np.float32(rng.normal(0, 1)))[:, None]
    wire = rng.random() < 0.4
    points = fixed(np.stack([across, down], -1))
    paint = to_rgb(np.ascontiguousarray(skin)) * 255
    picture = np.ascontiguousarray(np.round(to_rgb(lab) * 255).astype(np.uint8))
    for place in np.argsort(-(back[:-1, :-1] + back[1:, 1:]).ravel()):
        row, column = divmod(int(place), cells - 1)
        corners = points[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
        colour = paint[row : row + 2, column : column + 2].mean((0, 1)).tolist()
        cv2.fillConvexPoly(picture, corners, colour, cv2.LINE_AA, 4)
        if wire:
            cv2.polylines(picture, [corners], True, [c * 0.7 for c in colour], 1, cv2.LINE_AA, 4)
    rough = fractal(rng, size, 0.9)[..., None] * np.float32(0.025 * rng.random())
    smooth = blur(reduced(picture, size).astype(np.float32) / 255, rng.uniform(0.2, 0.7))
    return np.clip(smooth * (1 + rough), 0, 1).astype(np.float32)
