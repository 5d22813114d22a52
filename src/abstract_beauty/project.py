"""Where the repository's folders are."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from abstract_beauty.errors import UserError

PACKAGE = Path(__file__).resolve().parent  # models/reference lies in it where it is installed without a clone
# Names the chapter that the pipeline runs, whose figures are published.
PUBLISHING = "ABSTRACT_BEAUTY_CHAPTER"


@dataclass(frozen=True)
class Project:
    """The repository a command works in, and the folders in it that stages read and write."""

    root: Path
    stale: frozenset[str] = frozenset()  # stages whose results other code made, so that they are not read
    part_of: "Project | None" = None  # that in whose scratch folder this one lies, for other pictures

    @property
    def home(self) -> Path:
        """From where folders are named; this and what follows from it is the same for a project in scratch."""
        return self.part_of.home if self.part_of else self.root

    @property
    def params(self) -> Path:
        """The parameters of every experiment."""
        return self.home / "params.yaml"

    @property
    def data(self) -> Path:
        """Prepared pictures: `train/`, `test/`, `manifest.json`."""
        return self.root / "data"

    @property
    def run(self) -> Path:
        """Weights that this repository's own pipeline trained."""
        return self.root / "models" / "run"

    @property
    def reference(self) -> Path:
        """Weights of the reference run, in git."""
        return self.home / "models" / "reference"

    @property
    def results(self) -> Path:
        """Metrics (JSON), curves (CSV) and figures, in git."""
        return self.root / "results"

    @property
    def scratch(self) -> Path:
        """Unfinished and interactive runs, keyed by the hash of their configuration; never in git."""
        return self.root / ".scratch"


def find_project(or_package: bool = False) -> Project:
    """The project of `$ABSTRACT_BEAUTY_ROOT`, else of the working folder or one above it, else the package's own clone.

    `or_package`: where there is none, the package itself, for the reference run's weights that it may hold. UserError:
    there is none, or the one found has code of its own and other code is running.
    """
    named = os.environ.get("ABSTRACT_BEAUTY_ROOT")
    here = Path.cwd()
    candidates = [Path(named)] if named else [here, *here.parents, PACKAGE.parents[1]]
    for folder in candidates:
        # unlike Path.is_file, no name is too long for it
        found = all(os.path.isfile(folder / name) for name in ("params.yaml", "dvc.yaml"))
        if found and (named or _is_ours(folder)):
            project = Project(folder.resolve())
            check_source(project.root)
            return project
    if or_package and not named:
        return Project(PACKAGE)
    raise UserError(
        f"{candidates[0]}: no params.yaml and dvc.yaml of this project here or above; run inside a clone of the "
        "repository, or name it in ABSTRACT_BEAUTY_ROOT"
    )


def _is_ours(folder: Path) -> bool:
    """Whether a folder with parameters and a pipeline is of this project; others run DVC too."""
    if os.path.isdir(folder / "src" / "abstract_beauty"):
        return True
    try:
        params = (folder / "params.yaml").read_bytes()
    except OSError:
        return True  # whoever reads it next says so
    return b"predictors" in params and b"improvers" in params


def check_source(root: Path) -> None:
    """UserError if a clone, a worktree or an experiment's copy is worked on by the code of another one.

    An environment runs the clone that it was made in, wherever it is used: a change of another one's code would do
    nothing, and what came out would be recorded as the change's.
    """
    own, running = root / "src" / "abstract_beauty", Path(__file__).parent
    if own.is_dir() and not own.samefile(running):
        raise UserError(
            f"{root}: has code of its own, but {running} is running; set PYTHONPATH={own.parent}, "
            "or use the environment made there (make env)"
        )


def located(root: Path, folders: Iterable[str]) -> tuple[str, ...]:
    """Folders as they are named in params.yaml: from the project's root, or from the home folder after `~`."""
    return tuple(str(root / os.path.expanduser(folder)) for folder in folders)


def git(folder: Path, *arguments: str) -> str:
    """What git says in a folder; nothing where it fails, or is not installed."""
    try:
        found = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)
        return found.stdout.decode().strip()
    except (OSError, ValueError, subprocess.CalledProcessError):
        return ""


def checked_out(root: Path) -> str:
    """The commit of a checkout, "+changes" after it where files differ from it; "unknown" where there is none."""
    commit = git(root, "rev-parse", "HEAD")
    return commit + ("+changes" if git(root, "status", "--porcelain") else "") if commit else "unknown"
