"""Several processes under torchrun train as one does, and go on with what one began."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from ruamel.yaml import YAML
from safetensors import safe_open

from abstract_beauty.params import merge, read_yaml
from abstract_beauty.project import find_project

pytestmark = pytest.mark.slow

NETWORKS = ("improver.held", "predictor.good", "predictor.article")
# A curve's numbers are compared before they are rounded for the table.
DRIVER = """
import sys
from abstract_beauty.experiments import runs
runs.rounded = lambda row: row
from abstract_beauty.cli import main
sys.exit(main(["train", "--quiet", *sys.argv[1:]]))
"""
TINY = {
    "data": {"generated": 3, "generated_size": 128, "short_side": 128},
    "linear": {"crops": 250},
    "predictors": {
        "article": {"width": 4, "steps": 50, "batch": 4},
        "judge": {"width": 4, "steps": 100_000, "batch": 2},
        "good": {"width": 12, "steps": 50, "batch": 2, "crop": 128},
    },
    "improvers": {"held": {"width": 4, "steps": 50, "batch": 2, "crop": 128}},
    "training": {"accelerator": "cpu", "precision": "32-true", "log_every": 5, "checkpoint_every": 30},
}


def start(root, processes, *experiments):
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launch if processes > 1 else []), str(root / "driver.py"), *experiments]
    environment = {**os.environ, "ABSTRACT_BEAUTY_ROOT": str(root), "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def train(root, processes, *experiments):
    running = start(root, processes, *experiments)
    out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    return out


def curves(root, names=NETWORKS):
    found = {}
    for name in names:
        kind, _, member = name.partition(".")
        with open(root / "results" / f"{kind}s" / f"{member}.csv", newline="") as file:
            found[name] = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    return found


def assert_alike(one, other):
    for name, rows in one.items():
        assert len(rows) == len(other[name]) == 10
        for a, b in zip(rows, other[name], strict=True):
            assert b["loss"] == pytest.approx(a["loss"], rel=1e-5), (name, a["step"])
            for key in a:  # parts that nearly vanish, and norms, differ more in the order of their sums
                assert b[key] == pytest.approx(a[key], rel=1e-3), (name, key, a["step"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    root = tmp_path_factory.mktemp("processes") / "project"
    root.mkdir()
    own = find_project()
    shutil.copyfile(own.root / "dvc.yaml", root / "dvc.yaml")
    with open(root / "params.yaml", "w") as file:
        YAML().dump(merge(read_yaml(own.params), TINY), file)
    (root / "driver.py").write_text(DRIVER)
    from abstract_beauty.experiments import prepare_data
    from abstract_beauty.params import load_params
    from abstract_beauty.project import Project

    prepare_data(Project(root), load_params(root / "params.yaml"), progress=False)
    train(root, 1, "predictor.linear", "predictor.good")
    return root


@pytest.fixture(scope="module")
def both(prepared):
    """The same three networks, trained by one process and by two."""
    roots = []
    for processes in (1, 2):
        root = prepared.with_name(f"by_{processes}")
        shutil.copytree(prepared, root)
        shutil.rmtree(root / ".scratch")
        out = train(root, processes, *NETWORKS)
        assert len(out.splitlines()) == len(NETWORKS)  # one process speaks
        roots.append(root)
    return roots


def test_two_processes_train_as_one(both):
    one, two = both
    assert_alike(curves(one), curves(two))
    for root, processes in ((one, 1), (two, 2)):
        record = json.loads((root / "models/run/predictors/good.record.json").read_text())
        assert record["processes"] == processes
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


def stopped(root, processes, by):
    """Train without end, stop it by a signal when it has saved; its status, what it said, and how far it says it is."""
    running = start(root, processes, "predictor.judge")
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
