"""Code as a notebook shows it: the text of what was run, not a copy of it."""

import inspect
import textwrap
from typing import Any


class Source:
    """The source of functions or classes, shown as highlighted code."""

    def __init__(self, *things: Any):
        self.text = "\n\n\n".join(textwrap.dedent(inspect.getsource(thing)).rstrip() for thing in things)

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"
