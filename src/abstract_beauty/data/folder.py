"""Pictures of any folder: found recursively, split by a hash of the file name."""

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from abstract_beauty.data.images import PLAIN, RAW, printable, read_image, resize_short_side, to_bytes
from abstract_beauty.data.prepare import Found, Skip, Split, share
from abstract_beauty.errors import UserError
from abstract_beauty.sections import DataParams

SUFFIXES = {suffix for suffix, kind in Image.registered_extensions().items() if kind in PLAIN.split()} | {""}
# Pictures too, but read nowhere, or not everywhere: they are tried, so that each is named with what it needs. Files
# with another suffix are taken for labels and notes and passed over in silence; no suffix at all is tried.
OTHER = (RAW | {
    ".avif", ".cur", ".dds", ".dib", ".emf", ".eps", ".exr", ".fits", ".heic", ".heics", ".heif", ".hif", ".icns",
    ".ico", ".jp2", ".jxl", ".jxr", ".psb", ".psd", ".svg", ".svgz", ".wmf", ".xbm", ".xcf", ".xpm",
}) - SUFFIXES  # fmt: skip
TRIED = SUFFIXES | OTHER


def pictures(params: DataParams, seed: int) -> Iterator[Found | Skip]:
    """Pictures of `params.train` and `params.test`, test first.

    The split of a file depends on its name alone, so adding files moves none. Of more than `params.limit` training
    files those with the smallest hash are taken: a fair sample of the folders, and a smaller limit takes a part of it.
    `seed` is not used. UserError when a folder is missing.
    """
    skips: list[Skip] = []
    train = _files("data.train", params.train, skips)
    test = _files("data.test", params.test, skips)
    if not params.test:
        test = {key: path for key, path in train.items() if share(path.name) < params.test_share}
        train = {key: path for key, path in train.items() if key not in test}
    # by hash, not by folder; the writer stops at the limit, unreadable files do not count towards it
    order = sorted(train, key=share) if params.limit else train
    files = [(key, test[key], "test") for key in test] + [(key, train[key], "train") for key in order]
    read = (_picture(key, path, split, params.short_side) for key, path, split in files)
    return itertools.chain(skips, read)


def sample(folder: Path, limit: int, short_side: int, option: str = "folder") -> list[Found]:
    """At most `limit` readable pictures below a folder, those whose names have the smallest hash; none is written.

    Larger ones are reduced to `short_side` pixels. UserError, which names `option`, when there are none.
    """
    files = _files(option, (str(folder),), [])
    read = (_picture(key, files[key], "test", short_side) for key in sorted(files, key=share))
    readable = list(itertools.islice((item for item in read if isinstance(item, Found)), limit))
    if not readable:
        raise UserError(f"{option}: '{printable(folder)}' holds no readable picture")
    return readable


def _picture(key: str, path: Path, split: Split, short_side: int) -> Found | Skip:
    source = printable(path.name)
    try:
        image = to_bytes(resize_short_side(read_image(path), short_side))
    except UserError as error:
        return Skip(source, str(error).removeprefix(printable(path) + ": "))
    return Found(picture_name(path.stem, key), split, source, "photograph", image)


def picture_name(stem: str, key: str) -> str:
    """A safe file name of a picture: what is readable of `stem`, and a hash of `key` that keeps it apart."""
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-")[:40] or "picture"
    return f"{readable}-{int(share(key) * 2**32):08x}"


def _files(option: str, folders: tuple[str, ...], skips: list[Skip]) -> dict[str, Path]:
    """Every picture file below `folders`, sorted, keyed by the folder's name and the path within it."""
    found: dict[str, Path] = {}
    seen: set[str] = set()
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise UserError(f"{option}: no such folder '{printable(folder)}'; give a folder of pictures")
        for path in _walk(folder, seen, skips):
            key = f"{folder.resolve().name}/{path.relative_to(folder)}"
            while key in found:  # two folders of one name
                key += "+"
            found[key] = path
    return found


def files_below(folder: Path, skips: list[Skip] | None = None) -> list[Path]:
    """Every file below a folder whose suffix is a picture's, sorted; folders that cannot be opened go to `skips`."""
    return list(_walk(folder, set(), [] if skips is None else skips))


def _walk(folder: Path, seen: set[str], skips: list[Skip]) -> Iterator[Path]:
    """Files below `folder` in sorted order; each real folder once, so a loop of symlinks ends."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        names = sorted(os.listdir(folder), key=os.fsencode)
    except OSError as error:
        skips.append(Skip(printable(folder.name), f"folder cannot be read ({error.strerror})"))
        return
    for path in (folder / name for name in names if not name.startswith(".")):
        if os.path.isdir(path):
            yield from _walk(path, seen, skips)
        elif path.suffix.lower() in TRIED:
            yield path
