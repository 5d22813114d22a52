# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Can a network guess what it cannot see?
#
# Cover a square of a photograph with your thumb. You still have an idea what is under it: the line goes on, the sky stays blue. A
# **predictor** is a network that does this and nothing else. How well does it guess, and is it any better than the old
# recipes for mending a hole?

# %% tags=["parameters", "hide-input"]
# Change a predictor here, for example good = {"steps": 3000}; empty: as params.yaml says.
article = {}
good = {}
bad = {}
judge = {}

# %% tags=["remove-input"]
import pandas as pd
import torch
from IPython.display import Markdown
from torch import nn

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.experiments.predictor import CENTRE
from abstract_beauty.measures.fills import FILLS
from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.predictors.context_encoder import ContextEncoder
from abstract_beauty.predictors.four_sides import FourSides

changes = {"article": article, "good": good, "bad": bad, "judge": judge}
chapter = Chapter("02_predictor", predictors=changes)
f = chapter.predictors(*changes)
scores, fills = chapter.predictor_scores(f), chapter.fills()
photographs = chapter.photographs()
folder = chapter.folder

# %% tags=["hide-input"]
error, telea = {key: row["test"]["mae"] for key, row in scores.items()}, fills["telea"]["mae"]
least = min(fills, key=lambda name: fills[name]["mae"])
words = {
    key: tables.compared(error[key], fills[least]["mae"], "better than", "worse than", "as good as")
    for key in ("article", "good")
}
Markdown(
    f"**In numbers.** On photographs it has never seen, the article's network is off by {error['article']:.4f} per pixel and colour, "
    f"where black to white is 1: {error['article'] / telea:.2f} times the error of Telea's classical method, and {words['article']} the "
    f"best recipe tried here, *{least.replace('_', ' ')}*, with {fills[least]['mae']:.4f}. A network made for the task, the good "
    f"predictor of all later chapters, comes to {error['good']:.4f}, {error['good'] / telea:.2f} times Telea's: {words['good']} "
    f"the best recipe."
)

# %% tags=["hide-input"]
name, x = next(iter(tables.chosen(photographs, "chelsea").items()))
plots.show(
    plots.tile_grid_overlay(x),
    folder / "context.jpg",
    caption="What the predictor is given, and what it is asked for. It sees the blue square of 128 × 128 pixels, but not the "
    "hatched tile of 32 × 32 in its centre, and must paint that tile.",
    alt=f"The photograph {name} under a grid of tiles; one tile is hatched, and the square around it is framed",
)

# %% [markdown]
# ## The article's network
#
# Two parts, as in the context encoders of {cite:t}`pathak2016`: an *encoder* folds the surroundings together, four times by two,
# until one point knows about a large part of them; a *decoder* unfolds the middle of that to the tile. What is hidden is removed
# before the first layer.

# %% tags=["hide-input"]
tables.Source(ContextEncoder.forward)

# %% [markdown]
# ## Four sides
#
# Everything in this book goes through the predictor: its speed is the speed of the whole, and what it fails to guess counts against a
# picture. Three thoughts make it better and faster at once.
#
# **What lies above a tile lies above its whole row of tiles.** So read it once for all of them: along the line above the row, a
# strip of 48 pixels becomes a line of *tokens*, the near pixels one by one, the farther ones as averages. Likewise from below, from the left and from
# the right. No strip contains the tile it is read for, so the network is blind by its very construction. {cite:t}`laine2019` did this for
# single pixels; here the pixel has grown to a tile.
#
# **Begin with what is simple.** A weighted sum of the ring around the tile is a good guess already: the linear fill, below among the
# recipes. The network begins as exactly that and learns only what to add.
#
# **Do not learn what is known.** Turn the picture, and the left side becomes the upper one: one set of weights reads all four. Make
# everything brighter, and the guess must become brighter just so: only differences of colours go in.

# %% tags=["hide-input"]
tables.Source(FourSides.one_pass, FourSides._correction)


