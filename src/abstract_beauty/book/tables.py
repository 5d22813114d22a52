"""What the notebooks read: runs with their measurements, and these as tables and words.

Numbers that the pipeline has measured are read from results/; for any other run (changed parameters, a fresh clone)
they are measured on the spot and kept in the scratch folder.
"""

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from abstract_beauty import baselines
from abstract_beauty.book.source import Source as Source
from abstract_beauty.data.images import read_pictures, write_pictures
from abstract_beauty.experiments import filters as measuring
from abstract_beauty.experiments import improver as judging
from abstract_beauty.experiments.balance import measure_balance
from abstract_beauty.experiments.improver import improver_run, measure_improver
from abstract_beauty.experiments.linear import linear_run
from abstract_beauty.experiments.many import measure_many
from abstract_beauty.experiments.pixels import measure_pixels
from abstract_beauty.experiments.predictor import measure_predictor, predictor_run
from abstract_beauty.experiments.seeing import measure_ratings
from abstract_beauty.files import read_json, write_json
from abstract_beauty.measures import statistics
from abstract_beauty.params import Params, as_tree, load_params
from abstract_beauty.prediction.full_prediction import Predictor, full_prediction
from abstract_beauty.prediction.predictability import error_map, predictability
from abstract_beauty.project import Project
from abstract_beauty.training.runs import Run, digest

PREDICTORS = ("good", "bad", "judge")  # what improvers are trained through and judged by
TITLES = {
    "smoothing": "smoothing, plain",
    "smoothing_unet": "smoothing, U-Net",
    "black_square": "Black Square",
    "ratio_as_written": "ratio as written",
    "ratio_progress": "ratio as meant",
    "deeper": "smoothing, deep",
    "deeper_tilted": "tilted, deep",
    "ready": "smoothing, ready-made",
    "ready_tilted": "tilted, ready-made",
    "held": "smoothing, held",
    "held_further": "held, further",
    "coarse": "coarse",
    "target": "set point",
    "progress_held": "progress, held",
}
JUDGES = {
    "change": ("MAE(x,y)", ".4f"),
    "predictability": ("MAE(y,z) good", ".4f"),
    "error_averaged": ("averaged", ".4f"),
    "error_judge": ("MAE(y,z) judge", ".4f"),
    "progress": ("progress", ".3f"),
    "contrast_kept": ("contrast kept", ".1%"),
    "high_frequency_kept": ("fine detail kept", ".1%"),
    "colour_shift": ("colour shift", ".4f"),
}


def predictors(project: Project, params: Params, names: Sequence[str] = PREDICTORS) -> dict[str, Run]:
    """The runs of these predictors."""
    return {name: predictor_run(project, params, name) for name in names}


def published(project: Project, *runs: Run) -> bool:
    """Whether all these runs are the pipeline's own, so that results/ speaks of them."""
    return all(run.path.is_relative_to(project.run) for run in runs)


def figures(project: Project, name: str, *runs: Run) -> Path:
    """Where a notebook's figures go: results/figures/NAME, or the scratch folder if a run is not the pipeline's own."""
    return (project.results if published(project, *runs) else project.scratch) / "figures" / name


def _measured(
    project: Project,
    name: str,
    runs: Sequence[Run],
    settings: Any,
    measure: Callable[[], Any],
    changed: bool = False,
) -> Any:
    """results/NAME.json if it speaks of `runs`, unchanged; else measured, and kept in scratch by what decides it."""
    file = project.results / f"{name}.json"
    if published(project, *runs) and file.is_file() and not changed:
        return read_json(file)
    sources = (
        judging, measuring, statistics, baselines.filters, baselines.fills, baselines.linear,
        inspect.getmodule(predictability), inspect.getmodule(full_prediction),
    )  # fmt: skip
    code = [hashlib.sha256(inspect.getsource(module).encode()).hexdigest() for module in sources]
    key = digest([[run.config for run in runs], settings, code])[:12]
    kept = project.scratch / "measured" / f"{name.replace('/', '-')}-{key}.json"
    if not kept.is_file():
        write_json(kept, measure())
    return read_json(kept)


