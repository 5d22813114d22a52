"""`abstract-beauty ratings`: our scores and the classical measures against people's ratings of any pictures."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abstract_beauty.commands.pictures import readable
from abstract_beauty.data.images import printable
from abstract_beauty.data.ratings import RatedSet, read_rated
from abstract_beauty.files import rounded
from abstract_beauty.training.machine import cores
from abstract_beauty.weights import load_predictor

ENOUGH = 30  # pictures, below which nothing is foretold and no hypothesis tested
MANY = 200  # below which what is foretold of nothing runs against the ratings: r -0.3 of 30 pictures, -0.02 of 200
SPREAD = "{value:+.2f} [{low:+.2f}, {high:+.2f}]"
FORETOLD = {
    "plain": "plain statistics", "scores": "predictors' scores", "both": "both", "gained": "gained by the scores",
}  # fmt: skip


def _print(name: str, found: Mapping[str, Any]) -> None:
    """A table of each measure's correlations with each rating, the strongest first."""
    for rating, result in found["ratings"].items():
        best = f"; best classical measure published: {found['published']:.2f}" if found["published"] else ""
        print(f"\n{name}: {rating} of {found['pictures']} pictures{best}")
        titles = {"pearson": "Pearson", "spearman": "Spearman", "partial": "given contrast and JPEG size"}
        order = sorted(result["measures"].items(), key=lambda item: -abs(item[1]["pearson"]["value"]))
        rows = {
            measure: {titles[key]: SPREAD.format(**of) for key, of in row.items()} for measure, row in order
        }
        print(pd.DataFrame.from_dict(rows, orient="index").fillna("").to_string())
        if hill := result["hill"]:
            shape = "an inverted U" if hill["is_hill"] else "no inverted U"
            fits = f"line R2 {hill['line_r2']:.3f}, parabola {hill['hill_r2']:.3f}"
            print(f"along complexity: {shape} ({fits})")


def _print_beauty(name: str, found: Mapping[str, Any], hypotheses: Mapping[str, Any]) -> None:
    """What foretells the first rating, of pictures that took no part in the fit, and what becomes of the hypotheses."""
    kinds, pictures = found["kinds"], found["pictures"]
    together = f"{kinds} kinds by their files' names, each kept together"
    alike = together if kinds < pictures else "each by itself"
    print(f"\n{name}: {found['rating']} of {pictures} pictures, {alike}, foretold from other pictures' (r)")
    if pictures < MANY:
        print("  (few pictures: r below 0 means nothing found, and r a little above it is too low)")
    for key, title in FORETOLD.items():
        print(f"  {title:24} {SPREAD.format(**found['foretold'][key])}")
    print(f"{name}: {found['rating']}, hypotheses (p corrected for all that were tested)")
    for key, test in found["hypotheses"].items():
        value = f"{test['value']:+.2f}" if test["low"] is None else SPREAD.format(**test)
        print(f"  {key} {hypotheses[key].title:21} {value:22} p {test['p_holm']:.3f}  {test['verdict']}")


def _readable(found: RatedSet, failed: dict[Path, str]) -> RatedSet:
    """The set without the pictures that cannot be read, which are named, and noted in `failed` and as left out."""
    files = tuple(path for path, _ in readable(found.files, set(), failed, alone=False))
    whole = np.array([path not in failed for path in found.files], dtype=bool)
    ratings = {column: values[whole] for column, values in found.ratings.items()}
    said = [failed[path] for path in found.files if path in failed]
    return found._replace(files=files, ratings=ratings, left_out=(*found.left_out, *said))


def ratings_command(options: argparse.Namespace) -> int:
    """Score every rated picture, and say how each measure goes with each rating and what becomes of the hypotheses.

    Status 2 if a picture cannot be read.
    """
    from abstract_beauty.experiments import beauty
    from abstract_beauty.experiments.ratings import of_files, study

    hypotheses = beauty.read_hypotheses(options.hypotheses or beauty.HYPOTHESES)
    failed: dict[Path, str] = {}
    given = read_rated(options.folder)
    for rated in given:
        for line in rated.left_out:
            print(f"{printable(rated.name)}: left out: {line}", file=sys.stderr)
    sets = of_files(printable(options.folder), [_readable(rated, failed) for rated in given])
    f = {part: load_predictor(getattr(options, part)) for part in ("good", "bad", "linear")}
    progress = sys.stderr.isatty()
    found = study(sets, f, 0, cores(), progress=progress)
    large = [rated for rated in sets if len(rated.files) >= ENOUGH]
    numbers = {
        rated.name: (beauty.numbers_of(rated, f, cores(), progress=progress), rated.ratings)
        for rated in large
    }
    tested = beauty.study(numbers, hypotheses, 0)
    if options.json:
        more = {rated.name: {"left_out": rated.left_out, "beauty": tested.get(rated.name)} for rated in sets}
        print(json.dumps(rounded({name: rows | more[name] for name, rows in found.items()}), indent=2))
        return 2 if failed else 0
    for name, result in found.items():
        _print(name, result)
        if name in tested:
            _print_beauty(name, tested[name], hypotheses)
        else:
            few = f"at least {ENOUGH} pictures are needed to foretell ratings and to test hypotheses"
            print(f"\n{name}: {few}")
    return 2 if failed else 0
