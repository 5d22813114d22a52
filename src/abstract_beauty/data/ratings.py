"""Pictures that people rated: a folder with a table, or a folder of such folders.

A table is read as people have them: with commas, semicolons or tabs between its columns, as spreadsheets and pandas
write them, decimal commas too. The column of pictures is `image`, or the one that names the folder's files. What is no
rating is left out and said: text, row numbers, what is the same for all, and rows in which a number is missing.
"""

import os
import re
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from abstract_beauty.data.folder import SUFFIXES, files_below
from abstract_beauty.data.images import printable
from abstract_beauty.errors import UserError

FILE = "ratings.csv"
TABLES = (".csv", ".tsv")
SEPARATORS = ",;\t"
# A column so called, or in part, is the one that is studied first.
LIKED = ("beaut", "attract", "aesthet", "appeal", "pleasing", "pleasant", "like", "liking", "prefer")
NAMED = 5  # of the things left out that one note names


class RatedSet(NamedTuple):
    """Pictures, what people said of each, of which none is missing, and what of the table was left out."""

    name: str
    files: tuple[Path, ...]
    ratings: dict[str, Float[np.ndarray, "n"]]
    left_out: tuple[str, ...] = ()


def read_rated(folder: Path) -> list[RatedSet]:
    """Every rated set in a folder.

    The folder holds `ratings.csv`, or one other table, with a column of file names relative to it and one or more of
    numbers; or folders that do. Columns of beauty come first. UserError when there is none, or names a malformed
    table and its row.
    """
    if not os.path.isdir(folder):
        raise UserError(f"{printable(folder)}: no such folder; give one with pictures and {FILE}")
    if table := _table_in(folder):
        return [_from_table(folder, table)]
    inside = sorted(folder.glob("[!.]*/"))
    if found := [(path, table) for path in inside if (table := _table_in(path))]:
        return [_from_table(*each) for each in found]
    raise UserError(f"{printable(folder)}: holds no {FILE} (columns: image, and at least one of ratings)")


def _table_in(folder: Path) -> Path | None:
    if (folder / FILE).is_file():
        return folder / FILE
    tables = [path for path in folder.iterdir() if path.suffix.lower() in TABLES and path.is_file()]
    if len(tables) > 1:
        names = ", ".join(sorted(printable(path.name) for path in tables)[:NAMED])
        raise UserError(
            f"{printable(folder)}: holds several tables ({names}); call the one of ratings {FILE}"
        )
    return tables[0] if tables else None


def _from_table(folder: Path, path: Path) -> RatedSet:
    shown = printable(path)
    try:
        table, decimal_comma = _read(path)
    except Exception as error:  # damaged text raises what its reader pleases
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{shown}: cannot be read as a table ({line})") from error
    by_name: dict[str, list[Path]] = {}
    for file in files_below(folder):
        for name in {file.name, file.stem}:
            by_name.setdefault(name.lower(), []).append(file)
    names = _pictures_column(folder, table, by_name)
    if any(Path(name).suffix and _file(folder, name, by_name) for name in table.columns):
        raise UserError(f"{shown}: its first line names a picture; put one with the columns' names above it")
    if names is None or len(table.columns) < 2:
        raise UserError(f"{shown}: needs a column 'image' and at least one of ratings")
    files: dict[Path, None] = {}  # in the table's order
    for at, name in enumerate(table.pop(names)):
        found = _file(folder, name, by_name)
        wrong = None
        if Path(name).is_absolute() or ".." in Path(name).parts:
            wrong = f"'{name}' leads out of the folder"
        elif found is None:
            wrong = f"there is no '{name}'"
        elif found in files:
            wrong = f"'{name}' is there twice; give each picture one row"
        if wrong:
            raise UserError(f"{shown}: row {at + 2}: {printable(wrong)}")
        files[found] = None
    ratings, left_out = _ratings(table, decimal_comma)
    if not ratings:
        column = table.columns[0]
        numbers = _numbers(table[column], decimal_comma)
        at = int(np.flatnonzero(~np.isfinite(numbers))[0])
        why = f"row {at + 2}: {column} is {table[column].iloc[at]!r}, not a number"
        raise UserError(f"{shown}: {printable(why)}, and at least one column of ratings is needed")
    whole = np.isfinite(np.stack([*ratings.values()])).all(0)
    if missing := [file.name for file, kept in zip(files, whole, strict=True) if not kept]:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        left_out.append(f"{', '.join(map(printable, missing[:NAMED]))}{more}: a number is missing")
    return RatedSet(
        folder.resolve().name,
        tuple(file for file, kept in zip(files, whole, strict=True) if kept),
        {column: values[whole] for column, values in ratings.items()},
        tuple(left_out),
    )


