"""Filters brought to an improver's change or detail: by a straight line, at the first place, the best of them."""

import pytest

from abstract_beauty.measures import judging


def points(*rows: tuple[float, float, float, float]) -> list[dict[str, float]]:
    keys = ("change", "error_judge", "high_frequency_kept", "contrast_kept")
    return [dict(zip(keys, row, strict=True)) for row in rows]


CURVES = {
    "original": points((0.0, 0.08, 1.0, 1.0)),
    "gaussian": points((0.0, 0.08, 1.0, 1.0), (0.02, 0.07, 0.6, 0.98), (0.04, 0.05, 0.2, 0.9)),
    "total_variation": points((0.0, 0.08, 1.0, 1.0), (0.03, 0.06, 0.9, 0.8)),
    "jpeg": points((0.0, 0.08, 1.0, 1.0), (0.02, 0.1, 1.1, 1.0), (0.03, 0.11, 0.7, 1.0)),
}


def test_the_best_filter_at_the_same_change_is_between_two_points():
    best = judging.best_at(CURVES, "change", 0.035)
    assert best == {
        "name": "gaussian", "change": pytest.approx(0.035), "error_judge": pytest.approx(0.055),
        "high_frequency_kept": pytest.approx(0.3), "contrast_kept": pytest.approx(0.92),
    }  # fmt: skip


def test_at_the_same_detail_another_filter_may_be_best():
    best = judging.best_at(CURVES, "high_frequency_kept", 0.95)
    assert (best["name"], best["error_judge"]) == ("total_variation", pytest.approx(0.07))
    # what rises before it falls is taken where it comes by first
    assert judging.best_at({"jpeg": CURVES["jpeg"]}, "high_frequency_kept", 1.05)["change"] == pytest.approx(
        0.01
    )


def test_where_no_filter_gets_there_is_none():
    assert judging.best_at(CURVES, "change", 0.05) is None
    assert judging.best_at({"original": CURVES["original"]}, "change", 0.0) is None
