"""Pictures that are damaged or made to do harm, from a seed: `python tests/hostile.py` counts what becomes of them.

    python tests/hostile.py --files 2400 --out results/trust/fuzz.json

Nothing of it is stored: every file is made when a test asks for it, the same for one seed.
"""

import argparse
import contextlib
import functools
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

from abstract_beauty import cli, weights
from abstract_beauty.book.run_card import today
from abstract_beauty.data.folder import files_below
from abstract_beauty.data.images import printable, read_image
from abstract_beauty.data.prepare import prepare
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json
from abstract_beauty.params import DataParams

SEED = 20260
SUFFIXES = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "TIFF": "tif", "GIF": "gif", "BMP": "bmp"}


class Hostile(NamedTuple):
    """One file: what was done to it, its name in Latin-1 bytes where it is no text, and its content."""

    kind: str
    name: bytes
    content: bytes


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


def noise(rng: np.random.Generator, height: int = 40, width: int = 36) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, data: bytes, depth: int = 8, colour: int = 2, *more: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@functools.cache
def zeros() -> bytes:
    """Fifty megabytes in fifty kilobytes."""
    return zlib.compress(bytes(50_000_000))


def originals(rng: np.random.Generator) -> list[tuple[str, bytes]]:
    """Sound files of every format and of unusual modes, (format, content), for the mutations to begin with."""
    picture = noise(rng)
    grey, wide = picture.convert("L"), Image.fromarray(rng.integers(0, 65536, (40, 36), dtype=np.uint16))
    floats = Image.fromarray(rng.random((40, 36), dtype=np.float32))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    made: list[tuple[str, bytes]] = [(kind, encoded(picture, kind)) for kind in SUFFIXES]
    frames = [noise(rng) for _ in range(3)]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        made.append((kind, encoded(frames[0], kind, save_all=True, append_images=frames[1:])))
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        made.append((kind, encoded(picture, kind, exif=exif)))
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        made.append(("TIFF", encoded(picture, "TIFF", compression=compression)))
    made += [
        ("JPEG", encoded(picture.convert("CMYK"), "JPEG")),
        ("JPEG", encoded(picture, "JPEG", progressive=True)),
        ("TIFF", encoded(picture.convert("CMYK"), "TIFF")),
        ("TIFF", encoded(grey, "TIFF")),
        ("TIFF", encoded(floats, "TIFF")),
        ("TIFF", encoded(wide, "TIFF")),
        ("PNG", encoded(wide, "PNG")),
        ("PNG", encoded(picture.convert("P"), "PNG", transparency=3)),
        ("PNG", encoded(picture.convert("RGBA"), "PNG")),
        ("PNG", encoded(grey.convert("1"), "PNG")),
        ("BMP", encoded(grey, "BMP")),
        ("WEBP", encoded(picture, "WEBP", lossless=True)),
    ]
    return made


def truncated(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(0, len(content)))]


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """One to twenty bytes anywhere, the header oftener than the rest."""
    array = bytearray(content)
    reach = len(array) if rng.random() < 0.5 else min(200, len(array))
    for at in rng.integers(0, reach, int(rng.integers(1, 21))):
        array[at] = int(rng.integers(0, 256))
    return bytes(array)


