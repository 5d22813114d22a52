"""Numbers and tables in the book, read from results/ when it is built, so that none of them is typed.

In a sentence, the role `result` looks a number up and formats it with a Python format:

    {result}`predictors/good.json:test.mae:.4f`
    {result}`predictors/good.json:test.mae / fills.json:telea.mae:.2f`
    {result}`predictors/good.json:test.mae / fills.json:telea.mae - 1:+.0%`
    {result}`improvers/deeper.json:best_filter.error_judge:.4f | no filter does`

An operand is `FILE:KEY` or a plain number. The operators are + - * / with a space on either side, applied
from left to right. The format comes last; ` | TEXT` after it is what to say where the value is null. A key is
dotted (`sweep.0.55.mae`: a part may itself hold dots, the longest match wins; a whole number picks from a list).

`{results-table}` makes a table of a dict of rows, or of the files of all predictors or improvers; `{when-results}` and
`{without-results}` show their content only if a file is there, or is not. A missing file, a missing key, a null or a
format that does not fit is a warning at that line of the page, an error under `-W`.
"""

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

from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json
from abstract_beauty.params import load_params

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
LITERAL = re.compile(r"\d+(\.\d+)?")
LONGEST = 24  # characters of a result that stays on one line


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
        raise UserError(f"{path.strip()!r}: expected FILE.json:KEY")
    try:
        return lookup(read_json(root / name), key), name
    except KeyError:
        raise UserError(f"{root.name}/{name}: no key {key!r}") from None


def shown(value: object, spec: str, where: str) -> str:
    """`value` formatted, with a real minus sign; UserError if it is no number or not of the format's kind."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise UserError(f"{where}: the value is {value}, not a number")
    if isinstance(value, (dict, list)):
        raise UserError(f"{where}: a group of values, not one; name a key inside it")
    try:
        text = format(value, spec)
    except ValueError as error:
        raise UserError(f"{where}: {value!r} does not take the format {spec!r} ({error})") from None
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
            raise UserError(f"{expression}: cannot calculate with {total!r} {sign} {value!r}")
        if sign == "/" and value == 0:
            raise UserError(f"{expression}: division by zero")
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
        except UserError as error:
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
    """A table of a dict whose values are the rows.

    Argument: `FILE:KEY` of the dict; none with `params`: `predictors` or `improvers`, a row for each of that section of
    params.yaml, from SECTION/NAME.json. There and in a dict the section gives order and titles.
    Options: `columns` as `Heading = key : format; ...`; `rows` as `key = Label; ...` (which rows, in which order;
    all if left out); `first` heading of the first column; `sort` a column's key; `blank` shows a dash for a null.
    The content is the caption.
    """

    optional_arguments = 1
    has_content = True
    option_spec: ClassVar = {
        "columns": columns,
        "rows": labels,
        "params": lambda option: directives.choice(option, ("predictors", "improvers")),
        "first": directives.unchanged,
        "sort": directives.unchanged,
        "blank": directives.flag,
        "name": directives.unchanged,
    }

    def rows(self) -> list[tuple[str, dict]]:
        """[(label, row)]."""
        section, titles = self.options.get("params"), {}
        if section:
            path = self.root.parent / "params.yaml"
            self.env.note_dependency(str(path))
            titles = load_params(path).titles(section)
        if self.arguments:
            table, name = fetch(self.root, self.arguments[0])
            if not isinstance(table, dict):
                raise UserError(f"{name}: not a group of rows")
            self.note({name})
        else:
            table = {name: fetch(self.root, f"{section}/{name}.json")[0] for name in titles}
            self.note({f"{section}/{name}.json" for name in titles})
        named = {key: titles.get(key, key.replace("_", " ")) for key in (*titles, *table) if key in table}
        wanted = self.options.get("rows") or named
        if missing := [key for key in wanted if key not in table]:
            raise UserError(f"{self.arguments[0]}: no row {missing[0]!r}; there are {', '.join(table)}")
        found = [(label, table[key]) for key, label in wanted.items()]
        if key := self.options.get("sort"):
            found.sort(key=lambda row: lookup(row[1], key))
        return found

    def cell(self, row: object, key: str, spec: str, where: str) -> str:
        try:
            value = lookup(row, key)
        except KeyError:
            raise UserError(f"{where}: no key {key!r}") from None
        if value is None and "blank" in self.options:
            return "–"
        return shown(value, spec, f"{where}.{key}")

    def run(self) -> list[nodes.Node]:
        heads = self.options.get("columns")
        if not heads or not (self.arguments or "params" in self.options):
            raise self.error(
                "results-table: give the columns, as `Heading = key : format; ...`, and a file or params"
            )
        try:
            body = [
                [label, *(self.cell(row, key, spec, label) for _, key, spec in heads)]
                for label, row in self.rows()
            ]
        except (UserError, KeyError) as error:
            raise self.warning(f"results-table: {error}") from error
        head = [self.options.get("first", ""), *(heading for heading, _, _ in heads)]
        rule = [
            "---:" if index and are_numbers(cells) else "---"
            for index, cells in enumerate(zip(*body, strict=True))
        ]
        escaped = ([cell.replace("|", r"\|") for cell in line] for line in (head, rule, *body))
        text = "\n".join(f"| {' | '.join(line)} |" for line in escaped)
        (table,) = self.parse_text_to_nodes(text)
        table["classes"].append("results-table")
        if self.content:
            caption, messages = self.parse_inline(" ".join(self.content), lineno=self.lineno)
            table.insert(0, nodes.title("", "", *caption, *messages))
        self.set_source_info(table)
        self.add_name(table)
        return [table]


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
