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

from abstract_beauty.prediction.full_prediction import MARGIN, TILE, assemble
from abstract_beauty.prediction.linear_fill import RING_PIXELS, fill_tiles
from abstract_beauty.prediction.strips import PARTS, STEP, strips

TOKENS = TILE // STEP  # tokens at a side of a tile
BEYOND = MARGIN // STEP  # tokens of the context before and after them
# With the window of 3 tokens at the start, a token hears of 1 + 11 others on either side.
DILATIONS = (1, 2, 4, 4)


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
        heard = _along(self.norm(tokens), self.first.weight, self.first.bias, self.dilation)
        return tokens + self.second(functional.gelu(heard))


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
        c = features.shape[-1]
        kernel = self.first.weight.view(c, c, 3, 3).contiguous(memory_format=torch.channels_last)
        maps = self.norm(features).permute(0, 3, 1, 2)
        heard = functional.conv2d(maps, kernel, self.first.bias, padding=1).permute(0, 2, 3, 1)
        return features + self.second(functional.gelu(heard))


def _along(
    tokens: Float[Tensor, "n length c"],
    matrix: Float[Tensor, "out 3*c"],
    bias: Float[Tensor, " out"] | None,
    dilation: int = 1,
) -> Float[Tensor, "n length out"]:
    """A matrix times each token between the one `dilation` before and the one as far after it; 0 beyond the ends.

    As a convolution, which needs no copy that lays three tokens side by side.
    """
    kernel = matrix.unflatten(1, (3, -1)).transpose(1, 2)[:, :, None]  # (out, c, 1, 3)
    maps = tokens.transpose(1, 2)[:, :, None]  # (n, c, 1, length): in memory, channels last
    heard = functional.conv2d(maps, kernel, bias, padding=(0, dilation), dilation=(1, dilation))
    return heard[:, :, 0].transpose(1, 2)