def swapped(content: bytes, rng: np.random.Generator) -> bytes:
    """Two pieces change places; in a PNG these are chunks."""
    if content.startswith(b"\x89PNG"):
        chunks, at = [], 8
        while at + 12 <= len(content):
            length = struct.unpack(">I", content[at : at + 4])[0]
            chunks.append(content[at : at + 12 + length])
            at += 12 + length
        rng.shuffle(chunks)
        return content[:8] + b"".join(chunks)
    a, b, c = sorted(int(one) for one in rng.integers(0, len(content), 3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def forged(content: bytes, rng: np.random.Generator) -> bytes:
    """A field of two or four bytes, as lengths and sizes are, becomes an extreme number."""
    at = int(rng.integers(0, min(120, len(content) - 4)))
    number = int(rng.choice([0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 60_000]))
    order = "<" if rng.random() < 0.5 else ">"
    field = (
        struct.pack(order + "I", number) if rng.random() < 0.5 else struct.pack(order + "H", number & 0xFFFF)
    )
    return content[:at] + field + content[at + len(field) :]


def repeated(content: bytes, rng: np.random.Generator) -> bytes:
    """A piece comes twice, or junk is put between."""
    a, b = sorted(int(one) for one in rng.integers(0, len(content), 2))
    between = content[a:b] if rng.random() < 0.5 else rng.bytes(b - a)
    return content[:b] + between + content[b:]


MUTATIONS: dict[str, Callable[[bytes, np.random.Generator], bytes]] = {
    one.__name__: one for one in (truncated, flipped, swapped, forged, repeated)
}


def single(rng: np.random.Generator) -> Iterator[Hostile]:
    """The cases that are made one by one: bombs, extreme shapes, metadata, odd names, wrong suffixes."""
    sound = encoded(noise(rng), "PNG")
    rows = zlib.compress(bytes(3000))
    for width, height in [(12_000, 12_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (10**8 + 1, 1), (0, 5)]:
        yield Hostile("bomb", f"bomb-{width}.png".encode(), png(width, height, rows))
    bomb = bytearray(encoded(noise(rng), "BMP"))
    struct.pack_into("<ii", bomb, 18, 30_000, 30_000)
    yield Hostile("bomb", b"bomb.bmp", bytes(bomb))
    gif = bytearray(encoded(noise(rng), "GIF"))
    struct.pack_into("<HH", gif, 6, 65_535, 65_535)
    yield Hostile("bomb", b"bomb.gif", bytes(gif))
    jpeg = bytearray(encoded(noise(rng), "JPEG"))
    struct.pack_into(">HH", jpeg, jpeg.index(b"\xff\xc0") + 5, 65_000, 65_000)
    yield Hostile("bomb", b"bomb.jpg", bytes(jpeg))
    text = chunk(b"zTXt", b"Comment\0\0" + zeros())
    yield Hostile("bomb", b"text-bomb.png", png(40, 40, zlib.compress(bytes(40 * 121)), 8, 2, text))
    profile = chunk(b"iCCP", b"icc\0\0" + zeros())
    yield Hostile("bomb", b"profile-bomb.png", png(40, 40, zlib.compress(bytes(40 * 121)), 8, 2, profile))
    yield Hostile("bomb", b"data-bomb.png", png(40, 40, zeros()))

    for height, width in [(1, 1), (1, 4000), (10, 30_000), (31, 40)]:
        content = png(width, height, zlib.compress(bytes((3 * width + 1) * height)))
        yield Hostile("shape", f"{width}x{height}.png".encode(), content)

    for orientation in (0, 9, 255, 65_535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield Hostile("exif", f"turned-{orientation}.jpg".encode(), encoded(noise(rng), "JPEG", exif=exif))
    for at in range(20):
        junk = b"Exif\0\0" + (b"MM\0*\0\0\0\x08" if at % 2 else b"") + rng.bytes(200)
        kind = ("JPEG", "PNG", "WEBP")[at % 3]
        yield Hostile("exif", f"junk-{at}.{SUFFIXES[kind]}".encode(), encoded(noise(rng), kind, exif=junk))

    for kind, suffix in SUFFIXES.items():
        other = "jpg" if suffix != "jpg" else "png"
        yield Hostile("suffix", f"really-{suffix}.{other}".encode(), encoded(noise(rng), kind))
    for at, magic in enumerate(
        [b"%PDF-1.7\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"PK\x03\x04", b"<svg>", b"\x7fELF"]
    ):
        yield Hostile("suffix", f"other-{at}.png".encode(), magic + rng.bytes(300))
    for suffix in ("tga", "pcx", "ppm", "jp2", "avif", "qoi", "sgi"):
        yield Hostile("suffix", f"junk.{suffix}".encode(), rng.bytes(500))

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
    made = 0
    for one in single(rng):
        made += 1
        yield one
    sound = originals(rng)
    kinds = list(MUTATIONS)
    at = 0
    while made < count:
        kind = kinds[at % len(kinds)]
        form, content = sound[at // len(kinds) % len(sound)]
        yield Hostile(kind, f"{kind}-{at}.{SUFFIXES[form]}".encode(), MUTATIONS[kind](content, rng))
        at, made = at + 1, made + 1


def written(folder: Path, one: Hostile) -> Path:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + one.name))
    path.write_bytes(one.content)
    return path


def special(folder: Path) -> dict[str, Path]:
    """Paths that are no plain files, by what they are."""
    made = {
        kind: folder / f"{kind}.png"
        for kind in ("folder", "pipe", "loop", "two-loop", "dangling", "device", "unreadable")
    }
    made["folder"].mkdir()
    os.mkfifo(made["pipe"])
    made["loop"].symlink_to(made["loop"])
    made["two-loop"].symlink_to(folder / "back.png")
    (folder / "back.png").symlink_to(made["two-loop"])
    made["dangling"].symlink_to(folder / "nowhere.png")
    made["device"].symlink_to("/dev/zero")
    made["unreadable"].write_bytes(encoded(noise(np.random.default_rng(0)), "PNG"))
    made["unreadable"].chmod(0)
    (folder / "inside").mkdir()
    (folder / "inside" / "round").symlink_to(folder, target_is_directory=True)
    return made | {"missing": folder / "missing.png", "long": folder / f"{'a' * 300}.png"}


def judged(path: Path) -> tuple[str, str]:
    """What becomes of a picture in the reader: "opened" or "refused" and the reason; anything else is raised."""
    try:
        picture = read_image(path)
    except UserError as error:
        message = str(error)
        if "\n" in message or not message.startswith(printable(path)[:8]):
            raise AssertionError(f"not one line that names the file: {message!r}") from error
        return "refused", message
    if picture.shape[0] != 3 or not 0 <= float(picture.min()) <= float(picture.max()) <= 1:
        raise AssertionError(f"{path}: shape {tuple(picture.shape)}, or values outside [0, 1]")
    return "opened", ""


def tiny_networks(folder: Path) -> dict[str, Path]:
    """Untrained networks of a few channels, as files: a predictor, the linear fill, an improver."""
    made = {}
    for kind, network in [("predictors", "four_sides"), ("predictors", "linear_fill"), ("improvers", "unet")]:
        made[network] = folder / f"{network}.safetensors"
        described = weights.Description(kind, network, network, 12, {})
        weights.save(made[network], weights.build(kind, network, 12), described)
    return made


def survey(count: int, folder: Path) -> Counter:
    """Run files through the reader and `improve`, then a folder of them through `score` and the data stage.

    Returns:
        How many there were of each (command, kind of file, outcome). A traceback, a line too many, or a file left
        half-written is raised as AssertionError.
    """
    networks, found = tiny_networks(folder), Counter()
    inside, out = folder / "pictures", folder / "out.png"
    inside.mkdir()
    for at, one in enumerate(pictures(count)):
        path = written(inside, one)
        outcome, reason = judged(path)
        found["read", one.kind, outcome] += 1
        if at % 4 == 0:
            said = io.StringIO()
            options = ["--out", str(out), "--improver", str(networks["unet"])]
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
                status = cli.main(["improve", *options, "--", str(path)])
            left = {other.name for other in folder.iterdir()} - {
                "pictures",
                *(n.name for n in networks.values()),
            }
            if status not in (0, 2) or left != ({out.name} if status == 0 else set()):
                raise AssertionError(f"improve {one.name!r}: status {status}, left {left}")
            if len(said.getvalue().splitlines()) != (status == 2) or (status == 0 and reason):
                raise AssertionError(f"improve {one.name!r}: status {status}, said {said.getvalue()!r}")
            found["improve", one.kind, "opened" if status == 0 else "refused"] += 1
            out.unlink(missing_ok=True)
        if outcome == "opened" and at % 10:
            path.unlink()  # scoring takes longer than reading
    special(inside)
    for at in range(8):
        noise(np.random.default_rng(at), 160, 140).save(inside / f"sound-{at}.png")
    total = len(files_below(inside))
    said, rows = io.StringIO(), io.StringIO()
    names = {"predictor": "four_sides", "bad": "four_sides", "linear": "linear_fill"}
    options = [text for key, name in names.items() for text in (f"--{key}", str(networks[name]))]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(rows):
        status = cli.main(["score", str(inside), "--json", *options])
    scored, left_out = len(json.loads(rows.getvalue())), len(said.getvalue().splitlines())
    if status != 0 or scored + left_out != total:
        raise AssertionError(f"score: status {status}, {scored} + {left_out} of {total}")
    found |= Counter({("score", "folder", "scored"): scored, ("score", "folder", "left out"): left_out})
    params = DataParams(source="folder", train=(str(inside),), test_share=0.5)
    manifest = prepare(params, 0, folder / "data", progress=False)
    taken, skipped = len(manifest.pictures), len(manifest.skipped)
    if taken + skipped != total:
        raise AssertionError(f"data: {taken} + {skipped} of {total}")
    return found | Counter({("data", "folder", "taken"): taken, ("data", "folder", "skipped"): skipped})


def table(found: Counter) -> str:
    lines = [
        f"{command:8} {kind:10} {what:9} {count:6}" for (command, kind, what), count in sorted(found.items())
    ]
    return "\n".join(lines)


def record(found: Counter, files: int) -> dict[str, Any]:
    """The counts as the book shows them: a table of every command, a row a kind of file."""
    tables: dict[str, Any] = {}
    for (command, kind, what), count in sorted(found.items()):
        row = tables.setdefault(command, {}).setdefault(kind, {"opened": 0, "refused": 0})
        row["opened" if what in ("opened", "scored", "taken") else "refused"] = count
    folders = {command: tables.pop(command)["folder"] for command in ("score", "data")}
    return {"seed": SEED, "files": files, **tables, "folders": folders}


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
    print(table(found))
    print(f"memory {peak[0]} -> {peak[1]} MiB")
    if options.out:
        memory = {"memory_before_mib": peak[0], "most_memory_mib": peak[1]}
        memory["seconds"] = round(time.monotonic() - began)
        write_json(options.out, {"date": today(), **memory, **record(found, options.files)})


if __name__ == "__main__":
    main()
