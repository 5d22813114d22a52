"""A second run against a first: the comparison, its table, and what is recorded."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from abstract_beauty.commands import repro
from abstract_beauty.errors import UserError
from abstract_beauty.pipeline import verify
from abstract_beauty.pipeline.compare import ELSEWHERE, KINDS, Verdict, compare, files
from abstract_beauty.project import Project

METRICS = {"test": {"mae": 0.0612345, "pictures": 20}, "network": "four_sides", "rows": [1.5, 2.5]}
CELL = {"cell_type": "code", "source": "1 + 1", "outputs": [{"text": "2"}]}


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def picture(path: Path, value: int = 0, **save: object) -> None:
    pixels = np.full((4, 5, 3), 100, np.uint8)
    pixels[0, 0, 0] += value
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **save)


def a_run(root: Path) -> Path:
    """A file of every kind."""
    write(root / "data" / "manifest.json", "{}")
    (root / "models/run/predictors").mkdir(parents=True)
    weights = {"a": torch.arange(4.0), "b": torch.ones(2)}
    save_file(weights, root / "models/run/predictors/good.safetensors", metadata={"note": "one"})
    write(root / "models/run/predictors/good.record.json", json.dumps({"seconds": 1.0}))
    write(root / "results/predictors/good.json", json.dumps(METRICS))
    write(root / "results/balance.json", "{}")
    write(root / "results/predictors/good.csv", "step,loss\n1,0.5\n2,0.25\n")
    picture(root / "results/figures/01_data/test.png")
    write(root / "results/runs/default/card.json", "{}")
    write(root / "results/trust/verify.json", "{}")
    write(root / "book/notebooks/01_data.ipynb", json.dumps({"cells": [CELL]}, indent=1))
    write(root / "book/_extra/try/good.onnx", b"\x00\xff\x00")
    write(root / "book/_build/html/index.html", "<html>\n<p>one</p>\n</html>\n")
    write(root / "dvc.lock", "schema: '2.0'\n")
    return root


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    return a_run(tmp_path / "a"), a_run(tmp_path / "b")


def odd(first: Path, second: Path, tolerances: dict | None = None) -> list[Verdict]:
    return [
        verdict
        for found in compare(first, second, tolerances).values()
        for verdict in found
        if verdict.state != "identical"
    ]


def test_two_equal_runs_are_identical_in_every_kind(two):
    verdicts = compare(*two)
    assert all(len(found) == 1 and found[0].state == "identical" for found in verdicts.values())
    assert set(verdicts) == set(KINDS) == set(ELSEWHERE)


def test_what_no_stage_makes_and_what_says_how_long_it_took_is_not_compared(two):
    names = {name for found in files(two[0]).values() for name in found}
    assert not [
        name for name in names if "record.json" in name or name.startswith(("results/runs", "results/trust"))
    ]


@pytest.mark.parametrize(
    ("value", "tolerance", "state"),
    [
        (0.0613, 0.0, "different"),
        (0.0613, 0.02, "within"),
        (0.07, 0.02, "different"),
        (None, 0.02, "different"),
    ],
)
def test_a_number_passes_within_its_tolerance_only(two, value, tolerance, state):
    write(
        two[1] / "results/predictors/good.json",
        json.dumps({**METRICS, "test": {"mae": value, "pictures": 20}}),
    )
    (verdict,) = odd(*two, {"predictors": tolerance})
    assert (verdict.name, verdict.state) == ("results/predictors/good.json", state)
    assert "test.mae: 0.0612345 and" in verdict.detail
    if value:
        assert verdict.largest == pytest.approx((value - 0.0612345) / value)


@pytest.mark.parametrize(
    ("tree", "detail"),
    [
        ({**METRICS, "rows": [1.5]}, "rows.1: only in the first run"),
        ({**METRICS, "more": 1}, "more: only in the second run"),
        ({**METRICS, "network": "strips"}, "network: 'four_sides' and 'strips'"),
        ({**METRICS, "network": True}, "network: 'four_sides' and True"),
    ],
)
def test_a_key_or_a_text_that_differs_is_beyond_any_tolerance(two, tree, detail):
    write(two[1] / "results/predictors/good.json", json.dumps(tree))
    (verdict,) = odd(*two, {"predictors": 0.5})
    assert (verdict.state, verdict.detail) == ("different", detail)


def test_bytes_must_agree_even_where_the_values_do(two):
    write(two[1] / "results/predictors/good.json", json.dumps(METRICS, indent=2))
    (verdict,) = odd(*two)
    assert (verdict.state, verdict.detail) == ("different", "the same values in another order or layout")
    assert odd(*two, {"predictors": 0.02})[0].state == "within"


def test_the_largest_difference_of_a_table_is_the_one_named(two):
    write(two[1] / "results/predictors/good.csv", "step,loss\n1,0.505\n2,0.2\n")
    (verdict,) = odd(*two)
    assert verdict.detail == "row 2, loss: 0.25 and 0.2 (0.2)"
    assert verdict.largest == pytest.approx(0.2)


def test_a_file_of_one_run_alone_is_different_on_any_machine(two):
    first, second = two
    picture(first / "results/figures/01_data/gone.png")
    picture(second / "results/figures/01_data/more.png")
    assert [(verdict.state, verdict.detail) for verdict in odd(first, second, ELSEWHERE)] == [
        ("different", "only in the first run"),
        ("different", "only in the second run"),
    ]


def test_a_kind_that_the_first_run_lacks_is_not_compared(two):
    (two[0] / "data" / "manifest.json").unlink()
    assert compare(*two)["data"] == [] and not odd(*two)


def test_an_image_says_how_many_pixels_differ_and_by_how_much(two):
    picture(two[1] / "results/figures/01_data/test.png", value=7)
    (verdict,) = odd(*two)
    assert (verdict.state, verdict.detail) == ("different", "5.00% of the pixels, by 7 of 255 at most")


def test_elsewhere_a_picture_may_differ_by_one_level_and_its_hash_follows(two):
    first, second = two
    for root, value, digit in ((first, 0, "a"), (second, 1, "b")):
        picture(root / "data/test/a.png", value=value)
        write(root / "data/manifest.json", json.dumps({"pictures": [{"sha256": digit * 64}]}))
    assert {verdict.state for verdict in odd(first, second)} == {"different"}
    assert {verdict.state for verdict in odd(first, second, ELSEWHERE)} == {"within"}
    picture(second / "data/test/a.png", value=2)
    assert "different" in {verdict.state for verdict in odd(first, second, ELSEWHERE)}


def tensors(path: Path, **values: object) -> None:
    save_file({name: torch.tensor(value) for name, value in values.items()}, path)


@pytest.mark.parametrize(
    ("other", "state", "words"),
    [
        ({"a": [1.0, 9.0], "b": [0.5]}, "within", "tensor a: 0.78 of its largest value"),
        ({"a": [1.0, float("nan")], "b": [0.5]}, "different", "tensor a: nan of its largest value"),
        ({"a": [1.0, 2.0, 3.0], "b": [0.5]}, "different", "tensor a: (2,) torch.float32, (3,) torch.float32"),
        ({"a": [1.0, 2.0]}, "different", "tensor b: only in one of them"),
    ],
    ids=["numbers", "nan", "shape", "name"],
)
def test_elsewhere_weights_may_be_other_numbers_and_nothing_else(two, other, state, words):
    name = "models/run/predictors/good.safetensors"
    tensors(two[0] / name, a=[1.0, 2.0], b=[0.5])
    tensors(two[1] / name, **other)
    (verdict,) = odd(*two, ELSEWHERE)
    assert (verdict.state, verdict.detail) == (state, words)


@pytest.mark.parametrize(
    "name",
    [
        "models/run/predictors/good.safetensors",
        "results/predictors/good.json",
        "results/predictors/good.csv",
        "results/figures/01_data/test.png",
    ],
)
def test_what_cannot_be_read_is_different_on_any_machine(two, name):
    write(two[1] / name, b"\xff\xfe\x00 no file of this kind")
    (verdict,) = odd(*two, ELSEWHERE)
    assert verdict.state == "different" and verdict.detail.startswith("one of them cannot be read")


def test_of_other_files_the_first_byte_that_differs_is_told(two):
    for root, byte in zip(two, (b"\xfe", b"\xff"), strict=True):
        write(root / "book/_build/html/network.onnx", b"\x08" + byte)
    (verdict,) = odd(*two)
    assert verdict.detail == "2 and 2 bytes, the first that differs is 2"
    assert odd(*two, ELSEWHERE)[0].state == "within"


def test_an_image_with_the_same_pixels_says_so(two):
    picture(two[1] / "results/figures/01_data/test.png", compress_level=0)
    assert odd(*two)[0].detail == "the same pixels, other metadata or compression"


def test_a_text_shows_the_first_line_that_differs(two):
    changed = json.dumps({"cells": [{**CELL, "outputs": [{"text": "3"}]}]}, indent=1)
    write(two[1] / "book/notebooks/01_data.ipynb", changed)
    write(two[1] / "book/_build/html/index.html", "<html>\n<p>one</p>\n</html>\nmore\n")
    notebook, page = odd(*two)
    assert notebook.detail.startswith("line ") and '\'"text": "2"\'' in notebook.detail
    assert page.detail == "line 4: only in the second run"


def test_weights_with_other_metadata_only_say_so(two):
    weights = {"a": torch.arange(4.0), "b": torch.ones(2)}
    save_file(weights, two[1] / "models/run/predictors/good.safetensors", metadata={"note": "two"})
    (verdict,) = odd(*two)
    assert (verdict.state, verdict.detail) == ("different", "metadata only: note")
    assert odd(*two, {"weights": 0.02})[0].state == "different"


def test_weights_are_measured_by_the_largest_of_their_tensor(two):
    weights = {"a": torch.tensor([0.0, 1.0, 2.0, 3.03]), "b": torch.ones(2)}
    save_file(weights, two[1] / "models/run/predictors/good.safetensors", metadata={"note": "one"})
    (verdict,) = odd(*two, {"weights": 0.02})
    assert verdict.state == "within" and verdict.largest == pytest.approx(0.03 / 3.03, rel=1e-5)
    weights["a"][3] = float("nan")
    save_file(weights, two[1] / "models/run/predictors/good.safetensors", metadata={"note": "one"})
    assert odd(*two, {"weights": 0.02})[0].state == "different"


# --- what is said and kept ---------------------------------------------------------------------------------------

HERE = {
    "device": "A processor",
    "kind": "cpu",
    "instructions": "AVX2",
    "threads": 2,
    "torch": "2.13.0",
    "precision": "32-true",
}


@pytest.mark.parametrize(
    ("first", "same"),
    [
        (HERE, True),
        ({"device": "A processor", "torch": "2.13.0"}, True),
        ({**HERE, "threads": 4}, False),
        ({**HERE, "device": "Another"}, False),
        ({**HERE, "instructions": "AVX512"}, False),
        ({**HERE, "precision": "bf16-mixed"}, False),
        (None, False),
    ],
)
def test_every_byte_must_agree_on_the_same_processor_only(first, same):
    assert verify.tolerances(first, HERE) == ({} if same else ELSEWHERE)


def test_trainings_that_disagree_in_a_setting_are_held_to_tolerances(tmp_path):
    for name, threads in (("good", 1), ("bad", 2)):
        record = {**HERE, "threads": threads, "seconds": 1.0}
        write(tmp_path / f"models/run/predictors/{name}.record.json", json.dumps(record))
    made = verify.made_on(Project(tmp_path))
    assert made["threads"] == "mixed" and made["device"] == "A processor"
    assert verify.tolerances(made, HERE) == ELSEWHERE


def test_a_graphics_card_is_never_held_to_the_byte():
    card = {**HERE, "kind": "cuda"}
    assert verify.tolerances(card, card) == ELSEWHERE


def test_the_table_counts_each_kind_and_names_what_is_not_identical_alone(two):
    write(two[1] / "dvc.lock", "schema: '3.0'\n")
    lines = verify.table(compare(*two), {}).splitlines()
    assert lines[0].split() == ["files", "identical", "within", "different", "must", "agree", "in"]
    assert ["weights", "1", "1", "0", "0", "every", "byte"] in [line.split() for line in lines]
    assert [line for line in lines if line.startswith("different: ")] == [
        "different: dvc.lock: line 1: \"schema: '2.0'\" and \"schema: '3.0'\""
    ]
    assert len(lines) == 1 + len(KINDS) + 1


def test_the_record_has_counts_both_machines_and_versions(two):
    write(two[1] / "results/predictors/good.json", json.dumps({**METRICS, "rows": [1.5, 2.51]}))
    other = {**HERE, "device": "Another", "seconds": 3.0}
    found = verify.outcome("smoke", compare(*two, ELSEWHERE), HERE, other, "0" * 40)
    assert found["same"] and found["files"] == 10 and found["identical"] == 9
    assert found["kinds"]["predictors"] == {
        "files": 1, "identical": 0, "within": 1, "different": 0, "largest": pytest.approx(0.01 / 2.51),
        "tolerance": "numbers within 5%",
    }  # fmt: skip
    assert found["elsewhere"] and found["kinds"]["weights"]["largest"] is None
    assert found["not_identical"]["results/predictors/good.json"]["state"] == "within"
    assert found["second"]["device"] == "Another" and "seconds" not in found["second"]
    assert found["versions"]["torch"]


def fake_runs(monkeypatch: pytest.MonkeyPatch, spoil: str | None = None) -> list[dict]:
    """Stands in for `dvc repro`: each working copy gets the files of `a_run`, the second perhaps one byte more."""
    seen: list[dict] = []

    def run(project: Project, targets: list, force: bool, settings: dict | None = None, jobs: int = 1) -> int:
        second = project.root.name.endswith(".verify")
        if second or not (project.root / "dvc.lock").is_file():
            a_run(project.root)
            record = {**HERE, "seconds": 1.0}
            write(project.root / "models/run/predictors/good.record.json", json.dumps(record))
        if second and spoil:
            write(project.root / spoil, b"?")
        seen.append({"jobs": jobs, **(settings or {})})
        return 0

    monkeypatch.setattr(repro, "run", run)
    return seen


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "clone"
    here = Path(__file__).resolve().parents[1]
    for name in (
        "params.yaml",
        "dvc.yaml",
        "requirements.lock",
        ".dvc/config",
        "profiles/smoke.yaml",
        ".gitignore",
    ):
        write(root / name, (here / name).read_bytes())
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(root))
    return root


def test_the_second_run_takes_nothing_from_the_first(clone, monkeypatch, capsys):
    seen = fake_runs(monkeypatch)
    stale = clone / ".profiles/smoke.verify/data/stale.png"
    write(stale, b"")
    kept = ["--record", "--json", str(clone / "out.json")]
    assert verify.main(["--profile", "smoke", "--jobs", "3", *kept]) == 0
    first, second = clone / ".profiles/smoke", clone / ".profiles/smoke.verify"
    assert not stale.exists()
    assert f"dir = {clone}/.dvc/cache" in (first / ".dvc/config.local").read_text()
    assert f"dir = {second}/.dvc/cache" in (second / ".dvc/config.local").read_text()
    assert seen[0] == {"jobs": 3} and seen[1].pop("jobs") == 3
    assert seen[1] and all(value.startswith(str(second)) for value in seen[1].values())
    assert [path.name for path in (clone / "results/trust").iterdir()] == ["verify-smoke.json"]
    kept = json.loads((clone / "results/trust/verify-smoke.json").read_text())
    assert kept == json.loads((clone / "out.json").read_text())
    assert kept["same"] and kept["first"] == kept["second"] == HERE
    assert isinstance(kept["seconds"], int) and 0 <= kept["seconds"] < 60
    assert "verified: 10 of 10 files" in capsys.readouterr().out


def test_a_difference_is_exit_status_1_and_is_named(clone, monkeypatch, capsys):
    fake_runs(monkeypatch, spoil="data/manifest.json")
    assert verify.main(["--profile", "smoke"]) == 1
    assert "different: data/manifest.json: " in capsys.readouterr().out
    assert not (clone / "results").exists()


def test_the_default_results_are_compared_where_they_are(clone, monkeypatch, capsys):
    fake_runs(monkeypatch)
    assert verify.main([]) == 2
    assert "run `make repro` first" in capsys.readouterr().err
    a_run(clone)
    write(
        clone / "results/runs/default/card.json",
        json.dumps({"hardware": {"device": "A processor", "threads": 2, "torch": "2.13.0"}}),
    )
    (clone / "models/run/predictors/good.record.json").unlink()
    assert verify.main([]) == 0
    assert verify.made_on(Project(clone))["device"] == "A processor"


def test_the_outcome_on_another_machine_is_kept_beside(clone, monkeypatch):
    fake_runs(monkeypatch)
    a_run(clone)
    (clone / "models/run/predictors/good.record.json").unlink()
    other = {key: HERE[key] for key in ("device", "threads", "torch")} | {"instructions": "AVX512"}
    write(clone / "results/runs/default/card.json", json.dumps({"hardware": other}))
    assert verify.main(["--record"]) == 0
    kept = json.loads((clone / "results/trust/verify-elsewhere.json").read_text())
    assert kept["elsewhere"] and kept["first"]["instructions"] == "AVX512"
    assert verify.record_file(Project(clone), "smoke", True).name == "verify-smoke-elsewhere.json"


def test_a_run_that_fails_is_one_line(clone, monkeypatch, capsys):
    monkeypatch.setattr(repro, "run", lambda *_, **__: 1)
    assert verify.main(["--profile", "smoke"]) == 2
    assert "the first run failed" in capsys.readouterr().err
    with pytest.raises(UserError, match="there is no such profile"):
        verify.again(Project(clone), "enormous")
