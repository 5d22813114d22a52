"""Pages of HTML that hold everything they need, made from the templates beside this file."""

import base64
import re
from collections.abc import Mapping
from importlib import resources

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.data.images import webp


def beside(name: str) -> str:
    """The text of a file of this folder."""
    return resources.files("abstract_beauty.book").joinpath(name).read_text(encoding="utf-8")


def filled(template: str, texts: Mapping[str, str]) -> str:
    """A template of this folder with a text for each mark, of which none is looked for marks again."""
    return re.sub("|".join(texts), lambda found: texts[found[0]], beside(template))


def address(x: Float[Tensor, "3 h w"]) -> str:
    """A picture in [0, 1] as the address that holds it, to stand in a page."""
    return f"data:image/webp;base64,{base64.b64encode(webp(x, quality=92)).decode()}"
