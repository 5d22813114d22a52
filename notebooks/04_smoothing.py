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
# wrote "it looks like smoothing". Here the same is done again, and measured beside filters that openly do nothing but smooth.

# %% tags=["parameters", "hide-input"]
# Change an experiment here, for example smoothing = {"k2": 0.7, "steps": 400}; empty: as params.yaml says.
smoothing = {}
smoothing_unet = {}
black_square = {}

# %% tags=["remove-input"]
import pandas as pd
import torch
from IPython.display import Markdown

from abstract_beauty import losses
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.improvers.plain import PlainConvolutions

changes = {"smoothing": smoothing, "smoothing_unet": smoothing_unet, "black_square": black_square}
chapter = Chapter("04_smoothing", improvers=changes)
f = chapter.predictors("good", "bad", "judge")
filters = chapter.filters()
plain, plain_numbers = chapter.judged("smoothing")
unet, unet_numbers = chapter.judged("smoothing_unet")
square, square_numbers = chapter.judged("black_square")
photographs = chapter.photographs()
folder = chapter.folder

# %% tags=["hide-input"]
test, before, best = plain_numbers["test"], plain_numbers["original"], plain_numbers["best_filter"]
falls = tables.compared(test["error_judge"], before["error_judge"], "falls", "rises", "goes")
verdict = "It smooths" if test["high_frequency_kept"] < 0.5 else "It hardly smooths"
beside = "no plain filter goes so far"
if best["name"]:
    beside = f"the best plain filter that changes them as much reaches {best['error_judge']:.4f}"
    words = (
        ", and better than a plain filter",
        ", and a plain filter does it better",
        ", and so does a plain filter",
    )
    verdict += tables.compared(test["error_judge"], best["error_judge"], *words)
Markdown(
    f"**{verdict}.** The article's improver changes the photographs by {test['change']:.4f} and keeps "
    f"{test['high_frequency_kept']:.1%} of their fine detail. The judge's error of prediction {falls} from "
    f"{before['error_judge']:.4f} to {test['error_judge']:.4f}; {beside}."
)

# %% tags=["hide-input"]
shown = tables.chosen(photographs, "chelsea", "coffee")
plots.show(
    plots.prediction_grid(**tables.rows(f["good"].network, shown, plain.network)),
    folder / "plain.jpg",
    caption="What the plain stack of convolutions does, from left to right: the photograph, what the improver makes of "
    "it, what the predictor guesses of that, and where the guess is wrong. Compare the fine texture in the first "
    "two columns: what is lost between them is what the improver gave up.",
    alt="Two photographs in rows; in columns the original, the improved picture, its full prediction and the error map",
)

# %% [markdown]
# ## The loss, as the article has it
#
# An **improver** $g$ turns a picture $x$ into a picture $y = g(x)$. The predictor, whose weights stay fixed, guesses every tile
# of $y$ from its surroundings; the guesses side by side are $z$. Two wishes pull on $y$: stay near $x$, and be easy to guess.
#
# $$L = k_1\,\mathrm{MAE}(x, y) + k_2\,\mathrm{MAE}(y, z)$$
#
# The article took $k_1 = k_2 = 0.5$. In the code the loss is a pure function, and its call is the equation:

# %% tags=["hide-input"]
tables.Source(losses.smoothing)

# %% [markdown]
# The gradient flows from $z$ back *through* the predictor into $y$ and from there into $g$. So the improver feels two things: how
# to move a pixel towards its guess, and how to move it so that its *neighbours* are guessed better.
#
# The article's improver is a plain stack of convolutions. Note that nothing in it passes the picture through: it must learn even to
# copy.

# %% tags=["hide-input"]
tables.Source(PlainConvolutions)

# %% [markdown]
# ## What happens while it learns
#
# The two halves of the loss, step by step:

