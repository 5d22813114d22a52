"""A profile's copy of the repository, and the scheduler of stages on small pipelines of its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from abstract_beauty.cli import main
from abstract_beauty.commands import repro
from abstract_beauty.commands.repro import (
    _listed,
    closed,
    jobs_for,
    load_params,
    make_copy,
    read_graph,
    run,
    tell_dvc_of_git,
)
from abstract_beauty.errors import UserError
from abstract_beauty.params import read_yaml
from abstract_beauty.project import Project, find_project

PROJECT = find_project()
DOT = """strict digraph {
"data";
"train@b";
"train@a";
"book";
"data" -> "train@b";
"data" -> "train@a";
"train@a" -> "book";
"train@b" -> "book";
}
"""
# Each of the two waits for the other's file: one after another they would never end, so they give up after a minute.
MEET = (
    "python -c \"import pathlib, sys, time; pathlib.Path('began-${item.me}').touch(); "
    "found = any(time.sleep(.05) or pathlib.Path('began-${item.other}').exists() for _ in range(1200)); "
    "pathlib.Path('out-${item.me}').write_text('met'); sys.exit(not found)\""
)
PIPELINE = f"""stages:
  first:
    cmd: echo 1 > first
    outs: [first]
  meet:
    foreach: [{{me: b, other: a}}, {{me: a, other: b}}]
    do:
      cmd: {MEET}
      deps: [first]
      outs: ["out-${{item.me}}"]
  last:
    cmd: cat out-a out-b > last
    deps: [out-a, out-b]
    outs: [last]
"""


def test_the_graph_knows_what_comes_before_and_after():
    before = read_graph(DOT)
    assert list(before) == ["data", "train@b", "train@a", "book"]
    assert before["book"] == {"train@a", "train@b"}
    assert closed(["train@a"], before) == {"data", "train@a"}


def test_so_many_jobs_as_there_are_cores_for(monkeypatch):
    monkeypatch.setattr("abstract_beauty.commands.repro.cores", lambda: 6)
    monkeypatch.setattr("shutil.which", lambda name: None)
    given = {
        threads: jobs_for(load_params(PROJECT.params, changes={"threads": threads}))
        for threads in (0, 1, 2, 12)
    }
    assert given == {0: 1, 1: 6, 2: 3, 12: 1}
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi")
    assert jobs_for(load_params(PROJECT.params)) == 1


@pytest.fixture
def clone(tmp_path):
    """What a profile needs of a clone."""
    root = tmp_path / "clone"
    for name in ("params.yaml", ".dvc/config", "profiles/reference.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT.root / name, root / name)
    (root / ".gitignore").write_text("/.profiles/\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return Project(root)


def test_the_paths_of_a_profile_lead_to_the_same_folders_from_its_copy(clone):
    copy = make_copy(clone, "reference")
    here, there = read_yaml(clone.root / "profiles" / "reference.yaml"), read_yaml(copy.params)
    pairs = [(here[section][key], there[section][key]) for section, key in (
        ("data", "train"), ("data", "test"), ("evaluation", "elsewhere"), ("ratings", "folders"),
        ("beauty", "folders"), ("faces", "rated"),
    )]  # fmt: skip
    pairs += [(here["ratings"]["others"][name], paths) for name, paths in there["ratings"]["others"].items()]
    pairs += [(here["faces"]["train"][name], paths) for name, paths in there["faces"]["train"].items()]
    for meant, paths in pairs:
        assert [(copy.root / path).resolve() for path in paths] == [
            (clone.root / path).resolve() for path in meant
        ]


def test_a_copy_follows_the_repository(clone):
    (clone.root / "results").mkdir()
    for name in ("module.py", "results/bench.json", "results/data.json"):
        (clone.root / name).write_text("1")
    copy = make_copy(clone, "default")
    (copy.root / "results" / "data.json").write_text("its own")
    (clone.root / "module.py").unlink()
    (clone.root / "results" / "bench.json").write_text("2")
    make_copy(clone, "default")
    assert not (copy.root / "module.py").exists()
    assert (copy.root / "results" / "bench.json").read_text() == "2"
    assert (copy.root / "results" / "data.json").read_text() == "its own"


def test_a_downloaded_archive_is_copied_as_a_checkout_is(clone):
    for name in ("module.py", "folder/module.pyc", "folder/data.txt", ".venv/bin/python"):
        (clone.root / name).parent.mkdir(parents=True, exist_ok=True)
        (clone.root / name).write_text("1")
    (clone.root / ".gitignore").write_text("/.profiles/\n*.pyc\n/.venv/\n")
    assert (listed := _listed(clone.root)) and "module.py" in listed
    shutil.rmtree(clone.root / ".git")
    assert sorted(_listed(clone.root)) == sorted(listed)
    assert (make_copy(clone, "default").root / "module.py").is_file()


@pytest.mark.slow
def test_dvc_runs_in_a_downloaded_archive_and_with_git_once_there_is_one(pipeline):
    (pipeline.root / ".dvc" / "config").write_text("")  # as in the repository: nothing of no_scm
    with pytest.raises(UserError, match="is not a git repository"):
        run(pipeline, force=False)
    tell_dvc_of_git(pipeline.root)
    assert run(pipeline, force=False, jobs=2) == 0
    local = pipeline.root / ".dvc" / "config.local"
    before = local.read_text()
    tell_dvc_of_git(pipeline.root)
    assert local.read_text() == before and "no_scm = true" in before
    subprocess.run(["git", "init", "-q"], cwd=pipeline.root, check=True)
    tell_dvc_of_git(pipeline.root)
    assert "no_scm" not in local.read_text()
    assert run(pipeline, force=False) == 0


def test_a_folder_that_cannot_be_written_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(repro, "find_project", lambda: Project(Path("/proc")))  # not even by root
    monkeypatch.setattr(repro, "load_params", lambda path: None)
    assert main(["repro"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("abstract-beauty: /proc: cannot be written into (") and len(said.splitlines()) == 1


def test_what_was_made_is_compared_with_the_commit(clone):
    def git(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *arguments], cwd=clone.root, check=True)

    (clone.root / "results").mkdir()
    for name in ("dvc.lock", "results/data.json", "results/fills.json"):
        (clone.root / name).write_text("1")
    assert repro.beside_commit(clone.root) == ""
    git("add", "dvc.lock", "results")
    git("commit", "-qm", "results")
    assert "the same as committed" in repro.beside_commit(clone.root)
    (clone.root / "results" / "data.json").write_text("2")
    (clone.root / "results" / "another.json").write_text("2")  # not of the repository
    assert repro.beside_commit(clone.root).startswith("not as committed: 1 file")


def test_an_unknown_profile_is_one_line():
    with pytest.raises(UserError, match=r"there is no such profile; there are default, reference, smoke"):
        make_copy(PROJECT, "enormous")


@pytest.fixture
def pipeline(tmp_path, monkeypatch):
    """A DVC project of two stages that need each other to be running, between one before and one after."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q", "--no-scm"], cwd=tmp_path, check=True)
    return Project(tmp_path)


