"""The prepared pictures, and batches drawn from them."""

from functools import lru_cache

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.data import Picture, load_split, prepare, read_manifest, summary
from abstract_beauty.data.prepare import digest
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, write_json
from abstract_beauty.params import Params, load_params
from abstract_beauty.project import Project
from abstract_beauty.training.batches import within


def prepare_data(project: Project, params: Params, *, progress: bool = True) -> None:
    """The data stage: data/ with its manifest, and results/data.json with its summary."""
    manifest = prepare(params.data, params.seed, project.data, progress=progress)
    write_json(project.results / "data.json", summary(manifest))


def ensure_data(project: Project, params: Params, *, progress: bool = True) -> Project:
    """The project whose prepared pictures are those that `params` ask for; they are prepared where they are missing.

    Pictures other than params.yaml's go to a project of their own in the scratch folder, with everything that is
    trained on them, so that trying other data in a notebook never touches the pipeline's.

    Raises:
        UserError: params.yaml was changed, and the pipeline has not run since.
    """
    own, asked = load_params(project.params), digest(params.data, params.seed)
    project = project.part_of or project
    if (own.data, own.seed) != (params.data, params.seed):
        project = Project(project.scratch / f"project-{asked}", part_of=project)
    if not (manifest := project.data / "manifest.json").is_file():
        prepare_data(project, params, progress=progress)
    elif read_json(manifest).get("params", asked) != asked:
        raise UserError(f"{project.data}: params.yaml asks for other pictures since; run `make repro`")
    return project


def data_hash(project: Project) -> str:
    """One hash over all prepared pictures; UserError when the data stage has not run."""
    if not (project.data / "manifest.json").is_file():
        what = "there are no prepared pictures; run `make repro` or `abstract-beauty data`"
        raise UserError(f"{project.data}: {what}")
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
    return {name: images[name] for name in _spread(list(images), params.evaluation.pictures or len(images))}


def squares(project: Project, count: int, side: int) -> dict[str, Float[Tensor, "1 3 side side"]]:
    """The central squares of at most `count` test pictures, evenly spread; smaller ones are reflected."""
    images = test_images(project)
    found = {}
    for name in _spread(list(images), count):
        h, w = images[name].shape[2:]
        rows, columns = (within((whole - side) // 2, side, whole) for whole in (h, w))
        found[name] = images[name][:, :, rows][..., columns]
    return found


def _spread(names: list[str], count: int) -> list[str]:
    """`count` of the names, evenly spread; all where there are no more."""
    count = min(count, len(names))
    return [names[k * len(names) // count] for k in range(count)]
