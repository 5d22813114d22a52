"""Arguments of the command line: a parser that complains in one line, and the kinds of numbers it takes."""

import argparse
from collections.abc import Callable
from typing import NoReturn

from abstract_beauty.errors import escaped


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A type for argparse."""

    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} must be a whole number between {least} and {most}")
        return number

    return read


count, seed = whole_number(1, 10_000), whole_number(0, 2**32 - 1)


class Parser(argparse.ArgumentParser):
    """argparse's, but a mistake is one line and exit status 2, as every other mistake of the command line is."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 after one line; argparse itself prints the whole usage before it."""
        self.exit(2, f"{self.prog}: {escaped(message)}; see `{self.prog} --help`\n")
