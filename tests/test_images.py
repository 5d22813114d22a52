"""Every mode of file gives the same kind of tensor; what is no picture gives one clear line."""

import io
import os
import struct
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageCms, ImageFile

from abstract_beauty.data import images
from abstract_beauty.data.images import from_bytes, read_image, resize_short_side, to_bytes, write_image
from abstract_beauty.errors import UserError

GREY = 64 / 255


def save(path, image, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize(
    ("mode", "colour", "name", "expected"),
    [
        ("L", 64, "a.png", (GREY, GREY, GREY)),
        ("L", 64, "a.jpg", (GREY, GREY, GREY)),
        ("RGB", (255, 128, 0), "a.png", (1, 128 / 255, 0)),
        ("RGB", (255, 128, 0), "a.webp", (1, 128 / 255, 0)),
        ("RGB", (255, 128, 0), "a.tiff", (1, 128 / 255, 0)),
        ("RGB", (255, 128, 0), "a.bmp", (1, 128 / 255, 0)),
        ("RGBA", (0, 0, 255, 0), "a.png", (1, 1, 1)),
        ("RGBA", (0, 0, 255, 51), "a.png", (0.8, 0.8, 1)),
        ("LA", (0, 51), "a.png", (0.8, 0.8, 0.8)),
        ("CMYK", (255, 0, 0, 0), "a.tiff", (0, 1, 1)),
        ("CMYK", (0, 0, 0, 191), "a.tiff", (GREY, GREY, GREY)),
        ("1", 1, "a.png", (1, 1, 1)),
        ("1", 0, "a.tiff", (0, 0, 0)),
        ("I;16", 16448, "a.png", (16448 / 65535,) * 3),
        ("I;16", 65535, "a.tiff", (1, 1, 1)),
        ("I", 16448, "a.tiff", (16448 / 65535,) * 3),
        ("F", 0.25, "a.tiff", (0.25, 0.25, 0.25)),
        ("F", 64.0, "a.tiff", (GREY, GREY, GREY)),
        ("LAB", (0, 128, 128), "a.tiff", (0, 0, 0)),
        ("CMYK", (0, 255, 255, 0), "a.jpg", (1, 0, 0)),
    ],
)
def test_modes(tmp_path, mode, colour, name, expected):
    options = {"lossless": True} if name.endswith("webp") else {}
    x = read_image(save(tmp_path / name, Image.new(mode, (5, 3), colour), **options))
    assert (x.shape, x.dtype) == ((3, 3, 5), torch.float32)
    tolerance = 0.05 if name.endswith("jpg") or mode == "LAB" else 1e-5
    expected = torch.tensor(expected, dtype=torch.float32)
    torch.testing.assert_close(x[:, 1, 2], expected, atol=tolerance, rtol=0)


@pytest.mark.parametrize(("white", "bright"), [(1.0, 1.02), (1.0, 40.0), (255.0, 300.0), (65535.0, 65535.0)])
def test_a_few_brighter_samples_do_not_change_the_scale_of_floats(tmp_path, white, bright):
    samples = np.full((40, 50), white / 2, np.float32)
    samples[3, 4], samples[5, 6] = white, bright
    x = read_image(save(tmp_path / "a.tiff", Image.fromarray(samples)))
    assert x[0, 0, 0] == 0.5 and x[0, 3, 4] == x[0, 5, 6] == 1


def icc(space, pcs, **tags):
    """A colour profile of a display, or of a printer's four inks."""
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    tags["wtpt"] = numbers(b"XYZ ", 0.9642, 1, 0.8249)
    at, table, data = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += struct.pack(">4sII", name.encode(), at + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s28x", at + len(data), 0x04000000, kind, space, pcs, b"acsp")
    return head + struct.pack(">3i", 63190, 65536, 54061) + bytes(48) + table + data


def numbers(kind, *values, head=b""):
    return kind + bytes(4) + head + struct.pack(f">{len(values)}i", *(round(each * 65536) for each in values))


def sampled(value):
    """sRGB's curve, from samples to light."""
    return np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)


SRGB_CURVE = numbers(b"para", 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, head=b"\0\3\0\0")
P3 = icc(
    b"RGB ", b"XYZ ", rTRC=SRGB_CURVE, gTRC=SRGB_CURVE, bTRC=SRGB_CURVE,
    rXYZ=numbers(b"XYZ ", 0.51512, 0.2412, -0.00105), gXYZ=numbers(b"XYZ ", 0.29198, 0.69225, 0.04189),
    bXYZ=numbers(b"XYZ ", 0.1571, 0.06657, 0.78407),
)  # fmt: skip
LINEAR_GREY = icc(b"GRAY", b"XYZ ", kTRC=numbers(b"para", 1.0, head=b"\0\0\0\0"))
# In these four inks any ink at all is black: L of Lab is 100 on bare paper alone.
LEVELS = bytes(range(256))
INKS = b"\4\3\2\0" + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
INKS += 4 * LEVELS + b"\xff\x80\x80" + 15 * b"\0\x80\x80" + 3 * LEVELS
BLACK_INKS = icc(b"CMYK", b"Lab ", A2B0=b"mft1" + bytes(4) + INKS)


def in_p3(*colour):
    """What a colour of Display P3 is in sRGB, by the matrix between their primaries."""
    matrix = [[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]]
    light = np.clip(matrix @ sampled(np.array(colour) / 255), 0, 1)
    return np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)


