"""Moving by descent: what it promises of strength, fields, folding, large pictures; and the judges of what moved."""

import pytest
import torch

import abstract_beauty as ab
import abstract_beauty.fields
from abstract_beauty.cli import main
from abstract_beauty.fields import areas, moved
from abstract_beauty.improvers import improve
from abstract_beauty.measures.judging import best_keeping, judge_picture
from abstract_beauty.measures.statistics import steep_edges_kept
from abstract_beauty.prediction.full_prediction import full_prediction


@pytest.fixture(scope="module")
def f():
    return ab.load_predictor("reference")


def photograph(side):
    from skimage import data

    whole = torch.from_numpy(data.chelsea()).permute(2, 0, 1) / 255
    return ab.resize_short_side(whole, side)[None]


@pytest.fixture(scope="module")
def x():
    return photograph(128)


def error(f, y):
    return float(ab.phase_averaged(f, y))


def test_descent_makes_a_picture_more_predictable_and_backwards_less(f, x):
    y, u = ab.move(f, x, steps=25, field=True, progress=False)
    assert error(f, y) < 0.97 * error(f, x)
    assert torch.equal(y, moved(x, u)) and u.shape == (1, 2, *x.shape[2:]) and areas(u).min() > 0
    assert error(f, ab.move(f, x, steps=25, strength=-1.0, progress=False)) > error(f, x)
    assert torch.equal(ab.move(f, x, steps=2, strength=0.0, progress=False), x), "a copy, exactly"
    assert torch.equal(ab.move(f, x, steps=25, progress=False), y), "the same once more"


def test_each_picture_of_a_batch_is_moved_as_it_is_alone(f, x):
    both = torch.cat([x, x.flip(2)])
    u = ab.move(f, both, steps=5, strength=3.0, field=True, progress=False)[1]
    alone = ab.move(f, both[1:], steps=5, strength=3.0, field=True, progress=False)[1]
    assert alone.abs().max() > 1 and (u[1:] - alone).abs().mean() < 0.02 * alone.abs().mean()


def test_where_no_gradients_are_taken_it_moves_all_the_same(f, x):
    with torch.no_grad():
        y = ab.move(f, x, steps=2, progress=False)
    with torch.inference_mode():
        assert torch.equal(ab.move(f, x, steps=2, progress=False), y)
        loaded_here = ab.load_predictor("reference")
    assert torch.equal(ab.move(loaded_here, x, steps=2, progress=False), y)


def test_a_stream_holds_areas(f, x):
    u = ab.move(f, x, steps=25, stream=True, spacing=12, field=True, progress=False)[1]
    assert u.abs().max() > 0.5 and (areas(u) - 1).abs().mean() < 0.02


def test_with_a_bad_predictor_it_is_their_ratio_that_falls(f, x):
    bad = ab.load_predictor("reference/bad")
    alone = ab.move(f, x, steps=60, progress=False)
    ratio = ab.move(f, x, steps=60, bad=bad, progress=False)
    left = [error(f, y) / error(bad, y) for y in (x, alone, ratio)]
    assert left[2] < 0.97 * min(left[:2]), left


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 0}, "at least 1"),
        ({"spacing": float("nan")}, "at least 1"),
        ({"strength": float("inf")}, "finite"),
        ({"k_area": float("nan")}, "finite"),
        ({"k_areas": 1.0}, "'k_areas'"),
        ({"learning_rate": -1}, "at least 0"),
        ({"bad": ab.load_improver("reference/mover")}, "bad must be a predictor"),
        ({"x": torch.zeros(1, 3, 64, 64, dtype=torch.float64)}, "float32"),
        ({"x": torch.zeros(0, 3, 64, 64)}, "not .0, 3, 64, 64."),
        ({"steps": 2, "learning_rate": 1e38}, "no number"),
    ],
)
def test_what_move_cannot_do_is_named(f, x, wrong, said):
    with pytest.raises(ab.UserError, match=said):
        ab.move(**{"f": f, "x": x} | wrong)


