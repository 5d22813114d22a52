"""Run the pipeline, saying which stage of how many it is at.

    python -m abstract_beauty.commands.repro                      at the default scale, in the repository
    python -m abstract_beauty.commands.repro --profile smoke      with profiles/smoke.yaml, in .profiles/smoke
    python -m abstract_beauty.commands.repro --jobs 1             one stage after another, as `dvc repro` does

A profile has a working copy of its own, so that it never overwrites the results of another; all share one DVC cache.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from abstract_beauty.commands.side_by_side import AT_MOST, side_by_side
from abstract_beauty.errors import UserError, one_line
from abstract_beauty.files import replacing
from abstract_beauty.params import Params, load_params, parse_params, read_yaml, with_profile
from abstract_beauty.project import Project, checked_out, find_project
from abstract_beauty.training.machine import cores

# What a profile makes for itself.
_OWN = ("results/", "dvc.lock", "params.yaml", "data/", "models/run/", ".dvc/config.local", ".dvc/tmp/")
# Of results/, what no stage makes: the reference run's, what was measured by hand, and how the whole was checked.
GIVEN = (
    "results/reference/",
    "results/runs/",
    "results/trust/",
    "results/attempts.json",
    "results/bench.json",
)
_RUNNING = re.compile(r"^Running stage '([^']+)'")
_SKIPPED = re.compile(r"^Stage '([^']+)' (didn't change|is cached)")
_CHATTER = re.compile(
    r"^(> |To track the changes|To enable auto|Use `dvc push`|Updating lock file|Generating lock file"
    r"|\s*dvc config|\s*git add|$)"
)


def stage_count(pipeline: Mapping[str, Any], params: Mapping[str, Any]) -> int:
    """How many stages a dvc.yaml has, each `foreach` counted out."""
    count = 0
    for stage in pipeline["stages"].values():
        items = stage.get("foreach", [None])
        if isinstance(items, str):
            items = params[items.removeprefix("${").removesuffix("}")]
        count += len(items)
    return count


def make_copy(project: Project, profile: str, name: str | None = None, cache: Path | None = None) -> Project:
    """The profile's working copy, brought up to date with the repository: .profiles/NAME.

    Args:
        profile: "default" (params.yaml as it is), or a name in profiles/.
        name: of the copy's folder; the profile's if None.
        cache: DVC's cache for the copy; the repository's if None.

    Raises:
        UserError: there is no such profile, or its values are wrong.
    """
    overrides = project.root / "profiles" / f"{profile}.yaml"
    if profile != "default" and not overrides.is_file():
        there = ", ".join(sorted(file.stem for file in overrides.parent.glob("*.yaml")))
        raise UserError(f"{profile}: there is no such profile; there are default, {there}")
    tree = with_profile(read_yaml(project.params), read_yaml(overrides) if profile != "default" else {})
    parse_params(tree, f"profiles/{overrides.name}")
    folder = project.root / ".profiles" / (name or profile)
    folder.mkdir(parents=True, exist_ok=True)
    # Paths are relative to the repository; the copy lies deeper.
    moved = [("evaluation", "elsewhere"), ("ratings", "folders")]
    if tree.get("data", {}).get("source") == "folder":
        moved += [("data", "train"), ("data", "test")]
    lists = [(tree.get(section, {}), key) for section, key in moved]
    others = tree.get("ratings", {}).get("others") or {}
    for section, key in [*lists, *((others, name) for name in others)]:
        if paths := section.get(key):
            section[key] = [os.path.relpath(project.root / path, folder) for path in paths]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=project.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        raise UserError(f"{project.root}: a profile needs a git checkout ({listed.stderr.strip()})")
    names = {
        name
        for name in listed.stdout.split("\0")
        if name and (name.startswith(GIVEN) or not name.startswith(_OWN))
    }
    record = folder / ".files"
    for stale in set(record.read_text().splitlines() if record.is_file() else []) - names:
        (folder / stale).unlink(missing_ok=True)
    for name in sorted(names):
        source, target = project.root / name, folder / name
        if source.is_file() and (not target.is_file() or source.read_bytes() != target.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    record.write_text("\n".join(sorted(names)))
    (folder / ".commit").write_text(checked_out(project.root) + "\n")
    for name in ("node_modules",):
        if (folder / name).is_symlink():  # perhaps to where the repository was before it was moved
            (folder / name).unlink()
        if (project.root / name).is_dir() and not (folder / name).exists():
            (folder / name).symlink_to(project.root / name)
    with replacing(folder / "params.yaml") as temporary, open(temporary, "w") as file:
        yaml = YAML()
        yaml.dump(tree, file)
    # Not under git, and with the repository's cache, so that what one profile made another finds.
    local = f"[core]\n    no_scm = true\n[cache]\n    dir = {cache or project.root / '.dvc' / 'cache'}\n"
    (folder / ".dvc" / "config.local").write_text(local)
    return Project(folder)


def say_at_once(line: str) -> None:
    """Print a line, also where the output is a file."""
    print(line, flush=True)


def run(
    project: Project,
    targets: list[str],
    force: bool,
    settings: Mapping[str, str] | None = None,
    say: Callable[[str], None] = say_at_once,
    jobs: int = 1,
) -> int:
    """`dvc repro` in the project's folder, its chatter reduced to a line a stage; returns its exit status.

    Args:
        settings: environment variables for it, beyond this process's own.
        say: is given each line.
        jobs: how many stages at once.

    Raises:
        UserError: with several jobs, a target is no stage, or DVC cannot read the pipeline.
    """
    environment = {
        **os.environ,
        "ABSTRACT_BEAUTY_ROOT": str(project.root),
        "PYTHONPATH": str(project.root / "src"),
        # So that `python` in a stage is this one, whether or not the environment was activated.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "DVC_NO_ANALYTICS": "1",
        "PYTHONUNBUFFERED": "1",
        **(settings or {}),
    }
    if jobs > 1:
        return side_by_side(project, targets, jobs=jobs, environment=environment, force=force, say=say)
    total = stage_count(read_yaml(project.root / "dvc.yaml"), read_yaml(project.params))
    command = [sys.executable, "-m", "dvc", "repro", *(["--force"] if force else []), *targets]
    seen = 0
    running = subprocess.Popen(command, cwd=project.root, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        for line in running.stdout or ():
            line = line.rstrip("\n")
            if match := _RUNNING.match(line):
                seen += 1
                say(f"[{seen}/{total}] {match[1]}")
            elif _SKIPPED.match(line):
                seen += 1
            elif line.startswith("Data and pipelines are up to date"):
                say("nothing to do: every stage is up to date")
            elif not _CHATTER.match(line):
                say(line)
        return running.wait()
    except KeyboardInterrupt:
        running.wait()
        return 130


def jobs_for(params: Params) -> int:
    """How many stages this machine has cores for; one where each takes all cores, or where they would share a GPU."""
    gpu = params.training.accelerator != "cpu" and shutil.which("nvidia-smi")
    return 1 if gpu or not params.threads else max(1, min(AT_MOST, cores() // params.threads))


def at_least_one(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Run the pipeline from the command line."""
    parser = argparse.ArgumentParser(description="Run every stage that is out of date.")
    parser.add_argument("--profile", default="default", help="default, or a name in profiles/")
    parser.add_argument("--force", action="store_true", help="run every stage, up to date or not")
    parser.add_argument(
        "--jobs",
        type=at_least_one,
        metavar="N",
        help="stages at once (default: as many as there are cores for)",
    )
    parser.add_argument("targets", nargs="*", help="stages; all when none is named")
    options = parser.parse_args(arguments)
    project = find_project()
    load_params(project.params)
    if options.profile != "default":
        project = make_copy(project, options.profile)
    jobs = options.jobs or jobs_for(load_params(project.params))
    return run(project, options.targets, options.force, jobs=jobs)


if __name__ == "__main__":
    sys.exit(main())
