"""The prepared pictures, and batches drawn from them."""

import hashlib
import json
from functools import lru_cache

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from abstract_beauty.data import Picture, load_split, prepare, read_manifest, summary
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json
from abstract_beauty.full_prediction import CONTEXT, MARGIN, TILE, Phase, reflected
from abstract_beauty.params import Params, as_tree, load_params
from abstract_beauty.project import Project
from abstract_beauty.training import generator_for


def prepare_data(project: Project, params: Params, *, progress: bool = True) -> None:
    """The data stage: data/ with its manifest, and results/data.json with its summary."""
    manifest = prepare(params.data, params.seed, project.data, progress=progress)
    write_json(project.results / "data.json", summary(manifest))


def ensure_data(project: Project, params: Params, *, progress: bool = True) -> Project:
    """The project whose prepared pictures are those that `params` ask for; they are prepared where they are missing.

    Pictures other than params.yaml's go to a project of their own in the scratch folder, with everything that is
    trained on them, so that trying other data in a notebook never touches the pipeline's.
    """
    own = load_params(project.params)
    if (own.data, own.seed) != (params.data, params.seed):
        key = hashlib.sha256(json.dumps([as_tree(params.data), params.seed]).encode()).hexdigest()[:12]
        project = Project(project.scratch / f"project-{key}")
    if not (project.data / "manifest.json").is_file():
        prepare_data(project, params, progress=progress)
    return project


def data_hash(project: Project) -> str:
    """One hash over all prepared pictures; UserError when the data stage has not run."""
    if not (project.data / "manifest.json").is_file():
        raise UserError(
            f"{project.data}: there are no prepared pictures; run `make repro` or `abstract-beauty data`"
        )
    # Not from results/data.json, which is written after the pictures: a kill may fall between.
    return summary(read_manifest(project.data))["sha256"]


@lru_cache(maxsize=4)
def pictures(project: Project, split: str) -> tuple[Picture, ...]:
    """The pictures of a split, in the manifest's order."""
    return tuple(load_split(project.data, split))


def test_images(project: Project) -> dict[str, Float[Tensor, "1 3 h w"]]:
    """The test pictures by name, each a batch of one in [0, 1]."""
    return {picture.name: picture.image[None].float() / 255 for picture in pictures(project, "test")}


def judged_images(project: Project, params: Params) -> dict[str, Float[Tensor, "1 3 h w"]]:
    """The test pictures that improvers and filters are judged on: all, or as many as params ask for, evenly spread."""
    images = test_images(project)
    wanted = params.evaluation.pictures or len(images)
    names = list(images)
    picked = [names[k * len(names) // wanted] for k in range(min(wanted, len(names)))]
    return {name: images[name] for name in dict.fromkeys(picked)}


def squares(project: Project, count: int, side: int) -> dict[str, Float[Tensor, "1 3 side side"]]:
    """The central squares of at most `count` test pictures, evenly spread; smaller ones are reflected."""
    images = test_images(project)
    names = list(images)
    count = min(count, len(names))
    found = {}
    for name in (names[k * len(names) // count] for k in range(count)):
        h, w = images[name].shape[2:]
        rows, columns = (_within((whole - side) // 2, side, whole) for whole in (h, w))
        found[name] = images[name][:, :, rows][..., columns]
    return found


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
            rows = _within(int(top * max(1, h - self.size + 1)), self.size, h)
            columns = _within(int(left * max(1, w - self.size + 1)), self.size, w)
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


def _within(begin: int, size: int, whole: int) -> Tensor:
    """Indices of `size` pixels from `begin`, reflected where the axis is shorter than that."""
    return reflected(torch.arange(begin, begin + size), whole)


def _around(position: float, whole: int) -> tuple[Tensor, Tensor]:
    """Along one axis, the lines of the context of a tile at a relative position, and which of them are its own."""
    begin = int(position * (whole - TILE + 1))
    lines = reflected(torch.arange(begin - MARGIN, begin - MARGIN + CONTEXT), whole)
    return lines, (lines >= begin) & (lines < begin + TILE)
