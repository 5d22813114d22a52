"""Move what is in a picture until it is as predictable as moving can make it: descent on the field itself."""

import math

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm

from abstract_beauty.errors import UserError
from abstract_beauty.fields import areas, doubled, follow, grid_of, moved, unfolded, velocity
from abstract_beauty.prediction.full_prediction import Predictor, full_prediction
from abstract_beauty.prediction.predictability import SMALLEST_ERROR, Images, Number, error_map
from abstract_beauty.training.fit import computes_in_bfloat16

FOLD, STEEP = 0.2, 3.0  # an area below which folding is near, and what being there costs
LARGEST = 512
SMALLEST = 96  # pixels of the short side of a reduced picture that is still looked at
WEIGHTS = {"k_area": 0.5, "k_detail": 0.3, "k_stiff": 0.005}  # of `wish`: plain and by area alike


def move(
    f: Predictor,
    x: Float[Tensor, "b 3 h w"],
    steps: int = 120,
    strength: float = 1.0,
    *,
    field: bool = False,
    spacing: float = 4.0,
    stream: bool = False,
    learning_rate: float = 0.7,
    seed: int = 0,
    progress: bool = True,
    **weights: float,
) -> Tensor | tuple[Tensor, Float[Tensor, "b 2 h w"]]:
    """y(p) = x(p + u(p)) with the u for which f guesses y best: the limit of what a network that moves can reach.

    By Adam on the field's splines; the picture is looked at in full, half and quarter size in turn, on a grid of tiles
    that is drawn anew at each step.

    Args:
        f: a predictor; no parameter of it is changed.
        x: pictures in [0, 1]; each is moved for itself. Of a large one the field is found on a picture that is reduced
        to
            a short side of LARGEST pixels.
        steps: of the descent.
        strength: how far along the field that was found: 1 all the way, 0 not at all, below 0 the other way.
        field: return u too, the displacement (down, right) in pixels.
        spacing: fineness of the field, pixels.
        stream: hold every area exactly: the field has no divergence.
        learning_rate: pixels a step at most.
        seed: of the grids.
        progress: show a bar on stderr.
        weights: of `wish`, where they are to be others than WEIGHTS.

    Raises:
        UserError: `wish` has no such weight, or steps or spacing are below 1.
    """
    if odd := weights.keys() - WEIGHTS.keys():
        raise UserError(f"move: there is no weight {odd.pop()!r}; there are {', '.join(WEIGHTS)}")
    if steps < 1 or spacing < 1:
        raise UserError(f"move: steps and spacing must be at least 1, not {steps} and {spacing}")
    h, w = x.shape[2:]
    scale = max(1.0, min(h, w) / LARGEST)
    small = x
    if scale > 1:
        size = [round(side / scale) for side in (h, w)]
        small = functional.interpolate(x, size=size, mode="bilinear", antialias=True)
    v = scale * descend(
        f,
        small,
        steps,
        spacing,
        stream=stream,
        learning_rate=learning_rate,
        seed=seed,
        progress=progress,
        **weights,
    )
    with torch.no_grad():
        u = unfolded(v, h, w, strength)
        y = moved(x, u) if strength else x.clone()
    return (y, u) if field else y


def descend(
    f: Predictor, x: Float[Tensor, "b 3 h w"], steps: int, spacing: float, *, stream: bool = False,
    learning_rate: float = 0.7, seed: int = 0, progress: bool = True, **weights: float,
) -> Float[Tensor, "b 2 hs ws"]:  # fmt: skip
    """The velocity that the descent of `move` ends with."""
    weights = WEIGHTS | weights
    generator = torch.Generator().manual_seed(seed)
    h, w = x.shape[2:]
    rows, columns = grid_of(h, w, spacing)
    nodes = torch.zeros(len(x), 2, rows - 1, columns - 1, device=x.device, requires_grad=True)
    adam = torch.optim.Adam([nodes], lr=learning_rate, betas=(0.9, 0.95))
    low = torch.autocast(x.device.type, torch.bfloat16, enabled=computes_in_bfloat16(x.device.type))
    sizes = [size for size in (1, 2, 4) if min(h, w) >= size * SMALLEST] or [1]
    twice = doubled(x)
    reduced = {size: functional.avg_pool2d(x, size) for size in sizes}
    for i in tqdm(range(steps), desc="moving", unit="step", disable=not progress, leave=False):
        for group in adam.param_groups:  # a short rise, most of the way at full speed, then a cosine down
            late = max(0.0, (i / steps - 0.3) / 0.7)
            group["lr"] = learning_rate * min(1.0, (i + 1) / 5) * 0.5 * (1 + math.cos(math.pi * late))
        which, dy, dx = torch.randint(32 * len(sizes), (3,), generator=generator).tolist()
        size, phase = sizes[which % len(sizes)], (dy % 32, dx % 32)
        u = follow(velocity(nodes, h, w, stream=stream), h, w)
        y, coarse = functional.avg_pool2d(moved(x, u, twice), size), functional.avg_pool2d(u, size) / size
        with low:
            z = full_prediction(f, y, phase)
        loss = wish(reduced[size], y, z.float(), coarse, **weights | {"k_stiff": 0.0})
        loss = loss + weights["k_stiff"] * stiffness(u) + barrier(u)  # of the field in full
        adam.zero_grad()
        loss.backward()
        adam.step()
    return velocity(nodes.detach(), h, w, stream=stream)


def wish(
    x: Images,
    y: Images,
    z: Images,
    u: Float[Tensor, "b 2 h w"],
    *,
    k_area: float,
    k_detail: float,
    k_stiff: float,
) -> Number:
    """mean log of (1 - k_area) MAE(y, z) + k_area sum(J |y - z|) / n, + k_detail (detail lost) + k_stiff (stiffness).

    J = det(1 + du/dp) is the area that each pixel of y had in x: with k_area = 0 dull regions may grow at the cost of
    busy ones, with 1 every part of x counts as much as it did. Detail lost is the share of the energy of the finest
    details (see `_finest`) that is gone; without it, what is fine is enlarged until it is smooth. Stiffness is the mean
    of log^2 J, of |du/dp|, and of a barrier before J = 0.
    """
    area, error = areas(u), error_map(y, z)
    plain, weighted = error.mean((1, 2)), (error * area).mean((1, 2))
    found = ((1 - k_area) * plain + k_area * weighted).clamp(min=SMALLEST_ERROR).log()
    lost = (1 - _finest(y) / _finest(x).clamp(min=1e-6)).clamp(min=0)
    return (found + k_detail * lost).mean() + k_stiff * stiffness(u) + barrier(u)


def stiffness(u: Float[Tensor, "b 2 h w"]) -> Number:
    """mean log^2 J + mean |du/dp|: what grows or shrinks, and how unevenly things move."""
    slopes = u.diff(dim=2).abs().mean() + u.diff(dim=3).abs().mean()
    return areas(u).clamp(min=0.02).log().square().mean() + slopes


def barrier(u: Float[Tensor, "b 2 h w"]) -> Number:
    """Mean square of how far J lies below FOLD, in FOLDs, times STEEP: before anything folds."""
    return STEEP * (1 - areas(u) / FOLD).clamp(min=0).square().mean()


def _finest(x: Images) -> Float[Tensor, "b"]:
    """Energy of the finest details: the mean square of a pixel less its two neighbours' mean, on each axis."""
    rows = (x[:, :, 1:-1] - (x[:, :, :-2] + x[:, :, 2:]) / 2).square().mean((1, 2, 3))
    return rows + (x[..., 1:-1] - (x[..., :-2] + x[..., 2:]) / 2).square().mean((1, 2, 3))
