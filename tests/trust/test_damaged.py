"""Files that people and runs keep, damaged: one line that names the file, and nothing of them is run."""

import copy
import json
import pickle
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from test_card import GOOD
from torch import nn

import abstract_beauty as ab
from abstract_beauty import weights
from abstract_beauty.book import run_card
from abstract_beauty.cli import main
from abstract_beauty.data.prepare import load_split, read_manifest
from abstract_beauty.data.ratings import read_rated
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, sha256
from abstract_beauty.params import load_params, parse_params, read_yaml
from abstract_beauty.project import find_project
from abstract_beauty.scores.preferences import FORMAT, read_choices
from abstract_beauty.training.checkpoints import State, load_checkpoint, save_checkpoint
from abstract_beauty.training.runs import read_curve

CARD = {**GOOD, "changes": {"improvers.held.steps": 900}, "thumbnails": {}}
PARAMS, TREE = find_project().params.read_text(), read_yaml(find_project().params)


def trained() -> tuple[nn.Module, list[torch.optim.Optimizer]]:
    """A network after one step, and its optimizer."""
    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return network, [optimizer]


def write_checkpoint(path: Path) -> None:
    save_checkpoint(
        path, *trained(), State(7, [{"step": 5, "loss": 0.5}], {"loss": torch.tensor(1.0)}, 2, 1.5)
    )


def write_weights(path: Path) -> None:
    network = weights.build("predictors", "context_encoder", 4)
    weights.save(path, network, weights.Description("predictors", "good", "context_encoder", 4, {}))


def write_ratings(path: Path) -> None:
    for at in range(3):
        path.with_name(f"{at}.png").write_bytes(b"")
    path.write_text("image,beauty,complexity\n0.png,1,0.5\n1.png,2,0.25\n2.png,-3,1e3\n")


def write_manifest(path: Path) -> None:
    picture = path.parent / "test" / "a.png"
    picture.parent.mkdir()
    hostile.noise(np.random.default_rng(0), 140, 130).save(picture)
    entry = {"name": "a", "split": "test", "source": "", "kind": "", "width": 130, "height": 140}
    entries = [{**entry, "sha256": sha256(picture)}]
    path.write_text(json.dumps({"source": "", "seed": 0, "pictures": entries, "skipped": []}))


CHOICE = {"picture": "a", "winner": "b", "loser": "original"}
# Each file: how a sound one is written, and how it is read.
KEPT: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    "params.yaml": (lambda path: path.write_text(PARAMS), load_params),
    "good.safetensors": (write_weights, lambda path: ab.load_predictor(str(path))),
    "checkpoint.safetensors": (write_checkpoint, lambda path: load_checkpoint(path, *trained())),
    "good.csv": (lambda path: path.write_text("step,loss\n5,0.5\n10,0.25\n"), read_curve),
    "manifest.json": (write_manifest, lambda path: read_manifest(path.parent)),
    "card.json": (lambda path: path.write_text(json.dumps(CARD)), lambda path: run_card.read_card(path.parent)),
    "ratings.csv": (write_ratings, lambda path: read_rated(path.parent)),
    "choices.json": (lambda path: path.write_text(json.dumps({"format": FORMAT, "choices": [CHOICE]})), read_choices),
    "numbers.json": (lambda path: path.write_text('{"a": [1, {"b": 2.5}]}'), read_json),
}  # fmt: skip


def sound(folder: Path, name: str) -> Path:
    path = folder / "first-run" / name  # a card's folder is called after it
    path.parent.mkdir()
    KEPT[name][0](path)
    KEPT[name][1](path)
    return path


def refusal(path: Path, name: str) -> str:
    """The one line that names the file; "" where nothing is wrong; anything else is raised."""
    try:
        KEPT[name][1](path)
    except UserError as error:
        message = str(error)
        assert message.isprintable() and len(message) < 1100
        assert name in message or "first-run" in message
        return message
    return ""


def damaged(content: bytes, draw: random.Random) -> bytes:
    """`content` cut off, with a piece doubled or lost, or with a few bytes of it changed."""
    a, b = sorted(draw.randrange(len(content) + 1) for _ in range(2))
    kind = draw.randrange(4)
    if kind < 3:
        return (content[:a], content[:a] + content[b:], content[:b] + content[a:])[kind]
    array = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        array[draw.randrange(len(array))] = draw.randrange(256)
    return bytes(array)


