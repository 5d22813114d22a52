"""A page of HTML for blind choices between versions of pictures."""

import base64
import hashlib
import html
import json
from importlib import resources

from torch import Tensor

from abstract_beauty.data.images import resize_short_side, webp
from abstract_beauty.scores.preferences import FORMAT

SIDE = 360  # short side of the pictures in the page, pixels


def _address(picture: Tensor) -> str:
    """A picture (3, h, w) in [0, 1] as a data: address."""
    content = webp(resize_short_side(picture, SIDE), quality=92)
    return "data:image/webp;base64," + base64.b64encode(content).decode()


def blind_page(pictures: dict[str, dict[str, Tensor]], title: str = "Which do you like better?") -> str:
    """A page of HTML that holds everything it needs, in which anyone can choose between versions of pictures.

    Which version is which is not shown, and order and sides are drawn anew for each reader. Choices stay in the
    browser until the reader saves them as a file, which `abstract-beauty preferences` reads.

    Args:
        pictures: by name, versions by name, of which at least two; (3, h, w) in [0, 1].
        title: of the page.
    """
    content = json.dumps(
        {
            name: {version: _address(shown) for version, shown in versions.items()}
            for name, versions in pictures.items()
        },
        sort_keys=True,
    )
    filled = {
        "__TITLE__": html.escape(title),
        "__FORMAT__": FORMAT,
        "__KEY__": hashlib.sha256(content.encode()).hexdigest()[:12],
        "__DATA__": content.replace("<", "\\u003c"),
    }
    page = resources.files("abstract_beauty.book").joinpath("blind.html").read_text(encoding="utf-8")
    for mark, text in filled.items():
        page = page.replace(mark, text)
    return page
