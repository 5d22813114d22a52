"""Arrows point one way: what a module may import of the package, and what a stage's dependencies therefore cover."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import abstract_beauty

ROOT = Path(abstract_beauty.__file__).parent
# Lowest first. A module imports only from layers below its own, or from its own folder.
LAYERS = [
    {"errors", "registry"},
    {"checks"},
    {"files", "fields", "prediction"},
    {"predictors", "losses"},
    {"improvers"},
    {"sections"},
    {"params"},
    {"project"},
    {"data", "weights"},
    {"measures"},
    {"scores"},
    {"training"},
    {"moving", "parallel"},
    {"book"},
    {"experiments"},
    {"chapter", "interactive", "public"},
    {"commands"},
    {"cli"},
]
MODULES = [path for path in sorted(ROOT.rglob("*.py")) if path.parent != ROOT or path.stem[0] != "_"]


def parts(path):
    return path.relative_to(ROOT).with_suffix("").parts


def imported(path):
    """The package's modules that a file imports, each as its parts."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("abstract_beauty"):
            rest = node.module.split(".")[1:]
            yield from [tuple(rest)] if rest else [(alias.name,) for alias in node.names]
        if isinstance(node, ast.Import):
            yield from [
                tuple(a.name.split(".")[1:]) for a in node.names if a.name.startswith("abstract_beauty.")
            ]


def layer(name):
    return next((index for index, names in enumerate(LAYERS) if name in names), None)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(parts(path)))
def test_imports_point_down(path):
    own = parts(path)[0]
    assert layer(own) is not None, f"{own} has no layer yet: decide where it belongs"
    for name, *_ in imported(path):
        if name == own or (own, name) == ("params", "project"):
            continue
        assert layer(name) is not None, f"{own} imports {name}"
        assert layer(name) < layer(own), f"{own} imports {name}, which is not below it"


ONE_FILE_EACH = [
    path for kind in ("losses", "improvers", "predictors") for path in (ROOT / kind).glob("[!_]*.py")
]


@pytest.mark.parametrize("path", ONE_FILE_EACH, ids=lambda path: ".".join(parts(path)))
def test_a_loss_or_network_uses_no_other(path):
    """The stage that trains it depends on its own file, on what its folder shares, and on prediction: on no sibling.

    An improver's depends on all predictors.
    """
    below = {"prediction", "checks", "errors", "fields"} | (
        {"predictors"} if parts(path)[0] == "improvers" else set()
    )
    for name, *rest in imported(path):
        shared = name == parts(path)[0] and rest and rest[0].startswith("_")
        assert shared or name in below, f"{path.stem} imports {name}.{'.'.join(rest)}"


@pytest.mark.parametrize("folder", ["prediction", "predictors", "improvers", "losses", "measures"])
def test_the_mathematics_knows_no_disks_and_no_parameters(folder):
    for path in (ROOT / folder).glob("*.py"):
        tree = ast.parse(path.read_text())
        modules = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        for name in (
            "os",
            "pathlib",
            "json",
            *(f"abstract_beauty.{own}" for own in ("files", "params", "project")),
        ):
            assert name not in modules, f"{path} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(parts(path)))
def test_files_stay_readable(path):
    assert len(path.read_text().splitlines()) <= 310


def test_no_name_is_undefined():
    """Shapes in signatures pass for names, so the linter has this rule off: what else it finds is a bug."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "F821",
        "--output-format",
        "concise",
        ROOT,
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    names = set(re.findall(r"Undefined name `(\w+)`", found))
    assert names <= {"b", "n", "length", "rings"}, found
