"""The wrapper around DVC, and dvc.yaml itself."""

import shutil
import subprocess
import sys

import pytest

from abstract_beauty.commands.repro import make_copy, stage_count
from abstract_beauty.errors import UserError
from abstract_beauty.params import read_yaml
from abstract_beauty.project import Project, find_project

PROJECT = find_project()


def dvc(*arguments, cwd=PROJECT.root):
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_stages_are_counted_as_dvc_counts_them():
    count = stage_count(read_yaml(PROJECT.root / "dvc.yaml"), read_yaml(PROJECT.params))
    assert count == len(dvc("stage", "list", "--name-only").split())


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


def test_every_page_of_the_book_is_a_dependency_of_its_stage():
    deps = set(read_yaml(PROJECT.root / "dvc.yaml")["stages"]["book"]["deps"])
    made = {"notebooks", "_build", "_extra", "page"}  # page: a dependency of _extra/try
    sources = {f"book/{path.name}" for path in (PROJECT.root / "book").iterdir() if path.name not in made}
    assert sources <= deps, sources - deps


def test_how_long_a_training_took_is_no_dependency():
    """`models/run/improvers` is one of two stages; dvc.lock must not change because a machine was busy."""
    assert dvc("check-ignore", "models/run/improvers/good.record.json").strip()


def test_a_change_of_one_experiment_concerns_its_own_stages_only(tmp_path):
    """What DVC itself says would run after k2 of one improver changed, from its graph."""
    graph = dvc("dag", "--dot")
    edges = [
        line.strip().replace('"', "").rstrip(";").split(" -> ") for line in graph.splitlines() if "->" in line
    ]
    reached = {"train-improver@smoothing"}
    while True:
        more = {after for before, after in edges if before in reached} - reached
        if not more:
            break
        reached |= more
    assert "book" in reached
    assert not any(
        name.startswith("train-predictor") or name in ("data", "fills", "filters") for name in reached
    )
    assert [name for name in reached if name.startswith("train-improver")] == ["train-improver@smoothing"]


def test_the_paths_of_a_profile_lead_to_the_same_folders_from_its_copy(tmp_path):
    root = tmp_path / "clone"
    (root / "profiles").mkdir(parents=True)
    (root / ".dvc").mkdir()
    for name in ("params.yaml", ".dvc/config", "profiles/reference.yaml"):
        shutil.copyfile(PROJECT.root / name, root / name)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    copy = make_copy(Project(root), "reference")
    overrides = read_yaml(root / "profiles" / "reference.yaml")
    for section, key in (
        ("data", "train"),
        ("data", "test"),
        ("evaluation", "elsewhere"),
        ("ratings", "folders"),
    ):
        paths = read_yaml(copy.params)[section][key]
        meant = [(root / path).resolve() for path in overrides[section][key]]
        assert [(copy.root / path).resolve() for path in paths] == meant
    for name, paths in read_yaml(copy.params)["ratings"]["others"].items():
        meant = [(root / path).resolve() for path in overrides["ratings"]["others"][name]]
        assert [(copy.root / path).resolve() for path in paths] == meant


def test_an_unknown_profile_is_one_line():
    with pytest.raises(UserError, match=r"there is no such profile; there are default, reference, smoke"):
        make_copy(PROJECT, "enormous")
