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
# # Where is a picture predictable?
#
# Guess one tile, put it down; guess the next from *its* surroundings, put it down beside the first; and so on until a whole picture
# of guesses lies there. That is the **full prediction** $z$ of a picture $y$. Where the two differ, the picture is a surprise.

# %% tags=["parameters"]
# Change one here, for example good = {"steps": 3000}; empty: as in params.yaml.
article = {}
good = {}
bad = {}

# %%
import itertools
import math

import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter

chapter = Chapter("03_full_prediction", article=article, good=good, bad=bad)
runs = chapter.predictors("article", "good", "bad")
f, f_bad, f_article = (runs[name].network for name in ("good", "bad", "article"))
photographs = chapter.photographs()
y = next(iter(tables.chosen(photographs, "coffee").values()))
z = ab.full_prediction(f, y)

# %% tags=["remove-input"]
chapter.show(
    plots.prediction_grid(**tables.rows(f, {"": y})),
    "idea.jpg",
    caption="A photograph, the same photograph guessed tile by tile, and the "
    "error: dark was guessed, bright was not. Look for the places that are "
    "bright, and ask whether you could have known.",
    alt="Three panels: a photograph, its full prediction, and the map of the "
    "absolute error with a colour bar",
)

# %% [markdown]
# ## A loop over the tiles
#
# In a formula, $z_i = f(\text{context of } y_i)$ for every tile $i$. In code, it is what the words above say. No tile is guessed from a
# guess: every context is cut from $y$.

# %%
context, hidden = ab.contexts(y)
tops, lefts = range(0, y.shape[2], 32), range(0, y.shape[3], 32)
by_hand = torch.zeros_like(y)
for number, (top, left) in enumerate(itertools.product(tops, lefts)):
    tile = f(context[[number]], hidden[[number]])
    place = by_hand[..., top : top + 32, left : left + 32]
    place[:] = tile[..., : place.shape[2], : place.shape[3]]
by_hand = by_hand.clamp(0, 1)

# %% [markdown]
# And by the one call that all chapters use:

# %%
z = ab.full_prediction(f, y)
print(f"largest difference {(by_hand - z).abs().max():.5f}")
print(f"MAE(y,z)           {ab.predictability(y, z).item():.5f}")

# %% [markdown]
# How can one call be quicker than the loop? No tile waits for another, so all can go through the network *batched*, together.
# That is not yet cheap: the contexts of neighbours overlap, and each pixel is read again for each of the sixteen or so contexts that it
# lies in. The [predictor with four sides](02_predictor.ipynb) reads each side of a whole row of tiles once: *one pass*.
# Three ways to the same $z$ (`abstract-beauty bench` measures what each costs on your machine):

# %%
for network, method in [(f, "batched"), (f, "one_pass"), (f_article, "batched")]:
    loop = ab.full_prediction(network, y, method="loop")
    other = ab.full_prediction(network, y, method=method)
    name = type(network).__name__
    print(f"{name:14} loop and {method:8} {(loop - other).abs().max():.5f} apart")

# %% [markdown]
# ## All the photographs
#
# The error of a photograph is the mean of its map. The **progress** is how many times larger it is for the
# [bad predictor](02_predictor.ipynb), which learnt only briefly, than for the good one. At 1 both guess equally well. A high number is no praise
# of the picture yet: a mere blur has one, as [the chapter on the ratio](05_ratio.ipynb) shows.

# %%
z = {name: ab.full_prediction(f, x) for name, x in photographs.items()}
z_bad = {name: ab.full_prediction(f_bad, x) for name, x in photographs.items()}
table = pd.DataFrame(
    {
        name.replace("_", " "): {
            "good predictor": ab.predictability(x, z[name]).item(),
            "bad predictor": ab.predictability(x, z_bad[name]).item(),
            "progress": ab.progress(x, z_bad[name], z[name]).item(),
        }
        for name, x in photographs.items()
    }
).T.sort_values("good predictor")

# %%
chapter.show(
    table.round(4),
    "errors.csv",
    caption="MAE(y,z) of each photograph for the two predictors, and the "
    "progress; the easiest photograph first.",
)

