"""What depends on the processor: the switches that make all alike are those of every stage, and are obeyed."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sources

from abstract_beauty.params import load_params, read_yaml, with_profile
from abstract_beauty.training.fit import computes_in_bfloat16, precision_of
from abstract_beauty.training.machine import COMMON, machine, processor

ROOT = Path(__file__).resolve().parents[2]


def test_stages_have_the_switches_and_swift_has_none():
    default = read_yaml(ROOT / "params.yaml")
    runs = {
        name: with_profile(default, read_yaml(ROOT / "profiles" / f"{name}.yaml"))["run"]
        for name in ("smoke", "swift")
    }
    assert runs == {"smoke": default["run"], "swift": 'env PYTHONPATH="$PWD/src" python -m abstract_beauty'}
    found = sources.common(ROOT)
    assert found["MKL_CBWR"] == "COMPATIBLE" and "PYTHONPATH" not in found
    assert all(" " not in value for value in found.values())


def test_a_processor_that_computes_as_all_says_so_and_leaves_bfloat16(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    for name in ("MKL_CBWR", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    assert computes_in_bfloat16("cpu") and machine("cpu")["instructions"] != COMMON
    for name, value in sources.common(ROOT).items():
        monkeypatch.setenv(name, value)
    assert not computes_in_bfloat16("cpu") and machine("cpu")["instructions"] == COMMON
    assert precision_of(replace(load_params(ROOT / "params.yaml").training, accelerator="cpu")) == "32-true"


@pytest.mark.slow
def test_the_makers_name_matters_and_under_the_common_switches_does_not(tmp_path):
    maker = sources.other_maker(tmp_path)
    if not maker:
        pytest.skip("no C compiler")

    alike = sources.common(ROOT)
    assert sources.different(sources.asked("bytes", alike), sources.asked("bytes", alike | maker)) == ""
    if "Intel" not in processor():  # what MKL does on Intel's when told that it is another's was not seen yet
        assert "products of matrices" in sources.different(
            sources.asked("bytes", {}), sources.asked("bytes", maker)
        )


@pytest.mark.slow
def test_another_maker_has_other_approximations(tmp_path):
    maker = sources.other_maker(tmp_path)
    if not maker:
        pytest.skip("no C compiler")
    program = "import torch; x = torch.linspace(0.1, 3, 1000); print(hash(x.sqrt().numpy().tobytes()))"

    def roots(more):
        environment = {**os.environ, "PYTHONHASHSEED": "0", **sources.common(ROOT), **more}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        ).stdout

    assert roots({}) == roots({}) != roots(maker)


def test_differences_are_named_by_library():
    assert (
        sources.different({"a: b": "1", "a: c": "1", "d: e": "1"}, {"a: b": "2", "a: c": "2", "d: e": "1"})
        == "a: b, c"
    )
    assert sources.different({"a: b": "1"}, {"a: b": "1"}) == ""
