"""Parameters, weights, cards and tables that are damaged or malicious: one line that says where, and nothing is run."""

import ast
import copy
import json
import os
import pickle
import random
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file

import abstract_beauty as ab
from abstract_beauty import weights
from abstract_beauty.book import run_card
from abstract_beauty.cli import main
from abstract_beauty.data.prepare import read_manifest
from abstract_beauty.data.ratings import read_rated
from abstract_beauty.errors import LONGEST, UserError
from abstract_beauty.files import read_json, write_json
from abstract_beauty.measures.preferences import FORMAT, read_choices
from abstract_beauty.params import load_params, parse_params, read_yaml
from abstract_beauty.project import find_project

SOURCES = sorted(Path(ab.__file__).parent.rglob("*.py"))
QUICK = settings(
    max_examples=150, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def one_line(read, *arguments):
    """The message of a UserError, which is one printable line; "" where nothing is wrong; anything else is raised."""
    try:
        read(*arguments)
    except UserError as error:
        message = str(error)
        assert message.isprintable() and 0 < len(message) <= LONGEST + 5
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


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("red\x1b[31m", r"red\x1b[31m"),
        ("half \ud800, bell \x07, caf\udce9", r"half \ud800, bell \x07, caf\udce9"),
        ("café – 3 × 4", "café – 3 × 4"),
    ],
)
def test_an_error_is_one_printable_line(message, shown):
    assert str(UserError(message)) == shown
    assert len(str(UserError(message * 1000 + "mend"))) <= LONGEST + 5
    assert str(UserError(message * 1000 + "mend")).endswith("mend")


# Parameters


@pytest.fixture(scope="module")
def text():
    return find_project().params.read_text()


@pytest.fixture(scope="module")
def tree():
    return read_yaml(find_project().params)


LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{at}: &a{at} [{','.join([f'*a{at - 1}'] * 10)}]\n" for at in range(1, 12)
)


@pytest.mark.parametrize(
    ("added", "words"),
    [
        ("more: .inf", "more: must be a finite number"),
        ("more: {deep: [1, 1e400]}", "more.deep.1: must be a finite number"),
        ("more: 2020-01-01", "more: is a date"),
        ("more: 2020-99-99", "line {}: is not valid YAML"),
        ("more: !!binary aGVsbG8=", "more: is a bytes"),
        ("more: !!set {a, b}", "more: is a set"),
        ("more: !!bool hello", "line {}: is not valid YAML"),
        ("more: !!int hello", "line {}: is not valid YAML"),
        ("more: !!python/object/apply:os.system ['touch harm']", "line {}: is not valid YAML"),
        ("more: !!python/name:os.system", "line {}: is not valid YAML"),
        ("more: " + "9" * 5000, "line {}: is not valid YAML"),
        ("more: 0x" + "f" * 5000, "more: is larger than any number"),
        ("? [1, 2]\n: 3", "the key (1, 2) must be text"),
        ("1: 2", "the key 1 must be text"),
        ("~: 2", "the key None must be text"),
        ('"x\\ud800": 1', "must be text"),
        ('more: "x\\ud800"', "more: "),
        ('"x\\ny": 1', r"x\ny: unknown key"),
        ('"red\\e[31m": 1', r"red\x1b[31m: unknown key"),
        ("seed: 1", "line {}: is not valid YAML (found duplicate key"),
        ("more: *nothing", "line {}: is not valid YAML (found undefined alias"),
        ("more: {<<: 5}", "line {}: is not valid YAML"),
        ("more: &a [*a]", "more.0.0.0"),
        ("more: &a {b: *a}", "more.b.b.b"),
        ("more:\n\t- 1", "is not valid YAML"),
        ("more: \0", "line {}: is not valid YAML"),
        ("more: [" + "[" * 3000, "is not valid YAML"),
        ("more: " + "[" * 60 + "]" * 60, "nested more than 20 levels"),
        ("---\na: 1", "line {}: is not valid YAML"),
        (LAUGHS, "more than 10,000 values"),
    ],
)
def test_what_yaml_can_say_beyond_parameters_is_named(tmp_path, text, added, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "params.yaml"
    path.write_text(text + added + "\n", encoding="utf-8", errors="surrogatepass")
    message = one_line(load_params, path)
    assert "params.yaml: " in message
    assert words.format(text.count("\n") + 1) in message
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "must hold a mapping"),
        (b"- 1\n", "must hold a mapping"),
        (b"hello", "must hold a mapping"),
        (b"seed: 1\nb: \xe9\n", "line 2: is not UTF-8"),
        ("seed: 1".encode("utf-16"), "line 1: is not UTF-8"),
        (b"!foo\na: 1\n", "line 1: is not valid YAML"),
        (b"%YAML 9.9\n---\na: 1\n", "line 1: is not valid YAML"),
        (b"a: &a\n  <<: *a\n", "predictors: is required"),
    ],
)
def test_files_that_are_no_parameters_are_named(tmp_path, content, words):
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    assert words in one_line(load_params, path)


