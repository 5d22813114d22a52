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
# # Does a deeper network do better?
#
# The article's last attempt was a much deeper improver. Its loss fell very slowly, and the money ran out before it had an answer. Here is
# the same attempt at a size that ends, beside the shallow networks, beside a ready-made one, and with other weights in the loss.

# %% tags=["parameters"]
# Change an experiment here, for example deeper = {"steps": 1000};
# empty: as params.yaml says.
deeper = {}
deeper_tilted = {}
ready = {}
ready_tilted = {}

# %%
import inspect
import textwrap

import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty import improvers
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.improvers.deep import DeepResidual, ResidualBlock

# %%
chapter = Chapter(
    "06_deeper",
    deeper=deeper,
    deeper_tilted=deeper_tilted,
    ready=ready,
    ready_tilted=ready_tilted,
)
two = tables.chosen(chapter.photographs(), "chelsea", "coffee")
f = ab.predictor("good")

# %% tags=["remove-input"]
chapter.show(
    plots.prediction_grid(
        **tables.rows(f, two, chapter.improver("deeper").network)
    ),
    "deeper.jpg",
    caption="What the deep network makes of two photographs, from left to right: "
    "the photograph, the improved picture, what the predictor guesses of that, "
    "and where the guess is wrong. Compare with the plain stack in the chapter on "
    "smoothing: is it sharper, duller, or only different?",
    alt="Two photographs in rows; in columns the original, the deep network's "
    "result, its full prediction and the error map",
)

# %% [markdown]
# ## Thirty-four convolutions
#
# One **block** is two convolutions, normalised, whose result is added to what came in:

# %%
print(textwrap.dedent(inspect.getsource(ResidualBlock.forward)))

# %% [markdown]
# Sixteen blocks follow each other, at half resolution so that it can be afforded, between one convolution at the start and one at the
# end. Like the plain stack, and unlike the U-Net, the network has no path that passes the picture through: what comes out, it has
# learnt to draw.
#
# The training is that of [the chapter on smoothing](04_smoothing.ipynb). Only the line of the network differs, and there are fewer steps:

# %%
torch.manual_seed(0)
g = DeepResidual(width=32)
optimizer = torch.optim.AdamW(g.parameters(), lr=0.002, fused=True)
for step, x in zip(range(31), ab.crops(batch=2, side=128)):
    y = g(x)
    z = ab.full_prediction(f, y)
    loss = 0.5 * (x - y).abs().mean() + 0.5 * (y - z).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"step {step:2d}   loss {loss.item():.4f}")

# %% [markdown]
# From here on the pipeline's networks are used. They were trained for more steps, with a learning rate that rises and falls and at its highest is
# half of the one above. There are four kinds under this loss: the plain stack, the U-Net, the deep network, and a
# ready-made one, since a commenter advised to take a ready architecture instead of a stack of one's own. That is *BasicUNet* of the
# library MONAI, as it comes, without its norms, with a sigmoid at the end.

# %%
kinds = ["smoothing", "smoothing_unet", "deeper", "ready"]
runs = {chapter.titles()[name]: chapter.improver(name) for name in kinds}
sizes = {}
for title, run in runs.items():
    layers = list(run.network.modules())
    sizes[title] = {
        "network": run.config["section"]["network"],
        "convolutions": sum(isinstance(m, torch.nn.Conv2d) for m in layers),
        "weights": sum(p.numel() for p in run.network.parameters()),
        "pixels seen": f"{2 * run.network.reach + 1} x {2 * run.network.reach + 1}",
        "steps": run.curve[-1]["step"],
        "loss at the end": round(run.curve[-1]["loss"], 4),
    }

# %%
chapter.show(
    pd.DataFrame(sizes).T,
    "sizes.csv",
    caption="The four networks, and the square that one pixel of y depends on. "
    "Compare the deep one with the plain stack: what do the many more weights "
    "bring in the last column? The numbers of steps differ.",
)

# %% [markdown]
# ## How slowly does the loss fall?
#
# Only the U-Net adds its output to its input. The others must learn to copy before they can do anything else. How near is each to a
# copy before its first step?

# %%
photograph = list(two.values())[-1]
for title, run in runs.items():
    section = run.config["section"]
    torch.manual_seed(0)
    new = improvers.NETWORKS[section["network"]](section["width"])
    change = (photograph - new(photograph)).abs().mean()
    print(f"{title:23} untrained: MAE(x,y) {change:.4f}")

# %%
chapter.show(
    plots.curves(
        {title: run.curve for title, run in runs.items()}, "loss", ylabel="loss"
    ),
    "curve_loss.png",
    caption="The same loss for four networks. The U-Net begins near a copy and so "
    "begins low; the others must first learn to copy. See whether the deep one "
    "catches up, and whether any of them gets below the U-Net's first value.",
    alt="Line chart of the loss against the training step for the plain "
    "convolutions, the U-Net, the deep and the ready-made network",
)