def fills(project: Project, params: Params, f: Mapping[str, Run]) -> dict[str, Any]:
    """Error of each fill in a predictor's place (`measure_fills`); up to a minute where it is not measured yet."""
    settings = [as_tree(params.evaluation), params.seed]
    return _measured(
        project, "fills", list(f.values()), settings, lambda: measuring.measure_fills(project, params)
    )


def predictor_scores(project: Project, f: Mapping[str, Run]) -> dict[str, Any]:
    """Each predictor's error on the test pictures (`measure_predictor`)."""
    return {
        name: _measured(
            project, f"predictors/{name}", [run], None, lambda run=run: measure_predictor(project, run)
        )
        for name, run in f.items()
    }


def filters(project: Project, params: Params, f: Mapping[str, Run]) -> dict[str, list[dict[str, float]]]:
    """Each plain filter's curve (`measure_filters`); up to a minute where it is not measured yet."""
    networks = {name: run.network for name, run in f.items()}
    points = as_tree(params.evaluation)
    return _measured(
        project,
        "filters",
        list(f.values()),
        points,
        lambda: measuring.measure_filters(project, params, networks),
    )


def judged(project: Project, params: Params, name: str) -> tuple[Run, dict[str, Any]]:
    """An improver, and its judges' table beside plain filters (`measure_improver`)."""
    f, run = predictors(project, params), improver_run(project, params, name)

    def measure() -> dict[str, Any]:
        networks = {key: one.network for key, one in f.items()}
        return measure_improver(project, params, run, networks, filters(project, params, f))

    settings = as_tree(params.evaluation)
    return run, _measured(project, f"improvers/{name}", [run, *f.values()], settings, measure)


