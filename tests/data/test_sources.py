"""Pictures of folders and of datasets: what is taken, what is skipped and listed, and how they are split."""

import os
import socket
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from abstract_beauty.data import folder, load_split, prepare, read_manifest
from abstract_beauty.data.prepare import share
from abstract_beauty.errors import UserError
from abstract_beauty.sections import DataParams

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def draw(path, seed, size=(150, 140), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1] // 10, size[0] // 10, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize(size).convert(mode).save(path)
    return path


@pytest.fixture
def photos(tmp_path):
    """Twelve good pictures in nested folders, and much that is none."""
    root = tmp_path / "photos"
    for index in range(8):
        draw(root / f"{index:02d}.png", index)
    draw(root / "a" / "b" / "deep.jpg", 20)
    draw(root / "a" / "00.png", 21)  # the name is taken in another folder
    draw(root / "größe ✿ 1.PNG", 22)
    draw(root / "no_suffix.png", 23).rename(root / "no_suffix")
    for name, text in {
        "broken.png": "not a picture",
        "empty.jpg": "",
        "notes.txt": "notes",
        ".hidden.png": "",
    }.items():
        (root / name).write_text(text)
    (root / "cut.jpg").write_bytes(draw(root / "cut.jpg", 24).read_bytes()[:1500])
    draw(root / "small.png", 25, (300, 100))
    (root / "copy.png").write_bytes((root / "03.png").read_bytes())
    os.symlink("nowhere.png", root / "dangling.png")
    os.symlink("..", root / "a" / "loop")
    os.symlink(root, root / "a" / "loop2")
    draw(tmp_path / "moved.png", 26).rename(os.fsdecode(os.fsencode(root) + b"/caf\xe9.png"))
    return root


def made(out, source="folder", seed=0, **options):
    """What `prepare` makes of one folder or dataset to train on and one to test on."""
    named = {key: (str(options.pop(key)),) for key in ("train", "test") if key in options}
    params = DataParams(source=source, **{"test_share": 0.3, **named, **options})
    return prepare(params, seed, out, progress=False)


def test_a_folder(photos, tmp_path):
    manifest = made(tmp_path / "out", train=photos)
    sources = [entry.source for entry in manifest.pictures]
    assert len(sources) == 13 and sources.count("00.png") == 2
    assert {r"caf\xe9.png", "deep.jpg", "no_suffix", "größe ✿ 1.PNG"} <= set(sources)
    reasons = {skip.file: skip.reason for skip in manifest.skipped}
    copy = ({"03.png", "copy.png"} & set(reasons)).pop()  # which is met first depends on the split
    words = {
        "broken.png": "not a picture", "empty.jpg": "empty", "cut.jpg": "truncated", "small.png": "300 x 100",
        "dangling.png": "no such file", copy: "the same picture",
    }  # fmt: skip
    assert set(reasons) == set(words)
    assert all(word in reasons[file] for file, word in words.items())
    assert str(tmp_path) not in (tmp_path / "out" / "manifest.json").read_text()
    assert len(load_split(tmp_path / "out", "train")) + len(load_split(tmp_path / "out", "test")) == 13
    assert read_manifest(tmp_path / "out") == manifest


