"""The same trainings by one process and by several under torchrun, and how far their losses are apart.

    python tests/processes.py --out results/trust/processes.json

Networks are tiny and train 50 steps in float32, with one thread a process.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from abstract_beauty.book.run_card import today
from abstract_beauty.experiments import prepare_data
from abstract_beauty.files import write_json
from abstract_beauty.params import load_params, merge, read_yaml
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.machine import machine

NETWORKS = ("improver.held", "predictor.good", "predictor.article")
# A curve's numbers are compared before they are rounded for the table.
DRIVER = """
import sys
from abstract_beauty.training import runs
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


Curves = dict[str, list[dict[str, float]]]


def start(root: Path, processes: int, *experiments: str) -> subprocess.Popen:
    """Begin to train in a project, by so many processes."""
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launch if processes > 1 else []), str(root / "driver.py"), *experiments]
    environment = {**os.environ, "ABSTRACT_BEAUTY_ROOT": str(root), "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def train(root: Path, processes: int, *experiments: str) -> str:
    """Train in a project, by so many processes; what they print."""
    running = start(root, processes, *experiments)
    out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    return out


def prepared(root: Path) -> Path:
    """A project in an empty folder, with pictures and what the networks need that are compared."""
    root.mkdir()
    own = find_project()
    shutil.copyfile(own.root / "dvc.yaml", root / "dvc.yaml")
    with open(root / "params.yaml", "w") as file:
        YAML().dump(merge(read_yaml(own.params), TINY), file)
    (root / "driver.py").write_text(DRIVER)
    prepare_data(Project(root), load_params(root / "params.yaml"), progress=False)
    train(root, 1, "predictor.linear", "predictor.good")
    return root


def trained(root: Path, processes: int) -> Path:
    """A copy of a prepared project in which so many processes have trained `NETWORKS`."""
    copy = root.with_name(f"by_{processes}")
    shutil.copytree(root, copy)
    shutil.rmtree(copy / ".scratch")
    out = train(copy, processes, *NETWORKS)
    assert len(out.splitlines()) == len(NETWORKS)  # one process speaks
    return copy


def curves(root: Path, names: tuple[str, ...] = NETWORKS) -> Curves:
    """The rows of each network's curve, not rounded."""
    found = {}
    for name in names:
        kind, _, member = name.partition(".")
        with open(root / "results" / f"{kind}s" / f"{member}.csv", newline="") as file:
            found[name] = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    return found


def compared(one: Curves, other: Curves) -> dict[str, dict[str, Any]]:
    """Of each network: rows, steps, and the largest relative difference of a row's loss."""
    return {
        name: {
            "steps": int(rows[-1]["step"]),
            "rows": len(rows),
            "largest_difference": max(
                abs(a["loss"] - b["loss"]) / abs(a["loss"]) for a, b in zip(rows, other[name], strict=True)
            ),
        }
        for name, rows in one.items()
    }


def main() -> None:
    """The comparison from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="besides one (default: 2)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the outcome into FILE")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root = prepared(Path(folder, "project"))
        found = compared(curves(trained(root, 1)), curves(trained(root, options.processes)))
    for name, row in found.items():
        print(f"{name}: {row}")
    if options.out:
        here = {key: machine("cpu")[key] for key in ("device", "torch")}
        here["seconds"] = round(time.monotonic() - began)
        record = {"date": today(), "processes": options.processes, **here, "networks": found}
        write_json(options.out, record)


if __name__ == "__main__":
    main()
