"""A finished run as a small folder that can be sent: card.json by a schema, and thumbnails that may be shown."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import pydantic
from pydantic import Field
from pydantic.dataclasses import dataclass
from ruamel.yaml import YAML

from abstract_beauty.errors import UserError, complaint
from abstract_beauty.files import read_json
from abstract_beauty.params import as_tree, load_params, parse_params
from abstract_beauty.project import git
from abstract_beauty.sections import STRICT

FORMAT = "abstract-beauty run 1"
CARD = "card.json"
NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
LARGEST = 2 * 2**20  # bytes of a card's folder: it is in git, and on a page

Error = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1e6)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Text = Annotated[str, Field(max_length=200)]
File = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.webp$")]


@dataclass(frozen=True, config=STRICT)
class PredictorRow:
    """A predictor on the run's test pictures."""

    mae: Error
    of_telea: Share


@dataclass(frozen=True, config=STRICT)
class ImproverRow:
    """An improver on the run's test pictures, by the judge."""

    change: Error
    error_judge: Error
    best_filter: Error | None
    contrast_kept: Share
    high_frequency_kept: Share


@dataclass(frozen=True, config=STRICT)
class Hardware:
    """What the run was made on; "mixed" where its trainings disagree. The last two are empty in older cards."""

    device: Text
    threads: Count
    torch: Text
    hours: Share
    instructions: Text = ""
    precision: Text = ""


@dataclass(frozen=True, config=STRICT)
class RunCard:
    """Everything that card.json says."""

    format: Literal["abstract-beauty run 1"]
    name: Annotated[str, Field(pattern=NAME)]
    author: Text
    note: Annotated[str, Field(max_length=600)]
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{40}(\+changes)?|unknown)$")]
    pictures: Text
    train_pictures: Count
    test_pictures: Count
    hardware: Hardware
    changes: dict[str, Any]
    predictors: dict[str, PredictorRow]
    improvers: dict[str, ImproverRow]
    thumbnails: dict[Text, File]  # label -> file beside the card


def read_card(folder: Path) -> RunCard:
    """The card of a folder, checked with its thumbnails, since a stranger may have made it; UserError names the key."""
    path, own_name = folder / CARD, folder.absolute().name
    try:
        text = json.dumps(read_json(path), allow_nan=False)
        card = pydantic.TypeAdapter(RunCard).validate_json(text)
    except pydantic.ValidationError as error:
        raise UserError(f"{path}: {complaint(error)}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: must hold finite numbers only, not NaN or Infinity") from error
    if card.name != own_name:
        raise UserError(f"{path}: name: is {card.name!r}, but the folder is called {own_name!r}")
    named = {CARD, *card.thumbnails.values()}
    files = {*folder.iterdir(), *(folder / name for name in named)}
    for file in sorted(files):
        if file.name not in named:
            raise UserError(f"{file}: does not belong into the folder of a run")
        if file.is_symlink() or not file.is_file():
            raise UserError(f"{file}: no such file, and {CARD} names it")
    if sum(file.stat().st_size for file in files) > LARGEST:
        raise UserError(f"{folder}: is larger than {LARGEST >> 20} MiB")
    return card


def changed_params(root: Path, params_file: Path) -> dict[str, Any]:
    """What a run's params.yaml has other than the repository's committed one, by dotted key; None: it lacks the key."""
    if not (text := git(root, "show", "HEAD:params.yaml")):
        raise UserError(f"{root}: no committed params.yaml to compare with; run this in a git checkout")
    committed = parse_params(YAML(typ="safe", pure=True).load(text))
    ours, theirs = (
        pd.json_normalize(as_tree(params)).to_dict("records")[0]
        for params in (load_params(params_file), committed)
    )
    keys = sorted({*ours, *theirs})
    return {key: _sent(ours.get(key)) for key in keys if ours.get(key) != theirs.get(key)}


def _sent(value: Any) -> Any:
    """A value without the folders of the sender's machine: of an absolute path the last part, of another no `../`."""
    if isinstance(value, list):
        return [_sent(item) for item in value]
    return re.sub(r"^([/~].*/(?=.)|[./]+)", "", value) if isinstance(value, str) else value
