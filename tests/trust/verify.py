"""Run the whole pipeline again from nothing, and say what of the first run came out the same.

    python -m abstract_beauty.pipeline.verify                      against this repository's own results
    python -m abstract_beauty.pipeline.verify --profile smoke      against .profiles/smoke, brought up to date first
    python -m abstract_beauty.pipeline.verify --record             and keep the outcome in results/trust

The second run has a working copy, a scratch folder and a DVC cache of its own, all empty, so that it can take nothing
from the first. On one kind of machine every byte must be the same; on another, what the predictors can do may differ by
a stated share, and the rest is told.
"""

import argparse
import math
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from abstract_beauty.book.run_card import today
from abstract_beauty.commands import repro
from abstract_beauty.errors import UserError, one_line
from abstract_beauty.files import read_json, sha256, write_json
from abstract_beauty.params import load_params, parse_params, read_yaml
from abstract_beauty.pipeline.compare import ELSEWHERE, Verdict, compare
from abstract_beauty.project import Project, checked_out, find_project
from abstract_beauty.training.machine import agreed, machine

# What decides the bytes of weights on the processor, as far as the record of a run tells. The number of threads does,
# since each adds up a part of a sum; params.yaml fixes it.
DECIDES = ("device", "kind", "instructions", "threads", "torch", "precision")
# Whose versions the record names: they make the numbers, the pictures and the pages.
VERSIONS = ("torch", "numpy", "scikit-image", "onnx", "matplotlib", "pillow", "dvc", "sphinx")
STATES = ("identical", "within", "different")
MOST = 20  # files named of one kind; the rest are counted


def made_on(project: Project) -> dict[str, Any] | None:
    """The machine of a first run: of its trainings; else of the card of the committed results; else None."""
    records = [read_json(path) for path in sorted(project.run.glob("*/*.record.json"))]
    if records:
        return agreed(records)
    card = project.results / "runs" / "default" / "card.json"
    if card.is_file() and not (project.root / ".files").is_file():
        return read_json(card)["hardware"]
    return None


def tolerances(first: Mapping[str, Any] | None, second: Mapping[str, Any]) -> dict[str, float | None]:
    """What may differ by how much: nothing between two runs on one processor, `ELSEWHERE` between two machines.

    A graphics card adds in an order of its own each time, so there even one machine is held to `ELSEWHERE` only.
    """
    known = first is not None and all(key not in first or first[key] == second.get(key) for key in DECIDES)
    return {} if known and second["kind"] == "cpu" else dict(ELSEWHERE)


def again(project: Project, profile: str, jobs: int | None = None) -> Project:
    """The second run's working copy, everything in it made anew.

    Args:
        jobs: how many stages at once; as many as there are cores for if None.

    Raises:
        UserError: a stage failed.
    """
    name = f"{profile}.verify"  # as deep as the profile's own, so that relative paths stay the same
    folder = project.root / ".profiles" / name
    shutil.rmtree(folder, ignore_errors=True)
    copy = repro.make_copy(project, profile, name, folder / ".dvc" / "cache")
    settings = {
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "tmp" / "site"),
        "MPLCONFIGDIR": str(folder / ".scratch" / "matplotlib"),
    }
    _run(copy, "second", jobs, settings)
    return copy


def first_run(project: Project, profile: str, jobs: int | None = None) -> Project:
    """The working copy of the first run, brought up to date; the repository itself for the default profile.

    Raises:
        UserError: a stage failed, or there is nothing to compare with.
    """
    if profile == "default":
        if not (project.root / "dvc.lock").is_file():
            raise UserError(f"{project.root}/dvc.lock: no such file; run `make repro` first")
        return project
    first = repro.make_copy(project, profile)
    _run(first, "first", jobs)
    return first


def _run(copy: Project, which: str, jobs: int | None, settings: Mapping[str, str] | None = None) -> None:
    """Every stage of a working copy that is not up to date.

    Raises:
        UserError: a stage failed.
    """
    jobs = jobs or repro.jobs_for(load_params(copy.params))
    if status := repro.run(copy, [], force=False, settings=settings, jobs=jobs):
        raise UserError(f"{copy.root}: the {which} run failed, see above (dvc repro ended with {status})")


def counts(verdicts: Mapping[str, Sequence[Verdict]], allowed: Mapping[str, float | None]) -> dict[str, Any]:
    """{kind: {"files", "identical", "within", "different", "largest", "tolerance"}}.

    "largest" is the largest relative difference of a number, null where no file has numbers that differ; "tolerance" is
    in words.
    """
    return {
        kind: {
            "files": len(found),
            **{state: sum(verdict.state == state for verdict in found) for state in STATES},
            "largest": max((one.largest for one in found if one.largest is not None), default=None),
            "tolerance": in_words(allowed.get(kind, 0.0)),
        }
        for kind, found in verdicts.items()
    }


def in_words(tolerance: float | None) -> str:
    """A tolerance for a table."""
    if tolerance is None:
        return "the file is there"
    if math.isinf(tolerance):
        return "names and shapes"
    return f"numbers within {100 * tolerance:g}%" if tolerance else "every byte"


