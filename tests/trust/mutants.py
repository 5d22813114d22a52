"""Do the tests notice a mistake in the mathematics?

    python tests/trust/mutants.py [MODULE ...] [--most N] [--out results/trust/mutants.json]

One small mistake after another is made in a module: a sign, a constant, a clamp left out, two arguments swapped. Each
mutant is run against the module's tests; one that no test fails for has survived, and is printed with its line. What
cannot be told from the original is not run (see `equivalent`); exit status 1 says that a mutant survived. A mutant is
run in a fork of a process that has imported torch already, so it takes a second or two.
"""

import argparse
import ast
import contextlib
import copy
import importlib
import itertools
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# Of each module: its files in the package, and the tests that must notice a mistake in them.
MODULES = {
    "losses": (
        "losses/*.py",
        [f"tests/test_{name}.py" for name in ("losses", "contrast", "moving_loss", "predictability")],
    ),
    "predictability": (
        "prediction/predictability.py", ["tests/test_predictability.py", "tests/test_losses.py"],
    ),
    "full_prediction": (
        "prediction/full_prediction.py", ["tests/test_grid.py", "tests/test_full_prediction.py"],
    ),
}  # fmt: skip
LEFT_OUT = ("__init__.py", "_scorers.py")  # no mathematics; networks that are fetched
HEAVY = "torch numpy scipy.stats pandas PIL.Image pydantic cv2 pytest hypothesis jaxtyping beartype safetensors.torch"
LIMIT = 120  # seconds of the processor, after which a mutant is one that hangs
_STAMPS = itertools.count(10**9, 10)

EVEN = ("mae", "predictability", "error_map", "error_left")  # |a - b| = |b - a|, and so are the slopes
# How many tiles are predicted together bounds the memory, and changes no number.
MEMORY = re.compile(r"at_once = tiles_at_once or \{'one_pass': \d+, 'batched': \d+, 'loop': \d+\}\[method\]")
TIMES_NOTHING = ("if k_coarse:", "if True:")  # what is left out there is multiplied by 0

SWAPPED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
RENAMED = {"mean": "sum", "min": "max", "max": "min"}
DROPPED = {"clamp", "abs", "sqrt", "square", "remainder", "repeat"}
# A mistake: what to make of a node, or None where it cannot be made there.
Mistake = Callable[[ast.AST], ast.AST | None]


class Mutant(NamedTuple):
    """A module with one mistake: the line, the statement before and after, and the whole source."""

    line: int
    before: str
    after: str
    source: str


def _operator(node: ast.AST) -> ast.AST | None:
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in SWAPPED:
        node.op = SWAPPED[type(node.op)]()
        return node
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        node.ops[0] = SWAPPED[type(node.ops[0])]()
        return node
    return None


def _no_sign(node: ast.AST) -> ast.AST | None:
    return node.operand if isinstance(node, ast.UnaryOp) else None


def _constant(change: Callable[[float], float]) -> Mistake:
    def mistake(node: ast.AST) -> ast.AST | None:
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        return ast.Constant(change(node.value)) if number and change(node.value) != node.value else None

    return mistake


def _method(node: ast.AST) -> ast.AST | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    if node.func.attr in DROPPED:
        return node.func.value
    if node.func.attr in RENAMED:
        node.func.attr = RENAMED[node.func.attr]
        return node
    return None


def _bound(node: ast.AST) -> ast.AST | None:
    """clamp(min=...) to clamp(max=...) and back, max(...) to min(...)."""
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        node.func.id = RENAMED[node.func.id]
        return node
    for word in node.keywords:
        if word.arg in ("min", "max"):
            word.arg = RENAMED[word.arg]
            return node
    return None


def _arguments(first: int) -> Mistake:
    def mistake(node: ast.AST) -> ast.AST | None:
        if not isinstance(node, ast.Call) or len(node.args) < first + 2:
            return None
        if isinstance(node.func, ast.Name) and node.func.id in RENAMED:
            return None  # max and min do not mind
        one, other = node.args[first : first + 2]
        if ast.dump(one) == ast.dump(other):
            return None
        node.args[first : first + 2] = [other, one]
        return node

    return mistake


def _branches(node: ast.AST) -> ast.AST | None:
    if not isinstance(node, ast.IfExp):
        return None
    node.body, node.orelse = node.orelse, node.body
    return node


def _negated(node: ast.AST) -> ast.AST | None:
    if not isinstance(node, ast.Return) or node.value is None or isinstance(node.value, ast.Tuple):
        return None
    node.value = ast.UnaryOp(ast.USub(), node.value)
    return node


def _removed(node: ast.AST) -> ast.AST | None:
    """A statement whose loss leaves a module that still runs."""
    subscript = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    return ast.Pass() if subscript or isinstance(node, (ast.AugAssign, ast.Raise, ast.Continue)) else None


def _condition(value: bool) -> Mistake:
    def mistake(node: ast.AST) -> ast.AST | None:
        if not isinstance(node, (ast.If, ast.IfExp)):
            return None
        node.test = ast.Constant(value)
        return node

    return mistake


