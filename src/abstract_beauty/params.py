"""Every number an experiment depends on: frozen dataclasses that mirror params.yaml section by section."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from abstract_beauty.errors import UserError

# Strict: "3" is not a number and 1 is not True. Forbid: a key that nothing reads is an error, not a silent no-op.
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Count = Annotated[int, Field(ge=1, le=10**9)]
CountOrZero = Annotated[int, Field(ge=0, le=10**9)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Share = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Rate = Annotated[float, Field(gt=0, le=1)]
Side = Annotated[int, Field(ge=128, le=8192)]  # pixels; 128 is one context


@dataclass(frozen=True, config=_STRICT)
class DataParams:
    """What the networks see."""

    source: Literal["embedded", "folder", "hub"] = "embedded"
    train: tuple[str, ...] = ()  # folder: folders of training pictures; hub: dataset names
    test: tuple[str, ...] = ()  # folder: folders of test pictures; empty: a share of the training files
    test_share: Share = 0.1  # of the training files, chosen by the hash of their names
    revision: str = ""  # hub: the dataset's commit, so that the pictures cannot change underneath
    column: str = "image"  # hub: the column that holds the picture
    hub_split: str = "train"  # hub: the split to stream
    short_side: Side = 256  # pictures are reduced until their short side is at most this
    generated: CountOrZero = 240  # embedded: how many generated training pictures
    generated_size: Side = 256  # embedded: their side
    limit: CountOrZero = 0  # at most so many training pictures; 0: all

    def __post_init__(self) -> None:
        if self.source != "embedded" and not self.train:
            raise ValueError(f"data.train must name at least one source when data.source is {self.source}")
        if self.source == "embedded" and (self.train or self.test):
            raise ValueError(
                "data.train and data.test are for data.source folder or hub; leave them empty here"
            )


@dataclass(frozen=True, config=_STRICT)
class LinearParams:
    """The linear fill: fitted, not trained. It is where `four_sides` predictors begin."""

    crops: Count = 20000  # tiles that it is fitted on
    ridge: Annotated[float, Field(gt=0)] = 0.001  # its penalty, in squared pixel values


@dataclass(frozen=True, config=_STRICT)
class PredictorParams:
    """One predictor: its network and its training."""

    network: str = "four_sides"  # a key of predictors.NETWORKS
    width: Annotated[int, Field(ge=4, le=512)] = 64  # channels of the first layer; of a token in four_sides
    steps: Count = 2000
    batch: Count = 32  # a step, over all processes: tiles, or crops where there are any
    crop: Literal[0] | Side = 0  # side of training crops, of which all tiles are predicted; 0: single tiles
    optimizer: Literal["adamw", "muon"] = "adamw"  # muon: for networks made of matrices
    learning_rate: Rate = 0.002  # the peak of the schedule
    seed: Seed = 0  # predictors of one seed start alike and see the same pictures


@dataclass(frozen=True, config=_STRICT)
class ImproverParams:
    """One improver: its network, its loss and its training."""

    network: str = "plain"  # a key of improvers.NETWORKS
    width: Annotated[int, Field(ge=4, le=512)] = 24  # channels of the first layer
    loss: Literal["smoothing", "ratio_as_written", "ratio_progress"] = "smoothing"
    k1: Weight | None = None  # smoothing: the weight of MAE(x, y)
    k2: Weight | None = None  # smoothing: the weight of MAE(y, z)
    steps: Count = 250
    batch: Count = 2  # images a step, over all processes
    crop: Side = 160  # side of the training crops, pixels
    learning_rate: Rate = 0.001
    seed: Seed = 0

    def __post_init__(self) -> None:
        if self.loss == "smoothing":
            if self.k1 is None or self.k2 is None:
                raise ValueError("the loss 'smoothing' needs k1 and k2")
            if self.k1 + self.k2 == 0:
                raise ValueError("k1 and k2 are both 0, so the loss is 0 whatever the improver does")
        elif self.k1 is not None or self.k2 is not None:
            raise ValueError(
                f"k1 and k2 belong to the loss 'smoothing', not to '{self.loss}'; leave them out"
            )


@dataclass(frozen=True, config=_STRICT)
class TrainingParams:
    """How every network is trained."""

    # Lightning Fabric's names; auto: bf16-mixed where the processor or GPU computes in bfloat16, else 32-true.
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    warmup: Share = 0.05  # share of the steps over which the learning rate rises
    clip: Annotated[float, Field(gt=0)] = 1.0  # gradients are scaled down to this norm
    log_every: Count = 10  # steps a row of the curve
    checkpoint_every: Count = 100  # steps


@dataclass(frozen=True, config=_STRICT)
class EvaluationParams:
    """How every network is measured."""

    filter_strengths: Annotated[int, Field(ge=2, le=50)] = 6  # points on each filter's fidelity curve
    elsewhere: tuple[str, ...] = ()  # folders of other pictures, on which predictors are measured as well
    elsewhere_pictures: Count = 100  # of each folder at most so many


@dataclass(frozen=True, config=_STRICT)
class Params:
    """The whole of params.yaml."""

    predictors: dict[str, PredictorParams]
    improvers: dict[str, ImproverParams]
    seed: Seed = 2023
    data: DataParams = DataParams()
    linear: LinearParams = LinearParams()
    training: TrainingParams = TrainingParams()
    evaluation: EvaluationParams = EvaluationParams()

    def __post_init__(self) -> None:
        missing = {"good", "bad", "judge"} - set(self.predictors)
        if missing:
            raise ValueError(
                f"predictors needs {', '.join(sorted(missing))}: improvers are trained and judged with them"
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
