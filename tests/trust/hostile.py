"""Pictures that are damaged or made to do harm, from a seed, and what becomes of them.

    python tests/trust/hostile.py --files 2400 --out results/trust/fuzz.json

Nothing of it is stored: each file is made when it is asked for, the same for one seed. Whatever is not a picture or one
line that names the file ends this with an error: a traceback, a line too many, a file left half-written.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import struct
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from records import keep

from abstract_beauty import cli, weights
from abstract_beauty.data.folder import files_below
from abstract_beauty.data.images import printable, read_image
from abstract_beauty.data.prepare import prepare
from abstract_beauty.errors import UserError
from abstract_beauty.sections import DataParams

SEED = 20260
SUFFIXES = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "TIFF": "tif", "GIF": "gif", "BMP": "bmp"}
Random = np.random.Generator


class Hostile(NamedTuple):
    """One file: what was done to it, its name in bytes, since not every name is text, and its content."""

    kind: str
    name: bytes
    content: bytes


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, format=form, **options)
    return file.getvalue()


def noise(rng: Random, height: int = 40, width: int = 36) -> Image.Image:
    """A small picture that compresses badly."""
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, its checksum right."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    """A PNG of 8-bit RGB that says it has this size, whatever its data are."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def with_exif(rng: Random, form: str, tags: dict[int, Any]) -> bytes:
    """A sound picture with EXIF tags."""
    exif = Image.Exif()
    exif.update(tags)
    return encoded(noise(rng), form, exif=exif)


