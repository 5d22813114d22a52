"""Pictures that people rated: a folder with a CSV, a folder of such folders, or a checkout of the Savoias data set."""

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from abstract_beauty.data.images import printable
from abstract_beauty.errors import UserError

FILE = "ratings.csv"
# In a checkout of Savoias each category's ratings are a table of this name: pictures' numbers count from 0.
SAVOIAS = {
    "ad": "Advertisement", "art": "Art", "ikea": "Interior Design", "interior": "Interior Design",
    "mscoco": "Objects", "obj": "Objects", "objects": "Objects", "places": "Scenes", "scenes": "Scenes",
    "sup": "Suprematism", "vis": "Visualizations",
}  # fmt: skip


class RatedSet(NamedTuple):
    """Pictures, and what people said of each; no rating is missing."""

    name: str
    files: tuple[Path, ...]
    ratings: dict[str, Float[np.ndarray, "n"]]


def read_rated(folder: Path) -> list[RatedSet]:
    """Every rated set in a folder.

    The folder holds `ratings.csv` with the columns `image`, a file name relative to it, and one or more of numbers; or
    folders that do; or it is a checkout of Savoias, with `Images` and `Ground truth`.

    Raises:
        UserError: there is none, or a table is malformed; the file and the row are named.
    """
    if not os.path.isdir(folder):
        raise UserError(f"{printable(folder)}: no such folder; give one with pictures and {FILE}")
    if (folder / FILE).is_file():
        return [_from_csv(folder)]
    inside = sorted(path.parent for path in folder.glob(f"*/{FILE}"))
    if inside:
        return [_from_csv(rated) for rated in inside]
    if (folder / "Images").is_dir() and (truth := next(folder.glob("[Gg]round*[Tt]ruth"), None)):
        return _savoias(folder, truth)
    raise UserError(f"{printable(folder)}: holds no {FILE} (columns: image, and at least one of ratings)")


def _table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".xlsx":
            return pd.read_excel(path)
        return pd.read_csv(path, encoding="utf-8-sig", skipinitialspace=True)
    except ImportError as error:
        what = "reading it needs openpyxl; run `pip install openpyxl`"
        raise UserError(f"{printable(path)}: {what}") from error
    except Exception as error:  # a damaged workbook raises what its zip and XML readers please
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{printable(path)}: cannot be read as a table ({line})") from error


def _from_csv(folder: Path) -> RatedSet:
    path = folder / FILE
    table = _table(path)
    if "image" not in table.columns or len(table.columns) < 2:
        raise UserError(f"{printable(path)}: needs a column 'image' and at least one of ratings")
    names = ["" if pd.isna(name) else str(name) for name in table.pop("image")]
    for at, (name, again) in enumerate(zip(names, pd.Series(names).duplicated(), strict=True)):
        wrong = None
        if not name:
            wrong = "names no picture"
        elif Path(name).is_absolute() or ".." in Path(name).parts:
            wrong = f"'{name}' leads out of the folder"
        elif again:
            wrong = f"'{name}' is there twice"
        elif not os.path.isfile(folder / name):
            wrong = f"there is no '{name}'"
        if wrong:
            raise UserError(f"{printable(path)}: row {at + 2}: {wrong}")
    ratings = {str(column): _numbers(path, str(column), values) for column, values in table.items()}
    return RatedSet(folder.resolve().name, tuple(folder / name for name in names), ratings)


def _numbers(path: Path, column: str, values: pd.Series) -> Float[np.ndarray, "n"]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        what = f"{column} is {values.iloc[bad[0]]!r}, not a number"
        raise UserError(f"{printable(path)}: row {bad[0] + 2}: {what}")
    return numbers


def _savoias(folder: Path, truth: Path) -> list[RatedSet]:
    """The categories of a checkout: tables named global_ranking_KEY, pictures Images/CATEGORY/NUMBER.*"""
    found: dict[str, RatedSet] = {}
    for path in sorted([*truth.rglob("*.csv"), *truth.rglob("*.xlsx")]):
        key = re.match(r"(?:global_ranking_)?([a-z]+)", path.stem.lower())
        category = SAVOIAS.get(key[1]) if key else None
        if category is None or category in found:
            continue
        folders = sorted(folder.glob("Images/*/"))
        pictures = next(
            (kind for kind in folders if _plain(kind.name).startswith(_plain(category)[:8])), None
        )
        if pictures is None:
            continue
        by_number = {int(file.stem): file for file in pictures.iterdir() if file.stem.isdigit()}
        numbers, scores = _savoias_columns(path, len(by_number))
        rows = [(by_number[n], score) for n, score in zip(numbers, scores, strict=True) if n in by_number]
        if not rows:
            raise UserError(f"{printable(path)}: names no picture of {printable(pictures)}")
        files, values = zip(*rows, strict=True)
        found[category] = RatedSet(category.lower(), files, {"complexity": np.array(values)})
    if not found:
        raise UserError(f"{printable(truth)}: holds no table global_ranking_*.csv or .xlsx")
    return [found[key] for key in sorted(found)]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _savoias_columns(path: Path, count: int) -> tuple[list[int], Float[np.ndarray, "n"]]:
    """Pictures' numbers and scores: two columns, or one of scores in the pictures' order; a heading or none."""
    table = _table(path)
    head = pd.to_numeric(pd.Series([str(column) for column in table.columns]), errors="coerce")
    if head.notna().all():  # no heading: the first row was taken for one
        table = pd.concat([pd.DataFrame([head.tolist()], columns=table.columns), table], ignore_index=True)
    scores = _numbers(path, str(table.columns[-1]), table.iloc[:, -1])
    first = table.iloc[:, 0].astype(str).str.extract(r"^(\d+)(?:\.0)?(?:\.[A-Za-z]+)?$")[0]
    if len(table.columns) >= 2 and first.notna().all():
        return first.astype(int).tolist(), scores
    if len(scores) != count:
        raise UserError(f"{printable(path)}: has {len(scores)} scores for {count} pictures")
    return list(range(count)), scores
