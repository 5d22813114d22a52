"""Run the whole pipeline again from nothing, and say which files came out the same.

    python tests/trust/verify.py                      against this repository's own results
    python tests/trust/verify.py --profile smoke      against .profiles/smoke, brought up to date first
    python tests/trust/verify.py --record             and keep the outcome in results/trust
    python tests/trust/verify.py --numbers            data, weights and numbers alone, no chapters and pages
    python tests/trust/verify.py --other-maker        the second run as if by another maker's processor
    python tests/trust/verify.py --against FILE       against hashes that are kept; twice only where it differs

The second run has a working copy, a scratch folder and a DVC cache of its own, all empty, so that it can take nothing
from the first. In dvc.lock DVC notes the hash of all that a stage makes: the two notes are compared, and git names the
files of what differs. Every byte must be the same on every x86-64 processor with AVX2; where a profile's `run` gives
the machine's own speed, on one kind of processor.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path
from typing import Any

from records import one_line, today
from sources import other_maker

from abstract_beauty.chapter import SHOWING
from abstract_beauty.commands import repro
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, sha256, write_json
from abstract_beauty.params import load_params, read_yaml
from abstract_beauty.project import Project, checked_out, find_project
from abstract_beauty.training.machine import COMMON, agreed, machine

# The kind of what a stage makes: the first whose pattern its path matches.
KINDS = {
    "data": "data", "weights": "*.safetensors", "figures": "results/figures/*", "curves": "*.csv", "metrics": "*.json",
    "notebooks": "*.ipynb", "page": "book/_extra/*", "book": "book/_build/*", "others": "*",
}  # fmt: skip
NUMBERS = ("data", "weights", "curves", "metrics")  # kinds of what a run makes beside what a reader sees
# What decides the bytes of weights on the processor, as far as the record of a run tells. The number of threads does,
# since each adds up a part of a sum; params.yaml fixes it.
DECIDES = ("device", "kind", "instructions", "threads", "torch", "precision")
# Whose versions the record names: they make the numbers, the pictures and the pages.
VERSIONS = ("torch", "numpy", "scikit-image", "onnx", "matplotlib", "pillow", "dvc", "sphinx")
MOST = 100  # files that are named in the record


@dataclass
class Count:
    """Files of one kind, and the names of those that differ between two runs."""

    files: int = 0
    identical: int = 0
    names: list[str] = field(default_factory=list)


def kind_of(path: str) -> str:
    """Which of KINDS it is."""
    return next(kind for kind, pattern in KINDS.items() if fnmatch(path, pattern))


def outputs(root: Path) -> dict[str, tuple[str, int]]:
    """Of each file or folder that a run's stages made: its hash, and how many files it is."""
    stages = read_yaml(root / "dvc.lock")["stages"].values()
    return {
        out["path"]: (out["md5"], out.get("nfiles", 1)) for stage in stages for out in stage.get("outs", ())
    }


