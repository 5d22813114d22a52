"""Correlations with intervals, partial ones, and the test for a hill."""

import numpy as np
import pytest
from scipy import stats

from abstract_beauty.scores import correlation


@pytest.fixture
def pairs():
    rng = np.random.default_rng(5)
    x = rng.normal(size=120)
    return x, 0.6 * x + 0.8 * rng.normal(size=120)


def test_they_are_the_textbook_s_whatever_the_scale_and_shift(pairs):
    x, y = pairs
    for scaled in (x, 300 * x - 1e4, np.round(x)):
        assert correlation.pearson(scaled, y).value == pytest.approx(stats.pearsonr(scaled, y)[0])
        assert correlation.spearman(scaled, y).value == pytest.approx(stats.spearmanr(scaled, y)[0])


def test_the_interval_holds_what_pictures_drawn_anew_would_say(pairs, monkeypatch):
    monkeypatch.setattr(correlation, "RESAMPLES", 200)
    x, y = (values[:30] for values in pairs)
    by = np.cos(np.arange(30.0))[:, None]
    drawn = np.random.default_rng([7, 30]).integers(0, 30, (200, 30))
    textbook = {
        "pearson": lambda at: stats.pearsonr(x[at], y[at])[0],
        "spearman": lambda at: stats.spearmanr(x[at], y[at])[0],
        "partial": lambda at: stats.pearsonr(
            *(v[at] - np.polyval(np.polyfit(by[at, 0], v[at], 1), by[at, 0]) for v in (x, y))
        )[0],
    }
    for name, of in textbook.items():
        found = getattr(correlation, name)(x, y, *([by] if name == "partial" else []), seed=7)
        low, high = np.quantile([of(at) for at in drawn], [0.025, 0.975])
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_partial_takes_out_what_both_follow():
    rng = np.random.default_rng(1)
    cause = rng.normal(size=300)
    x, y = cause + 0.3 * rng.normal(size=300), cause + 0.3 * rng.normal(size=300)
    assert correlation.pearson(x, y).value > 0.8
    left = correlation.partial(x, y, cause[:, None])
    assert left.low < 0 < left.high
    whole = correlation.partial(x, y, rng.normal(size=(300, 2)))
    assert whole.value == pytest.approx(correlation.pearson(x, y).value, abs=0.02)


def test_a_constant_goes_with_nothing_and_three_are_too_few():
    assert correlation.pearson(np.ones(9), np.arange(9.0)) == correlation.Correlation(0, 0, 0)
    with pytest.raises(ValueError, match="all scores are equal"):
        correlation.hill(np.ones(9), np.arange(9.0))
    with pytest.raises(ValueError, match="at least 4"):
        correlation.pearson(np.arange(3.0), np.arange(3.0))


@pytest.mark.parametrize(
    ("shape", "top"),
    [
        (lambda x: -((x - 6) ** 2), 6),
        (lambda x: 3 * x, None),
        (lambda x: 10 * np.sqrt(x), None),
        (lambda x: 20 * np.log1p(x), None),
    ],
)
def test_a_hill_is_found_where_there_is_one_and_not_in_what_rises_or_saturates(shape, top):
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 10, 300)
    found = correlation.hill(x, shape(x) + rng.normal(size=300))
    assert found.is_hill == (top is not None)
    assert top is None or found.top == pytest.approx(top, abs=0.3)


def test_pictures_that_say_the_same_count_as_one():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 60))
    y = y + x
    kin = [f"kind {number}" for number in range(60)]
    alone, copies = correlation.spearman(x, y), (np.tile(x, 6), np.tile(y, 6))
    apart, together = correlation.spearman(*copies), correlation.spearman(*copies, kin=6 * kin)
    widths = [found.high - found.low for found in (alone, apart, together)]
    assert widths[1] < 0.6 * widths[0] and widths[2] == pytest.approx(widths[0], rel=0.1)
    assert correlation.p_of(together) > 100 * correlation.p_of(apart)
    assert correlation.p_of(alone) == pytest.approx(correlation.p_value(alone.value, 60), abs=0.001)
    assert correlation.spearman(x, y, kin=kin) == alone
