"""Publish the reference run: numbers to results/reference, weights with their cards to models/reference.

    python -m abstract_beauty.commands.publish [--commit SHA]      after `make repro PROFILE=reference`, or part of it

Only numbers and weights are copied, never a figure or a notebook, since those show licensed photographs. Everything is
checked before anything is written, and the same run gives the same bytes.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from abstract_beauty import predictors, weights
from abstract_beauty.book.model_cards import Network, card, duration
from abstract_beauty.commands.repro import GIVEN
from abstract_beauty.errors import UserError, one_line
from abstract_beauty.experiments.objectives import predictors_of
from abstract_beauty.experiments.pictures import data_hash
from abstract_beauty.files import read_json, replacing, write_json
from abstract_beauty.params import Params, as_tree, load_params
from abstract_beauty.predictors.four_sides import FourSides
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.runs import base_config, curve_path, digest, read_curve, record_path

AGAIN = "run `make repro PROFILE=reference` to its end"
LARGEST = 12 * 2**20  # bytes of a weights file: it is in git
# What each set of pictures is, may be used for, and is cited as. A run on any other is not published.
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
    "faces_london": (
        "Face Research Lab London Set",
        "CC-BY 4.0",
        "DeBruine and Jones 2017, Face Research Lab London Set, doi 10.6084/m9.figshare.5047666.v5",
    ),
    "savoias": (
        "SAVOIAS, pictures with people's ratings of their complexity",
        "Apache-2.0 for the set; its pictures keep the terms of their sources",
        "Saraee, Jalal and Betke 2018, SAVOIAS: a diverse, multi-category visual complexity dataset",
    ),
}


def configs(profile: Project, params: Params) -> dict[tuple[str, str], dict[str, Any]]:
    """What the weights of each network must say that they depend on, as the experiments put it together."""
    pictures = data_hash(profile)
    linear = {"section": as_tree(params.linear), "seed": params.seed, "data": pictures}
    found = {("predictors", "linear"): linear}
    for name, section in params.predictors.items():
        found["predictors", name] = base_config(params, pictures, section)
        if issubclass(predictors.NETWORKS.get(section.network, object), FourSides):
            found["predictors", name]["linear"] = digest(linear)
    for name, section in params.improvers.items():
        through = {part: digest(found["predictors", key]) for part, key in predictors_of(section).items()}
        found["improvers", name] = {**base_config(params, pictures, section), "through": through}
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


def data_record(params: Params, table: Mapping[str, Any]) -> dict[str, Any]:
    """Where the pictures come from, how many, their hash, and the terms; UserError when those are not in SOURCES."""
    data, splits = params.data, ("train", "test")
    paths = {**{split: getattr(data, split) for split in splits}, "elsewhere": params.evaluation.elsewhere}
    folders, sets = {key: [] for key in paths}, {key: {} for key in paths}
    for key, path in ((key, path) for key, some in paths.items() for path in some):
        # The last part of a path says which set it is, or the one before it where the last names a part of a set.
        parts = path.rstrip("/").split("/")[-2:]
        unknown_at = 0 if parts[-1] in ("train", "val", "test") else -1
        first = next((at for at, part in enumerate(parts) if part in SOURCES), unknown_at)
        folders[key].append("/".join(parts[first:]))
        sets[key][parts[first]] = None
    unknown = [name for names in sets.values() for name in names if name not in SOURCES]
    if unknown or data.source != "folder":
        what = ", ".join(unknown) or f"source {data.source}"
        raise UserError(f"params.yaml: data: the terms of {what} are not known; add them to {__name__}")
    used = {"terms": {**sets["train"], **sets["test"]}, "terms_elsewhere": sets["elsewhere"]}
    said = ("title", "terms", "cite")
    return {
        **folders,
        "short_side": data.short_side,
        "pictures": {split: table[split]["pictures"] for split in splits},
        "judged": params.evaluation.pictures or table["test"]["pictures"],  # of them improvers and filters
        "sha256": table["sha256"],
        **{
            key: {name: dict(zip(said, SOURCES[name], strict=True)) for name in names}
            for key, names in used.items()
        },
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


def plan(project: Project, profile: Project, commit: str) -> dict[Path, Any]:
    """Every file to write and its content, bytes or what becomes JSON; UserError when the run is not fit for it."""
    params, out = load_params(profile.params), project.results / "reference"
    data = data_record(params, read_json(profile.results / "data.json"))
    fills = read_json(profile.results / "fills.json")
    other = profile.results / "elsewhere.json"
    sets = read_json(other)["sets"] if other.is_file() else {}
    networks = {f"{one.kind}/{one.name}": one for one in finished(profile, params, fills)}
    if not networks:
        raise UserError(f"{profile.run}: no network is finished yet; {AGAIN}")
    for path in sorted(project.reference.glob("*/[!.]*.safetensors")):
        if f"{path.parent.name}/{path.stem}" not in networks:
            raise UserError(f"{path}: is published, but not in the run; {AGAIN}, or delete the file")
    record: dict[str, Any] = {"commit": commit, "data": data, "predictors": {}, "improvers": {}}
    made = [path for path in profile.results.glob("[!.]*.json") if f"results/{path.name}" not in GIVEN]
    files = {out / path.name: path.read_bytes() for path in sorted(made)}
    hashes = {}
    for key, network in networks.items():
        files[project.reference / f"{key}.safetensors"] = network.content
        hashes[f"{key}.safetensors"] = hashlib.sha256(network.content).hexdigest()
        files[project.reference / f"{key}.md"] = card(network, record, fills, sets).encode()
        if network.made:
            for name in (f"{key}.json", f"{key}.csv"):
                files[out / name] = (profile.results / name).read_bytes()
            row = {part: network.table[part] for part in ("test", "best_filter") if part in network.table}
            row |= {**network.made, "time": duration(network.made["seconds"])}
            if network.kind == "predictors":
                row["of_telea"] = row["test"]["mae"] / fills["telea"]["mae"]
            record[network.kind][network.name] = row
    return files | {out / "record.json": record, project.reference / weights.HASHES: hashes}


@one_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Copy what is finished; exit status 2 after one line that says what to mend."""
    parser = argparse.ArgumentParser(description="Copy the finished reference run into the repository.")
    parser.add_argument("--commit", metavar="SHA", help="what was run; else the profile's .commit says it")
    options = parser.parse_args(arguments)
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
    print(f"published: {len(files)} files in {project.reference} and {project.results / 'reference'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