class FourSides(nn.Module):
    """A linear fill, and what four sides of the surroundings say it gets wrong.

    A new network is exactly its linear fill: every residual begins at 0. The fill's matrix is a buffer, fitted by
    ridge regression and never trained: a network that was free to change it learnt worse.

    Where a context was completed by reflection, the mirrored lines that hold a tile's own pixels are hidden from the
    side that they are on, whole lines at a time.

    A token has `width` channels; a tile's features have two thirds of them.
    """

    forward_methods = ("one_pass",)
    begins_as_fill = True  # its matrix is that of the linear fill

    def __init__(self, width: int = 64):
        super().__init__()
        inside = max(8, 2 * width // 3 // 8 * 8)
        self.enter = nn.Linear(sum(PARTS), width)
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
        # A network that was brought to bfloat16 as a whole needs no autocast, which would only convert back and forth.
        whole = self.enter.weight.dtype != torch.float32
        with torch.autocast(completed.device.type, enabled=False) if whole else contextlib.nullcontext():
            correction = self._correction(completed, hidden_rows, hidden_columns)
        filled = fill_tiles(self.matrix, completed, hidden_rows, hidden_columns, self._dtype(completed))
        return assemble(
            filled + correction, completed.shape[0], hidden_rows.shape[1], hidden_columns.shape[1]
        )

    def _correction(self, completed: Tensor, hidden_rows: Tensor, hidden_columns: Tensor) -> Tensor:
        """What to add to the linear fill of every tile, (b rows columns, 3, 32, 32)."""
        b, rows, columns = completed.shape[0], hidden_rows.shape[1], hidden_columns.shape[1]
        turned = completed.transpose(2, 3)
        seen_rows, seen_columns = (~hidden.expand(b, -1, -1) for hidden in (hidden_rows, hidden_columns))
        if rows == columns:  # all four sides together: half the calls, which is felt where pictures are small
            images, lines = torch.cat([completed, turned]), torch.cat([seen_rows, seen_columns])
            both = self._two_sides(images, lines, columns)
            upright, lying = (tuple(part[half] for part in both) for half in (slice(b), slice(b, None)))
        else:
            upright = self._two_sides(completed, seen_rows, columns)
            lying = self._two_sides(turned, seen_columns, rows)
        # From here on tile by tile, in the order of `contexts`: n = b rows columns. Of each part there are two, each of
        # two sides: above and below the tile's 8 columns of tokens, left and right of its 8 rows.
        lying = tuple(part.transpose(1, 2) for part in lying)
        pairs = zip(upright, lying, strict=True)
        tokens, colours, seen = ([part.flatten(0, 2) for part in pair] for pair in pairs)
        total = sum((colour * mask).sum((1, 2)) for colour, mask in zip(colours, seen, strict=True))
        count = TOKENS * sum(mask.sum((1, 2)) for mask in seen)
        mean = (total / count.clamp(min=1))[:, None, None]  # (n, 1, 1, 3)
        down, across = (
            self._spread(token, ((colour - mean) * mask).to(token.dtype))
            for token, colour, mask in zip(tokens, colours, seen, strict=True)
        )
        # (n, 8, 8, inside); what is transposed comes last, so that the sum stays contiguous
        features = self.place + across + down.transpose(1, 2)
        for block in self.tile:
            features = block(features)
        pixels = self.last(self.norm(features)).to(completed.dtype)  # (n, 8, 8, 48)
        return pixels.unflatten(3, (3, STEP, STEP)).permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)

    def _spread(
        self, tokens: Float[Tensor, "n 8 2 c"], colours: Float[Tensor, "n 8 2 3"]
    ) -> Float[Tensor, "n 8 8 inside"]:
        """Two opposite sides spread into the tile and added: for each token along them, 8 steps from first to second.

        One matrix does it all: the second side's steps are the first's, turned round.
        """
        weight = torch.cat([self.spread.weight, self.colour.weight], dim=1)
        back = weight.unflatten(0, (TOKENS, -1)).flip(0).flatten(0, 1)
        bias = self.spread.bias.unflatten(0, (TOKENS, -1))
        sides = torch.cat([tokens[:, :, 0], colours[:, :, 0], tokens[:, :, 1], colours[:, :, 1]], dim=2)
        both = functional.linear(sides, torch.cat([weight, back], dim=1), (bias + bias.flip(0)).flatten())
        return both.unflatten(2, (TOKENS, -1))

    def _two_sides(
        self, completed: Float[Tensor, "b 3 height width"], visible: Bool[Tensor, "b rows 128"], columns: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What lies above and below every tile: tokens, their colours, and whether the side is seen.

        Shapes: (b, rows, columns, 8, 2, width), (b, rows, columns, 8, 2, 3) and (b, rows, columns, 1, 2, 1).
        """
        # Below is above, upside down.
        lines = torch.stack([visible[..., :MARGIN], visible[..., -MARGIN:].flip(2)], dim=2)
        # A side whose nearest line is hidden is not looked at: what remains of it mirrors the opposite side.
        lines = lines & lines[..., -1:]
        values, neighbours, known, colours = strips(completed, lines, self._dtype(completed))
        first, second, third = self.enter.weight.split(PARTS, dim=1)
        tokens = _along(values, first, None) + functional.linear(neighbours, second)
        tokens = tokens + functional.linear(known, third, self.enter.bias)[:, None]
        for block in self.line:
            tokens = block(tokens)
        tokens = self.leave(tokens).to(values.dtype)
        tokens, colours = (  # of the tokens along a whole line, the 8 at each tile
            part[:, BEYOND:-BEYOND].unflatten(1, (columns, TOKENS)).unflatten(0, lines.shape[:3])
            for part in (tokens, colours)
        )
        seen = lines[:, :, None, None, :, -1:].expand(-1, -1, columns, -1, -1, -1).to(colours.dtype)
        return tokens.permute(0, 1, 3, 4, 2, 5), colours.permute(0, 1, 3, 4, 2, 5), seen

    def _dtype(self, like: Tensor) -> torch.dtype:
        """The type that the matrices compute in."""
        kind = like.device.type
        return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else self.enter.weight.dtype