def test_a_large_picture_is_moved_as_a_small_one(f, x, monkeypatch):
    small = ab.resize_short_side(x[0], 96)[None]
    monkeypatch.setattr(abstract_beauty.fields, "LARGEST", 96)
    y, u = ab.move(f, x, steps=8, field=True, progress=False)
    of_small = ab.move(f, small, steps=8, field=True, progress=False)[1]
    assert y.shape == x.shape
    reduced = torch.nn.functional.interpolate(u, size=small.shape[2:], mode="area") * 96 / 128
    assert (reduced - of_small).abs().mean() < 0.5 * of_small.abs().mean()


def test_the_strength_of_one_that_paints_is_a_blend(x):
    painter = ab.load_improver("reference/smoothing")
    whole, half = improve(painter, x), improve(painter, x, strength=0.5)
    torch.testing.assert_close(half, (x + whole) / 2, atol=1e-5, rtol=0)
    assert torch.equal(improve(painter, x, strength=0.0), x)


def test_judges_say_how_areas_changed(f, x):
    y, u = ab.move(f, x, steps=5, field=True, progress=False)
    row = judge_picture(x, y, dict.fromkeys(("good", "bad", "judge"), f), u)
    maps = [(y - full_prediction(f, y, phase)).abs().mean(1) * areas(u) for phase in ((0, 0), (16, 16))]
    assert row["error_judge_by_area"] == pytest.approx(float(torch.stack(maps).mean()), rel=1e-5)
    assert row["least_area"] > 0 and row["distance"] > 0
    assert "distance" not in judge_picture(x, x, dict.fromkeys(("good", "bad", "judge"), f))


def test_steep_edges():
    edge = torch.zeros(1, 3, 16, 16)
    edge[..., 8:] = 1
    soft = edge.clone()
    soft[..., 7], soft[..., 8] = 0.33, 0.66
    assert steep_edges_kept(edge, edge) == 1 and steep_edges_kept(edge, soft) < 0.6


def test_the_opponent_keeps_as_much_of_both():
    def point(change, error, detail, edges):
        return {
            "change": change,
            "error_judge": error,
            "high_frequency_kept": detail,
            "steep_edges_kept": edges,
        }

    start = point(0.0, 1.0, 1.0, 1.0)
    curves = {
        "original": [start],
        "soft": [start, point(0.1, 0.5, 0.0, 0.8)],  # detail is used up first: at 0.9 of it, error 0.95
        "hard": [start, point(0.1, 0.5, 0.8, 0.5)],  # edges first
    }
    kept = {"high_frequency_kept": 0.8, "steep_edges_kept": 0.8}
    best = best_keeping(curves, kept)
    assert best["name"] == "hard" and best["error_judge"] == pytest.approx(0.8)
    assert best["high_frequency_kept"] >= 0.8 and best["steep_edges_kept"] >= 0.8 - 1e-9
    more = {"high_frequency_kept": 1.2, "steep_edges_kept": 1.1}
    assert best_keeping(curves, more)["error_judge"] == pytest.approx(0.9), "a tenth is free"


def test_the_command_line_takes_a_strength(tmp_path, x):
    picture, out = tmp_path / "x.png", tmp_path / "y.png"
    ab.write_image(picture, x[0])
    asked = ["improve", str(picture), "--out", str(out), "--improver", "reference/smoothing", "--strength"]
    assert main([*asked, "0"]) == 0
    assert torch.equal(ab.read_image(out), ab.read_image(picture))
    assert main([*asked, "-0.5"]) == 0 and not torch.equal(ab.read_image(out), ab.read_image(picture))


def test_the_command_line_moves(tmp_path, x):
    picture, out = tmp_path / "x.png", tmp_path / "y.png"
    ab.write_image(picture, x[0])
    assert main(["improve", str(picture), "--out", str(out), "--improver", "move", "--strength", "0.5"]) == 0
    assert (ab.read_image(out) - ab.read_image(picture)).abs().mean() > 0.005
