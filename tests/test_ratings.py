"""Rated pictures: reading them from any folder, refusing what is malformed, and the study."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from abstract_beauty.data.ratings import read_rated
from abstract_beauty.errors import UserError
from abstract_beauty.experiments import observers as module
from abstract_beauty.experiments import ratings as experiment
from abstract_beauty.experiments.observers import Observer
from abstract_beauty.measures.fills import RingMeanFill
from abstract_beauty.params import load_params
from abstract_beauty.prediction.linear_fill import LinearFill
from abstract_beauty.project import find_project
from abstract_beauty.scores import correlation
from abstract_beauty.training.runs import Run


def pictures(folder, count):
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(count):
        Image.new("RGB", (48, 40), (20 * at, 0, 0)).save(folder / f"{at}.png")


def test_a_folder_with_a_csv_or_of_folders(tmp_path):
    for name in ("b", "a", "c"):
        pictures(tmp_path / name, 3)
    (tmp_path / "a" / "ratings.csv").write_text("\ufeffimage,beauty, complexity\n2.png,1,0.5\n0.png,3,7\n")
    (tmp_path / "b" / "ratings.csv").write_text("image,complexity\n0.png,1\n")
    assert [found.name for found in read_rated(tmp_path)] == ["a", "b"]
    (found,) = read_rated(tmp_path / "a")
    assert [path.name for path in found.files] == ["2.png", "0.png"]
    ratings = {name: list(values) for name, values in found.ratings.items()}
    assert ratings == {"beauty": [1, 3], "complexity": [0.5, 7]}


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("ratings.csv", "image,beauty,note\n0.png,1.5,dull\n1.png,3,fine\n2.png,2,\n"),
        ("ratings.csv", ",image,beauty\n0,0.png,1.5\n1,1.png,3\n2,2.png,2\n"),  # pandas' row numbers
        ("ratings.csv", "Image;Beauty\n0.png;1,5\n1.png;3\n2.png;2\n"),
        ("ratings.csv", "file_name\tbeauty\n.\\0.png\t1.5\n1\t3\n2.PNG\t2\n"),
        ("my ratings.tsv", "\ufeffwho\tbeauty\n0.png\t1.5\n1.png\t3\n2.png\t2\n"),
        ("scores.csv", "image,arousal,Beauty mean\n0.png,2,1.5\n1.png,9,3\n2.png,9,2\n"),
        ("ratings.csv", "image,beauty,other\n0.png,1.5,\n1.png,3,\n2.png,2,8\n"),
        ("ratings.csv", "image,beauty\n0.png,1.5\n1.png,3\n3.png,n/a\n2.png,2\n"),
        ("ratings.csv", "\timage\tbeauty\n0\t0.png\t1.5\n1\t1.png\t3\n2\t2.png\t2\n"),
        ("ratings.csv", "\n \nsep=;\nimage;beauty\n0.png;1,5\n1.png;3\n2.png;2\n"),
        ("ratings.csv", "image,beauty\n0.png,1.5,\n1.png,3,\n2.png,2,\n"),
        ("ratings.csv", 'image;"beauty (1, 2, 3)"\n0.png;1.5\n1.png;3\n2.png;2\n'),
        ("ratings.csv", "image beauty\n0.png 1.5\n1.png 3\n2.png 2\n".replace(" ", "\t")),
    ],
)
def test_tables_as_people_have_them(tmp_path, name, table):
    pictures(tmp_path, 4)
    (tmp_path / name).write_text(table, encoding="utf-8")
    (tmp_path / "readme.txt").write_text("by hand\n")
    (tmp_path / "1.cr2").write_text("what 1.png was made from")
    (found,) = read_rated(tmp_path)
    assert [path.name for path in found.files] == ["0.png", "1.png", "2.png"]
    assert list(next(iter(found.ratings.values()))) == [1.5, 3, 2]
    assert next(iter(found.ratings)).lower().startswith("beauty")


def test_what_is_no_rating_is_left_out_and_named(tmp_path):
    pictures(tmp_path / "sub", 4)
    rows = ["0.png;7;dull;1;2", "1.png;8;fine;1;3", "2.png;9;;1;x", "3.png;10;;1;1"]
    (tmp_path / "ratings.csv").write_text("picture;id;note;session;liking\n" + "\n".join(rows))
    (found,) = read_rated(tmp_path)
    assert {name: list(values) for name, values in found.ratings.items()} == {"liking": [2, 3, 1]}
    assert found.left_out == (
        "column 'id': only numbers the rows", "column 'note': is text", "column 'session': is 1 for every picture",
        "2.png: a number is missing",
    )  # fmt: skip


def test_a_doubtful_column_is_taken_where_there_is_no_other(tmp_path):
    pictures(tmp_path, 2)
    (tmp_path / "ratings.csv").write_text("image,rater's mark,note\n0.png,2,dull\n1.png,2,fine\n")
    (found,) = read_rated(tmp_path)
    assert list(found.ratings) == ["rater's mark"] and found.left_out == ("column 'note': is text",)


def test_of_several_tables_one_must_be_called_ratings(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("image,beauty\n")
    with pytest.raises(UserError, match="holds several tables"):
        read_rated(tmp_path)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "cannot be read as a table"),
        ("image,c\udcff\n\x00\udcfe", "cannot be read as a table"),
        ("size,complexity\n5,1\n", "needs a column 'image'"),
        ("image\n0.png\n", "at least one of ratings"),
        ("image,complexity\n0.png,high\n", "row 2: complexity is 'high', not a number"),
        ("image,complexity\n0.png,\n1.png,\n", "row 2: complexity is '', not a number"),
        ("image,complexity\n0.png,inf\n", "row 2"),
        ("image,complexity\n9.png,1\n", "there is no '9.png'"),
        ("image,complexity\n../0.png,1\n", "leads out of the folder"),
        ("image,complexity\n0.png,1\n0.png,2\n", "is there twice"),
        ("0.png,1\n1.png,2\n", "first line names a picture"),
        ("image,beauty,beauty \n0.png,1,2\n", "two columns are called 'beauty'"),
        ('image,beauty\n0.png,"1\n1.png,2\n', "cannot be read as a table"),
        ('image,beauty\n"0.png,1\n1.png,2\n0.png"",3"\n', "quotation mark"),
    ],
)
def test_a_malformed_table_is_named_with_its_row(tmp_path, table, words):
    pictures(tmp_path, 2)
    (tmp_path / "ratings.csv").write_bytes(table.encode(errors="surrogateescape"))
    with pytest.raises(UserError) as caught:
        read_rated(tmp_path)
    assert words in str(caught.value) and "ratings.csv" in str(caught.value)


def test_the_study_finds_a_measure_that_was_the_rating():
    noise = torch.from_numpy(np.random.default_rng(0).uniform(size=(12, 3, 64, 64))).float()
    drawn = [torch.where(torch.arange(64) < 5 * at, noise[at], 0.5) for at in range(12)]
    f = {"good": RingMeanFill(), "bad": RingMeanFill(), "linear": LinearFill()}
    sizes = experiment.scored(experiment.Rated("drawn", drawn, {}), f, progress=False)["jpeg_bits"].to_numpy()
    rated = experiment.Rated("drawn", drawn, {"rating": sizes})
    found = experiment.study([rated], f, 0, progress=False)
    measures = found["drawn"]["ratings"]["rating"]["measures"]
    assert list(measures) == experiment.measures()
    assert measures["jpeg_bits"]["pearson"]["value"] == pytest.approx(1)
    assert "partial" not in measures["jpeg_bits"]
    assert measures["complexity"]["pearson"]["value"] > 0.8
    assert found["drawn"]["pictures"] == 12


def test_least_squares_finds_the_discount_that_made_the_ratings():
    table = pd.DataFrame(np.random.default_rng(1).uniform(size=(50, 2)), columns=["glance", "texture"])
    rating = 3 + 20 * (table["glance"] - 0.5 * table["texture"]).to_numpy()
    assert experiment.fitted_discount(table, rating) == pytest.approx(0.5)


def test_dials_have_levels_in_order():
    params = load_params(changes={"ratings": {"dial_pictures": 1}})
    for rated in experiment.dials(params):
        assert list(rated.ratings["level"]) == sorted(rated.ratings["level"])
        assert len(rated.files) >= correlation.FEWEST
        assert all(0 <= float(picture.min()) <= float(picture.max()) <= 1 for picture in rated.pictures())


@pytest.mark.parametrize(("count", "words"), [(3, "at least 4"), (4, "too small")])
def test_too_few_or_too_small_pictures_are_refused(tmp_path, count, words):
    for at in range(count):
        Image.new("RGB", (31, 400)).save(tmp_path / f"{at}.png")
    (tmp_path / "ratings.csv").write_text(
        "\n".join(["image,liking", *(f"{at}.png,1" for at in range(count))])
    )
    with pytest.raises(UserError, match=words):
        [rated] = experiment.of_files("here", read_rated(tmp_path))
        list(rated.pictures())


def test_every_observer_is_a_row_and_leaves_no_training_behind(monkeypatch):
    network = RingMeanFill()
    run = Run("observer", network, [], {}, Path("a/b"))
    seen = [
        Observer("width 4", "5 steps", 5, network, run=run),
        Observer("side", "48 pixels", 48, network, side=48),
    ]
    forgotten = []
    monkeypatch.setattr(experiment, "observers", lambda *_: iter(seen))
    monkeypatch.setattr(experiment, "squares", lambda *_: {"test": torch.rand(1, 3, 64, 64)})
    monkeypatch.setattr(experiment, "forget", lambda *found: forgotten.extend(found))
    level = {"level": np.arange(4.0)}
    noise = [0.5 + (torch.rand(3, 64, 64) - 0.5) * at / 4 for at in range(4)]
    turned = [experiment.Rated("noise", noise, level)]
    asked = {
        "people": experiment.Asked(turned, correlation.spearman),
        "beauty": experiment.Asked(
            turned, correlation.spearman, experiment.mean_error, lambda seen: -seen + 1
        ),
    }
    rows = experiment.observed(find_project(), load_params(), {"good": network}, asked)
    assert [(row["series"], row["label"], row["value"]) for row in rows] == [
        ("width 4", "5 steps", 5), ("side", "48 pixels", 48)
    ]  # fmt: skip
    assert all(row[key]["noise"] == pytest.approx(1) for row in rows for key in asked)
    assert rows[0]["error"] == pytest.approx(0.25, abs=0.02)
    assert forgotten == [run]


def test_other_training_pictures_are_folders_or_generated_ones(monkeypatch, tmp_path):
    others = {"generated": [], "photographs": [str(tmp_path)]}
    params = load_params(changes={"ratings": {"others": others, "lengths": [], "widths": [], "sides": []}})
    run = Run("observer", RingMeanFill(), [], {}, Path("a/b"))
    sources = []
    monkeypatch.setattr(module, "ensure_data", lambda home, asked: sources.append(asked.data) or home)
    monkeypatch.setattr(module, "predictor_run", lambda *_, **__: run)
    found = [observer.label for observer in module.observers(find_project(), params, {})]
    assert found == ["trained on generated", "trained on photographs"]
    assert [(data.source, data.train) for data in sources] == [("embedded", ()), ("folder", (str(tmp_path),))]
