"""What a command writes never replaces what it reads, a device, or another of its outputs; and printing may fail."""

import os
import subprocess
import sys
from pathlib import Path

import hostile
import numpy as np
import pytest

from abstract_beauty.cli import main
from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Pictures a.png, b.png and a.map.png, ratings of two of them, and networks in networks/."""
    for name in ("a.png", "b.png", "a.map.png"):
        hostile.noise(np.random.default_rng(0), 64, 64).save(tmp_path / name)
    (tmp_path / "ratings.csv").write_text("image,liking\na.png,1\nb.png,2\n")
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "here").symlink_to(tmp_path)
    (tmp_path / "networks").mkdir()
    hostile.tiny_networks(tmp_path / "networks")
    return tmp_path


FOUR, LINEAR = "networks/four_sides.safetensors", "networks/linear_fill.safetensors"
NETWORKS = {
    "score": ["--predictor", FOUR, "--bad", FOUR, "--linear", LINEAR],
    "improve": ["--improver", "networks/unet.safetensors"],
    "blind": ["--improver", "networks/unet.safetensors"],
}


@pytest.mark.parametrize(
    "arguments",
    [
        "score a.png --csv a.png",
        "score a.png --csv link.png",
        "score here/a.png --csv a.png",
        f"score a.png --csv {FOUR}",
        "score a.png a.map.png --map .",
        "score b.png --map maps --csv here/maps/b.map.png",
        "improve a.png --out a.png",
        "improve a.png --out link.png",
        "blind a.png b.png --out b.png",
    ],
)
def test_what_is_read_is_not_replaced(place, monkeypatch, capsys, arguments):
    monkeypatch.chdir(place)
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert main([*arguments.split(), *NETWORKS[arguments.split()[0]]]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and captured.out == ""
    assert "by the same command" in captured.err or "written twice" in captured.err
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="not a regular file"), replacing(tmp_path / "pipe"):
        pytest.fail("nothing should be written")
    assert (tmp_path / "pipe").is_fifo() and list(tmp_path.iterdir()) == [tmp_path / "pipe"]


def scored(place: Path, name: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "abstract_beauty", "score", name, *NETWORKS["score"]]
    return subprocess.run(command, cwd=place, stderr=subprocess.PIPE, text=True, check=False, **options)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_under_the_printed_output_is_one_line(place):
    with open("/dev/full", "w") as full:
        done = scored(place, "a.png", stdout=full)
    said = "abstract-beauty: the output cannot be written (No space left on device)\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_names_are_escaped_where_the_terminal_lacks_them(place):
    (place / "a.png").rename(place / "käse\nbrot.png")
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = scored(place, "käse\nbrot.png", stdout=subprocess.PIPE, env=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].endswith(r"k\xe4se\nbrot.png")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("improve a.png --out b.png --times nan", "'nan' must be a whole number"),
        ("improve a.png --out b.png --times 0", "'0' must be a whole number"),
        ("improve a.png --out b.png --times=-1", "'-1' must be a whole number"),
        ("improve a.png", "--out"),
        ("improve a.png --out b.png --strength far", "between -4 and 4"),
        ("magic", "magic"),
        ("", "COMMAND"),
    ],
)
def test_a_mistaken_argument_is_one_line(arguments, words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.count("\n") == 1 and words in said and "--help" in said