def originals(rng: Random) -> list[tuple[str, bytes]]:
    """Sound files of every format and of unusual modes, (format, content), for the mutations to begin with."""
    picture, frames = noise(rng), [noise(rng) for _ in range(2)]
    grey, wide = picture.convert("L"), Image.fromarray(rng.integers(0, 65536, (40, 36), dtype=np.uint16))
    floats = Image.fromarray(rng.random((40, 36), dtype=np.float32))
    made: list[tuple[str, Image.Image, dict[str, Any]]] = [
        *((form, picture, {}) for form in SUFFIXES),
        *((form, picture, {"save_all": True, "append_images": frames}) for form in ("GIF", "PNG", "WEBP", "TIFF")),
        *(("TIFF", picture, {"compression": name}) for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")),
        ("JPEG", picture.convert("CMYK"), {}), ("JPEG", picture, {"progressive": True}),
        ("TIFF", picture.convert("CMYK"), {}), ("TIFF", grey, {}), ("TIFF", floats, {}), ("TIFF", wide, {}),
        ("PNG", wide, {}), ("PNG", picture.convert("P"), {"transparency": 3}), ("PNG", picture.convert("RGBA"), {}),
        ("PNG", grey.convert("1"), {}), ("BMP", grey, {}), ("WEBP", picture, {"lossless": True}),
    ]  # fmt: skip
    turned = [
        (form, with_exif(rng, form, {0x0112: 6, 0x010E: "text"})) for form in ("JPEG", "PNG", "WEBP", "TIFF")
    ]
    return [*((form, encoded(image, form, **options)) for form, image, options in made), *turned]


def truncated(content: bytes, rng: Random) -> bytes:
    """Cut off anywhere."""
    return content[: int(rng.integers(0, len(content)))]


def flipped(content: bytes, rng: Random) -> bytes:
    """One to twenty bytes anywhere, the header oftener than the rest."""
    array = bytearray(content)
    reach = len(array) if rng.random() < 0.5 else min(200, len(array))
    for at in rng.integers(0, reach, int(rng.integers(1, 21))):
        array[at] = int(rng.integers(0, 256))
    return bytes(array)


def swapped(content: bytes, rng: Random) -> bytes:
    """Two pieces change places; in a PNG these are chunks."""
    if content.startswith(b"\x89PNG"):
        chunks, at = [], 8
        while at + 12 <= len(content):
            length = struct.unpack(">I", content[at : at + 4])[0]
            chunks.append(content[at : at + 12 + length])
            at += 12 + length
        rng.shuffle(chunks)
        return content[:8] + b"".join(chunks)
    a, b, c = sorted(int(at) for at in rng.integers(0, len(content), 3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def forged(content: bytes, rng: Random) -> bytes:
    """A field of two or four bytes, as lengths and sizes are, becomes an extreme number."""
    at = int(rng.integers(0, min(120, len(content) - 4)))
    number = int(rng.choice([0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 60_000]))
    order, long = "<>"[rng.integers(2)], rng.random() < 0.5
    field = struct.pack(order + "I", number) if long else struct.pack(order + "H", number & 0xFFFF)
    return content[:at] + field + content[at + len(field) :]


def repeated(content: bytes, rng: Random) -> bytes:
    """A piece comes twice, or junk is put between."""
    a, b = sorted(int(at) for at in rng.integers(0, len(content), 2))
    between = content[a:b] if rng.random() < 0.5 else rng.bytes(b - a)
    return content[:b] + between + content[b:]


MUTATIONS: dict[str, Callable[[bytes, Random], bytes]] = {
    mutation.__name__: mutation for mutation in (truncated, flipped, swapped, forged, repeated)
}


def single(rng: Random) -> Iterator[Hostile]:
    """The cases that are made one by one: bombs, extreme shapes, metadata, odd names, wrong suffixes."""

    def sized(form: str, layout: str, at: Callable[[bytes], int], side: int) -> bytes:
        content = bytearray(encoded(noise(rng), form))
        struct.pack_into(layout, content, at(content), side, side)
        return bytes(content)

    for width, height in [(12_000, 12_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (10**8 + 1, 1), (0, 5)]:
        yield Hostile("bomb", f"bomb-{width}.png".encode(), png(width, height, zlib.compress(bytes(3000))))
    yield Hostile("bomb", b"bomb.bmp", sized("BMP", "<ii", lambda content: 18, 30_000))
    yield Hostile("bomb", b"bomb.gif", sized("GIF", "<HH", lambda content: 6, 65_535))
    yield Hostile(
        "bomb", b"bomb.jpg", sized("JPEG", ">HH", lambda content: content.index(b"\xff\xc0") + 5, 65_000)
    )
    rows, zeros = zlib.compress(bytes(40 * 121)), zlib.compress(bytes(50_000_000))  # fifty kilobytes
    yield Hostile("bomb", b"text-bomb.png", png(40, 40, rows, chunk(b"zTXt", b"Comment\0\0" + zeros)))
    yield Hostile("bomb", b"profile-bomb.png", png(40, 40, rows, chunk(b"iCCP", b"icc\0\0" + zeros)))
    yield Hostile("bomb", b"data-bomb.png", png(40, 40, zeros))

    for height, width in [(1, 1), (1, 4000), (10, 30_000), (31, 40)]:
        content = png(width, height, zlib.compress(bytes((3 * width + 1) * height)))
        yield Hostile("shape", f"{width}x{height}.png".encode(), content)
    for turn in (0, 9, 255, 65_535):
        yield Hostile("exif", f"turned-{turn}.jpg".encode(), with_exif(rng, "JPEG", {0x0112: turn}))
    for at in range(20):
        junk = b"Exif\0\0" + (b"MM\0*\0\0\0\x08" if at % 2 else b"") + rng.bytes(200)
        form = ("JPEG", "PNG", "WEBP")[at % 3]
        yield Hostile("exif", f"junk-{at}.{SUFFIXES[form]}".encode(), encoded(noise(rng), form, exif=junk))

    for form, suffix in SUFFIXES.items():
        other = "jpg" if suffix != "jpg" else "png"
        yield Hostile("suffix", f"really-{suffix}.{other}".encode(), encoded(noise(rng), form))
    for magic in (b"%PDF-1.7\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"PK\x03\x04", b"<svg>", b"\x7fELF"):
        yield Hostile("suffix", f"other-{magic[1]}.png".encode(), magic + rng.bytes(300))
    for suffix in ("tga", "pcx", "ppm", "jp2", "avif", "qoi", "sgi"):
        yield Hostile("suffix", f"junk.{suffix}".encode(), rng.bytes(500))

    sound = encoded(noise(rng), "PNG")
    for name in (
        b"caf\xe9.png",
        b"line\nbreak.png",
        b"red\x1b[31m.png",
        b"-rf.png",
        b"\xff\xfe.png",
        b" .png",
    ):
        yield Hostile("name", name, sound)
        yield Hostile("name", b"bad-" + name, sound[:100])
    floats = np.full((40, 36), 0.5, dtype=np.float32)
    for at, value in enumerate((np.nan, np.inf, -np.inf, 3e38, -3e38)):
        floats[3, 3] = value
        yield Hostile("float", f"{at}.tif".encode(), encoded(Image.fromarray(floats), "TIFF"))
    yield Hostile("empty", b"empty.png", b"")


def pictures(count: int, seed: int = SEED) -> Iterator[Hostile]:
    """`count` files at least: the single cases, then mutations of sound files, one kind after another."""
    rng = np.random.default_rng(seed)
    made = list(single(rng))
    yield from made
    sound, kinds = originals(rng), list(MUTATIONS)
    for at in range(count - len(made)):
        kind = kinds[at % len(kinds)]
        form, content = sound[at // len(kinds) % len(sound)]
        yield Hostile(kind, f"{kind}-{at}.{SUFFIXES[form]}".encode(), MUTATIONS[kind](content, rng))


def written(folder: Path, hostile: Hostile) -> Path:
    """The file of it, in a folder."""
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + hostile.name))
    path.write_bytes(hostile.content)
    return path


def special(folder: Path) -> dict[str, Path]:
    """Paths that are no plain files, by the words that the reader has for each."""
    names = (
        "is a folder",
        "not a regular file",
        "levels of symbolic links",
        "no such file",
        "cannot be read",
    )
    made = {words: folder / f"{words.replace(' ', '-')}.png" for words in names}
    made["is a folder"].mkdir()
    os.mkfifo(made["not a regular file"])
    made["levels of symbolic links"].symlink_to(made["levels of symbolic links"])
    made["no such file"].symlink_to(folder / "nowhere.png")
    if os.geteuid():  # root reads whatever it likes
        made["cannot be read"].write_bytes(encoded(noise(np.random.default_rng(0)), "PNG"))
        made["cannot be read"].chmod(0)
    else:
        del made["cannot be read"]
    (folder / "inside").mkdir()
    (folder / "inside" / "round").symlink_to(folder, target_is_directory=True)
    return made


def refusal(path: Path) -> str:
    """Why the reader refuses a picture, "" where it opens it; anything else is raised."""
    try:
        picture = read_image(path)
    except UserError as error:
        message = str(error)
        if not message.isprintable() or not message.startswith(printable(path)[:8]):
            raise AssertionError(f"not one line that names the file: {message!r}") from error
        return message
    if picture.shape[0] != 3 or not 0 <= float(picture.min()) <= float(picture.max()) <= 1:
        raise AssertionError(f"{path}: shape {tuple(picture.shape)}, or values outside [0, 1]")
    return ""


def tiny_networks(folder: Path) -> dict[str, Path]:
    """Untrained networks of a few channels, as files: a predictor, the linear fill, an improver."""
    made = {}
    for kind, network in [("predictors", "four_sides"), ("predictors", "linear_fill"), ("improvers", "unet")]:
        made[network] = folder / f"{network}.safetensors"
        described = weights.Description(kind, network, network, 12, {})
        weights.save(made[network], weights.build(kind, network, 12), described)
    return made


def command(*arguments: object) -> tuple[int, str, list[str]]:
    """A command of this program: its exit status, what it printed, and the lines on standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
        status = cli.main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue().splitlines()


def survey(count: int, folder: Path) -> dict[str, dict[str, Counter]]:
    """Run files through the reader, every fourth through `improve`, then a folder of them through `score` and `data`.

    Returns:
        For "read" and "improve" how many were opened and refused of each kind of file; under "folders" the same for the
        other two. A traceback, a line too many, or a file left half-written is raised as AssertionError.
    """
    found: dict[str, dict[str, Counter]] = {name: {} for name in ("read", "improve", "folders")}

    def note(name: str, kind: str, opened: int, refused: int) -> None:
        row = found[name].setdefault(kind, Counter(opened=0, refused=0))
        row.update(opened=opened, refused=refused)

    networks, inside, out = tiny_networks(folder), folder / "pictures", folder / "out.png"
    inside.mkdir()
    there = set(folder.iterdir())
    for at, hostile in enumerate(pictures(count)):
        path = written(inside, hostile)
        reason = refusal(path)
        note("read", hostile.kind, not reason, bool(reason))
        if at % 4 == 0:
            status, _, said = command("improve", "--out", out, "--improver", networks["unet"], "--", path)
            left = set(folder.iterdir()) - there
            expected = {0: ({out}, 0), 2: (set(), 1)}.get(status)
            if (left, len(said)) != expected or (status == 0 and reason):
                raise AssertionError(f"improve {hostile.name!r}: status {status}, said {said}, left {left}")
            note("improve", hostile.kind, status == 0, status != 0)
            out.unlink(missing_ok=True)
        if not reason and at % 10:
            path.unlink()  # scoring takes longer than reading
    special(inside)
    for at in range(8):
        noise(np.random.default_rng(at), 160, 140).save(inside / f"sound-{at}.png")
    total, four, linear = len(files_below(inside)), networks["four_sides"], networks["linear_fill"]
    status, rows, said = command(
        "score", inside, "--json", "--predictor", four, "--bad", four, "--linear", linear
    )
    note("folders", "score", len(json.loads(rows)), len(said))
    params = DataParams(source="folder", train=(str(inside),), test_share=0.5)
    manifest = prepare(params, 0, folder / "data", progress=False)
    note("folders", "data", len(manifest.pictures), len(manifest.skipped))
    if status or any(row.total() != total for row in found["folders"].values()):
        raise AssertionError(f"of {total} pictures in a folder: {found['folders']}, status {status}")
    return found


def main() -> None:
    """A survey from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2400, metavar="N", help="how many (default: 2400)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the counts into FILE")
    options = parser.parse_args()
    began = time.monotonic()
    peak = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10]
    with tempfile.TemporaryDirectory() as temporary:
        found = survey(options.files, Path(temporary))
    peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
    for name, kinds in found.items():
        for kind, row in kinds.items():
            print(f"{name:8} {kind:10} {row['opened']:6} opened {row['refused']:6} refused")
    print(f"memory {peak[0]} -> {peak[1]} MiB")
    memory = {"memory_before_mib": peak[0], "most_memory_mib": peak[1]}
    keep(options.out, began, **memory, seed=SEED, files=options.files, **found)


if __name__ == "__main__":
    main()
