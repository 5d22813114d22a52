"""Does predictability mean anything to people? Scores against their ratings, and against dials of complexity."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
from abstract_beauty.measures import correlation
from abstract_beauty.measures.complexity import MEASURES
from abstract_beauty.measures.scores import SCALES, score
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.project import Project

BASELINE_SIDE = 256  # short side at which the classical measures see a picture
GIVEN = ("tile_contrast", "jpeg_bits")  # held fixed in the partial correlations
OURS = (
    "complexity",
    "predictability",
    "progress",
    "structure",
    *(f"predictability_{side}" for side in SCALES),
)
DIAL_SIZE = 256
# The best of five classical measures for each kind of picture, Pearson's r: Saraee, Jalal & Betke 2018.
PUBLISHED = {
    "scenes": 0.57, "advertisement": 0.56, "visualizations": 0.61, "objects": 0.30, "interior design": 0.68,
    "art": 0.65, "suprematism": 0.84,
}  # fmt: skip


@dataclass(frozen=True)
class Rated:
    """Pictures with numbers that a score should go with.

    Attributes:
        name: of the set.
        pictures: (3, h, w) in [0, 1], read as they are asked for.
        ratings: by name, (n,) each.
    """

    name: str
    pictures: Sequence[Float[Tensor, "3 h w"]]
    ratings: dict[str, Float[np.ndarray, "n"]]


class _Files(Sequence):
    """Pictures of files, read one by one."""

    def __init__(self, files: Sequence[Path]):
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, at: int) -> Float[Tensor, "3 h w"]:
        picture = read_image(self.files[at])
        if min(picture.shape[1:]) < TILE:
            raise UserError(f"{printable(self.files[at])}: is too small; both sides must be at least {TILE}")
        return picture


def of_files(one: RatedSet) -> Rated:
    """A rated set of files, checked to be large enough for a correlation."""
    if len(one.files) < correlation.FEWEST:
        raise UserError(
            f"{one.name}: has {len(one.files)} rated pictures; at least {correlation.FEWEST} are needed"
        )
    return Rated(one.name, _Files(one.files), one.ratings)


def dials(params: Params) -> dict[str, Rated]:
    """The dials' pictures, a set each; the rating is the level."""
    count = params.ratings.dial_pictures
    found = {}
    for dial in DIALS:
        levels = [level for level in range(LEVELS) for _ in range(count)]
        pictures = [
            torch.from_numpy(dial_picture(dial, level, at % count, params.seed, DIAL_SIZE)).permute(2, 0, 1)
            for at, level in enumerate(levels)
        ]
        found[dial] = Rated(dial, pictures, {"level": np.array(levels, dtype=float)})
    return found


def folders(project: Project, params: Params) -> list[Rated]:
    """The rated folders that params name."""
    found = [
        of_files(one) for name in params.ratings.folders for one in read_rated(Path(project.root / name))
    ]
    names = [*DIALS, *(one.name for one in found)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(
            f"ratings.folders: two sets are called {twice!r}; give one of the folders another name"
        )
    return found


def scored(
    pictures: Iterable[Tensor], f: dict[str, nn.Module], title: str = "", *, progress: bool = True
) -> pd.DataFrame:
    """Our scores and the classical measures of every picture, a row each.

    Args:
        pictures: (3, h, w) in [0, 1].
        f: the predictors "good", "bad" and "linear".
        title: for the progress bar.
        progress: whether to show one.
    """
    rows = []
    for picture in tqdm(pictures, desc=title, unit="picture", disable=not progress):
        scores = score(picture, f["good"], f["bad"], f["linear"])
        array = resize_short_side(picture, BASELINE_SIDE).permute(1, 2, 0).contiguous().numpy()
        rows.append(
            {
                **{
                    key: getattr(scores, key)
                    for key in ("complexity", "predictability", "progress", "structure")
                },
                **{f"predictability_{side}": scores.at_scale[side] for side in SCALES},
                "glance": scores.glance,
                "grain": scores.grain,
                **{name: measure(array) for name, measure in MEASURES.items()},
            }
        )
    return pd.DataFrame(rows)


def goes_with(table: pd.DataFrame, rating: Float[np.ndarray, "n"], seed: int) -> dict[str, Any]:
    """Each measure's correlations with a rating, with intervals; partial ones hold contrast and JPEG size fixed."""
    found = {}
    given = table[list(GIVEN)].to_numpy()
    for name in (*OURS, *MEASURES):
        values = table[name].to_numpy(dtype=float)
        found[name] = {
            "pearson": asdict(correlation.pearson(values, rating, seed)),
            "spearman": asdict(correlation.spearman(values, rating, seed)),
        }
        if name not in GIVEN:
            found[name]["partial"] = asdict(correlation.partial(values, rating, given, seed))
    return found


def fitted_discount(table: pd.DataFrame, rating: Float[np.ndarray, "n"]) -> float | None:
    """How much grain this set alone would take off the glance: least squares of the rating on both, as a ratio."""
    design = np.column_stack([table["glance"], table["grain"], np.ones(len(table))])
    glance, grain, _ = np.linalg.lstsq(design, rating, rcond=None)[0]
    return float(-grain / glance) if glance > 0 else None


def study(
    sets: Sequence[Rated], f: dict[str, nn.Module], seed: int, *, progress: bool = True
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Scores and baselines of rated sets against their ratings.

    Returns:
        {SET: {"pictures", "published", "ratings": {RATING: {"measures", "discount", "hill", "points"}}}}, and the table
        of scores of each set, a row a picture.
    """
    found, tables = {}, {}
    for one in sets:
        table = tables[one.name] = scored(one.pictures, f, one.name, progress=progress)
        ratings = {}
        for name, values in one.ratings.items():
            complexity = table["complexity"].to_numpy()
            ratings[name] = {
                "measures": goes_with(table, values, seed),
                "discount": fitted_discount(table, values),
                "hill": asdict(correlation.hill(complexity, values)) if np.ptp(complexity) else None,
                "points": {"score": complexity.tolist(), "rating": values.tolist()},
            }
        found[one.name] = {
            "pictures": len(table),
            "published": PUBLISHED.get(one.name),
            "ratings": ratings,
        }
    return found, tables


def dial_study(params: Params, f: dict[str, nn.Module], *, progress: bool = True) -> dict[str, Any]:
    """Along each dial: mean complexity at each level, whether it only rises, and every measure's rank correlation."""
    found = {}
    for name, one in dials(params).items():
        table = scored(one.pictures, f, name, progress=progress)
        levels = one.ratings["level"]
        means = table.groupby(levels)["complexity"].mean()
        found[name] = {
            "complexity": means.tolist(),
            "rises": bool((np.diff(means) > 0).all()),
            "spearman": {
                key: correlation.spearman(table[key].to_numpy(dtype=float), levels).value
                for key in (*OURS, *MEASURES)
            },
        }
    return found
