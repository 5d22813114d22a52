"""The same trainings by one process and by several under torchrun, and how far their losses are apart.

    python tests/trust/processes.py --out results/trust/processes.json

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
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))  # where children.py lies; pytest has it there already

from children import child
from records import keep
from tiny import tiny_project

from abstract_beauty.experiments.pictures import prepare_data
from abstract_beauty.params import load_params
from abstract_beauty.training.machine import machine

NETWORKS = ("improver.held", "predictor.good", "predictor.article")
# A curve's numbers are compared before they are rounded for the table; checkpoints are kept, to go on from.
DRIVER = """
import sys
from abstract_beauty.training import runs
runs.rounded = lambda row: row
runs.discard = lambda folder: None
from abstract_beauty.cli import main
sys.exit(main(["train", "--quiet", *sys.argv[1:]]))
"""
CHANGES = {
    "predictors": {"judge": {"width": 4, "steps": 100_000, "batch": 2}},
    "training": {"log_every": 5, "checkpoint_every": 30},
}

Curves = dict[str, list[dict[str, float]]]


def started(root: Path, processes: int, *experiments: str) -> AbstractContextManager[subprocess.Popen]:
    """A training in a project, by so many processes."""
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launch if processes > 1 else []), str(root / "driver.py"), *experiments]
    environment = {**os.environ, "ABSTRACT_BEAUTY_ROOT": str(root), "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return child(command, env=environment)


def train(root: Path, processes: int, *experiments: str) -> str:
    """Train in a project, by so many processes; what they print."""
    with started(root, processes, *experiments) as running:
        out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    return out


def prepared(root: Path) -> Path:
    """A project in a new folder, with pictures and what the networks need that are compared."""
    project = tiny_project(root, CHANGES)
    (root / "driver.py").write_text(DRIVER)
    prepare_data(project, load_params(project.params), progress=False)
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


def curves(root: Path) -> Curves:
    """The rows of each network's curve, not rounded."""
    found = {}
    for name in NETWORKS:
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
    here = {key: machine("cpu")[key] for key in ("device", "torch")}
    keep(options.out, began, processes=options.processes, **here, networks=found)


if __name__ == "__main__":
    main()