@pytest.mark.slow
def test_stages_run_side_by_side_and_once(pipeline, capfd):
    assert run(pipeline, force=False, jobs=2) == 0
    assert (pipeline.root / "last").read_text() == "metmet"
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].startswith("[1/4] first") and lines[-1].startswith("[4/4] last")
    assert set(read_yaml(pipeline.root / "dvc.lock")["stages"]) == {"first", "meet@0", "meet@1", "last"}
    assert run(pipeline, force=False, jobs=2) == 0
    assert capfd.readouterr().out == "nothing to do: every stage is up to date\n"
    assert run(pipeline, force=True, without=["meet"]) == 0
    assert [line.split()[1] for line in capfd.readouterr().out.splitlines()] == ["first"]


@pytest.mark.slow
def test_a_failed_stage_ends_the_run_and_is_shown(pipeline, capfd):
    text = (pipeline.root / "dvc.yaml").read_text()
    (pipeline.root / "dvc.yaml").write_text(
        text.replace("echo 1 > first", "echo 'the disk is full' >&2; exit 3")
    )
    assert run(pipeline, force=False) != 0
    said = capfd.readouterr().out
    assert said.startswith("[1/4] first  failed after") and "the disk is full" in said and "[2/4]" not in said
    assert not (pipeline.root / "last").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_the_run_ends_its_stages(pipeline, number):
    """Also where Ctrl-C is ignored in what starts it, as a shell has it for what runs in the background."""
    root = pipeline.root
    shutil.copyfile(PROJECT.params, root / "params.yaml")
    (root / "dvc.yaml").write_text(
        "stages: {long: {cmd: echo $$ > process; exec sleep 300, outs: [never]}}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "abstract_beauty", "repro", "--jobs", "2"], cwd=root, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while not (root / "process").is_file() or not (root / "process").read_text().strip():
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(number)
        assert "interrupted; the same command again goes on" in process.communicate(timeout=30)[1]
        assert process.returncode == 130
        stage, end = int((root / "process").read_text()), time.monotonic() + 30
        with pytest.raises(ProcessLookupError):  # once the system has cleared it away
            while time.monotonic() < end:
                os.kill(stage, 0)
                time.sleep(0.1)
    finally:  # the stage ends with it; what is left after that is none of its children
        process.terminate()
        process.wait(timeout=30)


def test_a_profile_whose_pictures_are_missing_says_so_before_any_stage(tmp_path):
    project = Project(tmp_path)
    (tmp_path / "mine").mkdir()
    params = "data: {source: folder, train: [mine, gone]}\nfaces: {train: {some: [lost]}}\n"
    project.params.write_text(params)
    with pytest.raises(UserError, match=r"large\.yaml: there is no folder .*gone \(nor 1 others"):
        repro.check_folders(project, "large")
    for name in ("gone", "lost"):
        (tmp_path / name).mkdir()
    repro.check_folders(project, "large")