def table(verdicts: Mapping[str, Sequence[Verdict]], allowed: Mapping[str, float | None]) -> str:
    """A row a kind, then the files that are not identical with what differs in them."""
    rows = [("", "files", "identical", "within", "different", "must agree in")]
    for kind, row in counts(verdicts, allowed).items():
        shown = [str(row[key]) for key in ("files", *STATES)] if row["files"] else ["none", "-", "-", "-"]
        rows.append((kind, *shown, row["tolerance"]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *numbers, last in rows:
        middle = [text.rjust(width) for text, width in zip(numbers, widths[1:-1], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *middle, last]).rstrip())
    for state in reversed(STATES[1:]):
        for kind, found in verdicts.items():
            odd = [verdict for verdict in found if verdict.state == state]
            lines += [f"{state}: {verdict.name}: {verdict.detail}" for verdict in odd[:MOST]]
            lines += [f"{state}: and {len(odd) - MOST} more of the {kind}"] if len(odd) > MOST else []
    return "\n".join(lines)


def _worst_first(verdict: Verdict) -> tuple[bool, float, str]:
    return verdict.state != "different", -(verdict.largest or 0.0), verdict.name


def outcome(
    profile: str,
    verdicts: Mapping[str, Sequence[Verdict]],
    first: Mapping[str, Any] | None,
    second: Mapping[str, Any],
    commit: str,
) -> dict[str, Any]:
    """What is recorded: counts, what differs (`MOST` files of a kind by name), both machines, versions."""
    differ = {kind: [one for one in found if one.state != "identical"] for kind, found in verdicts.items()}
    odd = [one for found in differ.values() for one in found]
    allowed = tolerances(first, second)
    return {
        "profile": profile,
        "same": not any(verdict.state == "different" for verdict in odd),
        "elsewhere": bool(allowed),
        "files": sum(map(len, verdicts.values())),
        "identical": sum(map(len, verdicts.values())) - len(odd),
        "date": today(),
        "commit": commit,
        "kinds": {kind: row for kind, row in counts(verdicts, allowed).items() if row["files"]},
        "not_identical": {
            verdict.name: {"state": verdict.state, "detail": verdict.detail, "largest": verdict.largest}
            for found in differ.values()
            for verdict in sorted(found, key=_worst_first)[:MOST]
        },
        "first": {key: value for key, value in (first or {}).items() if key not in ("seconds", "hours")},
        "second": {key: value for key, value in second.items() if key != "seconds"},
        "versions": {name: metadata.version(name) for name in VERSIONS},
    }


def record_file(project: Project, profile: str, elsewhere: bool) -> Path:
    """Where an outcome is kept: results/trust/verify.json, verify-PROFILE.json, either with "-elsewhere"."""
    suffix = ("" if profile == "default" else f"-{profile}") + ("-elsewhere" if elsewhere else "")
    return project.results / "trust" / f"verify{suffix}.json"


def verify(project: Project, profile: str, jobs: int | None = None) -> tuple[dict[str, Any], str]:
    """(outcome, table) of a second run against the first; the outcome has the second's seconds besides.

    Args:
        jobs: how many stages at once; as many as there are cores for if None.

    Raises:
        UserError: there is nothing to compare with, or a stage failed.
    """
    first = first_run(project, profile, jobs)
    before = made_on(first)
    print("again, from nothing:", flush=True)
    began = time.monotonic()
    second = again(project, profile, jobs)
    seconds = round(time.monotonic() - began)
    here = made_on(second) or machine()
    allowed = tolerances(before, here)
    verdicts = compare(first.root, second.root, allowed)
    found = outcome(profile, verdicts, before, here, checked_out(project.root))
    return {**found, "seconds": seconds}, table(verdicts, allowed)


@one_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 if nothing differs beyond its tolerance, 1 if something does, 2 after one line on what to mend."""
    parser = argparse.ArgumentParser(description="Run every stage again from nothing and compare.")
    parser.add_argument("--profile", default="default", help="default, or a name in profiles/")
    parser.add_argument(
        "--jobs", type=repro.at_least_one, metavar="N", help="stages at once, as in pipeline.repro"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the outcome to this file")
    parser.add_argument("--record", action="store_true", help="keep the outcome in results/trust")
    options = parser.parse_args(arguments)
    project = find_project()
    parse_params(read_yaml(project.params))
    lock = sha256(project.root / "requirements.lock")
    found, text = verify(project, options.profile, options.jobs)
    found["requirements"] = lock
    print(text)
    for out in [
        options.json,
        record_file(project, options.profile, found["elsewhere"]) if options.record else None,
    ]:
        if out is not None:
            write_json(out, found)
    if not found["same"]:
        print("not the same: see the files named above", file=sys.stderr)
        return 1
    print(f"verified: {found['identical']} of {found['files']} files are the same to the byte")
    return 0


if __name__ == "__main__":
    sys.exit(main())
