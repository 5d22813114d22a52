"""Buildings: walls with windows, seen in perspective under a sky, alone, in a street or as a skyline."""

from itertools import pairwise

import cv2
import numpy as np

from abstract_beauty.data.generators.brushes import Lab, blur, fixed, grid, mix, paint, ramp, reduced, sample
from abstract_beauty.data.generators.clouds import SKIES, sky
from abstract_beauty.data.generators.noise import Random, Textures, fractal, pick, whole
from abstract_beauty.data.generators.palette import Palette, lch, lighter, mottled, photograph

WALLS = ("brick", "stone", "skin", "wood", "mist", "random", "dusk")
NIGHTS = ("dusk", "moonlit", "ember")
OVER = 1.5  # drawn so much larger and reduced in the end, against jagged edges


def draw_buildings(rng: Random, size: int) -> np.ndarray:
    """A picture of buildings, (size, size, 3) in `[0, 1]`."""
    draw = pick(rng, (front, corner, street, skyline))
    return photograph(rng, draw(rng, size, pick(rng, list(SKIES))))


class Style:
    """What the windows and walls of one building share."""

    def __init__(self, rng: Random, night: bool) -> None:
        dim = 0.5 if night else 1.0
        self.wall, self.frame = Palette(rng, WALLS).colours(rng, 2)
        self.wall[0] = np.clip(self.wall[0], 0.25, 0.9) * dim
        self.wall[1:] *= np.float32(0.8)
        self.frame[0] = np.clip(self.wall[0] + pick(rng, [-0.25, 0.25]), 0.1, 0.95)
        self.glass = lch(rng.uniform(0.2, 0.5) * dim, 0.03, rng.uniform(200, 270))
        self.lit_share = rng.uniform(0.15, 0.6) if night else rng.uniform(0, 0.06)
        self.width, self.height = rng.uniform(0.35, 0.8), rng.uniform(0.4, 0.8)
        self.bars, self.arched = whole(rng, 0, 3), rng.random() < 0.2
        self.bricks = rng.random() < 0.45
        self.sills, self.bands = rng.random() < 0.6, rng.random() < 0.4
        self.blinds = rng.random() < 0.4
        self.sky = lch(rng.uniform(0.55, 0.85) * dim, 0.05, rng.uniform(220, 260))


