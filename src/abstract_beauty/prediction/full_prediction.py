"""From an image y to its full prediction z: every tile predicted from its surroundings.

The image is cut into tiles of 32x32 on a grid. A predictor sees the 128x128 context of each tile with the tile hidden
and returns the tile; the returned tiles, put side by side, are z. A predictor that can read an image's surroundings
once for all tiles does so, and gives the same z. Where a context or a tile reaches over the image's
border, the image is completed by reflection. A reflection shows a border tile its own pixels, so every mirror copy of
a tile's own pixels is hidden from it as well: z of a tile never depends on y of that tile, at the border included.
"""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

TILE = 32  # side of a tile, pixels
CONTEXT = 128  # side of the context around it, tile in the centre
MARGIN = (CONTEXT - TILE) // 2  # 48: what the context shows on each side of the tile

Predictor = Callable[[Tensor, Tensor], Tensor]
Phase = tuple[int, int]


def reflected(positions: Tensor, size: int) -> Tensor:
    """Indices into an axis of `size` pixels for any positions, by reflection that does not repeat the edge.

    -1 -> 1, `size` -> size - 2, and on and on: a position may lie many sizes away.
    """
    period = 2 * (size - 1)
    folded = positions.remainder(period)
    return torch.where(folded < size, folded, period - folded)


def along_axis(
    size: int, phase: int, device: torch.device | None = None
) -> tuple[Int64[Tensor, "length"], Bool[Tensor, "tiles 128"]]:
    """The grid along one axis of an image: what completes it, and what each tile must not see.

    Args:
        size: pixels along the axis, >= 32.
        phase: tile edges lie at phase + 32k, 0 <= phase < 32.
        device: where the tensors live.

    Returns:
        For each line of the completed image, which line of the image it shows; and for each tile, which lines of its
        context are its own: the centre, and the mirror copies of its pixels.
    """
    if size < TILE:
        raise ValueError(f"an image must be at least {TILE} pixels high and wide, not {size}")
    if not 0 <= phase < TILE:
        raise ValueError(f"a phase must lie in 0..{TILE - 1}, not {phase}")
    # Where each tile begins; the first at or before the image's edge.
    begins = torch.arange(-(-phase % TILE), size, TILE, device=device)[:, None]
    length = len(begins) * TILE + 2 * MARGIN
    source = reflected(torch.arange(length, device=device) - (-phase % TILE) - MARGIN, size)
    lines = source.unfold(0, CONTEXT, TILE)  # (tiles, 128)
    own = (lines >= begins) & (lines < begins + TILE)
    own[:, MARGIN : MARGIN + TILE] = True
    return source, own


def contexts(
    y: Float[Tensor, "b 3 h w"], phase: Phase = (0, 0)
) -> tuple[Float[Tensor, "n 3 128 128"], Bool[Tensor, "n 1 128 128"]]:
    """The context of every tile of every image, and what is hidden of it.

    Args:
        y: images in [0, 1], h and w >= 32.
        phase: (dy, dx); tile edges lie at dy + 32k and dx + 32k.

    Returns:
        The contexts, image by image, tiles row by row, n = b * rows * columns; and for each a mask that is True where
        the predictor must not look. Hidden pixels are still in the contexts: predictors are the ones to hide them.
    """
    return _contexts(*completed_and_hidden(y, phase))


def completed_and_hidden(
    y: Float[Tensor, "b 3 h w"], phase: Phase = (0, 0)
) -> tuple[Float[Tensor, "b 3 height width"], Bool[Tensor, "rows 128"], Bool[Tensor, "columns 128"]]:
    """What a predictor's `one_pass` is given: images completed by reflection, and what is each tile's own.

    Returns:
        The images, (b, 3, 32 rows + 96, 32 columns + 96); for each row of tiles which lines of its contexts are its
        own, and the same for each column.
    """
    rows, hidden_rows = along_axis(y.shape[2], phase[0], y.device)
    columns, hidden_columns = along_axis(y.shape[3], phase[1], y.device)
    return y.index_select(3, columns).index_select(2, rows), hidden_rows, hidden_columns


