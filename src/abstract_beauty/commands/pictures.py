"""Pictures that a user names: files and folders."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from abstract_beauty.data.folder import OTHER, TRIED, files_below
from abstract_beauty.data.images import printable, read_image
from abstract_beauty.data.prepare import Skip
from abstract_beauty.errors import UserError
from abstract_beauty.prediction.full_prediction import TILE


def read_picture(path: Path) -> Float[Tensor, "3 h w"]:
    """`read_image`, but UserError also where the picture is too small to hold a tile."""
    picture = read_image(path)
    height, width = picture.shape[1:]
    if min(height, width) < TILE:
        raise UserError(f"{printable(path)}: is {width}x{height} pixels; both sides must be at least {TILE}")
    return picture


def readable(
    files: Sequence[Path], found: set[Path], failed: dict[Path, str], alone: bool
) -> Iterator[tuple[Path, Float[Tensor, "3 h w"]]]:
    """Each picture as it is read; one that cannot be is named on stderr and left out.

    Those that the user named, not `found` in a folder, are noted in `failed`, with what is wrong; UserError of one that
    was named `alone`.
    """
    for path in tqdm(files, unit="picture", disable=len(files) == 1 or not sys.stderr.isatty()):
        try:
            picture = read_picture(path)
        except UserError as error:
            if path not in found:
                if alone:
                    raise
                failed[path] = str(error)
            tqdm.write(f"left out: {error}", file=sys.stderr)
            continue
        yield path, picture


def names_of(files: Iterable[Path]) -> dict[Path, str]:
    """A name for each file, its own without the suffix; where another file has that already, with a number.

    What may not be readable comes last, so that a photograph has its name whatever raw files lie beside it.
    """
    names: dict[Path, str] = {}
    taken, numbers = set(), Counter()
    for path in sorted(dict.fromkeys(files), key=lambda path: path.suffix.lower() in OTHER):
        name = path.stem
        while name in taken:
            numbers[path.stem] += 1
            name = f"{path.stem}-{numbers[path.stem] + 1}"
        taken.add(name)
        names[path] = name
    return names


def check_no_picture(out: Path | None) -> None:
    """UserError where a table or a page would get the name of a picture, and perhaps its place."""
    if out and out.suffix and out.suffix.lower() in TRIED:
        raise UserError(f"{printable(out)}: is the name of a picture; give what is written another suffix")


def expand(paths: Sequence[Path]) -> tuple[list[Path], set[Path]]:
    """Every picture, once, that is named or lies below a named folder; and those not named; UserError: one has none."""
    files: list[Path] = []
    found: set[Path] = set()
    for path in paths:
        closed: list[Skip] = []
        is_folder = os.path.isdir(path)  # unlike Path.is_dir, no name is too long for it
        inside = files_below(path, closed) if is_folder else []
        if is_folder and not inside:
            raise UserError(f"{printable(path)}: {closed[-1].reason if closed else 'holds no picture'}")
        files += inside or [path]
        found |= set(inside)
        for folder in closed:
            print(f"left out: {folder.file}: {folder.reason}", file=sys.stderr)
    return list(dict.fromkeys(files)), found - set(paths)
