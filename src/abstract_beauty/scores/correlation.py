"""How well a score goes with people's ratings: correlations with intervals, partial ones, and a hill against a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

RESAMPLES = 2000
LEVEL = 0.95
FEWEST = 4  # ratings, below which a correlation says nothing

Numbers = Float[np.ndarray, "n"]
Samples = Float[np.ndarray, "*b n"]
Kin = Sequence[str]  # of each picture, what it shares with those that are not independent of it


@dataclass(frozen=True)
class Correlation:
    """A correlation with its bootstrap interval of LEVEL, by percentiles; `low` <= `value` <= `high` nearly always."""

    value: float
    low: float
    high: float


def have_kin(kin: Kin | None) -> bool:
    """Whether any two pictures share what makes them kin."""
    return kin is not None and len(set(kin)) < len(kin)


def pearson_r(x: Samples, y: Samples, axis: int = -1) -> Float[np.ndarray, "*b"]:
    """Pearson's r along an axis; 0 where one of the two does not vary, for which scipy's is no number."""
    x, y = (values - values.mean(axis, keepdims=True) for values in (x, y))
    scale = np.sqrt((x**2).sum(axis) * (y**2).sum(axis))
    return np.where(scale > 0, (x * y).sum(axis) / np.where(scale > 0, scale, 1), 0.0)


def rank_r(x: Samples, y: Samples, axis: int = -1) -> Float[np.ndarray, "*b"]:
    """Pearson's r of the ranks, ties sharing theirs."""
    return pearson_r(stats.rankdata(x, axis=axis), stats.rankdata(y, axis=axis), axis)


def _partial_r(x: Numbers, y: Numbers, *given: Numbers) -> np.ndarray:
    """Pearson's r of what is left of x and y when a straight line in `given` is taken out of both, if anything."""
    design = np.column_stack([np.ones(len(x)), *given])
    left = [values - design @ np.linalg.lstsq(design, values, rcond=None)[0] for values in (x, y)]
    sizes = zip(left, (x, y), strict=True)  # what rounding leaves is nothing
    return pearson_r(
        *(np.where(np.ptp(rest) > 1e-9 * np.abs(whole).max(), rest, 0.0) for rest, whole in sizes)
    )


def _partial_rank_r(x: Numbers, y: Numbers, *given: Numbers) -> np.ndarray:
    """`_partial_r` of ranks."""
    return _partial_r(*(stats.rankdata(values) for values in (x, y, *given)))


def resampled(
    of: Callable[..., np.ndarray], *samples: Numbers, seed: int, kin: Kin | None = None
) -> Correlation:
    """`of` all pictures and, for the interval, of resampled ones; those of the same `kin` are drawn together."""
    _check(*samples[:2])
    drawn, statistic = samples, of
    if have_kin(kin):
        codes = pd.factorize(np.array(kin))[0]
        members = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
        drawn = (np.arange(len(members)),)

        def statistic(families: np.ndarray) -> np.ndarray:
            at = np.concatenate([members[family] for family in families])
            return of(*(sample[at] for sample in samples))

    interval = stats.bootstrap(
        drawn, statistic, paired=True, vectorized=None if statistic is of else False, method="percentile",
        n_resamples=RESAMPLES, confidence_level=LEVEL, rng=np.random.default_rng([seed, len(samples[0])]),
    ).confidence_interval  # fmt: skip
    return Correlation(float(of(*samples)), float(interval.low), float(interval.high))


def pearson(x: Numbers, y: Numbers, seed: int = 0, kin: Kin | None = None) -> Correlation:
    """Pearson's r of two lists of numbers; ValueError where they differ in length or are shorter than FEWEST."""
    return resampled(pearson_r, x, y, seed=seed, kin=kin)


def spearman(x: Numbers, y: Numbers, seed: int = 0, kin: Kin | None = None) -> Correlation:
    """Spearman's rho, as `pearson`; resamples are ranked anew."""
    return resampled(rank_r, x, y, seed=seed, kin=kin)


def partial(
    x: Numbers, y: Numbers, given: Float[np.ndarray, "n k"], seed: int = 0, *,
    ranks: bool = False, kin: Kin | None = None,
) -> Correlation:  # fmt: skip
    """The partial correlation of x and y, as `pearson`, the columns of `given` held fixed; or that of their ranks."""
    return resampled(_partial_rank_r if ranks else _partial_r, x, y, *given.T, seed=seed, kin=kin)


