"""Damaged and malicious pictures: a picture or one line, never a traceback, a hang, noise or half a file."""

import os
import subprocess
import sys
import threading

import hostile
import numpy as np
import pytest
import torch
from PIL import Image

from abstract_beauty.cli import main
from abstract_beauty.data import images
from abstract_beauty.data.folder import files_below
from abstract_beauty.data.images import read_image, to_bytes
from abstract_beauty.data.prepare import load_split
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json


def test_the_files_are_the_same_for_one_seed_and_of_every_kind():
    made = list(hostile.pictures(300))
    assert made == list(hostile.pictures(300))
    assert made != list(hostile.pictures(300, seed=1))
    assert {one.kind for one in made} >= {
        *hostile.MUTATIONS,
        "bomb",
        "exif",
        "float",
        "name",
        "shape",
        "suffix",
    }


@pytest.mark.parametrize("part", range(4))
def test_a_hostile_file_is_a_picture_or_one_line(tmp_path, part, capfd):
    """Three hundred files, of which each part takes every fourth: nothing else is raised, nothing is said."""
    outcomes = set()
    for one in list(hostile.pictures(300))[part::4]:
        outcomes.add(hostile.judged(hostile.written(tmp_path, one))[0])
    assert outcomes == {"opened", "refused"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "one", [one for one in hostile.single(np.random.default_rng(0)) if one.kind == "bomb"]
)
def test_a_bomb_is_refused_or_harmless(tmp_path, one):
    path = hostile.written(tmp_path, one)
    if one.name == b"data-bomb.png":  # more data than the picture's size has use for: never inflated
        assert read_image(path).shape == (3, 40, 40)
        return
    with pytest.raises(UserError) as caught:
        read_image(path)
    if one.name.startswith(b"bomb") and not one.name.startswith(b"bomb-0"):
        assert f"{images.MAX_PIXELS:,}" in str(caught.value)  # the limit is named


def test_what_is_no_file_neither_hangs_nor_fails_otherwise(tmp_path):
    made = hostile.special(tmp_path)
    reasons = {kind: hostile.judged(path)[1] for kind, path in made.items()}
    if os.geteuid() == 0:  # root reads whatever it likes
        assert reasons.pop("unreadable") == ""
    words = {
        "folder": "is a folder", "pipe": "not a regular file", "device": "not a regular file",
        "loop": "levels of symbolic links", "two-loop": "levels of symbolic links", "dangling": "no such file",
        "missing": "no such file", "long": "name too long", "unreadable": "cannot be read",
    }  # fmt: skip
    for kind, reason in reasons.items():
        assert words[kind] in reason, kind
    listed = {path.name for path in files_below(tmp_path)}
    assert {"pipe.png", "loop.png", "unreadable.png"} <= listed
    assert not listed & {"folder.png", "round"}


@pytest.mark.parametrize("command", ["score", "improve"])
def test_the_commands_refuse_what_is_no_file_in_one_line(tmp_path, command, capfd):
    networks = hostile.tiny_networks(tmp_path)
    options = ["--out", str(tmp_path / "out.png"), "--improver", str(networks["unet"])]
    if command == "score":
        predictor, fill = str(networks["four_sides"]), str(networks["linear_fill"])
        options = [
            "--predictor",
            predictor,
            "--bad",
            predictor,
            "--linear",
            fill,
            "--csv",
            str(tmp_path / "out.csv"),
        ]
    (tmp_path / "special").mkdir()
    for kind, path in hostile.special(tmp_path / "special").items():
        if kind == "unreadable" and os.geteuid() == 0:
            continue
        assert main([command, *options, "--", str(path)]) == 2, kind
        out, err = capfd.readouterr()
        assert (out, len(err.splitlines())) == ("", 1), kind
        assert err.startswith("abstract-beauty: ") and path.name[:50] in err
    assert {path.name for path in tmp_path.iterdir()} == {
        "special",
        *(path.name for path in networks.values()),
    }


def test_commands_survive_a_small_collection(tmp_path, capfd):
    found = hostile.survey(150, tmp_path)
    assert found["score", "folder", "scored"] >= 8
    assert found["data", "folder", "skipped"] > 50
    kept = hostile.record(found, 150)
    assert sum(sum(row.values()) for row in kept["read"].values()) == 150
    assert kept["folders"]["score"]["opened"] == found["score", "folder", "scored"]
    assert capfd.readouterr() == ("", "")
    assert "partial" not in "".join(path.name for path in tmp_path.rglob("*"))


