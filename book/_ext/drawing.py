"""`{drawing} FILE.svg`: a small drawing, put into the page itself so that it takes the page's colours.

An SVG loaded as an image cannot see whether the page is light or dark; inline it can. The content is the
caption; the drawing's own `<title>` is what a screen reader says.
"""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata


class Drawing(SphinxDirective):
    """A figure of one inline SVG; the path is relative to the page."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        relative, absolute = self.env.relfn2path(self.arguments[0])
        if not Path(absolute).is_file():
            raise self.warning(f"drawing: {relative}: no such file")
        self.env.note_dependency(absolute)
        svg = nodes.raw("", Path(absolute).read_text(encoding="utf-8"), format="html")
        caption, messages = self.parse_inline(" ".join(self.content), lineno=self.lineno)
        figure = nodes.figure("", svg, nodes.caption("", "", *caption, *messages), classes=["drawing"])
        self.set_source_info(figure)
        return [figure]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("drawing", Drawing)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
