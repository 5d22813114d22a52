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

# %% tags=["parameters"]
# Change one here, for example good = {"steps": 3000}; empty: as in params.yaml.
article = {}
good = {}
bad = {}
judge = {}

# %%
import inspect
import math

import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.measures.fills import FILLS
from abstract_beauty.predictors.context_encoder import ContextEncoder

chapter = Chapter("02_predictor", article=article, good=good, bad=bad, judge=judge)
runs = chapter.predictors("article", "good", "bad", "judge")
networks = {name: run.network for name, run in runs.items()}
photographs = chapter.photographs()
x = next(iter(tables.chosen(photographs, "chelsea").values()))

# %% tags=["remove-input"]
chapter.show(
    plots.tile_grid_overlay(x),
    "context.jpg",
    caption="What the predictor is given, and what it is asked for. It sees the "
    "blue square of 128 × 128 pixels, but not the hatched tile of 32 × 32 in its "
    "middle, and must paint that tile.",
    alt="A photograph under a grid of tiles; one tile is hatched, and the square "
    "around it is framed",
)

# %% [markdown]
# ## One tile
#
# A picture is cut into tiles on a grid. Each comes with its **context**, the 128 by 128 pixels around it, and with a mask that
# says what of the context is hidden: the tile in the middle.

# %%
context, hidden = ab.contexts(x)
print("contexts", list(context.shape), " masks", list(hidden.shape))

# %% [markdown]
# Take the hatched one. The predictor $f$ is given the context and the mask, and paints what is hidden. The tile itself is cut out of the
# context's middle, to be compared with. The error is the mean absolute error, **MAE**, over all pixels and colours, where
# black to white is 1.

# %%
row, column = x.shape[2] // 64, x.shape[3] // 64  # the hatched tile; try another
at = [row * math.ceil(x.shape[3] / 32) + column]
context, hidden = context[at], hidden[at]

middle = slice(48, 80)
tile = context[..., middle, middle]
guess = networks["good"](context, hidden)
error = (guess - tile).abs()
print(f"MAE {error.mean():.4f}")

# %%
shown = {
    "context": torch.where(hidden, 1.0, context),
    "hidden tile": tile,
    "guess": guess,
    "error": plots.map_image(error[0].mean(0)),
}
chapter.show(
    plots.image_row(shown),
    "one_tile.jpg",
    caption="The context with its tile hidden, the tile, the guess, and where the "
    "guess is wrong (black: right; the brightest: off by 0.4 or more). See what "
    "of the tile goes on from outside, and what begins and ends in it.",
    alt="Four pictures in a row: a context with a white square, the tile, its "
    "guess, the error map",
)

# %% [markdown]
# ## The article's network, trained
#
# A *context encoder* {cite:p}`pathak2016` has two parts: an *encoder* folds the context together, four times by two,
# until one point knows about a large part of it; a *decoder* unfolds the middle of that to the tile. What is hidden is removed
# before the first layer.

# %%
print(inspect.getsource(ContextEncoder.forward))

# %% [markdown]
# Learning is guessing, being told, and changing the weights a little. Here is all of it, with half of the article's width and for a
# short while. Each batch is four crops of training pictures; each crop is cut into all its tiles.

# %%
torch.manual_seed(0)
f = ContextEncoder(width=12)
optimizer = torch.optim.AdamW(f.parameters(), lr=0.002, fused=True)
losses = []
for step, y in zip(range(80), ab.crops(batch=4, side=128)):
    context, hidden = ab.contexts(y)
    tile = context[..., middle, middle]
    guess = f(context, hidden)
    loss = (guess - tile).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if step % 20 == 19:
        mean = sum(losses[-20:]) / 20
        print(f"step {step + 1}   mean loss of the last 20: {mean:.4f}")

# %% [markdown]
# The loss of a single batch says little, for one crop is a clear sky and the next a thicket; hence the mean of twenty. And it is the error on
# pictures to learn from. What counts is the error on photographs that the network has never seen. All tiles of a photograph,
# guessed, make its [full prediction](03_full_prediction.ipynb):


