"""Kill the pipeline's work at random moments, and see that the same command again ends as if nothing had happened.

    python tests/trust/kills.py --kills 200 --out results/trust/kills.json

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
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import lightning_fabric  # noqa: F401 - before the fork, for every child
import papermill  # noqa: F401 - as well
import torch
import torch._dynamo  # as well: optimizers import it when they are made
from PIL import Image
from records import keep, one_line
from safetensors import safe_open
from tiny import tiny_project

from abstract_beauty import cli
from abstract_beauty.errors import UserError
from abstract_beauty.training.machine import machine

CHANGES = {
    "data": {"generated": 2},
    "predictors": {"article": {"steps": 60, "batch": 2}, "good": {"steps": 40, "batch": 1}},
    "improvers": {"held": {"steps": 30, "batch": 1}},
    "training": {"log_every": 2, "checkpoint_every": 2},
}
NOTEBOOK = """# %% tags=["parameters"]
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


def victims() -> dict[str, Victim]:
    """The pieces of work of a project."""

    def command(*arguments: str) -> Callable[[], int]:
        return lambda: cli.main(arguments)

    def training(kind: str, name: str, share: int) -> Victim:
        run = command("train", f"{kind}.{name}", "--quiet")
        return Victim(run, (f"models/run/{kind}s/{name}.safetensors", f"results/{kind}s/{name}.csv"), share)

    return {
        "data": Victim(command("data", "--quiet"), ("data", "results/data.json"), 3),
        "predictor.article": training("predictor", "article", 5),
        "predictor.good": training("predictor", "good", 5),
        "improver.held": training("improver", "held", 4),
        "notebook": Victim(command("stage", "notebook.tiny"), ("book/notebooks/tiny.ipynb",), 1),
    }


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
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
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


def _waits(child: int, root: Path, seconds: float, for_write: bool) -> bool:
    """Let a child run for so long and, if asked, on until it is writing; False where it ended meanwhile."""
    time.sleep(seconds)
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if not for_write or half_written(root):
            return True
    return False


def _end(child: int, log: Path) -> None:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise UserError(f"a run ended with status {status}: {log.read_text()[-2000:]}")


def _undisturbed(run: Callable[[], int], log: Path) -> float:
    """Let it come to its end; the seconds that it took."""
    began = time.monotonic()
    _end(_start(run, log), log)
    return time.monotonic() - began


def kill_at_random(root: Path, kills: int, seed: int = 0) -> dict[str, Count]:
    """Kill each victim at moments drawn from its whole duration, until there were `kills` of them in all.

    Args:
        root: where a project of tiny networks is made.
        kills: how many, over all victims.
        seed: of the moments.

    Raises:
        UserError: a run failed, a file was half-written under its final name, or a run that was killed ended otherwise
            than an undisturbed one; the line says which.
    """
    tiny_project(root, CHANGES)
    (root / "notebooks").mkdir()
    (root / "notebooks" / "tiny.py").write_text(NOTEBOOK)
    os.environ["ABSTRACT_BEAUTY_ROOT"] = str(root)
    log, moments, counts = root.with_name(f"{root.name}.log"), random.Random(seed), {}
    chosen = victims()
    shares = sum(victim.share for victim in chosen.values())
    due = {name: kills * victim.share // shares for name, victim in chosen.items()}
    due["data"] += kills - sum(due.values())
    for name, victim in chosen.items():
        if name == "predictor.good":  # begins with the linear fill
            _undisturbed(lambda: cli.main(["train", "predictor.linear", "--quiet"]), log)
        lasts = _undisturbed(victim.run, log)
        expected = _fingerprint(root, victim.outcomes)
        count = counts[name] = Count()
        _remove(root, victim.outcomes)
        killed = True
        while count.kills < due[name] or killed:
            child, again = _start(victim.run, log), count.kills < due[name]
            if again and _waits(child, root, moments.uniform(0, lasts), moments.random() < 0.5):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                count.kills += 1
                killed = True
                count.in_a_write += bool(half_written(root))
                check_whole(root)
                continue
            _end(child, log)
            killed = False
            count.ended += 1
            count.identical += _fingerprint(root, victim.outcomes) == expected
            count.leftovers += len(half_written(root))
            if count.identical < count.ended or count.leftovers:
                raise UserError(
                    f"{name}: after {count.kills} kills (seed {seed}) it ended otherwise than undisturbed, "
                    f"or left {half_written(root)}"
                )
            if again:
                _remove(root, victim.outcomes)
        print(f"{name}: {asdict(count)}", flush=True)
    return counts


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; exit status 2 after one line when a kill did harm."""
    parser = argparse.ArgumentParser(description="Kill the pipeline's work at random moments.")
    parser.add_argument("--kills", type=int, default=200, metavar="N", help="over all (default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments (default: 0)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the counts into FILE")
    options = parser.parse_args(arguments)
    out, began = options.out and options.out.resolve(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        counts = kill_at_random(Path(folder, "project"), options.kills, options.seed)
    found = {name: asdict(count) for name, count in counts.items()}
    total = {key: sum(row[key] for row in found.values()) for key in asdict(Count())}
    keep(out, began, seed=options.seed, device=machine("cpu")["device"], **total, victims=found)
    return 0


if __name__ == "__main__":
    torch.set_num_threads(1)  # a fork does not bring the other threads along
    sys.exit(main())
