"""`abstract-beauty blind` and `preferences`: a page for blind choices between pictures, and what people chose."""

import argparse
import json
import os
from pathlib import Path

from torch import Tensor

from abstract_beauty import weights
from abstract_beauty.book.blind import SIDE, blind_page
from abstract_beauty.commands.pictures import check_side, expand, names_of
from abstract_beauty.data.images import printable, read_image, resize_short_side
from abstract_beauty.errors import UserError, escaped
from abstract_beauty.files import check_outputs, replacing, rounded
from abstract_beauty.improvers import improve
from abstract_beauty.scores.preferences import read_choices, strengths

LARGEST_PAGE = 40 * 2**20


def blind_command(options: argparse.Namespace) -> None:
    """Write the page for some pictures and improvers."""
    if os.path.isdir(options.out):
        raise UserError(f"{options.out}: is a folder; give --out the name of a file")
    files, _ = expand(options.images)
    found = {name: weights.find("improvers", name) for name in options.improver}
    check_outputs([options.out], [*files, *found.values()])
    improvers = {name: weights.load(path, "improvers") for name, path in found.items()}
    pictures: dict[str, dict[str, Tensor]] = {}
    for path, name in names_of(files).items():
        picture = read_image(path)
        check_side(path, picture)
        pictures[name] = {"original": resize_short_side(picture, SIDE)}
        for label, g in improvers.items():
            pictures[name][label] = improve(g, pictures[name]["original"][None], times=options.times)[0]
    page = blind_page(pictures)
    if len(page) > LARGEST_PAGE:
        raise UserError(f"{options.out}: would be larger than {LARGEST_PAGE >> 20} MiB; give fewer pictures")
    with replacing(options.out) as temporary:
        Path(temporary).write_text(page, encoding="utf-8")
    versions = ", ".join(["original", *improvers])
    print(f"{printable(options.out)}: {len(pictures)} pictures, each as {versions}")


def preferences_command(options: argparse.Namespace) -> None:
    """Print the strengths of what people chose."""
    found = strengths([read_choices(path) for path in options.files], options.reference, options.seed)
    if options.json:
        print(json.dumps(rounded([vars(version) for version in found]), indent=2, ensure_ascii=False))
        return
    print(f"{'log strength':>14}  {'95 % interval':^16}  {'chosen':>11}  version")
    for version in found:
        interval = f"[{version.low:+.2f}, {version.high:+.2f}]"
        chosen = f"{version.wins:5d}/{version.choices:<5d}"
        print(f"{version.value:+14.2f}  {interval}  {chosen}  {escaped(version.name)}")
