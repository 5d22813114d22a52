"""Filters brought to an improver's change or detail: by a straight line, at the first place."""

import pytest

from abstract_beauty.measures import judging


def points(*rows: tuple[float, float, float, float]) -> list[dict[str, float]]:
    keys = ("change", "error_judge", "high_frequency_kept", "contrast_kept")
    return [dict(zip(keys, row, strict=True)) for row in rows]


CURVES = {
    "original": points((0.0, 0.08, 1.0, 1.0)),
    "gaussian": points((0.0, 0.08, 1.0, 1.0), (0.02, 0.07, 0.6, 0.98), (0.04, 0.05, 0.2, 0.9)),
    "jpeg": points((0.0, 0.08, 1.0, 1.0), (0.02, 0.1, 1.1, 1.0), (0.03, 0.11, 0.7, 1.0)),
}


def test_a_filter_at_the_same_change_is_between_two_points():
    assert judging.point_at(CURVES["gaussian"], "change", 0.035) == {
        "change": pytest.approx(0.035), "error_judge": pytest.approx(0.055),
        "high_frequency_kept": pytest.approx(0.3), "contrast_kept": pytest.approx(0.92),
    }  # fmt: skip


def test_what_rises_before_it_falls_is_taken_where_it_comes_by_first():
    assert judging.point_at(CURVES["jpeg"], "high_frequency_kept", 1.05)["change"] == pytest.approx(0.01)


def test_where_a_filter_does_not_get_there_is_none():
    assert judging.point_at(CURVES["gaussian"], "change", 0.04) == pytest.approx(CURVES["gaussian"][-1])
    assert judging.point_at(CURVES["gaussian"], "change", 0.05) is None
    assert judging.point_at(CURVES["original"], "change", 0.0) is None
