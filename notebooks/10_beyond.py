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
# # Does another loss do better than smoothing?
#
# The article's first loss led to a blur, its second to pictures that forget the photograph. Here are four others, in five improvers: be predictable, but pay for lost
# contrast; or only to a set degree; or with only the coarse picture held; or be easier for the predictor than for the simplest fill, and pay for what is lost. All are judged in one way, beside the article's losses and beside plain
# filters that change the pictures as much.

# %% tags=["parameters"]
# Change an experiment here, for example held = {"k3": 0.05, "steps": 300};
# empty: as params.yaml says.
held = {}
held_further = {}
coarse = {}
target = {}
progress_held = {}

# %%
import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.losses._contrast import low_pass, pyramid_contrast
from abstract_beauty.measures.filters import FILTERS, strength_for

own = {"held": held, "held_further": held_further, "coarse": coarse}
own |= {"target": target, "progress_held": progress_held}
chapter = Chapter("10_beyond", **own)
titles = chapter.titles()
runs = {name: chapter.improver(name) for name in own}
photographs = chapter.photographs()
[x] = tables.chosen(photographs, "chelsea").values()

# %% tags=["remove-input"]
panels, changes = {"the photograph x": x}, {}
for name, run in runs.items():
    y = run.network(x)
    panels[titles[name]] = 0.5 + 10 * (y - x)
    changes[titles[name]] = f"MAE(x,y) {float((y - x).abs().mean()):.4f}"
chapter.show(
    plots.image_row(panels, changes, columns=3),
    "new.jpg",
    caption="What five improvers change in a photograph: not their pictures, but "
    "the differences y - x, times ten. Grey is no change. Look where it happens: "
    "along outlines, in the fur, or everywhere, which is a tint. Even grey: a copy.",
    alt="A photograph of a cat, and five grey panels with the amplified "
    "differences that five improvers make",
)

# %% [markdown]
# Differences are shown because the pictures themselves would be hard to tell apart: all of these improvers move a pixel by less than
# 0.01 on average, under three of 255 grey levels.
#
# ## Four losses
#
# As before, $x$ is the photograph, $y = g(x)$ what the improver makes of it, $z$ the full prediction of $y$. Every loss below has a term
# for being predictable and a term that holds the picture. They differ in what they hold.
#
# **Smoothing, held.** Smoothing, with a price for contrast and fine detail that are lost. *Held, further* is the same
# loss with less weight on the original, more on what is lost, and another number of steps.
#
# $$
# \begin{aligned}
# L ={} & k_1\,\mathrm{MAE}(x, y) + k_2\,\mathrm{MAE}(y, z) \\
# & + k_3\,\mathrm{lost}(x, y)
# \end{aligned}
# $$

# %%
f, linear = ab.predictor("good"), ab.predictor("linear")


def mae(a, b):
    return (a - b).abs().mean()


def smoothing_held(x, y, k1, k2, k3):
    z = ab.full_prediction(f, y)
    return k1 * mae(x, y) + k2 * mae(y, z) + k3 * lost(x, y)


# %% [markdown]
# What is lost is counted channel by channel: the standard deviation of the picture, and the strength of its two finest bands, waves of some 2 to
# 8 pixels, before and after. One twentieth may go for nothing, and more contrast than before earns nothing.


# %%
def measures(x):
    whole = x.std((2, 3), correction=0)
    return torch.cat([pyramid_contrast(x, bands=2), whole[:, None]], dim=1)


def lost(x, y):
    kept = measures(y) / measures(x).clamp(min=1 / 256)
    return (0.95 - kept).clamp(min=0).mean()


# %% [markdown]
# **Coarse.** Only what is coarse has to stay, waves longer than about 16 pixels. The rest may be drawn anew.
#
# $$
# \begin{aligned}
# L ={} & k_1\,\mathrm{MAE}(\mathrm{low}(x), \mathrm{low}(y)) \\
# & + k_2\,\mathrm{MAE}(y, z)
# \end{aligned}
# $$