def partial_rank(
    x: Numbers, y: Numbers, given: Float[np.ndarray, "n k"], seed: int = 0, kin: Kin | None = None
) -> tuple[float, float]:
    """The value of `partial` of ranks, and its p: `p_value`, or, where there are kin, as their interval has it."""
    if have_kin(kin):
        found = partial(x, y, given, seed, ranks=True, kin=kin)
        return found.value, p_of(found)
    value = float(_partial_rank_r(x, y, *given.T))
    return value, p_value(value, len(x), given.shape[1])


def p_value(value: float, n: int, held: int = 0) -> float:
    """How often chance alone gives a correlation as far from 0, of n pictures, `held` columns held fixed: t test."""
    free = n - 2 - held
    if free < 1 or abs(value) >= 1:
        return float(free < 1)
    return float(2 * stats.t.sf(abs(value) * np.sqrt(free / (1 - value**2)), free))


def p_of(found: Correlation) -> float:
    """The p value of a correlation as its interval has it, for samples that are not independent: Fisher's z."""
    z, low, high = np.arctanh(np.clip([found.value, found.low, found.high], -1 + 1e-9, 1 - 1e-9))
    error = (high - low) / (2 * stats.norm.isf((1 - LEVEL) / 2))
    return float(2 * stats.norm.sf(abs(z) / error)) if error else float(not z)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values of many tests made at once, so that a false one among all is as rare as one of one (Holm 1979)."""
    order = np.argsort(p_values)
    steps = np.asarray(p_values)[order] * (len(order) - np.arange(len(order)))
    found = np.empty(len(order))
    found[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return found.tolist()


@dataclass(frozen=True)
class Hill:
    """Whether ratings rise and fall again along a score: a parabola against a straight line.

    A parabola alone often fits what merely saturates, so two lines have to agree (Simonsohn 2018).
    """

    line_r2: float  # shares of the ratings' variance that each explains
    hill_r2: float
    bic_gain: float  # of the parabola: above 10 is very strong evidence for it (Kass & Raftery 1995)
    top: float  # the score at which the parabola turns
    rising_p: float  # one-sided p of a line that rises below `top`; nan where too few pictures lie there
    falling_p: float  # and of one that falls above it
    is_hill: bool  # both p are below 0.05, `top` lies among the scores, and bic_gain is above 0


def hill(x: Numbers, y: Numbers) -> Hill:
    """Is there an inverted U of ratings y along a score x (Berlyne 1971)? ValueError as `pearson`, or x is constant."""
    _check(x, y)
    scale = x.std()
    if not scale:
        raise ValueError("all scores are equal")
    at = (x - x.mean()) / scale
    line, curve = (np.polyfit(at, y, degree) for degree in (1, 2))
    left = [float(((y - np.polyval(fitted, at)) ** 2).sum()) for fitted in (line, curve)]
    whole = float(((y - y.mean()) ** 2).sum()) or 1.0
    top = -curve[1] / (2 * curve[0]) if curve[0] else np.inf

    def slope_p(side: np.ndarray, alternative: str) -> float:
        if side.sum() < FEWEST or not np.ptp(at[side]):
            return float("nan")
        return float(stats.linregress(at[side], y[side], alternative=alternative).pvalue)

    rising, falling = slope_p(at <= top, "greater"), slope_p(at >= top, "less")
    tiny = 1e-12 * whole
    gain = float(len(x) * np.log((left[0] + tiny) / (left[1] + tiny)) - np.log(len(x)))
    is_hill = bool(at.min() < top < at.max() and gain > 0 and rising < 0.05 and falling < 0.05)
    line_r2, hill_r2 = (1 - rest / whole for rest in left)
    return Hill(line_r2, hill_r2, gain, float(top * scale + x.mean()), rising, falling, is_hill)


def _check(x: Numbers, y: Numbers) -> None:
    if not FEWEST <= len(x) == len(y):
        raise ValueError(f"{len(x)} scores and {len(y)} ratings; as many are needed, and at least {FEWEST}")
