"""Correlations with intervals, partial ones, and the test for a hill."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from abstract_beauty.measures import correlation


@pytest.fixture
def pairs():
    rng = np.random.default_rng(5)
    x = rng.normal(size=120)
    return x, 0.6 * x + 0.8 * rng.normal(size=120)


def test_they_are_the_textbook_s(pairs):
    x, y = pairs
    assert correlation.pearson(x, y).value == pytest.approx(stats.pearsonr(x, y)[0])
    assert correlation.spearman(x, y).value == pytest.approx(stats.spearmanr(x, y)[0])
    tied = np.round(x)
    assert correlation.spearman(tied, y).value == pytest.approx(stats.spearmanr(tied, y)[0])


def test_the_interval_is_about_that_of_fisher(pairs):
    x, y = pairs
    found, fisher = correlation.pearson(x, y), stats.pearsonr(x, y).confidence_interval()
    assert found.low == pytest.approx(fisher.low, abs=0.05)
    assert found.high == pytest.approx(fisher.high, abs=0.05)
    assert correlation.pearson(x, y) == found


def test_partial_takes_out_what_both_follow():
    rng = np.random.default_rng(1)
    cause = rng.normal(size=300)
    x, y = cause + 0.3 * rng.normal(size=300), cause + 0.3 * rng.normal(size=300)
    assert correlation.pearson(x, y).value > 0.8
    left = correlation.partial(x, y, cause[:, None])
    assert left.low < 0 < left.high
    whole = correlation.partial(x, y, rng.normal(size=(300, 2)))
    assert whole.value == pytest.approx(correlation.pearson(x, y).value, abs=0.02)


def test_a_constant_goes_with_nothing():
    assert correlation.pearson(np.ones(9), np.arange(9.0)).value == 0
    with pytest.raises(ValueError, match="all scores are equal"):
        correlation.hill(np.ones(9), np.arange(9.0))


def test_three_are_too_few():
    with pytest.raises(ValueError, match="at least 4"):
        correlation.pearson(np.arange(3.0), np.arange(3.0))


def test_a_hill_is_found_where_there_is_one():
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 10, 200)
    found = correlation.hill(x, -((x - 6) ** 2) + 3 * rng.normal(size=200))
    assert found.is_hill
    assert found.top == pytest.approx(6, abs=0.3)


@pytest.mark.parametrize("shape", [lambda x: 3 * x, lambda x: 10 * np.sqrt(x), lambda x: 20 * np.log1p(x)])
def test_what_only_rises_or_saturates_is_no_hill(shape):
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 10, 300)
    assert not correlation.hill(x, shape(x) + rng.normal(size=300)).is_hill


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=20), st.floats(0.001, 1000), st.floats(-1e4, 1e4))
def test_scale_and_shift_do_not_matter(values, scale, shift):
    x = np.array(values)
    y = np.sin(np.arange(len(x)))
    if x.std() < 1e-3:
        return
    one, other = correlation.pearson(x, y).value, correlation.pearson(scale * x + shift, y).value
    assert one == pytest.approx(other, abs=1e-6)
