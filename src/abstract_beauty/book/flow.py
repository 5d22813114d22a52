"""A picture and its flow for a browser: a slider from the photograph to what prediction makes of it."""

import base64
import html
import json
from importlib import resources
from typing import Any

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.data.images import webp
from abstract_beauty.fields import grid_of

SHOWN_SIDE = 512  # short side of a picture in a page, pixels
SPACING = 4  # pixels between the points of the velocity that a browser is given


def packed(v: Float[Tensor, "1 2 hs ws"], h: int, w: int) -> dict[str, Any]:
    """The velocity of a picture of h x w as flow.js reads it: 8 bits a number, in base64."""
    rows, columns = (cells + 1 for cells in grid_of(h, w, SPACING))
    grid = functional.interpolate(v, size=(rows, columns), mode="bilinear", align_corners=True)[0]
    largest = max(float(grid.abs().max()), 1e-6)
    data = (grid / largest * 127).round().to(torch.int8).numpy().tobytes()
    return {"rows": rows, "columns": columns, "largest": largest, "data": base64.b64encode(data).decode()}


def flow_page(x: Float[Tensor, "3 h w"], v: Float[Tensor, "1 2 hs ws"], title: str) -> str:
    """A page of HTML that holds everything it needs: the picture x in [0, 1], moved as far as a slider says."""
    here = resources.files("abstract_beauty.book")
    picture = base64.b64encode(webp(x, quality=92)).decode()
    filled = {
        "__TITLE__": html.escape(title),
        "__SCRIPT__": (here / "flow.js").read_text(encoding="utf-8").replace("export ", ""),
        "__PICTURE__": f"data:image/webp;base64,{picture}",
        "__FIELD__": json.dumps(packed(v, *x.shape[1:])),
    }
    page = (here / "flow.html").read_text(encoding="utf-8")
    for mark, text in filled.items():
        page = page.replace(mark, text)
    return page
