"""The benchmark: turns are fair, numbers follow from the seconds, and the command writes what it prints."""

import argparse
import contextlib
import io
import itertools
import json
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from abstract_beauty.cli import main
from abstract_beauty.commands import bench
from abstract_beauty.commands import bench_runs as timed
from abstract_beauty.params import load_params
from abstract_beauty.project import find_project


def settings(changes=None, **options):
    given = {"quick": False, "size": None, "trials": None, "largest": None} | options
    return bench.settings_for(load_params(changes=changes), argparse.Namespace(**given))


QUICK = partial(settings, quick=True)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A project without weights or results, in which commands run."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(find_project().root / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABSTRACT_BEAUTY_ROOT", str(folder))
        yield folder


@pytest.fixture(scope="module")
def printed_and_written(elsewhere):
    out, text, err = elsewhere / "new" / "bench.json", io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(err):
        assert main(["bench", "--quick", "--size", "32", "64", "--out", str(out)]) == 0
    assert err.getvalue() == ""
    return text.getvalue(), json.loads(out.read_text())


@pytest.fixture(scope="module")
def networks():
    return timed.networks_for(8, 16)


def way(seconds=None):
    """What can be timed; a clock of `Timer`s gives it `seconds`, or the number of its turn."""

    def run():
        """Nothing."""

    run.seconds = seconds
    return run


@pytest.fixture
def turns(monkeypatch):
    """Who took a turn, in order, while PyTorch's timer is one whose n-th reading is n seconds."""
    taken = []

    class Timer:
        def __init__(self, stmt, globals, num_threads):
            self.run = globals["run"]

        def blocked_autorange(self, min_run_time):
            taken.append(self.run)
            return argparse.Namespace(median=getattr(self.run, "seconds", None) or float(len(taken)))

    monkeypatch.setattr(timed, "Timer", Timer)
    monkeypatch.setattr(timed, "PATIENCE", 100.0)
    return taken


def test_all_ways_take_a_turn_in_each_trial_but_slow_ones_in_the_first_only(turns):
    a, b, c, slow = way(), way(), way(), way(100.1)
    assert timed.in_turn({"a": a, "b": b, "c": c}, 3) == {"a": [1, 4, 7], "b": [2, 5, 8], "c": [3, 6, 9]}
    assert turns == [a, b, c] * 3
    assert timed.in_turn({"slow": slow, "b": b}, 2) == {"slow": [100.1], "b": [11, 12]}
    assert turns[9:] == [slow, b, b]


def test_ratios_are_taken_within_trials_and_shrug_off_a_busy_moment():
    assert timed.times_faster([2.0, 20.0, 4.0], [1.0, 10.0, 1.0]) == 2  # the second trial was slow for both
    assert timed.times_faster([2.0, 2.0, 2.0], [1.0, 99.0, 1.0]) == 2
    assert timed.times_faster([6.0], [1.0, 2.0, 3.0]) == 6  # what is slow has one trial


def test_what_is_compared_has_its_median_and_its_ratio(turns):
    runs = {("first", "float32"): way(), ("second", "float32"): way()}  # 1, 3, 5 and 2, 4, 6 seconds
    tree = timed.compared(runs, 1000, 3)
    ratio, pace = (pytest.approx(value) for value in (3 / 4, 1 / 4))  # of 1/2, 3/4, 5/6
    row = {"seconds": 4, "times_faster": ratio, "megapixels_per_second": pace}
    assert tree["second"]["float32"] == row
    assert tree["first"]["float32"]["times_faster"] == 1
    assert set(tree["second"]["bfloat16"].values()) == {None}


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.3])
def test_the_exponent_of_a_power_of_the_pixels_is_that_power(slope):
    times = {side: 3e-8 * float(side * side) ** slope for side in (128, 256, 512, 2048)}
    assert timed.exponent(times) == pytest.approx(slope)


def test_a_multiplication_and_a_sum_are_two_operations():
    layer, x = nn.Linear(7, 5, bias=False), torch.ones(2, 7)
    assert timed.gflop(lambda: layer(x).sum().backward()) == pytest.approx(2 * 2 * 70 / 1e9)


def test_operations_tell_products_from_the_rest(capfd):
    a, b = torch.rand(600, 600), torch.rand(1000, 1000)
    assert 0 < timed.share_of_products(lambda: (a @ a).sum() + b.exp().sum()) < 1
    assert timed.share_of_products(lambda: b.exp().sum()) == 0
    names = ["mm", "bmm", "addmm", "baddbmm", "convolution_backward", "conv2d"]
    assert all(timed.PRODUCTS.fullmatch(f"aten::{name}") for name in names)
    assert not any(timed.PRODUCTS.fullmatch(f"aten::{name}") for name in ["exp", "copy_", "comm", "sum"])
    assert capfd.readouterr().err == ""


def test_ways_of_one_network_agree_and_bfloat16_is_near(networks):
    z = {key: run() for key, run in timed.runs_of(networks, 64).items()}
    for one, other in {"loop": "batched", "four_sides_batched": "one_pass"}.items():
        torch.testing.assert_close(z[one, "float32"], z[other, "float32"], atol=1e-5, rtol=0)
        difference = (z[one, "bfloat16"] - z[one, "float32"]).abs().max()
        assert 0 < difference < 0.1 and not z[one, "float32"].requires_grad