# %%
def only_coarse(x, y, k1, k2):
    z = ab.full_prediction(f, y)
    return k1 * mae(low_pass(x), low_pass(y)) + k2 * mae(y, z)


# %% [markdown]
# **Set point.** The error shall come down to a share of the photograph's, four fifths, and no further. With $z_x$ the full prediction
# of the photograph:
#
# $$
# \begin{aligned}
# L ={} & k_1\,\mathrm{MAE}(x, y) \\
# & + k_2\,\bigl|\,\mathrm{MAE}(y, z) - 0.8\,\mathrm{MAE}(x, z_x)\,\bigr|
# \end{aligned}
# $$


# %%
def set_point(x, y, k1, k2, share):
    z, z_x = ab.full_prediction(f, y), ab.full_prediction(f, x)
    return k1 * mae(x, y) + k2 * (mae(y, z) - share * mae(x, z_x)).abs()


# %% [markdown]
# **Progress, held.** The [ratio](05_ratio.ipynb) of the article, in the direction that the article means, but against the linear fill, which flat colour cannot
# fool, and with both of the other terms. With $z_\mathrm{lin}$ the linear fill's full prediction of $y$:
#
# $$
# \begin{aligned}
# L ={} & k_1\,\mathrm{MAE}(x, y) + k_2\,\frac{\mathrm{MAE}(y, z)}{\mathrm{MAE}(y, z_\mathrm{lin})} \\
# & + k_3\,\mathrm{lost}(x, y)
# \end{aligned}
# $$


# %%
def held_progress(x, y, k1, k2, k3):
    z, z_linear = ab.full_prediction(f, y), ab.full_prediction(linear, y)
    ratio = mae(y, z) / mae(y, z_linear)
    return k1 * mae(x, y) + k2 * ratio + k3 * lost(x, y)


# %% [markdown]
# ## What does each loss say of a blur?
#
# The simplest thing that an improver could learn is a blur. So before any training: blur the photograph more and more, and take each loss.
# If it falls, an improver has a reason to blur; if it rises, a reason to leave the photograph alone.

# %%
losses = {"held": smoothing_held, "held_further": smoothing_held}
losses |= {
    "coarse": only_coarse,
    "target": set_point,
    "progress_held": held_progress,
}
strengths = [0, 0.5, 1, 1.5, 2]
blurred = [FILTERS["gaussian"](x, strength) for strength in strengths]
along = {}
for name, loss in losses.items():
    weights = chapter.params.improvers[name].weights
    values = [loss(x, y, **weights).item() for y in blurred]
    along[titles[name]] = strengths, [value / values[0] for value in values]

# %%
chapter.show(
    plots.lines(
        along, "Gaussian blur, pixels", "loss, as a multiple of the photograph's"
    ),
    "blur.png",
    caption="Each loss along a blur that grows, on one photograph. Left, at 1, "
    "is the photograph itself. A line that rises at once is a loss under which "
    "blurring does not pay; a line with a lowest point says how much blur it "
    "wants.",
    alt="Line chart of the five improvers' losses against the strength of a "
    "Gaussian blur, each divided by its value without blur",
)

# %% [markdown]
# Compare the chart with what the trainings below arrive at: a line that falls promises a change, but a short training need not find it.
# The term $\mathrm{lost}$ counts the very waves that a blur takes first. It does what it should, and leaves little else to learn: an improver
# under it must find changes that make a picture easier to guess and cost no fine detail.
#
# ## Train one here
#
# A loss is a function whose arguments say what it is given: `x`, `y`, `z`, `z_bad`, `z_x`. Its weights stand after the star. Here is
# the set point, in the form in which `ab.train_improver` takes it (two crops at a time, so the errors are taken picture by picture). Write
# another in its place. With `phase="random"` the grid of tiles is drawn anew at each step; without it the grid stays where the article has it, and a
# network can learn where its lines are.


