"""`{trust-record} FILE`: what a check wrote to results/trust/FILE, whichever keys it has, or that it has not been run.

Single values become rows of one table, each group of groups a table of its own; of a list its length is shown.
"""

import json
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

LONGEST = 120  # characters of a text in a cell


def cell(value: Any) -> str:
    """One value as the text of a table's cell."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, dict)):
        return f"{len(value):,}"
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def tables(record: dict[str, Any]) -> list[list[list[str]]]:
    """The tables of a record, each a list of rows of texts; the first row is the head."""
    groups = {
        key: value
        for key, value in record.items()
        if isinstance(value, dict) and value and all(isinstance(row, dict) for row in value.values())
    }
    single = [
        [label(key), cell(value)]
        for key, value in record.items()
        if key not in groups and not isinstance(value, dict)
    ]
    found = [[["", ""], *single]] if single else []
    for key, rows in groups.items():
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        body = [[label(name), *(cell(row.get(column)) for column in columns)] for name, row in rows.items()]
        found.append([[label(key), *map(label, columns)], *body])
    return found


def label(key: str) -> str:
    """A key as words."""
    return key.replace("_", " ")


class TrustRecord(SphinxDirective):
    """The content is shown in place of the record where there is none."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        path = (Path(self.env.srcdir) / self.config.results_root / "trust" / self.arguments[0]).resolve()
        self.env.note_dependency(str(path))
        if not path.is_file():
            return self.parse_content_to_nodes()
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(record, dict):
                raise ValueError("not a group of values")
        except (OSError, ValueError) as error:
            message = f"trust-record: results/trust/{path.name}: cannot be read ({error})"
            return [self.state.document.reporter.warning(message, line=self.lineno)]
        return [self.table(rows) for rows in tables(record)]

    def table(self, rows: list[list[str]]) -> nodes.table:
        group = nodes.tgroup(cols=len(rows[0]))
        group += [nodes.colspec(colwidth=1) for _ in rows[0]]
        head, body = nodes.thead(), nodes.tbody()
        for index, texts in enumerate(rows):
            row = nodes.row()
            for text in texts:
                row += nodes.entry("", nodes.paragraph(text=text))
            (body if index else head).append(row)
        if any(rows[0]):
            group += head
        group += body
        return nodes.table("", group, classes=["results-table"])


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive; `results_root` is that of the extension `results`."""
    app.add_directive("trust-record", TrustRecord)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
