"""What a notebook's cell shows: a saved figure with a caption, and a text for those who cannot see it."""

import base64
import html
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from abstract_beauty.book.plots.style import WIDTH, save
from abstract_beauty.errors import UserError
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


def kept(path: Path, caption: str, alt: str, dots: int = DOTS) -> Shown:
    """What `show` wrote: a figure with the very bytes of the file, which has so many dots an inch, or a table."""
    if path.suffix == ".csv":
        table = pd.read_csv(path, index_col=0).rename_axis(None)
        below = f'<p class="caption">{html.escape(caption)}</p>'
        return Shown(
            f'<div class="table-wrap" tabindex="0">{table.to_html()}</div>{below}', table.to_string()
        )
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


def show(what: Figure | pd.DataFrame, path: str | os.PathLike, caption: str, alt: str = "") -> Shown:
    """Save a figure or a table, and return what a cell shows that ends with it.

    Args:
        what: a figure from one of the functions of this package, or a table.
        path: where it is saved: a chart as .png, photographs as .jpg, which are several times smaller so, a table as
            .csv.
        caption: plain text below it, which begins with what to see.
        alt: plain text in a figure's place, for a reader who cannot see it: what is in it, not what it means.

    Raises:
        UserError: another suffix, or a path that cannot be written.
    """
    if isinstance(what, Figure):
        return kept(save(what, path), caption, alt)
    if Path(path).suffix != ".csv":
        raise UserError(f"{path}: a table is kept as .csv")
    with replacing(path) as temporary:
        what.to_csv(temporary, lineterminator="\n")
    return kept(Path(path), caption, alt)


def beside(shown: Mapping[str, Shown]) -> Shown:
    """Several things side by side where there is room, each under its label."""
    contents = [f"<strong>{html.escape(label)}</strong>{each.content}" for label, each in shown.items()]
    parts = [f'<div style="flex: 1 1 20rem; min-width: 0">{content}</div>' for content in contents]
    words = "\n".join(f"{label}: {each.words}" for label, each in shown.items())
    return Shown(f'<div style="display: flex; flex-wrap: wrap; gap: 1em">{"".join(parts)}</div>', words)


def show_animation(frames: Sequence[Figure], path: str | os.PathLike, caption: str, alt: str) -> Shown:
    """Save figures of one size as an animated GIF that runs for ever, one a second, and return what a cell shows.

    The last is shown three times as long. The path ends in .gif; caption and alt are as for `show`.
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
    return kept(path, caption, alt, MOVING)
