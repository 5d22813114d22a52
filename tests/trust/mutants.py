"""Do the tests notice a mistake in the mathematics? `python tests/mutants.py [MODULE ...] [--most N] [--out FILE]`

One small mistake after another is made in a module: a sign, a constant, a clamp left out, two arguments swapped. Each
mutant is run against the module's tests; one that no test fails for has survived, and is printed with its line. What
survives and cannot be told from the original is listed in EQUIVALENT with the reason; exit status 1 says that there
is another. A mutant is run in a fork of a process that has imported torch already, so it takes a second or two.
"""

import argparse
import ast
import contextlib
import copy
import importlib
import itertools
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TESTS = {
    "losses": ["tests/test_losses.py", "tests/test_predictability.py"],
    "predictability": ["tests/test_predictability.py"],
    "full_prediction": ["tests/test_grid.py", "tests/test_full_prediction.py"],
}
HEAVY = "torch numpy scipy.stats pandas PIL.Image pydantic cv2 pytest hypothesis jaxtyping beartype safetensors.torch"
LIMIT = 120  # seconds of the processor, after which a mutant is one that hangs

_STAMPS = itertools.count(10**9, 10)

# (module, line of the mutant): why no test can tell it from the original.
_EVEN = "|a - b| = |b - a|, and so are the slopes"
EQUIVALENT: dict[tuple[str, str], str] = {
    ("losses", "return k1 * mae(x, y) + k2 * mae(z, y)"): _EVEN,
    ("losses", "return k1 * mae(y, x) + k2 * mae(y, z)"): _EVEN,
    ("losses", "return k1 * mae(low_pass(x), low_pass(y)) + k2 * mae(z, y)"): _EVEN,
    ("losses", "return k1 * mae(low_pass(y), low_pass(x)) + k2 * mae(y, z)"): _EVEN,
    ("losses", "return k1 * mae(y, x) + k2 * (predictability(y, z) - wanted).abs().mean()"): _EVEN,
    ("losses", "return k1 * mae(y, x) + k2 * ratio_progress(y, z_bad, z) + k3 * contrast_lost(x, y)"): _EVEN,
    ("losses", "return k1 * mae(y, x) - k2 * score(y).mean()"): _EVEN,
    (
        "predictability",
        "return torch.stack([predictability(full_prediction(f, y, phase), y) for phase in phases]).mean(dim=0)",
    ): _EVEN,
    ("losses", "wanted = share * predictability(z_x, x)"): _EVEN,
    ("predictability", "bad = predictability(z_bad, y).clamp(min=SMALLEST_ERROR)"): _EVEN,
    ("predictability", "good = predictability(z_good, y).clamp(min=SMALLEST_ERROR)"): _EVEN,
    ("losses", "return k1 * mae(x, y) + k2 * (predictability(z, y) - wanted).abs().mean()"): _EVEN,
}
# How many tiles are predicted together bounds the memory, and changes no number.
EQUIVALENT |= {
    (
        "full_prediction",
        f"at_once = tiles_at_once or {{'one_pass': {one}, 'batched': {batched}, 'loop': {loop}}}[method]",
    ): "a bound of memory"
    for one, batched, loop in [
        (2049, 512, 1), (4096, 512, 1), (0, 512, 1), (2048, 513, 1), (2048, 1024, 1), (2048, 0, 1), (2048, 512, 2),
        (2048, 512, 0),
    ]
}  # fmt: skip

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
    """Every module that differs from `source` by one mistake, in order."""
    tree = ast.parse(source)
    for node in ast.walk(tree):  # annotations are no mathematics
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for one in (*node.args.args, *node.args.kwonlyargs):
                one.annotation = None
    known = {ast.unparse(tree)}
    messages = {
        id(one) for node in ast.walk(tree) if isinstance(node, ast.Raise) for one in ast.walk(node.exc)
    }
    for number, node in enumerate(_in_order(tree)):
        if id(node) in messages:
            continue
        for mistake in MISTAKES:
            if mistake(copy.deepcopy(node)) is None:
                continue
            changed = _At(number, mistake).visit(copy.deepcopy(tree))
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text in known:
                continue
            known.add(text)
            before, after = ast.unparse(tree).splitlines(), text.splitlines()
            differ = next(pair for pair in zip(before, after, strict=False) if pair[0] != pair[1])
            yield Mutant(node.lineno, differ[0].strip(), differ[1].strip(), _with_annotations(source, text))


