"""The one-pass predictor: every tile of an image from the four sides of its surroundings, in a single pass.

A tile sees what lies above it, below it, to its left and to its right. What lies above a tile lies above its whole row
of tiles, so it is read once for all of them, and likewise on the other sides. This is the blind-spot idea of Laine et
al. 2019 (four half-planes that never contain the pixel), widened from a pixel to a tile and read line by line:

1. Along each grid line, the strip of 48 pixels before it becomes a line of tokens, one every 4 pixels. A token holds
   its strip at three resolutions: every pixel of the nearest 8 lines, 2x2 means to line 24, 4x4 means to line 48.
2. Residual blocks along the line; one set of weights for all four sides, which are turned into each other.
3. Each tile takes the 8 tokens at each of its sides, spreads them into itself, 8 steps deep, and adds the four.
4. Residual 3x3 convolutions on these 8x8 features, and 4x4 pixels from each: what to add to the linear fill.

No strip contains the tile it is read for, so blindness holds by construction, and since no layer normalises over space
no value slips through a mean.
"""

import contextlib

import torch
import torch.nn.functional as functional
from jaxtyping import Bool, Float
from torch import Tensor, nn

from abstract_beauty.baselines.linear import FRAME, RING, RING_PIXELS
from abstract_beauty.full_prediction import MARGIN, TILE

