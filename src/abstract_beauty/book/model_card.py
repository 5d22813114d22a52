"""Model cards: what each published network is, how it was made, what it was measured to do, and its terms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from abstract_beauty import losses
from abstract_beauty.commands.readme import FILLS
from abstract_beauty.training.fit import Row

BESIDE = ("telea", "navier_stokes", "biharmonic", "linear")  # the fills that a predictor is compared with
ROLES = {
    "good": "This is the good one: the error of its guesses says how predictable a picture is.",
    "bad": "This is the bad one, `good` after a short training: by how much it is worse is the progress.",
    "bad_again": "This is the bad one with another seed, to tell its own faults from those of every short training.",
    "small": "This is a bad one of another kind: a quarter of the width, a short training.",
    "judge": "This is the judge: of another architecture, and no improver is trained through it.",
    "article": "This is the network of the article that the project repeats.",
    "linear": "This is a linear regression from the ring around the tile, where the one-pass predictors begin.",
}
PREDICTOR = (
    "A predictor: it guesses a tile of 32x32 pixels from the 128x128 around it, with the tile itself hidden. "
    "The mean absolute error of its guesses is the predictability error of a picture."
)
IMPROVER = (
    "An improver: it changes a picture x into a picture y. It was trained through fixed predictors, whose guess of y "
    "is z, to minimise {loss} Below, fidelity is MAE(x, y) and predictability is MAE(y, z): the lower, the nearer "
    "to the original and the more predictable."
)
UNITS = "\n\nCrops have that side in pixels; where it is 0, a batch is of single tiles. The learning rate is its peak."
CARD = """\
---
license: other
license_name: non-commercial-research
tags: [abstract-beauty, {tag}]
datasets: [{datasets}]
---

# reference/{name}

{what}

```python
import abstract_beauty as ab

{python}
```

```sh
{shell}
```

## Network and training

{training}

## On {test}, never trained on

{measured}
{curve}
## Data and its terms

{terms}
- The weights may be used as these pictures may: for non-commercial research.

## Limits

- Learnt from photographs: drawings, text and screenshots are another matter.
- 8-bit colour. Tiles of 32 pixels at the picture's own scale: the same picture at another size gives other numbers.
- Where several answers are possible it gives their middle, which is blurred.
- Not a measure of beauty. Whether what is predictable pleases is the question, not the answer.
- It may be biased to what those photographs show.

The SHA-256 of the file is in `../hashes.json`. This card was made by `abstract_beauty.book.model_cards`.
"""


@dataclass(frozen=True)
class Network:
    """A finished network of the profile's run, with all that is known of it."""

    kind: str  # "predictors" or "improvers"
    name: str
    content: bytes  # the weights file
    config: Mapping[str, Any]  # what it was trained with
    table: Mapping[str, Any]  # its results
    curve: Sequence[Row]  # empty for the linear fill, which is fitted
    made: Mapping[str, Any]  # machine and seconds; empty for the linear fill


def duration(seconds: float) -> str:
    """Hours and minutes, as h:min."""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d}" if minutes else "under 0:01"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))


def training(network: Network, record: Mapping[str, Any]) -> str:
    """The settings of a network as it was trained, the machine and the time."""
    data, section = record["data"], network.config["section"]
    facts = {**section, "seed of all": network.config["seed"], **network.made}
    if seconds := facts.pop("seconds", None):
        facts |= {"optimizer": section.get("optimizer", "adamw"), "time (hours:minutes)": duration(seconds)}
        facts["trained parameters"] = network.table["parameters"]
    facts["pictures"] = f"{data['pictures']['train']}: {', '.join(data['train'])}"
    facts |= {"short side of pictures, at most": data["short_side"], "commit": record["commit"]}
    rows = [(key.replace("_", " "), f"{value}") for key, value in facts.items() if value is not None]
    return grid(("", ""), rows) + (UNITS if network.made else "")


