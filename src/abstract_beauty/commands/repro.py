"""Run the pipeline: each stage that is out of date, several at once.

    python -m abstract_beauty.commands.repro                      at the default scale, in the repository
    python -m abstract_beauty.commands.repro --profile smoke      with profiles/smoke.yaml, in .profiles/smoke

A profile has a working copy of its own, so that it never overwrites the results of another; all share one DVC cache.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from abstract_beauty.commands.arguments import count
from abstract_beauty.commands.scheduler import run
from abstract_beauty.errors import UserError, one_line
from abstract_beauty.files import replacing
from abstract_beauty.params import Params, load_params, parse_params, read_yaml, with_profile
from abstract_beauty.project import Project, checked_out, find_project
from abstract_beauty.training.machine import cores

_OWN = ("results/", "dvc.lock", "params.yaml")  # what a profile makes for itself, of what git lists
# Of results/, what no stage makes: the reference run's, what was measured by hand, and how the whole was checked.
GIVEN = tuple(f"results/{name}" for name in ("reference/", "runs/", "trust/", "attempts.json", "bench.json"))


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
    data, ratings = tree.get("data", {}), tree.get("ratings", {})
    others = ratings.get("others", {})
    lists = [(tree.get("evaluation", {}), ["elsewhere"]), (ratings, ["folders"]), (others, [*others])]
    lists += [(data, ["train", "test"])] if data.get("source") == "folder" else []
    for section, keys in lists:
        for key in section.keys() & keys:
            section[key] = [os.path.relpath(project.root / path, folder) for path in section[key]]
    return tree


def _copy_files(root: Path, folder: Path) -> None:
    """Bring `folder` up to date with the files that git lists; what is gone there goes here."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise UserError(f"{root}: a profile needs a git checkout ({listed.stderr.strip()})")
    names = sorted(name for name in listed.stdout.split("\0") if (root / name).is_file())
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


def jobs_for(params: Params) -> int:
    """How many stages this machine has cores for; one where each takes all cores, or where they would share a GPU."""
    if not params.threads or (params.training.accelerator != "cpu" and shutil.which("nvidia-smi")):
        return 1
    return max(1, min(8, cores() // params.threads))  # a gigabyte or two each


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Run the pipeline from the command line."""
    parser = argparse.ArgumentParser(description="Run every stage that is out of date.")
    parser.add_argument("--profile", default="default", help="default, or a name in profiles/")
    parser.add_argument("--force", action="store_true", help="run every stage, up to date or not")
    parser.add_argument("--jobs", type=count, help="stages at once (default: as there are cores for)")
    parser.add_argument("targets", nargs="*", help="stages; all when none is named")
    options = parser.parse_args(arguments)
    project = find_project()
    load_params(project.params)
    if options.profile != "default":
        project = make_copy(project, options.profile)
    # What ends this ends its stages; a shell that starts it in the background has Ctrl-C ignored, nohup the last.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number == signal.SIGINT or signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    jobs = options.jobs or jobs_for(load_params(project.params))
    try:
        return run(project, options.targets, options.force, jobs=jobs)
    except KeyboardInterrupt:
        print("interrupted; the same command again goes on where it was", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
