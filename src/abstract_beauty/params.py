"""Reading params.yaml so that every mistake is named, and laying profiles and changes over it."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
from ruamel.yaml import YAML

from abstract_beauty.errors import UserError
from abstract_beauty.project import find_project
from abstract_beauty.sections import ImproverParams, Params, PredictorParams

ROWS = {"predictors": PredictorParams, "improvers": ImproverParams}  # sections of named rows
_OF_AN_IMPROVER = {field.name for field in dataclasses.fields(ImproverParams)}


def parse_params(tree: Any, source: str = "params.yaml") -> Params:
    """Params of a tree of plain values; UserError names `source` and the key that is unknown, missing or impossible."""
    if not isinstance(tree, Mapping):
        raise UserError(f"{source}: must hold a mapping of sections, not {type(tree).__name__}")
    tree = _with_weights(tree)
    try:  # through JSON, since only there strict validation takes a list for a tuple
        return pydantic.TypeAdapter(Params).validate_json(json.dumps(tree, allow_nan=False))
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"] if part != "weights") or "top level"
        what = first["msg"].removeprefix("Value error, ")
        if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            what = f"unknown key; known here: {', '.join(_keys_beside(first['loc']))}"
        elif first["type"] == "missing":
            what = "is required and missing"
        elif not isinstance(first["input"], (dict, list)) and first["type"] != "value_error":
            what += f", not {json.dumps(first['input'])}"
        raise UserError(f"{source}: {key}: {what}") from error
    except (TypeError, ValueError, RecursionError) as error:  # dates, keys that are no text
        what = "only text, finite numbers, lists and mappings are known"
        raise UserError(f"{source}: {what} ({error})") from error


def _with_weights(tree: Mapping) -> dict:
    """The tree with what else a row of `improvers` holds as its loss's weights."""
    rows = tree.get("improvers")
    if not isinstance(rows, Mapping) or not all(isinstance(row, Mapping) for row in rows.values()):
        return dict(tree)
    sorted_out = {}
    for name, row in rows.items():
        weights = {key: value for key, value in row.items() if key not in _OF_AN_IMPROVER}
        own = {key: value for key, value in row.items() if key in _OF_AN_IMPROVER}
        sorted_out[name] = {**own, "weights": weights}
    return {**tree, "improvers": sorted_out}


def _keys_beside(place: tuple) -> list[str]:
    """The keys that are known where an unknown one stands."""
    sections = {field.name: field.default for field in dataclasses.fields(Params)}
    owner = ROWS.get(place[0]) if len(place) == 3 else sections.get(place[0]) if len(place) == 2 else Params
    return [field.name for field in dataclasses.fields(owner or Params)]


def read_yaml(path: str | os.PathLike) -> Any:
    """Read a YAML 1.2 file (so that 1e-3 is a number, as DVC reads it); UserError when it is missing or malformed."""
    try:
        return YAML(typ="safe", pure=True).load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8; save the file in that encoding") from error
    except Exception as error:  # a scalar that is not what its tag says fails with whatever comes first
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise UserError(f"{path}: {where}is not valid YAML ({reason})") from error


def merge(tree: Mapping, changes: Mapping) -> dict:
    """`tree` with the values of `changes` laid over it, mapping by mapping; neither is modified."""
    merged = dict(tree)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def with_profile(tree: Mapping, profile: Mapping) -> dict:
    """`tree` with a profile laid over it. In `predictors` and `improvers` the profile's row `each` is for all rows."""
    merged = merge(tree, profile)
    for kind in ROWS:
        own = profile.get(kind)
        if isinstance(own, Mapping) and isinstance(each := own.get("each"), Mapping):
            rows = {name: row for name, row in merged[kind].items() if name != "each"}
            merged[kind] = {name: merge(merge(row, each), own.get(name) or {}) for name, row in rows.items()}
    return merged


def load_params(path: str | os.PathLike | None = None, *, changes: Mapping | None = None) -> Params:
    """Read params.yaml (of the project, unless `path` names another) with `changes` laid over it.

    `changes` are nested like the file: {"improvers": {"smoothing": {"k2": 0.7}}}. UserError names a key that is wrong.
    """
    path = find_project().params if path is None else path
    tree = read_yaml(path)
    if changes and isinstance(tree, Mapping):
        tree = merge(tree, changes)
    return parse_params(tree, Path(path).name)


def as_tree(section: Any) -> dict:
    """A section as the plain nested values that stand in the file: the inverse of parsing."""
    tree = json.loads(json.dumps(dataclasses.asdict(section)))
    for row in [tree, *(tree.get("improvers") or {}).values()]:
        row.update(row.pop("weights", {}))
    return tree
