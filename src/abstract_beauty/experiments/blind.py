"""The book's page of blind choices: `python -m abstract_beauty.experiments.blind`, into book/_extra/blind.html.

It shows only photographs that come with scikit-image, whatever pictures the run was trained and tested on.
"""

import sys

import torch

from abstract_beauty import experiments
from abstract_beauty.commands.blind import SIDE, blind_page
from abstract_beauty.data.embedded import TEST, photographs
from abstract_beauty.data.images import read_image, resize_short_side
from abstract_beauty.errors import one_line
from abstract_beauty.files import replacing
from abstract_beauty.params import load_params
from abstract_beauty.project import find_project
from abstract_beauty.training.machine import use_threads

IMPROVERS = ("smoothing", "held", "target")


@one_line
def main() -> int:
    """Write the page; exit status 2 after one line that says what to mend."""
    project, params = find_project(), load_params()
    use_threads(params.threads)
    improvers = {name: experiments.improver_run(project, params, name).network for name in IMPROVERS}
    pictures = {}
    for file in TEST:
        x = resize_short_side(read_image(photographs() / file), SIDE)
        with torch.no_grad():
            improved = {name: g(x[None])[0].clamp(0, 1) for name, g in improvers.items()}
        pictures[file.partition(".")[0]] = {"original": x, **improved}
    with replacing(project.root / "book" / "_extra" / "blind.html") as temporary:
        temporary.write_text(blind_page(pictures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
