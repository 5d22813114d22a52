"""The README's table of results, made from results/, so that no number in it is typed.

python -m abstract_beauty.commands.readme --check | --write
"""

import argparse
import sys
from pathlib import Path

from abstract_beauty.errors import UserError, one_line
from abstract_beauty.files import read_json, replacing
from abstract_beauty.project import Project, find_project

BEGIN, END = "<!-- results:start -->", "<!-- results:end -->"
FILLS = {
    "mean": "mean of the surroundings",
    "ring_mean": "mean of the tile's border",
    "telea": "OpenCV inpainting, Telea",
    "navier_stokes": "OpenCV inpainting, Navier-Stokes",
    "biharmonic": "biharmonic inpainting",
    "linear": "linear regression from the border",
}
PREDICTORS = {
    "article": "the article's network",
    "bad": "the one-pass predictor, trained briefly",
    "good": "**the one-pass predictor**",
    "judge": "the judge (U-Net)",
}
IMPROVERS = {
    "smoothing": "plain convolutions, k1 = k2",
    "smoothing_unet": "U-Net, k1 = k2",
    "deeper": "34 convolutions, k1 = k2",
    "black_square": "U-Net, k1 = 0",
    "ratio_as_written": "U-Net, ratio as written",
    "ratio_progress": "U-Net, ratio as meant",
    "deeper_tilted": "34 convolutions, k1 < k2",
    "ready_tilted": "a ready-made U-Net, k1 < k2",
    "held": "**U-Net that pays for lost contrast and detail**",
}


def block(project: Project) -> str:
    """The two tables as Markdown; UserError names a result that is missing."""
    fills = read_json(project.results / "fills.json")
    errors = {label: fills[name]["mae"] for name, label in FILLS.items()}
    for name, label in PREDICTORS.items():
        errors[label] = read_json(project.results / "predictors" / f"{name}.json")["test"]["mae"]
    lines = [
        "| who predicts a hidden tile | mean absolute error on photographs never trained on |",
        "| --- | --- |",
    ]
    for label, error in sorted(errors.items(), key=lambda item: -item[1]):
        lines.append(f"| {label} | {error:.4f} |")
    lines += reference(project)
    lines += [
        "",
        "| improver | change MAE(x,y) | error by the judge | best plain filter at that change | contrast kept |",
    ]
    lines.append("| --- | --- | --- | --- | --- |")
    original = read_json(project.results / "filters.json")["original"][0]["error_judge"]
    lines.append(f"| none (the original) | 0 | {original:.4f} | | 1.00 |")
    for name, label in IMPROVERS.items():
        table = read_json(project.results / "improvers" / f"{name}.json")
        test, best = table["test"], table["best_filter"]
        rival = "none changes so much"
        if best["name"]:
            rival = f"{best['error_judge']:.4f} ({best['name'].replace('_', ' ')})"
        change, error, contrast = (test[key] for key in ("change", "error_judge", "contrast_kept"))
        lines.append(f"| {label} | {change:.4f} | {error:.4f} | {rival} | {contrast:.2f} |")
    return "\n".join(lines)


def reference(project: Project) -> list[str]:
    """What the published weights do, a paragraph; nothing where the reference run has not been published."""
    folder = project.results / "reference"
    if not (folder / "record.json").is_file():
        return []
    record, fills = read_json(folder / "record.json"), read_json(folder / "fills.json")
    if "good" not in record["predictors"]:
        return []
    good, data = record["predictors"]["good"], record["data"]
    return [
        "",
        f"The weights in `models/reference`, trained on {data['pictures']['train']:,} photographs, have an error of "
        f"{good['test']['mae']:.4f} on {data['pictures']['test']} others ({', '.join(data['test'])}), "
        f"{good['of_telea']:.2f} of Telea's {fills['telea']['mae']:.4f} there.",
    ]


def filled(text: str, tables: str, path: Path) -> str:
    """The README with its block replaced; UserError when the markers are not there."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise UserError(f"{path}: has no {BEGIN} ... {END}")
    return f"{head}{BEGIN}\n{tables}\n{END}{tail}"


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Check or write the README; exit status 1 when a check finds it out of date."""
    parser = argparse.ArgumentParser(description="Fill the README's results from results/.")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--check", action="store_true")
    group.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    project = find_project()
    path = project.root / "README.md"
    text = path.read_text()
    new = filled(text, block(project), path)
    if options.check:
        if new != text:
            mend = "run `python -m abstract_beauty.commands.readme --write`"
            print(f"{path.name}: its results are out of date; {mend}", file=sys.stderr)
            return 1
    elif new != text:
        with replacing(path) as temporary:
            temporary.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
