"""The benchmark: turns are fair, every number follows from the seconds, and the command writes what it prints."""

import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import partial

import pytest
import torch
from bs4 import BeautifulSoup
from torch import nn

from abstract_beauty import weights
from abstract_beauty.bench import (
    QUICK,
    Settings,
    bench,
    exponent,
    held_out_errors,
    layouts,
    one_pass_predictor,
    settings_for,
    table,
    tables,
)
from abstract_beauty.bench.operations import gflop, peaks, products, time_shares
from abstract_beauty.bench.rounding import rounding_error, smooth_noise
from abstract_beauty.bench.settings import MODES, PRECISIONS
from abstract_beauty.bench.steps import trainings
from abstract_beauty.bench.timing import in_turn, medians, stopwatch
from abstract_beauty.bench.ways import METHODS, Way, run_of, seeded, ways
from abstract_beauty.cli import main
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json
from abstract_beauty.params import load_params
from abstract_beauty.prediction.full_prediction import TILE, full_prediction
from abstract_beauty.prediction.predictability import predictability
from abstract_beauty.predictors.four_sides import FourSides
from abstract_beauty.project import find_project

CPU = torch.device("cpu")
SHOWN = {"seconds": ".4f", "times_faster": ".1f"}  # of a way, on the book's page


@pytest.fixture(scope="module")
def report():
    return bench(QUICK)


@pytest.fixture(scope="module")
def known():
    return ways(QUICK, CPU)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A project without weights or results."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(find_project().root / name, tmp_path / name)
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(tmp_path))
    return find_project()


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err


# --- time ----------------------------------------------------------------------------------------------


class FakeClock:
    """A stopwatch whose n-th reading is n seconds; it remembers who ran."""

    def __init__(self):
        self.order = []

    def __call__(self, run):
        run()
        return float(len(self.order))


def test_all_ways_take_a_turn_in_each_trial_and_the_first_turns_are_not_counted(monkeypatch):
    monkeypatch.setattr("abstract_beauty.bench.timing.PATIENCE", 100.0)
    clock = FakeClock()
    runs = {name: lambda name=name: clock.order.append(name) for name in ("a", "b", "c")}
    seconds = in_turn(runs, 3, clock, warmups=2)
    assert clock.order == ["a", "b", "c"] * 5
    assert seconds == {"a": [7, 10, 13], "b": [8, 11, 14], "c": [9, 12, 15]}
    assert medians(seconds) == {"a": 10, "b": 11, "c": 12}


def test_what_is_slow_is_timed_once():
    order = []

    def watch(run):
        return run()

    def way(name, spent):
        def run():
            order.append(name)
            return spent

        return run

    seconds = in_turn({"quick": way("quick", 2.9), "slow": way("slow", 3.1)}, 3, watch)
    assert seconds == {"quick": [2.9] * 3, "slow": [3.1]}
    assert order == ["quick", "slow", "quick", "slow", "quick", "quick"]


def test_the_median_shrugs_off_one_busy_moment():
    assert medians({"a": [1.0, 99.0, 2.0]}) == {"a": 2.0}


def test_the_stopwatch_measures_seconds(monkeypatch):
    now = iter([10.0, 12.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    assert stopwatch(CPU)(lambda: None) == 2.5


def test_large_pictures_get_fewer_trials_but_never_more_than_asked_for():
    assert [Settings(trials=12).trials_of(size) for size in (320, 512, 513, 2048)] == [12, 12, 4, 4]
    assert [Settings(trials=n).trials_of(1024) for n in (1, 2, 3, 7)] == [1, 2, 3, 3]


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.3])
def test_the_exponent_of_a_power_of_the_pixels_is_that_power(slope):
    times = {side: 3e-8 * float(side * side) ** slope for side in (128, 256, 512, 2048)}
    assert exponent(times) == pytest.approx(slope)


def test_the_exponent_of_twice_the_side_in_eight_times_the_time():
    assert exponent({100: 1.0, 200: 8.0}) == pytest.approx(1.5)
    assert exponent({100: 1.0}) is None