# %%
order = list(table.index)
three = [order[0], order[len(order) // 2], order[-1]]
chosen = {name: photographs[name.replace(" ", "_")] for name in three}
chapter.show(
    plots.prediction_grid(**tables.rows(f, chosen)),
    "photographs.jpg",
    caption="From above: the photograph with the smallest error, a middling one, "
    "and the one with the largest. Look which places are dark in the maps and "
    "which are bright: empty ones, outlines, textures, small things?",
    alt="Photographs in rows; in columns the photograph, its full prediction and "
    "the map of the error",
)

# %% [markdown]
# The same question, tile by tile: cut $y$ and $z$ into tiles, and of each photograph take the tile with the smallest error and the one with the largest.


# %%
def cut(picture):
    """The whole tiles of a picture (1, c, h, w): (rows, columns, c, 32, 32)."""
    return picture[0].unfold(1, 32, 32).unfold(2, 32, 32).permute(1, 2, 0, 3, 4)


found = {"easiest": {}, "its guess": {}, "hardest": {}, "its guess ": {}}
for name, x in list(photographs.items())[:6]:
    tiles, guesses = cut(x).flatten(0, 1), cut(z[name]).flatten(0, 1)
    errors = (tiles - guesses).abs().mean((1, 2, 3))
    low, high = errors.argmin(), errors.argmax()
    four = tiles[low], guesses[low], tiles[high], guesses[high]
    for row, tile in zip(found.values(), four):
        row[name.split("_")[0]] = tile

# %%
chapter.show(
    plots.image_grid(found),
    "tiles.jpg",
    caption="The easiest and the hardest tile of each photograph, each above its "
    "guess. See how flat the easy ones are, and whether the hard ones hold "
    "something that begins and ends inside the tile.",
    alt="Four rows of small square tiles: the easiest, their guesses, the "
    "hardest, their guesses; a column for each photograph",
)

# %% [markdown]
# ## Does it matter where the cuts fall?
#
# The grid of tiles begins in the upper left corner because that is where one begins. Shift it, and every tile is another one. We call the
# shift the **phase**. A property of the picture should not depend on it. Does the error?

# %%
shifts = range(0, 32, 4)
lines = {}
for name, x in list(photographs.items())[:6]:
    moved = [ab.full_prediction(f, x, phase=(shift, shift)) for shift in shifts]
    errors = torch.cat([ab.predictability(x, one) for one in moved])
    lines[name.replace("_", " ")] = shifts, (errors / errors.mean()).tolist()

# %%
chapter.show(
    plots.lines(
        lines, "phase of the grid, down and right, pixels", "MAE(y,z) / its mean"
    ),
    "phase.png",
    caption="The error while the grid is shifted along the diagonal, as a share "
    "of its mean over all shifts. If the grid did not matter, every line would be "
    "flat: see by how many hundredths they are not.",
    alt="Line chart of the relative error of the photographs against the phase of "
    "the grid",
)

# %% [markdown]
# Does it help to average over several phases? Average each error with that of the grid shifted by half a tile more, which is the one
# furthest from it, and see whether the error still varies as much with the phase:

# %%
for name, (_, errors) in lines.items():
    one = torch.tensor(errors)
    two = (one[: len(one) // 2] + one[len(one) // 2 :]) / 2
    print(f"{name:15} one phase ± {one.std():.4f}   two together ± {two.std():.4f}")

# %% [markdown]
# In later chapters the judge's error is such an average over two phases, the first two of the next cell. The good predictor's MAE(y,z) and
# the progress are those on the article's grid, phase (0, 0), unless a table says otherwise.

# %%
phases = [(0, 0), (16, 16), (0, 16), (16, 0)]
moved = torch.cat([ab.full_prediction(f, y, phase) for phase in phases])
wrong = ab.error_map(y, moved)
part = (..., slice(32, 160), slice(-256, -64))  # look closely
kinds = {"phase (0, 0)": [0], "phase (16, 16)": [1], "mean of four": [0, 1, 2, 3]}
shown = {"prediction": {}, "error": {}}
for label, at in kinds.items():
    shown["prediction"][label] = moved[at].mean(0)[part]
    shown["error"][label] = plots.map_image(wrong[at].mean(0)[part])

# %%
chapter.show(
    plots.image_grid(shown),
    "phase_maps.jpg",
    caption="A part of a photograph, guessed on two grids, and the means over "
    "four. Look for the seams of the tiles in the first two columns: in the mean "
    "they fade, and the picture remains.",
    alt="Two rows of three pictures: predictions on two grids and their mean over "
    "four, and below the maps of the error",
)

# %% [markdown]
# A tile is not equally hard everywhere. Its edge touches what is visible, its middle is far from it:


# %%
def by_depth(z):
    """Mean error at each distance from the edge of a tile, over all photographs."""
    errors = [cut((x - z[name]).abs()) for name, x in photographs.items()]
    error = torch.stack([one.mean((0, 1, 2)) for one in errors]).mean(0)  # 32 x 32
    inward = torch.arange(32).minimum(31 - torch.arange(32))
    depth = torch.minimum(inward[:, None], inward)
    return range(16), [error[depth == k].mean().item() for k in range(16)]


# %%
chapter.show(
    plots.lines(
        {"good predictor": by_depth(z), "bad predictor": by_depth(z_bad)},
        "distance from the tile's edge, pixels",
        "mean error over the photographs",
    ),
    "depth.png",
    caption="The error from the edge of a tile (left) to its middle (right). What "
    "a predictor knows about the neighbouring pixels helps it at the left; to the "
    "right it has to imagine.",
    alt="Line chart of the mean error against the distance from the edge of the "
    "tile for the good and the bad predictor",
)

# %% [markdown]
# ## What happens at the border?
#
# A tile at the border has no surroundings on one side. There the picture goes on as in a mirror. But a mirror shows a tile *itself*,
# and a predictor that finds the mirror image has only to copy it. So the mirror images of a tile's own pixels are hidden as
# well:

# %%
context, hidden = ab.contexts(y)
seen = torch.where(hidden, 1.0, context)
columns = math.ceil(y.shape[3] / 32)
chapter.show(
    plots.image_row(
        {"corner": seen[0], "upper edge": seen[2], "inside": seen[2 * columns + 2]}
    ),
    "border.jpg",
    caption="What the predictor sees of three tiles, white where it may not look. "
    "In the corner the picture is mirrored twice, and the white part is the tile "
    "together with its mirror images.",
    alt="Three contexts with hidden parts in white: of a corner tile, of a tile "
    "at the upper edge, and of an inner tile",
)

# %% [markdown]
# What if only the middle were hidden, and not its mirror images? The gradient of a guess on the tile's own pixels says it; it must be 0.


# %%
def careless(context, hidden):
    only_middle = torch.zeros_like(hidden)
    only_middle[..., 48:80, 48:80] = True
    return f(context, only_middle)


for name, network in {"mirrors hidden": f, "careless": careless}.items():
    watched = y.clone().requires_grad_(True)
    ab.full_prediction(network, watched)[..., :32, :32].sum().backward()
    print(f"{name:15} {watched.grad[..., :32, :32].abs().max():.4f}")

# %% [markdown]
# (The one-pass predictor reads lines for a whole row of tiles and cannot hide a piece of a line from one tile alone. It does without the
# whole line on the side where the mirror stands. Nothing is lost: what such a line shows lies on another side as well.)
#
# ## What was there to learn?
#
# Now the same photograph for two predictors: the bad one, whose training was short, and the good one. What is bright in the
# first map and dark in the second is what learning was good for.

# %%
rows, maps = {}, {}
for name, network in {"bad predictor": f_bad, "good predictor": f}.items():
    z = ab.full_prediction(network, y)
    rows[name] = {"photograph y": y, "prediction z": z}
    maps[name] = ab.error_map(y, z)[0]
chapter.show(
    plots.prediction_grid(rows, maps),
    "progress.jpg",
    caption="The same photograph as the bad predictor (above) and the good one "
    "(below) guess it. Look for what the good one knows and the bad one does not: "
    "outlines that go on, or only the right colours?",
    alt="Two rows, bad and good predictor: the photograph, its full prediction, "
    "the map of the error",
)

# %% [markdown]
# ## What failed
#
# - **Independence of the grid.** The error changes when only the cuts are shifted. Only the judge's is averaged over phases, and over no
#   more than two.
# - **Seams.** The error rises from the edge of a tile to its middle. So the map shows the picture *and* the grid, and an improver could learn to
#   please the grid.
# - **One size.** A tile is 32 pixels whatever it shows. A face in 32 pixels and a pore of its skin in 32 pixels are the same
#   task here.
# - **Order.** The first table has an order. Whether anybody finds the first photograph the most beautiful, no number in it can tell.
