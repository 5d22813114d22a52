"""A network that may only move things: y(p) = x(p + u(p)), with a u that it finds in a few looks."""

from typing import Any

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from abstract_beauty.checks import check_count, check_pictures, check_strength
from abstract_beauty.fields import doubled, follow, grid_of, moved, reduced_to, unfolded, velocity
from abstract_beauty.prediction.full_prediction import TILE, full_prediction
from abstract_beauty.prediction.predictability import PHASES
from abstract_beauty.prediction.rounding import square_root
from abstract_beauty.predictors.four_sides import FourSides

SPACING = 4  # pixels between the nodes of the field
LOOKS = 4
MEMORY = 8  # channels that one look leaves to the next
DILATIONS = (1, 2, 4, 1)
STEP = 2.0  # pixels, of one look
SLIDE = 0.3  # how much of a step is the slide itself, before anything is learnt
SHARED = 5  # nodes a side, over which the slide is the mean
SOFT_SLIDE = 0.15  # of the slide, whose root mean square is 1 where it is not yet a mean
SOFTENED = 1 / 12  # in use: the share of each neighbour in what a look is told
SOFT = 0.01  # of a difference of colours: below it, its sign counts less


class NodeBlock(nn.Module):
    """features + convolution(activation(convolution(activation(features)))), on the field's nodes; at first nothing."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, features: Float[Tensor, "b c rows columns"]) -> Float[Tensor, "b c rows columns"]:
        return features + self.second(functional.gelu(self.first(functional.gelu(features))))


class Mover(nn.Module):
    """Learnt descent (Andrychowicz et al. 2016) on the field of one picture, without a gradient.

    A look draws y by the field as it stands, lets the predictor guess it, and steps. At each node of the field a small
    network, the same at every look, is told what is seen around it, where y and its full prediction z differ, where the
    field has got to, what earlier looks left in a memory, and the slide: which way y would have to slide for its pixels
    to come nearer to z as it is, sign(z - y) grad y. A new network steps along the slide, or nearly.

    The predictor is a part of the network, the `eye`: it is trained no more, and its weights lie in the same file.

    In training a look is told things as they are, in use a little softened (SOFTENED), which makes it bolder. How soft
    was chosen on training pictures: the softest of four that were tried, of those that kept every steep edge.

    `width` is that of the eye; a node has half as many channels.
    """

    moves = True  # of the whole picture at once, as the field stretches from border to border

    def __init__(self, width: int = 64):
        super().__init__()
        channels = max(4, width // 2)
        self.eye = FourSides(width).requires_grad_(False)
        self.near = nn.Sequential(
            nn.Conv2d(11, channels, SPACING, stride=SPACING), nn.GELU(), nn.Conv2d(channels, channels, 1)
        )
        self.enter = nn.Conv2d(channels + 11 + 2 + 2 + MEMORY, channels, 3, padding=1)
        self.body = nn.Sequential(*(NodeBlock(channels, dilation) for dilation in DILATIONS), nn.GELU())
        self.last = nn.Conv2d(channels, 2 + MEMORY, 3, padding=1)
        nn.init.normal_(self.last.weight, std=3e-3)
        nn.init.zeros_(self.last.bias)

    def forward(
        self, x: Float[Tensor, "b 3 h w"], strength: float = 1.0, *, field: bool = False, looks: int = LOOKS
    ) -> Any:
        """x in [0, 1] -> y in [0, 1]; while it is trained, (looks b, 3, h, w), what it is after each look.

        Args:
            x: pictures. Of a large one the field is found on a reduced picture.
            strength: how far along the field that was found: 1 all the way, 0 not at all, below 0 the other way.
            field: return u too, (b, 2, h, w), the displacement (down, right) in pixels.
            looks: how many; many more than it was trained with undo what was gained.
        """
        if not self._learns:
            check_pictures("mover", x, TILE)
            check_strength("mover", strength)
            check_count("mover", "looks", looks)
        x = x.float()  # mixed precision hands it over in 16 bits
        h, w = x.shape[2:]
        small, scale = (x, 1.0) if self._learns else reduced_to(x)
        v, twice = self._looked(small, looks)
        with _full(x):
            if self._learns:  # the barrier in the loss keeps things from folding
                u = follow(torch.cat(v), h, w, strength)
                y = moved(x.repeat(looks, 1, 1, 1), u, twice.repeat(looks, 1, 1, 1))
            else:
                u = unfolded(scale * v[-1], h, w, strength)
                y = moved(x, u, twice if scale == 1 else None) if strength else x.clone()
        return (y, u) if field else y

    @property
    def _learns(self) -> bool:
        return self.training and torch.is_grad_enabled()

    def velocities(self, x: Float[Tensor, "b 3 h w"], looks: int = LOOKS) -> list[Float[Tensor, "b 2 hs ws"]]:
        """The velocity after each look; as `fields.velocity` gives it."""
        return self._looked(x, looks)[0]

    def _looked(self, x: Tensor, looks: int) -> tuple[list[Tensor], Tensor]:
        """The velocity after each look, and x at twice its resolution."""
        h, w = x.shape[2:]
        rows, columns = grid_of(h, w, SPACING)
        state = x.new_zeros(len(x), 2 + MEMORY, rows - 1, columns - 1)
        with _full(x):
            twice = doubled(x)
        found = []
        for look in range(looks):
            with torch.no_grad():
                with _full(x):
                    y = moved(x, follow(found[-1], h, w), twice) if look else x
                z = full_prediction(self.eye, y, PHASES[look % len(PHASES)]).float()
            state = self.look(y, z, state)
            with _full(x):
                found.append(velocity(state[:, :2], h, w))
        return found, twice

    def look(
        self, y: Tensor, z: Tensor, state: Float[Tensor, "b 10 rows columns"]
    ) -> Float[Tensor, "b 10 rows columns"]:
        """One look at y, (b, 3, h, w), and its full prediction z: the field's nodes, 2 channels, and the memory."""
        nodes, memory = state[:, :2], state[:, 2:]
        soft = 0.0 if self._learns else SOFTENED
        with torch.no_grad(), _full(y):
            seen = _seen(y, z, *(SPACING * (n + 1) for n in state.shape[2:]), soft)
            around = functional.avg_pool2d(seen, SPACING)
            # what all around share: where the two sides of an edge slide apart it would only be drawn out
            shared = functional.avg_pool2d(around[:, -2:], SHARED, 1, SHARED // 2, count_include_pad=False)
            slide = shared / (SOFT_SLIDE + shared.abs())
        told = torch.cat([self.near(seen), around, slide, nodes.detach() / 8, memory], dim=1)
        out = self.last(self.body(self.enter(told))).float()
        return state + torch.cat([STEP * (SLIDE * slide + out[:, :2]), out[:, 2:]], dim=1)


def _full(x: Tensor) -> torch.autocast:
    """Where places are reckoned in pixels, which need all their digits whatever precision the caller asked for."""
    return torch.autocast(x.device.type, enabled=False)


def _seen(y: Tensor, z: Tensor, height: int, width: int, soft: float) -> Float[Tensor, "b 11 h2 w2"]:
    """What a look is told of every pixel: y, where and which way z differs, by how much, and the slide; cut into as
    many cells of SPACING pixels as the field has inner nodes, each around its node.

    Each pixel is given a share `soft` of each of its neighbours, along rows and along columns.
    """
    down = functional.pad(y[:, :, 2:] - y[:, :, :-2], (0, 0, 1, 1)) / 2
    right = functional.pad(y[..., 2:] - y[..., :-2], (1, 1)) / 2
    sign = (z - y) / ((z - y).abs() + SOFT)
    slide = torch.stack([(sign * down).sum(1), (sign * right).sum(1)], dim=1)
    slide = slide / (square_root(slide.square().mean((1, 2, 3), keepdim=True)) + 1e-6)
    seen = torch.cat([y - 0.5, sign, 8 * (z - y).abs(), slide], dim=1)
    if soft:
        taps = seen.new_tensor([soft, 1 - 2 * soft, soft])
        kernel = (taps[:, None] * taps).expand(seen.shape[1], 1, 3, 3)
        around = functional.pad(seen, (1, 1, 1, 1), mode="replicate")
        seen = functional.conv2d(around, kernel, groups=seen.shape[1])
    if seen.shape[2:] != (height, width):
        seen = functional.interpolate(seen, size=(height, width), mode="nearest-exact")
    edge = SPACING // 2
    return seen[..., edge:-edge, edge:-edge]
