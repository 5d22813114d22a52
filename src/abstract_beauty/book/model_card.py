"""The model card beside published weights: what a network is, how it was made, what was measured, its terms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from abstract_beauty.losses import LOSSES
from abstract_beauty.training.checkpoints import Row


@dataclass(frozen=True)
class Network:
    """A finished network of the profile's run, with all that is known of it."""

    kind: str  # "predictors" or "improvers"
    name: str
    title: str
    path: Path
    config: Mapping[str, Any]  # what it was trained with
    table: Mapping[str, Any]  # its results
    curve: Sequence[Row] = ()  # none for the linear fill, which is fitted
    made: Mapping[str, Any] = field(default_factory=dict)  # on which machine, in what time


def card(
    network: Network, record: Mapping[str, Any], fills: Mapping[str, Any], sets: Mapping[str, Any]
) -> str:
    """The model card of a network, Markdown: what plain fills do on the same pictures and it on other sets included."""
    folder, data, loss = resources.files(__package__), record["data"], network.config["section"].get("loss")
    texts = [(folder / name).read_text() for name in (f"model_card_{network.kind}.md", "model_card.md")]
    count = data["pictures"]["test"] if network.kind == "predictors" else data["judged"]
    return "".join(texts).format(
        name=network.name,
        title=network.title,
        loss=LOSSES[loss].__doc__.partition("\n")[0] if loss else "",
        datasets=", ".join(data["terms"]),
        training=_training(network, record),
        test=f"{count} pictures of {', '.join(data['test'])}",
        measured=_errors(network, fills, sets) if network.kind == "predictors" else _effects(network),
        curve=_fall(network.curve) if network.curve else "",
        terms="\n".join(f"- {of['title']}: {of['terms']}. {of['cite']}." for of in data["terms"].values()),
    )


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))


def _training(network: Network, record: Mapping[str, Any]) -> str:
    """The settings of a network as it was trained, the machine and the time."""
    data = record["data"]
    facts = {**network.config["section"], "seed of all": network.config["seed"], **network.made}
    facts |= {"trained parameters": network.table.get("parameters"), "commit": record["commit"]}
    facts["pictures"] = f"{data['pictures']['train']}: {', '.join(data['train'])}"
    facts["short side of pictures, at most"] = data["short_side"]
    rows = [(key.replace("_", " "), f"{value}") for key, value in facts.items() if value is not None]
    return _grid(("", ""), rows)


def _errors(network: Network, fills: Mapping[str, Any], sets: Mapping[str, Any]) -> str:
    """A predictor's errors beside those of plain fills, and on pictures of other sets where it was measured on any."""
    name, telea = network.name, fills["telea"]["mae"]
    errors = {f"reference/{name}, {key}": error for key, error in network.table["test"].items()}
    errors |= {key: row["mae"] for key, row in fills.items() if key != name}
    rows = [(who.replace("_", " "), f"{error:.4f}", f"{error / telea:.2f}") for who, error in errors.items()]
    head = ("mean absolute error", "of Telea's")
    said = _grid(("who guesses the tiles, plain fills by their names", *head), rows)
    others = [
        (key, f"{row['errors'][name]:.4f}", f"{row['of_telea'][name]:.2f}", f"{row['pictures']}")
        for key, row in sets.items()
        if name in row["errors"]
    ]
    return f"{said}\n\n{_grid(('on pictures of other sets', *head, 'pictures'), others)}" if others else said


def _effects(network: Network) -> str:
    """What an improver does, beside the originals and the best plain filter."""
    test, before, best = (network.table[key] for key in ("test", "original", "best_filter"))
    shared = [key for key in test if key in before]
    rows = [(key.replace("_", " "), f"{test[key]:.4f}", f"{before[key]:.4f}") for key in shared]
    rival = f"{best['error_judge']:.4f} ({best['name']})" if best["name"] else "none changes so much"
    rows += [("error judge, of the best plain filter at that change", rival, "")]
    return _grid(("mean", f"reference/{network.name}", "originals"), rows)


def _fall(curve: Sequence[Row]) -> str:
    """How the loss fell, at steps that double."""
    ends = [curve[-1]["step"] / 2**k for k in reversed(range(8))]
    rows = [next(row for row in curve if row["step"] >= end) for end in ends]
    lines = dict.fromkeys((f"{row['step']}", f"{row['loss']:.4f}") for row in rows)
    return f"\n## How the loss fell\n\n{_grid(('steps', 'loss'), lines)}\n"
