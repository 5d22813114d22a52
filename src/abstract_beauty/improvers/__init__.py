"""Networks that take an image and return a changed one, y = g(x): one a file.

Those that paint are local and shift with the image: no layer averages over space, so a large picture can be improved
piece by piece without seams. `reach` says how many pixels around it an output pixel depends on at most, `grain` what
the corners of pieces must be multiples of. One that `moves` is given the picture whole, and the strength too.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.registry import networks

NETWORKS = networks(__name__, __path__)


def moves(g: nn.Module | type[nn.Module]) -> bool:
    """Whether an improver, or the class of one, moves what is in its picture instead of painting it anew."""
    return getattr(g, "moves", False)


@torch.no_grad()
def improve(
    g: nn.Module, x: Float[Tensor, "b 3 h w"], *, times: int = 1, strength: float = 1.0, piece: int = 512
) -> Float[Tensor, "b 3 h w"]:
    """g(x), g(g(x)), ...: apply an improver `times` times, piece by piece, so that a large picture fits into memory.

    Args:
        g: an improver with `reach` and `grain`, or one that `moves`.
        x: images in [0, 1].
        times: how often; 0 returns x.
        strength: how far to go from x each time: 1 as trained, 0 nowhere, below 0 the other way, above 1 further.
        piece: side of a piece in pixels, brought to a multiple of the improver's grain.

    Returns:
        y in [0, 1], equal to g(x) of the whole picture: each piece is computed with all that it depends on around it.
    """
    if moves(g):
        for _ in range(times):
            x = g(x, strength)
        return x
    piece = max(g.grain, piece // g.grain * g.grain)
    reach = -(-g.reach // g.grain) * g.grain
    for _ in range(times):
        y = torch.empty_like(x)
        for top in range(0, x.shape[2], piece):
            for left in range(0, x.shape[3], piece):
                above, before = max(0, top - reach), max(0, left - reach)
                part = g(x[..., above : top + piece + reach, before : left + piece + reach])
                kept = part[..., top - above :, left - before :][..., :piece, :piece]
                y[..., top : top + piece, left : left + piece] = kept
        x = y if strength == 1 else (x + strength * (y - x)).clamp(0, 1)
    return x
