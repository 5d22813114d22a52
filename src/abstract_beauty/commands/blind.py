"""`abstract-beauty blind`: a page for blind choices between pictures."""

import argparse

from abstract_beauty import weights
from abstract_beauty.book.blind import SIDE, blind_page
from abstract_beauty.commands.pictures import check_no_picture, expand, names_of, readable
from abstract_beauty.data.images import printable, resize_short_side
from abstract_beauty.errors import UserError, counted
from abstract_beauty.files import check_outputs, write_bytes


def blind_command(options: argparse.Namespace) -> int:
    """Write the page for some pictures and improvers; status 2 if a picture that was named is not on it."""
    files, below = expand(options.images)
    if "original" in options.improver:
        what = "that is what the page calls the picture itself"
        raise UserError(f"original: {what}; name the improver otherwise")
    found = {name: weights.find("improvers", name) for name in options.improver}
    check_outputs([options.out], [*files, *found.values()])
    check_no_picture(options.out)
    improvers = {name: weights.load(path, "improvers") for name, path in found.items()}
    names, failed = names_of(files), {}
    read = readable(files, below, failed, alone=len(files) == 1)
    pictures = {names[path]: resize_short_side(picture, SIDE) for path, picture in read}
    if not pictures:
        raise UserError(f"{printable(options.images[0])}: none of the pictures can be read")
    write_bytes(options.out, blind_page(pictures, improvers, options.times).encode())
    versions = ", ".join(["original", *improvers])
    print(f"{printable(options.out)}: {counted(len(pictures), 'picture')}, each as {versions}")
    return 2 if failed else 0
