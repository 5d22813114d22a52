"""A picture and its flow for a browser: a slider from the photograph to what prediction makes of it."""

import base64
import html
import json
from typing import Any

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.book.pages import address, beside, filled

SHOWN_SIDE = 512  # short side of a picture in a page, pixels
LARGEST = 2**15 - 1


def packed(v: Float[Tensor, "1 2 hs ws"]) -> dict[str, Any]:
    """A velocity as flow.js reads it: 16 bits a number, least significant byte first, in base64."""
    rows, columns = v.shape[2:]
    largest = max(float(v.abs().max()), 1e-6)
    data = (v[0] / largest * LARGEST).round().numpy().astype("<i2").tobytes()
    return {"rows": rows, "columns": columns, "largest": largest, "data": base64.b64encode(data).decode()}


def flow_page(x: Float[Tensor, "3 h w"], v: Float[Tensor, "1 2 hs ws"], title: str) -> str:
    """A page of HTML that holds everything it needs: the picture x in [0, 1], moved as far as a slider says."""
    texts = {
        "__TITLE__": html.escape(title),
        "__SCRIPT__": beside("flow.js").replace("export ", ""),
        "__PICTURE__": address(x),
        "__FIELD__": json.dumps(packed(v)),
    }
    return filled("flow.html", texts)
