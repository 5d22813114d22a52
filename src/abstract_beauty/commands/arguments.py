"""Arguments of the command line: a parser that complains in one line, and the kinds of numbers it takes."""

import argparse
from typing import NoReturn

from abstract_beauty.errors import escaped


def count(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number between 1 and 10000")
    return number


def seed(text: str) -> int:
    """A whole number of at least 0, for argparse."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number between 0 and 2^32 - 1")
    return number


class Parser(argparse.ArgumentParser):
    """argparse's, but a mistake is one line and exit status 2, as every other mistake of the command line is."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 after one line; argparse itself prints the whole usage before it."""
        self.exit(2, f"{self.prog}: {escaped(message)}; see `{self.prog} --help`\n")