def test_pictures_that_are_not_read_are_named_and_what_is_no_picture_is_not(photos, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    draw(photos / "raw.tif", 40).rename(photos / "raw.CR2")  # opens, but as what may be a preview
    (photos / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 50)
    draw(photos / "stereo.jpg", 41).rename(photos / "stereo.mpo")
    other = ["a.jxl", "a.svg", "a.psd", "a.eps", "a.dng", "a.nef", "a.arw", "a.heif"]
    for name in [*other, "a.csv", "a.xmp", "a.json", "a.mov"]:
        (photos / name).write_text("something")
    before = made(tmp_path / "out", train=photos)
    reasons = {skip.file: skip.reason for skip in before.skipped}
    assert reasons["phone.HEIC"] == "HEIC needs pillow-heif: pip install pillow-heif"
    assert "raw file" in reasons["raw.CR2"] and set(other) <= set(reasons)
    assert not {"notes.txt", "a.csv", "a.xmp", "a.json", "a.mov"} & set(reasons)
    assert "stereo.mpo" in {entry.source for entry in before.pictures}


def test_a_sample_is_the_same_whatever_the_order_and_passes_over_what_is_no_picture(photos):
    everything = list(folder.sample(photos, 100, 128))
    names = [found.source for found in everything]
    assert [found.source for found in folder.sample(photos, 5, 128)] == names[:5]
    assert not {"broken.png", "empty.jpg", "cut.jpg", "dangling.png"} & set(names)
    assert all(min(found.image.shape[1:]) <= 128 for found in everything)


def test_a_sample_of_nothing_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"evaluation\.elsewhere: no such folder"):
        list(folder.sample(tmp_path / "none", 5, 128, "evaluation.elsewhere"))
    (tmp_path / "notes.png").write_text("not a picture")
    with pytest.raises(UserError, match=r"evaluation\.elsewhere: .* holds no readable picture"):
        list(folder.sample(tmp_path, 5, 128, "evaluation.elsewhere"))


def test_the_split_goes_by_name_and_stays_when_files_are_added(photos, tmp_path):
    first = made(tmp_path / "first", train=photos)
    (photos / "copy.png").unlink()
    for index in range(30):
        draw(photos / "added" / f"{index}.png", 100 + index, (128, 128))
    second = made(tmp_path / "second", seed=9, train=photos)
    before = {entry for entry in first.pictures if entry.source not in ("03.png", "copy.png")}
    assert before < set(second.pictures)
    named = [entry for entry in second.pictures if "\\" not in entry.source]
    assert all((entry.split == "test") == (share(entry.source) < 0.3) for entry in named)
    assert 3 <= len(second.of("test")) <= 22


def test_test_folders_keep_their_pictures_from_training(photos, tmp_path):
    for index in (3, 5):
        draw(tmp_path / "held" / f"other-{index}.png", index)  # the pixels of 03 and 05 under other names
    manifest = made(tmp_path / "out", train=photos, test=tmp_path / "held")
    assert [entry.source for entry in manifest.of("test")] == ["other-3.png", "other-5.png"]
    assert {"03.png", "05.png", "copy.png"} <= {skip.file for skip in manifest.skipped}


def test_a_limit_takes_a_nested_part(photos, tmp_path):
    held = draw(tmp_path / "held" / "test.png", 99).parent
    few, more = (
        made(tmp_path / str(limit), train=photos, test=held, limit=limit).pictures for limit in (3, 6)
    )
    assert (len(few), len(more)) == (4, 7)
    assert set(few) < set(more)


def test_pictures_are_reduced_and_of_one_form(tmp_path):
    draw(tmp_path / "in" / "large.png", 1, (900, 600))
    draw(tmp_path / "in" / "grey.png", 2, (128, 700), "L")
    draw(tmp_path / "held" / "fit.png", 3, (256, 256))
    made(tmp_path / "out", train=tmp_path / "in", test=tmp_path / "held")
    images = [picture.image for picture in load_split(tmp_path / "out", "train")]
    assert sorted(tuple(image.shape) for image in images) == [(3, 256, 384), (3, 700, 128)]
    assert all(image.dtype == torch.uint8 for image in images)


def test_an_old_folder_is_replaced_whole_and_a_foreign_one_is_left_alone(photos, tmp_path):
    out, precious = tmp_path / "out", tmp_path / "precious" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work")
    made(out, train=photos)
    manifest = made(out, train=photos, short_side=130)
    assert all(min(entry.width, entry.height) <= 130 for entry in manifest.pictures)
    assert len(list(out.rglob("*.png"))) == len(manifest.pictures)
    for folder_out, source, words in (
        (out, tmp_path / "gone", r"data\.train: no such folder"),
        (precious.parent, photos, "holds other files"),
        (photos / "out", photos, "apart from the pictures"),
    ):
        with pytest.raises(UserError, match=words):
            made(folder_out, train=source)
    assert read_manifest(out) == manifest
    assert precious.read_text() == "years of work"
    assert {path.name for path in tmp_path.iterdir()} == {"out", "photos", "precious"}  # nothing half-written


