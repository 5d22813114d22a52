"""Pictures that need no download: generated ones, and photographs that come with scikit-image."""

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from abstract_beauty.data.generators import KINDS, generate
from abstract_beauty.data.images import from_bytes, read_image, resize_short_side, to_bytes
from abstract_beauty.data.prepare import Found, Split
from abstract_beauty.sections import DataParams

# Photographs inside the wheel of scikit-image. The most photographic ones test; motorcycle_right is left out of both,
# as it shows the scene of motorcycle_left, and so are drawings and files too small for a context.
TEST = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
TRAIN = (
    "brick.png", "cell.png", "clock_motion.png", "coins.png", "grass.png", "gravel.png", "hubble_deep_field.jpg",
    "ihc.png", "moon.png", "page.png", "retina.jpg",
)  # fmt: skip


def pictures(params: DataParams, seed: int) -> Iterator[Found]:
    """The test photographs, `params.generated` pictures of all kinds in turn, and the training photographs."""

    def photograph(file: str, split: Split) -> Found:
        # without the profiles that two of the files have: the published results were made so
        picture = read_image(photographs() / file, profile=False)
        image = to_bytes(resize_short_side(picture, params.short_side))
        return Found(Path(file).stem, split, file, "photograph", image)

    def draw(index: int) -> Found:
        number, kind = divmod(index, len(KINDS))
        kind = list(KINDS)[kind]
        drawn = torch.from_numpy(generate(kind, number, seed, params.generated_size))
        image = to_bytes(resize_short_side(from_bytes(drawn.permute(2, 0, 1)), params.short_side))
        return Found(f"{kind}-{number:04d}", "train", "generated", f"generated:{kind}", image)

    for file in TEST:
        yield photograph(file, "test")
    # numpy and OpenCV let go of the interpreter, so two threads help; map keeps the order
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(draw, range(params.generated))
    for file in TRAIN:
        yield photograph(file, "train")


def photographs() -> Path:
    """The folder of the photographs that come with scikit-image; found without importing it, and never downloaded."""
    return Path(importlib.util.find_spec("skimage").origin).parent / "data"
