"""Publish the reference run: numbers to results/reference, weights with their cards to models/reference.

    python -m abstract_beauty.pipeline.publish [--commit SHA]      after `make repro PROFILE=reference`, or part of it

Only numbers and weights are copied, never a figure or a notebook, since those show licensed photographs. Everything is
checked before anything is written, and the same run gives the same bytes.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abstract_beauty import losses, predictors, weights
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.improver import PREDICTORS_OF
from abstract_beauty.experiments.pictures import data_hash
from abstract_beauty.experiments.runs import base_config, curve_path, digest, read_curve, record_path
from abstract_beauty.files import read_json, replacing, write_json
from abstract_beauty.params import DataParams, Params, as_tree, load_params
from abstract_beauty.pipeline.readme import FILLS
from abstract_beauty.project import Project, find_project
from abstract_beauty.training import Row

AGAIN = "run `make repro PROFILE=reference` to its end"
LARGEST = 12 * 2**20  # bytes of a weights file: it is in git
BESIDE = ("telea", "navier_stokes", "biharmonic", "linear")  # the fills that a predictor is compared with
# What each folder of pictures is, may be used for, and is cited as. A run on any other is not published.
SOURCES = {
    "bsds500": (
        "Berkeley Segmentation Data Set 500 (BSDS500)",
        "non-commercial research and education",
        "Arbeláez, Maire, Fowlkes and Malik 2011, Contour detection and hierarchical image segmentation",
    ),
    "imagenet_samples": (
        "A public sample of ImageNet, one picture a class",
        "non-commercial research",
        "Russakovsky et al. 2015, ImageNet large scale visual recognition challenge",
    ),
}
ROLES = {
    "good": "This is the good one: the error of its guesses says how predictable a picture is.",
    "bad": "This is the bad one, `good` after a short training: by how much it is worse is the progress.",
    "judge": "This is the judge: of another architecture, and no improver is trained through it.",
    "article": "This is the network of the article that the project repeats.",
    "linear": "This is a linear regression from the ring around the tile, where the one-pass predictors begin.",
}
PREDICTOR = (
    "A predictor: it guesses a tile of 32x32 pixels from the 128x128 around it, with the tile itself hidden. "
    "The mean absolute error of its guesses is the predictability error of a picture."
)
IMPROVER = (
    "An improver: it changes a picture x into a picture y. It was trained through fixed predictors, whose guess of y "
    "is z, to minimise {loss} Below, fidelity is MAE(x, y) and predictability is MAE(y, z): the lower, the nearer "
    "to the original and the more predictable."
)
UNITS = "\n\nCrops have that side in pixels; where it is 0, a batch is of single tiles. The learning rate is its peak."
CARD = """\
---
license: other
license_name: non-commercial-research
tags: [abstract-beauty, {tag}]
datasets: [{datasets}]
---

# reference/{name}

{what}

```python
import abstract_beauty as ab

{python}
```

```sh
{shell}
```

## Network and training

{training}

## On {test}, never trained on

{measured}
{curve}
## Data and its terms

{terms}
- The weights may be used as these pictures may: for non-commercial research.

## Limits

- Learnt from photographs: drawings, text and screenshots are another matter.
- 8-bit colour. Tiles of 32 pixels at the picture's own scale: the same picture at another size gives other numbers.
- Where several answers are possible it gives their middle, which is blurred.
- Not a measure of beauty. Whether what is predictable pleases is the question, not the answer.
- It may be biased to what those photographs show.

The SHA-256 of the file is in `../hashes.json`. This card was made by `abstract_beauty.pipeline.publish`.
"""


@dataclass(frozen=True)
class Network:
    """A finished network of the profile's run, with all that is known of it."""

    kind: str  # "predictors" or "improvers"
    name: str
    content: bytes  # the weights file
    config: Mapping[str, Any]  # what it was trained with
    table: Mapping[str, Any]  # its results
    curve: Sequence[Row]  # empty for the linear fill, which is fitted
    made: Mapping[str, Any]  # machine and seconds; empty for the linear fill


def configs(profile: Project, params: Params) -> dict[tuple[str, str], dict[str, Any]]:
    """What the weights of each network must say that they depend on, as the experiments put it together."""
    pictures = data_hash(profile)
    linear = {"section": as_tree(params.linear), "seed": params.seed, "data": pictures}
    found = {("predictors", "linear"): linear}
    for name, section in params.predictors.items():
        found["predictors", name] = base_config(params, pictures, "predictors", name)
        if issubclass(predictors.NETWORKS.get(section.network, object), predictors.FourSides):
            found["predictors", name]["linear"] = digest(linear)
    for name, section in params.improvers.items():
        through = {key: digest(found["predictors", key]) for key in PREDICTORS_OF[section.loss]}
        found["improvers", name] = {**base_config(params, pictures, "improvers", name), "through": through}
    return found


