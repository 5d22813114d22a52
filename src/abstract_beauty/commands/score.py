"""`abstract-beauty score`: rows of scores, as text, JSON or CSV."""

import argparse
import contextlib
import csv
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

import abstract_beauty
from abstract_beauty import weights
from abstract_beauty.commands.pictures import check_no_picture, expand, names_of, readable
from abstract_beauty.data.images import printable, write_image
from abstract_beauty.errors import UserError, counted
from abstract_beauty.files import check_outputs, replacing, rounded, sha256
from abstract_beauty.parallel import side_by_side
from abstract_beauty.scores.scores import SCORES, Scores, score

OTHERS = ("bad", "linear")  # predictors beside the good one


def _beside(options: argparse.Namespace, name: str) -> str:
    """The network of this name that belongs to the good predictor: of the same run, else the reference run's."""
    run = options.predictor.partition("/")[0]
    return f"{run if run == 'run' else 'reference'}/{name}"


def _rows(
    options: argparse.Namespace,
    predictors: Sequence[nn.Module],
    read: Iterable[tuple[Path, Tensor]],
    maps: Mapping[Path, Path],
    wanted: list[str],
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A row for each picture that was read, in their order: the scores wanted. `maps`: where its map is written."""
    if maps:  # seconds, which scores do not need
        from abstract_beauty.book.plots import map_image

    def scored(named: tuple[Path, Tensor]) -> tuple[Path, tuple[int, int], Scores]:
        path, picture = named
        return path, (picture.shape[1], picture.shape[2]), score(picture, *predictors, wanted)

    for path, (height, width), scores in side_by_side(scored, read):
        if maps:
            write_image(maps[path], map_image(scores.map, size=(height, width)))
        found = {key: getattr(scores, key) for key in wanted}
        if not all(map(math.isfinite, found.values())):
            named = f"{options.predictor}, {options.bad} or {options.linear}"
            raise UserError(
                f"{printable(path)}: its scores are no numbers; the weights of {named} are damaged"
            )
        row = {"image": printable(path), **found}
        yield path, rounded(row | {"width": width, "height": height, "predictor": options.predictor})


def _tables(options: argparse.Namespace) -> list[Path]:
    """The table that is asked for, and where it is kept while it is not finished."""
    return [options.csv, options.csv.with_name(f"{options.csv.name}.unfinished")] if options.csv else []


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _key(path: Path, by: str) -> str:
    """What a kept row is found by again: the picture as it is now, and all that scored it."""
    with contextlib.suppress(OSError):
        stat = os.stat(path)
        by = f"{stat.st_size} {stat.st_mtime_ns} {by}"
    return f"{printable(path)} {by}"


def _kept(unfinished: Path) -> dict[str, dict[str, Any]]:
    """The rows, by `_key`, that runs which were ended left; half a row is none."""
    rows = {}
    if os.path.isfile(unfinished):  # a pipe would be waited upon for ever
        for line in unfinished.read_bytes().splitlines():
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                key, row = json.loads(line)
                rows[key] = dict(row)
    return rows


def score_command(options: argparse.Namespace) -> int:
    """Score every picture named, printing or writing a row each; status 2 if one of them could not be.

    With --csv a run that is ended, however, leaves its rows in FILE.unfinished, from where the same command goes on;
    with --map nothing is kept.
    """
    files, found = expand(options.images)
    for name in OTHERS:
        setattr(options, name, getattr(options, name) or _beside(options, name))
    shown = [key for key, row in SCORES.items() if row.printed]
    failed: dict[Path, str] = {}
    paths = [weights.find("predictors", getattr(options, name)) for name in ("predictor", *OTHERS)]
    names = names_of(files) if options.map else {}
    maps = {path: options.map / f"{name}.map.png" for path, name in names.items()}
    check_outputs([*maps.values(), *_tables(options)], [*files, *paths])
    check_no_picture(options.csv)
    predictors = [weights.load(path, "predictors") for path in paths]
    unfinished = _tables(options)[1] if options.csv and not options.map else None
    rows: dict[Path, dict[str, Any]] = {}
    if unfinished:
        by = " ".join([abstract_beauty.__version__, options.predictor, *map(sha256, paths)])
        kept, keys = _kept(unfinished), {path: _key(path, by) for path in files}
        rows = {path: kept[key] for path, key in keys.items() if key in kept}
        if kept:
            print(f"{len(rows)} of {len(files)} pictures were scored before", file=sys.stderr)
    left = [path for path in files if path not in rows]
    read = readable(left, found, failed, alone=len(files) == 1)
    wanted = [*SCORES] if options.json or options.csv else shown
    try:
        for path, row in _rows(options, predictors, read, maps, wanted):
            rows[path] = row
            if unfinished:
                # At once, so that whatever ends the run leaves what was done; and apart from half a row before it.
                unfinished.parent.mkdir(parents=True, exist_ok=True)
                with open(unfinished, "a", encoding="utf-8") as file:
                    file.write(f"\n{json.dumps([keys[path], row])}\n")
            if options.json or options.csv:
                continue
            if len(rows) == 1:
                print("  ".join(f"{key:>14}" for key in shown) + "  image")
            print("  ".join(f"{row[key]:14.4f}" for key in shown) + f"  {row['image']}", flush=True)
    except KeyboardInterrupt:
        if rows and unfinished:
            print(f"kept: {len(rows)} of {len(files)} pictures; the same command goes on", file=sys.stderr)
        raise
    table = [rows[path] for path in files if path in rows]
    if not table:
        raise UserError(f"{printable(options.images[0])}: none of the pictures can be scored")
    if options.json:
        print(json.dumps(table, indent=2))
    if options.csv:
        _write(options.csv, table)
        if unfinished:
            unfinished.unlink(missing_ok=True)
        said = sys.stderr if options.json else sys.stdout
        print(f"{printable(options.csv)}: {counted(len(table), 'picture')}", file=said)
    return 2 if failed else 0
