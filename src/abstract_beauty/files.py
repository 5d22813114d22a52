"""Writing files so that a reader never meets a half-written one, and what a killed writer left is swept away."""

import contextlib
import functools
import hashlib
import json
import math
import os
import re
import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from abstract_beauty.errors import UserError

LARGEST_JSON = 256 * 2**20  # bytes
_HOST = re.sub(r"\W", "_", socket.gethostname())
_PARTIAL = re.compile(r"\..+\.(?P<host>\w+)-(?P<process>\d+)\.partial(\..*)?")  # what `_prepared` gives
_LONGEST = 24 * 3600  # seconds: nothing here takes longer to write


def _abandoned(path: Path) -> bool:
    """Whether `path` is half-written and its writer dead; of another machine's processes only the time is known."""
    name = _PARTIAL.fullmatch(path.name)
    if not name or name["host"] != _HOST:
        return bool(name) and time.time() - path.lstat().st_mtime > _LONGEST
    try:
        os.kill(int(name["process"]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # it is another user's
    return False


@functools.lru_cache(maxsize=1024)
def _sweep(folder: Path, process: int) -> None:
    """Remove what dead writers left in `folder`, once a process: a folder of thousands is not listed for every file."""
    for path in list(folder.glob(".*.partial*")):
        with contextlib.suppress(OSError):  # gone by now, or not ours to remove
            if _abandoned(path):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _prepared(path: Path) -> Path:
    """Where to write what will be `path`: beside it, in a folder that is there and swept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent, os.getpid())
    # the final suffix stays, as some writers choose a format by it
    return path.with_name(f".{path.stem}.{_HOST}-{os.getpid()}.partial{path.suffix}")


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """What cannot be written becomes a UserError that names `path`."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error


def _check_regular(path: str | os.PathLike) -> None:
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise UserError(f"{path}: is not a regular file, and would be replaced by one")


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path` (same suffix); rename it to `path` when the block ends well.

    The rename is atomic, so whoever opens `path` finds the old content or the new, whatever kills the writer. On an
    exception the temporary file is removed; after a kill, the next process that writes into the folder removes it.
    UserError names `path` where it cannot be written.
    """
    path = Path(path)
    _check_regular(path)
    with _naming(path):
        temporary = _prepared(path)
        try:
            yield temporary
            with open(temporary, "rb") as written:
                os.fsync(written.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Write a file, whole or not at all; errors as `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def check_outputs(outputs: Iterable[str | os.PathLike], inputs: Iterable[str | os.PathLike] = ()) -> None:
    """UserError where what is to be written is a folder, is read as well, or two would be written under one name."""
    taken = {os.path.realpath(path): "is read" for path in inputs}
    for path in outputs:
        if os.path.isdir(path):
            raise UserError(f"{path}: is a folder; give the name of a file")
        _check_regular(path)
        if what := taken.get(os.path.realpath(path)):
            raise UserError(f"{path}: {what} by the same command; give another name for what it writes")
        taken[os.path.realpath(path)] = "is written twice"
        parent = next(folder for folder in Path(os.path.abspath(path)).parents if os.path.exists(folder))
        if not os.path.isdir(parent) or not os.access(parent, os.W_OK):
            why = "cannot be written into" if os.path.isdir(parent) else "is no folder"
            raise UserError(f"{path}: cannot be written, because {parent} {why}; name another place")


@contextlib.contextmanager
def working_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a new empty folder beside `path`, as `replacing` does a path; it is gone when the block ends."""
    with _naming(Path(path)):
        folder = _prepared(Path(path))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a new folder beside `path`; put it in the place of `path` when the block ends well; errors as `replacing`.

    It takes two renames, as a filled folder cannot be replaced in one. A kill between them leaves no `path` and the old
    folder under a name of its own, from which the next call takes it back before it begins.
    """
    path = Path(path)
    old = path.with_name(f".{path.name}.old.partial")
    with working_folder(path) as new, _naming(path):
        if old.is_dir() and not path.exists():
            os.replace(old, path)
        shutil.rmtree(old, ignore_errors=True)
        yield new
        if path.exists():
            os.replace(path, old)
        os.replace(new, path)
        shutil.rmtree(old, ignore_errors=True)


def discard(folder: str | os.PathLike) -> None:
    """Remove a folder at once, as far as a reader can tell: none ever meets it half-removed."""
    with working_folder(folder) as doomed:
        if os.path.isdir(folder):
            os.replace(folder, doomed / "folder")


def rounded(value: Any, digits: int = 6) -> Any:
    """`value` with every float in it brought to `digits` significant digits, so that files carry no noise."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): rounded(item, digits) for key, item in value.items()}
    return [rounded(item, digits) for item in value] if isinstance(value, list | tuple) else value


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write `value` as indented JSON, floats at six significant digits, non-finite numbers as null."""
    with replacing(path) as temporary:
        text = json.dumps(rounded(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        temporary.write_text(text, encoding="utf-8")


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file; UserError names it when it is missing or malformed."""
    if not os.path.isfile(path):  # a pipe would be waited upon for ever
        raise UserError(f"{path}: {'is not a regular' if os.path.exists(path) else 'no such'} file")
    try:
        if os.path.getsize(path) > LARGEST_JSON:
            raise UserError(f"{path}: is larger than {LARGEST_JSON >> 20} MiB; no file of results is")
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({error})") from error


def sha256(path: str | os.PathLike) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