def _read(path: Path) -> tuple[pd.DataFrame, bool]:
    """A table of texts, and whether numbers in it may have decimal commas."""
    raw = path.read_bytes()
    coding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(coding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252")  # of older spreadsheets
    if "\0" in text:
        raise ValueError("it holds bytes that are no text")
    text = re.sub(r"\A([ \t]*\r?\n)+", "", text)
    if named := re.match(r"sep=(.)\s*\n", text):  # so spreadsheets are told
        text = text[named.end() :]
    header = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    separator = named[1] if named else max(SEPARATORS, key=header.count)
    table = pd.read_csv(
        StringIO(text), sep=separator, dtype=str, keep_default_na=False, skipinitialspace=True
    )
    if not isinstance(table.index, pd.RangeIndex):  # lines are longer than the header, by a name of the row
        columns, at_end = table.columns, not table.iloc[:, -1].fillna("").str.strip().any()
        table = table.reset_index(drop=not at_end)
        if at_end:  # or by a separator at their end
            table = table.iloc[:, :-1].set_axis(columns, axis=1)
    table.columns = [str(name).strip() for name in table.columns]
    if twice := next((name for name in table.columns if list(table.columns).count(name) > 1), None):
        raise ValueError(f"two columns are called {twice!r}")
    table = table.apply(lambda column: column.fillna("").str.strip())
    swallowed = table.apply(
        lambda column: column.str.contains("\n") & column.str.contains(separator, regex=False)
    )
    if swallowed.any(axis=None):
        row = int(np.flatnonzero(swallowed.any(axis=1))[0]) + 2
        raise ValueError(f"a quotation mark that opens in row {row} swallows others")
    return table, separator != ","


def _pictures_column(folder: Path, table: pd.DataFrame, by_name: dict[str, list[Path]]) -> str | None:
    """The column called image; else the one that names the most files of the folder, if half of it does."""
    called = [column for column in table.columns if column.lower() == "image"]
    if called or not len(table):
        return called[0] if called else None

    def share(column: str) -> float:
        files = [not name.isdecimal() and _file(folder, name, by_name) is not None for name in table[column]]
        return float(np.mean(files))

    best = max(table.columns, key=share)
    return best if share(best) >= 0.5 else None


def _file(folder: Path, name: str, by_name: dict[str, list[Path]]) -> Path | None:
    """The file that is meant: from the folder, or by its bare name, with or without suffix, if only one has it.

    Where pictures lie beside the raw files that they were made from, the pictures are meant.
    """
    name = name.replace("\\", "/")
    if name and ".." not in Path(name).parts and os.path.isfile(folder / name):
        return folder / name
    alike = by_name.get(Path(name).name.lower(), [])
    alike = [file for file in alike if file.suffix.lower() in SUFFIXES] or alike
    return alike[0] if len(alike) == 1 else None


def _numbers(values: pd.Series, decimal_comma: bool) -> Float[np.ndarray, "n"]:
    plain = values.str.replace(",", ".", regex=False) if decimal_comma else values
    numbers = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=float)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _ratings(table: pd.DataFrame, decimal_comma: bool) -> tuple[dict[str, Float[np.ndarray, "n"]], list[str]]:
    """The columns of ratings, those of beauty first, and of each other one why it is none."""
    found, doubtful, left_out = {}, {}, {}
    for column, values in table.items():
        numbers = _numbers(values, decimal_comma)
        there = numbers[np.isfinite(numbers)]
        if 2 * len(there) < len(numbers) or not len(there):
            left_out[column] = "is text" if (values != "").sum() > len(there) else "is mostly empty"
        elif not np.ptp(there):
            left_out[column] = f"is {there[0]:g} for every picture"
        elif (np.diff(numbers) == 1).all():
            left_out[column] = "only numbers the rows"
        else:
            found[column] = numbers
        if column in left_out and len(there) == len(numbers):
            doubtful[column] = numbers
    found = found or doubtful  # where that is all that there is
    said = [f"column '{printable(column)}': {why}" for column, why in left_out.items() if column not in found]
    first = sorted(found, key=lambda column: not any(word in column.lower() for word in LIKED))
    return {column: found[column] for column in first}, said