def measured_elsewhere(name: str, sets: Mapping[str, Any]) -> str:
    """A predictor's errors on pictures of other sets, beside Telea's; nothing where it was not measured on any."""
    rows = [
        (key, f"{one['pictures']}", f"{one['errors'][name]:.4f}", f"{one['of_telea'][name]:.2f}")
        for key, one in sets.items()
        if name in one["errors"]
    ]
    head = ("pictures of", "how many", "mean absolute error", "of Telea's")
    return f"\n\nOn pictures of other sets:\n\n{grid(head, rows)}" if rows else ""


def measured(network: Network, fills: Mapping[str, Any]) -> str:
    """A predictor's errors beside those of plain fills, or what an improver does beside the originals."""
    test, telea = network.table["test"], fills["telea"]["mae"]
    if network.kind == "improvers":
        before, best = network.table["original"], network.table["best_filter"]
        shared = [key for key in test if key in before]
        rows = [(key.replace("_", " "), f"{test[key]:.4f}", f"{before[key]:.4f}") for key in shared]
        name, error = best["name"], best["error_judge"]
        rival = f"{error:.4f} ({name.replace('_', ' ')})" if name else "none goes so far"
        rows += [("predictability judge, of the best plain filter at that fidelity", rival, "")]
        return grid(("mean", f"reference/{network.name}", "originals"), rows)
    rows = [(f"reference/{network.name}", f"{test['mae']:.4f}", f"{test['mae'] / telea:.2f}")]
    if "mae_phase_averaged" in test:
        rows += [("the same, averaged over positions of the grid", f"{test['mae_phase_averaged']:.4f}", "")]
    others = [(FILLS[name], fills[name]["mae"]) for name in BESIDE if name != network.name]
    rows += [(label, f"{mae:.4f}", f"{mae / telea:.2f}") for label, mae in others]
    return grid(("who guesses the tiles", "mean absolute error", "of Telea's"), rows)


def card(
    network: Network, record: Mapping[str, Any], fills: Mapping[str, Any], sets: Mapping[str, Any]
) -> str:
    """The model card of a network, Markdown."""
    name, data, curve, elsewhere = network.name, record["data"], "", ""
    if network.kind == "predictors":
        elsewhere = measured_elsewhere(name, sets)
        tag, what = "inpainting", f"{PREDICTOR} {ROLES.get(name, '')}".strip()
        python = f'f = ab.load_predictor("reference/{name}")\nz = ab.full_prediction(f, y)'
        python += "  # y: (b, 3, h, w) in [0, 1]\nab.predictability(y, z)  # mean absolute error, one number a picture"
        shell = f"abstract-beauty score photo.jpg --predictor reference/{name}"
    else:
        equation = getattr(losses, network.config["section"]["loss"]).__doc__.partition("\n")[0]
        tag, what = "image-to-image", IMPROVER.format(loss=equation)
        python = f'g = ab.load_improver("reference/{name}")\ny = g(x)  # both (b, 3, h, w) in [0, 1]'
        shell = f"abstract-beauty improve photo.jpg --out better.png --improver reference/{name}"
    if network.curve:
        ends = [network.curve[-1]["step"] / 2**k for k in reversed(range(8))]  # steps that double
        rows = [next(row for row in network.curve if row["step"] >= end) for end in ends]
        lines = dict.fromkeys((f"{row['step']}", f"{row['loss']:.4f}") for row in rows)
        curve = f"\n## How the loss fell\n\n{grid(('steps', 'loss'), lines)}\n"
    count = data["pictures"]["test"] if network.kind == "predictors" else data["judged"]
    terms = "\n".join(f"- {one['title']}: {one['terms']}. {one['cite']}." for one in data["terms"].values())
    return CARD.format(
        name=name, tag=tag, what=what, python=python, shell=shell, curve=curve, terms=terms,
        datasets=", ".join(data["terms"]),
        test=f"{count} pictures of {', '.join(data['test'])}",
        training=training(network, record), measured=measured(network, fills) + elsewhere,
    )  # fmt: skip
