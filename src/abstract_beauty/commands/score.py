"""`abstract-beauty score`: rows of scores, as text, JSON or CSV."""

import argparse
import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from abstract_beauty import weights
from abstract_beauty.commands.pictures import check_no_picture, expand, names_of, readable
from abstract_beauty.data.images import printable, write_image
from abstract_beauty.errors import UserError, counted
from abstract_beauty.files import check_outputs, replacing, rounded
from abstract_beauty.parallel import side_by_side
from abstract_beauty.scores.scores import SCORES, Scores, score

OTHERS = ("bad", "linear")  # predictors beside the good one


def _beside(options: argparse.Namespace, name: str) -> str:
    """The network of this name that belongs to the good predictor: of the same run, else the reference run's."""
    run = options.predictor.partition("/")[0]
    return f"{run if run == 'run' else 'reference'}/{name}"


def _rows(
    options: argparse.Namespace, read: Iterable[tuple[Path, Tensor]], files: list[Path], wanted: list[str]
) -> Iterator[dict[str, Any]]:
    """A row for each picture that was read, of files, in their order, with the scores of these names."""
    if options.map:  # seconds, which scores do not need
        from abstract_beauty.book.plots import map_image

    paths = [weights.find("predictors", name) for name in (options.predictor, options.bad, options.linear)]
    names = names_of(files) if options.map else {}
    maps = {path: options.map / f"{name}.map.png" for path, name in names.items()}
    check_outputs([*maps.values(), *_tables(options)], [*files, *paths])
    check_no_picture(options.csv)
    predictors = [weights.load(path, "predictors") for path in paths]

    def scored(named: tuple[Path, Tensor]) -> tuple[Path, tuple[int, int], Scores]:
        path, picture = named
        return path, (picture.shape[1], picture.shape[2]), score(picture, *predictors, wanted)

    for path, (height, width), scores in side_by_side(scored, read):
        if options.map:
            write_image(maps[path], map_image(scores.map, size=(height, width)))
        found = {key: getattr(scores, key) for key in wanted}
        if not all(map(math.isfinite, found.values())):
            named = f"{options.predictor}, {options.bad} or {options.linear}"
            raise UserError(
                f"{printable(path)}: its scores are no numbers; the weights of {named} are damaged"
            )
        row = {"image": printable(path), **found}
        yield rounded(row | {"width": width, "height": height, "predictor": options.predictor})


def _tables(options: argparse.Namespace) -> list[Path]:
    """The table that is asked for, and where it is kept while it is not finished."""
    return [options.csv, options.csv.with_name(f"{options.csv.name}.unfinished")] if options.csv else []


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _append(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to a table at once, so that whatever ends the run leaves what was done."""
    with open(path, "a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, list(rows[0])).writerows(rows)


def _kept(options: argparse.Namespace, unfinished: Path) -> list[dict[str, Any]]:
    """Rows of a run that was ended, if it was one of the same columns and predictors."""
    try:
        whole = unfinished.read_text(encoding="utf-8").rpartition("\n")[
            0
        ]  # a killed run may have left half a row
        rows = list(csv.DictReader(whole.splitlines()))
    except (OSError, ValueError, csv.Error):
        return []
    columns = ["image", *SCORES, "width", "height", "predictor", *OTHERS]
    by = {key: getattr(options, key) for key in ("predictor", *OTHERS)}
    alike = all(list(row) == columns and row.items() >= by.items() for row in rows)
    try:
        return [
            {
                key: value if key in ("image", "predictor") else json.loads(value)
                for key, value in row.items()
                if key not in OTHERS
            }
            for row in rows * alike
        ]
    except (TypeError, ValueError):
        return []


def score_command(options: argparse.Namespace) -> int:
    """Score every picture named, printing or writing a row each; status 2 if one of them could not be.

    With --csv a run that is ended, however, leaves its rows in FILE.unfinished, from where the same command goes on.
    """
    files, found = expand(options.images)
    for name in OTHERS:
        setattr(options, name, getattr(options, name) or _beside(options, name))
    shown = [key for key, row in SCORES.items() if row.printed]
    failed: list[Path] = []
    _, unfinished = _tables(options) or (None, None)
    rows = _kept(options, unfinished) if unfinished and not options.map else []
    there = {row["image"] for row in rows}
    left = [path for path in files if printable(path) not in there]
    if rows and len(left) < len(files):
        print(f"{len(files) - len(left)} of {len(files)} pictures were scored before", file=sys.stderr)
    read = readable(left, found, failed, alone=len(files) == 1)
    others = {name: getattr(options, name) for name in OTHERS}
    try:
        wanted = [*SCORES] if options.json or options.csv else shown
        for at, row in enumerate(_rows(options, read, left, wanted)):
            rows.append(row)
            if unfinished:
                add, new = (_append, rows[-1:]) if at else (_write, rows)
                add(unfinished, [each | others for each in new])
            if options.json or options.csv:
                continue
            if len(rows) == 1:
                print("  ".join(f"{key:>14}" for key in shown) + "  image")
            print("  ".join(f"{row[key]:14.4f}" for key in shown) + f"  {row['image']}", flush=True)
    except KeyboardInterrupt:
        if rows and unfinished:
            print(f"kept: {len(rows)} of {len(files)} pictures; the same command goes on", file=sys.stderr)
        raise
    order = {printable(path): at for at, path in enumerate(files)}
    rows = sorted((row for row in rows if row["image"] in order), key=lambda row: order[row["image"]])
    if not rows:
        raise UserError(f"{printable(options.images[0])}: none of the pictures can be scored")
    if options.json:
        print(json.dumps(rows, indent=2))
    if options.csv:
        _write(options.csv, rows)
        unfinished.unlink(missing_ok=True)
        said = sys.stderr if options.json else sys.stdout
        print(f"{printable(options.csv)}: {counted(len(rows), 'picture')}", file=said)
    return 2 if failed else 0