# %% [markdown]
# ## Money, or nowhere to go?
#
# Perhaps the slow fall that the article saw was no lack of money. If at $k_1 = k_2$ the loss were nearly flat between a copy and a blur, a network
# on its way from a blur to a copy would have little to gain. More depth would not help against that; more weight on the second term
# would. So the deep network and the ready-made one were trained once more,
# **tilted**: with everything equal but the weights.

# %%
names = ["deeper", "deeper_tilted", "ready", "ready_tilted"]
four = {chapter.titles()[name]: chapter.improver(name) for name in names}
for title, run in four.items():
    section = run.config["section"]
    print(f"{title:23} k1 = {section['k1']}, k2 = {section['k2']}")

# %% tags=["hide-input"]
chapter.show(
    plots.image_grid(
        {
            name: {"original": x}
            | {title: run.network(x) for title, run in four.items()}
            for name, x in two.items()
        }
    ),
    "four.jpg",
    caption="What the four make of the photographs. Compare each tilted network "
    "with its neighbour on the left, which has equal weights.",
    alt="Two photographs in rows; in columns the original and the results of two "
    "networks at two pairs of weights",
)

# %%
unet = chapter.titles()["smoothing_unet"]
chapter.show(
    plots.curves(
        {title: run.curve for title, run in (four | {unet: runs[unet]}).items()},
        "mae_yz",
        ylabel="MAE(y,z) on the training crops",
    ),
    "tilted_yz.png",
    caption="The term that was meant to fall. The U-Net, nearly a copy, shows the "
    "error of the crops themselves; a network that is still one flat colour is "
    "near 0. So a low line is no merit by itself. Compare each tilted network "
    "with the same one at equal weights: where does it end?",
    alt="Line chart of MAE(y,z) against the training step for two networks at two "
    "pairs of weights, and for the U-Net",
)

# %% [markdown]
# What would these losses say of a plain Gaussian blur? It needs no training, so its loss can be worked out at each strength, from a copy
# (no blur at all) to a wide one.

# %%
blur = chapter.filters()["gaussian"]
costs = {}
for run in four.values():
    k1, k2 = run.config["section"]["k1"], run.config["section"]["k2"]
    cost = [k1 * point["change"] + k2 * point["error"] for point in blur]
    costs[f"blur, {k1} : {k2}"] = [point["change"] for point in blur], cost
for title, run in four.items():
    k1, k2 = run.config["section"]["k1"], run.config["section"]["k2"]
    test = chapter.judged(run.name)["test"]
    costs[title] = [test["change"]], [k1 * test["change"] + k2 * test["error"]]

# %%
chapter.show(
    plots.lines(costs, xlabel="change, MAE(x,y)", ylabel="loss on the photographs"),
    "costs.png",
    caption="Each line is a Gaussian blur under one pair of weights; its left end "
    "is a copy. The single points are the networks. See at which end each line is "
    "lower, and whether the point of a network lies below the line of its own "
    "weights: if not, a blur does better under the very loss that the network was "
    "trained on.",
    alt="Line chart of the loss against MAE(x,y): a Gaussian blur under two pairs "
    "of weights, and a point for each of four networks",
)

# %% [markdown]
# At equal weights the loss is not flat for a blur: it rises all the way from a copy to the widest one. And the points of the deep and the ready-made
# network lie above the copy. So they still had something to gain under this loss; they had not learnt to copy. For them the answer
# is money, that is more steps, or a network that begins near a copy. Nowhere to go is the answer for the U-Net, which has arrived there.
# Under the tilted weights a blur of middling strength costs less than a copy, and there is a reason to leave it.
#
# How much of the deep network's distance from the photographs comes of that alone? In [the next chapter](07_critical_point.ipynb) the reference run
# trains it for nothing but a copy.

# %% [markdown]
# ## What the judge says

# %%
chapter.show(
    chapter.table("smoothing", "smoothing_unet", *names, beside="deeper"),
    "judges.csv",
    caption="The photographs untouched, the improvers, and each filter at the "
    "strength at which it changes the photographs as much as the deep network "
    "does (a filter that cannot change them so much is left out). The judge is a "
    "predictor that no improver was trained through.",
)

# %% [markdown]
# Under equal weights the U-Net, which can copy, hardly moves the photographs. The networks that must learn to copy move them many times further,
# and lose nearly all fine detail, whatever their depth. So in trainings of this length the network decides as well as the loss. Depth
# does not keep the detail, and neither does a path at full size alone, which the ready-made network has. The U-Net adds its output to its
# input. What the weights decide has [a chapter of its own](07_critical_point.ipynb).

# %% [markdown]
# ## What failed
#
# - **Depth.** The loss of the deep network ends at 0.072, in fewer steps, that of the plain stack at 0.070; a much lower one would be the least that so many more weights should bring.
# - **To beat a filter.** By the judge the deep network leaves an error of 0.038, a Gaussian blur that changes the photographs as much 0.023. A copy and a blur are
#   both free of training.
# - **The same effort for all.** The networks were trained for different numbers of steps, and even equal numbers would not be equal work: for each pixel
#   the deep network multiplies more often. And one learning rate served them all.
# - **Error bars.** One seed each. A gap that is small beside the difference between seeds means nothing, and that difference was
#   not measured here.
