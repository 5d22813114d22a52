"""How well a score goes with people's ratings: correlations with intervals, partial ones, and a hill against a line."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

RESAMPLES = 2000
LEVEL = 0.95
FEWEST = 4  # ratings, below which a correlation says nothing

Numbers = Float[np.ndarray, "n"]


@dataclass(frozen=True)
class Correlation:
    """A correlation with its bootstrap interval of LEVEL, by percentiles; `low` <= `value` <= `high` nearly always."""

    value: float
    low: float
    high: float


def _pearson(x: Float[np.ndarray, "*b n"], y: Float[np.ndarray, "*b n"]) -> Float[np.ndarray, "*b"]:
    """Pearson's r along the last axis; 0 where one of the two does not vary."""
    x, y = (values - values.mean(-1, keepdims=True) for values in (x, y))
    scale = np.sqrt((x**2).sum(-1) * (y**2).sum(-1))
    return np.where(scale > 0, (x * y).sum(-1) / np.where(scale > 0, scale, 1), 0.0)


def _resamples(count: int, seed: int) -> np.ndarray:
    """Which of `count` pictures each bootstrap sample holds, (RESAMPLES, count)."""
    return np.random.default_rng([seed, count]).integers(0, count, (RESAMPLES, count))


def _interval(samples: np.ndarray, value: float) -> Correlation:
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Correlation(float(value), float(low), float(high))


def pearson(x: Numbers, y: Numbers, seed: int = 0) -> Correlation:
    """Pearson's r of two lists of numbers, pictures resampled for the interval.

    Raises:
        ValueError: the lists differ in length or hold fewer than FEWEST numbers.
    """
    _check(x, y)
    chosen = _resamples(len(x), seed)
    return _interval(_pearson(x[chosen], y[chosen]), float(_pearson(x, y)))


def spearman(x: Numbers, y: Numbers, seed: int = 0) -> Correlation:
    """Spearman's rho: Pearson's r of the ranks, ties sharing theirs; resamples are ranked anew.

    Raises:
        ValueError: as `pearson`.
    """
    _check(x, y)
    from scipy import stats  # takes a second to import

    chosen = _resamples(len(x), seed)
    ranks = (stats.rankdata(values[chosen], axis=1) for values in (x, y))
    return _interval(_pearson(*ranks), float(_pearson(stats.rankdata(x), stats.rankdata(y))))


def partial(x: Numbers, y: Numbers, given: Float[np.ndarray, "n k"], seed: int = 0) -> Correlation:
    """Pearson's r of what is left of x and y when a straight line in `given` is taken out of both.

    Raises:
        ValueError: as `pearson`.
    """
    _check(x, y)

    def left(of: np.ndarray, by: np.ndarray) -> np.ndarray:
        design = np.column_stack([np.ones(len(of)), by])
        return of - design @ np.linalg.lstsq(design, of, rcond=None)[0]

    def once(chosen: np.ndarray) -> float:
        by = given[chosen]
        return float(_pearson(left(x[chosen], by), left(y[chosen], by)))

    samples = np.array([once(chosen) for chosen in _resamples(len(x), seed)])
    return _interval(samples, once(np.arange(len(x))))


@dataclass(frozen=True)
class Hill:
    """Whether ratings rise and fall again along a score: a parabola against a straight line.

    Attributes:
        line_r2, hill_r2: share of the ratings' variance that each explains.
        bic_gain: BIC of the line less that of the parabola; above 0 the parabola earns its extra parameter, and
            above 10 very strongly (Kass & Raftery 1995).
        top: the score at which the parabola turns.
        rising_p, falling_p: one-sided p of a rising line below `top` and of a falling one above it (the two lines of
            Simonsohn 2018); nan where fewer than FEWEST pictures lie on that side.
        is_hill: both halves are significant at 0.05, `top` lies among the scores, and bic_gain is above 0. A parabola
            alone often fits what merely saturates.
    """

    line_r2: float
    hill_r2: float
    bic_gain: float
    top: float
    rising_p: float
    falling_p: float
    is_hill: bool


def hill(x: Numbers, y: Numbers) -> Hill:
    """Is there an inverted U of ratings y along a score x (Berlyne 1971)?

    Raises:
        ValueError: as `pearson`, or x does not vary.
    """
    from scipy import stats

    _check(x, y)
    scale = x.std()
    if not scale:
        raise ValueError("all scores are equal")
    at = (x - x.mean()) / scale
    sums = [float(((y - np.polyval(np.polyfit(at, y, degree), at)) ** 2).sum()) for degree in (1, 2)]
    whole = float(((y - y.mean()) ** 2).sum()) or 1.0
    curve = np.polyfit(at, y, 2)
    top = -curve[1] / (2 * curve[0]) if curve[0] else np.inf

    def slope_p(side: np.ndarray, alternative: str) -> float:
        if side.sum() < FEWEST or not np.ptp(at[side]):
            return float("nan")
        return float(stats.linregress(at[side], y[side], alternative=alternative).pvalue)

    rising, falling = slope_p(at <= top, "greater"), slope_p(at >= top, "less")
    count, tiny = len(x), 1e-12 * whole
    gain = count * np.log((sums[0] + tiny) / (sums[1] + tiny)) - np.log(count)
    inside = bool(at.min() < top < at.max())
    return Hill(
        1 - sums[0] / whole, 1 - sums[1] / whole, float(gain), float(top * scale + x.mean()), rising, falling,
        bool(inside and gain > 0 and rising < 0.05 and falling < 0.05),
    )  # fmt: skip


def _check(x: np.ndarray, y: np.ndarray) -> None:
    if len(x) != len(y) or len(x) < FEWEST:
        raise ValueError(
            f"{len(x)} scores and {len(y)} ratings; there must be as many, and at least {FEWEST}"
        )
