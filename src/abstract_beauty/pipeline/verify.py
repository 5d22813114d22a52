"""Run the whole pipeline again from nothing, and say what of the first run came out the same.

    python -m abstract_beauty.pipeline.verify                      against this repository's own results
    python -m abstract_beauty.pipeline.verify --profile smoke      against .profiles/smoke, brought up to date first
    python -m abstract_beauty.pipeline.verify --profile smoke --together      both at a time, on half the cores each
    python -m abstract_beauty.pipeline.verify --record             and keep the outcome in results/trust

The second run has a working copy, a scratch folder and a DVC cache of its own, all empty, so that it can take nothing
from the first. On one kind of machine every byte must be the same; on another, numbers may differ by a stated share.
"""

import argparse
import os
import shutil
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, sha256, write_json
from abstract_beauty.machine import machine
from abstract_beauty.params import parse_params, read_yaml
from abstract_beauty.pipeline import repro
from abstract_beauty.pipeline.compare import ELSEWHERE, Verdict, compare
from abstract_beauty.pipeline.reporting import one_line
from abstract_beauty.project import Project, checked_out, find_project
from abstract_beauty.run_card import today

# What decides the bytes of weights on the processor, as far as the record of a run tells. The number of threads does,
# since each adds up a part; therefore the second run takes as many as the first.
DECIDES = ("device", "kind", "threads", "torch", "precision")
# Whose versions the record names: they make the numbers, the pictures and the pages.
VERSIONS = ("torch", "numpy", "scikit-image", "onnx", "matplotlib", "pillow", "dvc", "sphinx")
MIXED = "mixed"
STATES = ("identical", "within", "different")
TAIL = 25  # lines of the silent run shown when it fails
MOST = 20  # files named of one kind; the rest are counted


def made_on(project: Project) -> dict[str, Any] | None:
    """The machine of a first run: of its trainings; else of the card of the committed results; else None.

    What the trainings do not agree in is `MIXED`.
    """
    records = [read_json(path) for path in sorted(project.run.glob("*/*.record.json"))]
    if records:
        first = records[0]
        return {key: first[key] if all(r.get(key) == first[key] for r in records) else MIXED for key in first}
    card = project.results / "runs" / "default" / "card.json"
    if card.is_file() and not (project.root / ".files").is_file():
        return read_json(card)["hardware"]
    return None


def threads_of(first: Mapping[str, Any] | None) -> int | None:
    """How many threads a first run took, where it took as many throughout."""
    threads = (first or {}).get("threads")
    return threads if isinstance(threads, int) else None


def tolerances(first: Mapping[str, Any] | None, second: Mapping[str, Any]) -> dict[str, float | None]:
    """What may differ by how much: nothing between two runs on one processor, `ELSEWHERE` between two machines.

    A graphics card adds in an order of its own each time, so there even one machine is held to `ELSEWHERE` only.
    """
    known = first is not None and all(key not in first or first[key] == second.get(key) for key in DECIDES)
    return {} if known and second["kind"] == "cpu" else dict(ELSEWHERE)


