"""params.yaml as one frozen dataclass of sections, and reading it so that every mistake is named."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
from pydantic.dataclasses import dataclass
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from abstract_beauty.errors import UserError
from abstract_beauty.sections import (
    STRICT,
    WEIGHTS_OF,
    BalanceParams,
    DataParams,
    EvaluationParams,
    ImproverParams,
    LinearParams,
    ManyParams,
    PixelsParams,
    PredictorParams,
    RatingsParams,
    Seed,
    Threads,
    TrainingParams,
)

__all__ = [
    "WEIGHTS_OF",
    "BalanceParams",
    "DataParams",
    "EvaluationParams",
    "ImproverParams",
    "LinearParams",
    "ManyParams",
    "Params",
    "PixelsParams",
    "PredictorParams",
    "RatingsParams",
    "TrainingParams",
    "as_tree",
    "load_params",
    "merge",
    "parse_params",
    "read_yaml",
]


@dataclass(frozen=True, config=STRICT)
class Params:
    """The whole of params.yaml."""

    predictors: dict[str, PredictorParams]
    improvers: dict[str, ImproverParams]
    seed: Seed = 2023
    threads: Threads = 1  # of a stage; 0: as many as there are cores
    data: DataParams = DataParams()
    linear: LinearParams = LinearParams()
    training: TrainingParams = TrainingParams()
    evaluation: EvaluationParams = EvaluationParams()
    balance: BalanceParams = BalanceParams()
    pixels: PixelsParams = PixelsParams()
    many: ManyParams = ManyParams()
    ratings: RatingsParams = RatingsParams()

    def __post_init__(self) -> None:
        missing = {"good", "bad", "judge"} - set(self.predictors)
        if missing:
            raise ValueError(
                f"predictors needs {', '.join(sorted(missing))}: improvers are trained and judged with them"
            )
        known = {*self.predictors, "linear"}
        for name, improver in self.improvers.items():
            if improver.bad is not None and improver.bad not in known:
                raise ValueError(
                    f"improvers.{name}.bad: there is no predictor {improver.bad!r}; "
                    f"there are {', '.join(sorted(known))}"
                )
        if "linear" in self.predictors:
            raise ValueError("predictors.linear is the linear fill's own name; call that predictor otherwise")


def parse_params(tree: Any, source: str = "params.yaml") -> Params:
    """Turn a tree of plain values into Params.

    Raises:
        UserError: a key is unknown, missing, of the wrong type or impossible; the line names `source` and the key.
    """
    if not isinstance(tree, Mapping):
        raise UserError(f"{source}: must hold a mapping of sections, not {type(tree).__name__}")
    try:
        # Through JSON, since only there strict validation takes a list for a tuple.
        text = json.dumps(tree, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(
            f"{source}: holds a value that is no plain text, number, list or mapping ({error})"
        ) from error
    try:
        return pydantic.TypeAdapter(Params).validate_json(text)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "top level"
        what = first["msg"].removeprefix("Value error, ")
        if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            what = "unknown key; " + _near(key, tree)
        elif first["type"] == "missing":
            what = "is required and missing"
        elif not isinstance(first["input"], (dict, list)) and first["type"] != "value_error":
            what += f", not {json.dumps(first['input'])}"
        raise UserError(f"{source}: {key}: {what}") from error


def _near(key: str, tree: Mapping) -> str:
    """The keys that stand beside `key`'s place, for the message about an unknown one."""
    parts = key.split(".")
    sections = {"predictors": PredictorParams, "improvers": ImproverParams}
    singles = {
        "data": DataParams,
        "linear": LinearParams,
        "training": TrainingParams,
        "evaluation": EvaluationParams,
        "balance": BalanceParams,
        "pixels": PixelsParams,
        "many": ManyParams,
        "ratings": RatingsParams,
    }
    owner = (
        sections.get(parts[0]) if len(parts) == 3 else singles.get(parts[0]) if len(parts) == 2 else Params
    )
    return "known here: " + ", ".join(field.name for field in dataclasses.fields(owner or Params))


def read_yaml(path: str | os.PathLike) -> Any:
    """Read a YAML 1.2 file (so that 1e-3 is a number, as DVC reads it); UserError when it is missing or malformed."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        line = " ".join(str(error).split())
        raise UserError(f"{path}: is not valid YAML ({line})") from error


def merge(tree: Mapping, changes: Mapping) -> dict:
    """`tree` with the values of `changes` laid over it, mapping by mapping; neither is modified."""
    merged = dict(tree)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def load_params(path: str | os.PathLike | None = None, *, changes: Mapping | None = None) -> Params:
    """Read params.yaml (of the project, unless `path` names another) with `changes` laid over it.

    Args:
        path: the file; None for the project's own.
        changes: nested like the file, for example {"improvers": {"smoothing": {"k2": 0.7}}}.

    Raises:
        UserError: the file or the changes are wrong; the line names the key.
    """
    if path is None:
        from abstract_beauty.project import find_project

        path = find_project().params
    tree = read_yaml(path)
    if changes and isinstance(tree, Mapping):
        tree = merge(tree, changes)
    return parse_params(tree, Path(path).name)


def as_tree(section: Any) -> dict:
    """A section as plain nested values, the inverse of parsing; what a run's configuration is hashed from."""
    return json.loads(json.dumps(dataclasses.asdict(section)))
