"""Bring every source of pictures to one form: a folder of PNG files and a manifest that says what they are."""

import hashlib
import importlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from abstract_beauty.data.images import printable, write_image
from abstract_beauty.data.records import Found, Skip, Split
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, replacing_folder, sha256, write_json
from abstract_beauty.params import DataParams

SMALLEST_SIDE = 128  # one context


@dataclass(frozen=True)
class Entry:
    """One written picture; `sha256` is of the file `SPLIT/NAME.png`."""

    name: str
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

    def as_dict(self) -> dict[str, Any]:
        """The content of `manifest.json`."""
        splits = {
            split: [entry for entry in self.pictures if entry.split == split] for split in ("train", "test")
        }
        totals = {
            split: {"pictures": len(entries), "pixels": sum(entry.width * entry.height for entry in entries)}
            for split, entries in splits.items()
        }
        pictures, skipped = (
            [asdict(entry) for entry in self.pictures],
            [asdict(skip) for skip in self.skipped],
        )
        totals["skipped"] = len(skipped)
        return {
            "source": self.source,
            "seed": self.seed,
            "totals": totals,
            "pictures": pictures,
            "skipped": skipped,
        }


@dataclass(frozen=True)
class Picture:
    """A picture of a prepared folder."""

    name: str
    image: UInt8[Tensor, "3 h w"]


def prepare(params: DataParams, seed: int, out: Path, *, progress: bool = True) -> Manifest:
    """Write the pictures of a source to `out/train` and `out/test` as 8-bit RGB PNG, and `out/manifest.json`.

    Pictures are reduced to `params.short_side`; one with a side below 128 pixels after that, an unreadable one, and
    one whose pixels were there already (in either split) is skipped and listed. The same parameters, seed and source
    files give the same bytes. `out` is replaced as a whole at the end; on an error it stays as it was.

    Args:
        progress: draw a progress bar on stderr.

    Raises:
        UserError: a parameter is wrong, a folder is missing, a split is left empty, or `out` holds other things.
    """
    out = Path(out)
    _check(params, out)
    # imported by name, as the sources are independent and the hub's library is heavy
    source = importlib.import_module(f"abstract_beauty.data.{params.source}")
    found, most = source.pictures(params, seed)
    try:
        with replacing_folder(out) as temporary:
            for split in ("train", "test"):
                (temporary / split).mkdir()
            with tqdm(total=most, desc="pictures", unit="picture", disable=not progress) as bar:
                entries, skips = _write(found, params.limit, temporary, bar.update)
            for split in ("test", "train"):
                if not any(entry.split == split for entry in entries):
                    raise UserError(_nothing(params, split, skips))
            manifest = Manifest(params.source, seed, tuple(sorted(entries, key=_place)), tuple(skips))
            write_json(temporary / "manifest.json", manifest.as_dict())
    except OSError as error:
        raise UserError(f"{printable(out)}: cannot be written ({error.strerror or error})") from error
    return manifest


def _place(entry: Entry) -> tuple[str, str]:
    return entry.split, entry.name


