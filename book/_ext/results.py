"""Numbers and tables in the book, read from results/ when it is built, so that none of them is typed.

In a sentence, the role `result` looks a number up and formats it with a Python format:

    {result}`predictors/good.json:test.mae:.4f`
    {result}`predictors/good.json:test.mae / fills.json:telea.mae:.2f`
    {result}`predictors/good.json:test.mae / fills.json:telea.mae - 1:+.0%`
    {result}`improvers/deeper.json:best_filter.error_judge:.4f | no filter does`

An operand is `FILE:KEY` or a plain number. The operators are + - * / with a space on either side, applied
from left to right. The format comes last; ` | TEXT` after it is what to say where the value is null. A key is
dotted (`sweep.0.55.mae`: a part may itself hold dots, the longest match wins; a whole number picks from a list).

`{results-table}` makes a table of a dict of rows; `{when-results}` and `{without-results}` show their content
only if a file is there, or is not. A missing file, a missing key, a null or a format that does not fit is a
warning at that line of the page, an error under `-W`.
"""

import json
import math
import operator
import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.typing import ExtensionMetadata

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
LITERAL = re.compile(r"\d+(\.\d+)?")
LONGEST = 24  # characters of a result that stays on one line


class ResultError(Exception):
    """A result that cannot be shown; the message names the file and the key."""