def facade(rng: Random, style: Style, size: int, columns: int, rows: int) -> Lab:
    """One wall seen straight from the front, OKLab (size, size, 3); windows in `rows` times `columns` cells."""
    lab = mottled(rng, size, style.wall, 0.022, 1.1)
    y, x = grid(size)
    if style.bricks:
        lab = bricks(rng, lab, rows * whole(rng, 5, 9), columns, rows)
    else:
        streaks = fractal(rng, size, 1.0, 6, np.pi / 2)  # rain runs down a wall
        lab[..., 0] += streaks * np.float32(0.018)
    cell_x, cell_y = (x * columns) % 1 - 0.5, (y * rows) % 1 - 0.5
    column, row = ((at * count).astype(int).clip(max=count - 1) for at, count in ((x, columns), (y, rows)))
    if style.bands:
        lab[..., 0] += 0.06 * ramp(np.abs(cell_y), 0.44, 0.46)
        lab[..., 0] -= 0.1 * ramp(-cell_y, 0.38, 0.44) * ramp(cell_y, -0.45, -0.44)
    top = style.height / 2
    half = np.full_like(cell_x, style.width / 2)
    if style.arched:  # a half circle on top of the window
        rise = np.clip((-cell_y - top * 0.4) / (top * 0.6), 0, 1)
        half = half * np.sqrt(1 - rise**2)
    px, py = size / columns, size / rows  # pixels of a cell
    inside = np.minimum((half - np.abs(cell_x)) * px, (top - np.abs(cell_y)) * py)  # pixels from the edge
    edge = np.clip(0.06 * min(px, py), 1, 5)
    shadow = np.minimum((half - np.abs(cell_x - 0.04)) * px, (top - np.abs(cell_y - 0.05)) * py)
    lab[..., 0] *= 1 - 0.25 * np.clip(shadow / edge + 0.5, 0, 1)
    lab = mix(lab, style.frame, np.clip(inside + 0.5, 0, 1))
    number = rng.random((rows, columns), dtype=np.float32)
    tone, lit = number[row, column], (rng.random((rows, columns)) < style.lit_share)[row, column]
    reflection = blur(fractal(rng, size, 1.5), 1) * 0.5 + (0.5 - y) + 0.6 * (tone - 0.5) - cell_y * 0.5
    glass = mix(np.broadcast_to(style.glass, lab.shape), style.sky, np.clip(0.35 + 0.45 * reflection, 0, 1))
    if style.blinds:
        drawn = rng.uniform(-0.5, 0.5, (rows, columns)).astype(np.float32)[row, column] * style.height
        cloth = style.frame + np.array([0.08, 0, 0.01], np.float32)
        glass = mix(glass, cloth, np.clip((drawn - cell_y) * py, 0, 1) * (tone > 0.5))
    warm = lch(0.8, 0.12, 78) + np.array([0.12, 0, 0], np.float32) * (tone[..., None] - 0.5)
    warm = warm - np.array([0.35, 0, 0], np.float32) * np.abs(cell_x)[..., None]
    glass = mix(glass, warm, lit.astype(np.float32) * 0.92)
    panes = np.clip(inside - edge + 0.5, 0, 1)
    for bar in range(style.bars):
        across = (cell_x, cell_y)[bar % 2] * (px, py)[bar % 2]
        panes = panes * np.clip(np.abs(across) - edge * 0.35 + 0.5, 0, 1)
    glass[..., 0] *= 1 - 0.35 * np.clip(1 - (cell_y + top) * py / (edge * 2.5), 0, 1)  # the lintel's shadow
    lab = mix(lab, glass, panes)
    if style.sills:
        below, beside = (cell_y - top) * py, np.abs(cell_x) < style.width / 2 + 0.04
        sill, shade = (below > 0) & (below < edge * 1.4), (below >= edge * 1.4) & (below < edge * 2.6)
        lab = mix(lab, lighter(style.frame, 0.08), sill & beside)
        lab[..., 0] *= 1 - 0.25 * (shade & beside)
    return lab


def bricks(rng: Random, lab: Lab, courses: int, columns: int, rows: int) -> Lab:
    """Bricks in courses with mortar between, every one of its own tone."""
    y, x = grid(len(lab))
    across = max(4, int(courses * 0.42 * columns / rows * 1.4))
    course = (y * courses).astype(int)
    shifted = x * across + 0.5 * (course % 2)
    in_x, in_y = np.abs(shifted % 1 - 0.5), (y * courses) % 1
    tones = rng.normal(0, 0.05, (courses + 1, across + 2)).astype(np.float32)[course, shifted.astype(int)]
    thick = 0.12
    joint = np.maximum(ramp(np.abs(in_y - 0.5), 0.5 - thick, 0.5), ramp(in_x, 0.5 - thick * 0.45, 0.5))
    lab = lab + tones[..., None] * np.array([1, 0.12, 0.1], np.float32)
    lab[..., 0] += 0.03 * (0.5 - in_y)
    grey = lab.mean((0, 1)) * np.array([1, 0.3, 0.3], np.float32)
    return mix(lab, lighter(grey, rng.uniform(-0.12, 0.14)), joint)