def test_the_fastest_is_one_pass_in_the_precision_that_wins():
    ways = {
        "float32": {"seconds": 2.0, "times_faster": 5.0},
        "bfloat16": {"seconds": 1.0, "times_faster": 10.0},
    }
    slow = {key: {"seconds": 0.1, "times_faster": 100.0} for key in ways}
    turned = dict(zip(ways, reversed(ways.values()), strict=True))
    tree = {"64": {"forward": {"loop": slow, "one_pass": ways}, "forward_backward": {"one_pass": turned}}}
    found = tables.fastest(tree)["64"]
    assert found["forward"] == {"precision": "bfloat16", "seconds": 1.0, "times_faster": 10.0}
    assert found["forward_backward"]["precision"] == "float32"


# --- operations ----------------------------------------------------------------------------------------


def test_flops_of_a_linear_layer_and_of_a_convolution():
    linear, convolution = nn.Linear(7, 5, bias=False), nn.Conv2d(3, 8, 3, padding=1, bias=False)
    assert gflop(lambda: linear(torch.ones(2, 7))) == pytest.approx(2 * 2 * 7 * 5 / 1e9)
    assert gflop(lambda: convolution(torch.ones(1, 3, 10, 12))) == pytest.approx(2 * 27 * 8 * 120 / 1e9)


def test_flops_backward_are_those_of_the_gradients_that_are_asked_for():
    layer = nn.Linear(7, 5, bias=False).requires_grad_(False)
    x = torch.ones(2, 7, requires_grad=True)
    assert gflop(lambda: layer(x).sum().backward()) == pytest.approx(2 * 140 / 1e9)
    layer.requires_grad_(True)
    assert gflop(lambda: layer(x).sum().backward()) == pytest.approx(3 * 140 / 1e9)


@pytest.mark.parametrize("mode", MODES)
def test_the_loop_calculates_what_the_batch_does_and_one_pass_less_than_its_tiles(known, mode):
    y = torch.rand(1, 3, 96, 64)
    counted = {method: gflop(run_of(known[method, "float32"], y, mode)) for method in METHODS}
    assert counted["loop"] == pytest.approx(counted["batched"])
    assert 0 < counted["one_pass"] < counted["four_sides_batched"]


def test_time_shares_tell_products_from_the_rest():
    a, b = torch.rand(600, 600), torch.rand(1000, 1000)
    assert time_shares(lambda: a @ a, CPU)["matrices"] == 1
    assert time_shares(lambda: b + b, CPU)["matrices"] == 0
    both = time_shares(lambda: (a @ a).sum() + b.exp().sum(), CPU)
    assert 0 < both["matrices"] < 1
    assert both["matrices"] + both["rest"] == pytest.approx(1)


def test_the_peak_is_the_best_of_all_sizes_and_trials():
    candidates = products(QUICK, CPU)
    for key, (run, count) in candidates.items():
        assert gflop(run) == pytest.approx(count), key
        assert run().dtype == getattr(torch, key[0])
    order = list(candidates)
    assert len(order) == 6
    # Every reading is 1 s but one of each precision, in the last trial of three after a warm-up.
    readings = [1.0] * (4 * len(order))
    for precision, name in (("float32", "convolutions, 16 channels"), ("bfloat16", "matrices, 128x128")):
        readings[3 * len(order) + order.index((precision, *name.split(", ")))] = 1e-6
    found = peaks(QUICK, CPU, lambda run: readings.pop(0))
    assert readings == []
    assert found["float32"]["by"] == "convolutions, 16 channels"
    assert found["float32"]["gflop_per_second"] == pytest.approx(2 * 16 * 32 * 32 * 16 * 16 * 9 / 1e-6 / 1e9)
    assert found["bfloat16"]["by"] == "matrices, 128x128"
    assert found["float32"]["convolutions"] == found["float32"]["gflop_per_second"]
    assert found["float32"]["matrices"] == pytest.approx(2 * 128**3 / 1e9)
    assert found["bfloat16"]["gflop_per_second"] == pytest.approx(2 * 128**3 / 1e-6 / 1e9)


# --- the ways ------------------------------------------------------------------------------------------


def test_ways_of_one_network_agree_and_bfloat16_is_near(known):
    y = smooth_noise(64)
    for name in ("encoder", "one pass"):
        one, other = ("loop", "batched") if name == "encoder" else ("four_sides_batched", "one_pass")
        torch.testing.assert_close(known[one, "float32"](y), known[other, "float32"](y), atol=1e-5, rtol=0)
    for method in METHODS:
        difference = (known[method, "bfloat16"](y) - known[method, "float32"](y)).abs().max()
        assert 0 < difference < 0.1, method
        assert known[method, "bfloat16"](y).dtype == torch.float32


