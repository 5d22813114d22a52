"""The command line: `abstract-beauty COMMAND`; what each command does lies in commands/."""

import argparse
import errno
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from abstract_beauty.commands.arguments import Parser, count, path, strength
from abstract_beauty.errors import SharedError, Terminated, UserError, escaped

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
# What a user's file or folder is, and no fault of the code: closed, a loop of links, on a full disk, ...
A_FILE_S = (
    *DISK_FULL, errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR,
)  # fmt: skip


def _speaks() -> bool:
    """Whether this process is the one, of all that train together, that prints."""
    from abstract_beauty.training.machine import is_first_process

    return is_first_process()


def _later(options: argparse.Namespace) -> int | None:
    """Run the function of commands/NAME.py, loaded only now: torch takes seconds, and help needs nothing of it."""
    module = import_module(f"abstract_beauty.commands.{options.command}")
    return getattr(module, f"{options.command}_command")(options)


def _parser() -> argparse.ArgumentParser:
    asked = "How predictable is a picture, and can it be more so?"
    parser = Parser(prog="abstract-beauty", description=asked)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, summary: str) -> Callable[..., Any]:
        added = commands.add_parser(name, help=summary.partition(". ")[0], description=summary)
        added.set_defaults(command=name)
        return added.add_argument

    def file(add: Callable[..., Any], option: str, what: str, **more: Any) -> None:
        add(option, type=path, metavar="FILE", help=what, **more)

    def network(add: Callable[..., Any], option: str, default: str, what: str) -> None:
        which = f"{what}: reference/NAME, run/NAME, hf:OWNER/NAME, or a file or folder (%(default)s)"
        add(option, default=default, metavar="NAME", help=which)

    def flag(add: Callable[..., Any], option: str, what: str) -> None:
        add(option, action="store_true", help=what)

    pictures = {"nargs": "+", "type": path, "metavar": "IMAGE", "help": "a picture, or a folder of them"}
    times = {"type": count, "default": 1, "metavar": "N", "help": "apply it N times over (default: 1)"}

    add = command(
        "score",
        "Say how predictable pictures are. predictability: the mean error of the guess, lower is more predictable; "
        "progress: the bad predictor's error over the good one's; structure: the share of the linear fill's error that "
        "the good predictor saves; complexity: how complex people would call it.",
    )
    add("images", **pictures)
    flag(add, "--json", "print a JSON list, one object a picture")
    file(
        add,
        "--csv",
        "write the rows into FILE, when all are scored; one that was ended goes on with the same command",
    )
    add("--map", type=path, metavar="DIR", help="also write each picture's predictability map into DIR")
    network(add, "--predictor", "reference/good", "the good predictor")
    beside = "by default of the same run"
    add("--bad", metavar="NAME", help=f"the bad predictor, for progress; {beside}")
    add("--linear", metavar="NAME", help=f"the linear fill, for structure and complexity; {beside}")

    add = command("improve", "Make a picture more predictable.")
    add("image", type=path, metavar="IMAGE", help="a picture in any common format")
    file(
        add,
        "--out",
        "where the result goes: .png, .jpg or .webp; with `move` also .html, a page with a slider",
        required=True,
    )
    network(add, "--improver", "reference/smoothing", "the improver, or `move`, which paints nothing")
    add("--times", **times)
    add(
        "--strength",
        type=strength,
        default=1.0,
        metavar="S",
        help="0: a copy, below: the other way (default: 1)",
    )

    goes_on = "the same command again goes on where it was killed"
    add = command("train", f"Train networks of params.yaml; {goes_on}.")
    experiments = "predictor.NAME, predictor.linear (fitted, in seconds) or improver.NAME"
    add("experiments", nargs="+", metavar="EXPERIMENT", help=experiments)
    flag(add, "--quiet", "no progress bar")

    add = command("data", "Prepare the pictures that params.yaml names.")
    flag(add, "--quiet", "no progress bar")

    add = command("stage", "Run a stage of dvc.yaml that measures or shows.")
    add("what", metavar="NAME", help="fills, filters, many, ..., improver.NAME or notebook.NAME")

    add = command("ratings", "Say how scores go with people's ratings of pictures.")
    add("folder", type=path, metavar="DIR", help="holds ratings.csv (image, ratings), or folders that do")
    flag(add, "--json", "print JSON, each picture's complexity and ratings with it")
    file(add, "--hypotheses", "what to test, as scores/hypotheses.yml says it (default: that file)")
    for part in ("good", "bad", "linear"):
        network(add, f"--{part}", f"reference/{part}", "a predictor")

    add = command("blind", "Write a page for blind choices between pictures.")
    add("images", **pictures)
    file(add, "--out", "where the page goes: .html", required=True)
    against = {"nargs": "+", "default": ["reference/smoothing"], "metavar": "NAME"}
    add("--improver", help="improvers to set against the original (default: reference/smoothing)", **against)
    add("--times", **times)

    add = command("preferences", "Say what people chose on such pages.")
    add("files", nargs="+", type=path, metavar="FILE", help="choices that a page saved, a file a person")
    add("--reference", default="original", metavar="NAME", help="whose strength is 0 (default: original)")
    flag(add, "--json", "print JSON")

    add = command("export", "Write the networks as ONNX files.")
    add("--out", type=path, required=True, metavar="DIR", help="where the files go")
    example = "for example predictors/good improvers/held (default: all)"
    add("--only", nargs="+", metavar="KIND/NAME", help=example)

    add = command("card", "Make a small folder of a finished run that can be sent.")
    add("--name", metavar="NAME", help="what the run is called: small letters, digits, hyphens")
    add("--author", default="", metavar="WHO", help="who ran it, as it may be printed")
    add("--note", default="", metavar="TEXT", help="a sentence or two: what was tried, what came out")
    add("--profile", default="default", metavar="PROFILE", help="whose run (default: default)")
    add("--check", type=path, nargs="+", metavar="DIR", help="only say whether these cards are well formed")

    add = command("bench", "Time full prediction and training on this machine.")
    flag(add, "--json", "print JSON")
    file(add, "--out", "also write the JSON into FILE")
    sides = {"type": count, "nargs": "+", "default": [320, 1024], "metavar": "N"}
    add("--size", help="sides of the square pictures (default: 320 1024)", **sides)

    add = command("repro", "Run every stage of the pipeline that is out of date.")
    add("--profile", default="default", metavar="NAME", help="default, or a name in profiles/")
    flag(add, "--force", "run every stage, up to date or not")
    add("--jobs", type=count, metavar="N", help="stages at once (default: as there are cores for)")

    add = command("publish", "Copy the finished reference run into the repository.")
    add("--commit", metavar="SHA", help="what was run; else the profile's .commit says it")

    add = command("pairs", "Make each notebook's .ipynb from its .py.")
    flag(add, "--check", "write nothing, and say what would be written")
    flag(add, "--force", "also over an .ipynb that was edited")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, or 2 after one line on stderr that says what to mend."""
    for name in ("stdout", "stderr"):  # one that is closed is none
        setattr(sys, name, getattr(sys, name) or open(os.devnull, "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):  # names of files that the terminal's encoding lacks are escaped
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    # Other libraries' are nothing that a user can mend. They are loaded later, and some set filters of their own.
    warnings.showwarning = lambda *_, **__: None
    try:
        status = _later(options)
        sys.stdout.flush()
    except UserError as error:
        if not isinstance(error, SharedError) or _speaks():
            print(f"abstract-beauty: {error}", file=sys.stderr)
        return 2
    except Terminated as stopped:
        if _speaks():
            print(f"abstract-beauty: {stopped}; the same command again goes on there", file=sys.stderr)
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        goes_on = (
            "; the same command again goes on from its last checkpoint"
            if options.command in ("train", "repro")
            else ""
        )
        print(f"abstract-beauty: interrupted{goes_on}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except MemoryError:
        print("abstract-beauty: the memory is too short for this; give smaller pictures", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is not None and error.errno in A_FILE_S:
            print(f"abstract-beauty: {escaped(str(error.filename))}: {error.strerror}", file=sys.stderr)
            return 2
        if error.filename is not None or error.errno not in DISK_FULL:
            raise
        # What print meets on a full disk; the interpreter would meet it again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"abstract-beauty: the output cannot be written ({error.strerror})", file=sys.stderr)
        return 2
    return status or 0