def test_a_run_with_gradient_returns_that_of_the_picture_and_leaves_the_network_alone(networks):
    for run in timed.runs_of(networks, 64, gradient=True).values():
        first, again = run(), run()
        assert first.shape == (1, 3, 64, 64) and first.abs().sum() > 0
        torch.testing.assert_close(first, again)  # it is not added up
    assert not any(p.requires_grad for network in networks.values() for p in network.parameters())


def test_large_pictures_are_left_out_where_bfloat16_is_imitated(networks, monkeypatch):
    monkeypatch.setattr(timed, "LARGE", 64)
    monkeypatch.setattr(timed, "computes_in_bfloat16", lambda: False)
    found = [{key[1] for key in timed.runs_of(networks, size)} for size in (64, 65)]
    assert found == [{"float32", "bfloat16"}, {"float32"}]


def test_what_is_trained_is_what_params_say():
    changes = {"predictors": {"good": {"width": 48, "batch": 5}}, "improvers": {"smoothing": {"crop": 160}}}
    params, found = load_params(changes=changes), settings(changes)
    assert found.good == params.predictors["good"] and found.good.width == 48
    assert found.article == params.predictors["article"]
    assert found.improver == params.improvers["smoothing"] and found.improver.crop == 160


def test_tiles_and_images_of_a_step(networks):
    f = networks["four_sides", "float32"]
    given = replace(QUICK(), good=replace(QUICK().good, batch=2, crop=128))
    loss, tiles = bench.loss_of(given.good, f)
    assert tiles == 2 * (16 + 25) / 2  # on the article's grid, and shifted by half a tile
    assert loss(f, 0) != loss(f, 1)
    assert bench.loss_of(given.article, f)[1] == given.article.batch
    assert bench.loss_of(given.improver, f)[1] == 16


def test_a_report_is_consistent(printed_and_written):
    report = printed_and_written[1]
    rows = report["full_prediction"]["64"]["forward"]["one_pass"]
    for precision, row in rows.items():
        assert row["gflop"] > 0
        assert 0 < report["where_time_goes"]["forward"]["one_pass"][precision]["matrices"] < 1
    best = report["fastest"]["64"]["forward"]
    assert best == {"precision": best["precision"], **rows[best["precision"]]}
    assert best["seconds"] == min(row["seconds"] for row in rows.values())


def test_a_report_holds_every_key_that_the_page_shows(printed_and_written):
    """The page names sizes that a quick run has not, and no value may be null where a sentence shows it."""
    text = json.dumps(printed_and_written[1])
    tree = json.loads(text.replace('"32":', '"320":').replace('"64":', '"1024":'))
    page = (Path(__file__).parents[1] / "book" / "speed.md").read_text()

    def at(where, key):
        for part in key.split("."):
            where = where[part]
        return where

    keys = re.findall(r"bench\.json:([\w.]+?)(?= [*/]|:|`)", page)
    assert len(keys) >= 30 and all(at(tree, key) is not None for key in keys)
    tables = re.findall(r"results-table\} bench\.json:([\w.]+)\n(?::.*\n)*?:columns: (.*)", page)
    assert len(tables) == 7
    for key, columns in tables:
        for row, column in itertools.product(at(tree, key).values(), re.findall(r"= ([\w.]+) :", columns)):
            at(row, column)


def test_the_command_prints_tables_or_json(elsewhere, capsys, monkeypatch, printed_and_written):
    text, report = printed_and_written
    assert list(report["full_prediction"]) == ["32", "64"]
    assert "full prediction of 32x32, forward_backward, median of 1" in text and "pixels to the power" in text
    assert max(map(len, text.splitlines())) <= 120
    monkeypatch.setattr(bench, "bench", lambda settings: report)
    assert main(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == report


def test_options_change_what_they_name_and_nothing_else():
    found = settings(size=[640, 320, 640], trials=2, largest=600)
    assert found == replace(settings(), sizes=(640, 320), trials=2, sides=(128, 256, 512))
    assert [replace(found, trials=n).trials_of(1024) for n in (1, 2, 3, 7, 12)] == [1, 2, 3, 3, 4]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "320", "31"], ["--size 31", "at least 32"]),
        (["--largest", "200"], ["--largest 200", "at least 256"]),
        (["--out", "{folder}"], ["{folder}", "is a folder"]),
        (["--quick", "--out", "{folder}/params.yaml/bench.json"], ["bench.json", "cannot be written"]),
    ],
)
def test_a_mistake_is_one_line_and_status_2(elsewhere, capsys, monkeypatch, arguments, words):
    monkeypatch.setattr(bench, "bench", lambda settings: {})
    monkeypatch.setattr(bench, "table", lambda report: "")
    assert main(["bench", *(text.format(folder=elsewhere) for text in arguments)]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and all(word.format(folder=elsewhere) in err for word in words)
