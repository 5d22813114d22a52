"""`abstract-beauty ratings`: our scores and the classical measures against people's ratings of any pictures."""

import argparse
import json
import sys
from typing import Any

import pandas as pd

from abstract_beauty import weights
from abstract_beauty.data.ratings import read_rated
from abstract_beauty.files import rounded


def _print(name: str, found: dict[str, Any]) -> None:
    """A table of each measure's correlations with each rating, the strongest first."""
    for rating, result in found["ratings"].items():
        best = f"; best classical measure published: {found['published']:.2f}" if found["published"] else ""
        print(f"\n{name}: {rating} of {found['pictures']} pictures{best}")
        titles = {"pearson": "Pearson", "spearman": "Spearman", "partial": "given contrast and JPEG size"}
        spread = "{value:+.2f} [{low:+.2f}, {high:+.2f}]"
        order = sorted(result["measures"].items(), key=lambda item: -abs(item[1]["pearson"]["value"]))
        rows = {
            measure: {titles[key]: spread.format(**of) for key, of in row.items()} for measure, row in order
        }
        print(pd.DataFrame.from_dict(rows, orient="index").fillna("").to_string())
        if hill := result["hill"]:
            shape = "an inverted U" if hill["is_hill"] else "no inverted U"
            print(
                f"along complexity: {shape} (line R2 {hill['line_r2']:.3f}, parabola {hill['hill_r2']:.3f})"
            )


def ratings_command(options: argparse.Namespace) -> None:
    """Score every rated picture and say how each measure goes with each rating."""
    from abstract_beauty.experiments.ratings import of_files, study

    sets = [of_files(folder) for folder in read_rated(options.folder)]
    parts = ("good", "bad", "linear")
    f = {
        part: weights.load(weights.find("predictors", getattr(options, part)), "predictors") for part in parts
    }
    found = study(sets, f, 0, progress=sys.stderr.isatty())
    if options.json:
        print(json.dumps(rounded(found), indent=2))
        return
    for name, result in found.items():
        _print(name, result)
