"""Rated pictures: reading them from any folder, refusing what is malformed, and the study."""

import numpy as np
import pytest
import torch
from PIL import Image

from abstract_beauty.data.ratings import read_rated
from abstract_beauty.errors import UserError
from abstract_beauty.experiments import ratings as experiment
from abstract_beauty.measures import correlation
from abstract_beauty.measures.fills import RingMeanFill
from abstract_beauty.params import load_params
from abstract_beauty.prediction.linear_fill import LinearFill


def pictures(folder, count, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(count):
        Image.new("RGB", (48, 40), (20 * at, 0, 0)).save(folder / f"{at}.{suffix}")


def test_a_folder_with_a_csv(tmp_path):
    pictures(tmp_path, 3)
    (tmp_path / "ratings.csv").write_text("\ufeffimage,beauty, complexity\n2.png,1,0.5\n0.png,3,7\n")
    (found,) = read_rated(tmp_path)
    assert [path.name for path in found.files] == ["2.png", "0.png"]
    assert {name: list(values) for name, values in found.ratings.items()} == {
        "beauty": [1, 3],
        "complexity": [0.5, 7],
    }


def test_a_folder_of_folders(tmp_path):
    for name in ("b", "a"):
        pictures(tmp_path / name, 1)
        (tmp_path / name / "ratings.csv").write_text("image,complexity\n0.png,1\n")
    (tmp_path / "c").mkdir()
    assert [one.name for one in read_rated(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize(
    "table",
    ["12\n30\n7\n", "score\n12\n30\n7\n", "image,score\n0.jpg,12\n1.jpg,30\n2.jpg,7\n", "0,12\n1,30\n2,7\n"],
    ids=["bare", "heading", "names", "numbers"],
)
def test_a_checkout_of_savoias(tmp_path, table):
    pictures(tmp_path / "Images" / "Suprematism", 3, "jpg")
    pictures(tmp_path / "Images" / "Interior Design", 3, "jpg")
    truth = tmp_path / "Ground truth" / "csv"
    truth.mkdir(parents=True)
    for key in ("sup", "ikea"):
        (truth / f"global_ranking_{key}.csv").write_text(table)
    found = read_rated(tmp_path)
    assert [one.name for one in found] == ["interior design", "suprematism"]
    assert [path.name for path in found[1].files] == ["0.jpg", "1.jpg", "2.jpg"]
    assert list(found[1].ratings["complexity"]) == [12, 30, 7]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "cannot be read as a table"),
        ("picture,complexity\n0.png,1\n", "needs a column 'image'"),
        ("image\n0.png\n", "at least one of ratings"),
        ("image,complexity\n0.png,high\n", "row 2: complexity is 'high', not a number"),
        ("image,complexity\n0.png,1\n1.png,\n", "row 3"),
        ("image,complexity\n0.png,inf\n", "row 2"),
        ("image,complexity\n9.png,1\n", "there is no '9.png'"),
        ("image,complexity\n../0.png,1\n", "leads out of the folder"),
        ("image,complexity\n0.png,1\n0.png,2\n", "is there twice"),
    ],
)
def test_a_malformed_table_is_named_with_its_row(tmp_path, table, words):
    pictures(tmp_path, 2)
    (tmp_path / "ratings.csv").write_text(table)
    with pytest.raises(UserError) as caught:
        read_rated(tmp_path)
    assert words in str(caught.value) and "ratings.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    pictures(tmp_path, 1)
    (tmp_path / "ratings.csv").write_bytes(b"image,c\xff\n\x00\xfe")
    with pytest.raises(UserError, match="cannot be read as a table"):
        read_rated(tmp_path)


def test_the_study_finds_a_measure_that_was_the_rating(tmp_path):
    rng = np.random.default_rng(0)
    drawn = []
    for at in range(12):
        picture = torch.full((3, 64, 64), 0.5)
        picture[:, :, : 5 * at] = torch.from_numpy(rng.uniform(size=(3, 64, 5 * at))).float()
        drawn.append(picture)
    linear = LinearFill()
    f = {"good": RingMeanFill(), "bad": RingMeanFill(), "linear": linear}
    table = experiment.scored(drawn, f, progress=False)
    found, tables = experiment.study(
        [experiment.Rated("drawn", drawn, {"rating": table["jpeg_bits"].to_numpy()})], f, 0, progress=False
    )
    measures = found["drawn"]["ratings"]["rating"]["measures"]
    assert measures["jpeg_bits"]["pearson"]["value"] == pytest.approx(1)
    assert "partial" not in measures["jpeg_bits"]
    assert measures["complexity"]["pearson"]["value"] > 0.8
    assert len(tables["drawn"]) == 12


def test_least_squares_finds_the_discount_that_made_the_ratings():
    import pandas as pd

    rng = np.random.default_rng(1)
    table = pd.DataFrame({"glance": rng.uniform(size=50), "grain": rng.uniform(size=50)})
    rating = 3 + 20 * (table["glance"] - 0.5 * table["grain"]).to_numpy()
    assert experiment.fitted_discount(table, rating) == pytest.approx(0.5)


def test_dials_have_levels_in_order():
    params = load_params(changes={"ratings": {"dial_pictures": 1}})
    for one in experiment.dials(params).values():
        assert list(one.ratings["level"]) == sorted(one.ratings["level"])
        assert len(one.pictures) >= correlation.FEWEST
        assert all(0 <= float(picture.min()) <= float(picture.max()) <= 1 for picture in one.pictures)
