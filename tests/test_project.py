"""Which folder a command works in, and that the code which runs is that folder's own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from abstract_beauty import project
from abstract_beauty.commands.repro import profile_params
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json
from abstract_beauty.project import find_project

HERE = find_project()
SOURCE = Path(project.__file__).parent


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder with parameters and a pipeline, where the command is given."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(HERE.root / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_without_code_is_worked_on_by_the_installed_code(root):
    assert find_project().root == root.resolve()


def test_another_project_that_dvc_runs_is_not_this_one(root):
    (root / "params.yaml").write_text("train: {epochs: 3}\n")
    assert find_project().root == HERE.root  # the clone that the code is from
    (root / "src" / "abstract_beauty").mkdir(parents=True)
    with pytest.raises(UserError, match="code of its own"):  # a checkout, whatever is in its parameters
        find_project()


def test_a_folder_that_is_named_is_taken_as_it_is(root, monkeypatch):
    (root / "params.yaml").write_text("")
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(root))
    assert find_project().root == root.resolve()


def test_a_clone_is_worked_on_by_its_own_code_only(root, monkeypatch):
    (root / "src").mkdir()
    (root / "src" / "abstract_beauty").symlink_to(SOURCE)  # however the path to it is written
    assert find_project().root == root.resolve()
    (root / "src" / "abstract_beauty").unlink()
    (root / "src" / "abstract_beauty").mkdir()
    with pytest.raises(UserError) as error:
        find_project()
    for part in (str(root), str(SOURCE), f"PYTHONPATH={root.resolve() / 'src'}"):
        assert part in str(error.value)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A checkout with this tree's code and a small set of pictures to make."""
    root = tmp_path / "clone"
    shutil.copytree(
        HERE.root / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    for name in (
        "dvc.yaml",
        ".dvc/config",
        ".dvc/.gitignore",
        ".dvcignore",
        ".gitignore",
        "book/contents.yml",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE.root / name, root / name)
    write_json(root / "params.yaml", profile_params(HERE, "smoke", HERE.root))
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@localhost")
    monkeypatch.delenv("ABSTRACT_BEAUTY_ROOT", raising=False)
    call("git", "init", "-q")
    call("git", "add", ".")
    call("git", "commit", "-q", "-m", "as it was")
    return root


def call(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_an_experiment_runs_its_own_code(clone):
    """The environment has another clone's code installed; a queued change of a line must be what runs."""
    changed = clone / "src" / "abstract_beauty" / "data" / "prepare.py"
    before = changed.read_text()
    changed.write_text(before.replace('"skipped": len(manifest.skipped)', '"skipped": 1234'))
    assert changed.read_text() != before
    dvc = (sys.executable, "-m", "dvc", "exp", "run")
    call(*dvc, "--queue", "--name", "changed", "data")
    call("git", "checkout", "-q", ".")
    call(*dvc, "--run-all")
    experiment = call("git", "for-each-ref", "--format=%(refname)", "refs/exps/*/*/changed").strip()
    assert json.loads(call("git", "show", f"{experiment}:results/data.json"))["skipped"] == 1234