@pytest.mark.parametrize("name", KEPT)
def test_a_damaged_file_is_read_or_named(tmp_path, name):
    path = sound(tmp_path, name)
    content, draw, refused, tries = (
        path.read_bytes(),
        random.Random(1),
        0,
        60 if name == "params.yaml" else 200,
    )
    for _ in range(tries):
        path.write_bytes(damaged(content, draw))
        refused += bool(refusal(path, name))
    assert refused > tries / 3
    path.unlink()
    assert refusal(path, name) or name == "checkpoint.safetensors"  # without one a training begins
    path.mkdir()
    assert refusal(path, name) or name == "checkpoint.safetensors"


# What is done to a sound file: its new content, or a function that rewrites it.
Damage = str | bytes | Callable[[Path], Any]


def plus(text: str) -> Damage:
    return lambda path: path.write_text(f"{path.read_text()}{text}\n")


def replaced(old: str, new: str) -> Damage:
    return lambda path: path.write_text(path.read_text().replace(old, new))


def rewritten(about: str, changes: dict[str, Any], **tensors: torch.Tensor | None) -> Damage:
    """A file of tensors with other entries in its JSON `about`, and other tensors, or without one."""

    def rewrite(path: Path) -> None:
        with safe_open(path, framework="pt") as file:
            kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            told = json.loads(file.metadata()[about])
        kept |= {name.replace("__", "."): tensor for name, tensor in tensors.items()}
        there = {name: tensor for name, tensor in kept.items() if tensor is not None}
        save_file(there, path, metadata={about: json.dumps({**told, **changes})})

    return rewrite


class Harm:
    """What a pickle does when it is loaded: it makes a file."""

    def __reduce__(self):
        return open, ("harm", "w")


def cases() -> Iterator[tuple[str, Damage, str]]:
    """(file, what is done to it, words of the line)"""
    for text, words in [
        (b"seed: 1\nb: \xe9\n", "is not UTF-8"), (plus("more: 2020-01-01"), "date"),
        (plus("more: *nothing"), "found undefined alias"), (plus("more:\n\t- 1"), "is not valid YAML"),
        (plus('"red\\e[31m": 1'), r"red\x1b[31m: unknown key"), (plus("1: 2"), "1: unknown key"),
        (plus("more: !!python/object/apply:os.system ['touch harm']"), "is not valid YAML"),
    ]:  # fmt: skip
        yield "params.yaml", text, words
    for text in ("a: [1", "seed: 1\nseed: 2", "\x00", "- 1", "", "seed: .nan"):
        yield "params.yaml", text, "params.yaml: "
    itself = dict.fromkeys(CHOICE, "a")
    for choices, words in [
        ([], "no choices"),
        ([{"picture": "p", "winner": "a"}], "choice 1"),
        ([itself], "itself"),
    ]:
        yield "choices.json", json.dumps({"format": FORMAT, "choices": choices}), words
    yield "choices.json", "", "JSON"
    yield "choices.json", "[1]", "format"

    bias, no_networks = torch.zeros(3), ("unet", "four_sides", "nothing", 5, None, ["context_encoder"], [])
    odd_biases = (None, bias.half(), bias.long(), torch.zeros(4))
    for damage, words in [
        (pickle.dumps(Harm()), "is not a readable safetensors file"),
        (lambda path: torch.save({"weights": bias}, path), "is not a readable safetensors file"),
        (lambda path: save_file({"a": bias}, path), "was not written by abstract-beauty"),
        *((rewritten("abstract-beauty", {}, last__bias=odd), "last.bias") for odd in odd_biases),
        (rewritten("abstract-beauty", {}, last__bias=bias + torch.nan), "not finite"),
        (rewritten("abstract-beauty", {}, more=bias), "more"),
        *((rewritten("abstract-beauty", {"width": width}), "good.safetensors") for width in (-1, 5, 10**9, "4", None)),
        *((rewritten("abstract-beauty", {"network": name}), "good.safetensors") for name in no_networks),
        *((rewritten("abstract-beauty", {"kind": kind}), "good.safetensors") for kind in ("improvers", "", None)),
    ]:  # fmt: skip
        yield "good.safetensors", damage, words

    foreign = {"optimizer__7__0__exp_avg": torch.zeros(2, 3), "optimizer__a": bias, "optimizer__0__0__exp_avg": bias,
               "sums__loss": torch.zeros(5), "network__weight": bias, "network__more": bias}  # fmt: skip
    for name, tensor in foreign.items():
        yield (
            "checkpoint.safetensors",
            rewritten("progress", {}, **{name: tensor}),
            "the checkpoint cannot be read",
        )
    for change in [{"step": "x"}, {"step": -1}, {"step": 1}, {"counted": "x"}, {"curve": None}, {"curve": [1]},
                   {"curve": []}, {"seconds": -1.0}, {"sums": ["other"]}, {"more": 1}]:  # fmt: skip
        yield "checkpoint.safetensors", rewritten("progress", change), "delete it"

    for text in ("", "step,loss\n", "loss\n1\n", "step,loss\nnan,1\n", "step,loss\n1,x\n", "step,loss\n1\n"):
        yield "good.csv", text, "the curve cannot be read"
    for old, new in [('"a"', "5"), ('"a"', '"../a"'), ('"test"', "[]"), ("130", '"256"'), ("140", "1.5")]:
        yield "manifest.json", replaced(old, new), "is not a manifest of pictures"
    for name in ("../0.png", "/etc/passwd", "gone.png", ""):
        yield "ratings.csv", replaced("0.png", name), "row 2"


