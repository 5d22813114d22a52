"""How large a benchmark is: picture sizes, trials, and the batches of the training steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from abstract_beauty.errors import UserError
from abstract_beauty.prediction.full_prediction import TILE

LARGE = 512  # pixels a side; larger pictures are slow to loop over and get a third of the trials
FEWEST = 3  # ... but at least so many, where so many are asked for at all

PRECISIONS = ("float32", "bfloat16")
MODES = ("forward", "forward_backward")


@dataclass(frozen=True)
class Settings:
    """What is timed, and how often. The defaults are those of the project's performance table."""

    sizes: tuple[int, ...] = (320, 1024)  # sides of the square pictures of full prediction, pixels
    trials: int = 7  # of each way; see `trials_of`
    sides: tuple[int, ...] = (128, 256, 512, 1024, 2048)  # of the pictures of the scaling, pixels
    layout_size: int = 320  # side of the picture on which memory layouts are compared, and bfloat16 is judged
    compile: bool = False  # also time torch.compile
    imitated: bool = (
        False  # bfloat16 is imitated here, which takes minutes for a large picture: left out for those
    )
    # What is trained, as in params.yaml: predictors.good, predictors.article, improvers.smoothing.
    token_width: int = 64  # of the one-pass predictor
    encoder_width: int = 24  # of the article's context encoder
    crop: int = 192  # side of the one-pass predictor's training crops
    crops: int = 3  # of them a step
    tiles: int = 32  # a step of the context encoder
    improver_width: int = 24
    improver_crop: int = 256
    improver_images: int = 4  # a step
    # Candidates for the machine's peak; empty: what fits the device.
    matrices: tuple[int, ...] = ()  # sides of square matrices
    convolutions: tuple[int, ...] = ()  # channels of 3x3 convolutions

    def trials_of(self, size: int) -> int:
        """Timed trials at a picture size: all, or a third of them but at least three for a large one."""
        return self.trials if size <= LARGE else min(self.trials, max(FEWEST, self.trials // 3))

    def precisions_of(self, size: int) -> tuple[str, ...]:
        """The precisions that a picture size is timed in."""
        return PRECISIONS[:1] if self.imitated and size > LARGE else PRECISIONS

    def warmups(self, device: torch.device) -> int:
        """Turns that are not counted: a GPU also chooses kernels, fills its allocator and raises its clock in them."""
        return 3 if device.type == "cuda" else 1

    def matrix_sides(self, device: torch.device) -> tuple[int, ...]:
        """Sides of the square matrices that are multiplied for the peak."""
        return self.matrices or ((2048, 4096, 8192) if device.type == "cuda" else (512, 1024, 2048))

    def convolution_channels(self, device: torch.device) -> tuple[int, ...]:
        """Channels of the convolutions that are tried for the peak."""
        return self.convolutions or ((256, 512, 1024) if device.type == "cuda" else (64, 128, 256))


QUICK = Settings(
    sizes=(64,), trials=1, sides=(64, 128), layout_size=64, token_width=24, encoder_width=8, crop=64, crops=1,
    tiles=2, improver_width=8, improver_crop=64, improver_images=1, matrices=(64, 128), convolutions=(16,),
)  # fmt: skip


def settings_for(
    *,
    quick: bool = False,
    sizes: Sequence[int] | None = None,
    trials: int | None = None,
    largest: int | None = None,
    compile: bool = False,
    imitated: bool = False,
) -> Settings:
    """The settings that the command's options mean; None leaves one as it is.

    Args:
        quick: begin from the smallest settings, which take seconds.
        sizes: sides of the square pictures of full prediction.
        trials: timed turns of each way, at least 1.
        largest: leaves the larger sides out of the scaling.
        compile: whether torch.compile is timed too.
        imitated: whether bfloat16 is imitated on this machine; then it is left out for large pictures.

    Raises:
        UserError: a picture is smaller than a tile, or fewer than two sides are left.
    """
    settings = replace(QUICK if quick else Settings(), compile=compile, imitated=imitated)
    if sizes:
        if min(sizes) < TILE:
            raise UserError(f"--size {min(sizes)}: must be at least {TILE}")
        settings = replace(settings, sizes=tuple(dict.fromkeys(sizes)))
    if trials:
        settings = replace(settings, trials=trials)
    if largest:
        sides = tuple(side for side in settings.sides if side <= largest)
        if len(sides) < 2:
            raise UserError(
                f"--largest {largest}: must be at least {settings.sides[1]}, to compare two sizes"
            )
        settings = replace(settings, sides=sides)
    return settings
