"""`abstract-beauty card`: a finished run as a small folder that can be sent as a pull request."""

import argparse
import dataclasses
import datetime
import re
from collections.abc import Iterable
from pathlib import Path

import pydantic
import torch

from abstract_beauty import weights
from abstract_beauty.book import run_card
from abstract_beauty.data.embedded import photographs
from abstract_beauty.data.images import read_image, resize_short_side, webp
from abstract_beauty.errors import UserError, complaint
from abstract_beauty.files import read_json, replacing_folder, rounded, write_json
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.project import Project, checked_out, find_project
from abstract_beauty.training.machine import agreed

PICTURE, SIDE, QUALITY = "chelsea.png", 160, 85  # a photograph that comes with scikit-image, and may be shown


@torch.no_grad()
def thumbnails(run: Project, improvers: Iterable[str]) -> dict[str, bytes]:
    """The picture, its full prediction, and what each improver makes of it: WebP files by label."""
    x = resize_short_side(read_image(photographs() / PICTURE), SIDE)[None]
    found = {"photograph": x}
    if (good := run.run / "predictors" / "good.safetensors").is_file():
        found["prediction"] = full_prediction(weights.load(good, "predictors"), x)
    for name in improvers:
        if (path := run.run / "improvers" / f"{name}.safetensors").is_file():
            found[name] = weights.load(path, "improvers")(x)
    return {label: webp(picture[0], QUALITY) for label, picture in found.items()}


def make_card(run: Project, root: Path, **said: str) -> tuple[run_card.RunCard, dict[str, bytes]]:
    """The card of a run, with what its sender `said`, and its thumbnails by label."""
    data, fills = (read_json(run.results / file) for file in ("data.json", "fills.json"))
    predictors, improvers = {}, {}
    for path in sorted((run.results / "predictors").glob("[!.]*.json")):
        mae = read_json(path)["test"]["mae"]
        predictors[path.stem] = run_card.PredictorRow(mae=mae, of_telea=mae / fills["telea"]["mae"])
    for path in sorted((run.results / "improvers").glob("[!.]*.json")):
        row = read_json(path)
        keys = ("change", "error_judge", "contrast_kept", "high_frequency_kept")
        numbers = {key: float(row["test"][key]) for key in keys}
        improvers[path.stem] = run_card.ImproverRow(**numbers, best_filter=row["best_filter"]["error_judge"])
    records = [read_json(path) for path in sorted(run.run.glob("*/*.record.json"))]
    if not (predictors and records):  # a fresh clone has the numbers of the run that was committed
        raise UserError(f"{run.run}: no measured predictor was trained here; run `make repro` first")
    here, noted, made = agreed(records), run.root / ".commit", thumbnails(run, improvers)
    hardware = {key: here.get(key, "") for key in ("device", "torch", "instructions", "precision")}
    hardware["threads"] = max(record["threads"] for record in records)
    hardware["hours"] = rounded(sum(record["seconds"] for record in records) / 3600, 3)
    card = run_card.RunCard(
        **said,
        format=run_card.FORMAT,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        commit=noted.read_text().strip() if run.root != root and noted.is_file() else checked_out(root),
        pictures=data["source"],
        train_pictures=data["train"]["pictures"],
        test_pictures=data["test"]["pictures"],
        hardware=run_card.Hardware(**hardware),
        changes=run_card.changed_params(root, run.params),
        predictors=predictors,
        improvers=improvers,
        thumbnails={label: f"{label}.webp" for label in made},
    )
    return card, made


def card_command(options: argparse.Namespace) -> None:
    """Write results/runs/NAME, or check cards that are there."""
    project = find_project()
    if options.check:
        cards = [run_card.read_card(folder) for folder in options.check]
        print(", ".join(card.name for card in cards) + ": well formed")
        return
    if not re.fullmatch(run_card.NAME, options.name or ""):
        raise UserError(f"--name {options.name or ''}: must be small letters, digits and hyphens, at most 40")
    profile = options.profile
    run = project if profile == "default" else Project(project.root / ".profiles" / profile)
    if not run.params.is_file():
        raise UserError(f"{run.root}: this profile has not been run; run `make repro PROFILE={profile}`")
    try:
        card, made = make_card(run, project.root, name=options.name, author=options.author, note=options.note)
    except pydantic.ValidationError as error:
        raise UserError(f"card: {complaint(error)}") from error
    except (LookupError, TypeError) as error:
        mend = "run `make repro` again"
        raise UserError(f"{run.results}: holds results of other code ({error!r}); {mend}") from error
    out = project.results / "runs" / options.name
    if out.exists():
        run_card.read_card(out)  # only a folder that is a card is replaced
    with replacing_folder(out) as new:
        write_json(new / run_card.CARD, dataclasses.asdict(card))
        for label, file in card.thumbnails.items():
            (new / file).write_bytes(made[label])
    print(f"{out}: the card of {len(card.predictors)} predictors and {len(card.improvers)} improvers")
