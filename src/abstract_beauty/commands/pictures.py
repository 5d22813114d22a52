"""Pictures that a user names: files and folders."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from abstract_beauty.data.folder import files_below
from abstract_beauty.data.images import printable
from abstract_beauty.errors import UserError
from abstract_beauty.prediction.full_prediction import TILE


def check_side(name: Path, picture: torch.Tensor) -> None:
    """UserError when a picture (3, h, w) is too small to hold a tile."""
    if min(picture.shape[1:]) < TILE:
        height, width = picture.shape[1:]
        raise UserError(f"{name}: is {width}x{height} pixels; both sides must be at least {TILE}")


def label(path: Path) -> str:
    """What a weights file is called in output: its family and name where it has them, else its path."""
    family = path.parent.parent.name if path.parent.name in ("predictors", "improvers") else None
    return f"{family}/{path.stem}" if family else str(path)


def names_of(files: Iterable[Path]) -> dict[Path, str]:
    """A name for each file, its own without the suffix; where another file has that already, with a number."""
    names: dict[Path, str] = {}
    for path in dict.fromkeys(files):
        name, number = path.stem, 1
        while name in names.values():
            number += 1
            name = f"{path.stem}-{number}"
        names[path] = name
    return names


def expand(paths: Sequence[Path]) -> tuple[list[Path], set[Path]]:
    """Every picture that is named or lies below a named folder; and those of folders; UserError: one holds none."""
    files: list[Path] = []
    found: set[Path] = set()
    for path in paths:
        if not os.path.isdir(path):  # unlike Path.is_dir, no name is too long for it
            files.append(path)
            continue
        if not (inside := files_below(path)):
            raise UserError(f"{printable(path)}: holds no picture")
        files += inside
        found |= set(inside)
    return files, found