def _check(params: DataParams, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{printable(out)}: is a file; name a folder to write to")
    if out.is_dir() and any(out.iterdir()) and not (out / "manifest.json").exists():
        raise UserError(f"{printable(out)}: holds other files and would be replaced; name a new folder")
    for folder in (*params.train, *params.test):
        if not os.path.isdir(folder):
            continue  # the source says so
        read, written = Path(folder).resolve(), out.resolve()
        if read.is_relative_to(written) or written.is_relative_to(read):
            raise UserError(
                f"{printable(out)}: lies in '{folder}' or around it; write to a folder apart from the pictures"
            )


def _write(
    found: Iterator[Found | Skip], limit: int, folder: Path, tick: Callable[[], Any]
) -> tuple[list[Entry], list[Skip]]:
    """Write what a source yields until the limit of training pictures; the first of equal pictures stays."""
    entries: list[Entry] = []
    skips: list[Skip] = []
    first: dict[str, str] = {}
    written = Counter()
    for item in found:
        tick()
        if isinstance(item, Found):
            if item.split == "train" and limit and written["train"] >= limit:
                if written["test"]:
                    break
                continue  # a stream that is split on the way may not have met a test picture yet
            height, width = item.image.shape[1:]
            path = folder / item.split / f"{item.name}.png"
            pixels = hashlib.sha256(f"{height}x{width}:".encode() + item.image.numpy().tobytes()).hexdigest()
            if min(height, width) < SMALLEST_SIDE:
                item = Skip(
                    item.source, f"{width} x {height} pixels; both sides must be at least {SMALLEST_SIDE}"
                )
            elif pixels in first:
                item = Skip(item.source, f"the same picture as {first[pixels]}")
            elif path.exists():
                raise RuntimeError(f"two pictures are called {item.name}")
            else:
                write_image(path, item.image)
                first[pixels] = item.source
                written[item.split] += 1
                entries.append(
                    Entry(item.name, item.split, item.source, item.kind, width, height, sha256(path))
                )
        if isinstance(item, Skip):
            skips.append(item)
    return entries, skips


def _nothing(params: DataParams, split: str, skips: list[Skip]) -> str:
    reason = f"; {len(skips)} skipped, the first: {skips[0].file}: {skips[0].reason}" if skips else ""
    if split == "test" and not params.test:
        return (
            f"data.test_share: {params.test_share} leaves no test picture; raise it or set data.test{reason}"
        )
    return f"data.{split}: gives no picture of at least {SMALLEST_SIDE} pixels a side; add pictures{reason}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a prepared folder.

    Raises:
        UserError: there is none, or it is malformed.
    """
    path = Path(folder) / "manifest.json"
    if not path.exists():
        raise UserError(f"{printable(path)}: no such file; run the data stage first")
    content = read_json(path)
    try:
        pictures = pydantic.TypeAdapter(list[Entry]).validate_json(
            json.dumps(content["pictures"]), strict=True
        )
        skipped = pydantic.TypeAdapter(list[Skip]).validate_json(json.dumps(content["skipped"]), strict=True)
        if odd := [entry.name for entry in pictures if not entry.name.isprintable() or "/" in entry.name]:
            raise ValueError(f"pictures: {odd[0]!r} is no name of a file")
        return Manifest(content["source"], content["seed"], tuple(pictures), tuple(skipped))
    except (LookupError, TypeError, ValueError) as error:
        why = str(error)
        if isinstance(error, pydantic.ValidationError):
            first = error.errors(include_url=False)[0]
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UserError(
            f"{printable(path)}: is not a manifest of pictures ({why}); run the data stage again"
        ) from error


def load_split(folder: Path, split: Split) -> list[Picture]:
    """The pictures of one split of a prepared folder, in the order of their names.

    Raises:
        UserError: the folder holds no manifest, no picture of the split, or one is missing or damaged.
    """
    entries = [entry for entry in read_manifest(folder).pictures if entry.split == split]
    if not entries:
        raise UserError(
            f"{printable(folder)}: its manifest names no picture of '{split}'; run the data stage again"
        )
    return [
        Picture(entry.name, _read_png(Path(folder) / split / f"{entry.name}.png", entry)) for entry in entries
    ]


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
        entries = [entry for entry in manifest.pictures if entry.split == split]
        splits[split] = {
            "pictures": len(entries),
            "pixels": sum(entry.width * entry.height for entry in entries),
            "kinds": dict(sorted(Counter(entry.kind for entry in entries).items())),
        }
    lines = [f"{entry.split}/{entry.name} {entry.sha256}" for entry in sorted(manifest.pictures, key=_place)]
    total = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {
        "source": manifest.source,
        "seed": manifest.seed,
        **splits,
        "skipped": len(manifest.skipped),
        "sha256": total,
    }
