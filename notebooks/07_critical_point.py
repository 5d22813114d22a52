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
# # Why does it smooth?
#
# The article gave both terms of its loss the same weight, got "something like smoothing", and saw the loss of a deeper network hardly
# fall. At equal weights a picture and its mixture with its own guess can cost nearly the same. This can be seen before anything is trained. How much of
# the smoothing it explains, and how much is a network that cannot copy yet, is measured below.

# %% tags=["parameters"]
# Change the experiment here, for example balance = {"steps": 200, "seeds": 4};
# empty: as params.yaml says.
balance = {}
pixels = {}

# %%
import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty.book import plots
from abstract_beauty.chapter import Chapter
from abstract_beauty.improvers.plain import PlainConvolutions
from abstract_beauty.measures.statistics import high_frequency_kept

chapter = Chapter("07_critical_point", balance=balance, pixels=pixels)
f = ab.predictor("good")
direct, pictures = chapter.measured("pixels")
squares = pictures["x"]
middle = len(squares) // 2
x = squares[middle : middle + 1]


# %%
def terms(y):
    """MAE(x, y) and MAE(y, z): the two terms of the loss."""
    with torch.no_grad():
        z = ab.full_prediction(f, y)
    return float((x - y).abs().mean()), float((y - z).abs().mean())


guess = ab.full_prediction(f, x)
way = {t: x + t * (guess - x) for t in (0, 0.25, 0.5, 0.75, 1)}

# %% tags=["remove-input"]
names = ["photograph", "a quarter", "half way", "three quarters", "its guess"]
losses = [0.5 * xy + 0.5 * yz for xy, yz in map(terms, way.values())]
chapter.show(
    plots.image_row(
        dict(zip(names, (y[0] for y in way.values()))),
        dict(zip(names, (f"loss {loss:.4f}" for loss in losses))),
        columns=5,
    ),
    "way.jpg",
    caption="A square of a photograph, moved step by step towards what the "
    "predictor guesses of it. Below each picture stands the article's loss of it, "
    "at equal weights: compare the first three.",
    alt="Five small pictures from a photograph to its full prediction, each with "
    "its loss",
)

# %% [markdown]
# ## Between the photograph and its guess
#
# The loss is $L = k_1\,\mathrm{MAE}(x, y) + k_2\,\mathrm{MAE}(y, z)$, where $z$ is the full prediction of $y$. Take for $y$ the pictures on the straight way from
# $x$ to the full prediction of $x$. No network is asked; the loss is only computed. Does it fall or rise along the way?

# %%
along = [terms(y) for y in way.values()]
falls = {}
for k2 in (0.4, 0.5, 0.6):
    loss = [(1 - k2) * xy + k2 * yz for xy, yz in along]
    falls[f"k2 = {k2}"] = (list(way), [each / loss[0] for each in loss])
chapter.show(
    plots.lines(falls, "share of the way from x to its guess", "loss / loss at x"),
    "way.png",
    caption="The loss on the way from the photograph to its guess, for three "
    "weights, k1 = 1 - k2. See which line rises at once, which falls, and how "
    "long the middle one stays level.",
    alt="Line chart of the loss along the way from a photograph to its full "
    "prediction, for three weights",
)

# %% [markdown]
# At equal weights the first term grows by as much as the second would shrink if $z$ stood still. What is left is the change of $z$ itself. So the
# article's loss hardly decides between a photograph and the same photograph half way to its guess. A network that begins as a copy has little
# reason to leave it.
#
# This is one square, and a mixture with the guess is not a blur. Under the same loss a plain blur costs more than a copy, as
# [the chapter before](06_deeper.ipynb) works out. So nothing follows from here for a network that comes from a blur.
#
# ## One pixel
#
# The same pixel by pixel. Move one pixel of $y$ from $x$ towards its guess, by a little. The first term costs $k_1$ for it.
# The second earns $k_2$, because the pixel comes nearer to its guess. It also earns or costs something more, since the pixel is part of what its
# *neighbours* are guessed from: call that $k_2 c$. It pays to move if
#
# $$k_2\,(1 + c) > k_1 .$$
#
# Without the neighbours, $c = 0$, the border lies at exactly $k_1 = k_2$: below it no pixel moves, above it every pixel goes all the way to
# its guess. That would be a **critical point**, and the article stood on it. With the neighbours each pixel has a border of its own.
#
# In the words of optimisation: $|y - x|$ has at $y = x$ every slope from $-1$ to $1$. So a pixel stays exactly if
# $k_2 |G| \le k_1$, where $G$ is the slope of $\mathrm{MAE}(y, z)$ there. One backward pass through
# the predictor gives $G$ of all pixels at once:

