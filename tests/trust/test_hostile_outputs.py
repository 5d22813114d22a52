"""What a command writes never replaces what it reads, a device, or another of its outputs; and printing may fail."""

import os
import subprocess
import sys
from pathlib import Path

import hostile
import pytest
from PIL import Image

from abstract_beauty.cli import main
from abstract_beauty.errors import UserError
from abstract_beauty.files import check_outputs, replacing, write_json

LINUX = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Pictures a.png, b.png and a.map.png, and networks in networks/."""
    for name in ("a.png", "b.png", "a.map.png"):
        Image.effect_noise((64, 64), 60).convert("RGB").save(tmp_path / name)
    (tmp_path / "networks").mkdir()
    hostile.tiny_networks(tmp_path / "networks")
    return tmp_path


def networks(place: Path) -> list[str]:
    four, linear = (str(place / "networks" / f"{name}.safetensors") for name in ("four_sides", "linear_fill"))
    return ["--predictor", four, "--bad", four, "--linear", linear]


@pytest.mark.parametrize(
    "arguments",
    [
        ["score", "a.png", "--csv", "a.png"],
        ["score", "a.png", "--csv", "link.png"],
        ["score", "a.png", "--csv", "networks/four_sides.safetensors"],
        ["score", "a.png", "a.map.png", "--map", "."],
        ["score", "b.png", "--map", "maps", "--csv", "maps/b.map.png"],
        ["improve", "a.png", "--out", "a.png"],
        ["improve", "a.png", "--out", "link.png"],
        ["blind", "a.png", "b.png", "--out", "b.png"],
    ],
    ids=" ".join,
)
def test_what_is_read_is_not_replaced(place, monkeypatch, capsys, arguments):
    monkeypatch.chdir(place)
    (place / "link.png").symlink_to("a.png")
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    more = (
        networks(place)
        if arguments[0] == "score"
        else ["--improver", str(place / "networks/unet.safetensors")]
    )
    assert main([*arguments, *more]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and captured.out == ""
    assert "by the same command" in captured.err or "written twice" in captured.err
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_people_s_ratings_are_not_replaced(place, capsys):
    (place / "ratings.csv").write_text("image,liking\na.png,1\nb.png,2\n")
    four, linear = networks(place)[1], networks(place)[5]
    asked = ["ratings", str(place), "--good", four, "--bad", four, "--linear", linear, "--csv"]
    for name in ("ratings.csv", "a.png"):
        before = (place / name).read_bytes()
        assert main([*asked, str(place / name)]) == 2
        assert name in capsys.readouterr().err and (place / name).read_bytes() == before


def test_outputs_are_compared_by_what_they_are(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    check_outputs([tmp_path / "a", tmp_path / "b"], [tmp_path / "c"])
    with pytest.raises(UserError, match="is read"):
        check_outputs([tmp_path / "link" / "a"], [tmp_path / "a"])
    with pytest.raises(UserError, match="is written twice"):
        check_outputs([tmp_path / "link" / "a", tmp_path / "a"])


def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="not a regular file"), replacing(pipe):
        pytest.fail("nothing should be written")
    with pytest.raises(UserError, match="not a regular file"):
        write_json(pipe, {})
    assert pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]


@LINUX
def test_a_full_disk_under_the_printed_output_is_one_line(place):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "abstract_beauty", "score", str(place / "a.png"), *networks(place)],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "abstract-beauty: the output cannot be written (No space left on device)\n"


def test_names_are_escaped_where_the_terminal_lacks_them(place):
    odd = place / "käse\nbrot.png"
    (place / "a.png").rename(odd)
    done = subprocess.run(
        [sys.executable, "-m", "abstract_beauty", "score", str(odd), *networks(place)],
        capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    _, row = done.stdout.splitlines()
    assert row.endswith(r"k\xe4se\nbrot.png")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["improve", "a.png", "--out", "b.png", "--times", "nan"],
            "'nan' must be a whole number between 1 and",
        ),
        (["improve", "a.png", "--out", "b.png", "--times", "0"], "'0' must be a whole number"),
        (["preferences", "a.json", "--seed=-1"], "'-1' must be a whole number between 0"),
        (["preferences", "a.json", "--seed", "9" * 5000], "must be a whole number"),
        (["improve", "a\nb.png"], "--out"),
        (["magic"], "magic"),
        ([], "COMMAND"),
    ],
)
def test_a_mistaken_argument_is_one_line(arguments, words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and words in said and "--help" in said


@pytest.mark.parametrize("name", ["WORLD_SIZE", "RANK", "LOCAL_WORLD_SIZE"])
@pytest.mark.parametrize("value", ["x", "", "-1", "2.0"])
def test_a_launcher_s_number_that_is_none_is_named(monkeypatch, name, value):
    from abstract_beauty.training.machine import from_launcher

    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=name):
        from_launcher(name, 1)


def test_a_mistake_is_told_even_where_the_launcher_s_numbers_are_none(tmp_path, monkeypatch, capsys):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        with monkeypatch.context() as changed:
            changed.setenv(name, "x")
            assert main(["train", "predictor.good"]) == 2
        assert capsys.readouterr().err.startswith(f"abstract-beauty: {name}: is 'x'")
    monkeypatch.setenv("WORLD_SIZE", "x")
    assert main(["score", str(tmp_path / "none.png")]) == 2
    assert "none.png" in capsys.readouterr().err


def test_a_root_of_any_length_is_one_line(monkeypatch):
    from abstract_beauty.project import find_project

    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", "x" * 5000)
    with pytest.raises(UserError, match=r"no params\.yaml"):
        find_project()