MISTAKES: list[Mistake] = [
    _operator, _no_sign, _constant(lambda x: x + 1), _constant(lambda x: x * 2), _constant(lambda x: 0 * x),
    _method, _bound, _arguments(0), _arguments(1), _branches, _negated, _removed, _condition(True), _condition(False),
]  # fmt: skip


class _At(ast.NodeTransformer):
    """Makes one mistake at the node with one number, in the order of `_in_order`."""

    def __init__(self, number: int, mistake: Mistake):
        self.number, self.mistake, self.seen = number, mistake, -1

    def visit(self, node: ast.AST) -> ast.AST:
        self.seen += 1
        if self.seen != self.number:
            return self.generic_visit(node)
        return ast.copy_location(self.mistake(copy.deepcopy(node)), node)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def mutants(source: str) -> Iterator[Mutant]:
    """Every module that differs from `source` by one mistake, in order; annotations and messages are no mathematics."""
    tree = ast.parse(source)
    passed_over = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    passed_over += [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    passed_over += [node.annotation for node in ast.walk(tree) if isinstance(node, (ast.arg, ast.AnnAssign))]
    skipped = {id(inside) for node in passed_over if node for inside in ast.walk(node)}
    known = {ast.unparse(tree)}
    before = ast.unparse(tree).splitlines()
    for number, node in enumerate(_in_order(tree)):
        for mistake in MISTAKES:
            if id(node) in skipped or mistake(copy.deepcopy(node)) is None:
                continue
            changed = _At(number, mistake).visit(copy.deepcopy(tree))
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text in known:
                continue
            known.add(text)
            differ = next(pair for pair in zip(before, text.splitlines(), strict=False) if pair[0] != pair[1])
            yield Mutant(node.lineno, differ[0].strip(), differ[1].strip(), text)


def equivalent(mutant: Mutant) -> bool:
    """Whether no test could tell a mutant from the original."""
    if MEMORY.fullmatch(mutant.after) or (mutant.before, mutant.after) == TIMES_NOTHING:
        return True
    return _ordered(mutant.before) == _ordered(mutant.after)


def _ordered(line: str) -> str:
    """A statement with the arguments of functions that do not mind their order brought into one order."""
    try:
        tree = ast.parse(line)
    except SyntaxError:  # the head of a block
        return line
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EVEN:
            node.args.sort(key=ast.dump)
    return ast.unparse(tree)


def survives(path: Path, source: str, tests: list[str]) -> bool:
    """Whether all `tests` pass with `source` in the place of a file of a copy of the package."""
    kept = path.read_text()
    path.write_text(source)
    # Or the compiled form of another mutant, of the same second and size, would be taken for it.
    os.utime(path, (next(_STAMPS),) * 2)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 3
        with contextlib.suppress(BaseException):
            resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            import pytest

            options = ["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:randomly"]
            status = int(pytest.main([*options, *tests]))
        os._exit(status)
    _, ended = os.waitpid(child, 0)
    path.write_text(kept)
    os.utime(path, (next(_STAMPS),) * 2)
    return ended == 0


def run(module: str, package: Path, most: int) -> dict[str, int]:
    """Run the mutants of a module in a copy of the package; how many were caught, survived, make no difference."""
    pattern, tests = MODULES[module]
    files = [path for path in sorted(package.glob(pattern)) if path.name not in LEFT_OUT]
    if not survives(files[0], files[0].read_text(), tests):
        raise SystemExit(f"{module}: its tests fail without any mistake")
    made = [(path, mutant) for path in files for mutant in mutants(path.read_text())]
    chosen = sorted(random.Random(0).sample(made, min(most, len(made))))
    counts = {"mutants": len(chosen), "caught": 0, "equivalent": 0, "survived": 0}
    for path, mutant in chosen:
        if equivalent(mutant):
            counts["equivalent"] += 1
        elif survives(path, mutant.source, tests):
            counts["survived"] += 1
            where = f"{path.relative_to(package)}:{mutant.line}"
            print(f"survived: {where}: {mutant.before}  ->  {mutant.after}", flush=True)
        else:
            counts["caught"] += 1
    print(f"{module}: {len(made)} mutants, {counts}", flush=True)
    return counts


def main() -> int:
    """Run the mutants of some modules; 0 when none survives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "modules", nargs="*", default=list(MODULES), metavar="MODULE", help=", ".join(MODULES)
    )
    parser.add_argument(
        "--most", type=int, default=10**6, metavar="N", help="of each module, chosen by a seed"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the counts into FILE")
    options = parser.parse_args()
    out = options.out and options.out.resolve()
    os.chdir(ROOT)
    for name in HEAVY.split():
        importlib.import_module(name)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        package = Path(temporary) / "src" / "abstract_beauty"
        shutil.copytree(
            ROOT / "src" / "abstract_beauty", package, ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in ("params.yaml", "dvc.yaml"):  # a project whose code the copy is
            shutil.copyfile(ROOT / name, Path(temporary) / name)
        os.environ["ABSTRACT_BEAUTY_ROOT"] = temporary
        sys.path.insert(0, str(package.parent))
        counts = {module: run(module, package, options.most) for module in options.modules}
    from records import keep  # here, as no mutant may find the package loaded

    keep(out, began, modules=counts)
    return int(any(row["survived"] for row in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