def test_merge_keys_and_aliases_of_a_sane_size_are_read(tmp_path, tree):
    path = tmp_path / "params.yaml"
    good = json.dumps(tree["predictors"]["good"])
    rest = "".join(
        f"  {name}: {json.dumps(one)}\n" for name, one in tree["predictors"].items() if name != "good"
    )
    merged = f"predictors:\n  good: &good {good}\n{rest}  other: {{<<: *good, seed: 9}}\n"
    path.write_text(merged)
    read = read_yaml(path)["predictors"]["other"]
    assert read == {**tree["predictors"]["good"], "seed": 9}


def leaves(tree, *place):
    """Every place in a tree where a value stands, sections too."""
    yield place
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, *place, key)


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates(), st.binary(max_size=3),
    st.sampled_from([10**40, -1, 0, 1e-320, float("nan"), float("inf")]),
    st.sampled_from([{1: 2}, {"": []}, {(1, 2): 3}, {1, 2}, "\ud800"]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
)  # fmt: skip


@QUICK
@given(data=st.data())
def test_any_value_in_any_place_is_taken_or_named(tree, data):
    tree = copy.deepcopy(tree)
    place = data.draw(st.sampled_from(list(leaves(tree))[1:]))
    inside = tree
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = data.draw(ODD)
    message = one_line(parse_params, tree)
    assert not message or message.startswith("params.yaml: ")
    # the key itself, or the section or sibling that contradicts it
    assert not message or any(str(key) in message for key in place)


def test_damaged_texts_of_parameters_are_read_or_named(tmp_path, text):
    draw, refused = random.Random(0), 0
    path = tmp_path / "params.yaml"
    for _ in range(60):
        path.write_bytes(damaged(text.encode(), draw))
        refused += bool(one_line(load_params, path))
    assert refused > 30


@pytest.mark.parametrize("added", ["more: 1", "seed: 1", "more: .nan", "\ttab: 1"])
def test_the_command_line_ends_with_status_2(tmp_path, monkeypatch, capsys, text, added):
    (tmp_path / "params.yaml").write_text(f"{text}{added}\n")
    (tmp_path / "dvc.yaml").write_text("")
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    for command in (["data", "--quiet"], ["train", "predictor.good", "--quiet"], ["measure", "fills"]):
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and "params.yaml" in err
    assert sorted(tmp_path.iterdir()) == before


# Weights


DESCRIPTION = {"kind": "predictors", "name": "good", "network": "context_encoder", "width": 4, "config": {}}


@pytest.fixture(scope="module")
def tensors():
    torch.manual_seed(0)
    return dict(weights.build("predictors", "context_encoder", 4).state_dict())


def metadata(**changes):
    return {"abstract-beauty": json.dumps({**DESCRIPTION, **changes})}


def load(path):
    return one_line(ab.load_predictor, str(path))


def test_damaged_weights_are_refused_or_whole(tmp_path, tensors):
    """A changed number among the weights is not noticed unless it is published; all else is."""
    content, draw, refused = save(tensors, metadata()), random.Random(1), 0
    header = 8 + struct.unpack("<Q", content[:8])[0]
    path = tmp_path / "good.safetensors"
    for at in range(400):
        if at % 2:
            path.write_bytes(damaged(content, draw))
        else:
            path.write_bytes(damaged(content[:header], draw) + content[header:])
        refused += bool(load(path))
    assert refused > 250


