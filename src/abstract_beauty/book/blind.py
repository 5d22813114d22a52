"""A page of HTML for blind choices between versions of pictures."""

import hashlib
import json
from collections.abc import Mapping

from torch import Tensor, nn

from abstract_beauty.book.pages import address, filled
from abstract_beauty.improvers import improve
from abstract_beauty.scores.preferences import FORMAT

SIDE = 360  # short side of the pictures in the page, pixels


def blind_page(pictures: Mapping[str, Tensor], improvers: Mapping[str, nn.Module], times: int = 1) -> str:
    """A page of HTML that holds everything it needs, in which anyone can choose between versions of pictures.

    Which version is which is not shown, and order and sides are drawn anew for each reader. Choices stay in the
    browser until the reader saves them as a file, which `abstract-beauty preferences` reads. Pictures, (3, h, w) in
    [0, 1], are shown as large as they are; each improver, applied so many times, makes a version of every one.
    """
    addresses: dict[str, dict[str, str]] = {}
    for name, x in pictures.items():
        versions = {"original": x} | {
            key: improve(g, x[None], times=times)[0] for key, g in improvers.items()
        }
        addresses[name] = {key: address(shown) for key, shown in versions.items()}
    content = json.dumps(addresses, sort_keys=True)
    texts = {
        "__FORMAT__": FORMAT,
        "__KEY__": hashlib.sha256(content.encode()).hexdigest()[:12],
        "__DATA__": content.replace("<", "\\u003c"),
    }
    return filled("blind.html", texts)