def hang(picture: Lab, wall: Lab, corners: np.ndarray) -> None:
    """Put a wall into a picture; `corners` in shares of the picture: top left, top right, bottom right, bottom left."""
    size, side = len(picture), len(wall)
    points = corners * size
    left, top = np.clip(np.floor(points.min(0)), 0, size).astype(int).tolist()
    right, bottom = np.clip(np.ceil(points.max(0)) + 1, 0, size).astype(int).tolist()
    if left >= right or top >= bottom:
        return
    points = (points - [left, top]).astype(np.float32)
    flat = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, points)
    spans = np.linalg.norm(points - np.roll(points, 1, 0), axis=1)
    smooth = blur(wall, min(2.0, 0.35 * side / max(float(spans.mean()), 1.0)))  # a wall that is made smaller
    place = right - left, bottom - top
    turned = cv2.warpPerspective(smooth, matrix, place, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(place[::-1], np.uint8)
    cv2.fillConvexPoly(mask, fixed(points), 255, cv2.LINE_AA, 4)
    paint(picture[top:bottom, left:right], turned, mask * np.float32(1 / 255))


def _ground(rng: Random, size: int, name: str) -> Lab:
    """The sky behind, a little out of focus, larger than the picture by `OVER`."""
    behind = blur(sky(rng, size, name, rng.uniform(0.9, 1.3)), rng.uniform(0, 1.5))
    return cv2.resize(behind, (int(OVER * size), int(OVER * size)))


def front(rng: Random, size: int, name: str) -> Lab:
    """A wall that fills the picture, or leaves some sky at the top, seen a little from the side or from below."""
    style = Style(rng, name in NIGHTS)
    rows = whole(rng, 1, 7)
    columns = max(1, int(rows * rng.uniform(0.8, 1.6)))
    wall = facade(rng, style, int(OVER * size), columns, rows)
    top = rng.uniform(0.05, 0.35) if rng.random() < 0.4 else -0.05
    left, right, narrow = *rng.uniform(-0.15, 0.25, 2), rng.uniform(0, 0.12)
    corners = np.array([[-0.05 + narrow, top], [1.05 - narrow, top], [1.2, 1.1], [-0.2, 1.1]])
    if top > 0:
        corners[:2, 1] += [left, right]
    else:
        corners[:, 1] += [-abs(left), -abs(right), abs(right), abs(left)]
        corners[:2, 0] += [-0.25, 0.25]
    lab = _ground(rng, size, name)
    if rng.random() >= 0.6:  # on some walls lies the shadow of another house or a tree
        y, x = grid(len(wall))
        slope, ragged = rng.normal(0, 1), fractal(rng, len(wall), 1.4) * pick(rng, [0, 0.12])
        beyond = y - 0.5 + slope * (x - 0.5) + ragged + rng.normal(0, 0.15)
        shade = ramp(beyond, -0.006, 0.006 + 0.05 * rng.random())
        wall = wall * (1 - np.float32(rng.uniform(0.2, 0.45)) * shade[..., None])
    hang(lab, wall, corners)
    return reduced(lab, size)


def corner(rng: Random, size: int, name: str) -> Lab:
    """A house or tower seen at its corner: two walls, one in the light."""
    style, lab = Style(rng, name in NIGHTS), _ground(rng, size, name)
    rows = whole(rng, 3, 13)
    edge, top, foot = rng.uniform(0.3, 0.7), rng.uniform(-0.1, 0.3), rng.uniform(0.95, 1.25)
    left, right = edge - rng.uniform(0.25, 0.7), edge + rng.uniform(0.25, 0.7)
    falls = rng.uniform(0.05, 0.3, 2)
    sunny = rng.uniform(-0.12, -0.05), rng.uniform(0.02, 0.07)
    sunny = sunny if rng.random() < 0.5 else sunny[::-1]
    for outer, fall, light, flip in ((left, falls[0], sunny[0], False), (right, falls[1], sunny[1], True)):
        columns = max(2, int(rows * abs(outer - edge) / (foot - top) * rng.uniform(1.2, 1.8)))
        wall = facade(rng, style, int(OVER * size), columns, rows)
        wall[..., 0] += np.float32(light)
        corners = np.array([[outer, top + fall], [edge, top], [edge, foot], [outer, foot - fall * 0.4]])
        hang(lab, wall, corners[[1, 0, 3, 2]] if flip else corners)
    return reduced(_pavement(rng, lab, foot - max(falls) * 0.4), size)


def _pavement(rng: Random, lab: Lab, line: float) -> Lab:
    """A street or square below the line, its stones smaller the farther they lie; wet ones mirror a little."""
    size = len(lab)
    y, x = grid(size)
    depth = 1 / (np.clip(y - line, 0, 1) + 0.06)
    texture = fractal(rng, size, 0.9)
    stones = sample(texture, (x - 0.5) * depth * size * 0.12, depth * size * 0.12)
    light = rng.uniform(0.45, 0.8) * float(lab[-size // 4 :, :, 0].mean())
    ground = np.full_like(lab, lch(light, 0.012, rng.uniform(60, 260)))
    ground[..., 0] += stones * 0.03 + (y - line) * np.float32(0.2)
    if rng.random() < 0.4:
        row = ((2 * line - y) * size + stones * 3).clip(0, size - 1)
        ground = mix(ground, blur(sample(lab, x * size, row), size / 200), rng.uniform(0.15, 0.5))
    return mix(lab, ground, ramp(y, line - 0.003, line + 0.003))


def street(rng: Random, size: int, name: str) -> Lab:
    """Two rows of houses that run to one point, the street between them and the sky above."""
    lab = _ground(rng, size, name)
    x, y = rng.uniform(0.35, 0.65), rng.uniform(0.5, 0.75)
    lab = _pavement(rng, lab, y)
    light = rng.permutation([0.05, -0.1])
    for side, sun in zip((-1, 1), light, strict=True):
        for far, near in pairwise((3.2, 1.9, 1.25, 0.85, 0.55)):
            style, rows = Style(rng, name in NIGHTS), whole(rng, 3, 7)
            tall = rng.uniform(0.5, 1.0)
            wall = facade(rng, style, size, whole(rng, 2, 5), rows)
            wall[..., 0] += np.float32(sun)
            wall = mix(wall, lab[: size // 2].mean((0, 1)), 0.1 * far)  # the air between
            places = ((far, -tall), (near, -tall), (near, 0.2), (far, 0.2))
            corners = np.array([[x + side * 0.42 / d, y + rise / d] for d, rise in places])
            hang(lab, wall, corners if side > 0 else corners[[1, 0, 3, 2]])
    return reduced(lab, size)


def skyline(rng: Random, size: int, name: str) -> Lab:
    """Towers behind towers; the far ones fade into the air, and at night their windows burn."""
    lab, night = _ground(rng, size, name), name in NIGHTS
    air = lab[int(1.2 * size) :].mean((0, 1))
    layers, textures = 3, Textures(rng, size)
    for layer in range(layers):
        near = (layer + 1) / layers
        at = rng.uniform(-0.1, 0.05)
        while at < 1:
            width = rng.uniform(0.08, 0.2) * (0.6 + 0.7 * near)
            top = rng.uniform(0.15, 0.6) + 0.22 * near
            style, rows = Style(rng, night), whole(rng, 8, 26)
            columns = max(2, int(rows * width / (1 - top + 0.05) * rng.uniform(0.8, 1.5)))
            wall = facade(rng, style, size // 2, columns, rows)
            wall[..., 0] += textures.piece(rng, size // 2, size // 2, 0) * 0.02
            wall[..., 0] += np.linspace(-0.06, 0.06, size // 2, dtype=np.float32) * pick(rng, [-1, 1])
            wall = mix(wall, air, 0.75 * (1 - near) ** 0.8)
            hang(lab, wall, np.array([[at, top], [at + width, top], [at + width, 1.1], [at, 1.1]]))
            at += width * rng.uniform(0.85, 1.5)
    return reduced(lab, size)
