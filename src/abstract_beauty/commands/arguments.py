"""Arguments of the command line: a parser that complains in one line, and the numbers it takes."""

import argparse
import math
from pathlib import Path
from typing import NoReturn

from abstract_beauty.errors import escaped


def count(text: str) -> int:
    """A whole number between 1 and 10000; argparse.ArgumentTypeError says so of anything else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number between 1 and 10000")
    return number


def strength(text: str) -> float:
    """A number between -4 and 4; argparse.ArgumentTypeError says so of anything else."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= 4:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number between -4 and 4")
    return number


def path(text: str) -> Path:
    """A path; argparse.ArgumentTypeError of an empty one, which would mean the working folder."""
    if not text:
        raise argparse.ArgumentTypeError("the name of a file is empty")
    return Path(text)


class Parser(argparse.ArgumentParser):
    """argparse's, but a mistake is one line and exit status 2, as every other mistake of the command line is."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 after one line; argparse itself prints the whole usage before it."""
        self.exit(2, f"{self.prog}: {escaped(message)}; see `{self.prog} --help`\n")