# %% tags=["hide-input"]
def anatomy(run):
    """What a predictor is made of."""
    layers = [m for m in run.network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear))]
    numbers = sum(parameter.numel() for parameter in run.network.parameters())
    section = run.config["section"]
    per_step = section["batch"] * (section["crop"] // TILE) ** 2 if section["crop"] else section["batch"]
    return {
        "network": section["network"].replace("_", " "),
        "layers": len(layers),
        "numbers to learn": f"{numbers:,}",
        "training steps": f"{section['steps']:,}",
        "tiles a step": per_step,
        "seed": section["seed"],
    }


pd.DataFrame({name: anatomy(run) for name, run in f.items()}).T

# %% [markdown]
# Four of them. The **article**'s. **Good** and **bad** are the same network with four sides, begun from the same numbers and shown the same
# pictures in the same order; but the bad one's training is planned short, and its steps shrink to nothing where the good one's are
# still large. So its curve is not quite the beginning of the other. The **judge** is built otherwise and began elsewhere. It
# takes no part in any training to come, and for that reason may say how it went.

# %% tags=["hide-input"]
plots.show(
    plots.curves(
        {name: pd.DataFrame(run.curve) for name, run in f.items()},
        "loss",
        smooth=5,
        ylabel="MAE of the tile, training pictures",
    ),
    folder / "curves.png",
    caption="The error while learning: faint, as it was measured; strong, smoothed. See how much is learnt at the very beginning. "
    "Where the bad predictor's line ends, its training is over. A step of one network is not a step of another: see the table above.",
    alt="Line chart of the training error against the step for the article's predictor, the good one, the bad one and the judge",
)

# %% [markdown]
# ## Tiles
#
# One tile of each photograph, and so that nobody can choose the pretty ones: the tile whose error for the good predictor is the
# *middle* one among all its inner tiles.

# %% tags=["hide-input"]
guessers = {key: run.network for key, run in f.items()}
guessers |= {"linear": chapter.predictors("linear")["linear"].network, "telea": FILLS["telea"]()}


@torch.no_grad()
def middle_tile(y):
    """The context, the truth and every guess for the tile of y that the good predictor finds of middling difficulty."""
    context, hidden = ab.contexts(y)
    inner = hidden.sum((1, 2, 3)) == TILE**2
    context, hidden = context[inner], hidden[inner]
    truth = context[..., CENTRE, CENTRE]
    errors = (f["good"].network(context, hidden) - truth).abs().mean((1, 2, 3))
    pick = slice(at := int(errors.argsort()[len(errors) // 2]), at + 1)
    shown = {"context": torch.where(hidden[pick], 1.0, context[pick]), "truth": truth[pick]}
    return shown | {key: guess(context[pick], hidden[pick]) for key, guess in guessers.items()}


# %% tags=["hide-input"]
plots.show(
    plots.image_grid(
        {key.replace("_", " ").split()[0]: middle_tile(y) for key, y in list(photographs.items())[:6]}
    ),
    folder / "tiles.jpg",
    caption="A tile of each photograph. From left to right: what is given, what was there, and what the networks and two "
    "recipes guess. See how a guess is blurred wherever several answers are possible: the average of many answers "
    "costs least.",
    alt="A table of small pictures: rows are photographs, columns the context, the true tile, and six guesses of it",
)

# %% [markdown]
# ## Is it really blind?
#
# A predictor that could peek would be worthless: it would only copy. So this is not left to trust. Ask how much the guess changes
# when a pixel of the picture changes a little, which is the gradient, and look at the pixels of the tile itself. It must be 0, not
# nearly but exactly.


# %% tags=["hide-input"]
def own_gradient(network, y, row, column):
    """The largest gradient of a tile's guess with respect to the tile's own pixels, and to all others."""
    y = y.clone().requires_grad_(True)
    tile = (..., slice(row * TILE, (row + 1) * TILE), slice(column * TILE, (column + 1) * TILE))
    ab.full_prediction(network, y)[tile].sum().backward()
    own = y.grad[tile].abs().max().item()
    y.grad[tile] = 0
    return own, y.grad.abs().max().item()


checks = {
    (key, place): own_gradient(run.network, x, *where)
    for key, run in f.items()
    for place, where in {"inner tile": (1, 1), "corner tile": (0, 0)}.items()
}
seen = {
    key: {"its own pixels": f"{own:.1f}", "all other pixels": f"{rest:.4f}"}
    for key, (own, rest) in checks.items()
}
pd.DataFrame.from_dict(seen, orient="index").rename_axis(["predictor", "largest gradient"])

# %% tags=["hide-input"]
blind = all(own == 0 for own, _ in checks.values())
Markdown(
    f"The largest gradient on a tile's own pixels is {max(own for own, _ in checks.values()):.1f}: "
    + ("exactly 0, so they are blind." if blind else "**not 0, so something leaks.**")
)

# %% [markdown]
# The same gradient, drawn as a picture, shows where the predictor looks while it guesses:

# %% tags=["hide-input"]
context, hidden = (torch.cat(parts) for parts in zip(*map(ab.contexts, photographs.values()), strict=True))
inner = hidden.sum((1, 2, 3)) == TILE**2  # away from the border, where nothing is mirrored
context, hidden = context[inner].clone().requires_grad_(True), hidden[inner]
guess = f["good"].network(context, hidden)
# Signs drawn at random: the mean square of the gradient is then the sum over all pixels of the tile.
signs = torch.randn(guess.shape, generator=torch.Generator().manual_seed(0)).sign()
(guess * signs).sum().backward()
attention = context.grad.square().mean((0, 1)).sqrt().sqrt()
plots.show(
    plots.error_map(
        attention / attention.max(), vmax=1.0, label="influence: root of the mean gradient, largest = 1"
    ),
    folder / "attention.png",
    caption="Where the good predictor looks, averaged over many tiles. The black square in the middle is the hidden tile: nothing "
    "there has any influence. Bright is what matters; see how quickly it fades with the distance from the hole.",
    alt="A map of the context, black in the central square, with the influence of each pixel around it",
)

# %% [markdown]
# ## Against the old recipes
#
# Holes in pictures were mended long before networks. The simplest recipe is the mean colour of the surroundings, or of a thin
# ring around the hole. Telea's and the Navier–Stokes method carry colours inward from the edge {cite:p}`telea2004,bertalmio2001`;
# the biharmonic one lays the smoothest possible sheet over the hole. The **linear fill** is the least that can be learnt: each
# pixel of the tile is a weighted sum of the ring around it, with weights fitted on the same training pictures.

# %% tags=["hide-input"]
errors = {
    **{key: row["mae"] for key, row in fills.items()},
    **{key: row["test"]["mae"] for key, row in scores.items()},
}
errors = dict(sorted(errors.items(), key=lambda one: -one[1]))
plots.show(
    plots.bar_table(
        errors, highlight=list(f), xlabel="error MAE on the test photographs (0 to 1, lower is better)"
    ),
    folder / "bars.png",
    caption="The error of every guesser on the photographs that none has seen; shorter is better. Networks are hatched, recipes "
    "plain. Look where the networks stand among the recipes.",
    alt="Bar chart of the mean absolute error of four networks and six recipes",
)

# %% tags=["hide-input"]
by_picture = {
    **{key: row["pictures"] for key, row in fills.items()},
    **{key: row["pictures"] for key, row in scores.items()},
}
table = pd.DataFrame(by_picture).loc[list(photographs), list(errors)]
table.loc["mean"] = table.mean()
table.rename(index=lambda one: one.replace("_", " "), columns=lambda one: one.replace("_", " ")).T.map(
    "{:.4f}".format
)

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
ours, judges = scores["good"]["pictures"], scores["judge"]["test"]["mae"]
lost = {one: min(fills, key=lambda key, one=one: fills[key]["pictures"][one]) for one in ours}
lost = {one: key for one, key in lost.items() if fills[key]["pictures"][one] < ours[one]}
listed = ", ".join(f"{one.replace('_', ' ')} (to *{key.replace('_', ' ')}*)" for one, key in lost.items())
Markdown(
    f"- **To beat the best recipe everywhere.** The article's network has an error of {error['article']:.4f}, the best recipe "
    f"{fills[least]['mae']:.4f}. The good predictor loses to at least one recipe on {len(lost)} of {len(ours)} "
    f"photographs{': ' + listed if lost else ''}.\n"
    f"- **Sharpness.** A guess that is wrong costs, a blurred one costs less. Trained on the mean absolute error, the "
    f"network never commits itself, and no guess of a texture looks like a texture.\n"
    f"- **The bad one is not bad in a simple way.** Its error is {error['bad']:.4f} against {error['good']:.4f}. "
    f"It began as the linear fill, with {fills['linear']['mae']:.4f}, and did not get far. How much of the difference to the good one "
    f"is lines that go on, and how much only better averages, these numbers do not say. The chapter on the ratio will depend on it.\n"
    f"- **The judge is no oracle.** With {judges:.4f} it "
    + (
        "is a worse guesser than the linear fill it is compared with"
        if judges > fills["linear"]["mae"]
        else "is a better guesser than the linear fill"
    )
    + f" ({fills['linear']['mae']:.4f}), and it learnt from the same pictures as the others; it may share blind spots with them. What counts is that no improver could learn to please it.\n"
    f"- **Error bars.** One seed each, {len(ours)} photographs."
)
