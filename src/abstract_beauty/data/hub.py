"""Pictures of a Hugging Face image dataset, streamed at a pinned revision, or of a local folder in its layout."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from abstract_beauty.data.folder import picture_name
from abstract_beauty.data.images import decode_image, printable, resize_short_side, to_bytes
from abstract_beauty.data.prepare import Found, Skip, Split, share
from abstract_beauty.errors import UserError, reason
from abstract_beauty.sections import DataParams


def pictures(params: DataParams, seed: int) -> Iterator[Found | Skip]:
    """Pictures of the datasets `params.train` and `params.test`, test first.

    A name is a dataset of the Hub, `owner/name`, at the commit `params.revision` (or `owner/name@commit`, where there
    are several), or a local folder. Without `params.test` a share of the pictures is taken for testing by a hash of
    their bytes, so the split does not depend on the order. `seed` is not used. UserError when a dataset has no pinned
    revision, or no such split or column.
    """
    streams = [(name, _open(name, "data.test", params), "test") for name in params.test]
    of_train = "train" if params.test else None
    streams += [(name, _open(name, "data.train", params), of_train) for name in params.train]
    for name, stream, split in streams:
        try:
            for index, row in enumerate(stream):
                yield _picture(name, index, row[params.column], split, params)
        except Exception as error:
            what = f"broke off ({reason(error)}); run the stage again"
            raise UserError(f"the dataset '{name}' {what}") from error


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
            what = "is neither a local folder nor a dataset's name; check the spelling"
            raise UserError(f"{option}: '{name}' {what}")
        if not re.fullmatch(r"[0-9a-f]{40}", revision):
            raise UserError(
                f"data.revision: the dataset '{where}' needs the full commit hash of a revision (40 hexadecimal "
                f"digits), got '{revision}'; copy it from the history on its page, or name a local folder that exists"
            )
    import datasets  # heavy, and needed by this source alone

    datasets.disable_progress_bars()
    try:
        stream = datasets.load_dataset(where, split=params.hub_split, streaming=True, revision=revision)
        columns = stream.column_names or [params.column]
        if params.column in columns:
            stream = stream.select_columns([params.column])
            return stream.cast_column(params.column, datasets.Image(decode=False))
    except Exception as error:  # the library raises many kinds: no network, no such dataset, no such split
        what = f"cannot be opened ({reason(error)}); check it and the network"
        raise UserError(f"{option}: the dataset '{name}' {what}") from error
    raise UserError(f"data.column: '{name}' has no column '{params.column}'; it has {', '.join(columns)}")


def _picture(name: str, index: int, value: Any, split: Split | None, params: DataParams) -> Found | Skip:
    """One row: its value holds the encoded file, or the path of one."""
    label = Path(name).name if Path(name).is_dir() else name
    content, path = ((value or {}).get(key) for key in ("bytes", "path"))
    file = Path(path or str(index))
    source = f"{label}: {printable(file.name)}"
    try:
        content = file.read_bytes() if content is None and path else content or b""
        image = to_bytes(resize_short_side(decode_image(io.BytesIO(content), source), params.short_side))
    except OSError as error:
        return Skip(source, f"cannot be read ({error.strerror or error})")
    except UserError as error:
        return Skip(source, str(error).removeprefix(f"{source}: "))
    if split is None:
        split = "test" if share(image.numpy().tobytes().hex()) < params.test_share else "train"
    return Found(picture_name(file.stem, f"{label}/{index}"), split, source, "photograph", image)