# %%
@torch.no_grad()
def error_of(f):
    """MAE of a predictor over all tiles of the test photographs."""
    errors = [
        ab.predictability(y, ab.full_prediction(f, y)) for y in photographs.values()
    ]
    return float(torch.cat(errors).mean())


torch.manual_seed(0)
stages = {
    "before training": ContextEncoder(width=12),
    "after 80 steps": f,
    f"after {runs['article'].curve[-1]['step']} steps": networks["article"],
}
for name, network in stages.items():
    print(f"{name:16} MAE {error_of(network):.4f}")

# %% [markdown]
# The last one is the pipeline's: it did the same at full width, for the steps that its line names, with tiles from anywhere, with a learning rate that rises and falls, and kept the weights. It saw
# fewer tiles a step, so more steps alone need not make it the better one. `ab.train_predictor("context_encoder", steps=80, width=12)` does that here.

# %%
context, hidden = (part[at] for part in ab.contexts(x))
shown = {"hidden tile": context[..., middle, middle]}
with torch.no_grad():
    shown |= {name: network(context, hidden) for name, network in stages.items()}
chapter.show(
    plots.image_row(shown),
    "learning.jpg",
    caption="The hatched tile, and what the three make of it. Before training the "
    "network gives little more than the mean colour of what it sees. Look what "
    "each stage adds, if anything, and what none has.",
    alt="Four square tiles in a row: the hidden one, and its guesses before and "
    "after training",
)

# %% [markdown]
# ## Four sides
#
# Everything in the later chapters goes through the predictor: its speed is the speed of the whole, and what it fails to guess counts against a
# picture. So there is a second network. Three thoughts make it better and faster at once.
#
# **What lies above a tile lies above its whole row of tiles.** So read it once for all of them: along the line above the row, a
# strip of 48 pixels becomes a line of *tokens*, the near pixels one by one, the farther ones as averages. Likewise from below, from the left and from
# the right. No strip contains the tile it is read for, so the network is blind by its construction. {cite:t}`laine2019` did this for
# single pixels; here the pixel has grown to a tile.
#
# **Begin with what is simple.** A weighted sum of the ring around the tile is a good guess already: the *linear fill*, below among the
# recipes. The network begins as exactly that and learns only what to add.
#
# **Do not learn what is known.** Turn the picture, and the left side becomes the upper one: one set of weights reads all four. Make
# everything brighter, and the guess must become brighter just so: only differences of colours go in.
#
# Four predictors are used from now on:

