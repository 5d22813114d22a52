"""The model card beside published weights: what a network is, how it was made, what was measured, its terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abstract_beauty.book.pages import beside
from abstract_beauty.losses import LOSSES


@dataclass(frozen=True)
class Network:
    """A finished network of the profile's run, with all that is known of it."""

    kind: str  # "predictors" or "improvers"
    name: str
    title: str
    path: Path
    config: Mapping[str, Any]  # what it was trained with
    table: Mapping[str, Any]  # its results
    made: Mapping[str, Any] = field(default_factory=dict)  # on which machine, in what time


def card(network: Network, record: Mapping[str, Any], fills: Mapping[str, Any]) -> str:
    """The model card of a network, Markdown: what plain fills do on the same pictures included."""
    data, loss = record["data"], network.config["section"].get("loss")
    text = beside(f"model_card_{network.kind}.md") + beside("model_card.md")
    count = data["pictures"]["test"] if network.kind == "predictors" else data["judged"]
    return text.format(
        name=network.name,
        title=network.title,
        loss=LOSSES[loss].__doc__.partition("\n")[0] if loss else "",
        datasets=", ".join(data["terms"]),
        training=_training(network, record),
        test=f"{count} pictures of {', '.join(data['test'])}",
        measured=_errors(network, fills) if network.kind == "predictors" else _effects(network),
        terms="\n".join(f"- {of['title']}: {of['terms']}. {of['cite']}." for of in data["terms"].values()),
    )


def _table(rows: Mapping[str, Any]) -> str:
    """A Markdown table of two columns, numbers with a fraction to the fourth digit; what is None is left out."""
    shown = {key: f"{value:.4f}" if isinstance(value, float) else f"{value}" for key, value in rows.items()}
    lines = [
        f"| {key.replace('_', ' ')} | {shown[key]} |" for key, value in rows.items() if value is not None
    ]
    return "\n".join(["|  |  |", "| --- | --- |", *lines])


def _training(network: Network, record: Mapping[str, Any]) -> str:
    """The settings of a network as it was trained, the machine and the time."""
    data = record["data"]
    facts = {key: f"{value}" for key, value in network.config["section"].items() if value is not None}
    facts |= {"seed of all": network.config["seed"], **network.made}
    facts |= {"trained parameters": network.table.get("parameters"), "commit": record["commit"]}
    facts["pictures"] = f"{data['pictures']['train']}: {', '.join(data['train'])}"
    return _table({**facts, "short side of pictures, at most": data["short_side"]})


def _errors(network: Network, fills: Mapping[str, Any]) -> str:
    """A predictor's errors, and those of plain fills by their names."""
    errors = {f"reference/{network.name}, {key}": error for key, error in network.table["test"].items()}
    return _table(errors | {key: row["mae"] for key, row in fills.items() if key != network.name})


def _effects(network: Network) -> str:
    """What an improver does, beside the originals and the best plain filter."""
    test, before, best = (network.table[key] for key in ("test", "original", "best_filter"))
    rows = test | {f"{key} of the originals": before[key] for key in test if key in before}
    rival = f"{best['error_judge']:.4f} ({best['name']})" if best["name"] else "none changes so much"
    return _table(rows | {"error judge of the best plain filter at that change": rival})