def test_strips_give_the_same_as_the_whole(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "a.png"
    for mode in ("RGB", "RGBA", "LA", "P", "CMYK", "1"):
        form = "TIFF" if mode == "CMYK" else "PNG"
        path.write_bytes(hostile.encoded(hostile.noise(rng, 70, 50).convert(mode), form))
        monkeypatch.setattr(images, "STRIP", 1000)
        whole = read_image(path)
        for rows in (1, 32, 70):
            monkeypatch.setattr(images, "STRIP", rows)
            assert torch.equal(read_image(path), whole), (mode, rows)


def test_standard_error_comes_back_whoever_reads(tmp_path, capfd):
    """Decoders are silenced by the process's own standard error, which many threads share."""
    path = tmp_path / "a.tif"
    path.write_bytes(
        hostile.encoded(hostile.noise(np.random.default_rng(0)), "TIFF", compression="tiff_lzw")[:900]
    )
    threads = [threading.Thread(target=lambda: [hostile.judged(path) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"still there")
    assert capfd.readouterr().err == "still there"


def test_a_damaged_prepared_picture_is_named(tmp_path):
    rng = np.random.default_rng(0)
    entry = {"split": "test", "source": "", "kind": "", "width": 36, "height": 40, "sha256": ""}
    (tmp_path / "test").mkdir()
    sound = hostile.encoded(hostile.noise(rng), "PNG")
    manifest = {"source": "", "seed": 0, "pictures": [{"name": "a", **entry}], "skipped": []}
    write_json(tmp_path / "manifest.json", manifest)
    opened = 0
    for at in range(60):
        mutate = list(hostile.MUTATIONS.values())[at % 5]
        (tmp_path / "test" / "a.png").write_bytes(mutate(sound, rng))
        try:
            opened += len(load_split(tmp_path, "test"))
        except UserError as error:
            assert "test/a.png: is missing or damaged" in str(error)
    assert opened < 60


def test_a_name_that_is_no_utf8_does_not_stop_improve(tmp_path, capfd):
    networks = hostile.tiny_networks(tmp_path)
    source = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    out = os.fsdecode(os.fsencode(tmp_path) + b"/out\xe9.png")
    hostile.noise(np.random.default_rng(0)).save(source)
    assert main(["improve", source, "--out", out, "--improver", str(networks["unet"])]) == 0
    assert to_bytes(read_image(out)).shape == (3, 40, 36)
    assert r"out\xe9.png" in capfd.readouterr().out


@pytest.mark.slow
def test_thousands_of_files_within_bounded_memory(tmp_path):
    """In a process of its own, whose largest memory the system remembers."""
    done = subprocess.run(
        [sys.executable, hostile.__file__, "--files", "2400"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    *rows, memory = done.stdout.splitlines()
    assert sum(int(row.split()[-1]) for row in rows if row.startswith("read")) >= 2400
    before, after = (int(word) for word in memory.split() if word.isdigit())
    assert after - before < 600  # MiB


@pytest.mark.slow
def test_the_largest_picture_is_in_memory_about_once(tmp_path):
    """A file of two megabytes that stands for 1.2 GB of floats, which are all that is kept of it."""
    code = (
        "import resource, sys\nfrom abstract_beauty.data.images import read_image\n"
        "assert read_image(sys.argv[1]).shape == (3, 10_000, 9_999)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    path = tmp_path / "large.png"
    Image.new("RGBA", (9_999, 10_000)).save(path, compress_level=1)
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 3 * 2**20  # KiB


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("score", b""),
        ("score", b"no picture"),
        ("score", hostile.png(60_000, 60_000, b"")),
        ("score", hostile.encoded(Image.new("RGB", (31, 400)), "PNG")),
        ("score", None),
        ("improve", b"\x89PNG\r\n\x1a\n"),
        ("improve", hostile.encoded(Image.new("RGB", (300, 300)), "TIFF", compression="tiff_lzw")[:400]),
        ("improve", hostile.encoded(Image.new("RGB", (300, 300)), "JPEG")[:800]),
        ("improve", None),
        ("blind", b"GIF89a"),
    ],
)
def test_a_real_process_ends_with_status_2_and_one_line(tmp_path, command, content):
    path = tmp_path / "bad\n\x1b[31mname.png"
    os.mkfifo(path) if content is None else path.write_bytes(content)
    out = tmp_path / ("page.html" if command == "blind" else "out.png")
    options = ["--map", tmp_path / "maps"] if command == "score" else ["--out", out]
    done = subprocess.run(
        [sys.executable, "-m", "abstract_beauty", command, path, *options],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("abstract-beauty: ") and r"bad\n\x1b[31mname.png" in line
    assert {one.name for one in tmp_path.iterdir()} - {"maps"} == {path.name}