# %%
table = {}
for name, run in runs.items():
    how = run.config["section"]
    tiles = how["batch"] * (how["crop"] // 32) ** 2 if how["crop"] else how["batch"]
    table[name] = {
        "network": how["network"].replace("_", " "),
        "weights": f"{sum(w.numel() for w in run.network.parameters()):,}",
        "steps": how["steps"],
        "tiles a step": tiles,
        "seed": how["seed"],
        "MAE": round(error_of(run.network), 4),
    }

# %%
chapter.show(
    pd.DataFrame(table).T,
    "networks.csv",
    caption="The four predictors, how they were trained, and their errors on the "
    "test photographs.",
)

# %% [markdown]
# **Article** is the article's. **Good** and **bad** are the same network with four sides, begun from the same weights and shown the same
# pictures in the same order; but the bad one's training is planned short, and its steps shrink to nothing where the good one's are
# still growing. [A later chapter](05_ratio.ipynb) needs both. The **judge** is built otherwise and began elsewhere. It
# takes no part in any training to come, and for that reason may say how it went.

# %%
chapter.show(
    plots.curves(
        {name: run.curve for name, run in runs.items()},
        "loss",
        smooth=5,
        ylabel="MAE of the tile, training pictures",
    ),
    "curves.png",
    caption="The error while learning: faint, as it was measured; strong, "
    "smoothed. See where each line begins, how soon it falls if it does, and "
    "where it ends. A step of one network is not one of another: see the table.",
    alt="Line chart of the training error against the step for the four predictors",
)

# %% [markdown]
# ## Is it really blind?
#
# A predictor that could peek would be worthless: it would only copy. So this is not left to trust. Ask how much the guess changes
# when a pixel of the picture changes a little, which is the gradient, and look at the pixels of the tile itself. It must be 0, not
# nearly but exactly.

# %%
y = x.clone().requires_grad_(True)
z = ab.full_prediction(networks["good"], y)
z[..., 32:64, 32:64].sum().backward()
own = y.grad[..., 32:64, 32:64].abs().max()
print(f"largest gradient: own pixels {own.item()}, any {y.grad.abs().max():.2f}")

# %% [markdown]
# The same for all of them; for a tile in the corner too, where a picture is
# completed by mirror images; and, for comparison, for a cheat that returns the middle of what it is given.


# %%
def own_gradient(f, corner):
    """The largest gradient of a tile's guess on the tile's own pixels."""
    y = x.clone().requires_grad_(True)
    tile = (..., slice(corner, corner + 32), slice(corner, corner + 32))
    ab.full_prediction(f, y)[tile].sum().backward()
    return y.grad[tile].abs().max().item()


def cheat(context, hidden):
    return context[..., middle, middle]


for name, network in {**networks, "cheat": cheat}.items():
    inner, corner = own_gradient(network, 32), own_gradient(network, 0)
    print(f"{name:8} inner tile {inner}   corner tile {corner}")

# %% [markdown]
# ## Where does it look?
#
# The same gradient, drawn as a picture and averaged over the inner tiles of all photographs:


# %%
def influence(f):
    """How much each pixel of the context matters; the largest is 1."""
    context, hidden = map(torch.cat, zip(*map(ab.contexts, photographs.values())))
    inner = hidden.sum((1, 2, 3)) == 32 * 32  # away from the border
    context = context[inner].requires_grad_(True)
    guess = f(context, hidden[inner])
    # With random signs, the mean square is that over all pixels of the tile.
    torch.manual_seed(0)
    signs = torch.randn(guess.shape).sign()
    (guess * signs).sum().backward()
    mean = context.grad.square().mean((0, 1)) ** 0.25
    return mean / mean.max()


maps = {name: influence(networks[name]) for name in ("article", "good", "judge")}

# %%
chapter.show(
    plots.image_row(
        {name: plots.map_image(0.4 * one) for name, one in maps.items()}
    ),
    "attention.png",
    caption="Where three predictors look: the brighter, the more influence (the "
    "root of the mean gradient, so that weak influence is seen). The black square "
    "in the middle is the hidden tile: nothing there has any. Compare how "
    "quickly the influence of each fades with the distance from the hole.",
    alt="Three maps of the context, black in the central square, with the "
    "influence of each pixel around it",
)

# %% [markdown]
# ## Against the old recipes
#
# Holes in pictures were mended long before networks. The simplest recipe is the mean colour of the surroundings, or of a thin
# ring around the hole. Telea's and the Navier–Stokes method carry colours inward from the edge {cite:p}`telea2004,bertalmio2001`;
# the biharmonic one lays the smoothest possible sheet over the hole. The **linear fill** is the least that can be learnt: each
# pixel of the tile is a weighted sum of the ring around it, with weights fitted on the same training pictures.

# %%
scores, fills = chapter.predictor_scores(runs), chapter.measured("fills")
errors = {name: row["mae"] for name, row in fills.items()}
errors |= {name: row["test"]["mae"] for name, row in scores.items()}
errors = dict(sorted(errors.items(), key=lambda one: -one[1]))

# %%
chapter.show(
    plots.bar_table(
        errors,
        highlight=list(networks),
        xlabel="error MAE on the test photographs (0 to 1, lower is better)",
    ),
    "bars.png",
    caption="The error of every guesser on photographs that none has seen; "
    "shorter is better. Networks are hatched, recipes plain. Look where the "
    "networks stand among the recipes.",
    alt="Bar chart of the mean absolute error of four networks and six recipes",
)

# %%
table = pd.DataFrame(
    {name: row["pictures"] for name, row in {**fills, **scores}.items()}
)
table = table.T.loc[list(errors), list(photographs)[:6]].assign(mean=errors)


def plain(name):
    return name.replace("_", " ")


chapter.show(
    table.rename(index=plain, columns=plain).round(4),
    "by_photograph.csv",
    caption="The same, photograph by photograph. In each column, look for the "
    "least.",
)

# %% [markdown]
# Read along a row, then down a column: is a picture that is hard for one guesser hard for all?

# %% [markdown]
# ## Tiles to look at
#
# One tile of each photograph, and so that nobody can choose the pretty ones: the tile whose error for the good predictor is the
# *middle* one among all its inner tiles.

# %%
linear = chapter.predictors("linear")["linear"].network
guessers = {**networks, "linear": linear, "telea": FILLS["telea"]()}


def middle_tile(y):
    """A tile that the good predictor finds of middling difficulty, and guesses."""
    context, hidden = ab.contexts(y)
    inner = hidden.sum((1, 2, 3)) == 32 * 32
    context, hidden = context[inner], hidden[inner]
    tile = context[..., middle, middle]
    errors = (networks["good"](context, hidden) - tile).abs().mean((1, 2, 3))
    at = errors.argsort()[[len(errors) // 2]]
    row = {"context": torch.where(hidden[at], 1.0, context[at]), "truth": tile[at]}
    return row | {name: f(context[at], hidden[at]) for name, f in guessers.items()}


# %%
rows = {name.split("_")[0]: middle_tile(y) for name, y in photographs.items()}
chapter.show(
    plots.image_grid(dict(list(rows.items())[:6])),
    "tiles.jpg",
    caption="A tile of each photograph: what is given, what was there, and what "
    "four networks and two recipes guess. See how a guess is blurred wherever "
    "several answers are possible.",
    alt="A table of small pictures: rows are photographs, columns the context, "
    "the true tile, and six guesses of it",
)

# %% [markdown]
# ## At full scale
#
# All these networks learnt for minutes at most, mostly from drawn pictures. The reference run trained the same ones for longer, on
# photographs only.

# %%
data = chapter.reference("data")
print("learns from", data["train"]["pictures"], "photographs")
print("tested on", data["test"]["pictures"], "photographs")
columns = {"here": {}, "reference run": {}}
for name, value in errors.items():
    full = chapter.reference("fills") if name in fills else None
    full = full or {name: chapter.reference(f"predictors/{name}")["test"]}
    columns["here"][name] = round(value, 4)
    columns["reference run"][name] = round(full[name]["mae"], 4)
table = pd.DataFrame(columns).sort_values("reference run", ascending=False)

# %%
chapter.show(
    table.rename(index=plain),
    "reference.csv",
    caption="MAE here and in the reference run, in the order of the latter. Look "
    "which places changed: those are what more learning, and real photographs to "
    "learn from, are good for.",
)

# %% [markdown]
# In both, the good predictor is ahead of every recipe, and the mean colour is behind all others.

# %% [markdown]
# ## What failed
#
# - **The article's network.** To be worth its training, its bar must be shorter than those of the recipes. Telea's, of 2004, learns
#   nothing at all.
# - **Sharpness.** A guess that is wrong costs, a blurred one costs less. Trained on the mean absolute error, the
#   network never commits itself, and no guess of a texture looks like a texture.
# - **The bad one is not bad in a simple way.** It began as the linear fill and did not get far from it: compare the two in the tables. How much of its
#   distance from the good one is lines that go on, and how much only better averages, these numbers do not say. The chapter on the ratio will depend on it.
# - **The judge is no oracle.** The good predictor guesses better, and after a short training so do old recipes: compare its bar with theirs. And it learnt from the same pictures as the others, so it
#   may share blind spots with them. What counts is that no improver could learn to please it.
# - **Error bars.** One seed each, and a handful of photographs.
