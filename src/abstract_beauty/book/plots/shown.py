"""What a notebook's cell shows: a saved figure with a caption, and a text for those who cannot see it."""

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
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif"}


class Shown:
    """HTML, for Jupyter and the book, with words for where there is no HTML.

    An image output could carry neither caption nor alternative text through Jupyter's format.
    """

    def __init__(self, content: str, words: str):
        self.content, self.words = content, words

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return self.content


def as_shown(path: Path, caption: str, alt: str, dots: int = DOTS) -> Shown:
    """`<figure>` with the very bytes of the file, which has so many dots an inch."""
    content = path.read_bytes()
    width, height = Image.open(io.BytesIO(content)).size
    scale = COLUMN / (WIDTH * dots)
    source = f"data:{TYPES[path.suffix]};base64,{base64.b64encode(content).decode()}"
    figure = (
        f'<figure><img alt="{html.escape(alt)}" width="{round(width * scale)}" '
        f'height="{round(height * scale)}" style="max-width: 100%; height: auto" src="{source}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
    return Shown(figure, f"Figure: {alt}")


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
    return as_shown(save(fig, path), caption, alt)


def show_animation(frames: Sequence[Figure], path: str | os.PathLike, caption: str, alt: str) -> Shown:
    """Save figures of one size as an animated GIF that runs for ever, one a second, and return what a cell shows.

    Args:
        frames: in order; the last is shown three times as long.
        path: where it is saved; .gif.
        caption, alt: as for `show`.
    """
    path = Path(path)
    pictures = []
    for figure in frames:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=MOVING)
        pictures.append(Image.open(buffer).convert("RGB").quantize(128, dither=Image.Dither.NONE))
    spent = [1000] * (len(pictures) - 1) + [3000]
    with replacing(path) as temporary:
        pictures[0].save(temporary, save_all=True, append_images=pictures[1:], duration=spent, loop=0)
    return as_shown(path, caption, alt, MOVING)


def several(shown: Sequence[Shown]) -> Shown:
    """What a cell shows that ends with several figures, one below the other."""
    return Shown("\n".join(each.content for each in shown), "\n".join(each.words for each in shown))
