"""`abstract-beauty repro`: run each stage of the pipeline that is out of date, several at once.

A profile has a working copy of its own, so that it never overwrites the results of another; all share one DVC cache.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

from ruamel.yaml import YAML
from tqdm.auto import tqdm

from abstract_beauty.errors import UserError, counted
from abstract_beauty.files import replacing
from abstract_beauty.params import Params, load_params, parse_params, read_yaml, with_profile
from abstract_beauty.project import Project, checked_out, find_project, git, located
from abstract_beauty.training.machine import cores

_OWN = ("results/", "dvc.lock", "params.yaml")  # what a profile makes for itself, of what git lists
# Of results/, what no stage makes: the reference run's, what was measured by hand, and how the whole was checked.
GIVEN = tuple(f"results/{name}" for name in ("reference/", "runs/", "trust/", "attempts.json", "bench"))


def make_copy(project: Project, profile: str, name: str | None = None, cache: Path | None = None) -> Project:
    """The profile's working copy, .profiles/NAME, brought up to date with the repository.

    Unless another is given, DVC's cache is the repository's, so that what one profile made another finds.
    """
    folder = project.root / ".profiles" / (name or profile)
    tree = profile_params(project, profile, folder)
    _copy_files(project.root, folder)
    (folder / ".commit").write_text(checked_out(project.root) + "\n")
    modules = folder / "node_modules"
    modules.unlink(missing_ok=True)  # perhaps to where the repository was before it was moved
    if (project.root / modules.name).is_dir():
        modules.symlink_to(project.root / modules.name)
    with replacing(folder / "params.yaml") as temporary:
        YAML().dump(tree, temporary)
    local = f"[core]\n    no_scm = true\n[cache]\n    dir = {cache or project.root / '.dvc' / 'cache'}\n"
    (folder / ".dvc" / "config.local").write_text(local)
    return Project(folder)


def profile_params(project: Project, profile: str, folder: Path) -> dict:
    """params.yaml with the profile laid over it, its paths as they are from `folder`."""
    overrides = project.root / "profiles" / f"{profile}.yaml"
    if profile != "default" and not overrides.is_file():
        there = ", ".join(sorted(file.stem for file in overrides.parent.glob("*.yaml")))
        raise UserError(f"{profile}: there is no such profile; there are default, {there}")
    tree = with_profile(read_yaml(project.params), read_yaml(overrides) if profile != "default" else {})
    parse_params(tree, f"profiles/{overrides.name}")
    for section, key in _of_folders(tree):
        section[key] = [os.path.relpath(path, folder) for path in located(project.root, section[key])]
    return tree


def _of_folders(tree: dict) -> list[tuple[dict, str]]:
    """The entries of params that name folders of pictures: each as its section and key."""
    data, ratings, faces = (tree.get(name, {}) for name in ("data", "ratings", "faces"))
    lists = [(tree.get("evaluation", {}), ["elsewhere"]), (ratings, ["folders"]), (faces, ["rated"])]
    lists += [(tree.get("beauty", {}), ["folders"])]
    lists += [(named, [*named]) for named in (ratings.get("others", {}), faces.get("train", {}))]
    lists += [(data, ["train", "test"])] if data.get("source") == "folder" else []
    return [(section, key) for section, keys in lists for key in section.keys() & keys]


def check_folders(copy: Project, profile: str) -> None:
    """UserError where a folder of pictures that a profile names is missing, before any stage begins."""
    named = [
        path
        for section, key in _of_folders(read_yaml(copy.params))
        for path in located(copy.root, section[key])
    ]
    if gone := sorted({os.path.normpath(path) for path in named if not os.path.isdir(path)}):
        more = f" (nor {len(gone) - 1} others that it names)" if len(gone) > 1 else ""
        mend = "the book's page Run it yourself says where pictures come from"
        raise UserError(f"profiles/{profile}.yaml: there is no folder {gone[0]}{more}; {mend}")


def _copy_files(root: Path, folder: Path) -> None:
    """Bring `folder` up to date with the files that git lists; what is gone there goes here."""
    names = sorted(name for name in _listed(root) if (root / name).is_file())
    names = [name for name in names if name.startswith(GIVEN) or not name.startswith(_OWN)]
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / ".files"
    for stale in set(record.read_text().splitlines() if record.is_file() else []) - {*names}:
        (folder / stale).unlink(missing_ok=True)
    record.write_text("\n".join(names))
    for name in names:
        source, target = root / name, folder / name
        if not target.is_file() or source.read_bytes() != target.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _listed(root: Path) -> list[str]:
    """The files that git lists, or would list if `root` were a checkout."""
    with tempfile.TemporaryDirectory() as empty:
        git = ["git"] if (root / ".git").exists() else ["git", f"--git-dir={empty}", f"--work-tree={root}"]
        listing = [*git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        try:
            if git != ["git"]:
                subprocess.run(["git", "init", "--quiet", "--bare", empty], check=True, capture_output=True)
            found = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = str(getattr(error, "stderr", None) or error).strip()
            raise UserError(f"{root}: a profile needs git, which lists what is copied ({why})") from error
    return found.stdout.split("\0")


def tell_dvc_of_git(root: Path) -> None:
    """Let DVC run in a downloaded archive, which is no git checkout; and with git again where it became one."""
    local = root / ".dvc" / "config.local"
    told = local.is_file() and "no_scm" in local.read_text()
    if not told and not any((folder / ".git").exists() for folder in (root, *root.parents)):
        _dvc(Project(root), os.environ, "config", "--local", "core.no_scm", "true")
    if told and (root / ".git").exists():
        _dvc(Project(root), os.environ, "config", "--local", "--unset", "core.no_scm")


def jobs_for(params: Params) -> int:
    """How many stages this machine has cores for; one where each takes all cores, or where they would share a GPU."""
    if not params.threads or (params.training.accelerator != "cpu" and shutil.which("nvidia-smi")):
        return 1
    return max(1, min(8, cores() // params.threads))  # a gigabyte or two each


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


def outcome(log: Path, status: int, spent: str) -> str:
    """How a stage ended, in a few words; the end of its log below them if it failed."""
    said = log.read_text(errors="replace")
    if status:
        # Of a progress bar only its last state.
        lines = filter(None, (line.rsplit("\r", 1)[-1].rstrip() for line in said.split("\n")))
        return "\n".join([f"failed after {spent} ({log})", *[*lines][-30:]])
    left = re.search(r"^Stage '[^']+' (didn't change|is cached)", said, re.MULTILINE)
    return {"didn't change": "unchanged", "is cached": "from the cache"}[left[1]] if left else spent


def environment_of(project: Project) -> dict[str, str]:
    """The environment variables of what runs in a working copy."""
    return {
        **os.environ,
        "ABSTRACT_BEAUTY_ROOT": str(project.root),
        # So that `python` in a stage is this one, whether or not the environment was activated.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


def run(
    project: Project,
    force: bool,
    settings: Mapping[str, str] | None = None,
    jobs: int = 1,
    without: Collection[str] = (),
) -> int:
    """`dvc repro` with up to `jobs` stages at once, each as soon as what it needs is there; a line for each done.

    DVC runs one stage after another; several `dvc repro`, one a stage, use more of a machine. A stage computes with as
    many threads as params.yaml says, so what comes out does not depend on how many run beside it.

    Of the stages that may begin, the one that most others wait for is first. After one fails no other begins. Returns
    0, or the exit status of the first that failed. `settings` are environment variables beyond this process's own;
    stages that `without` names, and those that need them, are left out.
    """
    environment = environment_of(project) | dict(settings or {})
    before = read_graph(_dvc(project, environment, "dag", "--dot"))
    after = {name: {other for other in before if name in before[other]} for name in before}
    stages = {*before}
    if not force:
        changed = json.loads(_dvc(project, environment, "status", "--json") or "{}")
        stages = closed(before.keys() & changed, after)
    stages -= closed({name for name in before if name.partition("@")[0] in without}, after)
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
                said = outcome(log, status, spent[name])
                with bar.external_write_mode(sys.stdout):
                    print(f"[{done:{width}}/{len(stages)}] {name}  {said}", flush=True)
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
    return failed


def end_with_stages() -> None:
    """Let what ends this process end the stages that it runs: each such signal is an interrupt from now on.

    A shell that starts it in the background has Ctrl-C ignored, nohup the last.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number == signal.SIGINT or signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _dvc(project: Project, environment: Mapping[str, str], *arguments: str) -> str:
    """What a DVC command prints; UserError with what it said if it fails."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"dvc {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def beside_commit(root: Path) -> str:
    """Whether what the stages made, as far as git keeps it, is what was committed, in a line; "" outside a checkout."""
    if not git(root, "ls-tree", "--name-only", "HEAD", "dvc.lock"):
        return ""
    if not (names := git(root, "diff", "HEAD", "--name-only", "--", "dvc.lock", "results").splitlines()):
        return "results/ and dvc.lock are the same as committed, to the byte"
    return f"not as committed: {counted(len(names), 'file')}, see `git diff --stat HEAD -- dvc.lock results`"


def repro_command(options: argparse.Namespace) -> int:
    """Run the pipeline; returns the exit status of the first stage that failed, or 0."""
    project = find_project()
    load_params(project.params)
    try:
        tempfile.TemporaryFile(dir=project.root).close()
    except OSError as error:
        mend = "copy the folder to where it can, and run it there"
        raise UserError(f"{project.root}: cannot be written into ({error.strerror}); {mend}") from error
    if options.profile != "default":
        project = make_copy(project, options.profile)
        check_folders(project, options.profile)
    tell_dvc_of_git(project.root)
    end_with_stages()
    status = run(project, options.force, jobs=options.jobs or jobs_for(load_params(project.params)))
    if not status and (said := beside_commit(project.root)):
        print(said)
    return status
