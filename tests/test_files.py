"""Files are whole under their final names, whatever happens to the writer, and nothing of it stays behind."""

import os
import resource
import subprocess
import sys
import time

import pytest

from abstract_beauty import files, weights
from abstract_beauty.errors import UserError


@pytest.fixture
def small_disk():
    """Files of this process may hold 4 KiB, as on a disk that is nearly full; Python ignores the signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_a_dead_writer_left_is_swept_and_what_a_living_one_writes_stays(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    host, ended = files._HOST, child.pid
    folder = tmp_path / f".data.{host}-{ended}.partial"
    folder.mkdir()
    (folder / "inside.png").write_text("half")
    stay = [f".a.{host}-{os.getppid()}.partial.json", ".a.another-7.partial.json", ".a.partial.json"]
    for name in (*stay, f".a.{host}-{ended}.partial.json", ".b.another-7.partial.json"):
        (tmp_path / name).write_text("half")
    os.utime(tmp_path / ".b.another-7.partial.json", (time.time() - 2 * files._LONGEST,) * 2)
    files.write_json(tmp_path / "b.json", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*stay, "b.json"])


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, small_disk):
    path = tmp_path / "numbers.json"
    files.write_json(path, [1])
    with pytest.raises(UserError, match=r"numbers\.json: cannot be written \(File too large\)"):
        files.write_json(path, list(range(9999)))
    network = weights.build("predictors", "context_encoder", 4)
    description = weights.Description("predictors", "good", "context_encoder", 4, {})
    with pytest.raises(UserError, match=r"good\.safetensors: cannot be written"):
        weights.save(tmp_path / "good.safetensors", network, description)
    assert files.read_json(path) == [1]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "results").write_text("a file, where a folder should be")
    with pytest.raises(UserError, match=r"results/numbers\.json: cannot be written"):
        files.write_json(tmp_path / "results" / "numbers.json", {})
    for folder in (files.working_folder, files.replacing_folder):
        with pytest.raises(UserError, match=r"results/a: cannot be written"), folder(tmp_path / "results/a"):
            pass


def folder_of(path, text):
    with files.replacing_folder(path) as new:
        (new / "file").write_text(text)
        if text == "half":
            raise ZeroDivisionError


def test_a_folder_is_replaced_as_a_whole_wherever_a_kill_falls(tmp_path, monkeypatch):
    path, rename = tmp_path / "data", os.replace

    def killed_before_the_second(source, target):
        if target == path:
            raise KeyboardInterrupt
        rename(source, target)

    folder_of(path, "old")
    with pytest.raises(ZeroDivisionError):
        folder_of(path, "half")
    assert (path / "file").read_text() == "old"
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "replace", killed_before_the_second)
        folder_of(path, "new")
    assert not path.exists()
    with pytest.raises(ZeroDivisionError):
        folder_of(path, "half")  # the next attempt fails as well, and the old folder is back
    assert (path / "file").read_text() == "old"
    folder_of(path, "new")
    assert (path / "file").read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_only_worked_in_or_thrown_away_is_gone(tmp_path):
    with pytest.raises(ZeroDivisionError), files.working_folder(tmp_path / "notebook") as folder:
        (folder / "in.ipynb").write_text("{}")
        raise ZeroDivisionError
    (tmp_path / "run" / "deeper").mkdir(parents=True)
    (tmp_path / "run" / "deeper" / "file").write_text("x")
    files.discard(tmp_path / "run")
    files.discard(tmp_path / "run")  # and once more, where there is nothing
    assert not list(tmp_path.iterdir())