# %% tags=["hide-input"]
curves = {"plain convolutions": pd.DataFrame(plain.curve), "U-Net": pd.DataFrame(unet.curve)}
plots.show(
    plots.curves(curves, "mae_xy", ylabel="MAE(x,y) on the training crops"),
    folder / "curve_xy.png",
    caption="How far y is from x while training. The plain stack has to learn to copy; the U-Net adds a correction to its "
    "input and so begins near a copy. See where each of them begins and where it ends.",
    alt="Line chart of MAE(x,y) against the training step for the plain convolutions and the U-Net",
)

# %% tags=["hide-input"]
plots.show(
    plots.curves(curves, "mae_yz", ylabel="MAE(y,z) on the training crops"),
    folder / "curve_yz.png",
    caption="How hard y is to guess, over the same steps. A picture that is still a blur is easy to guess, so a low line "
    "here is no merit by itself: read it together with the chart above.",
    alt="Line chart of MAE(y,z) against the training step for the plain convolutions and the U-Net",
)

# %% [markdown]
# ## Is it more than a blur?
#
# A blurred picture is easier to guess: that is no news. So the fair question is what a *filter* reaches when it is allowed to
# change the picture exactly as much. Four are tried: Gaussian blur, bilateral filter, total variation, JPEG. And the error is
# taken not from the predictor that the improver was trained to please but from the **judge**, another network with
# another seed, which no improver has ever seen.

# %% tags=["hide-input"]
both = {"plain convolutions": plain_numbers, "U-Net": unet_numbers}
plots.show(
    plots.change_plane(**tables.plane(both, filters)),
    folder / "plane.png",
    caption="To the right: more change. Down: easier to guess. The star is the untouched photograph; each line is a plain "
    "filter turned up from nothing. A point below all the lines has learnt something that no filter knows; a point above "
    "them does worse than blurring.",
    alt="Scatter of improvers in the plane of MAE(x,y) and MAE(y,z) by the judge, with a curve for each plain filter",
)

# %% tags=["hide-input"]
tables.judges_table({**both, "Black Square": square_numbers}).T

# %% [markdown]
# *MAE(x,y)*: how far from the original, 0 is a copy. *MAE(y,z)*: error of the full prediction, by the predictor used in training
# and by the judge. *Fine detail*: energy in waves shorter than 8 pixels. *Colour shift*: how far the mean colour moved.

# %% tags=["hide-input"]
matched = {
    name: value for name, value in plain_numbers["filters_at_same_change"].items() if value is not None
}
lines = [
    f"- {name.replace('_', ' ')}: {value:.4f}"
    for name, value in sorted(matched.items(), key=lambda one: one[1])
]
missing = len({*plain_numbers["filters_at_same_change"]} - {*matched, "original"})
lines += (
    [f"- {missing} more were tried; turned up as far as they go, they change less"]
    if matched and missing
    else []
)
listed = "\n".join(lines) or "- none of the filters changes the photographs so much"
Markdown(
    f"The judge's error of filtered photographs, each changed by the same MAE(x,y) of {test['change']:.4f} as the plain "
    f"improver's ({test['error_judge']:.4f}):\n\n{listed}"
)

# %% [markdown]
# ## The same loss, with a network that can copy
#
# Now the same loss and the same photographs, in fewer steps, but a small U-Net that adds its output to its input. It
# begins as a copy and is free to smooth as much as it likes.

# %% tags=["hide-input"]
plots.show(
    plots.prediction_grid(**tables.rows(f["good"].network, shown, unet.network)),
    folder / "unet.jpg",
    caption="The U-Net under the same loss. Look for any difference between the first two columns.",
    alt="Two photographs in rows; in columns the original, the picture improved by the U-Net, its prediction, the error map",
)

# %% tags=["hide-input"]
one, two = plain_numbers["test"]["change"], unet_numbers["test"]["change"]
Markdown(
    f"Under the same loss the plain stack moves the photographs by {one:.4f} and the U-Net by {two:.4f}: "
    f"{two / max(one, 1e-9):.2f} times as far. Fine detail kept: {plain_numbers['test']['high_frequency_kept']:.1%} against "
    f"{unet_numbers['test']['high_frequency_kept']:.1%}."
)

