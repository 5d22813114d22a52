"""A finished run as a small folder that can be sent: card.json by a schema, and thumbnails that may be shown."""

import datetime
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field
from pydantic.dataclasses import dataclass
from ruamel.yaml import YAML, YAMLError

from abstract_beauty.errors import UserError
from abstract_beauty.params import as_tree, load_params, parse_params
from abstract_beauty.sections import STRICT

FORMAT = "abstract-beauty run 1"
CARD = "card.json"
NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
LARGEST_CARD, LARGEST_THUMBNAIL, MOST_THUMBNAILS = 256 * 1024, 64 * 1024, 40

Error = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1e6)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


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
    threads: Annotated[int, Field(ge=1, le=10_000)]
    torch: Text
    hours: Annotated[float, Field(ge=0, le=1e6)]
    instructions: Annotated[str, Field(max_length=40)] = ""
    precision: Annotated[str, Field(max_length=40)] = ""


@dataclass(frozen=True, config=STRICT)
class RunCard:
    """Everything that card.json says."""

    format: Literal["abstract-beauty run 1"]
    name: Annotated[str, Field(pattern=NAME)]
    author: Annotated[str, Field(max_length=100)]
    note: Annotated[str, Field(max_length=600)]
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{40}(\+changes)?|unknown)$")]
    pictures: Text
    train_pictures: Annotated[int, Field(ge=0, le=10**9)]
    test_pictures: Annotated[int, Field(ge=1, le=10**9)]
    hardware: Hardware
    changes: dict[str, Any]
    predictors: dict[str, PredictorRow]
    improvers: dict[str, ImproverRow]
    thumbnails: dict[Annotated[str, Field(pattern=r"^[a-z0-9_ -]{1,40}$")], Text]


def schema() -> dict[str, Any]:
    """The JSON Schema of card.json."""
    return pydantic.TypeAdapter(RunCard).json_schema()


def complaint(error: pydantic.ValidationError) -> str:
    """The first thing that is wrong with a card, in one line: its key and what it should be."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{key}: {' '.join(first['msg'].split())}"


def read_card(folder: Path) -> RunCard:
    """The card of a folder, checked with its thumbnails.

    Raises:
        UserError: one line that names the file, the key, and what is wrong with it.
    """
    path = folder / CARD
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited upon for ever
        raise UserError(f"{path}: is not a regular file; make one with `abstract-beauty card`")
    try:
        if path.stat().st_size > LARGEST_CARD:
            raise UserError(f"{path}: is larger than {LARGEST_CARD >> 10} KiB")
        card = pydantic.TypeAdapter(RunCard).validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); make one with `abstract-beauty card`"
        ) from error
    except pydantic.ValidationError as error:
        raise UserError(f"{path}: {complaint(error)}") from error
    try:
        json.dumps(card.changes, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: changes: must hold finite numbers only, not NaN or Infinity") from error
    if card.name != folder.name:
        raise UserError(f"{path}: name: is {card.name!r}, but the folder is called {folder.name!r}")
    if len(card.thumbnails) > MOST_THUMBNAILS:
        raise UserError(f"{path}: thumbnails: {len(card.thumbnails)}; at most {MOST_THUMBNAILS}")
    for file in card.thumbnails.values():
        if not re.fullmatch(r"[a-z0-9_-]+\.webp", file):
            raise UserError(f"{path}: thumbnails: {file!r} is no name of a .webp file beside the card")
        picture = folder / file
        if not picture.is_file() or picture.is_symlink():
            raise UserError(f"{picture}: no such file, and {CARD} names it")
        if picture.stat().st_size > LARGEST_THUMBNAIL:
            raise UserError(f"{picture}: is larger than {LARGEST_THUMBNAIL >> 10} KiB")
        if picture.read_bytes()[:4] != b"RIFF":
            raise UserError(f"{picture}: is not a WebP file")
    for path in folder.iterdir():
        if path.name != CARD and path.name not in card.thumbnails.values():
            raise UserError(f"{path}: does not belong into the folder of a run")
    return card


def read_cards(folder: Path) -> list[RunCard]:
    """The cards of all folders in a folder, by name; UserError names the first that is malformed."""
    if not folder.is_dir():
        return []
    return [
        read_card(one) for one in sorted(folder.iterdir()) if one.is_dir() and not one.name.startswith(".")
    ]


def changes(tree: Mapping[str, Any], default: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """What of `tree` differs from `default`, by dotted key; what is missing on either side is None."""
    found: dict[str, Any] = {}
    for key in sorted({*tree, *default}):
        ours, theirs = tree.get(key), default.get(key)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            found |= changes(ours, theirs, f"{prefix}{key}.")
        elif ours != theirs:
            found[f"{prefix}{key}"] = ours
    return found


def changed_params(root: Path, params_file: Path) -> dict[str, Any]:
    """How a run's params.yaml differs from the repository's committed one; paths become the names of their folders."""
    own = as_tree(load_params(params_file))
    try:
        text = subprocess.run(
            ["git", "show", "HEAD:params.yaml"], cwd=root, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(
            f"{root}: no committed params.yaml to compare with; run this in a git checkout"
        ) from error
    try:
        default = as_tree(parse_params(YAML(typ="safe", pure=True).load(text)))
    except YAMLError as error:
        raise UserError(
            f"{root}: the committed params.yaml is not YAML; commit the one that this run was made with"
        ) from error
    return {key: _without_paths(value) for key, value in changes(own, default).items()}


def _without_paths(value: Any) -> Any:
    if isinstance(value, str):
        parts = [part for part in value.split("/") if part not in ("", ".", "..")]
        return "/".join(parts[-1:] if value.startswith(("/", "~")) else parts)
    if isinstance(value, list):
        return [_without_paths(one) for one in value]
    if isinstance(value, dict):
        return {key: _without_paths(one) for key, one in value.items()}
    return value


def today() -> str:
    """The date for a card, UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def dumps(card: RunCard) -> str:
    """A card as the text of card.json."""
    tree = pydantic.TypeAdapter(RunCard).dump_python(card)
    return json.dumps(tree, indent=2, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"


__all__ = [
    "CARD", "FORMAT", "NAME", "Hardware", "ImproverRow", "PredictorRow", "RunCard", "changed_params", "changes",
    "complaint", "dumps", "read_card", "read_cards", "schema", "today",
]  # fmt: skip