# %%
y = x.clone().requires_grad_(True)
z = ab.full_prediction(f, y)
(y - z).abs().sum().backward()
G = y.grad

# What moving a pixel towards its guess does to its neighbours' guesses:
c = G * (x - z.detach()).sign() - 1
print(f"c: mean {c.mean():.2f}, standard deviation {c.std():.2f}")
for k2 in (0.3, 0.4, 0.5, 0.6, 0.7):
    stays = k2 * G.abs() <= 1 - k2
    print(f"k2 = {k2}: {stays.float().mean():.0%} of the pixels stay")

# %% tags=["hide-input"]
shown = {"photograph": x[0], "|G|": plots.map_image(G[0].abs().mean(0) / 10)}
for k2 in (0.4, 0.5, 0.6):
    stays = (k2 * G[0].abs() <= 1 - k2).float().mean(0)
    shown[f"stays at {k2}"] = stays.expand(3, -1, -1)
chapter.show(
    plots.image_row(shown, columns=5),
    "pull.jpg",
    caption="The slope |G| of each pixel, dark is 0 and the brightest 4 or more; "
    "then in white the pixels that stay at three weights k2. Look for the grid of "
    "tiles.",
    alt="Five small pictures: the photograph, a map of |G|, and three maps of the "
    "pixels that stay",
)

# %% [markdown]
# A pixel beside the edge of a tile is what the tile next door is guessed from. There a pixel weighs more for its neighbours than for
# itself, and is the first to be moved, towards its guess or away from it.
#
# ## The pixels themselves, downhill
#
# The condition speaks of the first step from $y = x$. To see what becomes of it, move the pixels of $y$ downhill, with no network between. The first term has a kink at
# $x$, so each step is a gradient step of the second term, then a pull of fixed length back towards $x$; a pixel that arrives stays to the bit.


# %%
def downhill(k2, steps=20, size=0.02):
    """The y that descent from y = x finds, on the article's grid of tiles."""
    y = x.clone()
    for _ in range(steps):
        y.requires_grad_(True)
        z = ab.full_prediction(f, y)
        (slope,) = torch.autograd.grad((y - z).abs().sum(), y)
        away = y.detach() - size * k2 * slope - x
        back = (away.abs() - size * (1 - k2)).clamp(min=0)
        y = (x + away.sign() * back).clamp(0, 1)
    return y


weights = (0.3, 0.4, 0.5, 0.6, 0.7)
stayed = [float((downhill(k2) == x).float().mean()) for k2 in weights]

# %%
ratios = [k / 20 for k in range(1, 21)]
stay = [float((r * G.abs() <= 1 - r).float().mean()) for r in ratios]
chapter.show(
    plots.lines(
        {"by the condition": (ratios, stay), "after descent": (weights, stayed)},
        "k2 / (k1 + k2)",
        "share of pixels that stay",
        marks={"k1 = k2": 0.5},
    ),
    "stays.png",
    caption="How many pixels have no reason to leave the photograph, from the one "
    "backward pass, and how many were still there to the bit after 20 steps "
    "downhill. The upright line is where the article stood.",
    alt="Two curves against the ratio of the weights: the predicted and the "
    "measured share of pixels that stay",
)

# %% [markdown]
# ## The phase diagram
#
# Now a range of weights, with and without a network; only the marked points were measured. Without one, the pipeline moved the pixels of a few squares as above, but
# with a new grid of tiles at each step. With one, it trained the same network anew at each ratio, from two
# seeds unless you ask for more, and measured it on squares of its own.


# %%
def by_ratio(points, original):
    """One row each; the judge's error relative to the original's."""
    table = pd.DataFrame(points)
    table["judge"] = table["error_judge"] / original["error_judge"]
    return table


def lines_of(bare, trained, key):
    """Bare pixels, then each network: the mean over its seeds, half their range."""
    found = {"bare pixels": (bare["ratio"], bare[key])}
    for network, rows in trained.groupby("network", sort=False):
        seeds = rows.groupby("ratio")[key]
        mean, bar = seeds.mean(), (seeds.max() - seeds.min()) / 2
        found[network.replace("unet", "U-Net")] = (mean.index, mean, bar)
    return found


