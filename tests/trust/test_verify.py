"""A second run against a first: DVC's hashes compared, the files of what differs named, and what is recorded."""

import json
import subprocess
from pathlib import Path

import pytest
import verify
from ruamel.yaml import YAML

from abstract_beauty.commands import repro
from abstract_beauty.files import sha256
from abstract_beauty.project import Project

FILES = {
    "data/manifest.json": "{}", "data/test/a.png": "a", "data/test/b.png": "b",
    "models/run/predictors/good.safetensors": "weights", "results/predictors/good.json": "{}",
    "results/predictors/good.csv": "step,loss\n", "results/figures/01_data/test.png": "c",
    "book/notebooks/01_data.ipynb": "{}", "book/_extra/try/good.onnx": "d", "book/_build/html/index.html": "<p>",
}  # fmt: skip
FOLDERS = ("data", "results/figures/01_data", "book/_extra/try", "book/_build/html")
HERE = {
    "device": "A processor", "kind": "cpu", "instructions": "AVX2", "threads": 1, "torch": "2.13.0",
    "precision": "32-true",
}  # fmt: skip


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def a_run(root: Path, changes: dict[str, str | None] | None = None, machine: dict = HERE) -> Path:
    """What a run leaves: a file of every kind, each perhaps changed or left out, and dvc.lock with their hashes."""
    made = {name: content for name, content in {**FILES, **(changes or {})}.items() if content is not None}
    for name, content in made.items():
        write(root / name, content)
    outs = {}
    for name in made:
        folder = next((folder for folder in FOLDERS if name.startswith(f"{folder}/")), None)
        hashes = outs.setdefault(folder or name, [])
        hashes.append(f"{name} {sha256(root / name)}")
    listed = [
        {
            "path": path,
            "md5": " ".join(sorted(hashes)),
            **({"nfiles": len(hashes)} if path in FOLDERS else {}),
        }
        for path, hashes in outs.items()
    ]
    with open(root / "dvc.lock", "w") as file:
        YAML().dump({"schema": "2.0", "stages": {"all": {"cmd": "true", "outs": listed}}}, file)
    write(root / "models/run/predictors/good.record.json", json.dumps({**machine, "seconds": 1.0}))
    return root


@pytest.mark.parametrize(
    ("changes", "kind", "row", "names"),
    [
        ({}, "data", (3, 3), []),
        ({"data/test/a.png": "x"}, "data", (3, 2), ["data/test/a.png"]),
        ({"data/test/c.png": "x"}, "data", (4, 3), ["data/test/c.png (only in the second run)"]),
        ({"data/test/b.png": None}, "data", (3, 2), ["data/test/b.png (only in the first run)"]),
        ({"results/predictors/good.json": "[]"}, "metrics", (1, 0), ["results/predictors/good.json"]),
        ({"results/more.json": "[]"}, "metrics", (2, 1), ["results/more.json (only in the second run)"]),
        ({"results/predictors/good.csv": None}, "curves", None, []),  # no stage of the pipeline any more
    ],
    ids=str,
)
def test_every_file_that_differs_is_counted_and_named(tmp_path, changes, kind, row, names):
    counts = verify.compare(a_run(tmp_path / "a"), a_run(tmp_path / "b", changes))
    assert [name for count in counts.values() for name in count.names] == names
    assert (row is None) == (kind not in counts)
    assert row is None or (counts[kind].files, counts[kind].identical) == row
    assert set(counts) | {kind} == set(verify.KINDS) - {"others"}


def test_what_is_not_there_to_be_looked_at_is_compared_by_its_hash(tmp_path):
    first, second = a_run(tmp_path / "a"), a_run(tmp_path / "b", {"data/test/a.png": "x"})
    for name in ("data/manifest.json", "data/test/a.png", "data/test/b.png"):
        (first / name).unlink()
    for folder in ("data/test", "data"):
        (first / folder).rmdir()
    counts = verify.compare(first, second)
    assert counts["data"] == verify.Count(3, 0, ["data"])


ALIKE = {**HERE, "instructions": verify.COMMON}
OTHER = {"device": "Another processor"}


@pytest.mark.parametrize(
    ("first", "second", "elsewhere"),
    [
        (HERE, HERE, False),
        ({"device": "A processor", "torch": "2.13.0"}, HERE, False),
        ({**HERE, "threads": "mixed"}, HERE, True),
        ({**HERE, "instructions": "AVX512"}, HERE, True),
        (None, HERE, True),
        ({**HERE, "kind": "cuda"}, {**HERE, "kind": "cuda"}, True),
        (ALIKE | OTHER, ALIKE, False),
        (HERE | OTHER, HERE, True),
        (HERE, ALIKE, True),
    ],
)
def test_every_byte_must_agree_on_the_same_processor_or_where_all_compute_alike(first, second, elsewhere):
    assert verify.is_elsewhere(first, second) == elsewhere


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "clone"
    here = Path(__file__).resolve().parents[2]
    for name in (
        "params.yaml",
        "dvc.yaml",
        "requirements.lock",
        ".dvc/config",
        "profiles/smoke.yaml",
        ".gitignore",
    ):
        write(root / name, (here / name).read_text())
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(root))
    return root


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch):
    """Stands in for the stages: a working copy gets the files of `a_run`, the second perhaps one that differs."""
    seen, spoilt = [], {}

    def run(project: Project, force: bool, settings: dict | None = None, jobs: int = 1, without=()) -> int:
        second = project.root.name.endswith(" vérifié")
        a_run(project.root, spoilt if second else {})
        seen.append(settings or {})
        return 0

    monkeypatch.setattr(repro, "run", run)
    return seen, spoilt


