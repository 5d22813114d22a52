"""The page "Try it on your picture" in a browser: its numbers are the command line's, and it says what goes wrong."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from abstract_beauty.cli import main
from abstract_beauty.data.embedded import photographs
from abstract_beauty.params import load_params

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SAMPLE, IMPROVER, TIMES = "coffee", "held", 3


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    """A photograph of 1024 x 768 pixels, and a file that is none."""
    folder = tmp_path_factory.mktemp("try")
    picture = Image.open(photographs() / "coffee.png").convert("RGB")
    picture.resize((1024, 768), Image.Resampling.LANCZOS).save(folder / "large.jpg", quality=92)
    (folder / "broken.jpg").write_bytes(b"not a picture")
    return folder


@pytest.fixture(scope="module")
def report(check, address, photograph):
    files = [photograph / "large.jpg", photograph / "broken.jpg"]
    return check("check_try", f"{address}/try.html", SAMPLE, IMPROVER, str(TIMES), *files)


def test_the_select_box_has_the_titles_of_params_in_their_order(report, html):
    titles = load_params().titles("improvers")
    listed = json.loads((html / "try" / "models" / "manifest.json").read_text())["improvers"]
    assert report["improvers"] == [titles[one["name"]] for one in listed]


def test_nothing_goes_wrong_and_nothing_is_fetched_from_outside(report):
    assert report["problems"] == []
    assert report["fetched"] <= 25 * 2**20


def test_the_scores_are_the_command_line_s(report, html, capsys):
    assert main(["score", str(html / "try" / "samples" / f"{SAMPLE}.png"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    shown = report["scores"]
    assert shown["predictability"] == pytest.approx(row["predictability"], abs=1e-3)
    assert shown["complexity"] == pytest.approx(row["complexity"], abs=1e-3)
    assert shown["progress-score"] == pytest.approx(row["progress"], rel=1e-2)
    assert shown["structure"] == pytest.approx(row["structure"], abs=1e-2)
    assert report["place"].startswith("above ")
    assert report["mapVaries"] > 10


def test_three_times_is_the_command_line_s(report, html, tmp_path):
    out = tmp_path / "three.png"
    sample = html / "try" / "samples" / f"{SAMPLE}.png"
    name = f"reference/{IMPROVER}"
    assert main(["improve", str(sample), "--out", str(out), "--improver", name, "--times", str(TIMES)]) == 0
    shown = Image.open(io.BytesIO(base64.b64decode(report["after"].partition(",")[2]))).convert("RGB")
    ours, cli = (np.asarray(image, dtype=float) / 255 for image in (shown, Image.open(out)))
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
    shown = Image.open(io.BytesIO(base64.b64decode(found["after"].partition(",")[2]))).convert("RGB")
    ours, cli, before = (
        np.asarray(image, dtype=float)[:height, :width] / 255
        for image in (shown, Image.open(out), Image.open(sample))
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


def test_what_is_no_picture_is_refused_with_a_word(report, photograph):
    found = report["files"][str(photograph / "broken.jpg")]
    assert not found["scored"]
    assert "not a picture that your browser can read" in found["say"]


def test_the_result_can_be_downloaded(report):
    assert report["download"] == f"{SAMPLE}-{IMPROVER}-1.png"


def test_a_picture_can_be_pasted_dropped_and_taken(report):
    assert set(report["given"]) == {"paste", "drop"}
    assert all(0 < float(value) < 1 for value in report["given"].values())
    assert report["camera"] == "environment"
