"""Which of two pictures did people prefer? Bradley and Terry's model of paired choices, with bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json

FORMAT = "abstract-beauty preferences 1"
RESAMPLES = 500
# Weight of the squared log strengths beside the likelihood: without it the strength of what won or lost every time is
# infinite.
PRIOR = 0.1
MOST_NAMES, MOST_CHOICES = 100, 20_000  # the model's matrices and the resampling grow with them


class Choice(NamedTuple):
    """One choice of one person: of two ways to show one picture, the preferred."""

    picture: str
    winner: str
    loser: str


@dataclass(frozen=True)
class Strength:
    """How strongly a way to show pictures is preferred."""

    name: str  # of the way, for example "original"
    value: float  # Bradley and Terry's log strength less the reference's: 0 is a tie, log 3 three of four choices
    low: float  # bootstrap interval of 95 %, whole files (people) resampled where there are several
    high: float
    wins: int  # how often it was chosen,
    choices: int  # of how many pairs that it was in


def read_choices(path: Path) -> list[Choice]:
    """The choices of one saved file; UserError names the entry that is not what the page saves."""
    saved = read_json(path)
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise UserError(f"{path}: is not a file of choices; its 'format' must be {FORMAT!r}")
    entries = saved.get("choices")
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{path}: holds no choices")
    for at, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in Choice._fields):
            raise UserError(f"{path}: choice {at}: needs {', '.join(Choice._fields)}, each a text")
        if entry["winner"] == entry["loser"]:
            raise UserError(f"{path}: choice {at}: '{entry['winner']}' is compared with itself")
    return [Choice(*(entry[key] for key in Choice._fields)) for entry in entries]


def strengths(
    files: Sequence[Sequence[Choice]], reference: str = "original", seed: int = 0
) -> list[Strength]:
    """Bradley and Terry's strengths (1952) of all ways to show a picture, strongest first; that of `reference` is 0.

    `files` are the choices, a list a person. UserError: none of them is about the reference, or there are too many.
    """
    import choix  # it brings scipy.stats: most of a second that every other command would wait for

    choices = [choice for file in files for choice in file]
    names = sorted({name for choice in choices for name in (choice.winner, choice.loser)})
    if reference not in names:
        raise UserError(f"{reference}: no choice is about it; there are {', '.join(names) or 'none'}")
    if len(names) > MOST_NAMES or len(choices) > MOST_CHOICES:
        asked = f"{len(choices)} choices between {len(names)} versions"
        raise UserError(f"preferences: {asked}; at most {MOST_CHOICES} between {MOST_NAMES}")

    number = {name: at for at, name in enumerate(names)}

    def fitted(chosen: Sequence[Choice]) -> np.ndarray:
        pairs = [(number[choice.winner], number[choice.loser]) for choice in chosen]
        values = choix.opt_pairwise(len(names), pairs, alpha=PRIOR)
        return values - values[number[reference]]

    groups = files if len(files) > 1 else [[choice] for choice in choices]
    # By hand, because scipy.stats.bootstrap refuses a single choice, which is a file like any other.
    drawn = np.random.default_rng(seed).integers(0, len(groups), (RESAMPLES, len(groups)))
    samples = [fitted([choice for at in row for choice in groups[at]]) for row in drawn]
    intervals = np.quantile(samples, [0.025, 0.975], axis=0).T
    found = []
    for name, value, (low, high) in zip(names, fitted(choices), intervals, strict=True):
        wins = sum(choice.winner == name for choice in choices)
        both = sum(name in (choice.winner, choice.loser) for choice in choices)
        found.append(Strength(name, float(value), float(low), float(high), wins, both))
    return sorted(found, key=lambda strength: (-strength.value, strength.name))
