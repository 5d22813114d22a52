"""The page "Try it on your picture" in a browser: its numbers are the command line's, and it says what goes wrong."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from abstract_beauty.cli import main
from abstract_beauty.data.embedded import photographs
from abstract_beauty.params import load_params

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SAMPLE, IMPROVER, TIMES = "coffee", "held", 3


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    """Photographs of 1024 x 768 pixels and of a phone's 24 million, and files that are refused.

    The phone's lies on its side, and its colour profile takes red for green: sRGB's with two names exchanged.
    """
    folder = tmp_path_factory.mktemp("try")
    picture = Image.open(photographs() / "coffee.png").convert("RGB")
    picture.resize((1024, 768), Image.Resampling.LANCZOS).save(folder / "large.jpg", quality=92)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = profile.replace(b"rXYZ", b"----", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"----", b"gXYZ", 1)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    picture.resize((5712, 4284)).save(folder / "phone.jpg", icc_profile=exchanged, exif=exif)
    picture.resize((2000, 100)).save(folder / "thin.png")
    for name in ("broken.jpg", "broken.heic"):
        (folder / name).write_bytes(b"not a picture")
    return folder


@pytest.fixture(scope="module")
def report(check, address, photograph):
    files = [
        photograph / name for name in ("large.jpg", "thin.png", "phone.jpg", "broken.jpg", "broken.heic")
    ]
    return check("check_try", f"{address}/try.html", SAMPLE, IMPROVER, str(TIMES), *files)


def test_the_select_box_has_the_titles_of_params_in_their_order(report, html):
    titles = load_params().titles("improvers")
    listed = json.loads((html / "try" / "models" / "manifest.json").read_text())["improvers"]
    assert report["improvers"] == [titles[one["name"]] for one in listed]


def shown(address):
    """The picture of a canvas."""
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")


def test_it_begins_with_a_sample_scored(report, html):
    listed = json.loads((html / "try" / "models" / "manifest.json").read_text())["samples"]
    assert report["begun"] == listed[0]["name"]


def test_nothing_goes_wrong_and_nothing_is_fetched_from_outside(report):
    assert report["problems"] == []
    assert report["fetched"] <= 25 * 2**20


def test_the_scores_are_the_command_line_s(report, html, capsys):
    assert main(["score", str(html / "try" / "samples" / f"{SAMPLE}.png"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    scores = report["scores"]
    assert scores["predictability"] == pytest.approx(row["predictability"], abs=1e-3)
    assert scores["complexity"] == pytest.approx(row["complexity"], abs=1e-3)
    assert scores["progress-score"] == pytest.approx(row["progress"], rel=1e-2)
    assert scores["structure"] == pytest.approx(row["structure"], abs=1e-2)
    assert report["place"].startswith("above ")
    assert report["mapVaries"] > 10


def test_three_times_is_the_command_line_s(report, html, tmp_path):
    out = tmp_path / "three.png"
    sample = html / "try" / "samples" / f"{SAMPLE}.png"
    name = f"reference/{IMPROVER}"
    assert main(["improve", str(sample), "--out", str(out), "--improver", name, "--times", str(TIMES)]) == 0
    ours, cli = (np.asarray(image, dtype=float) / 255 for image in (shown(report["after"]), Image.open(out)))
    assert np.abs(ours - cli).mean() < 1e-3
    assert np.abs(ours - cli).max() < 0.05
    before = np.asarray(Image.open(sample), dtype=float) / 255
    assert np.abs(cli - before).mean() > 2 * np.abs(ours - cli).mean()


def test_the_mover_s_picture_is_the_command_line_s_and_its_score_stands_beside_the_one_before(
    report, html, tmp_path
):
    out, sample = tmp_path / "moved.png", tmp_path / "whole-cells.png"
    picture = Image.open(html / "try" / "samples" / f"{SAMPLE}.png")
    width, height = (
        side - side % 4 for side in picture.size
    )  # the page leaves the last lines where they are
    picture.crop((0, 0, width, height)).save(sample)
    assert main(["improve", str(sample), "--out", str(out), "--improver", "reference/mover"]) == 0
    found = report["moved"]
    ours, cli, before = (
        np.asarray(image, dtype=float)[:height, :width] / 255
        for image in (shown(found["after"]), Image.open(out), Image.open(sample))
    )
    # the page draws by plain cubic interpolation, from bytes, and a look builds on the one before: alike, not the same
    assert np.abs(ours - cli).mean() < 0.5 * np.abs(cli - before).mean()
    assert np.corrcoef((ours - before).ravel(), (cli - before).ravel())[0, 1] > 0.8
    assert found["score"] < report["scores"]["predictability"]
    assert "smaller" in found["said"] and found["againHidden"] and found["card"].endswith("-mover-card.png")


def test_a_large_photograph_is_scored_and_improved(report, photograph):
    found = report["files"][str(photograph / "large.jpg")]
    assert found["scored"]
    assert found["mapSeconds"] > 0 and found["improveSeconds"] > 0


def test_a_phone_s_photograph_is_turned_and_its_colours_are_read_by_their_profile(report, photograph):
    found = report["files"][str(photograph / "phone.jpg")]
    assert found["scored"]
    whole = ImageOps.exif_transpose(Image.open(photograph / "phone.jpg"))
    red, green, blue = whole.resize((512, 683), Image.Resampling.LANCZOS).split()
    expected = Image.merge("RGB", (green, red, blue))
    ours = shown(found["picture"])
    assert ours.size == expected.size
    assert np.abs(np.asarray(ours, dtype=float) - np.asarray(expected, dtype=float)).mean() < 3


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("broken.jpg", "not a picture that your browser can read"),
        ("broken.heic", "HEIC"),
        ("thin.png", "too long and thin"),
    ],
)
def test_what_is_refused_is_refused_with_a_word_and_nothing_of_another_picture_stays(
    report, photograph, name, word
):
    found = report["files"][str(photograph / name)]
    assert not found["scored"] and not found["shown"]
    assert word in found["say"]


def test_the_scores_after_stand_beside_those_before(report):
    before = f"{report['scores']['predictability']:.4f}"
    assert report["said"].startswith(f"Predictability {before} →") and "Complexity" in report["said"]


def test_what_was_done_is_kept_when_the_reader_stops(report):
    kept = report["kept"]
    assert kept["times"] == kept["shown"] and 1 <= int(kept["shown"]) < 30 and kept["left"] == ""


def test_the_result_can_be_downloaded(report):
    assert report["download"] == f"{SAMPLE}-{IMPROVER}-1.png"


def test_a_picture_can_be_pasted_dropped_and_taken(report):
    assert set(report["given"]) == {"paste", "drop"}
    assert all(0 < float(value) < 1 for value in report["given"].values())
    assert report["camera"] == "environment"
