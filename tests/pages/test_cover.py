"""The front page's figure in a browser: by pointer, by keyboard, by itself, and still where motion is not wished."""

from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def report(check: Callable, address: str) -> dict:
    return check("check_cover", address)


def test_it_shows_the_photograph_the_guess_and_the_map(report: dict) -> None:
    assert report["problems"] == []
    assert report["pictures"] == 3
    assert report["words"]["photograph"].startswith("The photograph.")
    assert "bright is surprising" in report["words"]["mapped"]


def test_a_square_under_the_pointer_is_guessed_and_comes_back(report: dict) -> None:
    assert report["touched"] and report["left"]


def test_it_works_by_keyboard(report: dict) -> None:
    assert report["key"] == 1
    assert report["stopped"] == "play"


def test_a_slider_moves_what_is_in_the_photograph(report: dict) -> None:
    assert report["flows"] == 4 and report["flowMilliseconds"] > 0
    words, (back, forth) = report["flowWords"], report["flowEnds"]
    assert float(back) < 0 < 1 <= float(forth) <= 1.5, "as far as nothing folds, and the whole way at least"
    assert words["0"] == "The photograph." and "backwards" in words[back]
    assert ("further" in words[forth]) == (float(forth) > 1)


def test_it_moves_only_where_motion_is_welcome(report: dict) -> None:
    assert report["moves"]
    assert 0 < report["still"]["stand"] < report["still"]["most"] / 2
