"""The generated pictures: all kinds, the same ones every time, and with the statistics of photographs."""

import numpy as np
import pytest
import torch
from PIL import Image

from abstract_beauty.data import embedded, load_split, prepare, read_manifest, summary
from abstract_beauty.data.generators import KINDS, generate
from abstract_beauty.data.generators.dead_leaves import sizes
from abstract_beauty.data.generators.noise import fractal
from abstract_beauty.data.generators.palette import to_rgb
from abstract_beauty.data.images import read_image, resize_short_side, to_bytes
from abstract_beauty.files import read_json, sha256
from abstract_beauty.sections import DataParams

PER_KIND = 6


@pytest.fixture(scope="module")
def drawn():
    return {kind: [generate(kind, index, 3, 256) for index in range(PER_KIND)] for kind in KINDS}


def luminance(picture):
    return picture[..., :3].astype(np.float64) @ [0.299, 0.587, 0.114] / 255


def amplitudes(grey):
    """Mean amplitude of the Fourier transform of the central square, by whole cycles a picture, Hann window."""
    side = min(grey.shape)
    grey = grey[:side, :side] - grey[:side, :side].mean()
    spectrum = np.abs(np.fft.fftshift(np.fft.fft2(grey * np.outer(np.hanning(side), np.hanning(side)))))
    y, x = np.indices(spectrum.shape) - side // 2
    rings = np.hypot(x, y).round().astype(int).ravel()
    return (np.bincount(rings, spectrum.ravel()) / np.bincount(rings))[: side // 2]


def slope(greys):
    """Exponent of the mean amplitude spectrum between 4 and 64 cycles a picture, above that lenses blur."""
    mean = np.mean([amplitudes(grey)[:65] for grey in greys], 0)
    cycles = np.arange(4, 65)
    return np.polyfit(np.log(cycles), np.log(mean[4:65]), 1)[0]


def test_all_kinds_are_there(drawn):
    assert list(drawn) == ["dead-leaves", "clouds", "graphs", "foliage", "buildings"]
    for pictures in drawn.values():
        assert len({picture.tobytes() for picture in pictures}) == PER_KIND
        for picture in pictures:
            assert (picture.shape, picture.dtype) == ((256, 256, 3), np.uint8)
            assert luminance(picture).std() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_depends_on_its_seed_index_and_size_alone(kind, drawn):
    np.random.seed(5)  # the global state plays no part
    assert np.array_equal(generate(kind, 2, 3, 256), drawn[kind][2])
    assert not np.array_equal(generate(kind, 2, 4, 256), drawn[kind][2])
    assert generate(kind, 0, 0, 128).shape == (128, 128, 3)
    assert generate(kind, 0, 0, 200).shape == (200, 200, 3)


def test_the_spectrum_falls_as_in_nature(drawn):
    mixture = [luminance(picture) for pictures in drawn.values() for picture in pictures]
    files = [read_image(embedded.photographs() / file) for file in embedded.TEST]
    photographs = [luminance(resize_short_side(x, 256).permute(1, 2, 0).numpy() * 255) for x in files]
    assert -1.3 < slope(mixture) < -0.7
    assert abs(slope(mixture) - slope(photographs)) < 0.3
    noise = np.random.default_rng(0).random((256, 256))
    assert abs(slope([noise])) < 0.1  # the measure sees a flat spectrum


def test_light_varies_more_than_colour(drawn):
    """In OKLab-like opponent axes, as in photographs (Ruderman, Cronin and Chiao 1998)."""
    pixels = np.concatenate([p.reshape(-1, 3)[::50] for pictures in drawn.values() for p in pictures]) / 255
    opponent = pixels @ np.array([[1 / 3, 0.5, -0.25], [1 / 3, -0.5, -0.25], [1 / 3, 0, 0.5]])
    deviation = opponent.std(0)
    assert deviation[0] > 2 * deviation[1]
    assert deviation[0] > 1.5 * deviation[2]
    assert deviation[1] > 0.01  # and yet they are in colour


def test_sizes_of_leaves_follow_the_inverse_cube():
    radii = sizes(np.random.default_rng(0), 200_000, 1.0, 50.0)
    assert radii.min() >= 1 and radii.max() <= 50
    # of a density r ** -3 the share above r is about r ** -2
    assert abs(np.log2((radii > 2).mean() / (radii > 4).mean()) - 2) < 0.05


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5])
def test_noise_has_the_slope_it_is_asked_for(exponent):
    field = fractal(np.random.default_rng(1), 256, exponent)
    assert field.dtype == np.float32
    assert abs(field.mean()) < 1e-4 and abs(field.std() - 1) < 1e-4
    assert abs(slope([field]) + exponent) < 0.1


