"""`abstract-beauty ratings`: our scores and the classical measures against people's ratings of any pictures."""

import argparse
import json
import sys
from typing import Any

from abstract_beauty import weights
from abstract_beauty.data.ratings import read_rated
from abstract_beauty.files import check_outputs, replacing, rounded


def _spread(found: dict[str, float] | None) -> str:
    return f"{found['value']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]" if found else ""


def _print(name: str, found: dict[str, Any]) -> None:
    for rating, result in found["ratings"].items():
        best = f"; best classical measure published: {found['published']:.2f}" if found["published"] else ""
        print(f"\n{name}: {rating} of {found['pictures']} pictures{best}")
        print(f"  {'':24}{'Pearson':22}{'Spearman':22}given contrast and JPEG size")
        order = sorted(result["measures"].items(), key=lambda item: -abs(item[1]["pearson"]["value"]))
        for measure, row in order:
            columns = (_spread(row[key]) for key in ("pearson", "spearman"))
            print(f"  {measure:24}{''.join(f'{text:22}' for text in columns)}{_spread(row.get('partial'))}")
        if hill := result["hill"]:
            shape = "an inverted U" if hill["is_hill"] else "no inverted U"
            fits = f"line R2 {hill['line_r2']:.3f}, parabola {hill['hill_r2']:.3f}"
            print(f"  along complexity: {shape} ({fits})")


def ratings_command(options: argparse.Namespace) -> None:
    """Score every rated picture and say how each measure goes with each rating."""
    from abstract_beauty.experiments.ratings import of_files, study

    rated = read_rated(options.folder)
    paths = {part: weights.find("predictors", getattr(options, part)) for part in ("good", "bad", "linear")}
    if options.csv:
        tables = [path for end in ("ratings.csv", "*.xls", "*.xlsx") for path in options.folder.rglob(end)]
        pictures = [file for folder in rated for file in folder.files]
        check_outputs([options.csv], [*tables, *pictures, *paths.values()])
    sets = [of_files(folder) for folder in rated]
    f = {part: weights.load(path, "predictors") for part, path in paths.items()}
    found, tables = study(sets, f, options.seed, progress=sys.stderr.isatty())
    if options.csv:
        import pandas as pd

        frames = []
        for rated_set, table in zip(sets, tables.values(), strict=True):
            columns = {f"rating_{name}": values for name, values in rated_set.ratings.items()}
            names = [path.name for path in rated_set.files]
            frames.append(table.assign(set=rated_set.name, image=names, **columns))
        with replacing(options.csv) as temporary:
            pd.concat(frames).to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    if options.json:
        for result in found.values():
            for rating in result["ratings"].values():
                rating.pop("points")
        print(json.dumps(rounded(found), indent=2, ensure_ascii=False))
        return
    for name, result in found.items():
        _print(name, result)