def finished(profile: Project, params: Params, fills: Mapping[str, Any]) -> list[Network]:
    """The networks that are trained and measured; UserError when one does not go with its settings or results."""
    found = []
    for (kind, name), config in configs(profile, params).items():
        path, curve = profile.run / kind / f"{name}.safetensors", curve_path(profile, kind, name)
        results, fitted = curve.with_suffix(".json"), (kind, name) == ("predictors", "linear")
        if not path.is_file() or not (fitted or (results.is_file() and curve.is_file())):
            print(f"left out: {kind}/{name}, not {'measured' if path.is_file() else 'trained'} yet")
            continue
        described, content = weights.describe(path), path.read_bytes()
        there, wanted = {**described.config, "name": described.name}, {**config, "name": name}
        if odd := [key for key in {**wanted, **there} if there.get(key) != wanted.get(key)]:
            raise UserError(f"{path}: is stale: its {', '.join(odd)} differ from the profile's; {AGAIN}")
        if len(content) > LARGEST:
            raise UserError(f"{path}: is larger than the {LARGEST >> 20} MiB for git; choose a smaller width")
        weights.load(path, kind)
        table, rows, made = {"test": fills["linear"], **fills["linear"]}, [], {}
        if not fitted:
            table, rows, made = read_json(results), read_curve(curve), read_json(record_path(path))
            loss = table["train_loss" if kind == "predictors" else "final_loss"]
            if not rows or (rows[-1]["step"], rows[-1]["loss"]) != (config["section"]["steps"], loss):
                raise UserError(f"{curve}: does not end as {results.name} and params.yaml say; {AGAIN}")
        if kind == "predictors" and set(table["pictures"]) != set(fills["telea"]["pictures"]):
            raise UserError(f"{results}: was measured on other pictures than fills.json; {AGAIN}")
        found.append(Network(kind, name, content, config, table, rows, made))
    return found


def data_record(params: DataParams, table: Mapping[str, Any]) -> dict[str, Any]:
    """Where the pictures come from, how many, their hash, and the terms; UserError when those are not in SOURCES."""
    # The last part of a path says which set it is, the last two where the last only names a split.
    last = re.compile(r"[^/]+(/(train|val|test))?(?=/*$)")
    folders = {key: [last.search(path)[0] for path in getattr(params, key)] for key in ("train", "test")}
    sets = dict.fromkeys(name.split("/")[0] for names in folders.values() for name in names)
    unknown = [name for name in sets if name not in SOURCES]
    if unknown or params.source != "folder":
        what = ", ".join(unknown) or f"source {params.source}"
        raise UserError(f"params.yaml: data: the terms of {what} are not known; add them to {__name__}")
    return {
        **folders,
        "short_side": params.short_side,
        "pictures": {split: table[split]["pictures"] for split in folders},
        "sha256": table["sha256"],
        "terms": {name: dict(zip(("title", "terms", "cite"), SOURCES[name], strict=True)) for name in sets},
    }


def commit_of(profile: Project, given: str | None) -> str:
    """The commit that was run: the one given, else the one in the profile's .commit; UserError when it is not known."""
    file = profile.root / ".commit"
    if given is None and not file.is_file():
        raise UserError(f"{file}: no such file; name the commit that was run: --commit SHA")
    commit = file.read_text().strip() if given is None else given
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise UserError(f"commit {commit!r}: is not 40 hexadecimal digits; name what was run: --commit SHA")
    return commit


def duration(seconds: float) -> str:
    """Hours and minutes, as h:min."""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d}" if minutes else "under 0:01"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))


def training(network: Network, record: Mapping[str, Any]) -> str:
    """The settings of a network as it was trained, the machine and the time."""
    data, section = record["data"], network.config["section"]
    facts = {**section, "seed of all": network.config["seed"], **network.made}
    if seconds := facts.pop("seconds", None):
        facts |= {"optimizer": section.get("optimizer", "adamw"), "time (hours:minutes)": duration(seconds)}
        facts["trained parameters"] = network.table["parameters"]
    facts["pictures"] = f"{data['pictures']['train']}: {', '.join(data['train'])}"
    facts |= {"short side of pictures, at most": data["short_side"], "commit": record["commit"]}
    rows = [(key.replace("_", " "), f"{value}") for key, value in facts.items() if value is not None]
    return grid(("", ""), rows) + (UNITS if network.made else "")


def measured(network: Network, fills: Mapping[str, Any]) -> str:
    """A predictor's errors beside those of plain fills, or what an improver does beside the originals."""
    test, telea = network.table["test"], fills["telea"]["mae"]
    if network.kind == "improvers":
        before, best = network.table["original"], network.table["best_filter"]
        shared = [key for key in test if key in before]
        rows = [(key.replace("_", " "), f"{test[key]:.4f}", f"{before[key]:.4f}") for key in shared]
        name, error = best["name"], best["predictability_judge"]
        rival = f"{error:.4f} ({name.replace('_', ' ')})" if name else "none goes so far"
        rows += [("predictability judge, of the best plain filter at that fidelity", rival, "")]
        return grid(("mean", f"reference/{network.name}", "originals"), rows)
    rows = [(f"reference/{network.name}", f"{test['mae']:.4f}", f"{test['mae'] / telea:.2f}")]
    if "mae_phase_averaged" in test:
        rows += [("the same, averaged over positions of the grid", f"{test['mae_phase_averaged']:.4f}", "")]
    others = [(FILLS[name], fills[name]["mae"]) for name in BESIDE if name != network.name]
    rows += [(label, f"{mae:.4f}", f"{mae / telea:.2f}") for label, mae in others]
    return grid(("who guesses the tiles", "mean absolute error", "of Telea's"), rows)


