"""What is said of arguments that no function can use."""

import pytest

import abstract_beauty as ab
from abstract_beauty import checks


@pytest.mark.parametrize("wrong", [1.5, 0, "1", None])
def test_counts(wrong):
    with pytest.raises(
        ab.UserError, match=f"here: steps must be a whole number of at least 1, not {wrong!r}"
    ):
        checks.check_count("here", "steps", wrong)


@pytest.mark.parametrize("wrong", [float("nan"), 101, "1", None])
def test_strengths(wrong):
    with pytest.raises(
        ab.UserError, match="strength must be a finite number of at least -100 and of at most 100"
    ):
        checks.check_strength("here", wrong)
