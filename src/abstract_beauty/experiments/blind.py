"""The book's page of blind choices, into book/_extra/blind.html: `python -m abstract_beauty stage blind`.

It shows only photographs that come with scikit-image, whatever pictures the run was trained and tested on.
"""

from abstract_beauty.book.blind import SIDE, blind_page
from abstract_beauty.data.embedded import TEST, photographs
from abstract_beauty.data.images import read_image, resize_short_side
from abstract_beauty.experiments.improver import improver_run
from abstract_beauty.files import replacing
from abstract_beauty.params import Params
from abstract_beauty.project import Project


def stage(project: Project, params: Params) -> None:
    """Write the page, with the improvers of `book.blind`."""
    improvers = {name: improver_run(project, params, name).network for name in params.book.blind}
    files = {file.partition(".")[0]: photographs() / file for file in TEST}
    pictures = {name: resize_short_side(read_image(file), SIDE) for name, file in files.items()}
    with replacing(project.root / "book" / "_extra" / "blind.html") as temporary:
        temporary.write_text(blind_page(pictures, improvers), encoding="utf-8")