@pytest.mark.parametrize(
    ("mode", "colour", "name", "profile", "expected"),
    [
        ("RGB", (200, 100, 50), "a.png", P3, in_p3(200, 100, 50)),
        ("RGB", (200, 100, 50), "a.jpg", P3, in_p3(200, 100, 50)),
        ("RGB", (200, 100, 50), "a.webp", P3, in_p3(200, 100, 50)),
        ("RGB", (255, 0, 0), "a.tiff", P3, (1, 0, 0)),
        ("RGB", (90, 90, 90), "a.png", P3, (90 / 255,) * 3),
        ("RGBA", (200, 100, 50, 51), "a.png", P3, 0.8 + 0.2 * in_p3(200, 100, 50)),
        ("L", 64, "a.jpg", LINEAR_GREY, (137 / 255,) * 3),
        ("LA", (64, 51), "a.png", LINEAR_GREY, (0.8 + 0.2 * 137 / 255,) * 3),
        ("CMYK", (255, 0, 0, 0), "a.tiff", BLACK_INKS, (0, 0, 0)),
        ("CMYK", (0, 0, 0, 0), "a.tiff", BLACK_INKS, (1, 1, 1)),
    ],
)
def test_colours_are_brought_to_srgb_by_the_profile(
    tmp_path, monkeypatch, mode, colour, name, profile, expected
):
    monkeypatch.setattr(images, "STRIP", 2)
    options = {"lossless": True, "exact": True} if name.endswith("webp") else {}
    path = save(tmp_path / name, Image.new(mode, (5, 3), colour), icc_profile=profile, **options)
    x = read_image(path)
    expected = torch.tensor(np.array(expected, np.float32))[:, None, None].expand(3, 3, 5)
    torch.testing.assert_close(x, expected, atol=2.01 / 255, rtol=0)
    plain = read_image(save(tmp_path / f"plain-{name}", Image.new(mode, (5, 3), colour), **options))
    assert torch.equal(read_image(path, profile=False), plain)


def test_a_palette_and_a_turned_picture_keep_their_profile(tmp_path):
    image = Image.new("P", (4, 2), 0)
    image.putpalette([200, 100, 50, 0, 0, 0])
    image.putpixel((0, 0), 1)
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"icc_profile": P3, "transparency": 1, "exif": exif}
    x = read_image(save(tmp_path / "a.png", image, **options))
    assert x.shape == (3, 4, 2) and to_bytes(x)[:, 0, 1].tolist() == [255, 255, 255]
    np.testing.assert_allclose(x[:, 3, 0], in_p3(200, 100, 50), atol=2 / 255)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
OTHER_SRGB = icc(  # its primaries rounded otherwise
    b"RGB ", b"XYZ ", rTRC=SRGB_CURVE, gTRC=SRGB_CURVE, bTRC=SRGB_CURVE,
    rXYZ=numbers(b"XYZ ", 0.4361, 0.2225, 0.0139), gXYZ=numbers(b"XYZ ", 0.3851, 0.7169, 0.0971),
    bXYZ=numbers(b"XYZ ", 0.1431, 0.0606, 0.7141),
)  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "profile"),
    [
        ("RGB", SRGB), ("RGBA", SRGB), ("RGB", OTHER_SRGB), ("RGB", b"no profile"), ("RGB", P3[:300]),
        ("RGB", P3[:200] + bytes(len(P3) - 200)), ("L", P3), ("LA", P3), ("RGB", LINEAR_GREY), ("CMYK", P3),
        ("RGB", BLACK_INKS), ("LAB", P3),
    ],
)  # fmt: skip
def test_a_profile_of_srgb_or_one_that_is_broken_or_does_not_fit_changes_no_bit(tmp_path, mode, profile):
    shape = (20, 30, len(Image.new(mode, (1, 1)).getbands()))
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8).squeeze()
    image, suffix = Image.fromarray(pixels, mode), "png" if mode in ("LA", "RGBA") else "tiff"
    path = save(tmp_path / f"a.{suffix}", image, icc_profile=profile)
    assert torch.equal(read_image(path), read_image(save(tmp_path / f"b.{suffix}", image)))


