"""How the programs of the pipeline end: each `main` returns its exit status."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

from abstract_beauty.errors import UserError

P = ParamSpec("P")


def one_line(main: Callable[P, int]) -> Callable[P, int]:
    """`main`, but a UserError becomes its line on stderr and exit status 2."""

    @functools.wraps(main)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return main(*args, **kwargs)
        except UserError as error:
            print(error, file=sys.stderr)
            return 2

    return reporting
