"""Which predictor sees like people? What it misses at a glance, by training, size, pictures and scale."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from abstract_beauty.data.images import resize_short_side
from abstract_beauty.experiments.pictures import ensure_data, squares
from abstract_beauty.experiments.predictor import predictor_run
from abstract_beauty.experiments.ratings import Rated, dial_study, dials, folders, study
from abstract_beauty.measures import correlation
from abstract_beauty.measures.scores import GLANCE, missed, trimmed
from abstract_beauty.params import DataParams, Params, PredictorParams
from abstract_beauty.prediction.full_prediction import TILE, full_prediction
from abstract_beauty.prediction.predictability import PHASES, predictability
from abstract_beauty.project import Project
from abstract_beauty.training.runs import Run

TEST_PICTURES, TEST_SIDE = 12, 192  # on whose central squares each predictor's own error is measured


@dataclass(frozen=True)
class Watcher:
    """One predictor, or one way of looking, of a series in which a single thing changes."""

    series: str  # "steps", "width", "pictures", "network", "side"
    label: str
    value: float | None  # of what changes, where it is a number
    network: nn.Module
    side: int = GLANCE
    run: Run | None = None  # where it was trained here


def _variant(params: Params, **changes: Any) -> PredictorParams:
    return dataclasses.replace(params.predictors["good"], **changes)


def watchers(project: Project, params: Params, f: Mapping[str, nn.Module]) -> Iterator[Watcher]:
    """Every predictor that params.ratings asks for, trained where it is missing; runs are kept in scratch.

    Args:
        project: whose pictures are used.
        params: for the sections `ratings` and `predictors.good`.
        f: finished predictors by name; "good" ends the series of its own width.
    """
    section = params.ratings
    good = params.predictors["good"]
    for width in section.widths:
        for steps in section.lengths:
            section = _variant(params, width=width, steps=steps)
            run = predictor_run(project, params, f"watcher-{width}-{steps}", section=section)
            yield Watcher(f"width {width}", f"{steps} steps", steps, run.network, run=run)
            if width == good.width and steps == section.lengths[-1]:
                yield Watcher(f"width {width}", f"{good.steps} steps", good.steps, f["good"])
    for name, paths in section.others.items():
        # Photographs of one test set are not needed: what is trained on them is judged on the project's own.
        data = dataclasses.replace(
            DataParams(source="folder", train=paths) if paths else DataParams(),
            short_side=params.data.short_side if paths else 256,
        )
        other = dataclasses.replace(params, data=data)
        elsewhere = ensure_data(project, other)
        run = predictor_run(
            elsewhere, other, f"watcher-{name}", section=_variant(params, steps=section.others_steps)
        )
        yield Watcher("pictures", name, None, run.network, run=run)
    for name, network in f.items():
        yield Watcher("network", name, None, network)
    for side in section.sides:
        yield Watcher("side", f"{side} pixels", side, f["good"], side)


@torch.no_grad()
def _missed(pictures: Sequence[Tensor], f: nn.Module) -> np.ndarray:
    """What a predictor misses of each picture, on the article's grid and the one furthest from it."""
    return np.array(
        [
            np.mean([float(missed(y[None], full_prediction(f, y[None], phase))) for phase in PHASES[:2]])
            for y in pictures
        ]
    )


def measure_seeing(
    project: Project,
    params: Params,
    f: Mapping[str, nn.Module],
    sets: Sequence[Rated],
    turned: Mapping[str, Rated],
) -> list[dict[str, Any]]:
    """How what each watcher misses goes with people's ratings, and with the dials.

    Args:
        project: whose pictures are used.
        params: for the section `ratings`.
        f: finished predictors by name, "good" among them.
        sets: rated pictures; the first rating of each counts.
        turned: pictures whose complexity is known.

    Returns:
        A row a watcher: {"series", "label", "value", "error", "people": {SET: Pearson's r}, "dials": mean rank
        correlation}; "error" is its own MAE on test pictures.
    """
    test = squares(project, TEST_PICTURES, TEST_SIDE)
    at: dict[tuple[str, int], list[Tensor]] = {}

    def reduced(one: Rated, side: int) -> list[Tensor]:
        key = (one.name, side)
        if key not in at:
            for old in [old for old in at if old[1] not in (GLANCE, side)]:
                del at[old]
            at[key] = [resize_short_side(trimmed(picture), max(side, TILE)) for picture in one.pictures]
        return at[key]

    rows = []
    for watcher in watchers(project, params, f):
        people = {}
        for one in sets:
            rating = next(iter(one.ratings.values()))
            values = _missed(reduced(one, watcher.side), watcher.network)
            people[one.name] = correlation.pearson(values, rating).value
        ranks = [
            correlation.spearman(
                _missed(reduced(one, watcher.side), watcher.network), one.ratings["level"]
            ).value
            for one in turned.values()
        ]
        with torch.no_grad():
            errors = [
                float(predictability(y, full_prediction(watcher.network, y)).mean()) for y in test.values()
            ]
        rows.append(
            {
                "series": watcher.series,
                "label": watcher.label,
                "value": watcher.value,
                "error": sum(errors) / len(errors),
                "people": people,
                "dials": float(np.mean(ranks)),
            }
        )
    return rows


def measure_ratings(project: Project, params: Params, f: Mapping[str, nn.Module]) -> dict[str, Any]:
    """Scores along the dials, against people's ratings of params.ratings.folders, and by every watcher.

    Args:
        project: whose pictures and folders are used.
        params: for the section `ratings`.
        f: the predictors "good", "bad" and "linear", and any others to be compared as watchers.
    """
    sets = folders(project, params)
    people, _ = study(sets, f, params.seed)
    return {
        "dials": dial_study(params, f),
        "sets": people,
        "seeing": measure_seeing(project, params, f, sets, dials(params)),
    }
