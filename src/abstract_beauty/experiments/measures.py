"""What `abstract-beauty measure` can measure: each takes pictures and trained networks, and writes into results/."""

from collections.abc import Callable
from pathlib import Path

from torch import nn

from abstract_beauty.data.images import write_pictures
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.balance import measure_balance
from abstract_beauty.experiments.elsewhere import measure_elsewhere
from abstract_beauty.experiments.filters import measure_fills, measure_filters
from abstract_beauty.experiments.improver import improver_run, measure_improver, predictor_or_fill
from abstract_beauty.experiments.many import measure_many
from abstract_beauty.experiments.pixels import measure_pixels
from abstract_beauty.experiments.seeing import measure_ratings
from abstract_beauty.files import read_json, write_json
from abstract_beauty.params import Params
from abstract_beauty.project import Project


def _networks(project: Project, params: Params, *names: str) -> dict[str, nn.Module]:
    return {name: predictor_or_fill(project, params, name).network for name in names}


def _fills(project: Project, params: Params) -> None:
    write_json(project.results / "fills.json", measure_fills(project, params))


def _filters(project: Project, params: Params) -> None:
    f = _networks(project, params, "good", "bad", "judge")
    write_json(project.results / "filters.json", measure_filters(project, params, f))


def _elsewhere(project: Project, params: Params) -> None:
    f = _networks(project, params, "good", "bad", "judge")
    write_json(project.results / "elsewhere.json", measure_elsewhere(project, params, f))


def _pixels(project: Project, params: Params) -> None:
    f = _networks(project, params, "good", "bad", "bad_again", "small", "judge", "linear")
    numbers, pictures = measure_pixels(project, params, f)
    write_pictures(project.run / "pixels.safetensors", pictures)
    write_json(project.results / "pixels.json", numbers)


def _balance(project: Project, params: Params) -> None:
    f = _networks(project, params, "good", "bad", "judge")
    write_json(project.results / "balance.json", measure_balance(project, params, f))


def _many(project: Project, params: Params) -> None:
    numbers, pictures = measure_many(project, params, _networks(project, params, "good")["good"])
    write_pictures(project.run / "many.safetensors", pictures)
    write_json(project.results / "many.json", numbers)


def _ratings(project: Project, params: Params) -> None:
    f = _networks(project, params, "good", "bad", "small", "article", "judge", "linear")
    write_json(project.results / "ratings.json", measure_ratings(project, params, f))


MEASURES: dict[str, Callable[[Project, Params], None]] = {
    "fills": _fills,
    "filters": _filters,
    "elsewhere": _elsewhere,
    "pixels": _pixels,
    "balance": _balance,
    "many": _many,
    "ratings": _ratings,
}


def measure(project: Project, params: Params, what: str) -> None:
    """Measure one thing and write it into results/.

    Args:
        project: whose pictures and folders are used.
        params: as of params.yaml.
        what: a key of MEASURES, or "improver.NAME".

    Raises:
        UserError: there is nothing of that name.
    """
    if what in MEASURES:
        MEASURES[what](project, params)
        return
    kind, _, name = what.partition(".")
    if kind != "improver" or not name:
        raise UserError(f"{what}: measure {', '.join(MEASURES)} or improver.NAME")
    run = improver_run(project, params, name)
    f = _networks(project, params, "good", "bad", "judge")
    filters = _curves(project.results / "filters.json")
    numbers = measure_improver(project, params, run, f, filters)
    write_json(project.results / "improvers" / f"{name}.json", numbers)


def _curves(path: Path) -> dict[str, list[dict[str, float]]]:
    """The filters' curves; UserError names the file where it holds something else."""
    found = read_json(path)
    try:
        points = [point for curve in found.values() for point in curve]
        whole = bool(points) and all(found.values())
        for key in ("change", "error_judge"):
            whole = whole and all(isinstance(point[key], (int, float)) for point in points)
    except (AttributeError, TypeError, LookupError):
        whole = False
    if not whole:
        raise UserError(f"{path}: holds no curves of filters; run the stage `filters` again")
    return found