@pytest.mark.parametrize(("name", "damage", "words"), cases())
def test_what_is_wrong_with_a_file_is_said(tmp_path, monkeypatch, name, damage, words):
    monkeypatch.chdir(tmp_path)
    path = sound(tmp_path, name)
    if callable(damage):
        damage(path)
    else:
        path.write_bytes(damage if isinstance(damage, bytes) else damage.encode())
    assert words in refusal(path, name)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("added", ["more: 1", "seed: 1", "\ttab: 1"])
def test_the_command_line_ends_with_status_2_and_leaves_nothing(tmp_path, monkeypatch, capsys, added):
    (tmp_path / "params.yaml").write_text(f"{PARAMS}{added}\n")
    (tmp_path / "dvc.yaml").write_text("")
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    for command in (["data", "--quiet"], ["train", "predictor.good", "--quiet"], ["stage", "fills"]):
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and "params.yaml" in err
    assert sorted(tmp_path.iterdir()) == before


def places(tree: Any, *place: str) -> Iterator[tuple[str, ...]]:
    """Every place in a tree where a value stands, sections too."""
    yield place
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from places(value, *place, key)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5),
    st.sampled_from([10**40, -1, 0, 1e-320]), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(data=st.data())
def test_any_value_in_any_place_of_the_parameters_is_taken_or_named(data):
    tree = copy.deepcopy(TREE)
    *sections, key = data.draw(st.sampled_from(list(places(tree))[1:]))
    inside = tree
    for section in sections:
        inside = inside[section]
    inside[key] = data.draw(VALUES)
    try:
        parse_params(tree)
    except UserError as error:
        # the key itself, or the section or sibling that contradicts it
        assert str(error).startswith("params.yaml: ") and any(part in str(error) for part in (*sections, key))


def test_a_prepared_picture_that_is_missing_damaged_or_another_is_named(tmp_path):
    with pytest.raises(UserError, match=r"manifest\.json: no such file; run the data stage"):
        load_split(tmp_path, "test")
    folder = sound(tmp_path, "manifest.json").parent
    assert [picture.name for picture in load_split(folder, "test")] == ["a"]
    with pytest.raises(UserError, match="no picture of 'train'"):
        load_split(folder, "train")
    path, rng = folder / "test" / "a.png", np.random.default_rng(0)
    content = path.read_bytes()
    for damage in (
        lambda: path.write_bytes(hostile.truncated(content, rng)),
        lambda: path.write_bytes(hostile.flipped(content, rng)),
        lambda: Image.new("RGB", (9_000, 9_000)).save(path),
        path.unlink,
    ):
        damage()
        with pytest.raises(UserError, match=r"test/a\.png: is missing or damaged"):
            load_split(folder, "test")


UNSAFE = re.compile(
    r"^\s*(import|from)\s+(pickle|dill|cloudpickle|joblib|marshal|shelve)\b|torch\.load\b|allow_pickle|read_pickle"
    r"|(?<![.\w])(eval|exec)\(|yaml\.(unsafe_load|full_load|load)\(|typ=.unsafe",
    re.MULTILINE,
)


def test_nothing_in_the_package_turns_bytes_into_objects():
    sources = list(Path(ab.__file__).parent.rglob("*.py"))
    assert (
        len(sources) > 50 and UNSAFE.search("x = 1\nfrom pickle import loads") and UNSAFE.search("eval(text)")
    )
    assert [path.name for path in sources if UNSAFE.search(path.read_text())] == []
