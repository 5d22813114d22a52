"""Does predictability mean anything to people? Scores against their ratings, and against dials of complexity."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from abstract_beauty.data.generators.dials import DIALS, LEVELS, dial_picture
from abstract_beauty.data.images import printable, read_image, resize_short_side
from abstract_beauty.data.ratings import RatedSet, read_rated
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.observers import observers
from abstract_beauty.experiments.pictures import squares
from abstract_beauty.experiments.predictor import errors_of
from abstract_beauty.parallel import side_by_side
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import TILE, Phase
from abstract_beauty.prediction.predictability import PHASES, phase_averaged
from abstract_beauty.project import Project, located
from abstract_beauty.scores import correlation
from abstract_beauty.scores.complexity import MEASURES
from abstract_beauty.scores.scores import SCORES, Look, share_missed, trimmed
from abstract_beauty.training.runs import forget

READS = ("ratings", "beauty")
BASELINE_SIDE = 256  # short side at which the classical measures see a picture
GIVEN = ("tile_contrast", "jpeg_bits")  # held fixed in the partial correlations
DIAL_SIZE = 256
PREDICTORS = ("good", "bad", "small", "article", "judge", "linear")  # as observers; the scores are of three
TEST_PICTURES, TEST_SIDE = 12, 192  # on whose central squares each observer's own error is measured
# The best of five classical measures for each kind of picture, Pearson's r: Saraee, Jalal & Betke 2018.
PUBLISHED = {
    "scenes": 0.57, "advertisement": 0.56, "visualizations": 0.61, "objects": 0.30, "interior design": 0.68,
    "art": 0.65, "suprematism": 0.84,
}  # fmt: skip


class Rated(RatedSet):
    """Pictures with numbers that a score should go with; `files` may be pictures themselves, in [0, 1]."""

    def pictures(self) -> Iterator[Float[Tensor, "3 h w"]]:
        """The pictures, each read when it is asked for."""
        for file in self.files:
            picture = file if isinstance(file, Tensor) else read_image(file)
            if min(picture.shape[1:]) < TILE:
                raise UserError(f"{printable(file)}: is too small; both sides must be at least {TILE}")
            yield picture

    def table(
        self, numbers: Callable[[Tensor], dict[str, float]], workers: int = 1, *, progress: bool = True
    ) -> pd.DataFrame:
        """What `numbers` says of every picture, a row each by the file's name, so many at once."""
        rows = side_by_side(numbers, self.pictures(), workers)
        bar = {"desc": self.name, "total": len(self.files), "unit": "picture", "disable": not progress}
        names = [file.stem if isinstance(file, Path) else "" for file in self.files]
        return pd.DataFrame(tqdm(rows, **bar), index=names)


def of_files(source: str, found: Sequence[RatedSet], taken: Sequence[str] = ()) -> list[Rated]:
    """Rated sets of files; UserError, which names their source, where one is too small for a correlation or has the
    name of another, or one that is taken.
    """
    called = [*taken, *(rated.name for rated in found)]
    if twice := next((name for name in called if called.count(name) > 1), None):
        raise UserError(f"{source}: two sets are called {twice!r}; give one folder another name")
    for rated in found:
        if len(rated.files) < correlation.FEWEST:
            few = f"has {len(rated.files)} rated pictures; at least {correlation.FEWEST} are needed"
            raise UserError(f"{rated.name}: {few}")
    return [Rated(*rated) for rated in found]


def folders(project: Project, key: str, names: Sequence[str]) -> list[Rated]:
    """The rated sets of folders that params name under `key`; errors as `of_files`."""
    found = [rated for name in located(project.home, names) for rated in read_rated(Path(name))]
    return of_files(key, found, tuple(DIALS))


def dials(params: Params) -> list[Rated]:
    """The dials' pictures, a set each; the rating is the level."""
    places = [(level, number) for level in range(LEVELS) for number in range(params.ratings.dial_pictures)]
    levels = {"level": np.array([float(level) for level, _ in places])}
    found = []
    for dial in DIALS:
        drawn = [dial_picture(dial, *place, params.seed, DIAL_SIZE) for place in places]
        pictures = tuple(torch.from_numpy(picture).permute(2, 0, 1) for picture in drawn)
        found.append(Rated(dial, pictures, levels))
    return found


def measures() -> list[str]:
    """Every score and every classical measure; the score that was made to go with ratings comes first."""
    return [*sorted(SCORES, key=lambda name: name != "complexity"), *MEASURES]


def scored(
    rated: Rated, f: Mapping[str, nn.Module], workers: int = 1, *, progress: bool = True
) -> pd.DataFrame:
    """Our scores, with the parts of complexity, and the classical measures of every picture, a row each."""

    @torch.no_grad()
    def numbers(picture: Tensor) -> dict[str, float]:
        look = Look(picture, f)
        array = resize_short_side(picture, BASELINE_SIDE).permute(1, 2, 0).contiguous().numpy()
        row = {name: score.of(look) for name, score in SCORES.items()}
        row |= {"glance": look.glance, "texture": look.texture}
        return row | {name: measure.of(array) for name, measure in MEASURES.items()}

    return rated.table(numbers, workers, progress=progress)


