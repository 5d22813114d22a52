"""`abstract-beauty card`: a finished run as a small folder that can be sent as a pull request."""

import argparse
import os
import re
import shutil
import tempfile
from pathlib import Path

import pydantic
import torch

from abstract_beauty import weights
from abstract_beauty.book import run_card
from abstract_beauty.commands.pictures import webp
from abstract_beauty.data.embedded import photographs
from abstract_beauty.data.images import read_image, resize_short_side
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, replacing_folder, rounded
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.project import Project, checked_out, find_project
from abstract_beauty.training.machine import agreed, machine

PICTURE, SIDE, QUALITY = "chelsea.png", 160, 85  # a photograph that comes with scikit-image, and may be shown


@torch.no_grad()
def _thumbnails(project: Project, improvers: list[str]) -> dict[str, bytes]:
    """The picture, its full prediction, and what each improver makes of it."""
    x = resize_short_side(read_image(photographs() / PICTURE), SIDE)
    found = {"photograph": webp(x, QUALITY)}
    good = project.run / "predictors" / "good.safetensors"
    if good.is_file():
        found["prediction"] = webp(full_prediction(weights.load(good, "predictors"), x[None])[0], QUALITY)
    for name in improvers:
        path = project.run / "improvers" / f"{name}.safetensors"
        if path.is_file():
            found[name] = webp(weights.load(path, "improvers")(x[None])[0], QUALITY)
    return found


def _commit(project: Project, root: Path) -> str:
    """What was run: a profile's copy says it, else the checkout's own commit."""
    said = project.root / ".commit"
    return said.read_text().strip() if project.root != root and said.is_file() else checked_out(root)


def make_card(
    project: Project, root: Path, name: str, author: str, note: str
) -> tuple[run_card.RunCard, dict[str, bytes]]:
    """The card of a project's run, and its thumbnails by file name."""
    data, fills = (read_json(project.results / file) for file in ("data.json", "fills.json"))
    telea = fills["telea"]["mae"]
    predictors, improvers = {}, {}
    for path in sorted((project.results / "predictors").glob("[!.]*.json")):
        mae = read_json(path)["test"]["mae"]
        predictors[path.stem] = run_card.PredictorRow(mae=mae, of_telea=mae / telea)
    for path in sorted((project.results / "improvers").glob("[!.]*.json")):
        row = read_json(path)
        keys = ("change", "error_judge", "contrast_kept", "high_frequency_kept")
        improvers[path.stem] = run_card.ImproverRow(
            **{key: float(row["test"][key]) for key in keys},
            best_filter=row["best_filter"]["error_judge"],
        )
    if not predictors:
        raise UserError(f"{project.results}: has no measured predictor yet; run `make repro` first")
    records = [read_json(path) for path in sorted(project.run.glob("*/*.record.json"))]
    here = agreed(records) or machine()
    hours = sum(record["seconds"] for record in records) / 3600
    made = _thumbnails(project, list(improvers))
    files = {label: f"{label.replace(' ', '_')}.webp" for label in made}
    params_data = data.get("source") or "pictures"
    card = run_card.RunCard(
        format=run_card.FORMAT,
        name=name,
        author=author,
        note=note,
        date=run_card.today(),
        commit=_commit(project, root),
        pictures=params_data,
        train_pictures=data["train"]["pictures"],
        test_pictures=data["test"]["pictures"],
        hardware=run_card.Hardware(
            device=here["device"],
            threads=max((record["threads"] for record in records), default=here["threads"]),
            torch=here["torch"],
            hours=rounded(hours, 3),
            instructions=here.get("instructions", ""),
            precision=here.get("precision", ""),
        ),
        changes=run_card.changed_params(root, project.params),
        predictors=predictors,
        improvers=improvers,
        thumbnails=files,
    )
    return card, {files[label]: content for label, content in made.items()}


def card_command(options: argparse.Namespace) -> None:
    """Write results/runs/NAME, or check cards that are there."""
    project = find_project()
    if options.check:
        cards = [run_card.read_card(folder) for folder in options.check]
        print(", ".join(card.name for card in cards) + ": well formed")
        return
    if options.name is None or not re.fullmatch(run_card.NAME, options.name):
        raise UserError(f"--name {options.name or ''}: must be small letters, digits and hyphens, at most 40")
    run = project
    if options.profile != "default":
        run = Project(project.root / ".profiles" / options.profile)
        if not run.params.is_file():
            raise UserError(
                f"{run.root}: this profile has not been run; run `make repro PROFILE={options.profile}`"
            )
    try:
        card, thumbnails = make_card(run, project.root, options.name, options.author, options.note)
    except pydantic.ValidationError as error:
        raise UserError(f"card: {run_card.complaint(error)}") from error
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise UserError(
            f"{run.results}: holds results of other code ({error!r}); run `make repro` again"
        ) from error
    out = (options.out or project.results / "runs") / options.name
    if os.path.exists(out):  # unlike Path.exists, no name is too long for it
        run_card.read_card(out)  # only a folder that is a card is replaced
    with tempfile.TemporaryDirectory(prefix="card-") as folder:
        made = Path(folder) / options.name
        made.mkdir()
        for file, content in thumbnails.items():
            (made / file).write_bytes(content)
        (made / run_card.CARD).write_text(run_card.dumps(card), encoding="utf-8")
        run_card.read_card(made)  # before the old one goes
        try:
            with replacing_folder(out) as new:
                shutil.copytree(made, new, dirs_exist_ok=True)
        except OSError as error:
            raise UserError(f"{out}: cannot be written ({error.strerror or error})") from error
    print(f"{out}: the card of {len(card.predictors)} predictors and {len(card.improvers)} improvers")
