"""Kill the pipeline's work at random moments, and see that the same command again ends as if nothing had happened.

    python -m abstract_beauty.pipeline.kills --kills 200 --out results/trust/kills.json

Each victim runs in a child of this process, forked after the libraries were imported: a new interpreter would spend
seconds on that, in which there is nothing to kill. What a fork cannot show, a kill during those imports, has no state
to lose. The networks are tiny and save after every second step, and half of the moments are put off until the child
is writing, since a write is short.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning.fabric  # noqa: F401 - before the fork, for every child
import torch
import torch._dynamo  # as well: optimizers import it when they are made
from PIL import Image
from ruamel.yaml import YAML
from safetensors import safe_open

from abstract_beauty import cli, experiments  # noqa: F401 - as well
from abstract_beauty.book.run_card import today
from abstract_beauty.errors import UserError, one_line
from abstract_beauty.experiments import notebook as run_notebook
from abstract_beauty.files import write_json
from abstract_beauty.params import merge, parse_params, read_yaml
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.machine import machine

_TINY = {
    "data": {"generated": 2, "generated_size": 128, "short_side": 128},
    "linear": {"crops": 250},
    "predictors": {
        "article": {"width": 4, "steps": 60, "batch": 2},
        "good": {"width": 12, "steps": 40, "batch": 1, "crop": 128},
        "bad": {"width": 12, "steps": 4, "batch": 1, "crop": 128},
    },
    "improvers": {"held": {"width": 4, "steps": 30, "batch": 1, "crop": 128}},
    "training": {"accelerator": "cpu", "precision": "32-true", "log_every": 2, "checkpoint_every": 2},
}
_NOTEBOOK = """# %% tags=["parameters"]
data = {}

# %%
numbers = [k * k for k in range(10)]
print(data["generated"], sum(numbers))
"""


@dataclass(frozen=True)
class Victim:
    """A piece of work: what runs it, what it leaves, and its share of the kills."""

    run: Callable[[], int]
    outcomes: tuple[str, ...]  # paths in the project; what is there when it has ended
    share: int


@dataclass
class Count:
    """What happened to one victim."""

    kills: int = 0
    in_a_write: int = 0  # kills that left a half-written file under its temporary name
    ended: int = 0  # times that it came to its end, killed before or not
    identical: int = 0  # of those, how often every byte was that of a run which nothing disturbed
    leftovers: int = 0  # half-written files that were still there at such an end


def victims(root: Path) -> dict[str, Victim]:
    """The pieces of work of a project."""

    def command(*arguments: str) -> Callable[[], int]:
        return lambda: cli.main([*arguments, "--quiet"])

    script, executed = root / "notebooks" / "tiny.py", root / "book" / "notebooks" / "tiny.ipynb"
    return {
        "data": Victim(command("data"), ("data", "results/data.json"), 3),
        "predictor.article": Victim(
            command("train", "predictor.article"),
            ("models/run/predictors/article.safetensors", "results/predictors/article.csv"),
            5,
        ),
        "predictor.good": Victim(
            command("train", "predictor.good"),
            ("models/run/predictors/good.safetensors", "results/predictors/good.csv"),
            5,
        ),
        "improver.held": Victim(
            command("train", "improver.held"),
            ("models/run/improvers/held.safetensors", "results/improvers/held.csv"),
            4,
        ),
        "notebook": Victim(
            lambda: run_notebook.main([str(script), str(executed)]), ("book/notebooks/tiny.ipynb",), 1
        ),
    }


def make_project(root: Path) -> Project:
    """A project of tiny networks in an empty folder."""
    own = find_project()
    tree = merge(read_yaml(own.params), _TINY)
    parse_params(tree)
    (root / "notebooks").mkdir(parents=True)
    shutil.copyfile(own.root / "dvc.yaml", root / "dvc.yaml")
    with open(root / "params.yaml", "w") as file:
        YAML().dump(tree, file)
    (root / "notebooks" / "tiny.py").write_text(_NOTEBOOK)
    return Project(root)


def _start(run: Callable[[], int], log: Path) -> int:
    """Run in a forked child, as a stage of the pipeline would; returns its process id."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        os.environ["DVC_STAGE"] = "kills"
        for stream in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        status = run()
    finally:
        os._exit(status)


def _files(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.is_file())


def half_written(root: Path) -> list[Path]:
    """Temporary files and folders of writers, finished or not."""
    # os.walk passes over folders that the run removes meanwhile; Path.rglob raises.
    walked = ((folder, name) for folder, folders, names in os.walk(root) for name in (*folders, *names))
    return [Path(folder, name) for folder, name in walked if ".partial" in name]