# %%
networks = chapter.measured("balance")
bare = by_ratio(direct["balance"], direct["original"])
trained = by_ratio(networks["points"], networks["original"])
lengths = trained[trained["series"] == "length"]
trained = trained[trained["series"] == "ratio"]
here = {"xlabel": "k2 / (k1 + k2)", "marks": {"k1 = k2": 0.5}}

# %%
chapter.show(
    plots.lines(lines_of(bare, trained, "change"), ylabel="MAE(x,y)", **here),
    "change.png",
    caption="How far y is from the photograph. Bars reach from the lowest to the "
    "highest seed. Compare at the upright line: the bare pixels have left by "
    "then, the U-Net has not.",
    alt="Line chart of MAE(x,y) against the ratio of the weights, with bars for "
    "the seeds",
)

# %%
chapter.show(
    plots.lines(
        lines_of(bare, trained, "judge"),
        ylabel="judge's error / the original's",
        **here,
    ),
    "judge.png",
    caption="How hard y is to guess for the judge, which took no part, each line "
    "relative to the error of its own untouched squares. Where the chart above "
    "rises, see what this one does.",
    alt="Line chart of the judge's relative error against the ratio of the weights",
)

# %%
chapter.show(
    plots.lines(
        lines_of(bare, trained, "high_frequency_kept"),
        ylabel="fine detail kept",
        **here,
    ),
    "detail.png",
    caption="What it costs: energy of waves shorter than 8 pixels, 1 is the "
    "photograph's. See whether a line falls here where it fell in the chart above. "
    "The lines that descent draws on bare pixels count as fine detail too.",
    alt="Line chart of the fine detail kept against the ratio of the weights",
)

