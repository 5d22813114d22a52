"""How much of people's ratings can be foretold from a picture's numbers: ridge regression, tested on other pictures."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from abstract_beauty.scores.correlation import Correlation, Kin, Numbers, pearson_r, resampled

FOLDS, REPEATS = 10, 5
# Of which each fold takes the one that foretells its own best.
PENALTIES = tuple(np.logspace(-1, 3, 9).tolist())

Table = Float[np.ndarray, "n k"]


def kin_of(names: Sequence[str]) -> list[str]:
    """What each picture shows as far as its name tells: "Dog 3" and "Dog 12" are kin.

    Where names hold fewer kinds than twice the folds, they are something else ("img_017"), and each picture is alone.
    """
    composed = [unicodedata.normalize("NFC", name) for name in names]  # macOS takes letters and accents apart
    kinds = [re.sub(r"[\W\d_]+", " ", name).strip().casefold() or name for name in composed]
    return kinds if len(set(kinds)) >= 2 * FOLDS else [str(number) for number in range(len(names))]


def foretold(table: Table, rating: Numbers, seed: int = 0, kin: Kin | None = None) -> Numbers:
    """Each picture's rating as foretold from the others': FOLDS folds, REPEATS times anew, averaged.

    Pictures of the same `kin` lie in one fold, so that none is foretold from its like. Each fold has its share of every
    part of the ratings' range: the means of folds drawn at random differ, each is foretold from the others', and what
    was foretold of nothing would run against the ratings. Columns are brought to mean 0 and deviation 1 by the pictures
    that are learnt from; ridge regression, its penalty the one of PENALTIES with the smallest leave-one-out error among
    them (Allen's PRESS).
    """
    of_kin = np.arange(len(rating)) if kin is None else pd.factorize(np.array(kin))[0]
    level = np.bincount(of_kin, rating) / np.bincount(of_kin)
    rng, total = np.random.default_rng([seed, len(rating)]), np.zeros(len(rating))
    order = rng.permutation(len(level))
    order = order[np.argsort(level[order], kind="stable")]
    for _ in range(REPEATS):
        fold = np.empty(len(level), int)
        for begin in range(0, len(level), FOLDS):  # of FOLDS neighbours in rating, one to each fold
            near = order[begin : begin + FOLDS]
            fold[near] = rng.permutation(FOLDS)[: len(near)]
        for number in range(FOLDS):
            test = fold[of_kin] == number
            if test.any():
                total[test] += fitted(table[~test], rating[~test]).of(table[test])
    return total / REPEATS


class Fit(NamedTuple):
    """A line through ratings: level + weights (columns - middle) / scale."""

    middle: Float[np.ndarray, " k"]
    scale: Float[np.ndarray, " k"]
    weights: Float[np.ndarray, " k"]
    level: float

    def of(self, table: Table) -> Numbers:
        """The ratings that it foretells."""
        return self.level + (table - self.middle) / self.scale @ self.weights


def fitted(seen: Table, rating: Numbers) -> Fit:
    """Ridge regression on all that is given."""
    middle, scale = seen.mean(0), seen.std(0)
    # a column that does not vary says nothing
    scale = np.where(scale > 1e-9 * np.abs(seen).max(0), scale, np.inf)
    u, s, vt = np.linalg.svd((seen - middle) / scale, full_matrices=False)
    level = rating.mean()
    along, best = u.T @ (rating - level), (np.inf, np.zeros(seen.shape[1]))
    for penalty in PENALTIES:
        shrink = s**2 / (s**2 + penalty)
        left = rating - level - u @ (shrink * along)
        leverage = (u**2) @ shrink + 1 / len(rating)
        error = float(np.mean((left / np.maximum(1 - leverage, 1e-9)) ** 2))
        if error < best[0]:
            best = error, vt.T @ (s / (s**2 + penalty) * along)
    return Fit(middle, scale, best[1], float(level))


def gained(
    less: Numbers, more: Numbers, rating: Numbers, seed: int = 0, kin: Kin | None = None
) -> Correlation:
    """How much better `more` goes with the ratings than `less` does, both foretold: the difference of Pearson's r.

    For the interval pictures are drawn anew, kin together, and what was foretold of each stays. Columns that say
    nothing cost a little, so a difference below 0 means that nothing was gained, not that something speaks against.
    """
    return resampled(
        lambda one, two, y: pearson_r(two, y) - pearson_r(one, y), less, more, rating, seed=seed, kin=kin
    )