def check_whole(root: Path) -> None:
    """UserError names a file that is half-written under a final name."""
    for path in _files(root):
        if ".partial" in str(path.relative_to(root)):
            continue
        try:
            if path.suffix == ".safetensors":
                with safe_open(path, framework="pt") as file:
                    for name in file.keys():  # noqa: SIM118 - not a dict
                        file.get_tensor(name)
            elif path.suffix in (".json", ".ipynb"):
                json.loads(path.read_text())
            elif path.suffix == ".png":
                with Image.open(path) as image:
                    image.load()
            elif path.suffix == ".csv" and not path.read_text().endswith("\n"):
                raise ValueError("ends within a line")
        except Exception as error:
            raise UserError(f"{path}: is half-written ({error})") from error


def _fingerprint(root: Path, outcomes: tuple[str, ...]) -> str:
    """One hash of the names and bytes of what a victim left."""
    found = hashlib.sha256()
    for path in (root / outcome for outcome in outcomes):
        for file in _files(path) if path.is_dir() else [path]:
            found.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    return found.hexdigest()


def _remove(root: Path, outcomes: tuple[str, ...]) -> None:
    for path in (root / outcome for outcome in outcomes):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _wait(child: int, root: Path, seconds: float, for_write: bool, at_all: bool) -> tuple[int, int]:
    """Let a child run for so long and, if asked, on until it is writing; its id and status if it ends meanwhile."""
    if not at_all:
        return 0, 0
    time.sleep(seconds)
    while True:
        died, status = os.waitpid(child, os.WNOHANG)
        if died or not for_write or half_written(root):
            return died, status


def _end(child: int, log: Path) -> None:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise UserError(f"a run ended with status {status}: {log.read_text()[-2000:]}")


def kill_at_random(
    root: Path,
    kills: int,
    seed: int = 0,
    only: tuple[str, ...] | None = None,
    say: Callable[[str], Any] = print,
) -> dict[str, Count]:
    """Kill each victim at moments drawn from its whole duration, until there were `kills` of them in all.

    Args:
        root: an empty folder, for a project of tiny networks.
        kills: how many, over all victims.
        seed: of the moments.
        only: names of victims; None for all.
        say: is told, a line a victim, how it went.

    Raises:
        UserError: a run failed, a file was half-written under its final name, or a run that was killed ended otherwise
            than an undisturbed one; the line says which.
    """
    make_project(root)
    os.environ["ABSTRACT_BEAUTY_ROOT"] = str(root)
    log, moments = root.with_name(f"{root.name}.log"), random.Random(seed)
    chosen = {name: one for name, one in victims(root).items() if only is None or name in only}
    shares = sum(one.share for one in chosen.values())
    counts = {}
    for name, victim in victims(root).items():
        began = time.monotonic()
        _end(_start(victim.run, log), log)
        lasts = time.monotonic() - began
        if name not in chosen:
            continue
        undisturbed = _fingerprint(root, victim.outcomes)
        count = counts[name] = Count()
        due = kills * victim.share // shares
        if name == next(iter(chosen)):
            due += kills - sum(kills * one.share // shares for one in chosen.values())
        _remove(root, victim.outcomes)
        killed = True
        while count.kills < due or killed:
            killed = False
            child = _start(victim.run, log)
            died, status = _wait(
                child, root, moments.uniform(0, lasts), moments.random() < 0.5, count.kills < due
            )
            if died:
                if status:
                    raise UserError(f"{name}: failed after a kill: {log.read_text()[-2000:]}")
            elif count.kills < due:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                count.kills += 1
                killed = True
                count.in_a_write += bool(half_written(root))
                check_whole(root)
                continue
            else:
                _end(child, log)
            count.ended += 1
            count.identical += _fingerprint(root, victim.outcomes) == undisturbed
            count.leftovers += len(half_written(root))
            if count.identical < count.ended or count.leftovers:
                raise UserError(
                    f"{name}: after {count.kills} kills (seed {seed}) it ended otherwise than undisturbed, "
                    f"or left {half_written(root)}"
                )
            if count.kills < due:
                _remove(root, victim.outcomes)
        say(f"{name}: {asdict(count)}")
    return counts


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; exit status 2 after one line when a kill did harm."""
    parser = argparse.ArgumentParser(description="Kill the pipeline's work at random moments.")
    parser.add_argument("--kills", type=int, default=200, metavar="N", help="over all (default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments (default: 0)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the counts into FILE")
    options = parser.parse_args(arguments)
    out = options.out and options.out.resolve()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        counts = kill_at_random(Path(folder, "project"), options.kills, options.seed)
        if out:
            found = {name: asdict(count) for name, count in counts.items()}
            total = {key: sum(row[key] for row in found.values()) for key in asdict(Count())}
            head = {"date": today(), "seed": options.seed, "device": machine("cpu")["device"]}
            head["seconds"] = round(time.monotonic() - began)
            write_json(out, {**head, **total, "victims": found})
    return 0


if __name__ == "__main__":
    torch.set_num_threads(1)  # a fork does not bring the other threads along
    sys.exit(main())