# %%
def mine(x, y, z, z_x, *, k1, k2, share):
    wanted = share * (x - z_x).abs().mean((1, 2, 3))
    error = (y - z).abs().mean((1, 2, 3))
    return k1 * (x - y).abs().mean() + k2 * (error - wanted).abs().mean()


weights = {"k1": 0.2, "k2": 0.8, "share": 0.8}
trained = ab.train_improver(mine, "unet", steps=60, phase="random", **weights)
trained.curve.set_index("step")[["loss", "mae_xy", "mae_yz"]].round(4)

# %% [markdown]
# And judge it on the test photographs, by a network that it was not trained against. `ab.judged` puts it into one table with the
# pipeline's improvers and, below it, the plain filters that change the photographs as much as it does.

# %%
compared = ab.judged(ab.judge(trained.network, "mine"))
shown = ["MAE(x,y)", "MAE(y,z), judge", "contrast kept", "fine detail kept"]
compared[shown].tail(10)

# %% [markdown]
# Compare the judge's error in the row *mine* with those of the filters below it: a lower error than the photographs' is no success where a filter has a
# lower one still.
#
# ## The five improvers, as the pipeline trained them

# %%
for name in runs:
    section = chapter.params.improvers[name]
    print(f"{titles[name]:16} {section.steps} steps, weights {section.weights}")

# %%
curves = {titles[name]: run.curve for name, run in runs.items()}
chapter.show(
    plots.curves(curves, "mae_xy", ylabel="MAE(x,y) on the training crops"),
    "curves.png",
    caption="How far they are from the photographs while they learn. The first "
    "steps disturb all of them; see which come to rest near it, and which stay "
    "above.",
    alt="Line chart of MAE(x,y) against the training step for the five improvers",
)

# %%
chapter.show(
    chapter.table(*runs).T,
    "judges.csv",
    caption="The test photographs, untouched and under the five improvers. "
    "MAE(y,z): by the predictor used in training, and by the judge. Progress: "
    "the error of the briefly trained predictor over that of the good one. "
    "Contrast, and detail finer than 8 pixels: 1 is the photographs'.",
)

# %% [markdown]
# ## The same change, seven ways
#
# Take the photograph, let the improver with the set point change it, and let six plain filters change it *exactly as much*.

# %%
y = runs["target"].network(x)
change = mae(x, y).item()
ways = {"photograph": x, titles["target"]: y}
for name, smooth in FILTERS.items():
    ways[name.replace("_", " ")] = smooth(x, strength_for(name, x, change))

judge = ab.predictor("judge")
errors = {}
for way, picture in ways.items():
    error = mae(picture, ab.full_prediction(judge, picture))
    errors[way] = f"MAE(y,z) {error:.4f}"

# %%
side = 96
moved = (x - y).abs().mean(1)
average = torch.nn.functional.avg_pool2d(moved, side, stride=1)
top, left = divmod(int(average.argmax()), average.shape[-1])
squares = {
    way: (x if way == "photograph" else 0.5 + 10 * (picture - x))[
        0, :, top : top + side, left : left + side
    ]
    for way, picture in ways.items()
}
chapter.show(
    plots.image_row(squares, errors, columns=4),
    "same_change.jpg",
    caption="The square of 96 pixels where the improver changes most, enlarged; then "
    "what the improver changes there, and what filters change at the same MAE(x,y): "
    "differences from the photograph, times ten, grey where there is none. Below "
    "each: the judge's error on the whole photograph. Compare lines and flat parts.",
    alt="An enlarged square of a photograph, and seven grey squares with the amplified "
    "changes of the improver and of six plain filters",
)

