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
# # Have you a better idea?
#
# This page is for yours. Write a loss in a cell, train it for a minute, look at what it does to two photographs and to a picture
# of your own, and see its numbers beside those of all others. Then do the same with a network. Everything here is trained anew
# whenever you run it, and nothing of the book's is overwritten. `make lab` opens it.

# %%
import torch
from skimage import data
from torch import nn

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter

chapter = Chapter("15_your_idea")
two = tables.chosen(ab.photographs(), "chelsea", "coffee")

# %% [markdown]
# ## A loss
#
# A loss is any function that returns one number. It is given what its arguments are named after: `x` the original, `y` what the
# improver made of it, `z` the full prediction of `y`; also `z_bad`, the prediction by the bad predictor, and `z_x`, the
# prediction of the original. Arguments after the star are weights. `phase="random"` draws the grid of tiles anew at each step; without it the grid is the
# article's, always the same.
#
# The example keeps the *outlines* of a picture and not its pixels: the step from each pixel to the next one shall stay as it was,
# to the right and downwards; and the picture shall be predictable.


# %%
def outlines(x, y, z, *, k1, k2):
    """k1 (MAE of the steps to the right + MAE of the steps down) + k2 MAE(y, z)."""
    right = (x.diff(dim=3) - y.diff(dim=3)).abs().mean()
    down = (x.diff(dim=2) - y.diff(dim=2)).abs().mean()
    return k1 * (right + down) + k2 * (y - z).abs().mean()


run = ab.train_improver(
    outlines, steps=120, k1=0.6, k2=0.7, phase="random", learning_rate=0.004
)
run.curve.iloc[[0, -1]].round(4)

# %% [markdown]
# The first and the last row of the training's record; *deviation* is the standard deviation of y, its contrast.
#
# A constant that is added to the whole picture costs nothing here, a slow drift from light to dark next to nothing. So brightness and
# colour are free to go anywhere, and the drawing has to stay.

# %% tags=["hide-input"]
chapter.show(
    plots.image_grid(
        {
            name: {"original x": x, "improved y": run.network(x)}
            for name, x in two.items()
        }
    ),
    "outlines.jpg",
    caption="What the loss above makes of two photographs: lines and textures "
    "can still be made out, much paler; light, shadow and colour are not what they "
    "were.",
    alt="Two photographs in rows; beside each what the improver made of it",
)

# %% [markdown]
# ## Judged beside all others
#
# `ab.judge` measures a network, or any function from pictures to pictures, on the test photographs, by the predictors that it was trained
# through and by the judge, which it never met. `ab.judged` sets each row below those of the pipeline's improvers, and below it
# the plain filters that change the photographs as much as it does (those that cannot are left out).

# %%
mine = ab.judge(run.network, "outlines")
half = ab.judge(lambda x: 0.5 * (x + x.mean((2, 3), keepdim=True)), "half contrast")
chapter.show(
    ab.judged(mine, half),
    "judged.csv",
    caption="Everything in one table. A low error is cheap: a picture of half "
    "the contrast, the row 'half contrast', has half the error. So read "
    "error, contrast and detail together.",
)

# %% [markdown]
# ## Your own picture
#
# Put the path of a picture of yours between the quotation marks; without one, a photograph that comes with scikit-image is taken.

# %%
path = ""
if path:
    x = ab.resize_short_side(ab.read_image(path), 256)[None]
else:
    photograph = torch.from_numpy(data.rocket()).permute(2, 0, 1)
    x = ab.resize_short_side(photograph / 255, 256)[None]
y = run.network(x)
z = ab.full_prediction(ab.predictor("good"), y)
print(f"change {ab.predictability(x, y).item():.4f}")
print(f"error  {ab.predictability(y, z).item():.4f}")

# %%
chapter.show(
    plots.image_row({"x": x, "y = g(x)": y, "z": z}, columns=3),
    "own.jpg",
    caption="Another photograph, what the improver makes of it, and its full "
    "prediction.",
    alt="A photograph, the improved picture and its full prediction side by side",
)

# %% [markdown]
# ## Many times
#
# What becomes of a picture that is improved again and again? Where a loss holds only part of a picture, the rest has room to run.

# %%
many, y = {"photograph": x}, x
for n in range(1, 9):
    y = run.network(y)
    if n in (1, 2, 4, 8):
        many[f"{n} times" if n > 1 else "once"] = y
chapter.show(
    plots.image_row(many, columns=5),
    "many.jpg",
    caption="The improver applied to its own result. See what is left in the end.",
    alt="A photograph and the improver's result after one, two, four and "
    "eight times",
)

# %% [markdown]
# ## A network
#
# A network is any module from a picture to a picture of the same size. This one has two layers that see little, and adds what it finds to
# its input, so that it begins as a copy. The loss is one of the book's, by its name.


# %%
class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 24, 7, padding=3)
        self.last = nn.Conv2d(24, 3, 7, padding=3)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x):
        return (x + self.last(torch.relu(self.first(x)))).clamp(0, 1)


torch.manual_seed(0)
small = ab.train_improver("smoothing", TwoLayers(), steps=60, k1=0.5, k2=0.5)

# %%
row = ab.judge(small.network, "two layers")
chapter.show(
    ab.judged(row).loc[["original", "smoothing, U-Net", "two layers"]],
    "network.csv",
    caption="The small network beside the pipeline's U-Net, under the same loss "
    "and weights, and the untouched photographs. It had fewer steps, at twice "
    "the peak learning rate.",
)

# %% [markdown]
# ## Send it
#
# What you would like to keep becomes part of the book in three steps. **The loss** goes into a file of its own,
# `src/abstract_beauty/losses/outlines.py`, with a function of the same name, as it stands above; a network likewise into `improvers/`. **A row of
# params.yaml** under `improvers` trains it and puts it into every table:
#
# ```yaml
#   outlines:
#     title: outlines
#     network: unet
#     width: 16
#     loss: outlines
#     k1: 0.6
#     k2: 0.7
#     phase: random
#     steps: 120
#     learning_rate: 0.004
# ```
#
# **A card**, after `make repro`: `abstract-beauty card --name my-outlines` makes a small folder with your numbers and thumbnails, which can be
# sent as a pull request. [Send your results](../send.md) says how, and what is most wanted.

# %% [markdown]
# ## What failed
#
# - **Less contrast is not more order.** The example's error falls with its contrast, and less far: compare its contrast and its error with the row of half contrast. Fading alone would do better. A loss that lets go of
#   light and colour spends them first.
# - **A minute is short.** A longer training with a smaller last step may end elsewhere; one seed says little.
