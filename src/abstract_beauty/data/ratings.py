"""Pictures that people rated: a folder with a CSV, or a folder of such folders."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from abstract_beauty.data.images import printable
from abstract_beauty.errors import UserError

FILE = "ratings.csv"


class RatedSet(NamedTuple):
    """Pictures, and what people said of each; no rating is missing."""

    name: str
    files: tuple[Path, ...]
    ratings: dict[str, Float[np.ndarray, "n"]]


def read_rated(folder: Path) -> list[RatedSet]:
    """Every rated set in a folder.

    The folder holds `ratings.csv` with the columns `image`, a file name relative to it, and one or more of numbers; or
    folders that do.

    Raises:
        UserError: there is none, or a table is malformed; the file and the row are named.
    """
    if not os.path.isdir(folder):
        raise UserError(f"{printable(folder)}: no such folder; give one with pictures and {FILE}")
    if (folder / FILE).is_file():
        return [_from_csv(folder)]
    if inside := sorted(path.parent for path in folder.glob(f"*/{FILE}")):
        return [_from_csv(rated) for rated in inside]
    raise UserError(f"{printable(folder)}: holds no {FILE} (columns: image, and at least one of ratings)")


def _from_csv(folder: Path) -> RatedSet:
    path = folder / FILE
    try:
        table = pd.read_csv(path, encoding="utf-8-sig", skipinitialspace=True)
    except Exception as error:  # damaged text raises what its reader pleases
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{printable(path)}: cannot be read as a table ({line})") from error
    if "image" not in table.columns or len(table.columns) < 2:
        raise UserError(f"{printable(path)}: needs a column 'image' and at least one of ratings")
    names = ["" if pd.isna(name) else str(name) for name in table.pop("image")]
    for at, (name, again) in enumerate(zip(names, pd.Series(names).duplicated(), strict=True)):
        wrong = None
        if Path(name).is_absolute() or ".." in Path(name).parts:
            wrong = f"'{name}' leads out of the folder"
        elif again:
            wrong = f"'{name}' is there twice"
        elif not os.path.isfile(folder / name):
            wrong = f"there is no '{name}'"
        if wrong:
            raise UserError(f"{printable(path)}: row {at + 2}: {wrong}")
    ratings = {}
    for column, values in table.items():
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
        bad = np.flatnonzero(~np.isfinite(numbers))
        if len(bad):
            what = f"row {bad[0] + 2}: {column} is {values.iloc[bad[0]]!r}, not a number"
            raise UserError(f"{printable(path)}: {what}")
        ratings[str(column)] = numbers
    return RatedSet(folder.resolve().name, tuple(folder / name for name in names), ratings)