def _with_annotations(source: str, text: str) -> str:
    """A mutant's source with the annotations of the original, which are checked when the tests run."""
    annotated, plain = ast.parse(source), ast.parse(text)
    functions = [
        [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)] for tree in (annotated, plain)
    ]
    for original, mutant in zip(*functions, strict=True):
        mutant.returns = original.returns
        pairs = zip(
            (*original.args.args, *original.args.kwonlyargs),
            (*mutant.args.args, *mutant.args.kwonlyargs),
            strict=True,
        )
        for old, new in pairs:
            new.annotation = old.annotation
    return ast.unparse(plain)


def survives(package: Path, module: str, source: str, tests: list[str]) -> bool:
    """Whether all `tests` pass with `source` in the place of a module of a copy of the package."""
    path = package / f"{module}.py"
    kept = path.read_text()
    path.write_text(source)
    stamp = next(
        _STAMPS
    )  # or the compiled form of another mutant, of the same second and size, would be taken for it
    os.utime(path, (stamp, stamp))
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


def main() -> int:
    """Run the mutants of some modules; 0 when none survives but those known to be equivalent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", default=list(TESTS), metavar="MODULE")
    parser.add_argument("--most", type=int, default=10**6, help="of each module, chosen by a seed")
    parser.add_argument("--line", type=int, nargs="+", metavar="N", help="only those of these lines")
    parser.add_argument("--list", action="store_true", help="only print them")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the counts into FILE")
    options = parser.parse_args()
    out = options.out and options.out.resolve()
    os.chdir(ROOT)
    for name in HEAVY.split():
        importlib.import_module(name)
    left, counts, began = 0, {}, time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        package = Path(temporary) / "abstract_beauty"
        shutil.copytree(
            ROOT / "src" / "abstract_beauty", package, ignore=shutil.ignore_patterns("__pycache__")
        )
        sys.path.insert(0, temporary)
        for module in options.modules:
            tests = [test for test in TESTS[module] if Path(test).is_file()]
            made = list(mutants((package / f"{module}.py").read_text()))
            made = [one for one in made if not options.line or one.line in options.line]
            chosen = sorted(random.Random(0).sample(made, min(options.most, len(made))))
            if options.list:
                print(*(f"{module}:{one.line}: {one.before}  ->  {one.after}" for one in chosen), sep="\n")
                continue
            if not survives(package, module, (package / f"{module}.py").read_text(), tests):
                raise SystemExit(f"{module}: its tests fail without any mistake")
            killed = known = 0
            for one in chosen:
                if (module, one.after) in EQUIVALENT:
                    known += 1
                elif survives(package, module, one.source, tests):
                    left += 1
                    print(f"survived: {module}:{one.line}: {one.before}  ->  {one.after}", flush=True)
                else:
                    killed += 1
            survived = len(chosen) - killed - known
            print(
                f"{module}: {len(made)} mutants, {len(chosen)} run: {killed} killed, {known} equivalent, ",
                end="",
            )
            print(f"{survived} survived", flush=True)
            counts[module] = {
                "mutants": len(chosen), "caught": killed, "equivalent": known, "survived": survived
            }  # fmt: skip
    if out:  # imported here, where no mutant's package is in the way
        from abstract_beauty.book.run_card import today
        from abstract_beauty.files import write_json

        write_json(out, {"date": today(), "seconds": round(time.monotonic() - began), "modules": counts})
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
