"""Files are whole under their final names, whatever happens to the writer, and nothing of it stays behind."""

import os
import resource
import subprocess
import sys
import time

import pytest

from abstract_beauty import files, weights
from abstract_beauty.errors import UserError


def dead_process():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.fixture
def small_disk():
    """Files of this process may hold 4 KiB, as on a disk that is nearly full; Python ignores the signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_a_dead_writer_left_is_swept_and_what_a_living_one_writes_stays(tmp_path):
    host = files._HOST
    dead = tmp_path / f".a.{host}-{dead_process()}.partial.json"
    folder = tmp_path / f".data.{host}-{dead_process()}.partial"
    alive = tmp_path / f".a.{host}-{os.getppid()}.partial.json"
    elsewhere = tmp_path / ".a.another-7.partial.json"
    forgotten = tmp_path / ".b.another-7.partial.json"
    own = tmp_path / ".a.partial.json"
    folder.mkdir()
    (folder / "inside.png").write_text("half")
    for path in (dead, alive, elsewhere, forgotten, own):
        path.write_text("half")
    os.utime(forgotten, (time.time() - 2 * files._LONGEST,) * 2)
    files.write_json(tmp_path / "b.json", {})
    assert sorted(tmp_path.iterdir()) == sorted([alive, elsewhere, own, tmp_path / "b.json"])


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, small_disk):
    path = tmp_path / "numbers.json"
    files.write_json(path, [1])
    with pytest.raises(UserError, match=r"numbers\.json: cannot be written \(File too large\)"):
        files.write_json(path, list(range(9999)))
    assert files.read_json(path) == [1]
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_line_for_weights_too(tmp_path, small_disk):
    path = tmp_path / "good.safetensors"
    network = weights.build("predictors", "context_encoder", 4)
    description = weights.Description("predictors", "good", "context_encoder", 4, {})
    with pytest.raises(UserError, match=r"good\.safetensors: cannot be written") as caught:
        weights.save(path, network, description)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "results").write_text("a file, where a folder should be")
    with pytest.raises(UserError, match=r"results/numbers\.json: cannot be written"):
        files.write_json(tmp_path / "results" / "numbers.json", {})
    with (
        pytest.raises(UserError, match=r"results/notebook: cannot be written"),
        files.working_folder(tmp_path / "results" / "notebook"),
    ):
        pass


def test_a_read_only_disk_is_one_line(tmp_path):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this user cannot mount a read-only disk")
    try:
        with pytest.raises(UserError, match=r"numbers\.json: cannot be written \(Read-only file system\)"):
            files.write_json(tmp_path / "numbers.json", {})
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def folder_of(path, text):
    with files.replacing_folder(path) as new:
        (new / "file").write_text(text)


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "data"
    folder_of(path, "old")
    with pytest.raises(ZeroDivisionError), files.replacing_folder(path) as new:
        (new / "file").write_text("half")
        raise ZeroDivisionError
    assert (path / "file").read_text() == "old"
    folder_of(path, "new")
    assert (path / "file").read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_between_the_two_renames_loses_no_folder(tmp_path, monkeypatch):
    path, rename = tmp_path / "data", os.replace
    folder_of(path, "old")

    def killed_before_the_second(source, target):
        if target == path:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "replace", killed_before_the_second)
    with pytest.raises(KeyboardInterrupt):
        folder_of(path, "new")
    monkeypatch.undo()
    assert not path.exists()
    with pytest.raises(ZeroDivisionError), files.replacing_folder(path):
        raise ZeroDivisionError  # the next attempt fails as well, and the old folder is back
    assert (path / "file").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_working_folder_is_gone_afterwards(tmp_path):
    with files.working_folder(tmp_path / "notebook") as folder:
        (folder / "in.ipynb").write_text("{}")
    with pytest.raises(ZeroDivisionError), files.working_folder(tmp_path / "notebook"):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_a_folder_is_discarded(tmp_path):
    (tmp_path / "run" / "deeper").mkdir(parents=True)
    (tmp_path / "run" / "deeper" / "file").write_text("x")
    files.discard(tmp_path / "run")
    files.discard(tmp_path / "run")  # and once more, where there is nothing
    assert not list(tmp_path.iterdir())