# %% [markdown]
# (The row of dots along the top of the mean shift is a fault of that filter at its border.)
#
# ## All losses in one table
#
# The question of this book in numbers: is an improver easier to guess, for the judge, than *every* plain filter that changes the photographs as
# much? The column *gap* is the judge's error less the best filter's. Below zero, the improver is ahead of all filters here.


# %%
def beside_filter(found):
    """An improver's numbers, and the best plain filter's at the same change."""
    test, best = found["test"], found["best_filter"]
    filters = best["error_judge"] if best["name"] else float("nan")
    return {
        "change": test["change"],
        "judge": test["error_judge"],
        "best filter": filters,
        "gap": test["error_judge"] - filters,
        "contrast": test["contrast_kept"],
        "detail": test["high_frequency_kept"],
    }


here = {titles[name]: beside_filter(chapter.judged(name)) for name in titles}
here = pd.DataFrame.from_dict(here, orient="index")

# %%
chapter.show(
    here.map("{:.4f}".format).replace("nan", "–"),
    "all.csv",
    caption="Every improver of this run. Change: MAE(x,y). Judge: MAE(y,z) by "
    "the judge. Best filter: the lowest error by the judge that one of the six "
    "filters reaches at that change; a dash "
    "where none changes so much. Contrast and detail: the share that is kept. The "
    "mover is the next chapter's; as it moves edges, its gap says nothing of it.",
)

# %%
found = {name: chapter.reference(f"improvers/{name}", None) for name in titles}
full = {titles[name]: beside_filter(row) for name, row in found.items() if row}
full = pd.DataFrame.from_dict(full, orient="index")
chapter.show(
    full.map("{:.4f}".format).replace("nan", "–"),
    "all_reference.csv",
    caption="The same in the reference run: trained on more than a thousand "
    "photographs, with its own predictors and judge, and judged on photographs "
    "of the Berkeley test set. Four filters were compared for this table, without "
    "mean shift and the domain transform, which were measured later and stand in "
    "what follows.",
)

# %% [markdown]
# A low error alone is easy: a blur has it. So keep only those that do more than copy, stay near the photograph, and keep nine tenths of its contrast
# and of its fine detail:


# %%
def keeps(table):
    table = table.drop(titles.get("mover"), errors="ignore")  # of the next chapter
    near = table["change"].between(0.002, 0.06)
    return table[near & (table["contrast"] >= 0.9) & (table["detail"] >= 0.9)]


kept = pd.concat({"this run": keeps(here), "reference run": keeps(full)})
kept.index = [f"{title}; {where}" for where, title in kept.index]
chapter.show(
    kept.round(4),
    "keep.csv",
    caption="Change from 0.002 to 0.06, contrast and detail at least 0.9. An "
    "empty table means that no loss keeps both. Look at the gaps: their sign "
    "says who is easier to guess, improver or filter, their size how much it "
    "matters.",
)

# %% tags=["hide-input"]
near = {
    titles[name]: chapter.judged(name)
    for name in titles
    if name != "mover" and 0.002 < chapter.judged(name)["test"]["change"] < 0.03
}
chapter.show(
    plots.change_plane(**tables.plane(near, chapter.filters())),
    "plane.png",
    caption="This run's improvers that do more than copy and stay near the "
    "photographs, with a change of 0.002 to 0.03. To the right: more change; "
    "down: easier to guess for the judge; the lines are plain filters. A point "
    "below all of them does better than every filter here.",
    alt="Scatter of improvers in the plane of MAE(x,y) and the judge's error, "
    "with a curve for each filter",
)

# %% tags=["hide-input"]
near = {
    titles[name]: row
    for name, row in found.items()
    if row and name != "mover" and 0.002 < row["test"]["change"] < 0.03
}
filters = chapter.reference("filters")
chapter.show(
    plots.change_plane(**tables.plane(near, filters)),
    "full_plane.png",
    caption="The reference run in the same plane. Look for points below all the "
    "lines, and at the size of the distance.",
    alt="Scatter of the reference run's improvers in the plane of MAE(x,y) and "
    "the judge's error, with a curve for each filter",
)

