"""The linear fill: every pixel of the tile a weighted sum of the ring around it."""

from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from abstract_beauty.prediction.full_prediction import MARGIN, TILE, assemble

RING = 2  # width in pixels of the frame around the tile
FRAME = TILE + 2 * RING
RING_PIXELS = FRAME**2 - TILE**2  # 272


def visible_mean(
    pixels: Float[Tensor, "... k"], visible: Bool[Tensor, "... k"], otherwise: Float[Tensor, "... 1"] | float
) -> Float[Tensor, "... 1"]:
    """Mean over the visible pixels, per channel; `otherwise` where none is visible.

    Hidden values are replaced, not multiplied by zero, so that not even NaN passes from them.
    """
    total = torch.where(visible, pixels, 0.0).sum(-1, keepdim=True)
    count = visible.sum(-1, keepdim=True)
    return torch.where(count > 0, total / count.clamp(min=1), otherwise)


def ring_and_mean(
    context: Float[Tensor, "n 3 side side"], hidden: Bool[Tensor, "n 1 side side"]
) -> tuple[Float[Tensor, "n 3 272"], Float[Tensor, "n 3 1"]]:
    """The ring's deviation from its mean (0 where hidden), and the mean of its visible pixels.

    The mean falls back to that of the visible context, and to 0.5 where everything is hidden.
    """
    ring, visible = _ring(framed(context)), ~_ring(framed(hidden))
    mean = visible_mean(ring, visible, visible_mean(context.flatten(2), ~hidden.flatten(2), 0.5))
    return torch.where(visible, ring - mean, 0.0), mean


def framed(squares: Shaped[Tensor, "n c side side"]) -> Shaped[Tensor, "n c 36 36"]:
    """The tile in the centre of squares, and the ring around it."""
    start = (squares.shape[-1] - FRAME) // 2
    return squares[..., start : start + FRAME, start : start + FRAME]


def fill_tiles(
    matrix: Float[Tensor, "1024 272"],
    completed: Float[Tensor, "b 3 height width"],
    hidden_rows: Bool[Tensor, "m rows 128"],
    hidden_columns: Bool[Tensor, "m columns 128"],
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "n 3 32 32"]:
    """The linear fill of every tile of images, n = b rows columns; what goes in is as `FourSides.one_pass` says.

    Only deviations from a ring's mean are brought to `dtype`, in which the matrix is multiplied.
    """
    edge = MARGIN - RING
    frames = completed[..., edge:-edge, edge:-edge].unfold(2, FRAME, TILE).unfold(3, FRAME, TILE)
    near_rows, near_columns = hidden_rows[..., edge:-edge], hidden_columns[..., edge:-edge]
    hidden = near_rows[:, :, None, :, None] & near_columns[:, None, :, None, :]
    visible = ~_ring(hidden)[:, None]
    ring = _ring(frames)  # (b, 3, rows, columns, 272)
    mean = visible_mean(ring, visible, 0.5)
    deviation = torch.where(visible, ring - mean, 0).to(dtype or ring.dtype) @ matrix.T
    return (mean + deviation).permute(0, 2, 3, 1, 4).flatten(0, 2).unflatten(2, (TILE, TILE))


def _ring(frames: Tensor) -> Tensor:
    """Of frames (..., 36, 36), the 2 pixels along their edges, row by row: (..., 272)."""
    inner = frames[..., RING:-RING, :]
    sides = torch.cat([inner[..., :RING], inner[..., -RING:]], dim=-1)
    parts = frames[..., :RING, :], sides, frames[..., -RING:, :]
    return torch.cat([part.flatten(-2) for part in parts], dim=-1)