def test_a_run_is_without_gradient_forward_and_with_it_backward(known):
    y = torch.rand(1, 3, 64, 64)
    for key, way in known.items():
        assert not run_of(way, y, "forward")().requires_grad, key
        gradient = run_of(way, y, "forward_backward")()
        assert gradient.shape == y.shape and gradient.abs().sum() > 0, key
        assert not any(parameter.requires_grad for parameter in way.network.parameters()), key
        assert y.grad is None and not y.requires_grad
    with pytest.raises(ValueError, match="forward_backward"):
        run_of(known["loop", "float32"], y, "backward")


def test_networks_are_random_throughout_and_leave_the_global_generator_alone():
    state = torch.random.get_rng_state()
    one, other = (seeded(lambda: FourSides(24)) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, tensor in one.state_dict().items():
        assert tensor.any(), name
        assert torch.equal(tensor, other.state_dict()[name])


# --- the report ----------------------------------------------------------------------------------------


def test_every_way_is_in_the_report(report):
    assert list(report["full_prediction"]) == ["64"]
    for mode in MODES:
        assert list(report["full_prediction"]["64"][mode]) == list(METHODS)
        for method in METHODS:
            assert list(report["full_prediction"]["64"][mode][method]) == list(PRECISIONS)
            shares = report["where_time_goes"][mode][method]
            assert all(0 < shares[p]["matrices"] < 1 for p in PRECISIONS)
    assert report["machine"]["threads"] == torch.get_num_threads()
    assert report["settings"]["trials"] == {"64": 1}


def test_every_number_follows_from_the_seconds(report):
    for kinds in report["full_prediction"]["64"].values():
        loop = kinds["loop"]["float32"]["seconds"]
        assert kinds["loop"]["float32"]["times_faster"] == 1
        for method, precision in itertools.product(METHODS, PRECISIONS):
            row = kinds[method][precision]
            assert row["seconds"] > 0
            assert row["times_faster"] == pytest.approx(loop / row["seconds"])
            assert row["megapixels_per_second"] == pytest.approx(64 * 64 / 1e6 / row["seconds"])
            assert row["gflop_per_second"] == pytest.approx(row["gflop"] / row["seconds"])
            peak = report["peak"][precision]["gflop_per_second"]
            assert row["share_of_peak"] == pytest.approx(row["gflop"] / row["seconds"] / peak)
        assert kinds["loop"]["float32"]["gflop"] == kinds["batched"]["bfloat16"]["gflop"]
    forward, both = (report["full_prediction"]["64"][mode]["one_pass"]["float32"] for mode in MODES)
    assert both["gflop"] > 1.5 * forward["gflop"]


def test_the_report_is_the_median_of_interleaved_trials(monkeypatch):
    """With a clock that ticks once a run: no way is timed twice in a row, and each time is its median turn."""
    monkeypatch.setattr("abstract_beauty.bench.timing.PATIENCE", 1000.0)
    turns = []

    def watch(run):
        turns.append(run)
        return float(len(turns))

    settings = settings_for(quick=True, trials=3)
    way = Way(nn.Identity(), "loop")
    monkeypatch.setattr(tables, "run_of", lambda way, y, mode: lambda: None)
    monkeypatch.setattr(tables, "gflop", lambda run: 1.0)
    peak = {precision: {"gflop_per_second": 1.0} for precision in PRECISIONS}
    keys = {(method, precision): way for method in METHODS for precision in PRECISIONS}
    tree = tables.full_prediction_times(64, settings, keys, peak, CPU, watch)
    count = len(keys)
    assert len(turns) == 2 * (1 + 3) * count
    assert all(one is other for one, other in zip(turns[:count], turns[count : 2 * count], strict=True))
    assert len(set(map(id, turns[:count]))) == count
    expected = [statistics.median(1 + k + turn * count for turn in (1, 2, 3)) for k in range(count)]
    found = [tree["forward"][method][precision]["seconds"] for method, precision in keys]
    assert found == expected


def test_where_bfloat16_is_imitated_large_pictures_are_taken_in_float32_alone(monkeypatch, known):
    monkeypatch.setattr("abstract_beauty.bench.settings.LARGE", 64)
    settings = replace(QUICK, imitated=True, sides=(32, 64, 96))
    assert [settings.precisions_of(size) for size in (64, 65)] == [PRECISIONS, PRECISIONS[:1]]
    assert replace(settings, imitated=False).precisions_of(65) == PRECISIONS
    peak = {precision: {"gflop_per_second": 1.0} for precision in PRECISIONS}
    large = tables.full_prediction_times(96, settings, known, peak, CPU, stopwatch(CPU))["forward"]
    assert all(large[method]["float32"]["seconds"] > 0 for method in METHODS)
    for method in METHODS:
        assert large[method]["bfloat16"].pop("gflop") == large[method]["float32"]["gflop"]
        assert set(large[method]["bfloat16"].values()) == {None}
    assert tables.fastest({"96": {"forward": large}})["96"]["forward"]["precision"] == "float32"
    found = tables.scaling(settings, known, CPU, stopwatch(CPU))
    times = {int(side): row["bfloat16"]["seconds"] for side, row in found["sides"].items()}
    assert times.pop(96) is None
    assert found["exponent"]["bfloat16"] == pytest.approx(exponent(times))


def test_scaling_has_each_side_and_the_exponent_of_its_times(report):
    sides = report["scaling"]["sides"]
    assert [row["pixels"] for row in sides.values()] == [64**2, 128**2]
    for precision in PRECISIONS:
        times = {int(side): row[precision]["seconds"] for side, row in sides.items()}
        assert report["scaling"]["exponent"][precision] == pytest.approx(exponent(times))


def test_training_counts_the_images_and_tiles_of_a_step(report):
    steps = report["training"]["steps"]
    assert set(steps) == {"predictor", "article", "improver"}
    for precision in PRECISIONS:
        # A crop of 64 pixels has 4 tiles on the article's grid and 9 on one shifted by half a tile.
        predictor, improver = steps["predictor"][precision], steps["improver"][precision]
        assert predictor["images_per_second"] == pytest.approx(1 / predictor["seconds"])
        assert predictor["tiles_per_second"] == pytest.approx((4 + 9) / 2 / predictor["seconds"])
        assert improver["tiles_per_second"] == pytest.approx(4 * improver["images_per_second"])
        article = steps["article"][precision]
        assert article["images_per_second"] is None
        assert article["tiles_per_second"] == pytest.approx(QUICK.tiles / article["seconds"])
    assert report["training"]["default_precision"] in PRECISIONS


def watch(loss, seen, network):
    seen.append(loss(network))
    return seen[-1]


def test_what_is_timed_as_training_trains():
    for name, training in trainings(QUICK, CPU).items():
        before = {key: value.clone() for key, value in training.network.state_dict().items()}
        seen = []  # a turn works on a copy of the network; these watch it
        watched = [partial(watch, loss, seen) for loss in training.losses]
        turn = replace(training, losses=tuple(watched)).run("float32", CPU)
        for _ in range(8):
            turn()
        assert seen[-1] < seen[-1 - 7 * len(watched)], name
        assert all(torch.equal(value, before[key]) for key, value in training.network.state_dict().items())


def test_the_trainings_are_the_default_runs():
    settings, params = Settings(), load_params(find_project().params)
    good, article = params.predictors["good"], params.predictors["article"]
    assert (good.network, good.width) == ("four_sides", settings.token_width)
    assert (good.crop, good.batch, good.optimizer) == (settings.crop, settings.crops, "muon")
    assert (article.network, article.width) == ("context_encoder", settings.encoder_width)
    assert article.batch == settings.tiles
    improver = params.improvers["smoothing"]
    assert (improver.network, improver.width) == ("plain", settings.improver_width)
    assert (improver.k1, improver.k2) == (0.5, 0.5)
    made = trainings(QUICK, CPU)
    assert (made["predictor"].optimizer, made["predictor"].learning_rate) == ("muon", good.learning_rate)
    assert (made["article"].optimizer, made["article"].learning_rate) == ("adamw", article.learning_rate)
    assert made["improver"].learning_rate == improver.learning_rate


# --- layouts -------------------------------------------------------------------------------------------


def test_layouts_are_compared_with_the_code_as_it_stands(report):
    for mode in MODES:
        rows = report["layouts"][mode]
        assert list(rows) == [
            "encoder_channels_last",
            "encoder_contiguous",
            "one_pass_contiguous",
            "one_pass_channels_last",
        ]
        for precision in PRECISIONS:
            assert rows["encoder_channels_last"][precision]["times_faster"] == 1
            assert rows["one_pass_contiguous"][precision]["times_faster"] == 1
            slow = rows["encoder_contiguous"][precision]["seconds"]
            fast = rows["encoder_channels_last"][precision]["seconds"]
            assert rows["encoder_contiguous"][precision]["times_faster"] == pytest.approx(fast / slow)


def test_the_contiguous_encoder_differs_in_layout_only(known):
    way = known["batched", "float32"]
    other = layouts._features_contiguous(way)
    seen = {}
    for name, each in (("last", way), ("contiguous", other)):
        each.network.encoder[1].register_forward_pre_hook(
            lambda module, inputs, name=name: seen.update({name: inputs[0].is_contiguous()})
        )
    y = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(way(y), other(y), atol=1e-5, rtol=0)
    way.network.encoder[1]._forward_pre_hooks.clear()
    assert seen == {"last": False, "contiguous": True}


def refuse(*arguments):
    raise RuntimeError("no C++ compiler\nand a long story")


class Uncompiled(nn.Module):
    """What torch.compile returns where the compiler turns out to be missing at the first call."""

    def forward(self, *arguments):
        refuse()


def promise(what):
    return Uncompiled() if isinstance(what, nn.Module) else refuse


@pytest.mark.parametrize("compiler", [refuse, promise])
def test_where_nothing_compiles_there_is_a_reason_and_no_time(monkeypatch, compiler):
    monkeypatch.setattr(torch, "compile", compiler)
    settings = settings_for(quick=True, compile=True)
    tree = layouts.layout_times(settings, ways(settings, CPU), CPU, stopwatch(CPU))
    for mode, name, precision in itertools.product(MODES, ("encoder", "one_pass"), PRECISIONS):
        row = tree[mode][f"{name}_compiled"][precision]
        assert row["seconds"] is None and row["times_faster"] is None
        assert "no C++ compiler" in row["reason"] and "story" not in row["reason"]
        assert tree[mode]["encoder_contiguous"][precision]["seconds"] > 0


def test_what_compiles_is_timed_after_its_first_call(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda what: what)
    settings = settings_for(quick=True, compile=True)
    tree = layouts.layout_times(settings, ways(settings, CPU), CPU, stopwatch(CPU))
    for mode, name, precision in itertools.product(MODES, ("encoder", "one_pass"), PRECISIONS):
        row = tree[mode][f"{name}_compiled"][precision]
        assert row["first_call"] > 0 and row["seconds"] > 0 and "reason" not in row


# --- what bfloat16 rounds away -------------------------------------------------------------------------


def test_the_rounding_error_is_the_distance_of_the_two_predictions():
    f, y = seeded(lambda: FourSides(24)).eval().requires_grad_(False), smooth_noise(70)
    found = rounding_error(f, y)
    assert f.enter.weight.dtype == torch.float32
    z = full_prediction(f, y)
    assert found["mae_float32"] == pytest.approx(float(predictability(y, z)), rel=1e-5)
    low = full_prediction(f.bfloat16(), y)
    assert found["mean"] == pytest.approx(float((low - z).abs().mean()))
    assert 0 < found["mean"] < found["max"] == pytest.approx(float((low - z).abs().max()))


def test_smooth_noise_is_a_picture_and_smooth():
    y = smooth_noise(100)
    assert y.shape == (1, 3, 100, 100) and 0 <= y.min() < y.max() <= 1
    assert torch.equal(y, smooth_noise(100)) and not torch.equal(y, smooth_noise(100, seed=1))
    assert (y[..., 1:] - y[..., :-1]).abs().mean() < 0.3 * (y - y.mean()).abs().mean()


def test_bench_judges_bfloat16_on_the_network_it_is_given(report, monkeypatch):
    judged = []
    monkeypatch.setattr(
        "abstract_beauty.bench.rounding_error", lambda f, y: judged.append((f, y.shape)) or {"mean": 0.5}
    )
    for part in (
        "peaks",
        "full_prediction_times",
        "where_time_goes",
        "scaling",
        "training_times",
        "layout_times",
    ):
        monkeypatch.setattr(f"abstract_beauty.bench.{part}", lambda *arguments: {})
    network, said = FourSides(24), []
    tree = bench(QUICK, network=network, weights="run/good", progress=said.append)
    assert judged == [(network, (1, 3, 64, 64))]
    assert tree["bfloat16_error"] == {"weights": "run/good", "size": 64, "mean": 0.5}
    assert report["bfloat16_error"]["weights"] == "random" and report["bfloat16_error"]["mean"] > 0
    assert len(said) >= 6 and "full prediction of 64x64" in said


def test_the_trained_one_pass_predictor_is_found(elsewhere):
    assert one_pass_predictor() == ("random", None)

    def save(name):
        description = weights.Description("predictors", "good", name, 24, {})
        network = weights.build("predictors", name, 24)
        weights.save(elsewhere.run / "predictors" / "good.safetensors", network, description)

    with warnings.catch_warnings(action="error"):
        save("context_encoder")
        assert one_pass_predictor() == ("random", None)
        save("four_sides")
        label, network = one_pass_predictor()
    assert label == "run/good" and isinstance(network, FourSides)


# --- held-out errors -----------------------------------------------------------------------------------


def test_held_out_errors_are_compared_with_telea(tmp_path):
    assert held_out_errors(tmp_path) == {}
    (tmp_path / "predictors").mkdir()
    for name, mae in (("good", 0.06), ("mean", 0.2)):
        (tmp_path / "predictors" / f"{name}.json").write_text(json.dumps({"test": {"mae": mae}}))
    assert held_out_errors(tmp_path)["good"] == {"kind": "predictor", "mae": 0.06, "of_telea": None}
    (tmp_path / "fills.json").write_text(json.dumps({"mean": {"mae": 0.1}, "telea": {"mae": 0.08}}))
    rows = held_out_errors(tmp_path)
    assert list(rows) == ["good", "telea", "mean", "predictor mean"]
    assert rows["good"]["of_telea"] == pytest.approx(0.75) and rows["telea"]["of_telea"] == 1
    assert rows["mean"] == {"kind": "fill", "mae": 0.1, "of_telea": pytest.approx(1.25)}


# --- settings, text, command ---------------------------------------------------------------------------


def test_options_change_what_they_name_and_nothing_else():
    assert settings_for() == Settings()
    assert settings_for(quick=True) == QUICK
    changed = settings_for(sizes=[640, 320, 640], trials=2, largest=600, compile=True)
    assert changed.sizes == (640, 320) and changed.trials == 2 and changed.compile
    assert changed.sides == (128, 256, 512) and changed.crop == Settings().crop
    for wrong, words in (({"sizes": [320, TILE - 1]}, "--size 31"), ({"largest": 255}, "--largest 255")):
        with pytest.raises(UserError, match=words):
            settings_for(**wrong)


def test_the_text_shows_every_table(report):
    text = table(report | {"errors": {"telea": {"kind": "fill", "mae": 0.0734, "of_telea": 1.0}}})
    assert max(map(len, text.splitlines())) <= 110
    row = report["full_prediction"]["64"]["forward"]["one_pass"]["float32"]
    assert f"{row['seconds']:.4f}" in text and f"{row['times_faster']:.1f}x" in text
    exponents = report["scaling"]["exponent"]
    for words in (
        "full prediction of 64x64, forward, median of 1",
        "full prediction of 64x64, forward and backward, median of 1",
        f"power of {exponents['float32']:.2f} in float32",
        "encoder contiguous",
        "images/s",
        "0.0734",
        report["machine"]["device"],
    ):
        assert words in text
    assert "held-out error" not in table(report)


def test_the_text_gives_the_reason_and_does_without_an_exponent(report):
    broken = {"seconds": None, "times_faster": None, "reason": "RuntimeError: no C++ compiler"}
    tree = json.loads(json.dumps(report))
    tree["scaling"]["exponent"]["float32"] = None
    for mode in MODES:
        tree["layouts"][mode]["encoder_compiled"] = dict.fromkeys(PRECISIONS, broken)
    text = table(tree)
    assert text.count("encoder compiled, float32: RuntimeError: no C++ compiler") == 1
    assert "to the power" not in text


def test_the_command_prints_a_table_and_writes_json(elsewhere, tmp_path, capsys):
    out = tmp_path / "new" / "bench.json"
    (elsewhere.results / "predictors").mkdir(parents=True)
    (elsewhere.results / "fills.json").write_text(json.dumps({"telea": {"mae": 0.08}}))
    status, text, err = run(capsys, "bench", "--quick", "--size", 32, 64, "--out", out)
    assert status == 0 and err == ""
    tree = json.loads(out.read_text())
    assert list(tree["full_prediction"]) == ["32", "64"]
    assert tree["errors"] == {"telea": {"kind": "fill", "mae": 0.08, "of_telea": 1.0}}
    assert "faster than the float32 loop" in text and "held-out error" in text
    assert [path.name for path in out.parent.iterdir()] == ["bench.json"]


def test_json_is_what_the_file_would_hold(elsewhere, tmp_path, capsys, monkeypatch, report):
    monkeypatch.setattr("abstract_beauty.bench.bench", lambda settings, **more: report)
    status, text, _ = run(capsys, "bench", "--json", "--out", tmp_path / "bench.json")
    assert status == 0
    assert json.loads(text) == json.loads((tmp_path / "bench.json").read_text())
    assert set(json.loads(text)) == set(report) | {"errors"}


def test_progress_is_for_a_terminal_only(elsewhere, capsys, monkeypatch, report):
    def fake(settings, *, network, weights, progress):
        progress("training steps")
        return report

    monkeypatch.setattr("abstract_beauty.bench.bench", fake)
    assert run(capsys, "bench")[2] == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run(capsys, "bench")[2] == "bench: training steps\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "320", "31"], ["--size 31", "at least 32"]),
        (["--largest", "200"], ["--largest 200", "at least 256"]),
        (["--out", "{folder}"], ["{folder}", "is a folder"]),
        (["--quick", "--out", "{folder}/params.yaml/bench.json"], ["bench.json", "cannot be written"]),
    ],
)
def test_a_mistake_is_one_line_and_status_2(elsewhere, capsys, monkeypatch, report, arguments, words):
    monkeypatch.setattr("abstract_beauty.bench.bench", lambda settings, **more: report)
    before = {path: path.read_bytes() for path in elsewhere.root.iterdir()}
    status, _, err = run(capsys, "bench", *(text.format(folder=elsewhere.root) for text in arguments))
    assert status == 2 and len(err.splitlines()) == 1
    assert all(word.format(folder=elsewhere.root) in err for word in words)
    assert {path: path.read_bytes() for path in elsewhere.root.iterdir()} == before


