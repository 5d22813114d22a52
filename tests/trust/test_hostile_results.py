"""What a run left behind (manifests, checkpoints, curves, filters, choices), damaged: one line that names the file."""

import json
import os

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from abstract_beauty.data.prepare import load_split, read_manifest
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.measures import _curves
from abstract_beauty.files import LARGEST_JSON, read_json, sha256
from abstract_beauty.measures.preferences import MOST_NAMES, Choice, strengths
from abstract_beauty.training.checkpoints import State, load_checkpoint, save_checkpoint
from abstract_beauty.training.runs import read_curve

# --- manifests -----------------------------------------------------------------------------------------------------


@pytest.fixture
def prepared(tmp_path):
    """A prepared folder of one picture, and its entry in the manifest."""
    (tmp_path / "test").mkdir()
    Image.new("RGB", (130, 140)).save(tmp_path / "test" / "a.png")
    entry = {"name": "a", "split": "test", "source": "", "kind": "", "width": 130, "height": 140}
    return tmp_path, {**entry, "sha256": sha256(tmp_path / "test" / "a.png")}


def manifest(folder, *entries):
    tree = {"source": "embedded", "seed": 0, "pictures": list(entries), "skipped": []}
    (folder / "manifest.json").write_text(json.dumps(tree))


@pytest.mark.parametrize(
    "change",
    [
        {"split": []}, {"split": {}}, {"split": "x"}, {"name": 5}, {"name": None}, {"name": ["a"]}, {"name": "../a"},
        {"name": "\ud800"}, {"name": "a\nb"}, {"width": "256"}, {"width": 1.5}, {"width": None}, {"kind": []},
        {"sha256": 3},
    ],
    ids=str,
)  # fmt: skip
def test_an_entry_of_another_kind_is_named(prepared, change):
    folder, entry = prepared
    manifest(folder, {**entry, **change})
    with pytest.raises(UserError, match=r"manifest\.json: is not a manifest of pictures"):
        read_manifest(folder)


def test_a_split_without_pictures_is_named(prepared):
    folder, entry = prepared
    manifest(folder, entry)
    assert [picture.name for picture in load_split(folder, "test")] == ["a"]
    with pytest.raises(UserError, match="no picture of 'train'"):
        load_split(folder, "train")


def test_a_picture_of_another_size_is_refused_before_it_is_unpacked(prepared):
    folder, entry = prepared
    manifest(folder, entry)
    Image.new("RGB", (9_000, 9_000)).save(folder / "test" / "a.png")
    with pytest.raises(UserError, match=r"a\.png: is missing or damaged"):
        load_split(folder, "test")


def test_a_pipe_in_the_place_of_a_picture_is_not_waited_for(prepared):
    folder, entry = prepared
    manifest(folder, entry)
    (folder / "test" / "a.png").unlink()
    os.mkfifo(folder / "test" / "a.png")
    with pytest.raises(UserError, match=r"a\.png"):
        load_split(folder, "test")


# --- checkpoints ---------------------------------------------------------------------------------------------------


def trained():
    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return network, [optimizer]


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "c.safetensors"
    state = State(7, [{"step": 5, "loss": 0.5}], {"loss": torch.tensor(1.0)}, 2, 1.5)
    save_checkpoint(path, *trained(), state)
    assert load_checkpoint(path, *trained()) == state
    return path


def rewritten(path, tensors, **progress):
    with safe_open(path, framework="pt") as file:
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        told = json.loads(file.metadata()["progress"])
    save_file({**kept, **tensors}, path, metadata={"progress": json.dumps({**told, **progress})})


@pytest.mark.parametrize(
    "tensors",
    [
        {"optimizer.7.0.exp_avg": torch.zeros(2, 3)},
        {"optimizer.a.b.c": torch.zeros(1)},
        {"optimizer.0": torch.zeros(1)},
        {"optimizer.0.9.exp_avg": torch.zeros(2, 3)},
        {"optimizer.0.0.exp_avg": torch.zeros(3, 3)},
        {"sums.loss": torch.zeros(5)},
        {"network.weight": torch.zeros(5)},
        {"network.more": torch.zeros(5)},
    ],
    ids=lambda tensors: next(iter(tensors)),
)
def test_a_checkpoint_with_foreign_tensors_is_named(checkpoint, tensors):
    rewritten(checkpoint, tensors)
    with pytest.raises(UserError, match=r"c\.safetensors: the checkpoint cannot be read .*delete it"):
        load_checkpoint(checkpoint, *trained())


@pytest.mark.parametrize(
    "progress",
    [
        {"step": "x"}, {"step": 1.5}, {"step": None}, {"step": -1}, {"step": True}, {"step": 1}, {"counted": "x"},
        {"counted": -1}, {"curve": "x"}, {"curve": None}, {"curve": [1]}, {"curve": [{"loss": 1.0}]}, {"curve": []},
        {"seconds": "x"}, {"seconds": -1.0}, {"seconds": float("nan")}, {"names": ["other"]}, {"names": None},
        {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_checkpoint_that_no_training_wrote_is_named(checkpoint, progress):
    rewritten(checkpoint, {}, **progress)
    with pytest.raises(UserError, match=r"c\.safetensors: the checkpoint cannot be read .*delete it"):
        load_checkpoint(checkpoint, *trained())


# --- tables and numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "step,loss\n", "loss\n1\n", "\ufeffstep,loss\n1,2\n", "step,loss\nnan,1\n", "step,loss\ninf,1\n",
     "step,loss\n1,x\n", "step,loss\n1\n", "step,loss\n1,2,3\n", "step,loss\n1," + "9" * 200_000 + "\n"],
)  # fmt: skip
def test_a_damaged_curve_is_named(tmp_path, text):
    path = tmp_path / "good.csv"
    path.write_text("step,loss\n5,0.5\n10,0.25\n")
    assert read_curve(path) == [{"step": 5, "loss": 0.5}, {"step": 10, "loss": 0.25}]
    path.write_text(text)
    with pytest.raises(UserError, match=r"good\.csv: the curve cannot be read"):
        read_curve(path)


@pytest.mark.parametrize(
    "tree",
    [
        [],
        None,
        5,
        {},
        {"a": 5},
        {"a": [5]},
        {"original": []},
        {"a": [{"change": None}]},
        {"a": [{"change": 1.0}]},
    ],
    ids=str,
)
def test_curves_of_filters_that_are_none_are_named(tmp_path, tree):
    path = tmp_path / "filters.json"
    good = {"gaussian": [{"change": 0.0, "error_judge": 0.1}]}
    path.write_text(json.dumps(good))
    assert _curves(path) == good
    path.write_text(json.dumps(tree))
    with pytest.raises(UserError, match=r"filters\.json: holds no curves"):
        _curves(path)


def test_json_that_is_no_file_or_too_large_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UserError, match=r"pipe\.json: is not a regular file"):
        read_json(tmp_path / "pipe.json")
    with open(tmp_path / "large.json", "wb") as file:
        file.truncate(LARGEST_JSON + 1)  # a hole: it takes no space
    with pytest.raises(UserError, match=r"large\.json: is larger than"):
        read_json(tmp_path / "large.json")


def test_too_many_versions_or_choices_are_refused_at_once():
    chosen = [Choice("p", f"version {at}", "original") for at in range(MOST_NAMES)]
    with pytest.raises(UserError, match="at most"):
        strengths([chosen])
    with pytest.raises(UserError, match="at most"):
        strengths([[Choice("p", "a", "original")] * 15_000] * 2)
