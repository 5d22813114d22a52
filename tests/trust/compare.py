"""What is the same in the outputs of two runs: a pure function of two folders, for `pipeline.verify`.

Files are sorted into kinds; bytes are compared first, and only where they differ is it asked by how much.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open

from abstract_beauty.commands.repro import GIVEN

# Where each kind lies in a working copy. A file belongs to the first kind that claims it.
KINDS: dict[str, tuple[str, ...]] = {
    "data": ("data/**/*",),
    "weights": ("models/run/**/*.safetensors",),
    "predictors": ("results/predictors/*.json", "results/fills.json", "results/filters.json"),
    "metrics": ("results/**/*.json",),
    "curves": ("results/**/*.csv",),
    "figures": ("results/figures/**/*",),
    "notebooks": ("book/notebooks/*.ipynb",),
    "page": ("book/_extra/**/*",),
    "book": ("book/_build/html/**/*",),
    "dvc.lock": ("dvc.lock",),
}
# The largest difference that passes on another kind of machine, relative to the number or, in a picture, to white;
# None: the file must be there and readable, and how far it differs is told; infinity: the same names and shapes with
# any numbers. On one kind of machine all are 0. A training magnifies
# the last digit, so that another processor ends with other weights, which do about as well: predictors must. An
# improver's loss may have several ends (one flat colour is one), and which of them it reaches is not asked.
ELSEWHERE: dict[str, float | None] = {
    "data": 0.005,  # one of 255 levels, where the processor's sine or power differs in its last digit
    "weights": math.inf,
    "predictors": 0.05,
    "metrics": None,
    "curves": None,
    "figures": None,
    "notebooks": None,
    "page": None,
    "book": None,
    "dvc.lock": None,
}
SMALLEST = (
    1e-6  # numbers closer than this are the same within any tolerance but 0: what is written has six digits
)
_HASH = re.compile(r"[0-9a-f]{64}")  # a SHA-256: that it differs follows from the file it is of
_SHOWN = 60  # characters of a line that differs
_PICTURES = {".png", ".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True)
class Verdict:
    """One file of two runs.

    state: "identical" (every byte), "within" (differs, by no more than is allowed), or "different".
    detail: what differs, in a few words; empty for identical files.
    largest: the largest relative difference of a number, where there are numbers to compare.
    """

    name: str
    state: str
    detail: str = ""
    largest: float | None = None


@dataclass(frozen=True)
class Difference:
    """What two files differ in: in words, and by how much where all of it is numbers (else None)."""

    detail: str
    largest: float | None = None


def files(root: Path) -> dict[str, dict[str, Path]]:
    """{kind: {path relative to root: path}} of what a run made; without what no stage makes, and half-written files."""
    found: dict[str, dict[str, Path]] = {kind: {} for kind in KINDS}
    taken: set[str] = set()
    for kind, patterns in KINDS.items():
        for path in sorted(path for pattern in patterns for path in root.glob(pattern) if path.is_file()):
            name = path.relative_to(root).as_posix()
            if name in taken or name.startswith(GIVEN) or ".partial" in name:
                continue
            taken.add(name)
            found[kind][name] = path
    return found


def compare(
    first: Path, second: Path, tolerances: Mapping[str, float | None] | None = None
) -> dict[str, list[Verdict]]:
    """Every file that one run or the other made, by kind; a kind that the first run lacks altogether is empty.

    Args:
        first: root of the working copy that the second is measured by.
        second: root of the other.
        tolerances: by kind, as in `ELSEWHERE`; a kind left out must be identical.
    """
    ours, theirs = files(first), files(second)
    verdicts: dict[str, list[Verdict]] = {}
    for kind, left in ours.items():
        right, allowed = theirs[kind], (tolerances or {}).get(kind, 0.0)
        names = sorted({*left, *right}) if left else []
        verdicts[kind] = [judge(name, left.get(name), right.get(name), allowed) for name in names]
    return verdicts


def judge(name: str, first: Path | None, second: Path | None, tolerance: float | None = 0.0) -> Verdict:
    """The verdict on one file; `tolerance` as in `ELSEWHERE`."""
    if first is None or second is None:
        return Verdict(name, "different", f"only in the {'second' if first is None else 'first'} run")
    one, other = first.read_bytes(), second.read_bytes()
    if one == other:
        return Verdict(name, "identical")
    try:
        difference = _difference(name, one, other, first, second)
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        return Verdict(
            name, "different", f"one of them cannot be read ({_cut(' '.join(str(error).split()))})"
        )
    largest = math.inf if difference.largest is None else difference.largest
    passes = tolerance is None or (tolerance > 0 and math.isfinite(largest) and largest <= tolerance)
    return Verdict(name, "within" if passes else "different", difference.detail, difference.largest)


def _difference(name: str, one: bytes, other: bytes, first: Path, second: Path) -> Difference:
    suffix = Path(name).suffix.lower()
    if suffix == ".json":
        return _numbers(_leaves(json.loads(one)), _leaves(json.loads(other)))
    if suffix == ".csv":
        return _numbers(_cells(one), _cells(other))
    if suffix == ".safetensors":
        return _tensors(first, second)
    if suffix in _PICTURES:
        return _pixels(one, other)
    try:
        return _lines(one.decode(), other.decode())
    except UnicodeDecodeError:
        at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
        return Difference(
            f"{len(one)} and {len(other)} bytes"
            + ("" if at is None else f", the first that differs is {at + 1}")
        )


def relative(a: float, b: float) -> float:
    """|a - b| relative to the larger of the two; 0 where they are closer than `SMALLEST`."""
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / max(abs(a), abs(b)) if abs(a - b) > SMALLEST else 0.0


def _leaves(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a JSON tree with its dotted key, and every group with its length."""
    if isinstance(tree, dict):
        for name in tree:
            yield from _leaves(tree[name], f"{key}.{name}" if key else name)
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _leaves(item, f"{key}.{index}" if key else str(index))
    else:
        yield key, tree