@pytest.mark.parametrize("length", [0, 1, 7, 2**20, 2**31, 2**63, 2**64 - 1])
def test_a_forged_length_of_the_header_asks_for_no_memory(tmp_path, tensors, length):
    path = tmp_path / "good.safetensors"
    path.write_bytes(struct.pack("<Q", length) + save(tensors, metadata())[8:])
    assert "good.safetensors" in load(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"width": width}
        for width in (-1, 0, 5, 513, 10**9, 10**30, 4.0, "4", None, True, [4], float("nan"))
    ]
    + [{"network": network} for network in ("unet", "", "four_sides", "linear_fill", 0, {}, ["a"], "a\nb")]
    + [{"kind": kind} for kind in ("improvers", "", None, [], "a\x1b[0m")]
    + [{"more": 1}],
)  # fmt: skip
def test_forged_descriptions_are_refused(tmp_path, tensors, changes):
    path = tmp_path / "good.safetensors"
    save_file(tensors, path, metadata=metadata(**changes))
    assert str(path) in load(path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "1", '"a"', "[" * 100_000, '{"kind": "predictors"}', "\x00"]
)
def test_a_description_that_is_none(tmp_path, tensors, text):
    path = tmp_path / "good.safetensors"
    save_file(tensors, path, metadata={"abstract-beauty": text})
    assert "was not written by abstract-beauty" in load(path)
    save_file(tensors, path)
    assert "was not written by abstract-beauty" in load(path)


@pytest.mark.parametrize(
    "kind", [torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.bool, torch.int32]
)
def test_another_type_of_number_is_named(tmp_path, tensors, kind):
    path = tmp_path / "good.safetensors"
    save_file({**tensors, "last.bias": tensors["last.bias"].to(kind)}, path, metadata=metadata())
    message = load(path)
    assert "last.bias" in message and str(kind) in message and "torch.float32" in message


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
def test_numbers_that_are_not_finite_are_named(tmp_path, tensors, number):
    path = tmp_path / "good.safetensors"
    save_file({**tensors, "last.bias": torch.full((3,), number)}, path, metadata=metadata())
    assert "last.bias" in load(path)


