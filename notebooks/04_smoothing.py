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
# # Does the improver only smooth?
#
# A network that changes pictures so that another network can guess them: the article trained one, looked at what came out, and
# wrote "it looks like smoothing". Here the same is done again, in code you can change, and measured beside plain filters, some
# of which openly do nothing but smooth.

# %% tags=["parameters"]
# For example smoothing = {"k2": 0.7, "steps": 400}; empty: as params.yaml says.
smoothing = {}
smoothing_unet = {}
black_square = {}

# %%
import torch

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.improvers.plain import PlainConvolutions

chapter = Chapter(
    "04_smoothing",
    smoothing=smoothing,
    smoothing_unet=smoothing_unet,
    black_square=black_square,
)
photographs = chapter.photographs()
two = tables.chosen(photographs, "chelsea", "coffee")
f = ab.predictor("good")

# %% tags=["remove-input"]
chapter.show(
    plots.prediction_grid(
        **tables.rows(f, two, chapter.improver("smoothing").network)
    ),
    "plain.jpg",
    caption="What the article's improver does, from left to right: the "
    "photograph, what the improver makes of it, what the predictor "
    "guesses of that, and where the guess is wrong. Compare "
    "colours and fine texture in the first two columns: what is missing "
    "the improver gave up, or has not learnt to copy yet.",
    alt="Two photographs in rows; in columns the original, the improved "
    "picture, its full prediction and the error map",
)

# %% [markdown]
# ## The loss, as the article has it
#
# An **improver** $g$ turns a picture $x$ into a picture $y = g(x)$. The predictor, whose weights stay fixed, guesses every tile
# of $y$ from its surroundings; the guesses side by side are the full prediction $z$. The loss asks for two things: stay near $x$,
# and be easy to guess.
#
# $$L = k_1\,\mathrm{MAE}(x, y) + k_2\,\mathrm{MAE}(y, z)$$
#
# The article took $k_1 = k_2 = 0.5$, and for $g$ a plain stack of convolutions. Nothing in such a stack passes the picture through,
# so it must learn even to copy. Here is the whole experiment:

# %%
torch.manual_seed(0)
g = PlainConvolutions(width=24)
optimizer = torch.optim.AdamW(g.parameters(), lr=0.002, fused=True)
for step, x in zip(range(61), ab.crops(batch=2, side=128)):
    y = g(x)
    z = ab.full_prediction(f, y)
    loss = 0.5 * (x - y).abs().mean() + 0.5 * (y - z).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(f"step {step:3d}   loss {loss.item():.4f}")

# %% [markdown]
# The gradient flows from $z$ back *through* the predictor into $y$, and from there into $g$. So the improver feels two things: how
# to move a pixel towards its guess, and how to move it so that its *neighbours* are guessed better.
#
# The pipeline did the same for more steps, with a learning rate that rises and falls, and kept the weights. Its highest rate is half of the one
# above, where a few steps have to do; as in the chapters to come. To train for longer, here:
#
# ```python
# ab.train_improver(
#     "smoothing", network="plain", width=24, steps=250,
#     learning_rate=0.001, k1=0.5, k2=0.5,
# )
# ```
#
# From now on the pipeline's networks are used:

# %%
plain = chapter.improver("smoothing")
unet = chapter.improver("smoothing_unet")
square = chapter.improver("black_square")
for run in (plain, unet, square):
    last = run.curve[-1]
    print(f"{run.name:15} {last['step']} steps, loss {last['loss']:.4f}")

# %% [markdown]
# ## What happens while it learns
#
# The two halves of the loss, step by step, for the plain stack and for a small U-Net that adds its output to its input, so that it
# begins near a copy and is free to smooth as much as it likes. The loss and the training pictures are the same, the steps are fewer.

# %%
curves = {"plain convolutions": plain.curve, "U-Net": unet.curve}
chapter.show(
    plots.curves(curves, "mae_xy", ylabel="MAE(x,y) on the training crops"),
    "curve_xy.png",
    caption="How far y is from x while training. The plain stack has to learn "
    "to copy; the U-Net begins near a copy. See where each of them "
    "ends.",
    alt="Line chart of MAE(x,y) against the training step for the plain "
    "convolutions and the U-Net",
)

# %%
chapter.show(
    plots.curves(curves, "mae_yz", ylabel="MAE(y,z) on the training crops"),
    "curve_yz.png",
    caption="How hard y is to guess, over the same steps. A picture that is "
    "still a blur is easy to guess, so a low line here is no merit by "
    "itself.",
    alt="Line chart of MAE(y,z) against the training step for the plain "
    "convolutions and the U-Net",
)

