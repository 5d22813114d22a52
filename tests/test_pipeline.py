"""dvc.yaml, as DVC reads it."""

import ast
import inspect
import subprocess
import sys
from typing import get_origin

from abstract_beauty.commands.repro import closed, read_graph
from abstract_beauty.experiments import stage_called
from abstract_beauty.params import read_yaml
from abstract_beauty.project import find_project

PROJECT = find_project()


def dvc(*arguments, cwd=PROJECT.root):
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_every_experiment_has_its_stages():
    names = dvc("stage", "list", "--name-only").split()
    params = read_yaml(PROJECT.params)
    assert {f"train-predictor@{name}" for name in params["predictors"]} <= set(names)
    assert {f"train-improver@{name}" for name in params["improvers"]} <= set(names)


def test_every_dependency_and_notebook_exists():
    pipeline = read_yaml(PROJECT.root / "dvc.yaml")
    made = ("data", "models/", "results/", "book/notebooks", "book/_extra")
    for stage in pipeline["stages"].values():
        for path in stage.get("do", stage).get("deps", []):
            assert path.startswith(made) or "${" in path or (PROJECT.root / path).exists(), path


def stages_of_a_file():
    """Each stage that is run as `stage NAME`: the name, its file as a module, and its entry."""
    for stage in read_yaml(PROJECT.root / "dvc.yaml")["stages"].values():
        entry = stage.get("do", stage)
        name = entry["cmd"].partition(" stage ")[2]
        if name and "." not in name:
            yield name, stage_called(name), entry


def test_a_stage_depends_on_what_its_file_says_that_it_takes():
    """The predictors and improvers that it is given, and the sections by which a chapter has it measured anew."""
    seen = set()
    for name, module, entry in stages_of_a_file():
        seen.add(name)
        signature = inspect.signature(module.stage)
        assert ("f" in signature.parameters) == hasattr(module, "PREDICTORS"), name
        assert ("g" in signature.parameters) == hasattr(module, "IMPROVERS"), name
        shown = f"models/run/{name}.safetensors" in entry.get("outs", ())
        assert shown == (get_origin(signature.return_annotation) is tuple), f"{name}: numbers, and pictures?"
        for kind in ("predictors", "improvers"):
            for network in getattr(module, kind.upper(), ()):
                one = f"models/run/{kind}/{network}.safetensors"
                assert {f"models/run/{kind}", one} & {*entry["deps"]}, (name, network)
        sections = {section.partition(".")[0] for section in entry.get("params", [])}
        assert sections >= {*getattr(module, "READS", ())}, name
    assert {"page", "taste", "faces", "moving", "fills"} <= seen


def test_a_stage_depends_on_the_code_that_its_file_imports():
    """But for what makes no number there: reading runs, pictures and tables, and drawing."""
    reads = {"ALL", "ensure_data", "improver_run", "linear_run", "networks"}
    decides = (
        "experiments", "fields", "losses", "measures", "moving", "prediction", "scores", "training.batches",
    )  # fmt: skip
    seen = 0
    for name, stage, entry in stages_of_a_file():
        for node in ast.walk(ast.parse(inspect.getsource(stage))):
            module = (getattr(node, "module", None) or "").removeprefix("abstract_beauty.")
            if not module.startswith(decides) or {alias.name for alias in node.names} <= reads:
                continue
            path, seen = f"${{src}}/{module.replace('.', '/')}", seen + 1
            covered = (path == dep.removesuffix(".py") or path.startswith(f"{dep}/") for dep in entry["deps"])
            assert any(covered), (name, module)
    assert seen > 50


def test_every_page_of_the_book_is_a_dependency_of_its_stage():
    deps = set(read_yaml(PROJECT.root / "dvc.yaml")["stages"]["book"]["deps"])
    made = {"notebooks", "_build", "_extra", "page"}  # page: a dependency of _extra/try
    sources = {f"book/{path.name}" for path in (PROJECT.root / "book").iterdir() if path.name not in made}
    assert sources <= deps, sources - deps


def test_how_long_a_training_took_is_no_dependency():
    """`models/run/improvers` is one of two stages; dvc.lock must not change because a machine was busy."""
    assert dvc("check-ignore", "models/run/improvers/good.record.json").strip()


def test_a_change_of_one_experiment_concerns_its_own_stages_only():
    """What DVC itself says would run after k2 of one improver changed, from its graph."""
    before = read_graph(dvc("dag", "--dot"))
    after = {name: {other for other in before if name in before[other]} for name in before}
    reached = closed(["train-improver@smoothing"], after)
    assert "book" in reached
    assert not {"data", "fills", "filters"} & reached
    trained = [name for name in reached if name.startswith("train-")]
    assert trained == ["train-improver@smoothing"]