def goes_with(table: pd.DataFrame, rating: Float[np.ndarray, "n"], seed: int) -> dict[str, Any]:
    """Each measure's correlations with a rating, with intervals; partial ones hold contrast and JPEG size fixed."""
    found = {}
    given = table[list(GIVEN)].to_numpy()
    for name in measures():
        values = table[name].to_numpy(float)
        found[name] = {
            "pearson": asdict(correlation.pearson(values, rating, seed)),
            "spearman": asdict(correlation.spearman(values, rating, seed)),
        }
        if name not in GIVEN:
            found[name]["partial"] = asdict(correlation.partial(values, rating, given, seed))
    return found


def fitted_discount(table: pd.DataFrame, rating: Float[np.ndarray, "n"]) -> float | None:
    """How much texture this set alone would take off the glance: least squares of the rating on both, as a ratio."""
    design = np.column_stack([table["glance"], table["texture"], np.ones(len(table))])
    glance, texture, _ = np.linalg.lstsq(design, rating, rcond=None)[0]
    return float(-texture / glance) if glance > 0 else None


def study(
    sets: Sequence[Rated], f: Mapping[str, nn.Module], seed: int, workers: int = 1, *, progress: bool = True
) -> dict[str, Any]:
    """Scores and baselines of rated sets against each of their ratings."""
    found = {}
    for rated in sets:
        table = scored(rated, f, workers, progress=progress)
        complexity = table["complexity"].to_numpy()
        ratings = {
            name: {
                "measures": goes_with(table, values, seed),
                "discount": fitted_discount(table, values),
                "hill": asdict(correlation.hill(complexity, values)) if np.ptp(complexity) else None,
                "points": {"score": complexity.tolist(), "rating": values.tolist()},
            }
            for name, values in rated.ratings.items()
        }
        published = PUBLISHED.get(rated.name)
        found[rated.name] = {"pictures": len(table), "published": published, "ratings": ratings}
    return found


def dial_study(turned: Sequence[Rated], f: Mapping[str, nn.Module]) -> dict[str, Any]:
    """Along each dial: mean complexity at each level, whether it only rises, and every measure's rank correlation."""
    found = {}
    for rated in turned:
        table, levels = scored(rated, f), rated.ratings["level"]
        means = table.groupby(levels)["complexity"].mean()
        ranks = {name: correlation.spearman(table[name].to_numpy(float), levels).value for name in measures()}
        rises = bool((np.diff(means) > 0).all())
        found[rated.name] = {"complexity": means.tolist(), "rises": rises, "spearman": ranks}
    return found


class Asked(NamedTuple):
    """What observers are asked: how what they miss of each set's pictures goes with its first rating."""

    sets: Sequence[Rated]
    goes_with: Callable[..., correlation.Correlation]
    miss: Callable[..., float] = share_missed
    cut: Callable[[Tensor], Tensor] = trimmed


def observed(
    project: Project, params: Params, f: Mapping[str, nn.Module], asked: Mapping[str, Asked]
) -> list[dict[str, Any]]:
    """Every observer a row: its own MAE on test pictures, "error", and by question the correlation for each set."""
    test = squares(project, TEST_PICTURES, TEST_SIDE)

    @lru_cache(maxsize=1)  # all but the last few observers look at one size
    def reduced(side: int) -> dict[str, list[list[Tensor]]]:
        def small(picture: Tensor, cut: Callable[[Tensor], Tensor]) -> Tensor:
            return resize_short_side(cut(picture), max(side, TILE))

        return {
            key: [[small(picture, each.cut) for picture in rated.pictures()] for rated in each.sets]
            for key, each in asked.items()
        }

    rows, trained = [], []
    for observer in observers(project, params, f):
        row: dict[str, Any] = {"series": observer.series, "label": observer.label, "value": observer.value}
        row["error"], _ = errors_of(observer.network, test)
        for key, each in asked.items():
            row[key] = {}
            for rated, seen in zip(each.sets, reduced(observer.side)[key], strict=True):
                # Two grids are enough: the article's, and the one furthest from it.
                missed = np.array([each.miss(picture, observer.network, PHASES[:2]) for picture in seen])
                row[key][rated.name] = each.goes_with(missed, next(iter(rated.ratings.values()))).value
        rows.append(row)
        trained += [observer.run] if observer.run else []
    forget(*trained)
    return rows


@torch.no_grad()
def mean_error(picture: Float[Tensor, "3 h w"], f: nn.Module, phases: Sequence[Phase]) -> float:
    """Predictability error of a picture, averaged over grids; in [0, 1]."""
    return float(phase_averaged(f, picture[None], phases))


def stage(project: Project, params: Params, f: Mapping[str, nn.Module]) -> dict[str, Any]:
    """Scores along the dials, against people's ratings of params.ratings.folders, and by every observer.

    Of the predictors f, "good", "bad" and "linear" score; all of them are compared as observers, which look at
    params.beauty.folders too.
    """
    sets, turned = folders(project, "ratings.folders", params.ratings.folders), dials(params)
    people = study(sets, f, params.seed)
    asked = {
        "people": Asked(sets, correlation.pearson),
        "dials": Asked(turned, correlation.spearman),
        "beauty": Asked(
            folders(project, "beauty.folders", params.beauty.folders),
            correlation.spearman,
            mean_error,
            lambda picture: picture,
        ),
    }
    rows = observed(project, params, f, asked)
    for row in rows:
        row["dials"] = float(np.mean(list(row["dials"].values())))
    return {"dials": dial_study(turned, f), "sets": people, "observers": rows}
