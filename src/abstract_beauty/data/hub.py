"""Pictures of a Hugging Face image dataset, streamed at a pinned revision, or of a local folder in its layout."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from abstract_beauty.data.folder import picture_name
from abstract_beauty.data.images import decode_image, printable, resize_short_side, to_bytes
from abstract_beauty.data.records import Found, Skip, Split, share
from abstract_beauty.errors import UserError
from abstract_beauty.params import DataParams


def pictures(params: DataParams, seed: int) -> tuple[Iterator[Found | Skip], int | None]:
    """Pictures of the datasets `params.train` and `params.test`, test first; their number is not known beforehand.

    A name is a dataset of the Hub, `owner/name`, at the commit `params.revision` (or `owner/name@commit`, where there
    are several), or a local folder. Without `params.test` a share of the pictures is taken for testing by a hash of
    their bytes, so the split does not depend on the order. `seed` is not used.

    Raises:
        UserError: no dataset is named, a remote one has no pinned revision, or it has no such split or column.
    """
    if not params.train:
        raise UserError("data.train: names no dataset; give at least one, as owner/name or a local folder")
    test = [(name, _open(name, "data.test", params)) for name in params.test]
    train = [(name, _open(name, "data.train", params)) for name in params.train]
    return _read(train, test, params), None


def _read(train: list, test: list, params: DataParams) -> Iterator[Found | Skip]:
    for name, stream in test:
        for index, row in enumerate(_rows(name, stream)):
            yield _picture(name, index, row[params.column], "test", params)
    for name, stream in train:
        for index, row in enumerate(_rows(name, stream)):
            yield _picture(name, index, row[params.column], None if not params.test else "train", params)


def _open(name: str, option: str, params: DataParams) -> Any:
    """The stream of one dataset, pictures left as encoded bytes so that a damaged one can be skipped."""
    path = Path(name).expanduser()
    if path.is_dir():
        # by path, not by the builder's name: that would call home to count the download
        where, revision = str(path.resolve()), None
    else:
        where, _, revision = name.partition("@")
        revision = revision or params.revision
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", where):
            raise UserError(
                f"{option}: '{name}' is neither a local folder nor a dataset's name; check the spelling"
            )
        if not re.fullmatch(r"[0-9a-f]{40}", revision):
            raise UserError(
                f"data.revision: the dataset '{where}' needs the full commit hash of a revision (40 hexadecimal "
                f"digits), got '{revision}'; {_commit_now(where, revision)}, or name a local folder that exists"
            )
    import datasets  # heavy, and needed by this source alone

    datasets.disable_progress_bars()
    try:
        stream = datasets.load_dataset(where, split=params.hub_split, streaming=True, revision=revision)
        columns = stream.column_names
        if columns is not None and params.column not in columns:
            raise UserError(
                f"data.column: '{name}' has no column '{params.column}'; it has {', '.join(columns)}"
            )
        return stream.select_columns([params.column]).cast_column(params.column, datasets.Image(decode=False))
    except UserError:
        raise
    except Exception as error:  # the library raises many kinds: no network, no such dataset, no such split
        raise UserError(
            f"{option}: the dataset '{name}' cannot be opened ({_line(error)}); check it and the network"
        ) from error


def _commit_now(where: str, revision: str) -> str:
    """How to pin a dataset: the commit that a branch or tag (the default branch for "") is at, where the hub says it.

    It is told, not taken: pictures that were fetched on two days must not differ without a change of params.yaml.
    """
    from huggingface_hub import HfApi

    try:
        commit = HfApi().dataset_info(where, revision=revision or None, timeout=10).sha
    except Exception:  # no network, no such dataset, no such revision
        commit = None
    return f"at present that is {commit}" if commit else "copy it from the history on its page"


def _rows(name: str, stream: Any) -> Iterator[dict[str, Any]]:
    try:
        yield from stream
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"the dataset '{name}' broke off ({_line(error)}); run the stage again") from error


def _picture(name: str, index: int, value: Any, split: Split | None, params: DataParams) -> Found | Skip:
    label = Path(name).name if Path(name).is_dir() else name
    file = (value or {}).get("path") or f"{index}"
    source = f"{label}: {printable(Path(file).name)}"
    try:
        image = to_bytes(resize_short_side(decode_image(_bytes(value, source), source), params.short_side))
    except UserError as error:
        return Skip(source, str(error).removeprefix(f"{source}: "))
    if split is None:
        pixels = image.numpy().tobytes().hex()
        split = "test" if share(pixels) < params.test_share else "train"
    return Found(picture_name(Path(file).stem, f"{label}/{index}"), split, source, "photograph", image)


def _bytes(value: dict[str, Any] | None, source: str) -> io.BytesIO:
    if not value or (value.get("bytes") is None and value.get("path") is None):
        raise UserError(f"{source}: is empty; replace the file")
    if value.get("bytes") is not None:
        return io.BytesIO(value["bytes"])
    try:
        return io.BytesIO(Path(value["path"]).read_bytes())
    except OSError as error:
        raise UserError(f"{source}: cannot be read ({error.strerror or error})") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
