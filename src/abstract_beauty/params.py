"""params.yaml as one frozen dataclass of sections, and reading it so that every mistake is named."""

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
from pydantic.dataclasses import dataclass
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from abstract_beauty.errors import UserError
from abstract_beauty.sections import (
    STRICT,
    BalanceParams,
    BookParams,
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
    "BalanceParams",
    "BookParams",
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
    "with_profile",
]

# What a file of parameters may hold at most; the largest in use has some 200 values on 4 levels.
MOST_VALUES, DEEPEST, LARGEST_NUMBER = 10_000, 20, 10**30


# Predictors that some stage asks for by name; others may stand beside them.
NEEDED = ("article", "good", "bad", "bad_again", "small", "judge")
_ROW = {field.name for field in dataclasses.fields(ImproverParams)}


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
    book: BookParams = BookParams()

    def __post_init__(self) -> None:
        if missing := [name for name in NEEDED if name not in self.predictors]:
            raise ValueError(
                f"predictors needs {', '.join(missing)}: stages train, judge and compare with them"
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
        for field in dataclasses.fields(self.book):
            for name in getattr(self.book, field.name):
                if name not in self.improvers:
                    raise ValueError(f"book.{field.name}: there is no improver {name!r}")

    def titles(self, kind: str) -> dict[str, str]:
        """What the "predictors" or the "improvers" are called, in the order of the file."""
        return {name: row.title or name.replace("_", " ") for name, row in getattr(self, kind).items()}


def parse_params(tree: Any, source: str = "params.yaml") -> Params:
    """Turn a tree of plain values into Params.

    Raises:
        UserError: a key is unknown, missing, of the wrong type or impossible; the line names `source` and the key.
    """
    if not isinstance(tree, Mapping):
        raise UserError(f"{source}: must hold a mapping of sections, not {type(tree).__name__}")
    _check_plain(tree, source)
    tree = _with_weights(tree)
    text = json.dumps(tree)  # through JSON, since only there strict validation takes a list for a tuple
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


def _with_weights(tree: Mapping) -> dict:
    """The tree with what else a row of `improvers` holds, numbers by other names, as its loss's weights."""
    rows = tree.get("improvers")
    if not isinstance(rows, Mapping) or not all(isinstance(row, Mapping) for row in rows.values()):
        return dict(tree)

    def sorted_out(row: Mapping) -> dict:
        weights = {key: value for key, value in row.items() if key not in _ROW}
        return {key: value for key, value in row.items() if key in _ROW} | (
            {"weights": weights} if weights else {}
        )

    return {**tree, "improvers": {name: sorted_out(row) for name, row in rows.items()}}


def _check_plain(tree: Mapping, source: str) -> None:
    """UserError unless `tree` holds nothing but text, finite numbers, lists and mappings, of a sane size.

    YAML can say more: dates, sets, keys that are lists, values that hold themselves, and by aliases of aliases a
    billion values in a few lines.
    """
    seen = 0
    left: list[tuple[str, Any, int]] = [("", tree, 0)]
    while left:
        key, value, depth = left.pop()
        seen += 1
        if depth > DEEPEST:
            raise UserError(f"{source}: {key}: is nested more than {DEEPEST} levels deep, or holds itself")
        if seen + len(left) > MOST_VALUES:
            raise UserError(f"{source}: {key}: holds more than {MOST_VALUES:,} values; do without aliases")
        if isinstance(value, Mapping):
            for name, inner in value.items():
                if not _is_text(name):
                    raise UserError(f"{source}: {key or 'top level'}: the key {name!r} must be text")
                left.append((f"{key}.{name}" if key else name, inner, depth + 1))
        elif isinstance(value, (list, tuple)):
            left += [(f"{key}.{at}", inner, depth + 1) for at, inner in enumerate(value)]
        elif not isinstance(value, (str, int, float, type(None))):
            raise UserError(
                f"{source}: {key}: is a {type(value).__name__}; only text, numbers, lists and mappings are known"
            )
        elif isinstance(value, str) and not _is_text(value):
            raise UserError(f"{source}: {key}: {value!r} holds half a character")
        elif isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{source}: {key}: must be a finite number, not {value}")
        elif isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise UserError(f"{source}: {key}: is larger than any number that is used here")


def _is_text(value: Any) -> bool:
    """Whether a value is text that UTF-8 can hold: YAML's escapes can write half of a surrogate pair."""
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode("utf-8")


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
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}: line {line}: is not UTF-8; save the file in that encoding") from error
    try:
        return YAML(typ="safe", pure=True).load(text)
    except RecursionError as error:
        raise UserError(f"{path}: is not valid YAML (nested too deep)") from error
    except Exception as error:  # a scalar that is not what its tag says fails with whatever comes first
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UserError(f"{path}: line {_line(error, text)}: is not valid YAML ({reason})") from error


def _line(error: Exception, text: str) -> int:
    """The line of a YAML text that an error is about, from 1."""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return mark.line + 1
    if isinstance(error, ReaderError):
        return text.count("\n", 0, error.position) + 1
    loader = YAML(typ="safe", pure=True)
    left, seen = [loader.compose(text)], set()
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            left += [one for pair in reversed(node.value) for one in reversed(pair)]
        elif isinstance(node, SequenceNode):
            left += reversed(node.value)
        else:
            try:
                loader.constructor.construct_object(node, deep=True)
            except Exception:
                return node.start_mark.line + 1
    return 1


def merge(tree: Mapping, changes: Mapping) -> dict:
    """`tree` with the values of `changes` laid over it, mapping by mapping; neither is modified."""
    merged = dict(tree)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def with_profile(tree: Mapping, profile: Mapping) -> dict:
    """`tree` with a profile laid over it. In its sections `predictors` and `improvers` the row `each` is for all rows."""
    merged = merge(tree, profile)
    for kind in ("predictors", "improvers"):
        rows = merged.get(kind)
        if isinstance(rows, Mapping) and isinstance(each := rows.get("each"), Mapping):
            own = profile[kind]
            merged[kind] = {
                name: merge(merge(row, each), own.get(name) or {})
                for name, row in rows.items()
                if name != "each"
            }
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
    """A section as the plain nested values that stand in the file: the inverse of parsing."""
    tree = json.loads(json.dumps(dataclasses.asdict(section)))
    for row in [tree, *(tree.get("improvers") or {}).values()]:
        row.update(row.pop("weights", {}))
    return tree