PHONE = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.mark.parametrize("name", ["a.heic", "a.jpg"])
def test_heic_is_read_where_the_library_for_it_is_installed(tmp_path, monkeypatch, name):
    class Heif(ImageFile.ImageFile):
        """As the library's: it opens by the first bytes, and hands over what another decoder made."""

        def _open(self):
            self.inner = Image.open(io.BytesIO(self.fp.read()[len(PHONE) :]))
            self._mode, self._size, self.info = self.inner.mode, self.inner.size, self.inner.info

        def load(self):
            self.inner.load()
            self.im = self.inner.im
            return self.im.pixel_access(self.readonly)

    def register():
        Image.register_open("HEIF", Heif, lambda head: head[4:12] == b"ftypheic")

    path = tmp_path / name
    path.write_bytes(PHONE + encoded("PNG", Image.new("RGB", (5, 3), (200, 100, 50)), icc_profile=P3))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UserError, match=f"{name}: HEIC needs pillow-heif: pip install pillow-heif"):
        read_image(path)
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    monkeypatch.setitem(sys.modules, "pillow_heif", SimpleNamespace(register_heif_opener=register))
    np.testing.assert_allclose(read_image(path)[:, 1, 2], in_p3(200, 100, 50), atol=2 / 255)
    path.write_bytes(PHONE + b"cut off")
    with pytest.raises(UserError, match=f"{name}: "):
        read_image(path)


def test_tiffs_of_more_than_eight_bits_are_read_as_they_are_meant_or_refused(tmp_path):
    path, deep = tmp_path / "deep.tif", np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 21
    apart = {"photometric": "rgb", "planarconfig": "separate"}
    tifffile.imwrite(path, deep)
    assert read_image(path)[0].numpy() == pytest.approx(deep / 65535, abs=1e-6)
    tifffile.imwrite(path, deep, photometric="miniswhite")
    assert read_image(path)[0].numpy() == pytest.approx(1 - deep / 65535, abs=1e-6)
    tifffile.imwrite(path, (65535 * deep.astype(np.uint64)).astype(np.uint32))
    assert read_image(path)[0].numpy() == pytest.approx(deep / deep.max(), abs=1e-4)
    colours = np.stack([deep >> 8, deep >> 9, deep >> 10]).astype(np.uint8)
    tifffile.imwrite(path, colours, **apart)
    assert read_image(path).numpy() == pytest.approx(colours / 255, abs=1e-6)
    tifffile.imwrite(path, np.stack([deep] * 3), **apart)
    with pytest.raises(UserError, match="channels apart"):
        read_image(path)


def test_palette_with_a_transparent_colour_shows_white(tmp_path):
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    x = to_bytes(read_image(save(tmp_path / "a.png", image, transparency=0)))
    assert x[:, 0, 0].tolist() == [255, 255, 255]
    assert x[:, 0, 1].tolist() == [200, 100, 50]
    assert to_bytes(read_image(save(tmp_path / "b.gif", image)))[:, 0, 1].tolist() == [200, 100, 50]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_exif_orientation_is_applied(tmp_path, orientation, suffix):
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:16, :32] = 255  # the top left quarter alone is white: no turn or flip leaves it as it is
    pixels[16:, 32:] = 128
    # stored is the upright picture put through the inverse of what the tag asks for
    turn = Image.Transpose
    inverse = [
        turn.FLIP_LEFT_RIGHT, turn.ROTATE_180, turn.FLIP_TOP_BOTTOM, turn.TRANSPOSE, turn.ROTATE_90, turn.TRANSVERSE,
        turn.ROTATE_270,
    ]  # fmt: skip
    stored = Image.fromarray(pixels)
    if orientation > 1:
        stored = stored.transpose(inverse[orientation - 2])
    exif = Image.Exif()
    exif[0x0112] = orientation
    x = read_image(save(tmp_path / f"a.{suffix}", stored, exif=exif))
    torch.testing.assert_close(x, torch.from_numpy(pixels).permute(2, 0, 1) / 255, atol=0.1, rtol=0)


