"""Move what is in a picture until it is as predictable as moving can make it: descent on the field itself."""

import math

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm

from abstract_beauty.checks import check_count, check_number, check_pictures, check_predictor, check_strength
from abstract_beauty.errors import UserError
from abstract_beauty.fields import areas, doubled, follow, grid_of, moved, reduced_to, unfolded, velocity
from abstract_beauty.losses.moving import error_left, moving
from abstract_beauty.prediction.full_prediction import TILE, Predictor, full_prediction
from abstract_beauty.prediction.predictability import SMALLEST_ERROR
from abstract_beauty.training.fit import computes_in_bfloat16

STEPS, SPACING = 120, 4.0
SMALLEST = 96  # pixels of the short side of a reduced picture that is still looked at
# Of the loss `moving`: by area twice as much as plain, nearly.
WEIGHTS = {"k_area": 0.65, "k_detail": 0.3, "k_coarse": 0.0, "k_stiff": 0.005}


def move(
    f: Predictor,
    x: Float[Tensor, "b 3 h w"],
    steps: int = STEPS,
    strength: float = 1.0,
    *,
    field: bool = False,
    spacing: float = SPACING,
    stream: bool = False,
    bad: Predictor | None = None,
    learning_rate: float = 0.7,
    seed: int = 0,
    progress: bool = True,
    **weights: float,
) -> Tensor | tuple[Tensor, Float[Tensor, "b 2 h w"]]:
    """y(p) = x(p + u(p)) with a u for which f guesses y better, as far as `steps` of descent find one; more go on.

    By Adam on the field's splines, on the loss `moving`; each step looks at the picture in full, half or quarter
    size and on a grid of tiles, both drawn anew.

    Args:
        f: a predictor; no parameter of it is changed.
        x: pictures in [0, 1]; each is moved for itself. Of a large one the field is found on a reduced picture.
        steps: of the descent.
        strength: how far along the field that was found: 1 all the way, 0 not at all, below 0 the other way.
        field: return u too, the displacement (down, right) in pixels.
        spacing: fineness of the field, pixels.
        stream: hold every area, or nearly: the field has no divergence.
        bad: a predictor that should not guess y: the ratio of f's error to its error is what has to fall.
        learning_rate: pixels a step at most.
        seed: of the grids.
        progress: show a bar on stderr.
        weights: of the loss, where they are to be others than WEIGHTS.

    Raises:
        UserError: the loss has no such weight, a number is out of range, x is not a batch of pictures, or the descent
            ends in what is no number.
    """
    if odd := weights.keys() - WEIGHTS.keys():
        raise UserError(f"move: there is no weight {odd.pop()!r}; there are {', '.join(WEIGHTS)}")
    check_pictures("move", x, TILE)
    check_strength("move", strength)
    check_count("move", "steps", steps)
    check_number("move", "spacing", spacing, 1)
    check_number("move", "learning_rate", learning_rate, 0)
    for name, value in weights.items():
        check_number("move", name, value)
    check_predictor("move", "f", f)
    if bad is not None:
        check_predictor("move", "bad", bad)
    if strength == 0:
        y, u = x.clone(), x.new_zeros(len(x), 2, *x.shape[2:])
        return (y, u) if field else y
    small, scale = reduced_to(x)
    v = scale * descend(
        f, small, steps, spacing, stream=stream, bad=bad, learning_rate=learning_rate, seed=seed,
        progress=progress, **weights,
    )  # fmt: skip
    if not v.isfinite().all():
        raise UserError(
            "move: the descent ended in what is no number; take smaller weights or a lower learning_rate"
        )
    with torch.no_grad():
        u = unfolded(v, *x.shape[2:], strength)
        y = moved(x, u)
    return (y, u) if field else y


@torch.inference_mode(False)
@torch.enable_grad()
def descend(
    f: Predictor, x: Float[Tensor, "b 3 h w"], steps: int, spacing: float = SPACING, *, stream: bool = False,
    bad: Predictor | None = None, learning_rate: float = 0.7, seed: int = 0, progress: bool = True,
    fixed_grid: bool = False, **weights: float,
) -> Float[Tensor, "b 2 hs ws"]:  # fmt: skip
    """The velocity that the descent of `move` ends with; with `fixed_grid`, on the article's grid of tiles alone."""
    x, generator = x.detach().clone(), torch.Generator().manual_seed(seed)
    kind, (h, w) = x.device.type, x.shape[2:]
    rows, columns = grid_of(h, w, spacing)
    nodes = torch.zeros(len(x), 2, rows - 1, columns - 1, device=x.device, requires_grad=True)
    adam = torch.optim.Adam([nodes], lr=learning_rate, betas=(0.9, 0.95), fused=True)
    weights = WEIGHTS | weights
    sizes = [size for size in (1, 2, 4) if min(h, w) >= size * SMALLEST] or [1]
    twice = doubled(x)
    reduced = {size: functional.avg_pool2d(x, size) for size in sizes}
    for i in tqdm(range(steps), desc="moving", unit="step", disable=not progress, leave=False):
        # A short rise, most of the way at full speed, then a cosine down.
        rise, late = min(1.0, (i + 1) / 5), max(0.0, (i / steps - 0.3) / 0.7)
        adam.param_groups[0]["lr"] = learning_rate * rise * 0.5 * (1 + math.cos(math.pi * late))
        which, dy, dx = torch.randint(32 * len(sizes), (3,), generator=generator).tolist()
        size, phase = sizes[which % len(sizes)], (0, 0) if fixed_grid else (dy % 32, dx % 32)
        u = follow(velocity(nodes, h, w, stream=stream), h, w)
        y = functional.avg_pool2d(moved(x, u, twice), size)
        with torch.autocast(kind, torch.bfloat16, enabled=computes_in_bfloat16(kind)):
            z = full_prediction(f, y, phase)
            z_bad = None if bad is None else full_prediction(bad, y, phase).float()
        loss = moving(reduced[size], y, z.float(), u, **weights)
        if z_bad is not None:
            left = error_left(y, z_bad, areas(u), weights["k_area"])
            loss = loss - left.clamp(min=SMALLEST_ERROR).log().mean()
        (gradient,) = torch.autograd.grad(len(x) * loss, nodes)  # each picture's own
        nodes.grad = gradient.contiguous()
        adam.step()
    return velocity(nodes.detach(), h, w, stream=stream)
