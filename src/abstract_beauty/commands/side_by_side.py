"""Run stages side by side, each as soon as what it depends on is there.

DVC runs one stage after another and leaves it to several `dvc repro` at once to use more of a machine; these are
started here, one a stage. A stage computes with as many threads as params.yaml says, so what comes out does not depend
on how many run beside it.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm.auto import tqdm

from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing
from abstract_beauty.project import Project

AT_MOST = 8  # stages at once: each needs a gigabyte or two
SHOWN = 30  # lines of a failed stage's output
_EDGE = re.compile(r'^\s*"([^"]+)" -> "([^"]+)";?\s*$')
_NODE = re.compile(r'^\s*"([^"]+)";?\s*$')
_CACHED = re.compile(r"^Stage '[^']+' is cached", re.MULTILINE)
_UNCHANGED = re.compile(r"^Stage '[^']+' didn't change", re.MULTILINE)
_TOP = re.compile(r"^  ([^\s:][^:]*):\s*$")


@dataclass(frozen=True)
class Graph:
    """The stages of a pipeline, and of each the ones that must be done before it."""

    before: Mapping[str, frozenset[str]]

    @classmethod
    def from_dot(cls, dot: str) -> "Graph":
        """From what `dvc dag --dot` prints."""
        before: dict[str, set[str]] = {}
        for line in dot.splitlines():
            if edge := _EDGE.match(line):
                before.setdefault(edge[1], set())
                before.setdefault(edge[2], set()).add(edge[1])
            elif node := _NODE.match(line):
                before.setdefault(node[1], set())
        return cls({name: frozenset(earlier) for name, earlier in before.items()})

    def upstream(self, names: Iterable[str]) -> set[str]:
        """These stages and all that they need."""
        return self._closed(names, self.before)

    def downstream(self, names: Iterable[str]) -> set[str]:
        """These stages and all that need them."""
        after: dict[str, set[str]] = {name: set() for name in self.before}
        for name, earlier in self.before.items():
            for one in earlier:
                after[one].add(name)
        return self._closed(names, after)

    @staticmethod
    def _closed(names: Iterable[str], steps: Mapping[str, Iterable[str]]) -> set[str]:
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(steps[name])
        return found


def base_name(stage: str) -> str:
    """A stage's name in dvc.yaml: that of its `foreach`, without the item."""
    return stage.partition("@")[0]


def chosen(graph: Graph, targets: Sequence[str]) -> set[str]:
    """The stages that targets mean, with all that they need; every stage where none is named.

    Raises:
        UserError: there is no such stage.
    """
    if not targets:
        return set(graph.before)
    named: set[str] = set()
    for target in targets:
        meant = {name for name in graph.before if target in (name, base_name(name))}
        if not meant:
            raise UserError(f"{target}: there is no such stage; `dvc stage list` lists them")
        named |= meant
    return graph.upstream(named)


@dataclass
class _Running:
    process: subprocess.Popen
    log: Path
    started: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> str:
        seconds = round(time.monotonic() - self.started)
        return f"{seconds // 60}:{seconds % 60:02d}"


def run_stages(
    project: Project,
    graph: Graph,
    stages: set[str],
    *,
    jobs: int,
    environment: Mapping[str, str],
    force: bool = False,
    say: Callable[[str], None] = print,
) -> int:
    """Run these stages, up to `jobs` at once, and say a line when one is done.

    A stage whose dependencies did not change is left alone by DVC. What a stage prints goes to a file in the scratch
    folder, and is shown when the stage fails; no other is begun then.

    Args:
        project: in whose folder the pipeline lies.
        graph: of all its stages.
        stages: which of them to run.
        jobs: how many at once, at least 1.
        environment: of the stages.
        force: run stages that are up to date as well.
        say: takes a line for the reader.

    Returns:
        0, or the exit status of the first stage that failed; 130 after Ctrl-C.
    """
    weight = {name: len(graph.downstream([name]) & stages) for name in stages}
    waiting = sorted(stages, key=lambda name: (-weight[name], name))
    running: dict[str, _Running] = {}
    failed, done, width = 0, 0, len(str(len(stages)))
    logs = project.scratch / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    bar = tqdm(
        total=len(stages), unit="stage", dynamic_ncols=True, disable=not sys.stderr.isatty(), leave=False
    )
    try:
        while running or (waiting and not failed):
            unfinished = {*waiting, *running}
            for name in [one for one in waiting if not graph.before[one] & unfinished]:
                if failed or len(running) >= jobs:
                    break
                waiting.remove(name)
                running[name] = _start(project, name, logs / f"{name}.log", environment, force)
            time.sleep(0.2)
            bar.set_postfix_str(", ".join(f"{name} {one.spent}" for name, one in running.items()))
            for name, one in list(running.items()):
                status = one.process.poll()
                if status is None:
                    continue
                del running[name]
                done += 1
                bar.update()
                with bar.external_write_mode(sys.stdout):
                    say(f"[{done:{width}}/{len(stages)}] {name}  {_outcome(one, status)}")
                    if status:
                        failed = failed or status
                        say(_tail(one.log))
    except KeyboardInterrupt:
        for one in running.values():
            one.process.wait()
        return 130
    finally:
        bar.close()
        sort_lock(project.root / "dvc.lock", list(graph.before))
    return failed