def encoded(kind, image=None, **options):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    file = io.BytesIO()
    (image or Image.fromarray(noise)).save(file, format=kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.png", b"", "is empty"),
        ("text.png", b"this is a text and no picture\n" * 20, "not a picture"),
        ("half.jpg", encoded("JPEG")[:9000], "damaged or truncated"),
        ("half.png", encoded("PNG")[:9000], "damaged or truncated"),
        ("half.webp", encoded("WEBP")[:2000], "not a picture|damaged or truncated"),
        ("half.tiff", encoded("TIFF")[:9000], "not a picture|damaged or truncated"),
        ("header.jpg", encoded("JPEG")[:300], "not a picture|damaged or truncated"),
        ("flipped.png", encoded("PNG").replace(b"IDAT", b"IDAX"), "damaged or truncated|not a picture"),
        ("page.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
        ("raw.dng", encoded("TIFF"), "a camera's raw file; save it as"),
        ("phone.jpg", b"\xff\xff\xff\xffftypavif" + b"\0" * 60, "not a picture|damaged or truncated"),
        ("nan.tiff", encoded("TIFF", Image.new("F", (4, 4), float("nan"))), "not finite"),
    ],
)
def test_what_is_no_picture_is_one_line_naming_the_file(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_image(path)
    assert name in str(caught.value)


def test_paths_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    latin = os.fsdecode(b"caf\xe9.png")
    words = ("", "is a folder"), ("pipe.png", "not a regular file"), (latin, r"caf\\xe9\.png: no such file")
    for name, message in words:
        with pytest.raises(UserError, match=message):
            read_image(tmp_path / name)


def test_bytes_go_round():
    levels = torch.arange(256, dtype=torch.uint8).expand(3, 2, 256)
    assert torch.equal(to_bytes(from_bytes(levels)), levels)
    assert to_bytes(torch.tensor([[[-1.0, 2.0, 0.5]]])).tolist() == [[[0, 255, 128]]]


@pytest.mark.parametrize(("suffix", "tolerance"), [("png", 0), ("webp", 0), ("jpg", 8), ("JPEG", 8)])
def test_written_pictures_are_read_back(tmp_path, suffix, tolerance):
    ramp = torch.arange(256, dtype=torch.uint8).expand(3, 40, 256).clone()
    path = tmp_path / "new" / f"a.{suffix}"
    write_image(path, from_bytes(ramp))
    assert (to_bytes(read_image(path)).int() - ramp.int()).abs().max() <= tolerance
    write_image(path, ramp)  # bytes are taken as they are
    assert (to_bytes(read_image(path)).int() - ramp.int()).abs().max() <= tolerance


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match=r"unknown suffix '\.xyz'"):
        write_image(tmp_path / "a.xyz", torch.zeros(3, 4, 4))
    with pytest.raises(ValueError, match="finite"):
        write_image(tmp_path / "a.png", torch.full((3, 4, 4), float("nan")))
    with pytest.raises(UserError, match=r"a\.webp: cannot be written"):
        write_image(tmp_path / "a.webp", torch.zeros(3, 1, 20_000))
    assert list(tmp_path.iterdir()) == []


def test_resizing_reduces_without_aliases_and_never_enlarges():
    stripes = (torch.arange(400) % 2).float().expand(3, 300, 400).contiguous()  # finer than can be kept
    small = resize_short_side(stripes, 150)
    assert small.shape == (3, 150, 200)
    assert (small - 0.5).abs().max() < 0.1
    assert resize_short_side(stripes, 300) is stripes
    assert resize_short_side(torch.rand(3, 1000, 10), 5).shape == (3, 500, 5)


def test_the_limit_of_size_is_exact(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", Image.new("L", (10, 10)))
    monkeypatch.setattr(images, "MAX_PIXELS", 100)
    read_image(path)
    monkeypatch.setattr(images, "MAX_PIXELS", 99)
    with pytest.raises(UserError, match="10 x 10 pixels, more than 99"):
        read_image(path)


def test_named_batches_of_pictures_survive_a_file(tmp_path):
    pictures = {"x/0": torch.rand(2, 3, 8, 9), "balance 0.5": torch.rand(1, 3, 4, 4) * 1.2 - 0.1}
    path = tmp_path / "some" / "pictures.safetensors"
    images.write_pictures(path, pictures)
    found = images.read_pictures(path)
    assert set(found) == set(pictures)
    for name, batch in pictures.items():
        torch.testing.assert_close(found[name], batch.clamp(0, 1), atol=0.5 / 255 + 1e-6, rtol=0)
    path.write_bytes(b"no tensors")
    for wrong in (path, tmp_path / "none.safetensors"):
        with pytest.raises(UserError, match=wrong.name):
            images.read_pictures(wrong)
