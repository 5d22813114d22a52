"""Is the predictable beautiful? Hypotheses that were written down first, tested on pictures that people rated."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pydantic
import torch
from jaxtyping import Float
from pydantic import Field
from scipy.stats import rankdata
from torch import Tensor, nn

from abstract_beauty.data.generators.dials import DIALS, LEVELS, dial_picture
from abstract_beauty.data.images import resize_short_side
from abstract_beauty.errors import UserError, complaint, reason
from abstract_beauty.experiments.ratings import BASELINE_SIDE, Rated, folders
from abstract_beauty.params import Params, read_yaml
from abstract_beauty.project import Project
from abstract_beauty.scores import correlation
from abstract_beauty.scores.correlation import Kin
from abstract_beauty.scores.fitting import fitted, foretold, gained, kin_of
from abstract_beauty.scores.guesses import GUESSES, Guesses
from abstract_beauty.scores.plain import PLAIN, Seen
from abstract_beauty.sections import STRICT

PREDICTORS = ("linear", "bad", "good")
READS = ("beauty",)
HYPOTHESES = Path(__file__).parents[1] / "scores" / "hypotheses.yml"
SURE = 0.05  # a p value, corrected for all tests that were made, below which a hypothesis is decided
# Sets of drawn pictures whose "beauty" is made by a rule, and the hypothesis that the rule makes true.
RULES = {"rule: the predictable": "H1", "rule: the middle": "H2", "rule: by lot": None}
NOISE = 1.5  # of a rule, in standard deviations of what it goes by
DRAWN = 192  # pixels a side


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class Hypothesis:
    """One of scores/hypotheses.yml: a score, and the sign of its rank correlation with beauty, or a hill."""

    title: str
    says: str
    source: str
    score: str
    given: list[str] = Field(default_factory=list)
    expected: int = 0
    hill: bool = False

    def __post_init__(self) -> None:
        for name in (self.score, *self.given):
            if name not in GUESSES:
                raise ValueError(f"there is no score {name!r}")
        if self.score in self.given:
            raise ValueError(f"{self.score} cannot be held fixed against itself")
        if (self.expected, bool(self.given)) != (0, False) if self.hill else self.expected not in (-1, 1):
            raise ValueError("either a sign, 1 or -1, is expected, or a hill with nothing given")


HYPOTHESES_OF_A_FILE = pydantic.TypeAdapter(Annotated[dict[str, Hypothesis], Field(min_length=1)])


def read_hypotheses(path: Path) -> dict[str, Hypothesis]:
    """The hypotheses, in the order of their file; UserError where it cannot be read or one is malformed."""
    try:
        return HYPOTHESES_OF_A_FILE.validate_json(json.dumps(read_yaml(path), default=str))
    except pydantic.ValidationError as error:
        raise UserError(f"{path}: {complaint(error)}") from error
    except (TypeError, ValueError, RecursionError) as error:  # odd keys; a list that holds itself
        raise UserError(f"{path}: holds what no hypothesis does ({reason(error)})") from error


def numbers(picture: Float[Tensor, "3 h w"], f: Mapping[str, nn.Module]) -> dict[str, float]:
    """Plain statistics and predictors' scores of a picture in [0, 1]."""
    seen = Seen(resize_short_side(picture, BASELINE_SIDE).permute(1, 2, 0).contiguous().numpy())
    row = {name: measure.of(seen) for name, measure in PLAIN.items()}
    guesses = Guesses(picture, f)
    return row | {name: measure.of(guesses) for name, measure in GUESSES.items()}


def numbers_of(
    rated: Rated, f: Mapping[str, nn.Module], workers: int = 1, *, progress: bool = True
) -> pd.DataFrame:
    """`numbers` of every picture, a row each."""
    return rated.table(lambda picture: numbers(picture, f), workers, progress=progress)


def tested(
    hypothesis: Hypothesis, table: pd.DataFrame, rating: np.ndarray, seed: int, kin: Kin | None = None
) -> dict[str, Any]:
    """What a set says of a hypothesis: "value", the correlation that it is about, from "low" to "high", and "p".

    Where pictures have kin, p is as the interval has it. A hill counts each picture: its value is by how much a
    parabola explains more than a line, which has no interval.
    """
    score, given = table[hypothesis.score].to_numpy(), table[hypothesis.given].to_numpy()
    if hypothesis.hill:
        if not np.ptp(score):
            return {"value": 0.0, "low": None, "high": None, "p": 1.0}
        hill = correlation.hill(score, rating)
        sides = [p if np.isfinite(p) else 1.0 for p in (hill.rising_p, hill.falling_p)]
        return {"value": hill.hill_r2 - hill.line_r2, "low": None, "high": None, "p": max(sides)}
    found = correlation.partial(score, rating, given, seed, ranks=True, kin=kin)
    alone = not correlation.have_kin(kin)
    p = correlation.p_value(found.value, len(score), given.shape[1]) if alone else correlation.p_of(found)
    return asdict(found) | {"p": p}


def verdict(hypothesis: Hypothesis, value: float, p: float) -> str:
    """Of one test, whose p is corrected for all: "supported", "against" or "open"."""
    if p >= SURE:
        return "open"
    return "supported" if hypothesis.hill or np.sign(value) == hypothesis.expected else "against"