def _cells(content: bytes) -> Iterator[tuple[str, Any]]:
    """Every cell of a table with its row and column."""
    for index, row in enumerate(csv.DictReader(io.StringIO(content.decode())), start=1):
        for column, text in row.items():
            try:
                yield f"row {index}, {column}", float(text)
            except (TypeError, ValueError):
                yield f"row {index}, {column}", text


def _numbers(one: Iterator[tuple[str, Any]], other: Iterator[tuple[str, Any]]) -> Difference:
    """The largest difference of two sets of named values; in words alone where a name or a text differs."""
    left, right = dict(one), dict(other)
    if odd := [key for key in {**left, **right} if (key in left) != (key in right)]:
        return Difference(f"{odd[0]}: only in the {'first' if odd[0] in left else 'second'} run")
    largest, where = 0.0, "the same values in another order or layout"
    for key, a in left.items():
        b = right[key]
        if a == b:
            continue
        if _is_hash(a) and _is_hash(b):
            continue
        if not (_is_number(a) and _is_number(b)):
            return Difference(f"{key}: {_cut(repr(a))} and {_cut(repr(b))}")
        if (gap := relative(float(a), float(b))) > largest:
            largest, where = gap, f"{key}: {a:.6g} and {b:.6g} ({gap:.2g})"
        elif not largest:
            where = f"numbers closer than {SMALLEST:g}, the first {key}"
    return Difference(where, largest)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and bool(_HASH.fullmatch(value))


def _tensors(first: Path, second: Path) -> Difference:
    """The largest difference of a tensor's values, relative to the largest of them."""
    with safe_open(first, framework="pt") as a, safe_open(second, framework="pt") as b:
        if odd := sorted({*a.keys()} ^ {*b.keys()}):
            return Difference(f"tensor {odd[0]}: only in one of them")
        largest, where = 0.0, ""
        for name in sorted(a.keys()):
            x, y = a.get_tensor(name), b.get_tensor(name)
            if x.shape != y.shape or x.dtype != y.dtype:
                return Difference(f"tensor {name}: {tuple(x.shape)} {x.dtype}, {tuple(y.shape)} {y.dtype}")
            if torch.equal(x, y):
                continue
            x, y = x.double(), y.double()
            gap = (x - y).abs().max().item() / max(x.abs().max().item(), y.abs().max().item())
            if gap >= largest or math.isnan(gap):
                largest, where = gap, f"tensor {name}: {gap:.2g} of its largest value"
        told = [{**(file.metadata() or {})} for file in (a, b)]
    if where:
        return Difference(where, math.inf if math.isnan(largest) else largest)
    odd = sorted(key for key in {**told[0], **told[1]} if told[0].get(key) != told[1].get(key))
    return Difference(f"metadata only: {odd[0]}" if odd else "metadata only: order or layout")


def _pixels(one: bytes, other: bytes) -> Difference:
    a, b = (np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"), np.int16) for content in (one, other))
    if a.shape != b.shape:
        return Difference(f"{a.shape[1]}x{a.shape[0]} and {b.shape[1]}x{b.shape[0]} pixels")
    gap = np.abs(a - b).max(axis=2)
    if not gap.any():
        return Difference("the same pixels, other metadata or compression")
    share, most = np.mean(gap > 0), int(gap.max())
    return Difference(f"{share:.2%} of the pixels, by {most} of 255 at most", most / 255)


def _lines(one: str, other: str) -> Difference:
    for number, (a, b) in enumerate(zip_longest(one.splitlines(), other.splitlines()), start=1):
        if a != b:
            if a is None or b is None:
                return Difference(f"line {number}: only in the {'first' if b is None else 'second'} run")
            start = next(
                (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
            )
            start = max(0, start - _SHOWN // 3)
            return Difference(f"line {number}: {_cut(a[start:].strip())!r} and {_cut(b[start:].strip())!r}")
    return Difference("line endings")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