def test_no_picture_left_is_an_error_that_says_why(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_text("none")
    draw(tmp_path / "held" / "b.png", 1)
    with pytest.raises(UserError, match=r"data\.train: gives no picture.*a\.png: is not a picture"):
        made(tmp_path / "out", train=tmp_path / "in", test=tmp_path / "held")
    draw(tmp_path / "in" / "a.png", 1)
    with pytest.raises(UserError, match=r"data\.test_share: 0\.001 leaves no test picture"):
        made(tmp_path / "out", train=tmp_path / "in", test_share=0.001)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def offline(monkeypatch):
    """Whoever reaches for the network fails."""

    def refuse(*arguments, **options):
        raise AssertionError("a test reached for the network")

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def dataset(tmp_path):
    root = tmp_path / "dataset"
    for index in range(12):
        draw(root / "train" / f"picture {index}.png", index)
    draw(root / "train" / "tiny.png", 50, (40, 40))
    (root / "train" / "broken.jpg").write_text("not a picture")
    return root


def test_a_local_folder_through_datasets(dataset, tmp_path, offline):
    options = {"source": "hub", "train": dataset, "test_share": 0.5}
    manifest = made(tmp_path / "out", **options)
    assert len(manifest.pictures) == 12 and manifest.of("train") and manifest.of("test")
    assert sorted(skip.file for skip in manifest.skipped) == ["dataset: broken.jpg", "dataset: tiny.png"]
    assert made(tmp_path / "again", **options) == manifest
    assert len(made(tmp_path / "few", **options, limit=2).of("train")) == 2


def test_a_dataset_with_its_own_test_pictures(dataset, tmp_path, offline):
    draw(tmp_path / "other" / "train" / "held.png", 77)
    draw(tmp_path / "other" / "train" / "twin.png", 4)  # the pixels of 'picture 4'
    manifest = made(tmp_path / "out", source="hub", train=dataset, test=tmp_path / "other")
    assert [entry.source for entry in manifest.of("test")] == ["other: held.png", "other: twin.png"]
    assert "dataset: picture 4.png" in {skip.file for skip in manifest.skipped}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": "owner/name"}, r"data\.revision: .*'owner/name' needs the full commit hash.*got ''"),
        ({"train": "owner/name", "revision": "main"}, r"got 'main'"),
        ({"train": "owner/name@v1"}, r"got 'v1'"),
        ({"train": "/no/such/folder", "revision": COMMIT}, "neither a local folder nor a dataset's name"),
        ({"train": "owner/name", "revision": COMMIT}, "'owner/name' cannot be opened"),
    ],
)
def test_a_remote_dataset_needs_a_pin_and_the_network(tmp_path, offline, options, message):
    with pytest.raises(UserError, match=message):
        made(tmp_path / "out", source="hub", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("option", "value"), [("column", "picture"), ("hub_split", "validation")])
def test_a_wrong_column_or_split_is_named(dataset, tmp_path, offline, option, value):
    with pytest.raises(UserError, match=value):
        made(tmp_path / "out", source="hub", train=dataset, **{option: value})


def test_folders_are_the_projects_from_any_working_folder(tmp_path, monkeypatch):
    root = tmp_path / "project"
    root.mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        (root / name).touch()
    (tmp_path / "elsewhere").mkdir()
    for home, named in ((root, "my/pictures"), (tmp_path / "home", "~/pictures")):
        monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(root))
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path / "elsewhere")
        place = home / named.removeprefix("~/")
        place.mkdir(parents=True)
        for at in range(12):
            Image.new("RGB", (130, 130), (20 * at, 0, 0)).save(place / f"{at}.png")
        params = DataParams(source="folder", train=(named,), test_share=0.3)
        manifest = prepare(params, 0, tmp_path / f"out-{home.name}", progress=False)
        assert len(manifest.pictures) == 12