class Harm:
    """What a pickle does when it is loaded: it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_is_not_loaded(tmp_path):
    path, harm = tmp_path / "good.safetensors", tmp_path / "harm"
    path.write_bytes(pickle.dumps(Harm(harm)))
    assert "is not a readable safetensors file" in load(path)
    torch.save({"weights": torch.zeros(1)}, path)
    assert "is not a readable safetensors file" in one_line(ab.load_improver, str(path))
    assert not harm.exists()


def test_what_is_no_file_of_weights_neither_hangs_nor_fails_otherwise(tmp_path):
    names = ("folder", "pipe", "loop", "none")
    folder, pipe, loop, none = (tmp_path / f"{name}.safetensors" for name in names)
    folder.mkdir()
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    for path, words in ((folder, "not a regular file"), (pipe, "not a regular file"), (none, "no such file")):
        assert words in load(path)
    assert "loop.safetensors" in load(loop)
    for name in ("x" * 300, "x" * 300 + ".safetensors", "run/" + "x" * 300, "../../etc/passwd", "a\nb"):
        assert load(name)


# Cards, tables, choices, manifests


CARD = {
    "format": run_card.FORMAT, "name": "first-run", "author": "Ada", "note": "", "date": "2026-01-31",
    "commit": "0" * 40, "pictures": "embedded", "train_pictures": 251, "test_pictures": 6,
    "hardware": {"device": "a processor", "threads": 2, "torch": "2.9", "hours": 0.3},
    "changes": {"improvers.held.steps": 900}, "predictors": {"good": {"mae": 0.06, "of_telea": 0.8}},
    "improvers": {}, "thumbnails": {},
}  # fmt: skip


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_change_that_is_no_number_is_refused(card, number):
    card.write_text(json.dumps(CARD).replace("900", f'[{{"a": {number}}}]'))
    assert "changes" in one_line(run_card.read_card, card.parent)


@pytest.fixture
def card(tmp_path):
    folder = tmp_path / "first-run"
    folder.mkdir()
    return folder / run_card.CARD


def test_damaged_cards_are_read_or_named(card):
    text, draw, refused = json.dumps(CARD).encode(), random.Random(2), 0
    for _ in range(400):
        card.write_bytes(damaged(text, draw))
        message = one_line(run_card.read_card, card.parent)
        assert not message or "first-run" in message
        refused += bool(message)
    assert refused > 200


@QUICK
@given(key=st.sampled_from(sorted(CARD)), value=ODD)
def test_any_value_in_a_card_is_taken_or_named_and_what_is_taken_can_be_written(card, key, value):
    try:
        card.write_text(json.dumps({**CARD, key: value}))
    except (TypeError, ValueError):
        return
    message = one_line(run_card.read_card, card.parent)
    # half a character is no JSON at all: its line and column are named instead
    assert (
        key in message or "Invalid JSON" in message
        if message
        else run_card.dumps(run_card.read_card(card.parent))
    )


def test_a_card_that_is_no_file(card, tmp_path):
    os.mkfifo(card)
    assert "card.json" in one_line(run_card.read_card, card.parent)
    card.unlink()
    card.mkdir()
    assert "card.json" in one_line(run_card.read_card, card.parent)
    assert one_line(run_card.read_card, tmp_path / "none")


def test_damaged_tables_of_ratings_are_read_or_named(tmp_path):
    for at in range(3):
        (tmp_path / f"{at}.png").write_bytes(b"")
    text = b"image,beauty,complexity\n0.png,1,0.5\n1.png,2,0.25\n2.png,-3,1e3\n"
    draw, refused = random.Random(3), 0
    for _ in range(400):
        (tmp_path / "ratings.csv").write_bytes(damaged(text, draw))
        message = one_line(read_rated, tmp_path)
        assert not message or "ratings.csv" in message
        refused += bool(message)
    assert refused > 150


@pytest.mark.parametrize("name", ["x" * 300, ".", "", "~", "/etc/passwd", "../0.png", "a\x00b", '"0\n.png"'])
def test_odd_names_in_a_table_of_ratings_are_refused(tmp_path, name):
    (tmp_path / "0.png").write_bytes(b"")
    (tmp_path / "ratings.csv").write_text(f"image,beauty\n{name},1\n")
    assert "ratings.csv" in one_line(read_rated, tmp_path)


@pytest.mark.parametrize("read", ["choices", "manifest", "json"])
def test_damaged_json_is_read_or_named(tmp_path, read):
    choice = {"picture": "a", "winner": "b", "loser": "original"}
    entry = {"name": "a", "split": "test", "source": "", "kind": "", "width": 3, "height": 4, "sha256": ""}
    path, tree, reader, argument = {
        "choices": ("a.json", {"format": FORMAT, "choices": [choice]}, read_choices, tmp_path / "a.json"),
        "manifest": (
            "manifest.json", {"source": "", "seed": 0, "pictures": [entry], "skipped": []}, read_manifest, tmp_path,
        ),
        "json": ("b.json", {"a": [1, {"b": 2.5}]}, read_json, tmp_path / "b.json"),
    }[read]  # fmt: skip
    write_json(tmp_path / path, tree)
    text, draw, refused = (tmp_path / path).read_bytes(), random.Random(4), 0
    for at in range(200):
        (tmp_path / path).write_bytes(damaged(text, draw) if at else b"[" * 100_000)
        message = one_line(reader, argument)
        assert not message or path in message
        refused += bool(message)
    assert refused > 80


# Nothing in the package turns bytes into objects


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {one.arg: ast.unparse(one.value) for one in node.keywords}


def unsafe(source: str) -> list[str]:
    """What of a module could run code that a file holds."""
    tree, found = ast.parse(source), []
    forbidden = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if name.split(".")[0] in forbidden]
    for name, keywords in calls(tree):
        if name.endswith("torch.load") and keywords.get("weights_only") != "True":
            found.append(name)
        if keywords.get("allow_pickle", "False") != "False":
            found.append(name)
        if name.endswith("read_pickle") or name in ("eval", "exec"):
            found.append(name)
        if name in ("yaml.load", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all") and (
            keywords.get("Loader", "").rpartition(".")[2] not in ("SafeLoader", "CSafeLoader")
        ):
            found.append(name)
        if name == "YAML" and keywords.get("typ") not in (None, "'safe'", "'rt'"):
            found.append(name)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_is_unpickled(path):
    assert unsafe(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from pickle import loads", "import joblib", "import dill as d", "torch.load(p)",
        "torch.load(p, weights_only=False)", "np.load(p, allow_pickle=True)", "pd.read_pickle(p)", "eval(text)",
        "yaml.load(text)", "yaml.load(text, Loader=yaml.Loader)", "YAML(typ='unsafe').load(text)",
    ],
)  # fmt: skip
def test_the_search_for_it_finds_each_way(source):
    assert unsafe(source)


def test_the_search_for_it_lets_safe_ways_pass():
    assert not unsafe(
        "torch.load(p, weights_only=True); np.load(p); YAML(typ='safe').load(t); yaml.safe_load(t)"
    )
