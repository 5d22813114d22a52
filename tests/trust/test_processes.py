"""Several processes under torchrun train as one does, and go on with what one began; signals stop them in one line."""

import json
import shutil
import signal
import time

import processes
import pytest
from processes import NETWORKS, curves, started, train
from ruamel.yaml import YAML
from safetensors import safe_open

from abstract_beauty.params import merge, read_yaml

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return processes.prepared(tmp_path_factory.mktemp("processes") / "project")


@pytest.fixture
def copy(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "copy")


@pytest.fixture(scope="module")
def both(prepared):
    """The same three networks, trained by one process and by two."""
    return [processes.trained(prepared, count) for count in (1, 2)]


def assert_alike(one, other):
    for name, rows in one.items():
        assert len(rows) == len(other[name]) == 10
        for a, b in zip(rows, other[name], strict=True):
            assert b["loss"] == pytest.approx(a["loss"], rel=1e-5), (name, a["step"])
            for key in a:  # parts that nearly vanish, and norms, differ more in the order of their sums
                assert b[key] == pytest.approx(a[key], rel=1e-3), (name, key, a["step"])


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
    root = shutil.copytree(both[began - 1], tmp_path / "copy")
    for kept in root.glob(".scratch/*/weights.safetensors"):
        kept.unlink()  # what is left is the checkpoint of step 30
    assert len(list(root.glob(".scratch/*/checkpoint.safetensors"))) == len(NETWORKS)
    train(root, 3 - began, *NETWORKS)
    record = json.loads((root / "models/run/predictors/good.record.json").read_text())
    assert record["processes"] == 3 - began
    assert_alike(curves(both[0]), curves(root))


def test_a_batch_that_cannot_be_shared_is_one_line(copy):
    with started(copy, 3, "predictor.judge") as running:
        _, err = running.communicate(timeout=300)
    assert running.returncode != 0
    assert [line for line in err.splitlines() if line.startswith("abstract-beauty")] == [
        "abstract-beauty: params.yaml: predictors.judge.batch: 2 a step cannot be shared evenly by 3 processes; "
        "start torchrun with one of 1, 2, or change the batch"
    ]


INTERRUPTED = "abstract-beauty: interrupted; the same command again goes on from its last checkpoint\n"
STOPPED = "predictor judge: stopped at step {step} of 100000, which is saved; the same command again goes on there\n"


@pytest.mark.parametrize(
    ("count", "by", "status", "said"),
    [
        (1, signal.SIGINT, 130, INTERRUPTED),
        (1, signal.SIGTERM, 143, f"abstract-beauty: {STOPPED}"),
        (2, signal.SIGTERM, None, STOPPED),  # torchrun's own status, and its own report around the line
    ],
)
def test_a_signal_stops_a_training_in_one_line_and_it_is_saved(copy, count, by, status, said):
    with started(copy, count, "predictor.judge") as running:
        until = time.monotonic() + 200
        while not (saved := list(copy.glob(".scratch/predictors-judge-*/checkpoint.safetensors"))):
            assert running.poll() is None, running.communicate()
            assert time.monotonic() < until
            time.sleep(0.2)
        running.send_signal(by)
        _, err = running.communicate(timeout=100)
    with safe_open(saved[0], framework="pt") as file:
        progress = json.loads(file.metadata()["progress"])
    said = said.format(step=progress["step"])
    assert (running.returncode, err) == (status, said) if status else said in err and running.returncode
    assert by != signal.SIGINT or progress["step"] % 30 == 0
    assert count == 1 or progress["curve"][-1]["step"] == progress["step"]  # all stop at the same step
    assert not list(copy.rglob("*.partial*"))


def test_ddp_with_one_process_is_the_same_to_the_bit(prepared, tmp_path):
    weights = []
    for strategy in ("auto", "ddp"):
        root = shutil.copytree(prepared, tmp_path / strategy)
        tree = merge(read_yaml(root / "params.yaml"), {"training": {"strategy": strategy}})
        with open(root / "params.yaml", "w") as file:
            YAML().dump(tree, file)
        train(root, 1, "predictor.article")
        weights.append((root / "models/run/predictors/article.safetensors").read_bytes())
    assert weights[0] == weights[1]
