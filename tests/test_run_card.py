"""Cards of runs: what is written can be read, and a malformed one is refused with the file and the key."""

import json

import pytest

from abstract_beauty.book import run_card
from abstract_beauty.errors import UserError
from abstract_beauty.project import find_project

GOOD = {
    "format": run_card.FORMAT, "name": "first-run", "author": "Ada", "note": "", "date": "2026-01-31",
    "commit": "0" * 40, "pictures": "embedded", "train_pictures": 251, "test_pictures": 6,
    "hardware": {"device": "a processor", "threads": 2, "torch": "2.9", "hours": 0.3},
    "changes": {"improvers.held.steps": 900}, "predictors": {"good": {"mae": 0.06, "of_telea": 0.8}},
    "improvers": {
        "held": {
            "change": 0.02, "error_judge": 0.05, "best_filter": None,
            "contrast_kept": 0.95, "high_frequency_kept": 0.9,
        },
    },
    "thumbnails": {"photograph": "photograph.webp"},
}  # fmt: skip


def folder_of(tmp_path, tree, thumbnail=b"RIFF0000WEBP", name="first-run"):
    folder = tmp_path / name
    folder.mkdir()
    (folder / run_card.CARD).write_text(tree if isinstance(tree, str) else json.dumps(tree))
    (folder / "photograph.webp").write_bytes(thumbnail)
    return folder


def test_what_is_written_is_read_again(tmp_path):
    card = run_card.read_card(folder_of(tmp_path, GOOD))
    assert card.improvers["held"].best_filter is None
    (tmp_path / "first-run" / run_card.CARD).write_text(run_card.dumps(card))
    assert run_card.read_card(tmp_path / "first-run") == card
    assert run_card.read_cards(tmp_path) == [card]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "format"),
        ({"train_pictures": "many"}, "train_pictures"),
        ({"train_pictures": -1}, "train_pictures"),
        ({"predictors": {"good": {"mae": 2.0, "of_telea": 1.0}}}, "predictors.good.mae"),
        ({"predictors": {"good": {"mae": 0.1}}}, "predictors.good.of_telea"),
        ({"commit": "main"}, "commit"),
        ({"date": "yesterday"}, "date"),
        ({"extra": 1}, "extra"),
        ({"name": "Other Run"}, "name"),
        ({"name": "other-run"}, "the folder is called"),
        ({"note": "x" * 700}, "note"),
        ({"thumbnails": {"p": "../photograph.webp"}}, "thumbnails"),
        ({"thumbnails": {"p": "missing.webp"}}, "missing.webp"),
        ({"hardware": None}, "hardware"),
    ],
)
def test_a_malformed_card_is_refused_in_one_line(tmp_path, change, words):
    with pytest.raises(UserError) as caught:
        run_card.read_card(folder_of(tmp_path, {**GOOD, **change}))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": NaN}', "[" * 10_000])
def test_what_is_no_card_is_refused(tmp_path, text):
    with pytest.raises(UserError, match=r"card\.json"):
        run_card.read_card(folder_of(tmp_path, text))


def test_what_does_not_belong_into_the_folder_is_refused(tmp_path):
    folder = folder_of(tmp_path, GOOD)
    (folder / "holiday.jpg").write_bytes(b"private")
    with pytest.raises(UserError, match="holiday"):
        run_card.read_card(folder)


def test_a_thumbnail_that_is_none_or_too_large_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a WebP"):
        run_card.read_card(folder_of(tmp_path, GOOD, b"GIF89a"))
    (tmp_path / "first-run" / "photograph.webp").write_bytes(b"RIFF" + bytes(run_card.LARGEST_THUMBNAIL))
    with pytest.raises(UserError, match="larger than 64 KiB"):
        run_card.read_card(tmp_path / "first-run")


def test_changes_are_named_by_their_dotted_keys():
    tree, default = {"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"b": 1, "c": [2]}, "e": 3}
    assert run_card.changes(tree, default) == {"a.c": [1], "d": 2, "e": None}


def test_paths_of_the_sender_s_machine_are_not_sent(tmp_path):
    from abstract_beauty.params import read_yaml

    root = find_project().root
    tree = read_yaml(root / "params.yaml")
    tree["data"] |= {"source": "folder", "train": ["../../pictures/mine"], "test": []}
    (tmp_path / "params.yaml").write_text(json.dumps(tree))
    assert run_card.changed_params(root, tmp_path / "params.yaml")["data.train"] == ["pictures/mine"]


def test_every_card_in_the_repository_is_well_formed():
    for folder in sorted((find_project().root / "results" / "runs").glob("[!.]*")):
        run_card.read_card(folder)


def test_the_schema_names_every_field():
    assert set(run_card.schema()["properties"]) == set(GOOD)
