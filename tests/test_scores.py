"""Scores of a picture: what they are made of, what must not change them, and how a new one comes in."""

import io
import json

import pytest
import torch
from PIL import Image

import abstract_beauty as ab
from abstract_beauty.cli import main
from abstract_beauty.data.embedded import photographs
from abstract_beauty.data.generators.dials import LEVELS, dial_picture
from abstract_beauty.data.images import decode_image, read_image, to_bytes
from abstract_beauty.measures.fills import RingMeanFill
from abstract_beauty.scores import Measure, correlation, scores


@pytest.fixture(scope="module")
def networks():
    return {name: ab.load_predictor(f"reference/{name}") for name in ("good", "bad", "linear")}


@pytest.fixture(scope="module")
def complexity(networks):
    return lambda picture: ab.complexity(picture, networks["good"], networks["linear"])


@pytest.fixture(scope="module")
def photograph():
    return read_image(photographs() / "coffee.png")


def test_missed_counts_half_an_error_of_a_twentieth():
    y = torch.zeros(3, 3, 40, 40)
    z = y + scores.NOTICED * torch.tensor([0.0, 1, 100]).view(3, 1, 1, 1)
    torch.testing.assert_close(scores.missed(y, z), torch.tensor([0.0, 0.5, 1.0]), atol=1e-3, rtol=0)


def test_complexity_is_its_formula(networks, photograph, complexity):
    def share(f, side):
        y = ab.resize_short_side(ab.resize_short_side(photograph, 512), side)[None]
        return (
            sum(float(scores.missed(y, ab.full_prediction(f, y, phase))) for phase in scores.errors.PHASES)
            / 4
        )

    expected = share(networks["good"], 128) - share(networks["linear"], 256) / 2
    assert complexity(photograph) == pytest.approx(expected, abs=1e-6)
    assert ab.score(photograph, **networks).complexity == complexity(photograph)


def test_a_file_is_scored_by_the_reference_run(networks, photograph):
    found, expected = ab.score(photographs() / "coffee.png"), ab.score(photograph, **networks)
    assert {key: vars(found)[key] for key in scores.SCORES} == {
        key: vars(expected)[key] for key in scores.SCORES
    }
    with pytest.raises(ab.UserError, match="no such file"):
        ab.score("nowhere.png")


def test_only_the_scores_that_are_wanted_are_computed_and_what_two_need_once(
    networks, photograph, monkeypatch
):
    asked = []

    def full_prediction(f, y, phase=(0, 0)):
        asked.append((id(f), tuple(y.shape[2:]), phase))
        return ab.full_prediction(f, y, phase)

    monkeypatch.setattr(scores, "full_prediction", full_prediction)
    everything = vars(scores.score(photograph, **networks))
    assert len(asked) == len(set(asked))
    asked.clear()
    few = vars(scores.score(photograph, **networks, names=["structure", "complexity"]))
    assert few.keys() == {"structure", "complexity", "map", "z"}
    assert all(few[name] == everything[name] for name in ("structure", "complexity"))
    assert len(asked) == 2 + 4 + 4  # the picture by two predictors, and each part of complexity on four grids


def test_structure_is_what_the_border_does_not_know(photograph):
    fill = RingMeanFill()
    assert ab.score(photograph[:, :96, :96], fill, fill, fill).structure == pytest.approx(0)


def test_a_flat_picture_holds_nothing(networks):
    found = ab.score(torch.full((3, 64, 64), 0.4), **networks)
    assert found.complexity == pytest.approx(0, abs=1e-2)
    assert max(found.predictability, found.predictability_64) < 0.002
    assert found.map.shape == (64, 64) and found.z.shape == (3, 64, 64)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_format_of_the_file_does_not_matter(photograph, complexity, kind):
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(photograph).permute(1, 2, 0).numpy()).save(buffer, kind, quality=90)
    buffer.seek(0)
    again = decode_image(buffer, f"picture.{kind}")
    assert complexity(again) == pytest.approx(complexity(photograph), rel=0.02)


def test_a_camera_of_more_pixels_does_not_matter(complexity):
    small = ab.resize_short_side(read_image(photographs() / "retina.jpg"), 600)
    large = torch.nn.functional.interpolate(small[None], scale_factor=2, mode="bicubic")[0].clamp(0, 1)
    assert complexity(large) == pytest.approx(complexity(small), rel=0.02)


@pytest.mark.parametrize("grey", [0.0, 1.0, 0.5])
def test_a_plain_frame_does_not_matter(photograph, complexity, grey):
    framed = torch.nn.functional.pad(photograph, (20, 30, 40, 50), value=grey)
    assert complexity(framed) == pytest.approx(complexity(photograph), rel=0.02)


def test_what_is_only_frame_or_too_small_inside_is_left_as_it_is():
    flat = torch.full((3, 70, 70), 0.3)
    assert scores.trimmed(flat) is flat
    dot = flat.clone()
    dot[:, 30:40, 30:40] = 0.9
    assert scores.trimmed(dot) is dot


@pytest.mark.parametrize("dial", ["more shapes", "more strokes", "finer patches"])
def test_the_score_rises_along_a_dial(complexity, dial):
    means = [
        sum(
            complexity(torch.from_numpy(dial_picture(dial, level, at, 3, 160)).permute(2, 0, 1))
            for at in range(3)
        )
        / 3
        for level in range(0, LEVELS, 2)
    ]
    assert means == sorted(means)
    assert means[-1] > means[0] + 0.1


def test_a_new_score_is_one_function_and_one_row(monkeypatch, tmp_path, capsys):
    def brightness(look):
        """How bright the picture is."""
        return float(look.y.mean())

    monkeypatch.setattr(correlation, "RESAMPLES", 20)
    monkeypatch.setitem(scores.SCORES, "brightness", Measure(brightness, "mean brightness"))
    for level in range(4):
        Image.new("RGB", (32, 32), (60 * level,) * 3).save(tmp_path / f"{level}.png")
    rows = ["image,liking", *(f"{level}.png,{level}" for level in range(4))]
    (tmp_path / "ratings.csv").write_text("\n".join(rows))
    assert main(["score", str(tmp_path / "1.png"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    first = ["predictability", "progress", "structure", "complexity"]
    scales = [f"predictability_{side}" for side in (64, 128, 256)]
    assert list(row) == ["image", *first, *scales, "brightness", "width", "height", "predictor"]
    assert row["brightness"] == pytest.approx(60 / 255, abs=1e-5)
    assert main(["score", str(tmp_path / "1.png")]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [*first, "brightness", "image"]
    assert main(["ratings", str(tmp_path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out).values()
    measures = found["ratings"]["liking"]["measures"]
    assert measures["brightness"]["pearson"]["value"] == pytest.approx(1, abs=1e-4)
    assert list(measures)[:2] == ["complexity", "predictability"]
