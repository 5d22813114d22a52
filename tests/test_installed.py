"""The package as it is installed, in a folder that knows nothing of the repository."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from abstract_beauty.data.embedded import photographs

ROOT = Path(__file__).resolve().parents[1]
USED = """
import sys
from pathlib import Path

import abstract_beauty as ab
from abstract_beauty.cli import main

assert Path(ab.__file__).is_relative_to(sys.argv[1]), ab.__file__
for name in ("", "/good", "/bad", "/linear", "/judge", "/article"):
    ab.load_predictor(f"reference{name}")
for name in ("mover", "smoothing"):
    ab.load_improver(f"reference/{name}")
assert 0 < ab.score("0.png").predictability < 0.3
for command in (
    "score 0.png --csv scores.csv", "improve 0.png --out better.png", "ratings . --json",
    "improve 0.png --out moved.png --improver mover", "blind 0.png --out which.html",
    "export --out nets --only predictors/linear",
):
    assert main(command.split()) == 0, command
for written in ("scores.csv", "better.png", "moved.png", "which.html", "nets/predictors-linear.onnx"):
    assert Path(written).is_file(), written

weights = Path(ab.__file__).parent / "models" / "reference" / "predictors" / "good.safetensors"
weights.write_bytes(weights.read_bytes()[:-1] + b"0")
assert main(["score", "0.png"]) == 2
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What pip would put into an environment: the wheel of the source archive of this tree."""
    folder = tmp_path_factory.mktemp("installed")
    tree = folder / "tree"
    for name in ("src", "models/reference"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    archive = "import setuptools.build_meta as build; build.build_sdist('..')"
    subprocess.run([sys.executable, "-c", archive], cwd=tree, check=True, capture_output=True)
    sdist = next(folder.glob("*.tar.gz"))
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "-q")
    wheel = [sys.executable, "-m", "pip", "wheel", sdist, *offline, "-w", folder]
    subprocess.run(wheel, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_it_works_where_it_is_installed(installed, tmp_path):
    """In a folder where DVC runs a pipeline of somebody's own."""
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).write_text("stages: {}\n")
    pictures = sorted(path for path in photographs().glob("*.png"))[:4]
    for index, path in enumerate(pictures):
        shutil.copy(path, tmp_path / f"{index}.png")
    rows = [f"{index}.png,{rating}" for index, rating in enumerate((3, 1, 4, 2))]
    (tmp_path / "ratings.csv").write_text("\n".join(["image,beauty", *rows]) + "\n")
    environment = {key: value for key, value in os.environ.items() if key != "ABSTRACT_BEAUTY_ROOT"}
    done = subprocess.run(
        [sys.executable, "-c", USED, installed], cwd=tmp_path, capture_output=True, text=True,
        env={**environment, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stderr.splitlines()[-1]
    assert "good.safetensors: is not the file that was published" in last
    assert last.endswith("install abstract-beauty again")