# %% tags=["hide-input"]
chapter.show(
    plots.prediction_grid(**tables.rows(f, two, unet.network)),
    "unet.jpg",
    caption="The U-Net under the same loss. Look for any difference between the "
    "first two columns.",
    alt="Two photographs in rows; in columns the original, the picture "
    "improved by the U-Net, its prediction, the error map",
)

# %% [markdown]
# ## Is it more than a blur?
#
# A blurred picture is easier to guess: that is no news. So the fair question is what a *filter* reaches when it is allowed to
# change the picture exactly as much. Six are tried. Gaussian blur, bilateral filter and total variation smooth; mean shift and the domain transform
# are made to flatten areas and keep their edges. JPEG leaves things out too, but draws blocks and ripples of its own; it shows whether any change will do. And the error is
# taken not from the predictor that the improver was trained to please but from the **judge**, another network with
# another seed, which no improver has ever seen.

# %%
chapter.show(
    chapter.table("smoothing", "smoothing_unet", beside="smoothing"),
    "judges.csv",
    caption="The photographs untouched, the two improvers, and each filter at "
    "the strength at which it changes the photographs as much as the "
    "plain stack does (a filter that cannot change them so much is left "
    "out). MAE(x,y): how far from the original. MAE(y,z): error of the "
    "full prediction, by the predictor used in training and by the "
    "judge. Progress: the bad predictor's error over the good one's. "
    "Contrast kept: how far light and dark are spread, fine detail: "
    "energy in waves shorter than 8 pixels; 1 is the photograph's. "
    "Steep edges: the mean fourth power of the gradient, 1 again the photograph's.",
)

# %%
both = {
    "plain convolutions": chapter.judged("smoothing"),
    "U-Net": chapter.judged("smoothing_unet"),
}
chapter.show(
    plots.change_plane(**tables.plane(both, chapter.filters())),
    "plane.png",
    caption="To the right: more change. Down: easier to guess. The star is the "
    "untouched photograph; each line is a plain filter turned up from "
    "nothing. A point below all the lines has learnt something that no "
    "filter knows; a point above the line of a smoothing filter does "
    "worse than that filter. JPEG is the one that does not smooth: see "
    "which way its line goes.",
    alt="Scatter of improvers in the plane of MAE(x,y) and MAE(y,z) by the "
    "judge, with a curve for each plain filter",
)

# %% [markdown]
# Why might $k_1 = k_2$ be a special place? Think of one pixel of $y$, moved from $x$ towards its guess $z$. Each step costs $k_1$ in
# the first term and earns $k_2$ in the second. At equal weights the two cancel, and only the effect on the neighbours' guesses
# is left to decide. A network that starts as a copy then has little reason to go anywhere. A network that cannot copy yet is *blurry
# for that reason*, whatever the weights. [A later chapter](07_critical_point.ipynb) measures this, pixel by pixel and over the
# whole range of weights. You can try it in the first cell: `smoothing_unet = {"k2": 0.7, "k1": 0.3}` may leave the copy, given enough steps, and
# `smoothing = {"k2": 0.0}`, where nothing at all asks for smoothness, should come out smooth all the same while its training is short.

# %% [markdown]
# ## Without the original: the Black Square
#
# Leave out the first term: $k_1 = 0$. Now $y$ may be anything, as long as it can be guessed. The article compares the outcome to
# Malevich's *Black Square*.

# %% tags=["hide-input"]
chapter.show(
    plots.prediction_grid(**tables.rows(f, two, square.network)),
    "black_square.jpg",
    caption="The improver with nothing to hold it. See how much of the "
    "photographs is left in the second column, and how dark, that is "
    "how well guessed, the maps are.",
    alt="Two photographs in rows; in columns the original, what the "
    "improver made of it, its prediction, the error map",
)

# %%
for name, x in photographs.items():
    red, green, blue = square.network(x).mean((0, 2, 3)).tolist()
    print(
        f"{name:10} mean colour: red {red:.2f}, green {green:.2f}, blue {blue:.2f}"
    )

# %% [markdown]
# The further this goes towards one flat colour, the better it answers the question that was asked: nothing is easier to guess.
# Nothing in the loss says which colour, so not every such square is black. That is no bug of the training. If beauty is to
# have something to do with prediction, then low error alone cannot be it. [The ratio](05_ratio.ipynb) is the article's way out.

# %% [markdown]
# ## What failed
#
# - **To beat a blur.** By the judge the plain stack leaves an error of 0.053; a Gaussian blur that changes the photographs as much leaves 0.032. What had learnt more than a blur would lie
#   below every such filter.
# - **To keep the contrast and the colours.** Nobody asked for the plain stack's loss of contrast, nor for its shift of colour.
# - **To tell the loss from the network.** How much of the smoothing is the loss and how much is a network that cannot copy yet, the controls
#   of [a later chapter](07_critical_point.ipynb) say.
# - **Error bars.** One seed each. No difference here should be trusted to its last digit.