@pytest.mark.parametrize("arguments", [["--trials", "0"], ["--size"], ["--size", "x"], ["--largest", "-1"]])
def test_wrong_usage_is_status_2(arguments):
    with pytest.raises(SystemExit) as caught:
        main(["bench", *arguments])
    assert caught.value.code == 2


# --- the page ------------------------------------------------------------------------------------------


def test_the_page_finds_every_number_that_it_shows(report, tmp_path):
    """Sphinx builds book/speed.md from a report, with warnings as errors."""
    one = report["full_prediction"]["64"]
    fast = report["fastest"]["64"]
    tree = report | {"full_prediction": {"320": one, "1024": one}, "fastest": {"320": fast, "1024": fast}}
    tree["settings"] = tree["settings"] | {"trials": {"320": 7, "1024": 3}}
    results, source = tmp_path / "results", tmp_path / "source"
    source.mkdir()
    write_json(results / "bench.json", tree)
    for name in ("good", "article"):
        write_json(results / "predictors" / f"{name}.json", {"test": {"mae": 0.0625}})
    book = find_project().root / "book"
    (source / "index.md").write_text(
        re.sub(r"\{doc\}`([^<`]+) <[^>]+>`", r"\1", (book / "speed.md").read_text())
    )
    (source / "conf.py").write_text(
        f"import sys; sys.path.append({str(book / '_ext')!r}); extensions = ['myst_parser', 'results']\n"
        "myst_enable_extensions = ['colon_fence']\n"
    )
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-E", source, tmp_path / "html"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    page = BeautifulSoup((tmp_path / "html" / "index.html").read_text(), "html.parser")
    tables = [[cell.text.strip() for cell in row.select("td, th")] for row in page.select("table tr")]
    row = one["forward"]["one_pass"]
    expected = [f"{row[p][key]:{form}}" for p in PRECISIONS for key, form in SHOWN.items()]
    assert ["Four sides, one pass", *expected] in tables
    assert len(page.select("table")) == 8
    assert "has not been made yet" not in page.text
    (results / "bench.json").unlink()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    page = BeautifulSoup((tmp_path / "html" / "index.html").read_text(), "html.parser")
    assert "has not been made yet" in page.text and not page.select("table")
