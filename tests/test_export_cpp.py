"""The example in C++ that `abstract-beauty export` writes is built, and its number is Python's.

It needs cmake, a C++ compiler and ONNX Runtime's headers: from the system, or below the folder ONNXRUNTIME_ROOT. The
library beside the headers is taken, or else the one in the Python package, which may be newer than the headers.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

import abstract_beauty as ab
from abstract_beauty.cli import main

pytestmark = pytest.mark.slow
HEADER = "onnxruntime_cxx_api.h"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """A folder with include/ and lib/ of ONNX Runtime; skips where there is no compiler or no headers."""
    for tool in ("cmake", "c++"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} on this machine")
    roots = [Path(root) for root in (os.environ.get("ONNXRUNTIME_ROOT"), "/usr/local", "/usr") if root]
    headers = [found.parent for root in roots for found in sorted((root / "include").rglob(HEADER))]
    if not headers:
        pytest.skip(f"no {HEADER} on this machine; set ONNXRUNTIME_ROOT to a release of ONNX Runtime")
    shipped = (Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*")
    beside = [path for above in headers[0].parents for path in (above / "lib").glob("libonnxruntime.so*")]
    libraries = [*beside, *sorted(shipped)]
    if not libraries:
        pytest.skip("no shared library of ONNX Runtime, neither beside its headers nor in its Python package")
    root = tmp_path_factory.mktemp("onnxruntime")
    (root / "include").symlink_to(headers[0])
    (root / "lib").mkdir()
    for name in ("libonnxruntime.so", "libonnxruntime.so.1"):
        (root / "lib" / name).symlink_to(libraries[0].resolve())
    return root


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An export of the linear fill and of the good predictor, with the example."""
    out = tmp_path_factory.mktemp("export")
    assert main(["export", "--out", str(out), "--only", "predictors/linear", "predictors/good"]) == 0
    return out


@pytest.fixture(scope="module")
def program(runtime, exported):
    build = exported / "build"
    for command in (
        ["cmake", "-S", exported / "cpp", "-B", build, f"-DONNXRUNTIME_ROOT={runtime}"],
        ["cmake", "--build", build],
    ):
        made = subprocess.run(command, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    return build / "score"


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("size", [(75, 110), (64, 96), (32, 33)])
@pytest.mark.parametrize("name", ["linear", "good"])
def test_its_number_is_python_s(program, exported, tmp_path, name, size):
    values = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    values[: size[0] // 2] //= 4
    Image.fromarray(values).save(tmp_path / "picture.ppm")
    said = run(program, exported / f"predictors-{name}.onnx", tmp_path / "picture.ppm")
    assert said.returncode == 0, said.stderr
    y = torch.from_numpy(values).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        z = ab.full_prediction(ab.load_predictor(f"reference/{name}"), y)
    assert float(said.stdout) == pytest.approx(ab.predictability(y, z).item(), abs=1e-4)


def test_a_header_with_comments_and_sixteen_bits_are_read(program, exported, tmp_path):
    values = np.random.default_rng(1).integers(0, 256, (40, 50, 3))
    (tmp_path / "plain.ppm").write_bytes(b"P6 50 40 255\n" + values.astype(np.uint8).tobytes())
    deep = (257 * values).astype(">u2").tobytes()
    (tmp_path / "deep.ppm").write_bytes(b"P6\n# made by hand\n50 # wide\n40\n65535\n" + deep)
    network = exported / "predictors-linear.onnx"
    plain, deep = (run(program, network, tmp_path / f"{name}.ppm").stdout for name in ("plain", "deep"))
    assert plain and plain == deep


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"P5 40 40 255\n" + bytes(1600), "not a binary PPM"),
        (b"P6 40 forty 255\n", "no valid size"),
        (b"P6 40 40 255\n" + bytes(100), "cut short"),
        (b"P6 60000 60000 65535\n" + bytes(100), "cut short"),
        (b"P6 31 40 255\n" + bytes(31 * 40 * 3), "at least 32"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(program, exported, tmp_path, content, word):
    (tmp_path / "bad.ppm").write_bytes(content)
    said = run(program, exported / "predictors-linear.onnx", tmp_path / "bad.ppm")
    assert said.returncode == 2 and said.stdout == ""
    assert word in said.stderr and "bad.ppm" in said.stderr and said.stderr.count("\n") == 1


def test_a_missing_network_is_named(program, tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "picture.ppm")
    said = run(program, tmp_path / "none.onnx", tmp_path / "picture.ppm")
    assert said.returncode == 2 and "none.onnx" in said.stderr