def _contexts(completed: Tensor, hidden_rows: Tensor, hidden_columns: Tensor) -> tuple[Tensor, Tensor]:
    images = completed.shape[0]
    windows = completed.unfold(2, CONTEXT, TILE).unfold(3, CONTEXT, TILE)  # (b, 3, rows, columns, 128, 128)
    context = windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, completed.shape[1], CONTEXT, CONTEXT)
    hidden = hidden_rows[:, None, :, None] & hidden_columns[None, :, None, :]  # (rows, columns, 128, 128)
    hidden = hidden.reshape(-1, 1, CONTEXT, CONTEXT).repeat(images, 1, 1, 1)
    return context, hidden


def assemble(
    tiles: Float[Tensor, "n 3 32 32"], images: int, rows: int, columns: int
) -> Float[Tensor, "b 3 h w"]:
    """Put tiles side by side again: the inverse of cutting, in the order of `contexts`."""
    grid = tiles.reshape(images, rows, columns, tiles.shape[1], TILE, TILE)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(images, tiles.shape[1], rows * TILE, columns * TILE)


def full_prediction(
    f: Predictor,
    y: Float[Tensor, "b 3 h w"],
    phase: Phase = (0, 0),
    *,
    method: Literal["auto", "one_pass", "batched", "loop"] = "auto",
    tiles_at_once: int | None = None,
) -> Float[Tensor, "b 3 h w"]:
    """Predict every tile of every image from its surroundings.

    Args:
        f: a predictor, `f(context, hidden) -> tile`: (n, 3, 128, 128) and (n, 1, 128, 128) to (n, 3, 32, 32).
        y: images in [0, 1], any h, w >= 32.
        phase: (dy, dx), 0 <= dy, dx < 32; tile edges lie at dy + 32k and dx + 32k. (0, 0) is the article's grid.
        method: "loop" predicts one tile after another, as the article did, and is kept as the reference;
            "batched" predicts many together, each from its own context; "one_pass" asks the predictor's method
            `one_pass` for whole rows of tiles, for which the surroundings are read once; "auto" is "one_pass" where
            the predictor has it and "batched" where not. All give the same z, up to rounding.
        tiles_at_once: bounds the memory of "batched" and "one_pass": about so many tiles together, but at least one
            row of them. None: 512 of the first, 2048 of the second.

    Returns:
        z, shaped like y, in [0, 1], differentiable in y.

    Raises:
        ValueError: an image is smaller than one tile, the phase lies outside 0..31, or "one_pass" is asked of a
            predictor that has none.
    """
    if method == "auto":
        method = "one_pass" if hasattr(f, "one_pass") else "batched"
    if method == "one_pass" and not hasattr(f, "one_pass"):
        raise ValueError(f"the predictor must have a method `one_pass` for that; {type(f).__name__} has none")
    completed, hidden_rows, hidden_columns = completed_and_hidden(y, phase)
    columns = len(hidden_columns)
    strips = []
    at_once = tiles_at_once or {"one_pass": 2048, "batched": 512, "loop": 1}[method]
    step = max(1, at_once // (len(y) * columns))
    for row in range(0, len(hidden_rows), step):
        lines = hidden_rows[row : row + step]
        strip = completed[:, :, row * TILE : (row + len(lines)) * TILE + 2 * MARGIN]
        if method == "one_pass":
            strips.append(f.one_pass(strip, lines[None], hidden_columns[None]))
            continue
        context, hidden = _contexts(strip, lines, hidden_columns)
        if method == "loop":
            tiles = torch.cat([f(context[i : i + 1], hidden[i : i + 1]) for i in range(len(context))])
        else:
            tiles = f(context, hidden)
        strips.append(assemble(tiles, len(y), len(lines), columns))
    z = torch.cat(strips, dim=2)[..., -phase[0] % TILE :, -phase[1] % TILE :]
    return z[..., : y.shape[2], : y.shape[3]].clamp(0, 1)
