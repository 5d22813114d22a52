"""The scheduler of stages, on small pipelines of its own."""

import os
import subprocess
import sys

import pytest

from abstract_beauty.commands.repro import jobs_for, load_params
from abstract_beauty.commands.side_by_side import Graph, chosen, side_by_side, sort_lock
from abstract_beauty.errors import UserError
from abstract_beauty.project import Project, find_project

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
    "python -c \"import pathlib, sys, time; pathlib.Path('began-${item}').touch(); "
    "found = any(time.sleep(.05) or pathlib.Path('began-${key}').exists() for _ in range(1200)); "
    "pathlib.Path('out-${item}').write_text('met'); sys.exit(not found)\""
)
PIPELINE = """stages:
  first:
    cmd: echo 1 > first
    outs: [first]
  meet:
    foreach: {pairs}
    do:
      cmd: {meet}
      deps: [first]
      outs: ["out-${{item.me}}"]
  last:
    cmd: cat out-a out-b > last
    deps: [out-a, out-b]
    outs: [last]
"""


def test_the_graph_knows_what_comes_before_and_after():
    graph = Graph.from_dot(DOT)
    assert list(graph.before) == ["data", "train@b", "train@a", "book"]
    assert graph.before["book"] == {"train@a", "train@b"}
    assert graph.upstream(["train@a"]) == {"data", "train@a"}
    assert graph.downstream(["train@a"]) == {"train@a", "book"}
    assert chosen(graph, ["train"]) == {"data", "train@a", "train@b"}
    assert chosen(graph, []) == {"data", "train@a", "train@b", "book"}
    with pytest.raises(UserError, match="nowhere: there is no such stage"):
        chosen(graph, ["nowhere"])


def test_a_lock_is_brought_into_the_pipelines_order(tmp_path):
    lock = tmp_path / "dvc.lock"
    lock.write_text(
        "schema: '2.0'\nstages:\n  b@x:\n    cmd: 2\n  old:\n    cmd: 3\n  a:\n    cmd: 1\n    outs:\n    - path: p\n"
    )
    sort_lock(lock, ["a", "b@x"])
    assert lock.read_text() == (
        "schema: '2.0'\nstages:\n  a:\n    cmd: 1\n    outs:\n    - path: p\n  b@x:\n    cmd: 2\n  old:\n    cmd: 3\n"
    )
    sort_lock(tmp_path / "none", ["a"])


def test_so_many_jobs_as_there_are_cores_for(monkeypatch):
    monkeypatch.setattr("abstract_beauty.commands.repro.cores", lambda: 6)
    monkeypatch.setattr("shutil.which", lambda name: None)
    project = find_project()
    given = {
        threads: jobs_for(load_params(project.params, changes={"threads": threads}))
        for threads in (0, 1, 2, 12)
    }
    assert given == {0: 1, 1: 6, 2: 3, 12: 1}
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi")
    assert jobs_for(load_params(project.params)) == 1


@pytest.fixture
def pipeline(tmp_path):
    """A DVC project of two stages that need each other to be running, between one before and one after."""
    meet = MEET.replace("${item}", "${item.me}").replace("${key}", "${item.other}")
    pairs = "[{me: b, other: a}, {me: a, other: b}]"
    (tmp_path / "dvc.yaml").write_text(PIPELINE.format(pairs=pairs, meet=meet))
    environment = {
        **os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(tmp_path / "site"),
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]),
    }  # fmt: skip
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "-q", "--no-scm"], cwd=tmp_path, env=environment, check=True)
    return Project(tmp_path), environment


@pytest.mark.slow
def test_stages_run_side_by_side_and_once(pipeline):
    project, environment = pipeline
    lines = []
    run = {"jobs": 2, "environment": environment, "say": lines.append}
    assert side_by_side(project, [], **run) == 0
    assert (project.root / "last").read_text() == "metmet"
    assert lines[0].startswith("[1/4] first") and lines[-1].startswith("[4/4] last")
    lock = (project.root / "dvc.lock").read_text()
    assert [lock.index(f"  {name}:\n") for name in ("first", "meet@0", "meet@1", "last")] == sorted(
        lock.index(f"  {name}:\n") for name in ("first", "meet@0", "meet@1", "last")
    )
    lines.clear()
    assert side_by_side(project, [], **run) == 0
    assert lines == ["nothing to do: every stage is up to date"]


@pytest.mark.slow
def test_a_failed_stage_ends_the_run_and_is_shown(pipeline):
    project, environment = pipeline
    text = (project.root / "dvc.yaml").read_text()
    (project.root / "dvc.yaml").write_text(
        text.replace("echo 1 > first", "echo 'the disk is full' >&2; exit 3")
    )
    lines = []
    assert side_by_side(project, ["last"], jobs=2, environment=environment, say=lines.append) != 0
    assert lines[0].startswith("[1/4] first  failed after") and "the disk is full" in lines[1]
    assert not (project.root / "last").exists() and len(lines) == 2