def study(
    tables: Mapping[str, tuple[pd.DataFrame, Mapping[str, np.ndarray]]],
    hypotheses: Mapping[str, Hypothesis],
    seed: int,
) -> dict[str, Any]:
    """Each set's tests of each hypothesis, each score alone and beside plain statistics, and what can be foretold.

    `tables` holds of each set the numbers of its pictures, by their names, and their ratings by column, of which the
    first is studied; `seed` is that of folds and of resampled pictures.
    """
    found: dict[str, Any] = {}
    tests = {}
    for name, (table, ratings) in tables.items():
        column, rating = next(iter(ratings.items()))
        kin = kin_of([str(picture) for picture in table.index])
        plain, scores = (table[list(columns)].to_numpy(float) for columns in (PLAIN, GUESSES))
        tests |= {(name, key): tested(each, table, rating, seed, kin) for key, each in hypotheses.items()}
        rows = {}
        for at, score in enumerate(GUESSES):
            alone = correlation.spearman(scores[:, at], rating, seed, kin)
            beside, p = correlation.partial_rank(scores[:, at], rating, plain, seed, kin)
            rows[score] = {"alone": asdict(alone), "beside": {"value": beside, "p": p}}
        columns = {"plain": plain, "scores": scores, "both": np.hstack([plain, scores])}
        by = {kind: foretold(seen, rating, seed, kin) for kind, seen in columns.items()}
        found[name] = {
            "pictures": len(table),
            "kinds": len(set(kin)),
            "rating": column,
            "scores": rows,
            "other_ratings": {
                key: _beside(other, rating, table["error_whole"].to_numpy(), seed, kin)
                for key, other in ratings.items()
                if key != column
            },
            "plain": {
                key: asdict(correlation.spearman(table[key].to_numpy(float), rating, seed, kin))
                for key in PLAIN
            },
            "foretold": {
                **{kind: asdict(correlation.pearson(told, rating, seed, kin)) for kind, told in by.items()},
                "gained": asdict(gained(by["plain"], by["both"], rating, seed, kin)),
            },
            "taste": taste(table, rating),
            "points": {"error_whole": table["error_whole"].tolist(), "rating": rating.tolist()},
            "hypotheses": {},
        }
    corrected = correlation.holm([test["p"] for test in tests.values()])
    for ((name, key), test), p in zip(tests.items(), corrected, strict=True):
        said = verdict(hypotheses[key], test["value"], p)
        found[name]["hypotheses"][key] = test | {"p_holm": p, "verdict": said}
    return found


def taste(table: pd.DataFrame, rating: np.ndarray) -> dict[str, Any]:
    """A judge of taste: what foretells these ratings, in their standard deviations, for each of the columns."""
    fit = fitted(table[[*PLAIN, *GUESSES]].to_numpy(float), rating)
    weights = fit.weights / fit.scale / (rating.std() or 1.0)  # of columns as they are
    return dict(zip([*PLAIN, *GUESSES], weights.tolist(), strict=True))


def _beside(
    other: np.ndarray, rating: np.ndarray, error: np.ndarray, seed: int, kin: Kin
) -> dict[str, float]:
    """How another rating goes with the one that is studied, and how the error does while the other is held fixed."""
    value, p = correlation.partial_rank(error, rating, other[:, None], seed, kin)
    together, _ = correlation.partial_rank(other, rating, np.empty((len(other), 0)))
    return {"rating": together, "error_whole": value, "p": p}


def by_rules(
    f: Mapping[str, nn.Module], count: int, seed: int
) -> dict[str, tuple[pd.DataFrame, dict[str, np.ndarray]]]:
    """Drawn pictures, and for each of RULES the "beauty" that it gives them."""
    levels = [(dial, level, number) for number in range(count) for dial in DIALS for level in range(LEVELS)]
    pictures = tuple(torch.from_numpy(dial_picture(*each, seed, DRAWN)).permute(2, 0, 1) for each in levels)
    table = numbers_of(Rated("drawn", pictures, {}), f, progress=False)
    rank = rankdata(table["error_whole"]) / len(table) - 0.5  # even from -1/2 to 1/2
    rng, found = np.random.default_rng(seed), {}
    for rule, by in zip(RULES, (-rank, -(rank**2), np.zeros(len(table))), strict=True):
        noise = rng.normal(size=len(table)) * (NOISE * (by.std() or 1.0))
        found[rule] = table, {"beauty": by + noise}
    return found


def stage(project: Project, params: Params, f: Mapping[str, nn.Module]) -> dict[str, Any]:
    """The study of params.beauty.folders, and of drawn pictures whose beauty is made by rules that are known."""
    hypotheses = read_hypotheses(HYPOTHESES)
    rated = folders(project, "beauty.folders", params.beauty.folders)
    sets = {each.name: (numbers_of(each, f), each.ratings) for each in rated}
    rules = by_rules(f, params.beauty.drawn, params.seed)
    return {
        "hypotheses": {key: asdict(each) for key, each in hypotheses.items()},
        "rules": study(rules, hypotheses, params.seed),
        "sets": study(sets, hypotheses, params.seed),
    }
