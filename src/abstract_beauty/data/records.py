"""What a source of pictures yields, before anything is written."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from jaxtyping import UInt8
from torch import Tensor

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Found:
    """A picture ready to be written: its bytes, and where it came from (a file name, never an absolute path)."""

    name: str
    split: Split
    source: str
    kind: str
    image: UInt8[Tensor, "3 h w"]


@dataclass(frozen=True)
class Skip:
    """A file that gave no picture, and the reason in a few words."""

    file: str
    reason: str


def share(text: str) -> float:
    """A number in [0, 1) from a hash of `text`: the same for ever, whatever other files there are."""

    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8]) / 2**64
