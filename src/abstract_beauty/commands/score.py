"""`abstract-beauty score`: rows of scores, as text, JSON or CSV."""

import argparse
import contextlib
import csv
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from abstract_beauty import weights
from abstract_beauty.commands.pictures import expand, names_of, readable
from abstract_beauty.data.images import printable, write_image
from abstract_beauty.errors import UserError
from abstract_beauty.files import check_outputs, replacing, rounded
from abstract_beauty.scores.scores import SCORES, score


def _rows(
    options: argparse.Namespace, files: list[Path], found: set[Path], failed: list[Path]
) -> Iterator[dict[str, Any]]:
    """A row a picture, as it is scored; what cannot be is left out as `readable` says."""
    from abstract_beauty.book import plots

    paths = [weights.find("predictors", name) for name in (options.predictor, options.bad, options.linear)]
    names = names_of(files) if options.map else {}
    maps = {path: options.map / f"{name}.map.png" for path, name in names.items()}
    check_outputs([*maps.values(), *([options.csv] if options.csv else [])], [*files, *paths])
    predictors = [weights.load(path, "predictors") for path in paths]
    for name, picture in readable(files, found, failed):
        height, width = picture.shape[1:]
        scores = score(picture, *predictors)
        if options.map:
            write_image(maps[name], plots.map_image(scores.map, size=(height, width)))
        row = {"image": printable(name), **{key: getattr(scores, key) for key in SCORES}}
        yield rounded(row | {"width": width, "height": height, "predictor": options.predictor})


def score_command(options: argparse.Namespace) -> int:
    """Score every picture named, printing or writing a row each; status 2 if one of them could not be."""
    files, found = expand(options.images)
    shown = [key for key, row in SCORES.items() if row.printed]
    rows: list[dict[str, Any]] = []
    failed: list[Path] = []
    place = replacing(options.csv) if options.csv else contextlib.nullcontext(os.devnull)
    with place as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        for row in _rows(options, files, found, failed):
            rows.append(row)
            if options.json or options.csv:
                continue
            if len(rows) == 1:
                print("  ".join(f"{key:>14}" for key in shown) + "  image")
            print("  ".join(f"{row[key]:14.4f}" for key in shown) + f"  {row['image']}", flush=True)
        if not rows:
            raise UserError(f"{printable(options.images[0])}: none of the pictures can be scored")
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    if options.json:
        print(json.dumps(rows, indent=2))
    if options.csv:
        said = sys.stderr if options.json else sys.stdout
        print(f"{printable(options.csv)}: {len(rows)} pictures", file=said)
    return 2 if failed else 0
