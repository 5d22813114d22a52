"""Several processes under torchrun train as one does, and go on with what one began."""

import json
import shutil
import signal
import time

import processes
import pytest
from processes import NETWORKS, curves, start, train
from ruamel.yaml import YAML
from safetensors import safe_open

from abstract_beauty.params import merge, read_yaml

pytestmark = pytest.mark.slow


def assert_alike(one, other):
    for name, rows in one.items():
        assert len(rows) == len(other[name]) == 10
        for a, b in zip(rows, other[name], strict=True):
            assert b["loss"] == pytest.approx(a["loss"], rel=1e-5), (name, a["step"])
            for key in a:  # parts that nearly vanish, and norms, differ more in the order of their sums
                assert b[key] == pytest.approx(a[key], rel=1e-3), (name, key, a["step"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return processes.prepared(tmp_path_factory.mktemp("processes") / "project")


@pytest.fixture(scope="module")
def both(prepared):
    """The same three networks, trained by one process and by two."""
    return [processes.trained(prepared, count) for count in (1, 2)]


def test_two_processes_train_as_one(both):
    one, two = both
    assert_alike(curves(one), curves(two))
    for row in processes.compared(curves(one), curves(two)).values():
        assert row["rows"] == 10 and row["steps"] == 50 and row["largest_difference"] < 1e-5
    for root, count in ((one, 1), (two, 2)):
        record = json.loads((root / "models/run/predictors/good.record.json").read_text())
        assert record["processes"] == count
        assert not list(root.rglob("*.partial*"))


@pytest.mark.parametrize("began", [1, 2])
def test_another_number_of_processes_goes_on(both, tmp_path, began):
    root = tmp_path / "copy"
    shutil.copytree(both[began - 1], root)
    for kept in root.glob(".scratch/*/weights.safetensors"):
        kept.unlink()  # what is left is the checkpoint of step 30
    assert len(list(root.glob(".scratch/*/checkpoint.safetensors"))) == len(NETWORKS)
    train(root, 3 - began, *NETWORKS)
    record = json.loads((root / "models/run/predictors/good.record.json").read_text())
    assert record["processes"] == 3 - began
    assert_alike(curves(both[0]), curves(root))


def test_a_batch_that_cannot_be_shared_is_one_line(prepared, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(prepared, root)
    running = start(root, 3, "predictor.judge")
    _, err = running.communicate(timeout=300)
    assert running.returncode != 0
    said = [line for line in err.splitlines() if line.startswith("abstract-beauty")]
    assert said == [
        "abstract-beauty: params.yaml: predictors.judge.batch: 2 a step cannot be shared evenly by 3 processes; "
        "start torchrun with one of 1, 2, or change the batch"
    ]


def stopped(root, count, by):
    """Train without end, stop it by a signal when it has saved; its status, what it said, and how far it says it is."""
    running = start(root, count, "predictor.judge")
    until = time.monotonic() + 200
    while not (saved := list(root.glob(".scratch/predictors-judge-*/checkpoint.safetensors"))):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < until
        time.sleep(0.2)
    running.send_signal(by)
    _, err = running.communicate(timeout=100)
    assert not list(root.rglob("*.partial*"))
    with safe_open(saved[0], framework="pt") as file:
        return running.returncode, err, json.loads(file.metadata()["progress"])


def test_ctrl_c_is_one_line(prepared, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(prepared, root)
    status, err, progress = stopped(root, 1, signal.SIGINT)
    assert status == 130
    assert err == "abstract-beauty: interrupted; the same command again goes on from the last checkpoint\n"
    assert progress["step"] % 30 == 0


def test_sigterm_saves_and_is_one_line(prepared, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(prepared, root)
    status, err, progress = stopped(root, 1, signal.SIGTERM)
    assert status == 143
    assert err == (
        f"abstract-beauty: predictor judge: stopped at step {progress['step']} of 100000, which is saved; "
        "the same command again goes on there\n"
    )


def test_sigterm_stops_all_at_the_same_step_and_is_saved(prepared, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(prepared, root)
    status, err, progress = stopped(root, 2, signal.SIGTERM)
    assert status != 0
    assert f"predictor judge: stopped at step {progress['step']} of 100000, which is saved" in err
    assert progress["curve"][-1]["step"] == progress["step"]


def test_ddp_with_one_process_is_the_same_to_the_bit(prepared, tmp_path):
    weights = []
    for strategy in ("auto", "ddp"):
        root = tmp_path / strategy
        shutil.copytree(prepared, root)
        with open(root / "params.yaml", "w") as file:
            tree = read_yaml(prepared / "params.yaml")
            YAML().dump(merge(tree, {"training": {"strategy": strategy}}), file)
        train(root, 1, "predictor.article")
        weights.append((root / "models/run/predictors/article.safetensors").read_bytes())
    assert weights[0] == weights[1]
