"""Arrows point one way: what a module may import of the package."""

import ast
from pathlib import Path

import pytest

import abstract_beauty

ROOT = Path(abstract_beauty.__file__).parent
# Lowest first. A module imports only from layers below its own, or from its own where that is a folder.
LAYERS = [
    {"errors"},
    {"files", "machine", "optimizers", "sections"},
    {"checkpoints", "project", "params", "full_prediction", "statistics", "correlation", "images"},
    {"predictors", "improvers", "predictability", "baselines", "plots", "data"},
    {"losses", "scorers", "weights", "training", "scores", "export"},
    {"experiments", "bench", "preferences", "run_card"},
    {"commands"},
    {"cli"},
    {"pipeline"},
]
SAME_LAYER = {("params", "project"), ("predictors", "baselines")}


def parts(path):
    return path.relative_to(ROOT).with_suffix("").parts


def imported(path):
    """The package's modules that a file imports, each as its first part."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("abstract_beauty"):
            rest = node.module.split(".")[1:]
            yield from [rest[0]] if rest else [alias.name for alias in node.names]
        if isinstance(node, ast.Import):
            yield from [a.name.split(".")[1] for a in node.names if a.name.startswith("abstract_beauty.")]


def layer(name):
    return next((index for index, names in enumerate(LAYERS) if name in names), None)


MODULES = [path for path in sorted(ROOT.rglob("*.py")) if parts(path) not in {("__init__",), ("__main__",)}]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(parts(path)))
def test_imports_point_down(path):
    own = parts(path)[0]
    assert layer(own) is not None, f"{own} has no layer yet: decide where it belongs"
    for name in imported(path):
        if name == own or (own, name) in SAME_LAYER:
            continue
        assert layer(name) is not None, f"{own} imports {name}"
        assert layer(name) < layer(own), f"{own} imports {name}, which is not below it"


@pytest.mark.parametrize(
    "name", ["full_prediction", "predictability", "predictors", "improvers", "losses", "statistics"]
)
def test_the_mathematics_knows_no_disks_and_no_parameters(name):
    files = [ROOT / f"{name}.py"] if (ROOT / f"{name}.py").is_file() else sorted((ROOT / name).glob("*.py"))
    text = "".join(path.read_text() for path in files)
    for word in ("pathlib", "open(", "params", "project", "json", "os."):
        assert word not in text.replace("parameters", ""), f"{name} mentions {word}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(parts(path)))
def test_files_stay_readable(path):
    assert len(path.read_text().splitlines()) <= 320


def test_nothing_is_unpickled():
    for path in MODULES:
        text = path.read_text()
        assert "import pickle" not in text
        assert "torch.load" not in text
        assert "allow_pickle" not in text