# %%
some = [row["ratio"] for row in direct["balance"] if row["ratio"] > 0.35]
some = some[:: max(1, len(some) // 4)][:4]
shown = {f"k2 = {k2:g}": pictures[f"balance {k2}"][middle] for k2 in some}
chapter.show(
    plots.image_row({"photograph": x[0]} | shown, columns=5),
    "squares.jpg",
    caption="The square, and what descent with a new grid at each step makes of "
    "its pixels. Look for thin lines along and across: what one step draws at the "
    "edges of its tiles, the next step finds in the middle of others.",
    alt="Small pictures in a row: the photograph and the results at several ratios",
)

# %% [markdown]
# ## The same at full scale
#
# Is this an accident of small networks and short training? The [reference run](../reference.md) has predictors that learnt from
# photographs only, the good one for about an hour, and longer trainings of three networks. The article's plain stack and the deep network have no path that copies.
# Compare them with the U-Net at the very left, where nothing but a copy is asked for.

# %%
full, full_pixels = chapter.reference("balance"), chapter.reference("pixels")
full_bare = by_ratio(full_pixels["balance"], full_pixels["original"])
full_trained = by_ratio(full["points"], full["original"])
full_lengths = full_trained[full_trained["series"] == "length"]
full_trained = full_trained[full_trained["series"] == "ratio"]
chapter.show(
    plots.lines(
        lines_of(full_bare, full_trained, "change"), ylabel="MAE(x,y)", **here
    ),
    "full_change.png",
    caption="At full scale: how far y is from the photograph. Compare the networks "
    "at the left end and at the upright line.",
    alt="Line chart of MAE(x,y) against the ratio of the weights at full scale",
)

# %% [markdown]
# At equal weights the U-Net is still a copy. The plain stack and the deep network are far from the photographs there, but most of that distance they have at
# the left end as well, where no critical point is: it is a network that has not learnt to copy.

# %%
table = {}
for run, measured in {"default run": direct, "reference run": full_pixels}.items():
    theory = measured["stationary"]
    stays = dict(zip(theory["ratios"], theory["stays"]))
    table[run] = {
        "pixels that stay at k1 = k2": stays[0.5],
        "ratio at which half would leave": theory["half"],
        "c, mean": theory["neighbours_mean"],
        "c, standard deviation": theory["neighbours_deviation"],
    }
chapter.show(
    pd.DataFrame(table).round(3),
    "scales.csv",
    caption="What the condition says of the pipeline's squares in both runs: the "
    "share of pixels that stays at equal weights, the ratio k2 / (k1 + k2) at "
    "which half of them would leave, and c, what a pixel that moves towards its "
    "guess does to its neighbours' guesses.",
)

# %% [markdown]
# ## The control: nothing asks for smoothness
#
# If the smoothing were the doing of the second term alone, it would be gone with $k_2 = 0$, when a copy is all that is asked for. Train the article's plain stack
# for that:

# %%
torch.manual_seed(0)
g = PlainConvolutions(width=24)
optimizer = torch.optim.AdamW(g.parameters(), lr=0.002, fused=True)
for step, crops in zip(range(121), ab.crops(batch=2, side=128)):
    loss = (crops - g(crops)).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        kept = high_frequency_kept(squares, g(squares)).mean()
        print(f"step {step:3d}   MAE(x,y) {loss:.4f}   fine detail kept {kept:.3f}")

# %% [markdown]
# So a stack of convolutions has to learn even to copy, and as long as it has not, it blurs. The pipeline trained it for the lengths in the chart, with
# $k_2 = 0$ and with the article's equal weights; the reference run for longer.


# %%
def kept_by(rows, run):
    """Fine detail against the length of training, for both losses."""
    found = {}
    for ratio, label in {0.0: "only to copy", 0.5: "k1 = k2"}.items():
        one = rows[rows["ratio"] == ratio]
        found[f"{label}, {run}"] = (
            list(one["steps"]),
            list(one["high_frequency_kept"]),
        )
    return found


# %%
chapter.show(
    plots.lines(
        kept_by(lengths, "default run") | kept_by(full_lengths, "reference run"),
        "steps of training",
        "fine detail kept",
        logarithmic_x=True,
    ),
    "control.png",
    caption="Fine detail that the plain stack keeps, against how long it was "
    "trained. Where both lines of a run lie low, the blur is a network that has "
    "not learnt to copy yet. Where they part, the blur that stays is the loss.",
    alt="Line chart of the fine detail kept against the number of training steps, "
    "for k2 = 0 and for k1 = k2, in both runs",
)

# %% [markdown]
# ## Does the grid matter?
#
# The pipeline moved the pixels also on the article's one grid, as above, instead of on a new one at each step. Then a pixel knows where the
# edges of the tiles are.

# %%
labels = {"fixed": "one grid", "random": "a new grid each step"}
shown = {label: pictures[f"grid {key}"][middle] for key, label in labels.items()}
chapter.show(
    plots.image_row({"photograph": x[0]} | shown, columns=3),
    "grid.jpg",
    caption="The square after descent on one grid, and on a new one at each step. "
    "Look for the dots on the lines of the one grid.",
    alt="Three small pictures: the photograph, and descent on one grid and on many",
)

# %%
rows = {"photograph": direct["original"]}
rows |= dict(zip(labels.values(), direct["grid"]))
columns = {
    "error": "the article's grid",
    "error_averaged": "four grids",
    "error_judge": "judge",
    "change": "MAE(x,y)",
}
chapter.show(
    pd.DataFrame(rows)
    .T[list(columns)]
    .astype(float)
    .round(4)
    .rename(columns=columns),
    "grid.csv",
    caption="MAE(y,z) by the predictor on the article's grid and averaged over "
    "four, and by the judge. Compare in the first two columns what one grid gains "
    "on that grid and on average.",
)

# %% [markdown]
# ## What failed
#
# - **The prediction beyond the first step.** The condition speaks of $y = x$ and of one grid. Once some pixels have moved, the others have other slopes; and on a new grid at each
#   step every pixel is some time at a tile's edge.
# - **Pixels as a bound.** Bare pixels were to show the most that any network could reach. They do not: they begin at a copy, take few steps, and stop in
#   a pattern of lines. [The Black Square](04_smoothing.ipynb), which a network finds with the same term alone, is guessed far better than they are at the right end of the diagram.
# - **One cause.** Two things look alike here: a loss that gives no reason to become sharp, and a network that cannot copy yet. A short training does not tell them apart.
# - **Full length.** The trainings of the diagram are short, so a network that has not left the copy may do so later; `balance = {"steps": 200}` in the first cell goes further.
# - **A way out by the weights.** Where a network leaves the copy, the judge's error and the fine detail fall together (of bare pixels the lines that descent draws count as detail too). Another ratio of these two terms is no way out; [other losses](10_beyond.ipynb) were tried.
