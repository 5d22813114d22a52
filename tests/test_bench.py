"""The benchmark: turns are fair, numbers follow from the seconds, and the command writes what it prints."""

import argparse
import contextlib
import io
import itertools
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from abstract_beauty.cli import main
from abstract_beauty.commands import bench
from abstract_beauty.params import load_params, merge, read_yaml
from abstract_beauty.project import find_project

SMALL = {"width": 16, "batch": 1}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A project without weights or results and with small networks, in which commands run."""
    folder, here = tmp_path_factory.mktemp("project"), find_project()
    shutil.copyfile(here.root / "dvc.yaml", folder / "dvc.yaml")
    small = {"predictors": {"good": SMALL, "article": SMALL}, "improvers": {"smoothing": SMALL}}
    (folder / "params.yaml").write_text(json.dumps(merge(read_yaml(here.params), small)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABSTRACT_BEAUTY_ROOT", str(folder))
        yield folder


@pytest.fixture(scope="module")
def printed_and_written(elsewhere):
    out, text, err = elsewhere / "new" / "bench.json", io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(text),
        contextlib.redirect_stderr(err),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(bench, "TRIALS", 1)
        assert main(["bench", "--size", "32", "64", "--out", str(out)]) == 0
    assert err.getvalue() == ""
    return text.getvalue(), json.loads(out.read_text())


@pytest.fixture(scope="module")
def networks():
    """Small ones, also where a new network begins at zero with numbers that are none."""
    found = bench.networks_for(8, 16)
    f = found["four_sides", "float32"]
    for tensor in (*f.parameters(), *f.buffers()):
        if not tensor.any():
            tensor.normal_(std=0.02)
    found["four_sides", "bfloat16"].load_state_dict(f.state_dict())
    return found


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

    monkeypatch.setattr(bench, "Timer", Timer)
    monkeypatch.setattr(bench, "PATIENCE", 100.0)
    monkeypatch.setattr(bench, "TRIALS", 3)
    return taken


def test_all_ways_take_a_turn_in_each_trial_but_slow_ones_in_the_first_only(turns):
    a, b, c, slow = way(), way(), way(), way(100.1)
    assert bench.in_turn({"a": a, "b": b, "c": c}) == {"a": [1, 4, 7], "b": [2, 5, 8], "c": [3, 6, 9]}
    assert turns == [a, b, c] * 3
    assert bench.in_turn({"slow": slow, "b": b}) == {"slow": [100.1], "b": [11, 12, 13]}
    assert turns[9:] == [slow, b, b, b]


def test_what_is_compared_has_its_median_and_its_ratio(turns):
    runs = {("first", "float32"): way(), ("second", "float32"): way()}  # 1, 3, 5 and 2, 4, 6 seconds
    tree = bench.compared(runs)
    assert tree["second"]["float32"] == {
        "seconds": 4,
        "times_faster": pytest.approx(3 / 4),
    }  # of 1/2, 3/4, 5/6
    assert tree["first"]["float32"]["times_faster"] == 1
    assert set(tree["second"]["bfloat16"].values()) == {None}


def test_operations_tell_products_from_the_rest(capfd):
    a, b = torch.rand(600, 600), torch.rand(1000, 1000)
    assert 0 < bench.share_of_products(lambda: (a @ a).sum() + b.exp().sum()) < 1
    assert bench.share_of_products(lambda: b.exp().sum()) == 0
    names = ["mm", "bmm", "addmm", "baddbmm", "convolution_backward", "conv2d"]
    assert all(bench.PRODUCTS.fullmatch(f"aten::{name}") for name in names)
    assert not any(bench.PRODUCTS.fullmatch(f"aten::{name}") for name in ["exp", "copy_", "comm", "sum"])
    assert capfd.readouterr().err == ""


def test_ways_of_one_network_agree_and_bfloat16_is_near(networks):
    z = {key: run() for key, run in bench.runs_of(networks, 64).items()}
    for one, other in {"loop": "batched", "four_sides_batched": "one_pass"}.items():
        torch.testing.assert_close(z[one, "float32"], z[other, "float32"], atol=1e-5, rtol=0)
        difference = (z[one, "bfloat16"] - z[one, "float32"]).abs().max()
        assert 0 < difference < 0.1 and not z[one, "float32"].requires_grad


def test_a_run_with_gradient_returns_that_of_the_picture_and_leaves_the_network_alone(networks):
    for run in bench.runs_of(networks, 64, gradient=True).values():
        first, again = run(), run()
        assert first.shape == (1, 3, 64, 64) and first.abs().sum() > 0
        torch.testing.assert_close(first, again)  # it is not added up
    assert not any(p.requires_grad for network in networks.values() for p in network.parameters())


def test_large_pictures_are_left_out_where_bfloat16_is_imitated(networks, monkeypatch):
    monkeypatch.setattr(bench, "LARGE", 64)
    monkeypatch.setattr(bench, "computes_in_bfloat16", lambda: False)
    found = [{key[1] for key in bench.runs_of(networks, size)} for size in (64, 65)]
    assert found == [{"float32", "bfloat16"}, {"float32"}]


def test_tiles_and_loss_of_a_step(networks):
    f, params = networks["four_sides", "float32"], load_params()
    loss, tiles = bench.loss_of(replace(params.predictors["good"], batch=2, crop=130), f)
    assert tiles == 2 * 25 and loss(f) > 0
    assert bench.loss_of(params.predictors["article"], f)[1] == params.predictors["article"].batch
    assert bench.loss_of(replace(params.improvers["smoothing"], batch=3, crop=128), f)[1] == 3 * 16


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
    assert len(keys) >= 20 and all(at(tree, key) is not None for key in keys)
    tables = re.findall(r"results-table\} bench\.json:([\w.]+)\n(?::.*\n)*?:columns: (.*)", page)
    assert len(tables) == 5
    for key, columns in tables:
        for row, column in itertools.product(at(tree, key).values(), re.findall(r"= ([\w.]+) :", columns)):
            at(row, column)


def test_the_command_prints_tables_or_json(elsewhere, capsys, monkeypatch, printed_and_written):
    text, report = printed_and_written
    assert list(report["full_prediction"]) == ["32", "64"]
    assert "full prediction of 32x32, forward_backward" in text and "shares of the time" in text
    assert max(map(len, text.splitlines())) <= 120
    assert report["settings"]["token_width"] == report["settings"]["crops"] + 15 == 16
    monkeypatch.setattr(bench, "bench", lambda rows, sizes: report)
    assert main(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == report


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "320", "31"], ["--size 31", "at least 32"]),
        (["--out", "{folder}"], ["{folder}", "is a folder"]),
        (["--out", "{folder}/params.yaml/bench.json"], ["bench.json", "cannot be written"]),
    ],
)
def test_a_mistake_is_one_line_and_status_2(elsewhere, capsys, monkeypatch, arguments, words):
    monkeypatch.setattr(bench, "bench", lambda rows, sizes: {})
    monkeypatch.setattr(bench, "table", lambda report: "")
    assert main(["bench", *(text.format(folder=elsewhere) for text in arguments)]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and all(word.format(folder=elsewhere) in err for word in words)