# %% [markdown]
# Why might $k_1 = k_2$ be a special place? Think of one pixel of $y$, moved from $x$ towards its guess $z$. Each step costs $k_1$ in
# the first term and earns $k_2$ in the second. At equal weights the two cancel, and only the effect on the neighbours' guesses
# is left to decide. A network that starts as a copy then has little reason to go anywhere; a network that cannot copy yet is *blurry
# for that reason*, and is in no hurry to become sharp.
#
# This is a hypothesis so far. [A later chapter](07_critical_point.ipynb) measures it, pixel by pixel and over the whole range of weights. You can also try
# it in the first cell: `smoothing_unet = {"k2": 0.7, "k1": 0.3}` should leave the copy, and `smoothing = {"k2": 0.0}`, where nothing at all
# asks for smoothness, should come out smooth all the same while its training is short.

# %% [markdown]
# ## Without the original: the Black Square
#
# Take the first wish away: $k_1 = 0$. Now $y$ may be anything, as long as it can be guessed. The article compares the outcome to
# Malevich's *Black Square*.

# %% tags=["hide-input"]
plots.show(
    plots.prediction_grid(**tables.rows(f["good"].network, shown, square.network)),
    folder / "black_square.jpg",
    caption="The improver with nothing to hold it. See how much of the photographs is left in the second column, and how "
    "dark, that is how well guessed, the maps are.",
    alt="Two photographs in rows; in columns the original, what the improver made of it, its prediction, the error map",
)

# %% tags=["hide-input"]
flat = square_numbers["test"]
with torch.no_grad():
    colours = torch.cat([square.network(x).mean((2, 3)) for x in photographs.values()])
red, green, blue = colours.mean(0).tolist()
Markdown(
    f"The pixels of each picture now deviate from its mean colour by {flat['deviation']:.4f} (standard deviation, 0 is one flat "
    f"colour); {flat['contrast_kept']:.1%} of the contrast is left. The judge's error is {flat['error_judge']:.4f}; "
    f"that of the untouched photographs is {before['error_judge']:.4f}. The mean colour is red {red:.2f}, green "
    f"{green:.2f}, blue {blue:.2f}, each from 0 to 1: not every such square is black."
)

# %% [markdown]
# The further this goes towards one flat colour, the better it answers the question that was asked: nothing is easier to guess.
# Which colour it takes, the predictor's habits decide: one that it guesses best. That is no bug of the training. If beauty is to have something to do with prediction, then low error alone cannot be it. [The ratio](05_ratio.ipynb) is the
# article's way out.

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
gap = "The judge's filters have no point at this distance, so there is nothing to compare with."
if best["name"]:
    miss = test["error_judge"] - best["error_judge"]
    side = tables.compared(miss, 0.0, "below", "above", "equal to")
    gap = (
        f"At the same change, the plain improver's error is {abs(miss):.4f} {side} that of the best filter "
        f"({best['name'].replace('_', ' ')}). An improver that has learnt more than a blur must be clearly below."
    )
Markdown(
    f"- **To beat a blur.** {gap}\n"
    f"- **To keep the contrast.** The plain improver keeps {test['contrast_kept']:.1%} of it and shifts the mean colour by "
    f"{test['colour_shift']:.4f}, which nobody asked for.\n"
    f"- **To tell the loss from the network.** After {plain.curve[-1]['step']} steps the plain stack's loss is "
    f"{plain_numbers['final_loss']:.4f}, the U-Net's, after {unet.curve[-1]['step']}, {unet_numbers['final_loss']:.4f}. How much of the smoothing is the loss and "
    f"how much is a network that cannot copy yet, the controls of [a later chapter](07_critical_point.ipynb) say.\n"
    f"- **Error bars.** One seed each. No difference here should be trusted to its last digit."
)