class LinearFill(nn.Module):
    """Linear prediction of the tile from the 2-pixel ring around it, learnt by ridge regression.

    With r the 272 pixels of the ring in one channel and m their mean, the tile is `m + W (r - m)`, with one
    matrix W of 1024 x 272 for all three channels. Taking the mean out makes it exact on flat colour, so that
    no colour can fool it. Ring pixels hidden by the picture's border count as the mean. It is differentiable
    in the context, and it is blind: it reads the ring and, of a single context whose whole ring is hidden,
    the rest of what is visible.

    A new one has W = 0 and returns the ring's mean. The result is not clamped: it may leave [0, 1] a little beside
    strong edges.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.zeros(TILE * TILE, RING_PIXELS))

    def forward(
        self, context: Float[Tensor, "n 3 side side"], hidden: Bool[Tensor, "n 1 side side"]
    ) -> Float[Tensor, "n 3 32 32"]:
        """The tiles in the centre of `context` ([0, 1]); pixels where `hidden` is True are never read."""
        ring, mean = ring_and_mean(context, hidden)
        return (mean + ring @ self.matrix.T).unflatten(2, (TILE, TILE))

    def one_pass(self, completed: Tensor, hidden_rows: Tensor, hidden_columns: Tensor) -> Tensor:
        """All tiles of images, side by side; as `FourSides.one_pass`."""
        tiles = fill_tiles(self.matrix, completed, hidden_rows, hidden_columns)
        return assemble(tiles, completed.shape[0], hidden_rows.shape[1], hidden_columns.shape[1])

    @classmethod
    def fit(cls, contexts: Iterable[Float[Tensor, "n 3 side side"]], ridge: float = 1e-3) -> "LinearFill":
        """The fill with the least mean squared error on `contexts` plus `ridge` times the squared norm of W.

        Solves the normal equations `W (R R' / k + ridge I) = T R' / k` in float64, R and T holding the k
        rings and tiles (three a context: one a channel) as columns, each less its ring's mean. Every square counts
        in its eight turned and mirrored forms, at no cost: only the two small matrices are averaged. The batches
        are read once, one at a time; nothing is random.

        Args:
            contexts: batches of squares with the tile in the centre, [0, 1], side at least 36; nothing in
                them hidden.
            ridge: weight of the penalty, in units of squared pixel values; must be positive, since the rings,
                which sum to 0, leave one direction undetermined.
        """
        rings = torch.zeros(RING_PIXELS, RING_PIXELS, dtype=torch.float64)
        tiles = torch.zeros(TILE * TILE, RING_PIXELS, dtype=torch.float64)
        count = 0
        for context in contexts:
            square = framed(context.detach()).double()
            ring, mean = ring_and_mean(square, torch.zeros_like(square[:, :1], dtype=torch.bool))
            tile = square[..., RING:-RING, RING:-RING].flatten(2) - mean
            ring, tile = ring.flatten(0, 1), tile.flatten(0, 1)  # (3n, 272), (3n, 1024)
            rings += (ring.T @ ring).cpu()
            tiles += (tile.T @ ring).cpu()
            count += len(ring)
        rings, tiles = symmetric(rings, tiles)
        system = rings / count + ridge * torch.eye(RING_PIXELS, dtype=torch.float64)
        fill = cls()
        fill.matrix.copy_(torch.linalg.solve(system, tiles / count, left=False))
        return fill


def symmetric(
    rings: Float[Tensor, "272 272"], tiles: Float[Tensor, "1024 272"]
) -> tuple[Float[Tensor, "272 272"], Float[Tensor, "1024 272"]]:
    """Both moment matrices averaged over the eight turned and mirrored forms of the square."""
    numbers = torch.arange(FRAME * FRAME).view(FRAME, FRAME)
    outside = _ring(numbers)
    inside = numbers[RING:-RING, RING:-RING].flatten()
    # Position in the frame -> index in the ring or in the tile.
    place = torch.empty(FRAME * FRAME, dtype=torch.int64)
    place[outside] = torch.arange(len(outside))
    place[inside] = torch.arange(len(inside))
    ring_sum, tile_sum = torch.zeros_like(rings), torch.zeros_like(tiles)
    for mirror in (numbers, numbers.flip(1)):
        for quarters in range(4):
            moved = mirror.rot90(quarters).flatten()
            ring, tile = place[moved[outside]], place[moved[inside]]
            ring_sum += rings[ring][:, ring]
            tile_sum += tiles[tile][:, ring]
    return ring_sum / 8, tile_sum / 8