def test_oklab_knows_black_white_and_grey():
    rgb = to_rgb(np.array([[[0, 0, 0], [1, 0, 0], [0.5, 0, 0]]], np.float32))
    np.testing.assert_allclose(rgb[0, 0], 0, atol=1e-6)
    np.testing.assert_allclose(rgb[0, 1], 1, atol=1e-3)
    np.testing.assert_allclose(rgb[0, 2], rgb[0, 2, 0], atol=1e-3)  # no colour
    np.testing.assert_allclose(rgb[0, 2, 0], 0.3885, atol=2e-3)  # linear 0.125


PARAMS = DataParams(generated=10, generated_size=160)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    out = tmp_path_factory.mktemp("embedded") / "data"
    return out, prepare(PARAMS, 0, out, progress=False)


def test_twice_the_same_bytes(prepared, tmp_path):
    out, manifest = prepared
    assert prepare(PARAMS, 0, tmp_path / "again", progress=False) == manifest
    files = [path.relative_to(out) for path in out.rglob("*.*")]
    assert all((tmp_path / "again" / file).read_bytes() == (out / file).read_bytes() for file in files)
    other = prepare(PARAMS, 1, tmp_path / "other", progress=False)
    assert summary(other)["sha256"] != summary(manifest)["sha256"]


def test_photographs_are_as_stored_whatever_their_profile(prepared):
    rocket = next(picture for picture in load_split(prepared[0], "test") if picture.name == "rocket")
    with Image.open(embedded.photographs() / "rocket.jpg") as image:
        assert image.info["icc_profile"]
        stored = torch.from_numpy(np.asarray(image.convert("RGB"), np.float32) / 255).permute(2, 0, 1)
    assert torch.equal(rocket.image, to_bytes(resize_short_side(stored, PARAMS.short_side)))


def test_the_manifest_tells_the_truth(prepared):
    out, manifest = prepared
    assert read_manifest(out) == manifest
    assert (
        len(manifest.pictures)
        == len(list(out.rglob("*.png")))
        == 10 + len(embedded.TRAIN) + len(embedded.TEST)
    )
    for entry in manifest.pictures:
        path = out / entry.split / f"{entry.name}.png"
        assert sha256(path) == entry.sha256
        assert read_image(path).shape == (3, entry.height, entry.width)
        assert min(entry.width, entry.height) >= 128
        assert "/" not in entry.source
    totals = read_json(out / "manifest.json")["totals"]
    assert totals["train"]["pictures"] == summary(manifest)["train"]["pictures"] == 10 + len(embedded.TRAIN)


def test_nothing_is_trained_and_tested_on(prepared):
    out, manifest = prepared
    train, test = load_split(out, "train"), load_split(out, "test")
    names = ["astronaut", "camera", "chelsea", "coffee", "motorcycle_left", "rocket"]
    assert [picture.name for picture in test] == names
    assert [picture.name for picture in train] == sorted(picture.name for picture in train)
    hashes = [{picture.image.numpy().tobytes() for picture in split} for split in (train, test)]
    assert not hashes[0] & hashes[1]
    # the other eye's view of a test scene
    assert not any(name.startswith("motorcycle") for name in embedded.TRAIN)
    assert max(min(picture.image.shape[1:]) for picture in train + test) == 256
    kinds = {f"generated:{kind}": 2 for kind in sorted(KINDS)} | {"photograph": len(embedded.TRAIN)}
    assert summary(manifest)["train"]["kinds"] == kinds


def test_a_limit_takes_some_of_every_kind(tmp_path):
    few = DataParams(generated=240, generated_size=128, limit=5)
    manifest = prepare(few, 0, tmp_path / "few", progress=False)
    assert summary(manifest)["train"]["kinds"] == {f"generated:{kind}": 1 for kind in sorted(KINDS)}