def again(
    project: Project, profile: str, threads: int | None = None, say: Callable[[str], None] = repro.say_at_once
) -> Project:
    """The second run's working copy, everything in it made anew.

    Args:
        threads: of each process; as many as the machine and OMP_NUM_THREADS say if None.
        say: is given each line of what the run prints.

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
        **_threads(threads),
    }
    if status := repro.run(copy, [], force=False, settings=settings, say=say):
        raise UserError(f"{folder}: the second run failed, see above (dvc repro ended with {status})")
    return copy


def first_run(project: Project, profile: str, threads: int | None = None) -> Project:
    """The working copy of the first run, brought up to date; the repository itself for the default profile.

    Raises:
        UserError: a stage failed, or there is nothing to compare with.
    """
    if profile == "default":
        if not (project.root / "dvc.lock").is_file():
            raise UserError(f"{project.root}/dvc.lock: no such file; run `make repro` first")
        return project
    first = repro.make_copy(project, profile)
    if status := repro.run(first, [], force=False, settings=_threads(threads)):
        raise UserError(f"{first.root}: the first run failed, see above (dvc repro ended with {status})")
    return first


def both(project: Project, profile: str) -> tuple[Project, Project]:
    """Both runs at a time, each on half of the cores, the second silent.

    Raises:
        UserError: a stage of either failed.
    """
    before = (
        made_on(Project(project.root / ".profiles" / profile)) if profile != "default" else made_on(project)
    )
    threads = threads_of(before) or max(1, (os.cpu_count() or 1) // 2)
    lines: deque[str] = deque(maxlen=TAIL)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(again, project, profile, threads, lines.append)
        first = first_run(project, profile, threads)
        try:
            return first, second.result()
        except UserError:
            print("\n".join(lines))
            raise


def _threads(count: int | None) -> dict[str, str]:
    return {"OMP_NUM_THREADS": str(count)} if count else {}


def counts(verdicts: Mapping[str, Sequence[Verdict]], allowed: Mapping[str, float | None]) -> dict[str, Any]:
    """{kind: {"files", "identical", "within", "different", "tolerance"}}, the tolerance in words."""
    return {
        kind: {
            "files": len(found),
            **{state: sum(verdict.state == state for verdict in found) for state in STATES},
            "tolerance": in_words(allowed.get(kind, 0.0)),
        }
        for kind, found in verdicts.items()
    }


def in_words(tolerance: float | None) -> str:
    """A tolerance for a table."""
    if tolerance is None:
        return "the file is there"
    return f"numbers within {tolerance:.0%}" if tolerance else "every byte"


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


def outcome(
    profile: str,
    verdicts: Mapping[str, Sequence[Verdict]],
    first: Mapping[str, Any] | None,
    second: Mapping[str, Any],
    commit: str,
) -> dict[str, Any]:
    """What is recorded: counts, what differs, both machines, versions."""
    odd = [verdict for found in verdicts.values() for verdict in found if verdict.state != "identical"]
    allowed = tolerances(first, second)
    return {
        "profile": profile,
        "same": not any(verdict.state == "different" for verdict in odd),
        "files": sum(map(len, verdicts.values())),
        "identical": sum(map(len, verdicts.values())) - len(odd),
        "date": today(),
        "commit": commit,
        "kinds": {kind: row for kind, row in counts(verdicts, allowed).items() if row["files"]},
        "not_identical": {
            verdict.name: {"state": verdict.state, "detail": verdict.detail, "largest": verdict.largest}
            for verdict in odd
        },
        "first": {key: value for key, value in (first or {}).items() if key not in ("seconds", "hours")},
        "second": {key: value for key, value in second.items() if key != "seconds"},
        "versions": {name: metadata.version(name) for name in VERSIONS},
    }


def record_file(project: Project, profile: str) -> Path:
    """Where an outcome is kept: results/trust/verify.json, or verify-PROFILE.json."""
    suffix = "" if profile == "default" else f"-{profile}"
    return project.results / "trust" / f"verify{suffix}.json"


def verify(project: Project, profile: str, together: bool = False) -> tuple[dict[str, Any], str]:
    """(outcome, table) of a second run against the first.

    Raises:
        UserError: there is nothing to compare with, or a stage failed.
    """
    if together:
        first, second = both(project, profile)
        before = made_on(first)
    else:
        first = first_run(project, profile)
        before = made_on(first)
        print("again, from nothing:", flush=True)
        second = again(project, profile, threads_of(before))
    here = {**(made_on(second) or machine()), "instructions": torch.backends.cpu.get_cpu_capability()}
    allowed = tolerances(before, here)
    verdicts = compare(first.root, second.root, allowed)
    commit = checked_out(project.root)
    return outcome(profile, verdicts, before, here, commit), table(verdicts, allowed)


@one_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 if nothing differs beyond its tolerance, 1 if something does, 2 after one line on what to mend."""
    parser = argparse.ArgumentParser(description="Run every stage again from nothing and compare.")
    parser.add_argument("--profile", default="default", help="default, or a name in profiles/")
    parser.add_argument(
        "--together", action="store_true", help="both runs at a time, each on half of the cores"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the outcome to this file")
    parser.add_argument("--record", action="store_true", help="keep the outcome in results/trust")
    options = parser.parse_args(arguments)
    project = find_project()
    parse_params(read_yaml(project.params))
    lock = sha256(project.root / "requirements.lock")
    found, text = verify(project, options.profile, options.together)
    found["requirements"] = lock
    print(text)
    for out in [options.json, record_file(project, options.profile) if options.record else None]:
        if out is not None:
            write_json(out, found)
    if not found["same"]:
        print("not the same: see the files named above", file=sys.stderr)
        return 1
    print(f"verified: {found['identical']} of {found['files']} files are the same to the byte")
    return 0


if __name__ == "__main__":
    sys.exit(main())