def card(network: Network, record: Mapping[str, Any], fills: Mapping[str, Any]) -> str:
    """The model card of a network, Markdown."""
    name, data, curve = network.name, record["data"], ""
    if network.kind == "predictors":
        tag, what = "inpainting", f"{PREDICTOR} {ROLES.get(name, '')}".strip()
        python = f'f = ab.load_predictor("reference/{name}")\nz = ab.full_prediction(f, y)'
        python += "  # y: (b, 3, h, w) in [0, 1]\nab.predictability(y, z)  # mean absolute error, one number a picture"
        shell = f"abstract-beauty score photo.jpg --predictor reference/{name}"
    else:
        equation = getattr(losses, network.config["section"]["loss"]).__doc__.partition("\n")[0]
        tag, what = "image-to-image", IMPROVER.format(loss=equation)
        python = f'g = ab.load_improver("reference/{name}")\ny = g(x)  # both (b, 3, h, w) in [0, 1]'
        shell = f"abstract-beauty improve photo.jpg --out better.png --improver reference/{name}"
    if network.curve:
        ends = [network.curve[-1]["step"] / 2**k for k in reversed(range(8))]  # steps that double
        rows = [next(row for row in network.curve if row["step"] >= end) for end in ends]
        lines = dict.fromkeys((f"{row['step']}", f"{row['loss']:.4f}") for row in rows)
        curve = f"\n## How the loss fell\n\n{grid(('steps', 'loss'), lines)}\n"
    terms = "\n".join(f"- {one['title']}: {one['terms']}. {one['cite']}." for one in data["terms"].values())
    return CARD.format(
        name=name, tag=tag, what=what, python=python, shell=shell, curve=curve, terms=terms,
        datasets=", ".join(data["terms"]),
        test=f"{data['pictures']['test']} pictures of {', '.join(data['test'])}",
        training=training(network, record), measured=measured(network, fills),
    )  # fmt: skip


def plan(project: Project, profile: Project, commit: str) -> dict[Path, Any]:
    """Every file to write and its content, bytes or what becomes JSON; UserError when the run is not fit for it."""
    params, out = load_params(profile.params), project.results / "reference"
    data = data_record(params.data, read_json(profile.results / "data.json"))
    fills = read_json(profile.results / "fills.json")
    networks = {f"{one.kind}/{one.name}": one for one in finished(profile, params, fills)}
    if not networks:
        raise UserError(f"{profile.run}: no network is finished yet; {AGAIN}")
    for path in sorted(project.reference.glob("*/[!.]*.safetensors")):
        if f"{path.parent.name}/{path.stem}" not in networks:
            raise UserError(f"{path}: is published, but not in the run; {AGAIN}, or delete the file")
    record: dict[str, Any] = {"commit": commit, "data": data, "predictors": {}, "improvers": {}}
    files = {out / path.name: path.read_bytes() for path in sorted(profile.results.glob("[!.]*.json"))}
    hashes = {}
    for key, network in networks.items():
        files[project.reference / f"{key}.safetensors"] = network.content
        hashes[f"{key}.safetensors"] = hashlib.sha256(network.content).hexdigest()
        files[project.reference / f"{key}.md"] = card(network, record, fills).encode()
        if network.made:
            for name in (f"{key}.json", f"{key}.csv"):
                files[out / name] = (profile.results / name).read_bytes()
            row = {part: network.table[part] for part in ("test", "best_filter") if part in network.table}
            row |= {**network.made, "time": duration(network.made["seconds"])}
            if network.kind == "predictors":
                row["of_telea"] = row["test"]["mae"] / fills["telea"]["mae"]
            record[network.kind][network.name] = row
    return files | {out / "record.json": record, project.reference / weights.HASHES: hashes}


def main(arguments: Sequence[str] | None = None) -> int:
    """Copy what is finished; exit status 2 after one line that says what to mend."""
    parser = argparse.ArgumentParser(description="Copy the finished reference run into the repository.")
    parser.add_argument("--commit", metavar="SHA", help="what was run; else the profile's .commit says it")
    options = parser.parse_args(arguments)
    try:
        project = find_project()
        profile = Project(project.root / ".profiles" / "reference")
        for path in (profile.params, profile.results / "data.json", profile.results / "fills.json"):
            if not path.is_file():
                raise UserError(f"{path}: no such file; {AGAIN}")
        files = plan(project, profile, commit_of(profile, options.commit))
        for path, content in files.items():
            if isinstance(content, bytes):
                with replacing(path) as temporary:
                    temporary.write_bytes(content)
            else:
                write_json(path, content)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"published: {len(files)} files in {project.reference} and {project.results / 'reference'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