def changed(first: Path, second: Path, path: str) -> list[str]:
    """The files of an output that differ, as git names them; the output itself where git sees none."""
    done = subprocess.run(
        ["git", "diff", "--no-index", "--no-renames", "--name-status", "-z", str(first / path), str(second / path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    words = done.stdout.split("\0")
    only = {"A": " (only in the second run)", "D": " (only in the first run)"}
    named = [
        name.removeprefix(f"{second}/").removeprefix(f"{first}/") + only.get(letter, "")
        for letter, name in zip(words[::2], words[1::2], strict=False)
    ]
    return named or [path]


def compare(first: Path, second: Path) -> dict[str, Count]:
    """What two runs made, by kind. What no stage of the second makes any more is not asked for."""
    before, counts = outputs(first), {kind: Count() for kind in KINDS}
    for path, (md5, files) in outputs(second).items():
        count = counts[kind_of(path)]
        count.files += files
        if before.get(path, ("",))[0] == md5:
            count.identical += files
        elif path not in before:
            count.names.append(f"{path} (only in the second run)")
        else:
            names = changed(first, second, path)
            gone = sum("only in the first" in name for name in names)
            count.files += gone
            count.identical += 0 if names == [path] else files + gone - len(names)
            count.names += names
    return {kind: count for kind, count in counts.items() if count.files}


def hashes_of_numbers(project: Project) -> dict[str, str]:
    """Of what a run made, but for what a reader sees: {path: hash}."""
    return {path: md5 for path, (md5, _) in sorted(outputs(project.root).items()) if kind_of(path) in NUMBERS}


def made_on(project: Project) -> dict[str, Any] | None:
    """The machine of a run: of its trainings; else of the card of the committed results; else None."""
    records = [read_json(path) for path in sorted(project.run.glob("*/*.record.json"))]
    card = project.results / "runs" / "default" / "card.json"
    if records:
        return agreed(records)
    return read_json(card)["hardware"] if card.is_file() and not (project.root / ".files").is_file() else None


def is_elsewhere(first: Mapping[str, Any] | None, second: Mapping[str, Any]) -> bool:
    """Whether the machines of two runs may round differently; a graphics card does so from run to run.

    Where `run` of params.yaml keeps all processors to the same, it does not matter whose they are.
    """
    decides = [key for key in DECIDES if key != "device" or second.get("instructions") != COMMON]
    alike = first is not None and all(key not in first or first[key] == second.get(key) for key in decides)
    return not alike or second["kind"] != "cpu"


def run(
    copy: Project, which: str, settings: Mapping[str, str] | None = None, without: Sequence[str] = ()
) -> None:
    """Every stage of a working copy that is not up to date; UserError where one fails."""
    jobs = repro.jobs_for(load_params(copy.params))
    if status := repro.run(copy, force=False, settings=settings, jobs=jobs, without=without):
        raise UserError(f"{copy.root}: the {which} run failed, see above (dvc repro ended with {status})")


def first_run(project: Project, profile: str, settings: Mapping[str, str] | None = None) -> Project:
    """The working copy of the first run, brought up to date; the repository itself for the default profile."""
    if profile != "default":
        first = repro.make_copy(project, profile)
        run(first, "first", settings)
        return first
    if not (project.root / "dvc.lock").is_file():
        raise UserError(f"{project.root}/dvc.lock: no such file; run `make repro` first")
    return project


def second_run(
    project: Project, profile: str, numbers: bool = False, settings: Mapping[str, str] | None = None
) -> Project:
    """The second run's working copy, everything in it made anew; with `numbers` only what no reader sees."""
    # As deep as the profile's own, so that relative paths stay the same; with a space and an accent, as people's are.
    name = f"{profile} vérifié"
    folder = project.root / ".profiles" / name
    shutil.rmtree(folder, ignore_errors=True)
    copy = repro.make_copy(project, profile, name, folder / ".dvc" / "cache")
    own = {"DVC_SITE_CACHE_DIR": folder / ".dvc/tmp/site", "MPLCONFIGDIR": folder / ".scratch/matplotlib"}
    own = {key: str(value) for key, value in own.items()} | dict(settings or {})
    run(copy, "second", own, SHOWING if numbers else ())
    return copy


def verify(
    project: Project, profile: str, numbers: bool = False, settings: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The outcome of a second run, with these variables, against the first, and the names of all files that differ."""
    first = first_run(project, profile)
    before = made_on(first)
    print("again, from nothing:", flush=True)
    began = time.monotonic()
    second = second_run(project, profile, numbers, settings)
    seconds = round(time.monotonic() - began)
    here = made_on(second) or machine()
    counts = compare(first.root, second.root)
    names = [name for count in counts.values() for name in count.names]
    kinds = {
        kind: {"files": count.files, "identical": count.identical, "different": count.files - count.identical}
        for kind, count in counts.items()
    }
    total = {key: sum(row[key] for row in kinds.values()) for key in ("files", "identical")}
    outcome = {
        "profile": profile,
        "same": total["identical"] == total["files"],
        "elsewhere": is_elsewhere(before, here),
        **total,
        "date": today(),
        "commit": checked_out(project.root),
        "kinds": kinds,
        "not_identical": names[:MOST],
        "first": {key: value for key, value in (before or {}).items() if key not in ("seconds", "hours")},
        "second": {key: value for key, value in here.items() if key != "seconds"},
        "versions": {name: metadata.version(name) for name in VERSIONS},
        "seconds": seconds,
        "requirements": sha256(project.root / "requirements.lock"),
    }
    return outcome, names


def record_file(project: Project, outcome: Mapping[str, Any]) -> Path:
    """Where an outcome is kept: results/trust/verify.json, verify-PROFILE.json, either with "-elsewhere"."""
    suffix = "" if outcome["profile"] == "default" else f"-{outcome['profile']}"
    return project.results / "trust" / f"verify{suffix}{'-elsewhere' if outcome['elsewhere'] else ''}.json"


@one_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 if all is the same or was made elsewhere, 1 if a file differs, 2 after one line on what to mend."""
    parser = argparse.ArgumentParser(description="Run every stage again from nothing and compare.")
    parser.add_argument("--profile", default="default", help="default, or a name in profiles/")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the outcome into FILE")
    parser.add_argument(
        "--numbers", action="store_true", help="leave chapters and pages out of the second run"
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="compare with the hashes in FILE; where the run differs from them, run again and make FILE anew",
    )
    parser.add_argument("--record", action="store_true", help="keep the outcome in results/trust")
    parser.add_argument(
        "--other-maker",
        action="store_true",
        help="let MKL take one run's processor for another maker's: the second, or with --against the first",
    )
    options = parser.parse_args(arguments)
    project = find_project()
    load_params(project.params)
    repro.end_with_stages()
    with tempfile.TemporaryDirectory() as folder:
        settings = other_maker(Path(folder)) if options.other_maker else {}
        if options.other_maker and not settings:
            print("no C compiler here, so every run sees the same processor")
        if options.against:
            kept = read_json(options.against) if options.against.is_file() else {}
            made = hashes_of_numbers(first_run(project, options.profile, settings))
            if made == kept:
                print(f"verified: {len(made)} outputs are as {options.against} says, to the byte")
                return 0
            names = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
            print(*(f"not as {options.against} says: {name}" for name in names), sep="\n")
            settings = {}
        outcome, names = verify(project, options.profile, options.numbers, settings)
    for kind, row in outcome["kinds"].items():
        print(f"{kind:10} {row['identical']:6} of {row['files']:6} files identical")
    print(*(f"different: {name}" for name in names), sep="\n", end="\n" if names else "")
    for out in (options.out, record_file(project, outcome) if options.record else None):
        if out:
            write_json(out, outcome)
    if options.against and outcome["same"] and not outcome["elsewhere"]:
        write_json(options.against, made)
        print(f"{options.against} was made anew: to be committed, if the change was meant")
    if outcome["same"]:
        print(f"verified: {outcome['identical']} of {outcome['files']} files are the same to the byte")
    elif outcome["elsewhere"]:
        print("the first run was made on another kind of processor, where last digits differ")
    else:
        print("not the same: see the files named above", file=sys.stderr)
    return int(not outcome["same"] and not outcome["elsewhere"])


if __name__ == "__main__":
    sys.exit(main())
