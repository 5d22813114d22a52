"""What networks are trained on, step by step: the i-th batch is a pure function of i."""

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from abstract_beauty.prediction.full_prediction import CONTEXT, MARGIN, TILE, Phase, reflected
from abstract_beauty.training.fit import generator_for


def random_phase(seed: int, step: int) -> Phase:
    """The grid of a step where each has one drawn anew."""
    dy, dx = torch.randint(TILE, (2,), generator=generator_for(seed, "phase", step)).tolist()
    return dy, dx


class Crops:
    """Random crops of images, mirrored half of the time; the i-th batch is a pure function of i.

    Args:
        images: uint8, (3, h, w) each.
        size: side of the square crops; smaller images are completed by reflection.
        batch: crops a step over all processes.
        seed: with the step's number it decides everything.
        turn: also turn crops by reflection in the diagonal, half of the time.
        shade: also darken crops by up to 40 %.
    """

    def __init__(
        self,
        images: tuple[UInt8[Tensor, "3 _h _w"], ...],
        size: int,
        batch: int,
        seed: int,
        *,
        turn: bool = False,
        shade: bool = False,
    ):
        self.images, self.size, self.batch, self.seed = images, size, batch, seed
        self.turn, self.shade = turn, shade

    def __call__(self, step: int, rank: int = 0, world: int = 1) -> Float[Tensor, "b 3 size size"]:
        """This process's share of the batch, float in [0, 1]."""
        draw = torch.rand(self.batch, 6, generator=generator_for(self.seed, "crops", step))
        crops = []
        for which, top, left, flip, turn, shade in draw[rank::world].tolist():
            image = self.images[int(which * len(self.images))]
            h, w = image.shape[1:]
            rows = within(int(top * max(1, h - self.size + 1)), self.size, h)
            columns = within(int(left * max(1, w - self.size + 1)), self.size, w)
            crop = image[:, rows][:, :, columns]
            if flip < 0.5:
                crop = crop.flip(2)
            if self.turn and turn < 0.5:
                crop = crop.transpose(1, 2)
            crops.append(crop.float() / 255 * (0.6 + 0.4 * shade if self.shade else 1.0))
        return torch.stack(crops)

    def pictures(self, step: int) -> list[int]:
        """Which of the images a batch is cut from, over all processes."""
        draw = torch.rand(self.batch, 6, generator=generator_for(self.seed, "crops", step))
        return [int(which * len(self.images)) for which in draw[:, 0].tolist()]

    def phase(self, step: int) -> Phase:
        """The grid of a step: the article's at even steps, one drawn at random at odd ones."""
        if step % 2 == 0:
            return 0, 0
        return random_phase(self.seed, step)


class Tiles:
    """Random tiles and their contexts for training a predictor; the i-th batch is a pure function of i.

    Tiles lie anywhere in an image, at its border too, where their contexts are completed as in full prediction.
    Contexts are mirrored, turned by reflection in the diagonal, and darkened by up to 40 %.
    """

    def __init__(self, images: tuple[UInt8[Tensor, "3 _h _w"], ...], batch: int, seed: int):
        self.images, self.batch, self.seed = images, batch, seed

    def __call__(
        self, step: int, rank: int = 0, world: int = 1
    ) -> tuple[Float[Tensor, "b 3 128 128"], Bool[Tensor, "b 1 128 128"]]:
        """This process's share of the batch: contexts in [0, 1], and what of them is hidden."""
        draw = torch.rand(self.batch, 6, generator=generator_for(self.seed, "tiles", step))
        contexts, masks = [], []
        for which, top, left, flip, turn, shade in draw[rank::world].tolist():
            image = self.images[int(which * len(self.images))]
            rows, own_rows = _around(top, image.shape[1])
            columns, own_columns = _around(left, image.shape[2])
            context, hidden = image[:, rows][:, :, columns], own_rows[:, None] & own_columns[None]
            if flip < 0.5:
                context, hidden = context.flip(2), hidden.flip(1)
            if turn < 0.5:
                context, hidden = context.transpose(1, 2), hidden.t()
            # A change of exposure: brighter or darker, never out of range.
            contexts.append(context.float() / 255 * (0.6 + 0.4 * shade))
            masks.append(hidden[None])
        return torch.stack(contexts), torch.stack(masks)

    def pictures(self, step: int) -> list[int]:
        """Which of the images a batch is cut from, over all processes."""
        draw = torch.rand(self.batch, 6, generator=generator_for(self.seed, "tiles", step))
        return [int(which * len(self.images)) for which in draw[:, 0].tolist()]


def within(begin: int, size: int, whole: int) -> Tensor:
    """Indices of `size` pixels from `begin`, reflected where the axis is shorter than that."""
    return reflected(torch.arange(begin, begin + size), whole)


def _around(position: float, whole: int) -> tuple[Tensor, Tensor]:
    """Along one axis, the lines of the context of a tile at a relative position, and which of them are its own."""
    begin = int(position * (whole - TILE + 1))
    lines = reflected(torch.arange(begin - MARGIN, begin - MARGIN + CONTEXT), whole)
    return lines, (lines >= begin) & (lines < begin + TILE)
