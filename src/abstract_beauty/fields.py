"""Fields of displacements u, and pictures drawn by them: y(p) = x(p + u(p)).

A field is kept as a velocity v, which `follow` integrates for a time, the strength: to 1 as it was found, to 0 a copy,
to -1 its inverse. However far it goes, neighbours stay neighbours and nothing leaves the frame, since v is smooth and 0
at the border: no colour appears that was not there, and no region is folded away.
"""

import math
from functools import lru_cache

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor

STEP = 2  # pixels between the points at which a velocity is kept
TIMES = 8  # steps in which it is followed
TAPS = 16  # of the filter that doubles a picture's resolution
STRIP = 256  # rows of a large picture that are drawn together
LARGEST = 512  # of a picture whose short side is longer, the field is found on a reduced one
LEAST_AREA = 0.02  # of a pixel, that each covers of the original at least: nothing is drawn out further


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is kept must serve a descent as well
def _splines(points: int, cells: int) -> Float[Tensor, "points nodes"]:
    """Cubic B-splines on `cells` equal cells, at `points` places from end to end; a column for each inner node.

    Each end is a node of its own, whose value is 0, and beyond it the spline is continued with the sign turned, so what
    is made of them is 0 at both ends.
    """
    place = torch.linspace(0, cells, points)[:, None]
    distance = (place - torch.arange(-1, cells + 2)).abs()
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance).clamp(min=0) ** 3 / 6
    values = torch.where(distance < 1, near, far)
    inner = values[:, 2:-2].clone()
    inner[:, 0] -= values[:, 0]
    inner[:, -1] -= values[:, -1]
    return inner


def grid_of(h: int, w: int, step: float) -> tuple[int, int]:
    """How many cells of about `step` pixels a picture's height and width are cut into, at least two each."""
    return max(2, round((h - 1) / step)), max(2, round((w - 1) / step))


