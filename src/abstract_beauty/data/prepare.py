"""Bring every source of pictures to one form: a folder of PNG files and a manifest that says what they are."""

import hashlib
import importlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pydantic
import torch
from jaxtyping import UInt8
from PIL import Image
from pydantic.dataclasses import dataclass
from torch import Tensor
from tqdm import tqdm

from abstract_beauty.data.images import printable, write_image
from abstract_beauty.errors import UserError, complaint
from abstract_beauty.files import read_json, replacing_folder, sha256, write_json
from abstract_beauty.project import find_project, located
from abstract_beauty.sections import DataParams

SMALLEST_SIDE = 128  # one context
Split = Literal["train", "test"]


class Picture(NamedTuple):
    """A picture of a prepared folder."""

    name: str
    image: UInt8[Tensor, "3 h w"]


class Found(NamedTuple):
    """What a source yields to be written: a picture, and where it came from (a file name, never an absolute path)."""

    name: str
    split: Split
    source: str
    kind: str
    image: UInt8[Tensor, "3 h w"]


@dataclass(frozen=True)
class Skip:
    """What a source yields of a file that gave no picture: the reason in a few words."""

    file: str
    reason: str


@dataclass(frozen=True)
class Entry:
    """One written picture; `sha256` is of the file `SPLIT/NAME.png`."""

    name: Annotated[str, pydantic.Field(pattern=r"^[\w-]+$")]
    split: Split
    source: str
    kind: str
    width: int
    height: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a prepared folder holds, sorted by split and name, and what was skipped."""

    source: str
    seed: int
    pictures: tuple[Entry, ...]
    skipped: tuple[Skip, ...]

    def of(self, split: Split) -> list[Entry]:
        """The pictures of one split."""
        return [entry for entry in self.pictures if entry.split == split]

    def total(self, split: Split) -> dict[str, Any]:
        """How many pictures and pixels a split has."""
        entries = self.of(split)
        return {"pictures": len(entries), "pixels": sum(entry.width * entry.height for entry in entries)}


def share(text: str) -> float:
    """A number in [0, 1) from a hash of `text`: the same for ever, whatever other files there are."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8]) / 2**64


def digest(params: DataParams, seed: int) -> str:
    """What stands in a manifest for the parameters that its pictures were asked for with, which may name folders."""
    return hashlib.sha256(json.dumps([asdict(params), seed]).encode()).hexdigest()[:12]


def prepare(params: DataParams, seed: int, out: Path, *, progress: bool = True) -> Manifest:
    """Write the pictures of a source to `out/train` and `out/test` as 8-bit RGB PNG, and `out/manifest.json`.

    Pictures are reduced to `params.short_side`; one with a side below 128 pixels after that, an unreadable one, and
    one whose pixels were there already (in either split) is skipped and listed. The same parameters, seed and source
    files give the same bytes. `out` is replaced as a whole at the end; on an error it stays as it was. Folders that
    `params` name are looked for from the project's root, whatever the working folder; `~` is the home folder.
    UserError when a parameter is wrong, a folder is missing, a split is left empty, or `out` holds other things.
    """
    out, asked = Path(out), digest(params, seed)
    if params.source == "folder":
        root = find_project().root
        params = replace(params, train=located(root, params.train), test=located(root, params.test))
    _check(params, out)
    # imported by name, as the sources are independent and the hub's library is heavy
    source = importlib.import_module(f"abstract_beauty.data.{params.source}")
    found = source.pictures(params, seed)
    with replacing_folder(out) as new:
        entries, skips = _write(found, params.limit, new, progress)
        pictures = tuple(sorted(entries, key=lambda entry: (entry.split, entry.name)))
        manifest = Manifest(params.source, seed, pictures, tuple(skips))
        if missing := [split for split in ("test", "train") if not manifest.of(split)]:
            why = f"gives no picture of at least {SMALLEST_SIDE} pixels a side; add pictures"
            option = f"data.{missing[0]}"
            if missing[0] == "test" and not params.test:
                option = "data.test_share"
                why = f"{params.test_share} leaves no test picture; raise it or set data.test"
            first = f"; {len(skips)} skipped, the first: {skips[0].file}: {skips[0].reason}" if skips else ""
            raise UserError(f"{option}: {why}{first}")
        totals = {split: manifest.total(split) for split in ("train", "test")}
        head = {"params": asked, "totals": {**totals, "skipped": len(skips)}}
        write_json(new / "manifest.json", head | asdict(manifest))
    return manifest


