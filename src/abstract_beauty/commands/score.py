"""`abstract-beauty score`: rows of scores, as text, JSON or CSV."""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from abstract_beauty import weights
from abstract_beauty.commands.pictures import expand, names_of, readable
from abstract_beauty.data.images import printable, write_image
from abstract_beauty.errors import UserError
from abstract_beauty.files import check_outputs, replacing, rounded
from abstract_beauty.parallel import side_by_side
from abstract_beauty.scores.scores import SCORES, Scores, score


def _rows(
    options: argparse.Namespace, files: list[Path], found: set[Path], failed: list[Path], wanted: list[str]
) -> Iterator[dict[str, Any]]:
    """A row a picture, in their order, with the scores of these names; what has none is left out as `readable` says."""
    if options.map:  # seconds, which scores do not need
        from abstract_beauty.book.plots import map_image

    paths = [weights.find("predictors", name) for name in (options.predictor, options.bad, options.linear)]
    names = names_of(files) if options.map else {}
    maps = {path: options.map / f"{name}.map.png" for path, name in names.items()}
    check_outputs([*maps.values(), *([options.csv] if options.csv else [])], [*files, *paths])
    predictors = [weights.load(path, "predictors") for path in paths]

    def scored(named: tuple[Path, Tensor]) -> tuple[Path, tuple[int, int], Scores]:
        path, picture = named
        return path, (picture.shape[1], picture.shape[2]), score(picture, *predictors, wanted)

    for path, (height, width), scores in side_by_side(scored, readable(files, found, failed)):
        if options.map:
            write_image(maps[path], map_image(scores.map, size=(height, width)))
        row = {"image": printable(path), **{key: getattr(scores, key) for key in wanted}}
        yield rounded(row | {"width": width, "height": height, "predictor": options.predictor})


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _kept(options: argparse.Namespace, unfinished: Path) -> list[dict[str, Any]]:
    """Rows of a run that was interrupted, if it was one of the same columns and predictor."""
    try:
        rows = list(csv.DictReader(unfinished.read_text(encoding="utf-8").splitlines()))
    except (OSError, ValueError, csv.Error):
        return []
    columns = ["image", *SCORES, "width", "height", "predictor"]
    alike = all(list(row) == columns and row["predictor"] == options.predictor for row in rows)
    try:
        return [
            {key: value if key in ("image", "predictor") else json.loads(value) for key, value in row.items()}
            for row in rows * alike
        ]
    except (TypeError, ValueError):
        return []


def score_command(options: argparse.Namespace) -> int:
    """Score every picture named, printing or writing a row each; status 2 if one of them could not be.

    With --csv an interrupted run keeps its rows in FILE.unfinished, from where the same command goes on.
    """
    files, found = expand(options.images)
    shown = [key for key, row in SCORES.items() if row.printed]
    failed: list[Path] = []
    unfinished = options.csv.with_name(f"{options.csv.name}.unfinished") if options.csv else None
    rows = _kept(options, unfinished) if unfinished and not options.map else []
    there = {row["image"] for row in rows}
    left = [path for path in files if printable(path) not in there]
    if rows and len(left) < len(files):
        print(f"{len(files) - len(left)} of {len(files)} pictures were scored before", file=sys.stderr)
    try:
        for row in _rows(options, left, found, failed, [*SCORES] if options.json or options.csv else shown):
            rows.append(row)
            if options.json or options.csv:
                continue
            if len(rows) == 1:
                print("  ".join(f"{key:>14}" for key in shown) + "  image")
            print("  ".join(f"{row[key]:14.4f}" for key in shown) + f"  {row['image']}", flush=True)
    except KeyboardInterrupt:
        if rows and unfinished:
            _write(unfinished, rows)
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
        print(f"{printable(options.csv)}: {len(rows)} pictures", file=said)
    return 2 if failed else 0
