"""Run the stages of the pipeline side by side, each as soon as what it depends on is there.

DVC runs one stage after another; several `dvc repro`, one a stage, use more of a machine. A stage computes with as
many threads as params.yaml says, so what comes out does not depend on how many run beside it.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

from tqdm.auto import tqdm

from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing
from abstract_beauty.project import Project


def read_graph(dot: str) -> dict[str, set[str]]:
    """{stage: the stages that must be done before it}, in the pipeline's order, from what `dvc dag --dot` prints."""
    found = re.findall(r'"([^"]+)"(?: -> "([^"]+)")?', dot)
    before: dict[str, set[str]] = {name: set() for name, _ in found}
    for name, after in found:
        if after:
            before[after].add(name)
    return before


def closed(names: Iterable[str], steps: Mapping[str, Iterable[str]]) -> set[str]:
    """These stages and all that the steps lead to from them."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += steps[name]
    return found


def chosen(before: Mapping[str, set[str]], targets: Collection[str]) -> set[str]:
    """The stages that targets mean (one, or all of a `foreach`; without targets all) with all that they need."""
    named: set[str] = set() if targets else {*before}
    for target in targets:
        if not (meant := {name for name in before if target in (name, name.partition("@")[0])}):
            raise UserError(f"{target}: there is no such stage; `dvc stage list` lists them")
        named |= meant
    return closed(named, before)


def sort_lock(lock: Path, order: list[str]) -> None:
    """Bring a dvc.lock's stages into the pipeline's order, which the order of their ends would else decide."""
    text = lock.read_text() if lock.is_file() else ""
    head, *stages = re.split(r"^(?=  \S)", text, flags=re.MULTILINE)  # a stage's name is indented by two
    place = {name: k for k, name in enumerate(order)}
    stages.sort(key=lambda stage: place.get(stage.partition(":\n")[0].strip(" '\""), len(place)))
    if (new := head + "".join(stages)) != text:
        with replacing(lock) as temporary:
            temporary.write_text(new)


def outcome(log: Path, status: int, spent: str) -> str:
    """How a stage ended, in a few words; the end of its log below them if it failed."""
    said = log.read_text(errors="replace")
    if status:
        # Of a progress bar only its last state.
        lines = filter(None, (line.rsplit("\r", 1)[-1].rstrip() for line in said.split("\n")))
        return "\n".join([f"failed after {spent} ({log})", *[*lines][-30:]])
    left = re.search(r"^Stage '[^']+' (didn't change|is cached)", said, re.MULTILINE)
    return {"didn't change": "unchanged", "is cached": "from the cache"}[left[1]] if left else spent


def run(
    project: Project,
    targets: Collection[str],
    force: bool,
    settings: Mapping[str, str] | None = None,
    jobs: int = 1,
) -> int:
    """`dvc repro` of the `targets` with up to `jobs` stages at once, and a line for each that is done.

    Of the stages that may begin, the one that most others wait for is first. After one fails no other begins. Returns
    0, or the exit status of the first that failed. `settings` are environment variables beyond this process's own.
    """
    environment = {
        **os.environ,
        "ABSTRACT_BEAUTY_ROOT": str(project.root),
        # So that `python` in a stage is this one, whether or not the environment was activated.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        **(settings or {}),
    }
    before = read_graph(_dvc(project, environment, "dag", "--dot"))
    after = {name: {other for other in before if name in before[other]} for name in before}
    stages = chosen(before, targets)
    if not force:
        changed = json.loads(_dvc(project, environment, "status", "--json") or "{}")
        stages &= closed(before.keys() & changed, after)
    if not stages:
        print("nothing to do: every stage is up to date")
        return 0

    repro = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", *["--force"] * force]
    (logs := project.scratch / "logs").mkdir(parents=True, exist_ok=True)
    weight = {name: len(closed([name], after) & stages) for name in stages}
    sorter = TopologicalSorter({name: before[name] & stages for name in stages})
    sorter.prepare()
    ready: list[str] = []
    running: dict[str, tuple[subprocess.Popen, Path, float]] = {}
    failed, done, width = 0, 0, len(str(len(stages)))
    terminal = sys.stderr.isatty()  # one bar of all stages; but of a single stage at a time its own
    bar = tqdm(total=len(stages), unit="stage", leave=False, disable=not terminal or jobs == 1)
    try:
        while running or (sorter.is_active() and not failed):
            ready = sorted([*ready, *sorter.get_ready()], key=lambda name: (-weight[name], name))
            while ready and len(running) < jobs and not failed:
                name = ready.pop(0)
                with open(logs / f"{name}.log", "wb") as log:
                    process = subprocess.Popen(
                        [*repro, name], cwd=project.root, env=environment, process_group=0, stdout=log,
                        stderr=None if terminal and jobs == 1 else log, stdin=subprocess.DEVNULL,
                    )  # fmt: skip
                running[name] = process, Path(log.name), time.monotonic()
            time.sleep(0.2)
            now = time.monotonic()
            spent = {name: tqdm.format_interval(now - began) for name, (*_, began) in running.items()}
            bar.set_postfix_str(", ".join(f"{name} {shown}" for name, shown in spent.items()))
            for name, (process, log, _) in list(running.items()):
                if (status := process.poll()) is None:
                    continue
                del running[name]
                done += 1
                bar.update()
                with bar.external_write_mode(sys.stdout):
                    print(
                        f"[{done:{width}}/{len(stages)}] {name}  {outcome(log, status, spent[name])}",
                        flush=True,
                    )
                failed = failed or status
                if not status:
                    sorter.done(name)
    finally:  # whatever happened, no stage runs on
        for process, *_ in running.values():
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGINT)
        for process, *_ in running.values():
            process.wait()
        bar.close()
        sort_lock(project.root / "dvc.lock", list(before))
    return failed


def _dvc(project: Project, environment: Mapping[str, str], *arguments: str) -> str:
    """What a DVC command prints; UserError with what it said if it fails."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"dvc {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
