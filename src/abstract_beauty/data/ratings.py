"""Pictures that people rated: a folder with a CSV, a folder of such folders, or a checkout of the Savoias data set."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class RatedSet:
    """Pictures with ratings.

    Attributes:
        name: of the set.
        files: the pictures, one a row.
        ratings: by name of the rating, (n,) each; none is missing.
    """

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
    inside = sorted(one for one in folder.iterdir() if one.is_dir() and (one / FILE).is_file())
    if inside:
        return [_from_csv(one) for one in inside]
    if (folder / "Images").is_dir() and (truth := next(folder.glob("[Gg]round*[Tt]ruth"), None)):
        return _savoias(folder, truth)
    raise UserError(f"{printable(folder)}: holds no {FILE} (columns: image, and at least one of ratings)")


def _table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".xlsx":
            return pd.read_excel(path)
        return pd.read_csv(path, encoding="utf-8-sig", skipinitialspace=True)
    except ImportError as error:
        raise UserError(
            f"{printable(path)}: reading it needs openpyxl; run `pip install openpyxl`"
        ) from error
    except (OSError, ValueError, UnicodeError, KeyError) as error:
        raise UserError(f"{printable(path)}: cannot be read as a table ({_line(error)})") from error
    except Exception as error:  # a damaged workbook raises what its zip and XML readers please
        raise UserError(f"{printable(path)}: cannot be read as a table ({_line(error)})") from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _from_csv(folder: Path) -> RatedSet:
    path = folder / FILE
    table = _table(path)
    if "image" not in table.columns or len(table.columns) < 2:
        raise UserError(f"{printable(path)}: needs a column 'image' and at least one of ratings")
    files, seen = [], set()
    names = ["" if pd.isna(name) else str(name) for name in table["image"]]
    for row, name in enumerate(names, start=2):
        if not name:
            raise UserError(f"{printable(path)}: row {row}: names no picture")
        file = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UserError(f"{printable(path)}: row {row}: '{name}' leads out of the folder")
        if name in seen:
            raise UserError(f"{printable(path)}: row {row}: '{name}' is there twice")
        if not os.path.isfile(file):
            raise UserError(f"{printable(path)}: row {row}: there is no '{name}'")
        seen.add(name)
        files.append(file)
    columns = [column for column in table.columns if column != "image"]
    ratings = {str(column): _numbers(path, str(column), table[column]) for column in columns}
    return RatedSet(folder.resolve().name, tuple(files), ratings)


def _numbers(path: Path, column: str, values: pd.Series) -> Float[np.ndarray, "n"]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise UserError(
            f"{printable(path)}: row {bad[0] + 2}: {column} is {values.iloc[bad[0]]!r}, not a number"
        )
    return numbers


def _savoias(folder: Path, truth: Path) -> list[RatedSet]:
    """The categories of a checkout: tables named global_ranking_KEY, pictures Images/CATEGORY/NUMBER.*"""
    found: dict[str, RatedSet] = {}
    for path in sorted([*truth.rglob("*.csv"), *truth.rglob("*.xlsx")]):
        key = re.match(r"(?:global_ranking_)?([a-z]+)", path.stem.lower())
        category = SAVOIAS.get(key[1]) if key else None
        if category is None or category in found:
            continue
        kinds = sorted(one for one in (folder / "Images").iterdir() if one.is_dir())
        pictures = next((one for one in kinds if _plain(one.name).startswith(_plain(category)[:8])), None)
        if pictures is None:
            continue
        by_number = {int(one.stem): one for one in pictures.iterdir() if one.stem.isdigit()}
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
    first = table.iloc[:, 0].astype(str).str.extract(r"^(\d+)(?:\.0)?(?:\.[A-Za-z]+)?$")[0]
    if len(table.columns) >= 2 and first.notna().all():
        return first.astype(int).tolist(), _numbers(path, str(table.columns[-1]), table.iloc[:, -1])
    scores = _numbers(path, str(table.columns[-1]), table.iloc[:, -1])
    if len(scores) != count:
        raise UserError(f"{printable(path)}: has {len(scores)} scores for {count} pictures")
    return list(range(len(scores))), scores
