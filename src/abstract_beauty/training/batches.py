"""What networks are trained on, step by step: the i-th batch is a pure function of i."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from abstract_beauty.prediction.full_prediction import CONTEXT, MARGIN, TILE, Phase, reflected
from abstract_beauty.training.fit import generator_for


def random_phase(seed: int, step: int) -> Phase:
    """The grid of a step where each has one drawn anew."""
    dy, dx = torch.randint(TILE, (2,), generator=generator_for(seed, "phase", step)).tolist()
    return dy, dx


@dataclass(frozen=True)
class _Batches:
    """Random parts of images: six numbers in [0, 1) say what each part is, which image first."""

    images: tuple[UInt8[Tensor, "3 _h _w"], ...]
    batch: int  # parts a step, over all processes
    seed: int  # with the step's number it decides everything
    stream: ClassVar[str]  # the name of this randomness

    def _drawn(self, step: int) -> list[list[float]]:
        return torch.rand(self.batch, 6, generator=generator_for(self.seed, self.stream, step)).tolist()

    def pictures(self, step: int) -> list[int]:
        """Which of the images a batch is cut from, over all processes."""
        return [int(which * len(self.images)) for which, *_ in self._drawn(step)]


@dataclass(frozen=True)
class Crops(_Batches):
    """Random crops of images, mirrored half of the time; smaller images are completed by reflection.

    Where they are to be varied, they are also turned and darkened as `Tiles` are.
    """

    stream = "crops"
    size: int  # side of the square crops
    varied: bool = False

    def __call__(self, step: int, rank: int = 0, world: int = 1) -> Float[Tensor, "b 3 size size"]:
        """This process's share of the batch, float in [0, 1]."""
        crops = []
        for which, top, left, flip, turn, shade in self._drawn(step)[rank::world]:
            image = self.images[int(which * len(self.images))]
            h, w = image.shape[1:]
            rows = within(int(top * max(1, h - self.size + 1)), self.size, h)
            columns = within(int(left * max(1, w - self.size + 1)), self.size, w)
            crop = _moved(image[:, rows][:, :, columns], flip, turn if self.varied else 1)
            crops.append(crop.float() / 255 * (0.6 + 0.4 * shade if self.varied else 1.0))
        return torch.stack(crops)

    def phase(self, step: int) -> Phase:
        """The grid of a step: the article's at even steps, one drawn at random at odd ones."""
        return random_phase(self.seed, step) if step % 2 else (0, 0)


class Tiles(_Batches):
    """Random tiles and their contexts for training a predictor.

    Tiles lie anywhere in an image, at its border too, where their contexts are completed as in full prediction.
    Contexts are mirrored and turned by reflection in the diagonal, half of the time each, and darkened by up to 40 %.
    """

    stream = "tiles"

    def __call__(
        self, step: int, rank: int = 0, world: int = 1
    ) -> tuple[Float[Tensor, "b 3 128 128"], Bool[Tensor, "b 1 128 128"]]:
        """This process's share of the batch: contexts in [0, 1], and what of them is hidden."""
        contexts, masks = [], []
        for which, top, left, flip, turn, shade in self._drawn(step)[rank::world]:
            image = self.images[int(which * len(self.images))]
            rows, own_rows = _around(top, image.shape[1])
            columns, own_columns = _around(left, image.shape[2])
            context = _moved(image[:, rows][:, :, columns], flip, turn)
            # A change of exposure: brighter or darker, never out of range.
            contexts.append(context.float() / 255 * (0.6 + 0.4 * shade))
            masks.append(_moved((own_rows[:, None] & own_columns)[None], flip, turn))
        return torch.stack(contexts), torch.stack(masks)


def _moved(part: Tensor, flip: float, turn: float) -> Tensor:
    """(c, h, w) mirrored where `flip` is below a half, and turned by reflection in the diagonal where `turn` is."""
    part = part.flip(2) if flip < 0.5 else part
    return part.transpose(1, 2) if turn < 0.5 else part


def within(begin: int, size: int, whole: int) -> Tensor:
    """Indices of `size` pixels from `begin`, reflected where the axis is shorter than that."""
    return reflected(torch.arange(begin, begin + size), whole)


def _around(position: float, whole: int) -> tuple[Tensor, Tensor]:
    """Along one axis, the lines of the context of a tile at a relative position, and which of them are its own."""
    begin = int(position * (whole - TILE + 1))
    lines = within(begin - MARGIN, CONTEXT, whole)
    return lines, (lines >= begin) & (lines < begin + TILE)
