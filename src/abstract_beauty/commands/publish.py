"""`abstract-beauty publish`: the reference run's numbers to results/reference, weights and cards to models/reference.

It comes after `make repro PROFILE=reference`, or a part of it. Only numbers and weights are copied, and averages of
faces, never a figure or a notebook, since those show licensed photographs. Everything is checked before anything is
written, and the same run gives the same bytes.
"""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abstract_beauty import weights
from abstract_beauty.book.model_card import Network, card
from abstract_beauty.commands.repro import GIVEN
from abstract_beauty.data.images import read_pictures, webp
from abstract_beauty.errors import UserError
from abstract_beauty.experiments.improver import improver_config
from abstract_beauty.experiments.predictor import predictor_config
from abstract_beauty.files import read_json, sha256, write_bytes, write_json
from abstract_beauty.params import Params, load_params
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.runs import curve_path, read_curve, record_path

QUALITY = 90  # of the averages of faces, as WebP
AGAIN = "run `make repro PROFILE=reference` to its end"
# What each set of pictures is, may be used for, and is cited as. A run on any other is not published.
SOURCES = Path(__file__).with_name("sources.json")


def configs(profile: Project, params: Params) -> dict[tuple[str, str], dict[str, Any]]:
    """What the weights of each network must say that they depend on."""
    names = ("linear", *params.predictors)
    found = {("predictors", name): predictor_config(profile, params, name) for name in names}
    return found | {("improvers", name): improver_config(profile, params, name) for name in params.improvers}


def finished(profile: Project, params: Params, fills: Mapping[str, Any]) -> list[Network]:
    """The networks that are trained and measured; UserError when one does not go with its settings or results."""
    found = []
    for (kind, name), config in configs(profile, params).items():
        path, curve = profile.run / kind / f"{name}.safetensors", curve_path(profile, kind, name)
        results, fitted = curve.with_suffix(".json"), name == "linear"
        if not path.is_file() or not (fitted or results.is_file()):
            print(f"left out: {kind}/{name}, not {'measured' if path.is_file() else 'trained'} yet")
            continue
        if weights.describe(path).config != config:
            raise UserError(f"{path}: was trained with other settings or pictures; {AGAIN}")
        weights.load(path, kind)
        if fitted:
            table = {"test": {"mae": fills[name]["mae"]}}
            found.append(Network(kind, name, "linear regression from the border", path, config, table))
            continue
        table, rows, made = read_json(results), read_curve(curve), read_json(record_path(path))
        loss = table["train_loss" if kind == "predictors" else "final_loss"]
        if (rows[-1]["step"], rows[-1]["loss"]) != (config["section"]["steps"], loss):
            raise UserError(f"{curve}: does not end as {results.name} and params.yaml say; {AGAIN}")
        if kind == "predictors" and set(table["pictures"]) != set(fills["telea"]["pictures"]):
            raise UserError(f"{results}: was measured on other pictures than fills.json; {AGAIN}")
        minutes = round(made["seconds"] / 60)
        made["time"] = f"{minutes // 60}:{minutes % 60:02d}" if minutes else "under 0:01"
        found.append(Network(kind, name, params.titles(kind)[name], path, config, table, made))
    return found


def data_record(params: Params, table: Mapping[str, Any]) -> dict[str, Any]:
    """Where the pictures come from, how many, their hash, and the terms; UserError when those are not known."""
    sources, data = read_json(SOURCES), params.data
    if data.source != "folder":
        what = f"the terms of source {data.source} are not known; publish folders"
        raise UserError(f"params.yaml: data: {what}")
    folders = {"train": data.train, "test": data.test, "elsewhere": params.evaluation.elsewhere}
    shown, terms = {key: [] for key in folders}, {key: {} for key in folders}
    for key, paths in folders.items():
        for path in paths:
            parts = path.rstrip("/").split("/")[-2:]  # the set, or the set and a part of it
            if not (known := [part for part in parts if part in sources]):
                what = f"the terms of {path} are not known; add them to {SOURCES}"
                raise UserError(f"params.yaml: data: {what}")
            shown[key].append("/".join(parts[parts.index(known[0]) :]))
            terms[key][known[0]] = sources[known[0]]
    return {
        **shown,
        "short_side": data.short_side,
        "pictures": {split: table[split]["pictures"] for split in ("train", "test")},
        "judged": params.evaluation.pictures or table["test"]["pictures"],  # of them improvers and filters
        "sha256": table["sha256"],
        "terms": terms["train"] | terms["test"],
        "terms_elsewhere": terms["elsewhere"],
    }


def plan(project: Project, profile: Project, commit: str | None) -> dict[Path, Any]:
    """Every file to write: its bytes, or what becomes JSON; UserError when the run is unfit for it."""
    if not profile.params.is_file():
        raise UserError(f"{profile.params}: no such file; {AGAIN}")
    noted = profile.root / ".commit"
    commit = commit or (noted.read_text().strip() if noted.is_file() else "unknown")
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise UserError(f"commit {commit!r}: is not 40 hexadecimal digits; name what was run: --commit SHA")
    params, out = load_params(profile.params), project.results / "reference"
    fills = read_json(profile.results / "fills.json")
    data = data_record(params, read_json(profile.results / "data.json"))
    record: dict[str, Any] = {"commit": commit, "data": data, "predictors": {}, "improvers": {}}
    made = [
        path for path in profile.results.glob("[!.]*.json") if not f"results/{path.name}".startswith(GIVEN)
    ]
    files: dict[Path, Any] = {out / path.name: path.read_bytes() for path in made}
    averages = profile.run / "faces.safetensors"  # of many faces: the only pictures that may be handed on
    if averages.is_file():
        for name, picture in read_pictures(averages).items():
            files[out / "faces" / f"{name}.webp"] = webp(picture[0], QUALITY)
    hashes = {}
    for network in finished(profile, params, fills):
        key = f"{network.kind}/{network.name}"
        files[project.reference / f"{key}.safetensors"] = network.path.read_bytes()
        hashes[f"{key}.safetensors"] = sha256(network.path)
        files[project.reference / f"{key}.md"] = card(network, record, fills).encode()
        if network.made:
            for name in (f"{key}.json", f"{key}.csv"):
                files[out / name] = (profile.results / name).read_bytes()
            row = {part: network.table[part] for part in ("test", "best_filter") if part in network.table}
            if network.kind == "predictors":
                row["of_telea"] = row["test"]["mae"] / fills["telea"]["mae"]
            record[network.kind][network.name] = row | network.made
    if not hashes:
        raise UserError(f"{profile.run}: no network is finished yet; {AGAIN}")
    for path in sorted(project.reference.glob("*/[!.]*.safetensors")):
        if path not in files:
            raise UserError(f"{path}: is published, but not in the run; {AGAIN}, or delete the file")
    return files | {out / "record.json": record, project.reference / weights.HASHES: hashes}


def publish_command(options: argparse.Namespace) -> None:
    """Copy what is finished."""
    project = find_project()
    files = plan(project, Project(project.root / ".profiles" / "reference"), options.commit)
    for path, content in files.items():
        write_json(path, content) if isinstance(content, dict) else write_bytes(path, content)
    print(f"published: {len(files)} files in {project.reference} and {project.results / 'reference'}")