def _start(project: Project, name: str, log: Path, environment: Mapping[str, str], force: bool) -> _Running:
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item"]
    command += ["--force"] if force else []
    with open(log, "wb") as file:
        process = subprocess.Popen(
            [*command, name], cwd=project.root, env=dict(environment), stdin=subprocess.DEVNULL,
            stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return _Running(process, log)


def _outcome(one: _Running, status: int) -> str:
    if status:
        return f"failed after {one.spent} ({one.log})"
    said = one.log.read_text(errors="replace")
    if _UNCHANGED.search(said):
        return "unchanged"
    return "from the cache" if _CACHED.search(said) else one.spent


def _tail(log: Path) -> str:
    """The end of a log, each progress bar at its last state."""
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in log.read_text(errors="replace").splitlines()]
    return "\n".join([line for line in lines if line][-SHOWN:])


def sort_lock(lock: Path, order: Sequence[str]) -> None:
    """Bring the stages of a dvc.lock into the pipeline's order, which the order of their ends would else decide.

    Args:
        lock: the file; nothing happens where there is none.
        order: all stages' names. Others that the file still has come last.
    """
    if not lock.is_file():
        return
    text = lock.read_text()
    head, begin, rest = text.partition("stages:\n")
    blocks: dict[str, list[str]] = {}
    for line in rest.splitlines(keepends=True):
        if top := _TOP.match(line):
            current = blocks.setdefault(top[1].strip("'\""), [])
        current.append(line)
    place = {name: k for k, name in enumerate(order)}
    names = sorted(blocks, key=lambda name: (place.get(name, len(place)), name))
    new = head + begin + "".join(line for name in names for line in blocks[name])
    if new != text:
        with replacing(lock) as temporary:
            temporary.write_text(new)


def dvc(project: Project, environment: Mapping[str, str], *arguments: str) -> str:
    """What a DVC command prints.

    Raises:
        UserError: it failed; with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=project.root, env=dict(environment),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise UserError(f"dvc {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def out_of_date(project: Project, environment: Mapping[str, str]) -> set[str]:
    """The stages that DVC finds changed: their code, their parameters, or what they made."""
    said = dvc(project, environment, "status", "--json")
    return set(json.loads(said or "{}"))


def side_by_side(
    project: Project,
    targets: Sequence[str],
    *,
    jobs: int,
    environment: Mapping[str, str] | None = None,
    force: bool = False,
    say: Callable[[str], None] = print,
) -> int:
    """`dvc repro` with up to `jobs` stages at once.

    Args:
        project: in whose folder the pipeline lies.
        targets: stages, as `dvc repro` names them, or the name of a `foreach`; all where none is named.
        jobs: how many at once.
        environment: of DVC and the stages; this process's where it is None.
        force: run every stage, up to date or not.
        say: takes a line for the reader.

    Returns:
        The exit status: 0, that of the first stage that failed, or 130 after Ctrl-C.

    Raises:
        UserError: there is no such stage, or DVC cannot read the pipeline.
    """
    environment = dict(os.environ) if environment is None else environment
    graph = Graph.from_dot(dvc(project, environment, "dag", "--dot"))
    stages = chosen(graph, targets)
    if not force:
        stages &= graph.downstream(out_of_date(project, environment) & set(graph.before))
    if not stages:
        say("nothing to do: every stage is up to date")
        return 0
    return run_stages(project, graph, stages, jobs=jobs, environment=environment, force=force, say=say)
