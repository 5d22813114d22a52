"""Damaged and malicious pictures: a picture or one line, never a traceback, a hang, noise or half a file."""

import os
import subprocess
import sys

import hostile
import numpy as np
import pytest
import torch
from PIL import Image

from abstract_beauty.data import images
from abstract_beauty.data.folder import files_below
from abstract_beauty.data.images import read_image, to_bytes
from abstract_beauty.errors import UserError


def test_the_files_are_the_same_for_one_seed_and_of_every_kind():
    made = list(hostile.pictures(300))
    assert made == list(hostile.pictures(300)) and made != list(hostile.pictures(300, seed=1))
    single = {"bomb", "exif", "float", "name", "shape", "suffix", "empty"}
    assert {file.kind for file in made} == {*hostile.MUTATIONS, *single}


def test_commands_survive_a_small_collection(tmp_path, capfd):
    found = hostile.survey(150, tmp_path)
    assert sum(row.total() for row in found["read"].values()) == 150
    assert found["folders"]["score"]["opened"] >= 8 and found["folders"]["data"]["refused"] > 50
    assert capfd.readouterr() == ("", "")  # nor do decoders say anything
    assert "partial" not in "".join(path.name for path in tmp_path.rglob("*"))


def test_a_bomb_is_refused_or_harmless(tmp_path):
    for file in hostile.single(np.random.default_rng(0)):
        path = hostile.written(tmp_path, file)
        if file.name == b"data-bomb.png":  # more data than the picture's size has use for: never inflated
            assert read_image(path).shape == (3, 40, 40)
        elif file.kind == "bomb":
            with pytest.raises(UserError) as caught:
                read_image(path)
            if file.name.startswith(b"bomb") and not file.name.startswith(b"bomb-0"):
                assert f"{images.MAX_PIXELS:,}" in str(caught.value)  # the limit is named


def test_what_is_no_file_is_refused_in_one_line(tmp_path):
    networks, folder = hostile.tiny_networks(tmp_path), tmp_path / "special"
    folder.mkdir()
    four, linear = networks["four_sides"], networks["linear_fill"]
    score = ["score", "--predictor", four, "--bad", four, "--linear", linear, "--csv", tmp_path / "out.csv"]
    improve = ["improve", "--improver", networks["unet"], "--out", tmp_path / "out.png"]
    before = set(tmp_path.iterdir())
    for words, path in hostile.special(folder).items():
        assert words in hostile.refusal(path)
        for command in (improve, score):
            status, out, said = hostile.command(*command, "--", path)
            assert (status, out, len(said)) == (2, "", 1)
            assert said[0].startswith("abstract-beauty: ") and path.name in said[0]
    assert set(tmp_path.iterdir()) == before
    listed = {path.name for path in files_below(folder)}
    assert "not-a-regular-file.png" in listed and not listed & {"is-a-folder.png", "round"}


def test_strips_give_the_same_as_the_whole(monkeypatch, tmp_path):
    path = tmp_path / "a.png"
    for mode in ("RGB", "RGBA", "LA", "P", "CMYK", "1"):
        picture = hostile.noise(np.random.default_rng(0), 70, 50).convert(mode)
        path.write_bytes(hostile.encoded(picture, "TIFF" if mode == "CMYK" else "PNG"))
        read = []
        for rows in (1000, 1, 32, 70):
            monkeypatch.setattr(images, "STRIP", rows)
            read.append(read_image(path))
        assert all(torch.equal(picture, read[0]) for picture in read), mode


def test_a_name_that_is_no_utf8_does_not_stop_improve(tmp_path):
    source, out = (os.fsdecode(os.fsencode(tmp_path) + name) for name in (b"/caf\xe9.png", b"/out\xe9.png"))
    hostile.noise(np.random.default_rng(0)).save(source)
    improver = hostile.tiny_networks(tmp_path)["unet"]
    status, said, _ = hostile.command("improve", source, "--out", out, "--improver", improver)
    assert status == 0 and to_bytes(read_image(out)).shape == (3, 40, 36)
    assert r"out\xe9.png" in said


@pytest.mark.slow
@pytest.mark.trust
def test_thousands_of_files_within_bounded_memory():
    """In a process of its own, whose largest memory the system remembers."""
    command = [sys.executable, hostile.__file__, "--files", "2400"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    *rows, memory = done.stdout.splitlines()
    read = [row.split() for row in rows if row.startswith("read")]
    assert sum(int(opened) + int(refused) for *_, opened, _, refused, _ in read) == 2400
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
