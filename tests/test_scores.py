"""Scores of a picture: what they are made of, and what must not change them."""

import io

import pytest
import torch
from PIL import Image

import abstract_beauty as ab
from abstract_beauty.data.embedded import photographs
from abstract_beauty.data.images import decode_image, read_image, to_bytes
from abstract_beauty.measures import scores
from abstract_beauty.measures.fills import RingMeanFill


@pytest.fixture(scope="module")
def networks():
    return {name: ab.load_predictor(f"reference/{name}") for name in ("good", "bad", "linear")}


@pytest.fixture(scope="module")
def photograph():
    return read_image(photographs() / "coffee.png")


def encoded(picture, kind, **options):
    """The picture as it comes back from a file of this kind."""
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(picture).permute(1, 2, 0).numpy()).save(buffer, kind, **options)
    buffer.seek(0)
    return decode_image(buffer, f"picture.{kind}")


def test_missed_counts_half_an_error_of_a_twentieth():
    y = torch.zeros(3, 3, 40, 40)
    z = y.clone()
    z[1] += scores.NOTICED
    z[2] += 100 * scores.NOTICED
    torch.testing.assert_close(scores.missed(y, z), torch.tensor([0.0, 0.5, 1.0]), atol=1e-3, rtol=0)


def test_complexity_is_its_formula(networks, photograph):
    good, linear = networks["good"], networks["linear"]

    def share(f, side):
        y = ab.resize_short_side(ab.resize_short_side(photograph, 512), side)[None]
        return sum(float(scores.missed(y, ab.full_prediction(f, y, phase))) for phase in scores.PHASES) / 4

    expected = share(good, 128) - share(linear, 256) / 2
    assert ab.complexity(photograph, good, linear) == pytest.approx(expected, abs=1e-6)
    found = ab.score(photograph, good, networks["bad"], linear)
    assert found.complexity == pytest.approx(expected, abs=1e-6)
    assert found.complexity == pytest.approx(found.glance - found.grain / 2)


def test_structure_is_what_the_border_does_not_know(photograph):
    fill = RingMeanFill()
    assert ab.score(photograph[:, :96, :96], fill, fill, fill).structure == pytest.approx(0)


def test_a_flat_picture_holds_nothing(networks):
    found = ab.score(torch.full((3, 64, 64), 0.4), **networks)
    assert found.complexity == pytest.approx(0, abs=1e-2)
    assert found.predictability < 0.002


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 90}),
        ("WEBP", {"quality": 95}),
        ("TIFF", {}),
    ],
    ids=lambda value: str(value),
)
def test_the_format_of_the_file_does_not_matter(networks, photograph, kind, options):
    good, linear = networks["good"], networks["linear"]
    before, after = (
        ab.complexity(one, good, linear) for one in (photograph, encoded(photograph, kind, **options))
    )
    assert after == pytest.approx(before, rel=0.02)


def test_a_camera_of_more_pixels_does_not_matter(networks):
    good, linear = networks["good"], networks["linear"]
    small = ab.resize_short_side(read_image(photographs() / "retina.jpg"), 600)
    large = torch.nn.functional.interpolate(small[None], scale_factor=2, mode="bicubic")[0].clamp(0, 1)
    assert ab.complexity(large, good, linear) == pytest.approx(ab.complexity(small, good, linear), rel=0.02)


@pytest.mark.parametrize("grey", [0.0, 1.0, 0.5])
def test_a_plain_frame_does_not_matter(networks, photograph, grey):
    good, linear = networks["good"], networks["linear"]
    height, width = photograph.shape[1:]
    framed = torch.full((3, height + 90, width + 50), grey)
    framed[:, 40 : 40 + height, 20 : 20 + width] = photograph
    assert ab.complexity(framed, good, linear) == pytest.approx(
        ab.complexity(photograph, good, linear), rel=0.02
    )


def test_what_is_only_frame_or_too_small_inside_is_left_as_it_is():
    flat = torch.full((3, 70, 70), 0.3)
    assert scores.trimmed(flat) is flat
    dot = flat.clone()
    dot[:, 30:40, 30:40] = 0.9
    assert scores.trimmed(dot) is dot


@pytest.mark.parametrize("dial", ["more shapes", "more strokes", "finer patches"])
def test_the_score_rises_along_a_dial(networks, dial):
    from abstract_beauty.data.generators.dials import LEVELS, dial_picture

    means = []
    for level in range(0, LEVELS, 2):
        pictures = [
            torch.from_numpy(dial_picture(dial, level, at, 3, 160)).permute(2, 0, 1) for at in range(3)
        ]
        found = [ab.complexity(picture, networks["good"], networks["linear"]) for picture in pictures]
        means.append(sum(found) / len(found))
    assert means == sorted(means)
    assert means[-1] > means[0] + 0.1