def reduced_to(x: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b c hs ws"], float]:
    """x with a short side of LARGEST pixels at most, and by how many times it was reduced."""
    scale = max(1.0, min(x.shape[2:]) / LARGEST)
    if scale == 1:
        return x, scale
    size = [round(side / scale) for side in x.shape[2:]]
    return functional.interpolate(x, size=size, mode="bilinear", antialias=True), scale


def velocity(
    nodes: Float[Tensor, "b 2 rows columns"], h: int, w: int, *, stream: bool = False
) -> Float[Tensor, "b 2 hs ws"]:
    """The velocity (down, right), in pixels, of a picture of h x w, at points about STEP pixels apart.

    Args:
        nodes: coefficients of cubic B-splines on an even grid from border to border, the border's own left out.
        stream: take the first of the two as a stream function, in squared pixels / 8: its turned gradient carries areas
            along without changing them.
    """
    hs, ws = grid_of(h, w, STEP)
    rows, columns = (_splines(n + 1, k + 1).to(nodes) for n, k in zip((hs, ws), nodes.shape[2:], strict=True))
    v = rows @ nodes @ columns.T
    if stream:
        down, right = torch.gradient(v[:, :1], spacing=((h - 1) / hs / 8, (w - 1) / ws / 8), dim=(2, 3))
        v = torch.cat([right, -down], dim=1)
    return v


def follow(v: Float[Tensor, "b 2 hs ws"], h: int, w: int, strength: float = 1.0) -> Float[Tensor, "b 2 h w"]:
    """The displacement u (down, right), in pixels, at which a point ends that is carried by v for a time `strength`.

    Equation: dp/dt = v(p), by TIMES steps of Euler; u(p) = p(strength) - p(0) (the exponential of a stationary
    velocity; Arsigny et al. 2006).
    """
    scale = v.new_tensor([(h - 1) / (v.shape[2] - 1), (w - 1) / (v.shape[3] - 1)]).view(2, 1, 1)
    here, part = _places(*v.shape[2:], v), v * (strength / TIMES)
    u = part
    for _ in range(TIMES - 1):
        u = u + _read(part, here + u / scale, "bilinear")
    return functional.interpolate(u, size=(h, w), mode="bicubic", align_corners=True)


def areas(u: Float[Tensor, "b 2 h w"]) -> Float[Tensor, "b h w"]:
    """det J of p -> p + u(p): the area that each pixel had in the original, in pixels; below 0 where it folds."""
    down, right = torch.gradient(u, dim=(2, 3))
    return (1 + down[:, 0]) * (1 + right[:, 1]) - down[:, 1] * right[:, 0]


def unfolded(
    v: Float[Tensor, "b 2 hs ws"], h: int, w: int, strength: float = 1.0
) -> Float[Tensor, "b 2 h w"]:
    """`follow`, for each picture as long a time up to `strength` as keeps every area above LEAST_AREA.

    Of a picture whose short side is longer than LARGEST the areas are measured on a reduced one.
    """
    if len(v) > 1:
        return torch.cat([unfolded(one, h, w, strength) for one in v.split(1)])
    scale = max(1.0, min(h, w) / LARGEST)
    small = v / scale, round(h / scale), round(w / scale)
    u = follow(*small, strength)
    while v.isfinite().all() and not (areas(u).min() >= LEAST_AREA):  # nor is what grew beyond all numbers
        strength *= 0.95
        u = follow(*small, strength)
    return u if scale == 1 else follow(v, h, w, strength)


def moved(
    x: Float[Tensor, "b c h w"], u: Float[Tensor, "b 2 h w"], twice: Tensor | None = None
) -> Float[Tensor, "b c h w"]:
    """y(p) = x(p + u(p)), values in [0, 1]; differentiable in u and x.

    x is brought to twice its resolution first and read there by cubic interpolation: interpolated as it is, a shift of
    half a pixel would blur, and a blurred picture is easier to predict. A large picture is drawn in strips, without
    seams. `twice` is `doubled(x)`, for whoever draws x again and again.
    """
    h, w = x.shape[2:]
    places = _places(h, w, u)
    if twice is not None or h <= 2 * STRIP or torch.is_grad_enabled():
        return _read(doubled(x) if twice is None else twice, 2 * (places + u), "bicubic").clamp(0, 1)
    y = torch.empty_like(x)
    for top in range(0, h, STRIP):
        there = places[:, top : top + STRIP] + u[:, :, top : top + STRIP]
        first = max(0, int(there[:, 0].min()) - TAPS)
        last = min(h, int(there[:, 0].max()) + TAPS + 1)
        there[:, 0] -= first
        y[:, :, top : top + STRIP] = _read(doubled(x[:, :, first:last]), 2 * there, "bicubic").clamp(0, 1)
    return y


def _places(h: int, w: int, like: Tensor) -> Float[Tensor, "2 h w"]:
    """The place (down, right) of each pixel."""
    rows, columns = (torch.arange(n, dtype=like.dtype, device=like.device) for n in (h, w))
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"))


def _read(
    image: Float[Tensor, "b c _ _"], places: Float[Tensor, "b 2 h w"], mode: str
) -> Float[Tensor, "b c h w"]:
    """An image at places (down, right) in its pixels, by `grid_sample`; beyond the border it goes on as there."""
    h, w = image.shape[2:]
    grid = torch.stack([places[:, 1] * (2 / (w - 1)) - 1, places[:, 0] * (2 / (h - 1)) - 1], dim=-1)
    return functional.grid_sample(image, grid, mode, "border", align_corners=True)


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def _between() -> Float[Tensor, "n"]:
    """A filter that reads half-way between samples: a sinc under a cosine's square."""
    place = torch.arange(TAPS) - (TAPS - 1) / 2
    taps = torch.sinc(place) * torch.cos(math.pi * place / (TAPS + 1)) ** 2
    return taps / taps.sum()


def doubled(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
    """x at twice its resolution: its own pixels at the even places, band-limited interpolation at the odd ones."""
    taps, near = _between().to(x), (TAPS // 2 - 1, TAPS // 2)
    for dim, kernel, pad in ((2, taps.view(-1, 1), (0, 0, *near)), (3, taps.view(1, -1), (*near, 0, 0))):
        along = functional.pad(x, pad, mode="reflect")
        between = functional.conv2d(along, kernel.expand(x.shape[1], 1, -1, -1), groups=x.shape[1])
        x = torch.stack([x, between], dim=dim + 1).flatten(dim, dim + 1)
    return x
