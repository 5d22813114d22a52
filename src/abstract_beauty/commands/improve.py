"""`abstract-beauty improve`: a picture by an improver, or moved; or a page with a slider from the picture to that."""

import argparse
import sys
from typing import Any

import torch
from torch import Tensor

from abstract_beauty import weights
from abstract_beauty.book.flow import SHOWN_SIDE, flow_page
from abstract_beauty.commands.pictures import read_picture
from abstract_beauty.data.images import check_writable, printable, resize_short_side, too_long, write_image
from abstract_beauty.errors import UserError
from abstract_beauty.files import check_outputs, write_bytes
from abstract_beauty.improvers import improve, moves

PAGES = (".html", ".htm")


def improve_command(options: argparse.Namespace) -> None:
    """Write the picture, or the page."""
    descends, page = options.improver == "move", options.out.suffix.lower() in PAGES
    kind, name = ("predictors", "reference") if descends else ("improvers", options.improver)
    path = weights.find(kind, name)
    check_outputs([options.out], [options.image, path])
    picture = read_picture(options.image)
    network = weights.load(path, kind)
    if page and not (descends or moves(network)):
        raise UserError(f"{options.out}: a page with a slider is for an improver that moves; name a picture")
    if page and (options.times, options.strength) != (1, 1.0):
        raise UserError(f"{options.out}: the strength is the page's slider; leave out --times and --strength")
    if page:
        return _write_page(options, picture, network)
    check_writable(options.out, picture)  # before minutes are spent
    y = picture[None]
    if descends:
        from abstract_beauty.moving import move

        for _ in range(options.times):
            y = move(network, y, strength=options.strength, progress=sys.stderr.isatty())
    else:
        y = improve(network, y, times=options.times, strength=options.strength)
    if not y.isfinite().all():
        raise UserError(
            f"{options.improver}: makes of the picture what is no number; its weights are damaged"
        )
    write_image(options.out, y[0])
    change = float((y[0] - picture).abs().mean())
    often = f"{options.times} times" if options.times > 1 else "once"
    what = f"{options.improver}, {often}; mean change {change:.4f} of 1 per pixel and channel"
    print(f"{printable(options.out)}: {what}")


def _write_page(options: argparse.Namespace, picture: Tensor, network: Any) -> None:
    from abstract_beauty.moving import STEPS, descend

    shown = resize_short_side(picture, SHOWN_SIDE)
    if too_long(shown, "WEBP"):
        mend = "name a picture to write"
        raise UserError(f"{printable(options.image)}: is too long a picture for a page; {mend}")
    if options.improver == "move":
        v = descend(network, shown[None], STEPS, progress=sys.stderr.isatty())
    else:
        with torch.no_grad():
            v = network.velocities(shown[None])[-1]
    write_bytes(options.out, flow_page(shown, v, printable(options.image.stem)).encode())
    print(f"{printable(options.out)}: open it in a browser; the slider in it is the strength")