def test_the_second_run_takes_nothing_from_the_first(clone, pipeline, capsys):
    first, second = clone / ".profiles/smoke", clone / ".profiles/smoke vérifié"
    write(second / "data/stale.png", "")
    assert verify.main(["--profile", "smoke", "--record", "--out", str(clone / "out.json")]) == 0
    assert not (second / "data/stale.png").exists()
    assert f"dir = {clone}/.dvc/cache" in (first / ".dvc/config.local").read_text()
    assert f"dir = {second}/.dvc/cache" in (second / ".dvc/config.local").read_text()
    own, more = pipeline[0]
    assert own == {} and more and all(value.startswith(str(second)) for value in more.values())
    kept = json.loads((clone / "results/trust/verify-smoke.json").read_text())
    assert kept == json.loads((clone / "out.json").read_text())
    assert (kept["same"], kept["files"], kept["identical"]) == (True, 10, 10)
    assert kept["first"] == kept["second"] == HERE and kept["versions"]["torch"]
    assert kept["kinds"]["data"] == {"files": 3, "identical": 3, "different": 0}
    assert "verified: 10 of 10 files" in capsys.readouterr().out


def test_a_difference_is_exit_status_1_and_is_named(clone, pipeline, capsys):
    pipeline[1]["data/manifest.json"] = "[]"
    assert verify.main(["--profile", "smoke"]) == 1
    captured = capsys.readouterr()
    assert "different: data/manifest.json\n" in captured.out and captured.err.startswith("not the same")
    assert not (clone / "results").exists()


def test_a_run_as_the_kept_hashes_say_is_not_repeated(clone, pipeline, capsys):
    """Nor is one repeated in vain: where the two agree, what is kept becomes as they are; else it stays."""
    seen, spoilt = pipeline
    kept = clone / "smoke.json"
    against = ["--profile", "smoke", "--against", str(kept)]
    assert verify.main(against) == 0 and len(seen) == 3  # the first is asked for once more, and is up to date
    assert "was made anew" in capsys.readouterr().out
    assert {*json.loads(kept.read_text())} == {
        "data", "models/run/predictors/good.safetensors", "results/predictors/good.csv", "results/predictors/good.json",
    }  # fmt: skip
    assert verify.main(against) == 0 and len(seen) == 4
    assert "verified: 4 outputs" in capsys.readouterr().out

    changed = {**json.loads(kept.read_text()), "data": "0"}
    kept.write_text(json.dumps(changed))
    spoilt["results/predictors/good.csv"] = "loss\n"
    assert verify.main(against) == 1
    assert f"not as {kept} says: data\n" in capsys.readouterr().out
    assert json.loads(kept.read_text()) == changed


def test_the_default_results_are_compared_where_they_are(clone, pipeline, capsys):
    assert verify.main([]) == 2
    assert "run `make repro` first" in capsys.readouterr().err
    a_run(clone)
    assert verify.main([]) == 0
    # Without weights and their record, as in a fresh clone, the card of the committed results tells the machine.
    for file in (clone / "models/run/predictors").iterdir():
        file.unlink()
    write(
        clone / "results/runs/default/card.json",
        json.dumps({"hardware": {"device": "A processor", "threads": 1}}),
    )
    assert verify.main([]) == 0


def test_the_outcome_on_another_machine_is_kept_beside(clone, pipeline, capsys):
    a_run(clone, machine={**HERE, "instructions": "AVX512"})
    pipeline[1]["data/manifest.json"] = "[]"
    assert verify.main(["--record"]) == 0
    assert "another kind of processor" in capsys.readouterr().out
    kept = json.loads((clone / "results/trust/verify-elsewhere.json").read_text())
    assert (kept["same"], kept["elsewhere"], kept["identical"]) == (False, True, 9)
    assert kept["first"]["instructions"] == "AVX512" and kept["not_identical"] == ["data/manifest.json"]


def test_a_run_that_fails_is_one_line(clone, monkeypatch, capsys):
    monkeypatch.setattr(repro, "run", lambda *_, **__: 1)
    assert verify.main(["--profile", "smoke"]) == 2
    assert "the first run failed" in capsys.readouterr().err
