"""Pictures that a user names: files and folders."""

import os
from collections.abc import Sequence
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
    return (
        f"{path.parent.parent.name}/{path.stem}"
        if path.parent.name in ("predictors", "improvers")
        else str(path)
    )


def expand(paths: Sequence[Path]) -> tuple[list[Path], frozenset[Path]]:
    """Every picture that is named or lies below a named folder, sorted within it.

    Returns:
        The files; and those that came from folders, where what cannot be read is passed over with a word.

    Raises:
        UserError: a folder holds no picture.
    """
    files: list[Path] = []
    found: set[Path] = set()
    for path in paths:
        if not os.path.isdir(path):  # unlike Path.is_dir, no name is too long for it
            files.append(path)
            continue
        inside = files_below(path)
        if not inside:
            raise UserError(f"{printable(path)}: holds no picture")
        files += inside
        found |= set(inside)
    return files, frozenset(found)