def _check(params: DataParams, out: Path) -> None:
    shown = printable(out)
    if out.exists() and not out.is_dir():
        raise UserError(f"{shown}: is a file; name a folder to write to")
    if out.is_dir() and any(out.iterdir()) and not (out / "manifest.json").exists():
        raise UserError(f"{shown}: holds other files and would be replaced; name a new folder")
    for folder in filter(os.path.isdir, (*params.train, *params.test)):  # of the others the source speaks
        read, written = Path(folder).resolve(), out.resolve()
        if read.is_relative_to(written) or written.is_relative_to(read):
            what = f"lies in '{folder}' or around it; write to a folder apart from the pictures"
            raise UserError(f"{shown}: {what}")


def _write(
    found: Iterator[Found | Skip], limit: int, folder: Path, progress: bool
) -> tuple[list[Entry], list[Skip]]:
    """Write what a source yields until the limit of training pictures; the first of equal pictures stays."""
    entries: list[Entry] = []
    skips: list[Skip] = []
    first: dict[str, str] = {}
    written = Counter()
    for item in tqdm(found, desc="pictures", unit="picture", disable=not progress):
        if isinstance(item, Skip):
            skips.append(item)
            continue
        if limit and item.split == "train" and written["train"] >= limit:
            if written["test"]:
                break
            continue  # a stream that is split on the way may not have met a test picture yet
        height, width = item.image.shape[1:]
        pixels = hashlib.sha256(f"{height}x{width}:".encode() + item.image.numpy().tobytes()).hexdigest()
        if min(height, width) < SMALLEST_SIDE:
            reason = f"{width} x {height} pixels; both sides must be at least {SMALLEST_SIDE}"
            skips.append(Skip(item.source, reason))
        elif pixels in first:
            skips.append(Skip(item.source, f"the same picture as {first[pixels]}"))
        else:
            path = folder / item.split / f"{item.name}.png"
            write_image(path, item.image)
            first[pixels] = item.source
            written[item.split] += 1
            entries.append(Entry(item.name, item.split, item.source, item.kind, width, height, sha256(path)))
    return entries, skips


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a prepared folder; UserError when there is none, or it is malformed."""
    path = Path(folder) / "manifest.json"
    if not path.exists():
        raise UserError(f"{printable(path)}: no such file; run the data stage first")
    try:
        return pydantic.TypeAdapter(Manifest).validate_json(json.dumps(read_json(path)), strict=True)
    except pydantic.ValidationError as error:
        what = f"is not a manifest of pictures ({complaint(error)}); run the data stage again"
        raise UserError(f"{printable(path)}: {what}") from error


def load_split(folder: Path, split: Split) -> list[Picture]:
    """The pictures of one split of a prepared folder, by name; UserError when there are none, or one is damaged."""
    entries = read_manifest(folder).of(split)
    if not entries:
        what = f"its manifest names no picture of '{split}'; run the data stage again"
        raise UserError(f"{printable(folder)}: {what}")
    paths = [Path(folder) / split / f"{entry.name}.png" for entry in entries]
    return [Picture(entry.name, _read_png(path, entry)) for entry, path in zip(entries, paths, strict=True)]


def _read_png(path: Path, entry: Entry) -> UInt8[Tensor, "3 h w"]:
    try:
        if not os.path.isfile(path):  # a pipe would be waited upon for ever
            raise FileNotFoundError(path)
        with Image.open(path) as image:
            if image.size != (entry.width, entry.height):  # known before anything is unpacked
                raise ValueError(f"{image.size} is not the manifest's size")
            return torch.from_numpy(np.asarray(image.convert("RGB")).transpose(2, 0, 1).copy())
    except Exception as error:  # decoders meet damaged data with whatever exception comes first
        raise UserError(f"{printable(path)}: is missing or damaged; run the data stage again") from error


def summary(manifest: Manifest) -> dict[str, Any]:
    """Counts per split and kind, pixels, skips, and one hash over all pictures (their splits, names and bytes)."""
    splits: dict[str, Any] = {}
    for split in ("train", "test"):
        kinds = Counter(entry.kind for entry in manifest.of(split))
        splits[split] = {**manifest.total(split), "kinds": dict(sorted(kinds.items()))}
    lines = [f"{entry.split}/{entry.name} {entry.sha256}" for entry in manifest.pictures]
    return {
        "source": manifest.source,
        "seed": manifest.seed,
        **splits,
        "skipped": len(manifest.skipped),
        "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }
