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

_HOST = re.sub(r"\W", "_", socket.gethostname())
# .NAME.HOST-PROCESS.partial, and the final name's suffix, by which some writers choose a format.
_PARTIAL = re.compile(r"\..+\.(?P<host>\w+)-(?P<process>\d+)\.partial(\..*)?")
LARGEST_JSON = 256 * 2**20  # bytes
_ABANDONED = 24 * 3600  # seconds: nothing here takes longer to write; of another machine no more can be known


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{_HOST}-{os.getpid()}.partial{path.suffix}")


def _writing(name: re.Match, path: Path) -> bool:
    """Whether the process that a half-written file is named after may still be at it."""
    if name["host"] != _HOST:
        return time.time() - path.lstat().st_mtime < _ABANDONED
    try:
        os.kill(int(name["process"]), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it is another user's
    return True


def sweep(folder: Path) -> None:
    """Remove half-written files and folders in `folder` whose writers are dead; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            name = _PARTIAL.fullmatch(path.name)
            if not name:
                continue
            with contextlib.suppress(OSError):
                if not _writing(name, path):
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@functools.lru_cache(maxsize=1024)
def _swept(folder: Path, process: int) -> None:
    """`sweep`, once for each folder and process: a folder of thousands is not listed again for every file."""
    sweep(folder)


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path` (same suffix); rename it to `path` when the block ends well.

    The rename is atomic, so whoever opens `path` finds the old content or the new, whatever kills the writer.
    On an exception the temporary file is removed and `path` is left as it was; after a kill, the next process that
    writes into the folder removes it.

    Raises:
        UserError: the folder cannot be made or written to, or the disk is full; `path` is named.
    """
    path = Path(path)
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise UserError(f"{path}: is not a regular file, and would be replaced by one")
    temporary = _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _swept(path.parent, os.getpid())
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):  # on a read-only disk even what is not there cannot be removed
            temporary.unlink(missing_ok=True)
        raise UserError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_outputs(outputs: Iterable[str | os.PathLike], inputs: Iterable[str | os.PathLike] = ()) -> None:
    """UserError where a file that is to be written is one that is read, or two would be written under one name."""
    taken = {os.path.realpath(path): "is read" for path in inputs}
    for path in outputs:
        real = os.path.realpath(path)
        if real in taken:
            raise UserError(
                f"{path}: {taken[real]} by the same command; give another name for what it writes"
            )
        taken[real] = "is written twice"


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a new temporary folder beside `path`; put it in the place of `path` when the block ends well.

    It takes two renames, as a filled folder cannot be replaced in one. A kill between them leaves no `path` and the old
    folder under a name of its own, from which the next call takes it back before it begins.

    Raises:
        OSError: the folder cannot be made or written to, or the disk is full.
    """
    path = Path(path)
    new, old = _partial(path), path.with_name(f".{path.name}.old.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        if old.is_dir() and not path.exists():
            os.replace(old, path)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        yield new
        if path.exists():
            os.replace(path, old)
        os.replace(new, path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextlib.contextmanager
def working_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a new empty folder beside `path`, named after it and this process; it is gone when the block ends.

    Raises:
        UserError: the folder cannot be made; `path` is named.
    """
    path = Path(path)
    folder = _partial(path)
    try:
        sweep(path.parent)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error})") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def discard(folder: str | os.PathLike) -> None:
    """Remove a folder at once, as far as a reader can tell: none ever meets it half-removed."""
    folder = Path(folder)
    sweep(folder.parent)
    if folder.is_dir():
        doomed = _partial(folder)
        shutil.rmtree(doomed, ignore_errors=True)
        os.replace(folder, doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def rounded(value: Any, digits: int = 6) -> Any:
    """`value` with every float in it brought to `digits` significant digits, so that files carry no noise."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): rounded(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item, digits) for item in value]
    return value


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write `value` as indented JSON, floats at six significant digits, non-finite numbers as null."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(rounded(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file; UserError names it when it is missing or malformed."""
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited upon for ever
        raise UserError(f"{path}: is not a regular file")
    try:
        if os.path.getsize(path) > LARGEST_JSON:
            raise UserError(f"{path}: is larger than {LARGEST_JSON >> 20} MiB; no file of results is")
        return json.loads(Path(path).read_text())
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({error})") from error


def sha256(path: str | os.PathLike) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
