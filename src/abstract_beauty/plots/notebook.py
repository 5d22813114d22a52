"""A figure on a notebook's page: saved, and shown with a caption and a text for those who cannot see it."""

import base64
import html
import io
import os
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from abstract_beauty.plots.style import WIDTH, save

COLUMN = 736  # pixels of the book's column, which a figure of the usual width fills
DOTS = 150  # dots per inch of every saved figure
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


class Shown:
    """A saved figure as Jupyter and the book show it: `<figure>` with the very bytes of the file.

    An image output of its own could carry neither caption nor alternative text through Jupyter's format.
    """

    def __init__(self, path: Path, caption: str, alt: str):
        self.path, self.caption, self.alt = path, caption, alt

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def _repr_html_(self) -> str:
        content = self.path.read_bytes()
        width, height = Image.open(io.BytesIO(content)).size
        scale = COLUMN / (WIDTH * DOTS)
        source = f"data:{TYPES[self.path.suffix]};base64,{base64.b64encode(content).decode()}"
        return (
            f'<figure><img alt="{html.escape(self.alt)}" width="{round(width * scale)}" '
            f'height="{round(height * scale)}" style="max-width: 100%; height: auto" src="{source}">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


def show(fig: Figure, path: str | os.PathLike, caption: str, alt: str) -> Shown:
    """Save a figure and return what a cell that ends with it shows.

    Args:
        fig: from one of the functions of this package.
        path: where it is saved; .png for charts, .jpg for photographs, which are several times smaller so.
        caption: plain text below it, which begins with what to see.
        alt: plain text in its place, for a reader who cannot see it: what is in it, not what it means.

    Raises:
        UserError: another suffix, or a path that cannot be written.
    """
    return Shown(save(fig, path), caption, alt)
