"""`abstract-beauty card`: a finished run becomes a card; one that is malformed is named by file and key."""

import json
import subprocess
from pathlib import Path

import pytest

from abstract_beauty import weights
from abstract_beauty.book import run_card
from abstract_beauty.cli import main
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json
from abstract_beauty.params import as_tree, load_params
from abstract_beauty.project import find_project

HERE = find_project()
KEPT = {"change": 0.02, "error_judge": 0.05, "contrast_kept": 0.95, "high_frequency_kept": 0.9}
MACHINE = {"device": "a processor", "instructions": "AVX2", "threads": 3, "torch": "2.9", "seconds": 1800.0}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with the numbers and networks of a small run."""
    root = tmp_path / "project"
    for name, tree in {
        "params.yaml": as_tree(load_params(HERE.params)),
        "dvc.yaml": {},
        "results/data.json": {"source": "embedded", "train": {"pictures": 5}, "test": {"pictures": 2}},
        "results/fills.json": {"telea": {"mae": 0.1}},
        "results/predictors/good.json": {"test": {"mae": 0.08}},
        "results/improvers/held.json": {"test": KEPT, "best_filter": {"error_judge": None}},
        "models/run/predictors/good.record.json": MACHINE,
        "models/run/improvers/held.record.json": MACHINE,
    }.items():
        write_json(root / name, tree)
    for kind, name, network in (("predictors", "good", "four_sides"), ("improvers", "held", "unet")):
        path = root / "models" / "run" / kind / f"{name}.safetensors"
        weights.save(path, weights.build(kind, network, 4), weights.Description(kind, name, network, 4, {}))
    for arguments in (
        ["init"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-m", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(root))
    return root


def full(*_):
    raise OSError(28, "No space left on device")


def card(*more):
    return main(["card", "--name", "mine", "--author", "Ada", *more])


def test_a_card_has_the_run_s_numbers_and_pictures(root, capsys):
    assert card("--note", "A try.") == 0
    folder = root / "results" / "runs" / "mine"
    assert capsys.readouterr().out == f"{folder}: the card of 1 predictors and 1 improvers\n"
    made = run_card.read_card(folder)
    assert (made.author, made.note, made.train_pictures, made.test_pictures) == ("Ada", "A try.", 5, 2)
    assert (made.hardware.threads, made.hardware.hours, made.hardware.instructions) == (3, 1.0, "AVX2")
    assert made.predictors["good"].of_telea == pytest.approx(0.8) and made.changes == {}
    assert made.improvers["held"].best_filter is None and made.improvers["held"].contrast_kept == 0.95
    assert {path.name for path in folder.iterdir()} == {run_card.CARD, *made.thumbnails.values()}
    assert set(made.thumbnails) == {"photograph", "prediction", "held"}
    assert main(["card", "--check", str(folder)]) == 0
    assert capsys.readouterr().out == "mine: well formed\n"


def test_an_earlier_card_is_replaced_whole_or_left(root, monkeypatch, capsys):
    assert card() == 0
    (root / "models/run/improvers/held.safetensors").unlink()
    assert card("--note", "again") == 0
    folder = root / "results" / "runs" / "mine"
    assert {path.name for path in folder.iterdir()} == {run_card.CARD, "photograph.webp", "prediction.webp"}
    monkeypatch.setattr(Path, "write_bytes", full)
    assert card("--note", "third") == 2
    assert "mine: cannot be written (No space left on device)" in capsys.readouterr().err
    assert json.loads((folder / run_card.CARD).read_text())["note"] == "again"
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "My Run"], "small letters"),
        (["--name", ""], "small letters"),
        (["--note", "x" * 700], "note: String should have at most 600"),
        (["--name", "diary"], "diary/card.json: no such file"),
        (["--profile", "smoke"], "make repro PROFILE=smoke"),
    ],
)
def test_what_cannot_be_sent_is_one_line(root, arguments, words, capsys):
    write_json(root / "results" / "runs" / "diary" / "diary.txt", "a folder that is no card is left alone")
    assert card(*arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "tree", "words"),
    [
        ("predictors/good.json", None, "no measured predictor"),
        ("data.json", None, "data.json"),
        ("fills.json", {}, "results of other code"),
        ("improvers/held.json", {"test": 3}, "results of other code"),
        ("predictors/good.json", {"test": {"mae": 7}}, "mae: Input should be"),
    ],
)
def test_a_run_that_is_not_whole_is_one_line(root, file, tree, words, capsys):
    (root / "results" / file).unlink()
    if tree is not None:
        write_json(root / "results" / file, tree)
    assert card() == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and not (root / "results" / "runs").exists()


def test_changed_parameters_are_named_and_the_sender_s_folders_are_not(root):
    params = load_params(HERE.params, changes={"seed": 1, "improvers": {"held": {"steps": 9}}})
    folders = {"source": "folder", "train": ["../../pictures/mine", "/home/ada/other"]}
    write_json(root / "params.yaml", as_tree(params) | {"data": folders})
    changes = run_card.changed_params(root, root / "params.yaml")
    assert changes["data.train"] == ["pictures/mine", "other"]
    assert (changes["seed"], changes["improvers.held.steps"]) == (
        1,
        9,
    ) and "improvers.held.width" not in changes


GOOD = {
    "format": run_card.FORMAT, "name": "first-run", "author": "Ada", "note": "", "date": "2026-01-31",
    "commit": "0" * 40, "pictures": "embedded", "train_pictures": 251, "test_pictures": 6,
    "hardware": {"device": "a processor", "threads": 2, "torch": "2.9", "hours": 0.3}, "changes": {},
    "predictors": {"good": {"mae": 0.06, "of_telea": 0.8}}, "improvers": {"held": {**KEPT, "best_filter": None}},
    "thumbnails": {"photograph": "photograph.webp"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "format"),
        ({"train_pictures": "many"}, "train_pictures"),
        ({"predictors": {"good": {"mae": 2.0, "of_telea": 1.0}}}, "predictors.good.mae"),
        ({"predictors": {"good": {"mae": 0.1}}}, "predictors.good.of_telea"),
        ({"commit": "main"}, "commit"),
        ({"extra": 1}, "extra"),
        ({"name": "other-run"}, "the folder is called"),
        ({"thumbnails": {"p": "../photograph.webp"}}, "thumbnails"),
        ({"thumbnails": {"photograph": "photograph.webp", "p": "missing.webp"}}, "missing.webp"),
        ({"thumbnails": {}}, "photograph.webp: does not belong"),
        ({"hardware": None}, "hardware"),
    ],
)
def test_a_malformed_card_is_refused_in_one_line(tmp_path, monkeypatch, change, words):
    folder = tmp_path / "first-run"
    write_json(folder / "photograph.webp", "a picture")
    write_json(folder / run_card.CARD, GOOD)
    assert run_card.read_card(folder).improvers["held"].change == 0.02
    write_json(folder / run_card.CARD, {**GOOD, **change})
    with pytest.raises(UserError) as caught:
        run_card.read_card(folder)
    assert words in str(caught.value)
    write_json(folder / run_card.CARD, GOOD)
    monkeypatch.setattr(run_card, "LARGEST", 100)
    with pytest.raises(UserError, match="is larger than"):
        run_card.read_card(folder)


def test_every_card_in_the_repository_is_well_formed():
    for folder in sorted((HERE.results / "runs").glob("[!.]*")):
        run_card.read_card(folder)
