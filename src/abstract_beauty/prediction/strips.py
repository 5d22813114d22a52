"""The strips of pixels before the tiles of an image, as lines of tokens: what the one-pass predictor is given.

A token is 4 pixels of a strip's length and all of its 48 lines, at three resolutions: every pixel of the nearest 8
lines, 2x2 means to line 24, 4x4 means to line 48.
"""

import torch
import torch.nn.functional as functional
from jaxtyping import Bool, Float
from torch import Tensor

from abstract_beauty.prediction.full_prediction import CONTEXT, TILE

STEP = 4  # pixels a token
NEAR, MIDDLE, FAR = 8, 24, 48  # lines before the edge: every pixel; 2x2 means; 4x4 means
# Of a token: its lines at each resolution, and the values of each line; see `strips`.
LINES = (NEAR, (MIDDLE - NEAR) // 2, (FAR - MIDDLE) // 4)
VALUES = (3 * STEP, 3 * STEP // 2, 3 * STEP // 4)
STRIP = sum(n * values for n, values in zip(LINES, VALUES, strict=True))  # 162
# Three tokens side by side, how their colours differ from the middle one's, and which lines are visible.
PARTS = (3 * STRIP, 3 * 3, sum(LINES))


def strips(
    completed: Float[Tensor, "b 3 height width"], visible: Bool[Tensor, "b rows 2 48"], dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The strips above and below each row of tiles as tokens of 4 pixels; n = b rows 2, length = width / 4.

    Args:
        completed: as in `FourSides.one_pass`.
        visible: which lines of each strip may be seen, from the farthest to the nearest.
        dtype: of what the network is given. Differences are taken before they are rounded to it.

    Returns:
        values: (n, length, 162), lines at three resolutions, less the token's own colour, so that a shift of all
            colours changes nothing; a hidden line is 0, and so is a mean over lines of which one is hidden.
        neighbours: (n, length, 9), how the colours of the token before, itself, and the one after differ from its own.
        known: (n, 22), which of those lines are visible.
        colours: (n, length, 3), the mean colour of what is visible of each token's nearest 8 lines.
    """
    rows = visible.shape[1]
    half = _pairs(_pairs(completed, 2), 3) / 4
    scales = [(completed, 1), (half, 2), (_pairs(_pairs(half, 2), 3) / 4, 4)]
    end, lines, clear = FAR, [], []
    for (image, scale), count in zip(scales, LINES, strict=True):
        begin = end - count * scale  # from the nearest lines outward
        step = torch.arange(count, device=image.device)
        sides = torch.stack([begin // scale + step, (CONTEXT - begin) // scale - 1 - step])
        tiles = torch.arange(rows, device=image.device)[:, None, None] * (TILE // scale)
        found = image.index_select(2, (tiles + sides).flatten())
        lines.append(found.unflatten(2, (rows, 2, count)))  # (b, 3, rows, 2, count, width / scale)
        clear.append(visible[..., begin:end].unflatten(3, (count, scale)).all(4))  # (b, rows, 2, count)
        end = begin
    masks = [seen[:, None, ..., None].to(completed.dtype) for seen in clear]
    total = (_pairs(_pairs(lines[0], -1), -1) * masks[0]).sum(4)
    colour = total / (STEP * masks[0].sum(4)).clamp(min=1)  # (b, 3, rows, 2, length)
    values = []
    for (_, scale), found, mask in zip(scales, lines, masks, strict=True):
        pixels = STEP // scale
        level = colour[..., None].expand(*colour.shape, pixels).flatten(4)[..., None, :]
        centred = ((found - level) * mask).to(dtype)
        # Line by line, then token by token: two copies of long runs are faster than one of short ones.
        by_line = centred.permute(0, 2, 3, 4, 1, 5).flatten(0, 2).flatten(1, 2)  # (n, 3 count, width / scale)
        values.append(by_line.unflatten(2, (-1, pixels)).transpose(1, 2).flatten(2))
    flat = colour.permute(0, 2, 3, 4, 1).flatten(0, 2)
    padded = functional.pad(flat, (0, 0, 1, 1))
    neighbours = torch.cat([padded[:, :-2] - flat, torch.zeros_like(flat), padded[:, 2:] - flat], dim=2)
    known = torch.cat(clear, dim=3).flatten(0, 2)
    return torch.cat(values, dim=2), neighbours.to(dtype), known.to(dtype), flat


def _pairs(values: Tensor, dim: int) -> Tensor:
    """Sums of neighbours along an axis; backward, too, it is only a copy."""
    first, second = values.unflatten(dim, (-1, 2)).unbind(dim + 1 if dim >= 0 else dim)
    return first + second
