"""A figure on a notebook's page: saved, and shown with a caption and a text for those who cannot see it."""

import base64
import html
import io
import os
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from abstract_beauty.book.plots.style import WIDTH, save
from abstract_beauty.files import replacing

COLUMN = 736  # pixels of the book's column, which a figure of the usual width fills
DOTS = 150  # dots per inch of every saved figure
MOVING = 90  # of an animation, whose every frame weighs as much as a picture
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif"}


class Shown:
    """A saved figure as Jupyter and the book show it: `<figure>` with the very bytes of the file.

    An image output of its own could carry neither caption nor alternative text through Jupyter's format.
    """

    def __init__(self, path: Path, caption: str, alt: str, dots: int = DOTS):
        self.path, self.caption, self.alt, self.dots = path, caption, alt, dots

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def _repr_html_(self) -> str:
        content = self.path.read_bytes()
        width, height = Image.open(io.BytesIO(content)).size
        scale = COLUMN / (WIDTH * self.dots)
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


def show_animation(
    frames: Sequence[Figure], path: str | os.PathLike, caption: str, alt: str, seconds: float = 1.0
) -> Shown:
    """Save figures of one size as an animated GIF that runs for ever, and return what a cell that ends with it shows.

    Args:
        frames: in order; the last is shown three times as long.
        path: where it is saved; .gif.
        caption, alt: as for `show`.
        seconds: a frame.
    """
    path = Path(path)
    pictures = []
    for figure in frames:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=MOVING)
        pictures.append(Image.open(buffer).convert("RGB").quantize(128, dither=Image.Dither.NONE))
    spent = [round(1000 * seconds)] * (len(pictures) - 1) + [round(3000 * seconds)]
    with replacing(path) as temporary:
        pictures[0].save(temporary, save_all=True, append_images=pictures[1:], duration=spent, loop=0)
    return Shown(path, caption, alt, MOVING)


class Several:
    """Figures one below the other, as one output."""

    def __init__(self, shown: Sequence[Shown]):
        self.shown = shown

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.shown))

    def _repr_html_(self) -> str:
        return "\n".join(one._repr_html_() for one in self.shown)


def several(shown: Sequence[Shown]) -> Several:
    """What a cell shows that ends with several figures."""
    return Several(shown)