def load(root: Path, name: str) -> object:
    """The content of `root/name`, a JSON file."""
    try:
        return json.loads((root / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(f"results/{name}: no such file (run the pipeline: dvc repro)") from None
    except (OSError, ValueError) as error:
        raise ResultError(f"results/{name}: cannot be read as JSON ({error})") from error


def lookup(tree: object, key: str) -> object:
    """The value at a dotted key, all for ""; KeyError if there is none. The longest matching part wins."""
    if not key:
        return tree
    parts = key.split(".")
    if isinstance(tree, list) and re.fullmatch(r"-?\d+", parts[0]):
        index = int(parts[0])
        if -len(tree) <= index < len(tree):
            return lookup(tree[index], ".".join(parts[1:]))
    if isinstance(tree, dict):
        for length in range(len(parts), 0, -1):
            head = ".".join(parts[:length])
            if head in tree:
                try:
                    return lookup(tree[head], ".".join(parts[length:]))
                except KeyError:
                    continue
    raise KeyError(key)


def fetch(root: Path, path: str) -> tuple[object, str]:
    """(value, file name) at `FILE:KEY`."""
    name, _, key = path.strip().partition(":")
    if not name.endswith(".json"):
        raise ResultError(f"{path.strip()!r}: expected FILE.json:KEY")
    try:
        return lookup(load(root, name), key), name
    except KeyError:
        raise ResultError(f"results/{name}: no key {key!r}") from None


def shown(value: object, spec: str, where: str) -> str:
    """`value` formatted, with a real minus sign; ResultError if it is no number or not of the format's kind."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise ResultError(f"{where}: the value is {value}, not a number")
    if isinstance(value, (dict, list)):
        raise ResultError(f"{where}: a group of values, not one; name a key inside it")
    try:
        text = format(value, spec)
    except ValueError as error:
        raise ResultError(f"{where}: {value!r} does not take the format {spec!r} ({error})") from None
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text


def evaluate(root: Path, expression: str) -> tuple[str, set[str]]:
    """(text, files read) of one role: operands and operators, then the format."""
    expression, _, otherwise = (part.strip() for part in expression.partition(" | "))
    tokens = re.split(r"\s+([-+*/])\s+", expression)
    last, _, spec = tokens[-1].rpartition(":")
    if LITERAL.fullmatch(last) or ":" in last:
        tokens[-1] = last
    else:  # no format: what follows the only colon is the key
        spec = ""
    files: set[str] = set()
    values = []
    for token in tokens[0::2]:
        if LITERAL.fullmatch(token):
            values.append(float(token))
            continue
        value, name = fetch(root, token)
        files.add(name)
        values.append(value)
    if otherwise and None in values:
        return otherwise, files
    total = values[0]
    for sign, value in zip(tokens[1::2], values[1:], strict=True):
        if not all(isinstance(number, (int, float)) for number in (total, value)):
            raise ResultError(f"{expression}: cannot calculate with {total!r} {sign} {value!r}")
        if sign == "/" and value == 0:
            raise ResultError(f"{expression}: division by zero")
        total = OPERATORS[sign](total, value)
    return shown(total, spec, expression), files


class Reads:
    """What the role and the directives share: where the results are, and noting what a page depends on."""

    @property
    def root(self) -> Path:
        return (Path(self.env.srcdir) / self.config.results_root).resolve()

    def note(self, files: set[str]) -> None:
        for name in files:
            self.env.note_dependency(str(self.root / name))


class ResultRole(Reads, SphinxRole):
    """{result}`FILE:KEY:FORMAT`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            text, files = evaluate(self.root, self.text)
        except ResultError as error:
            message = self.inliner.reporter.warning(f"result: {error}", line=self.lineno)
            return [nodes.problematic(self.rawtext, f"[{self.text}]")], [message]
        self.note(files)
        # A number is never broken across lines; a sentence must be.
        return [nodes.inline(self.rawtext, text, classes=["result"] if len(text) <= LONGEST else [])], []


def columns(option: str) -> list[tuple[str, str, str]]:
    """[(heading, key, format)] from `Heading = key : format; ...`."""
    found = []
    for entry in filter(None, (part.strip() for part in option.split(";"))):
        heading, equals, rest = entry.partition("=")
        key, _, spec = rest.partition(":")
        if not equals or not key.strip():
            raise ValueError(f"{entry!r}: expected HEADING = key : format")
        found.append((heading.strip(), key.strip(), spec.strip()))
    return found


def are_numbers(cells: Sequence[str]) -> bool:
    """Whether a column is read as numbers: none of its cells has a word of two letters that no digit precedes."""
    return all(cell[:1].isdigit() or not re.search(r"[A-Za-z]{2}", cell) for cell in cells)


def labels(option: str) -> dict[str, str]:
    """{key: label} from `key = Label; key; ...`; a key alone is its own label."""
    pairs = (part.partition("=") for part in option.split(";") if part.strip())
    return {key.strip(): (label.strip() or key.strip()) for key, _, label in pairs}


class ResultsTable(Reads, SphinxDirective):
    """A table of a dict whose values are the rows, or of one row a file.

    Argument: `FILE:KEY` of the dict; or several `FILE` or `FILE:KEY`, a row each, called after its file.
    Options: `columns` as `Heading = key : format; ...`; `rows` as `key = Label; ...` (which rows, in which order;
    all if left out); `first` heading of the first column; `sort` a column's key; `blank` shows a dash for a null.
    The content is the caption.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {
        "columns": columns,
        "rows": labels,
        "first": directives.unchanged,
        "sort": directives.unchanged,
        "blank": directives.flag,
        "name": directives.unchanged,
    }

    def rows(self) -> list[tuple[str, dict]]:
        paths = self.arguments[0].split()
        if len(paths) > 1:
            table = {Path(path.partition(":")[0]).stem: fetch(self.root, path)[0] for path in paths}
        else:
            table, _ = fetch(self.root, paths[0])
            if not isinstance(table, dict):
                raise ResultError(f"{paths[0]}: not a group of rows")
        self.note({path.partition(":")[0] for path in paths})
        wanted = self.options.get("rows") or {key: key.replace("_", " ") for key in table}
        missing = [key for key in wanted if key not in table]
        if missing:
            raise ResultError(f"{self.arguments[0]}: no row {missing[0]!r}; there are {', '.join(table)}")
        found = [(label, table[key]) for key, label in wanted.items()]
        if key := self.options.get("sort"):
            found.sort(key=lambda row: lookup(row[1], key))
        return found

    def cell(self, row: object, key: str, spec: str, where: str) -> str:
        try:
            value = lookup(row, key)
        except KeyError:
            raise ResultError(f"{where}: no key {key!r}") from None
        if value is None and "blank" in self.options:
            return "–"
        return shown(value, spec, f"{where}.{key}")

    def run(self) -> list[nodes.Node]:
        heads = self.options.get("columns")
        if not heads:
            raise self.error("results-table: give the columns, as `Heading = key : format; ...`")
        try:
            body = []
            for label, row in self.rows():
                where = f"{self.arguments[0]} {label}"
                body.append([label, *(self.cell(row, key, spec, where) for _, key, spec in heads)])
        except (ResultError, KeyError) as error:
            raise self.warning(f"results-table: {error}") from error
        return [self.table([self.options.get("first", ""), *(heading for heading, _, _ in heads)], body)]

    def table(self, head: list[str], body: list[list[str]]) -> nodes.table:
        table = nodes.table(classes=["results-table"])
        if self.content:
            caption, messages = self.parse_inline(" ".join(self.content), lineno=self.lineno)
            table += nodes.title("", "", *caption, *messages)
        numeric = [
            index for index, cells in enumerate(zip(*body, strict=True)) if index and are_numbers(cells)
        ]
        group = nodes.tgroup(cols=len(head))
        group += [nodes.colspec(colwidth=1) for _ in head]
        group += nodes.thead("", self.row(head, numeric))
        group += nodes.tbody("", *(self.row(cells, numeric) for cells in body))
        table += group
        self.set_source_info(table)
        self.add_name(table)
        return table

    def row(self, cells: list[str], numeric: list[int]) -> nodes.row:
        row = nodes.row()
        for index, text in enumerate(cells):
            inline, messages = self.parse_inline(text, lineno=self.lineno)
            paragraph = nodes.paragraph("", "", *inline, *messages)
            row += nodes.entry("", paragraph, classes=["number"] if index in numeric else [])
        return row


class WhenResults(Reads, SphinxDirective):
    """Its content, if results/FILE is there."""

    required_arguments = 1
    has_content = True
    wanted = True

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(self.root / self.arguments[0]))
        if (self.root / self.arguments[0]).is_file() is self.wanted:
            return self.parse_content_to_nodes()
        return []


class WithoutResults(WhenResults):
    """Its content, if results/FILE is not there."""

    wanted = False


def setup(app: Sphinx) -> ExtensionMetadata:
    """`results_root` in the configuration is the results folder, relative to the book's."""
    app.add_config_value("results_root", "../results", "env", str)
    app.add_role("result", ResultRole())
    app.add_directive("results-table", ResultsTable)
    app.add_directive("when-results", WhenResults)
    app.add_directive("without-results", WithoutResults)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