# %% [markdown]
# The error is not all. At the same change, and much the same error, two pictures may have kept different things. Here are two of the losses in the
# reference run, each with the filters that change the photographs as much:

# %%
rows = {}
for name, label in {"held": "held", "target": "set point"}.items():
    rows[label] = found[name]["test"]
    rows |= tables.filters_beside(filters, rows[label]["change"], label)
table = tables.judges_table(rows)[shown]
table["error / contrast"] = table["MAE(y,z), judge"] / table["contrast kept"]
chapter.show(
    table.round(4),
    "kept_reference.csv",
    caption="Two improvers of the reference run and the filters as strong as "
    "they are. Compare both with the filter whose error is nearest, in contrast "
    "and in fine detail. Last column: what is left of a lead that is only paler.",
)

# %% [markdown]
# A picture drawn towards its mean colour is easier to guess for that alone: half the contrast, about half the error. So the last column divides by the
# contrast that is kept. The set point is easier to guess than each of the filters, but it also keeps less contrast than they do, and less detail than
# all but the Gaussian; in the last column hardly anything of its lead is left. The held improver is about as easy to guess as the Gaussian of the same
# change, and keeps clearly more of the fine detail. But the domain transform keeps as much, and once contrast is counted its error is within a hundredth of the improver's:
# neither improver is clearly more than a filter. Both changes are very small, and it is one seed each.
#
# All this compares at equal change. One may also let each filter go as far as it loses no more detail and steep edges than the improver does, or a tenth of them:

# %%
keeping = {}
for name in ("held", "held_further", "target", "progress_held"):
    judged = chapter.judged(name)
    best = judged["best_filter_keeping"]
    keeping[titles[name]] = {
        "improver": f"{judged['test']['error_judge']:.4f}",
        "its detail": f"{judged['test']['high_frequency_kept']:.3f}",
        "best filter": f"{best['error_judge']:.4f}",
        "the filter's": f"{best['high_frequency_kept']:.3f}",
        "which": best["name"].replace("_", " "),
    }
chapter.show(
    pd.DataFrame(keeping).T,
    "keeping.csv",
    caption="The judge's error, and the share of fine detail kept, in the default run. "
    "By this rule, which the next chapter uses, a filter may change the picture more "
    "than the improver did, and may lose a tenth of the detail in any case.",
)

# %% [markdown]
# By that rule the best filter is easier to guess than each of these improvers; it has lost more of the detail, a tenth.
#
# ## What failed
#
# - **To beat filters with room to spare.** The losses that keep contrast and detail end within a few thousandths of the best filter's error,
#   above it or below. Smoothing is a very good answer to the question that was asked.
# - **To move.** What holds the contrast holds the picture. The two held losses keep most of the fine detail, and their pictures can
#   hardly be told from the photographs; in the reference run the set point goes further, and gives up more of the detail.
# - **More of the same.** *Held, further* goes further than *smoothing, held*, and does worse beside the best filter, in both runs.
# - **Coarse.** In this run it stayed all but a copy. In the reference run it became what the chart of blurs foretold: of the fine detail 2 % is left, and a filter that changes as much is easier to guess.
# - **Tints.** Detail is counted for each colour. When it was counted in the luminance alone, the improver drew it in green, which weighs most
#   there, and flattened red and blue.
# - **A pyramid of all fineness.** Counting contrast at every fineness, down to waves of 32 pixels, left the network at the copy: any first step
#   towards smoothing costs more than it earns.
# - **A ready judge of beauty.** A scorer can be put into the loss (`loss: scored`, `scorer: laion@COMMIT`); its weights of 1.2 GB are fetched by
#   whoever asks for them, and no result here uses one.
# - **Error bars.** One seed each, and two runs of different scale. A loss that ends elsewhere in the other run has not been understood.