STEP = 4  # pixels a token
NEAR, MIDDLE, FAR = 8, 24, 48  # lines before the edge: every pixel; 2x2 means; 4x4 means
TOKENS = TILE // STEP  # tokens at a side of a tile
BEYOND = MARGIN // STEP  # tokens of the context before and after them
DILATIONS = (
    1,
    2,
    4,
    4,
)  # with the window of 3 tokens at the start, a token hears of 1 + 11 others on either side
# Of a token: its lines at each resolution, and the values of each line; see `_strips`.
_LINES = (NEAR, (MIDDLE - NEAR) // 2, (FAR - MIDDLE) // 4)
_VALUES = (3 * STEP, 3 * STEP // 2, 3 * STEP // 4)
_INPUTS = 3 * sum(n * values for n, values in zip(_LINES, _VALUES, strict=True)) + 3 * 3 + sum(_LINES)  # 517


class LineBlock(nn.Module):
    """features + MLP(norm(three tokens, `dilation` apart)): a residual block along a line of tokens."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(channels)
        self.first = nn.Linear(3 * channels, channels)
        self.second = nn.Linear(channels, channels)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, tokens: Float[Tensor, "n length c"]) -> Float[Tensor, "n length c"]:
        """Same shape out as in."""
        heard = _three(self.norm(tokens).to(tokens.dtype), self.dilation)
        return tokens + self.second(functional.gelu(self.first(heard)))


class TileBlock(nn.Module):
    """features + MLP(3x3 neighbourhood of norm(features)): a residual block inside a tile.

    The convolution's weights are kept as one matrix, which is how the optimiser Muon wants them.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.first = nn.Linear(9 * channels, channels)
        self.second = nn.Linear(channels, channels)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, features: Float[Tensor, "n 8 8 c"]) -> Float[Tensor, "n 8 8 c"]:
        """Same shape out as in; channels last."""
        c = features.shape[-1]
        kernel = self.first.weight.view(c, c, 3, 3).contiguous(memory_format=torch.channels_last)
        maps = self.norm(features).permute(0, 3, 1, 2)
        heard = functional.conv2d(maps, kernel, self.first.bias, padding=1).permute(0, 2, 3, 1)
        return features + self.second(functional.gelu(heard))


def _three(tokens: Tensor, dilation: int) -> Tensor:
    """Each token beside the one `dilation` before and the one as far after it; 0 beyond the ends."""
    length = tokens.shape[1]
    padded = functional.pad(tokens, (0, 0, dilation, dilation))
    return torch.cat([padded[:, k * dilation : k * dilation + length] for k in range(3)], dim=2)


class FourSides(nn.Module):
    """A linear fill, and what four sides of the surroundings say it gets wrong.

    A new network is exactly its linear fill: every residual begins at 0. The fill's matrix is a buffer, fitted by
    ridge regression and never trained: a network that was free to change it learnt worse.

    Where a context was completed by reflection, the mirrored lines that hold a tile's own pixels are hidden from the
    side that they are on, whole lines at a time.

    Args:
        width: channels of a token; a tile's features have two thirds of them.
    """

    matrix: Tensor
    forward_methods = ("one_pass",)

    def __init__(self, width: int = 96):
        super().__init__()
        inside = max(8, 2 * width // 3 // 8 * 8)
        self.enter = nn.Linear(_INPUTS, width)
        self.line = nn.ModuleList(LineBlock(width, dilation) for dilation in DILATIONS)
        self.leave = nn.LayerNorm(width)
        self.spread = nn.Linear(width, TOKENS * inside)
        self.colour = nn.Linear(3, TOKENS * inside, bias=False)
        self.place = nn.Parameter(0.02 * torch.randn(TOKENS, TOKENS, inside))
        self.tile = nn.ModuleList(TileBlock(inside) for _ in range(2))
        self.norm = nn.LayerNorm(inside)
        self.last = nn.Linear(inside, 3 * STEP * STEP)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        self.register_buffer("matrix", torch.zeros(TILE * TILE, RING_PIXELS))

    def hidden_matrices(self) -> list[nn.Parameter]:
        """The matrices between input and output, which the optimiser Muon is made for."""
        layers = [self.enter, self.spread]
        for block in (*self.line, *self.tile):
            layers += [block.first, block.second]
        return [layer.weight for layer in layers]

    def forward(
        self, context: Float[Tensor, "n 3 128 128"], hidden: Bool[Tensor, "n 1 128 128"]
    ) -> Float[Tensor, "n 3 32 32"]:
        """Contexts in [0, 1], one tile each, and what of them is hidden -> the tiles, near [0, 1]: `one_pass` of each.

        A line of the context is hidden from a side where any pixel of it in front of the tile is.
        """
        inside = slice(MARGIN, MARGIN + TILE)
        rows, columns = hidden[:, :, :, inside].any(3), hidden[:, :, inside].any(2)
        return self.one_pass(torch.where(hidden, 0.5, context), rows, columns)

    def one_pass(
        self,
        completed: Float[Tensor, "b 3 height width"],
        hidden_rows: Bool[Tensor, "m rows 128"],
        hidden_columns: Bool[Tensor, "m columns 128"],
    ) -> Float[Tensor, "b 3 h w"]:
        """All tiles of images.

        Args:
            completed: images in [0, 1] with 48 pixels around the grid of tiles: (32 rows + 96, 32 columns + 96).
            hidden_rows: for each row of tiles, which lines of their contexts are their own; m is 1 or b.
            hidden_columns: the same for each column of tiles.

        Returns:
            The tiles side by side, (32 rows, 32 columns), near [0, 1].
        """
        # A network that was brought to bfloat16 as a whole needs no autocast, which would only convert to and fro.
        whole = self.enter.weight.dtype != torch.float32
        with torch.autocast(completed.device.type, enabled=False) if whole else contextlib.nullcontext():
            correction = self._correction(completed, hidden_rows, hidden_columns)
        tiles = self._linear_fill(completed, hidden_rows, hidden_columns) + correction
        grid = tiles.unflatten(0, (-1, hidden_rows.shape[1], hidden_columns.shape[1])).permute(
            0, 3, 1, 4, 2, 5
        )
        return grid.flatten(4).flatten(2, 3)

    def _correction(self, completed: Tensor, hidden_rows: Tensor, hidden_columns: Tensor) -> Tensor:
        """What to add to the linear fill of every tile, (b rows columns, 3, 32, 32)."""
        b, rows, columns = len(completed), hidden_rows.shape[1], hidden_columns.shape[1]
        half = _halved(completed)
        upright = [completed, half, _halved(half)]
        turned = [one.transpose(2, 3) for one in upright]
        seen_rows, seen_columns = (~hidden.expand(b, -1, -1) for hidden in (hidden_rows, hidden_columns))
        if rows == columns:  # all four sides together: half the calls, which is felt where pictures are small
            scales = [torch.cat(pair) for pair in zip(upright, turned, strict=True)]
            first, second = self._two_sides(scales, torch.cat([seen_rows, seen_columns]), columns)
            above, below = (tuple(part[:b] for part in side) for side in (first, second))
            left, right = (tuple(part[b:] for part in side) for side in (first, second))
        else:
            above, below = self._two_sides(upright, seen_rows, columns)
            left, right = self._two_sides(turned, seen_columns, rows)
        # From here on tile by tile, in the order of `contexts`: (b rows columns, ...).
        tokens, colours, seen = (
            torch.stack([part.flatten(0, 2) for part in parts])
            for parts in zip(
                above, below, *((p.transpose(1, 2) for p in side) for side in (left, right)), strict=True
            )
        )
        mean = (colours * seen).sum((0, 2), keepdim=True) / (TOKENS * seen.sum(0, keepdim=True)).clamp(min=1)
        spread = self.spread(tokens) + self.colour(((colours - mean) * seen).to(tokens.dtype))
        up, down, before, after = spread.unflatten(3, (TOKENS, -1))  # (n, 8 tokens, 8 steps deep, inside)
        features = self.place + up.transpose(1, 2) + down.transpose(1, 2).flip(1) + before + after.flip(2)
        for block in self.tile:
            features = block(features)
        pixels = self.last(self.norm(features)).to(completed.dtype)  # (n, 8, 8, 48)
        return pixels.unflatten(3, (3, STEP, STEP)).permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)

    def _two_sides(
        self, scales: list[Tensor], visible: Tensor, columns: int
    ) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What lies above, and what lies below, every tile: tokens, their colours, and whether the side is seen.

        `scales` are the completed images, their 2x2 means and their 4x4 means. Shapes of a side's three parts:
        (b, rows, columns, 8, width), (b, rows, columns, 8, 3) and (b, rows, columns, 1, 1).
        """
        b = len(scales[0])
        # Below is above, upside down.
        lines = torch.cat([visible[..., :MARGIN], visible[..., -MARGIN:].flip(1, 2)])
        # A side whose nearest line is hidden is not looked at: what remains of it mirrors the opposite side.
        lines = lines & lines[..., -1:]
        inputs, colours = _strips(
            [torch.cat([one, one.flip(2)]) for one in scales], lines, self._dtype(scales[0])
        )
        tokens = self.enter(inputs.flatten(0, 1))
        for block in self.line:
            tokens = block(tokens)
        tokens = self.leave(tokens).unflatten(0, lines.shape[:2])
        # Of the tokens along a whole line, the 8 at each tile.
        tokens, colours = (
            part[:, :, BEYOND:-BEYOND].unflatten(2, (columns, TOKENS)) for part in (tokens, colours)
        )
        seen = lines[..., -1, None, None, None].expand(-1, -1, columns, 1, 1).to(colours.dtype)
        parts = tokens, colours, seen
        return tuple(part[:b] for part in parts), tuple(part[b:].flip(1) for part in parts)

    def _dtype(self, like: Tensor) -> torch.dtype:
        """The type that the matrices compute in."""
        kind = like.device.type
        return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else self.enter.weight.dtype

    def _linear_fill(self, completed: Tensor, hidden_rows: Tensor, hidden_columns: Tensor) -> Tensor:
        """The linear fill of every tile, (b rows columns, 3, 32, 32). Only deviations from a mean are rounded."""
        edge = MARGIN - RING
        frames = completed[..., edge:-edge, edge:-edge].unfold(2, FRAME, TILE).unfold(3, FRAME, TILE)
        near_rows, near_columns = hidden_rows[..., edge:-edge], hidden_columns[..., edge:-edge]
        hidden = near_rows[:, :, None, :, None] & near_columns[:, None, :, None, :]
        visible = ~_ring(hidden)[:, None]
        ring = _ring(frames)  # (b, 3, rows, columns, 272)
        mean = torch.where(visible, ring, 0).sum(-1, keepdim=True) / visible.sum(-1, keepdim=True).clamp(
            min=1
        )
        mean = torch.where(visible.any(-1, keepdim=True), mean, 0.5)
        deviation = torch.where(visible, ring - mean, 0).to(self._dtype(completed)) @ self.matrix.T
        return (mean + deviation).permute(0, 2, 3, 1, 4).flatten(0, 2).unflatten(2, (TILE, TILE))


def _halved(images: Tensor) -> Tensor:
    """2x2 means; what avg_pool2d gives, several times faster on a processor."""
    pairs = images[:, :, 0::2] + images[:, :, 1::2]
    return (pairs[..., 0::2] + pairs[..., 1::2]) / 4


def _ring(frames: Tensor) -> Tensor:
    """Of frames (..., 36, 36), the 2 pixels along their edges, row by row: (..., 272)."""
    inner = frames[..., RING:-RING, :]
    sides = torch.cat([inner[..., :RING], inner[..., -RING:]], dim=-1)
    return torch.cat(
        [part.flatten(-2) for part in (frames[..., :RING, :], sides, frames[..., -RING:, :])], dim=-1
    )


def _strips(
    scales: list[Tensor], visible: Bool[Tensor, "b rows 48"], dtype: torch.dtype
) -> tuple[Float[Tensor, "b rows length inputs"], Float[Tensor, "b rows length 3"]]:
    """The strip above each row of tiles as tokens of 4 pixels, and the mean colour of each token's nearest lines.

    A token holds itself and its two neighbours, each less its own mean colour, so that a shift of all colours changes
    nothing; how the neighbours' colours differ from its own; and which lines are visible. Hidden lines are 0, and so
    is a mean over lines of which one is hidden. Differences are taken before rounding to `dtype`.
    """
    rows, length = visible.shape[1], scales[0].shape[3] // STEP
    begin, windows, clear = FAR, [], []
    for scale, pixels, count in zip((1, 2, 4), scales, _LINES, strict=True):
        begin -= count * scale  # from the nearest lines outward
        window = pixels[:, :, begin // scale :].unfold(2, count, TILE // scale)[:, :, :rows]
        windows.append(window.unflatten(3, (length, STEP // scale)).permute(0, 2, 3, 5, 1, 4))
        clear.append(visible[..., begin : begin + count * scale].unflatten(2, (count, scale)).all(3))
    # windows: (b, rows, length, lines, 3, pixels); clear: (b, rows, lines)
    masks = [one.to(scales[0].dtype)[:, :, None, :, None, None] for one in clear]
    colour = (windows[0] * masks[0]).sum((3, 5)) / (STEP * masks[0].sum(3)).clamp(min=1).squeeze(-1)
    level = colour[..., None, :, None]
    centred = [((w - level) * mask).to(dtype).flatten(3) for w, mask in zip(windows, masks, strict=True)]
    tokens = _three(torch.cat(centred, dim=3).flatten(0, 1), 1)
    flat = colour.flatten(0, 1)
    neighbours = (_three(flat, 1) - flat.repeat(1, 1, 3)).to(dtype)
    known = torch.cat(clear, dim=2).to(dtype).flatten(0, 1)[:, None].expand(-1, length, -1)
    return torch.cat([tokens, neighbours, known], dim=2).unflatten(0, (-1, rows)), colour
