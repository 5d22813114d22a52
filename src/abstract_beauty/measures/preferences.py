"""Which of two pictures did people prefer? Bradley and Terry's model of paired choices, with bootstrap intervals."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from abstract_beauty.errors import UserError

FORMAT = "abstract-beauty preferences 1"
RESAMPLES = 500
# Weight of the squared log strengths beside the likelihood: without it the strength of what won or lost every time is
# infinite.
PRIOR = 0.1
LARGEST = 10 * 2**20  # bytes of a file of choices
MOST_NAMES, MOST_CHOICES = 100, 20_000  # the model's matrices and the resampling grow with them


@dataclass(frozen=True)
class Choice:
    """One choice of one person: of two ways to show one picture, the preferred."""

    picture: str
    winner: str
    loser: str


@dataclass(frozen=True)
class Strength:
    """How strongly a way to show pictures is preferred.

    Attributes:
        name: of the way, for example "original".
        value: Bradley and Terry's log strength less that of the reference; 0 is a tie, log 3 three of four choices.
        low, high: bootstrap interval of 95 %, whole files of choices (people) resampled where there are several.
        wins, choices: how often it was chosen, of how many pairs that it was in.
    """

    name: str
    value: float
    low: float
    high: float
    wins: int
    choices: int


def read_choices(path: Path) -> list[Choice]:
    """The choices of one saved file.

    Raises:
        UserError: the file is missing, too large, or not what the page saves; the entry is named.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited upon for ever
        raise UserError(f"{path}: is not a regular file; name one that the page saved")
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: is larger than {LARGEST >> 20} MiB; a file of choices never is")
        saved: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not JSON ({str(error).splitlines()[0]})") from error
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise UserError(f"{path}: is not a file of choices; its 'format' must be {FORMAT!r}")
    entries = saved.get("choices")
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{path}: holds no choices")
    found = []
    for at, entry in enumerate(entries, start=1):
        keys = ("picture", "winner", "loser")
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in keys):
            raise UserError(f"{path}: choice {at}: needs {', '.join(keys)}, each a text")
        if entry["winner"] == entry["loser"]:
            raise UserError(f"{path}: choice {at}: '{entry['winner']}' is compared with itself")
        found.append(Choice(*(entry[key] for key in keys)))
    return found


def _fit(choices: Sequence[Choice], names: Sequence[str]) -> np.ndarray:
    import choix  # it brings scipy.stats: most of a second that every other command would wait for

    number = {name: at for at, name in enumerate(names)}
    pairs = [(number[one.winner], number[one.loser]) for one in choices]
    return choix.opt_pairwise(len(names), pairs, alpha=PRIOR)


def strengths(
    files: Sequence[Sequence[Choice]], reference: str = "original", seed: int = 0
) -> list[Strength]:
    """Bradley and Terry's strengths (1952) of all ways to show a picture, strongest first.

    Args:
        files: the choices, a list a person.
        reference: which strength is 0.
        seed: of the bootstrap.

    Raises:
        UserError: there is no choice, none is about the reference, or there are too many.
    """
    choices = [one for file in files for one in file]
    names = sorted({name for one in choices for name in (one.winner, one.loser)})
    if reference not in names:
        raise UserError(f"{reference}: no choice is about it; there are {', '.join(names) or 'none'}")
    if len(names) > MOST_NAMES or len(choices) > MOST_CHOICES:
        raise UserError(
            f"preferences: {len(choices)} choices between {len(names)} versions; "
            f"at most {MOST_CHOICES} between {MOST_NAMES}"
        )
    base = names.index(reference)
    fitted = _fit(choices, names)
    rng = np.random.default_rng(seed)
    groups = list(files) if len(files) > 1 else [[one] for one in choices]
    samples = []
    for _ in range(RESAMPLES):
        drawn = [one for at in rng.integers(0, len(groups), len(groups)) for one in groups[at]]
        sample = _fit(drawn, names)
        samples.append(sample - sample[base])
    low, high = np.quantile(samples, [0.025, 0.975], axis=0)
    found = [
        Strength(
            name,
            float(fitted[at] - fitted[base]),
            float(low[at]),
            float(high[at]),
            sum(one.winner == name for one in choices),
            sum(name in (one.winner, one.loser) for one in choices),
        )
        for at, name in enumerate(names)
    ]
    return sorted(found, key=lambda one: (-one.value, one.name))
