"""`abstract-beauty card`: a finished run becomes a card, and nothing that is no card is ever replaced."""

import json
import shutil
import subprocess
from pathlib import Path

import hostile
import pytest

from abstract_beauty.book import run_card
from abstract_beauty.cli import main
from abstract_beauty.data.images import read_image
from abstract_beauty.project import find_project

HERE = find_project()
IMPROVER = {
    "test": {
        "change": 0.02, "error_judge": 0.05, "contrast_kept": 0.95, "high_frequency_kept": 0.9,
        "progress": 1.2,
    },
    "best_filter": {"error_judge": None},
}  # fmt: skip


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A project with the numbers and networks of a small run."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(HERE.root / name, root / name)
    git(root, "init")
    git(root, "add", ".")
    git(root, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-m", "a start")
    pictures = {"pictures": 5, "pixels": 100, "kinds": {}}
    record = {
        "device": "a processor", "kind": "cpu", "instructions": "AVX2", "precision": "32-true", "threads": 3,
        "torch": "2.9", "seconds": 1800.0,
    }  # fmt: skip
    for name, tree in {
        "results/data.json": {"source": "embedded", "train": pictures, "test": {**pictures, "pictures": 2}},
        "results/fills.json": {"telea": {"mae": 0.1}},
        "results/predictors/good.json": {"test": {"mae": 0.08}},
        "results/predictors/.gone.json": "a half-written file",
        "results/improvers/held.json": IMPROVER,
        "models/run/predictors/good.record.json": record,
        "models/run/improvers/held.record.json": record,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(tree))
    networks = tmp_path / "networks"
    networks.mkdir()
    made = hostile.tiny_networks(networks)
    shutil.copyfile(made["four_sides"], root / "models/run/predictors/good.safetensors")
    shutil.copyfile(made["unet"], root / "models/run/improvers/held.safetensors")
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(root))
    return root


def card(*more: str) -> int:
    return main(["card", "--name", "mine", "--author", "Ada", *more])


def test_a_card_has_the_run_s_numbers_and_pictures(root, capsys):
    assert card("--note", "A try.") == 0
    folder = root / "results" / "runs" / "mine"
    assert capsys.readouterr().out == f"{folder}: the card of 1 predictors and 1 improvers\n"
    made = run_card.read_card(folder)
    assert (made.author, made.note, made.train_pictures, made.test_pictures) == ("Ada", "A try.", 5, 2)
    assert (made.hardware.threads, made.hardware.hours, made.hardware.instructions) == (3, 1.0, "AVX2")
    assert made.predictors["good"].of_telea == pytest.approx(0.8)
    assert set(made.predictors) == {"good"} and made.changes == {}
    assert made.improvers["held"].best_filter is None and made.improvers["held"].contrast_kept == 0.95
    assert set(made.thumbnails) == {"photograph", "prediction", "held"}
    sizes = {read_image(folder / file).shape[1:] for file in made.thumbnails.values()}
    assert len(sizes) == 1 and 160 in sizes.pop()
    assert main(["card", "--check", str(folder)]) == 0
    assert capsys.readouterr().out == "mine: well formed\n"


def test_an_earlier_card_is_replaced_whole(root):
    assert card() == 0
    (root / "models/run/improvers/held.safetensors").unlink()
    assert card("--note", "again") == 0
    runs = root / "results" / "runs"
    assert run_card.read_card(runs / "mine").note == "again"
    assert {path.name for path in (runs / "mine").iterdir()} == {
        run_card.CARD, "photograph.webp", "prediction.webp",
    }  # fmt: skip
    assert [path.name for path in runs.iterdir()] == ["mine"]


def test_a_folder_that_is_no_card_is_left_alone(root, capsys):
    kept = root / "results" / "runs" / "mine" / "diary.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("dear")
    assert card() == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert kept.read_text() == "dear"


def test_what_cannot_be_written_leaves_the_earlier_card(root, monkeypatch, capsys):
    assert card("--note", "first") == 0

    def full(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    assert card("--note", "second") == 2
    assert "mine: cannot be written (No space left on device)" in capsys.readouterr().err
    folder = root / "results" / "runs" / "mine"
    assert run_card.read_card(folder).note == "first"
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["My Run", "", "a/b", "x" * 41])
def test_a_name_that_is_none_is_refused(root, name, capsys):
    assert main(["card", "--name", name, "--author", "Ada"]) == 2
    assert "small letters" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda root: (root / "results/predictors/good.json").unlink(), "no measured predictor"),
        (lambda root: (root / "results/fills.json").write_text("{}"), "results of other code"),
        (
            lambda root: (root / "results/improvers/held.json").write_text('{"test": 3}'),
            "results of other code",
        ),
        (lambda root: (root / "results/data.json").unlink(), "data.json"),
        (
            lambda root: (root / "results/predictors/good.json").write_text('{"test": {"mae": 7}}'),
            "mae: Input should be",
        ),
    ],
    ids=["none", "fills", "improver", "data", "range"],
)
def test_a_run_that_is_not_whole_is_one_line(root, spoil, words, capsys):
    spoil(root)
    assert card() == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not (root / "results" / "runs").exists()


def test_a_profile_that_has_not_been_run_is_one_line(root, capsys):
    assert card("--profile", "smoke") == 2
    assert "make repro PROFILE=smoke" in capsys.readouterr().err