def moved_pixels(
    project: Project, params: Params, f: Mapping[str, Run]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The experiments on bare pixels, and their pictures (`measure_pixels`); minutes where they are not there yet."""
    networks = {name: run.network for name, run in f.items()}
    networks["linear"] = linear_run(project, params).network
    return _with_pictures(
        project, "pixels", list(f.values()), as_tree(params.pixels),
        lambda: measure_pixels(project, params, networks),
    )  # fmt: skip


def balance(project: Project, params: Params, f: Mapping[str, Run]) -> dict[str, Any]:
    """The phase diagram with networks (`measure_balance`); minutes where it is not measured yet."""
    networks = {name: run.network for name, run in f.items()}
    settings = [as_tree(params.balance), as_tree(params.training), params.seed]
    return _measured(
        project, "balance", list(f.values()), settings, lambda: measure_balance(project, params, networks),
        changed=as_tree(load_params(project.params).balance) != settings[0],
    )  # fmt: skip


def many(project: Project, params: Params, f: Mapping[str, Run]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Improvers applied many times, and their pictures (`measure_many`); a minute where it is not measured yet."""
    runs = [improver_run(project, params, name) for name in params.improvers]
    return _with_pictures(
        project, "many", [*f.values(), *runs], as_tree(params.many),
        lambda: measure_many(project, params, f["good"].network),
    )  # fmt: skip


def rated(project: Project, params: Params, f: Mapping[str, Run]) -> dict[str, Any]:
    """Scores along the dials, against ratings, and by watcher (`measure_ratings`); minutes where not there yet."""
    networks = {name: run.network for name, run in f.items()}
    networks["linear"] = linear_run(project, params).network
    own = as_tree(load_params(project.params).ratings)
    settings = [as_tree(params.ratings), params.seed]
    return _measured(
        project, "ratings", list(f.values()), settings, lambda: measure_ratings(project, params, networks),
        changed=own != settings[0],
    )  # fmt: skip


def reference(project: Project, name: str, *instead: Any) -> Any:
    """What the reference run measured: results/reference/NAME.json.

    Args:
        project: the repository.
        name: of the file, without its ending.
        instead: one value for where there is no such file.

    Raises:
        UserError: there is none, and nothing is given instead.
    """
    file = project.results / "reference" / f"{name}.json"
    return instead[0] if instead and not file.is_file() else read_json(file)


def _with_pictures(
    project: Project,
    name: str,
    runs: Sequence[Run],
    settings: Any,
    measure: Callable[[], tuple[dict[str, Any], dict[str, Tensor]]],
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """results/NAME.json and models/run/NAME.safetensors if they speak of `runs` and of params.yaml; else measured."""
    file, pictures = project.results / f"{name}.json", project.run / f"{name}.safetensors"
    own = as_tree(getattr(load_params(project.params), name))
    if published(project, *runs) and settings == own and file.is_file() and pictures.is_file():
        return read_json(file), read_pictures(pictures)
    key = digest([[run.config for run in runs], settings])[:12]
    kept = project.scratch / "measured" / f"{name}-{key}.json"
    kept_pictures = kept.with_suffix(".safetensors")
    if not (kept.is_file() and kept_pictures.is_file()):
        numbers, made = measure()
        write_pictures(kept_pictures, made)
        write_json(kept, numbers)
    return read_json(kept), read_pictures(kept_pictures)


def judges_table(rows: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """The judges' tables of several improvers as text, the untouched pictures first.

    Args:
        rows: label -> what `judged` measured.
    """
    first = next(iter(rows.values()))["original"]
    lines = {"original": {head: f"{first[key]:{form}}" for key, (head, form) in JUDGES.items()}}
    lines["original"]["best filter, judge"] = "–"
    for label, row in rows.items():
        lines[label] = {head: f"{row['test'][key]:{form}}" for key, (head, form) in JUDGES.items()}
        lines[label]["best filter, judge"] = best_filter(row)
    return pd.DataFrame.from_dict(lines, orient="index")


def best_filter(row: Mapping[str, Any]) -> str:
    """The best plain filter at an improver's MAE(x, y), with its error by the judge; a dash where none goes so far."""
    best = row["best_filter"]
    if best["name"] is None:
        return "–"
    return f"{best['error_judge']:.4f} ({best['name'].replace('_', ' ')})"


def plane(
    rows: Mapping[str, Mapping[str, Any]], curves: Mapping[str, list[dict[str, float]]]
) -> dict[str, Any]:
    """The arguments of `plots.change_plane` for several improvers and the filters' curves."""
    reach = 1.15 * max(row["test"]["change"] for row in rows.values())
    return {
        "improvers": {
            label: (row["test"]["change"], row["test"]["error_judge"]) for label, row in rows.items()
        },
        "filters": {
            name: _up_to(reach, [(point["change"], point["error_judge"]) for point in points])
            for name, points in curves.items()
            if name != "original"
        },
        "original": curves["original"][0]["error_judge"],
    }


def _up_to(reach: float, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points of a curve up to the first one beyond `reach`, so that nothing else stretches the axis."""
    ordered = sorted(points)
    inside = [point for point in ordered if point[0] <= reach]
    return ordered[: len(inside) + 1]


def chosen(pictures: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The pictures of these names; where a reader's own pictures have other names, as many from the beginning."""
    found = {name: pictures[name] for name in names if name in pictures}
    return found or dict(list(pictures.items())[: len(names)])


def compared(
    value: float, other: float, less: str, more: str, same: str = "the same", close: float = 0.005
) -> str:
    """The word for how `value` stands to `other`; `same` if they differ by at most the share `close` of the larger."""
    if abs(value - other) <= close * max(abs(value), abs(other)):
        return same
    return less if value < other else more


@torch.no_grad()
def rows(
    f: Predictor, photographs: Mapping[str, Tensor], g: Callable[[Tensor], Tensor] | None = None
) -> dict[str, dict[str, Any]]:
    """The arguments of `plots.prediction_grid`: photographs, what an improver makes of them, how that is predicted.

    Args:
        f: the predictor.
        photographs: name -> x, (1, 3, h, w).
        g: the improver; None: y is x.
    """
    found: dict[str, dict[str, Any]] = {"rows": {}, "maps": {}, "captions": {}}
    for name, x in photographs.items():
        y = x if g is None else g(x)
        z = full_prediction(f, y)
        name = name.replace("_", " ")
        error = f"MAE(y,z) {float(predictability(y, z)):.4f}"
        if g is None:
            found["rows"][name] = {"photograph y": y, "full prediction z": z}
            found["captions"][name] = {"full prediction z": error}
        else:
            found["rows"][name] = {"original x": x, "improved y": y, "prediction z": z}
            found["captions"][name] = {
                "improved y": f"MAE(x,y) {float(predictability(x, y)):.4f}",
                "prediction z": error,
            }
        found["maps"][name] = error_map(y, z)[0]
    return found
