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
# # Can a picture be made more interesting?
#
# The easiest picture to predict is a flat one, and nobody looks at it twice. Perhaps what we like is not what is easy but what
# *can be learnt*: hard for a beginner, easy for someone who knows. So the article takes two predictors, a bad one and a good
# one, and trains an improver on the ratio of their errors.

# %% tags=["parameters"]
# Change an experiment here, for example ratio_progress = {"steps": 400};
# empty: as params.yaml says.
ratio_as_written = {}
ratio_progress = {}

# %%
import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.improvers.unet import UNet
from abstract_beauty.measures.filters import FILTERS
from abstract_beauty.measures.statistics import luminance

chapter = Chapter(
    "05_ratio", ratio_as_written=ratio_as_written, ratio_progress=ratio_progress
)
photographs = chapter.photographs()
two = tables.chosen(photographs, "chelsea", "coffee")
f, f_bad = ab.predictor("good"), ab.predictor("bad")
written = chapter.improver("ratio_as_written")
meant = chapter.improver("ratio_progress")

# %% tags=["remove-input"]
chapter.show(
    plots.image_grid(
        {
            name: {
                "original": x,
                "bad / good minimised": written.network(x),
                "good / bad minimised": meant.network(x),
            }
            for name, x in two.items()
        }
    ),
    "both.jpg",
    caption="Left, the photographs. Middle, the ratio as the article writes it, "
    "minimised. Right, the ratio as the article means it, minimised. Decide for "
    "yourself whether anything in the right column is more interesting than in "
    "the left.",
    alt="Two photographs in rows; in columns the original and the results of the "
    "two directions of the ratio loss",
)

# %% [markdown]
# ## Two readings of one formula
#
# We call the ratio **progress**: how much better the good predictor guesses the picture than the bad one.
#
# $$\text{progress} = \frac{\mathrm{MAE}(y, z_\text{bad})}{\mathrm{MAE}(y, z)}$$
#
# The article *says* that the difference between the two predictions should be as large as possible. Then it *writes* this ratio as
# the loss. A loss is minimised, and this one, minimised, asks for pictures on which the good predictor has no advantage. That is the
# opposite of the words. So both are tried: the ratio **as written**, and its inverse, which is the ratio **as meant**.
#
# The cell below is the training of [the chapter before](04_smoothing.ipynb). Three things differ: the network is the U-Net, which begins near a
# copy; the bad predictor guesses as well; and the loss is the ratio. An outer loop runs it in both directions, for fewer steps.

# %%
here = {}
for way in ("as written", "as meant"):
    torch.manual_seed(0)
    g = UNet(width=16)
    optimizer = torch.optim.AdamW(g.parameters(), lr=0.002, fused=True)
    for step, x in zip(range(31), ab.crops(batch=2, side=128)):
        y = g(x)
        z = ab.full_prediction(f, y)
        z_bad = ab.full_prediction(f_bad, y)
        progress = (y - z_bad).abs().mean() / (y - z).abs().mean()
        loss = progress if way == "as written" else 1 / progress
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"{way:10}   step {step:2d}   loss {loss.item():.4f}")
    here[way] = g

# %% [markdown]
# Note what is *not* in the loss: the original $x$. Nothing says that $y$ should look like it. All that holds the picture is that the
# network begins near a copy. This is what those few steps have made of one photograph:

# %%
photograph = list(two.values())[-1]
made = {way: g(photograph) for way, g in here.items()}
chapter.show(
    plots.image_row({"photograph": photograph} | made),
    "here.jpg",
    caption="The photograph, and what the two networks of the cell above make of "
    "it. Train them longer, or add 0.5 * (x - y).abs().mean() to the loss, and "
    "look again.",
    alt="Three pictures side by side: a photograph, and the results of the two "
    "short trainings",
)

# %% [markdown]
# The library has the same losses as `losses/ratio_as_written.py` and `losses/ratio_progress.py`, with one precaution. Where both errors are
# next to nothing, their ratio can be anything. So an error below a quarter of a grey level, 1/1024, counts as 1/1024. `ab.progress(y, z_bad, z)`
# is this guarded ratio, picture by picture. The pipeline trained both directions with it, for more steps, with a learning rate that rises and falls
# and at its highest is half of the one above:

# %%
ways = {"as written": written, "as meant": meant}
curves = {}
for way, run in ways.items():
    curves[way] = pd.DataFrame(run.curve)
    curves[way]["progress"] = curves[way]["mae_yz_bad"] / curves[way]["mae_yz"]
    last = curves[way].iloc[-1]
    print(f"{way:10}   {last['step']:.0f} steps, loss {last['loss']:.4f}")

# %%
chapter.show(
    plots.curves(curves, "progress", ylabel="MAE(y, bad z) / MAE(y, z)"),
    "curve_progress.png",
    caption="Progress on the training crops. The two losses pull at the same "
    "quantity in opposite directions; the further the lines part, the more each "
    "network has found to do.",
    alt="Line chart of progress against the training step for the two directions "
    "of the ratio loss",
)

# %% [markdown]
# ## Where do the two predictors differ?
#
# Progress compares two error maps. Here they are for one photograph, and for what the two improvers make of it.

# %%
pictures = {"photograph": photograph}
pictures |= {way: run.network(photograph) for way, run in ways.items()}
maps, errors = {}, {}
for label, y in pictures.items():
    maps[label], errors[label] = {"picture": y}, {}
    for who, predictor in {"bad": f_bad, "good": f}.items():
        z = ab.full_prediction(predictor, y)
        name = f"error of the {who} one"
        maps[label][name] = plots.map_image(ab.error_map(y, z)[0])
        errors[label][name] = f"MAE {float(ab.predictability(y, z)):.4f}"

# %% tags=["hide-input"]
chapter.show(
    plots.image_grid(maps, errors),
    "maps.jpg",
    caption="Compare the two maps of each row; dark is well guessed, and all maps "
    "have one scale. As written, the loss asks for a good predictor without an "
    "advantage, or even behind; as meant, for a bright map beside a dark one. "
    "Where a picture became flat both are black, and only the numbers differ.",
    alt="Three rows, photograph, as written and as meant; in columns the picture "
    "and the error maps of the bad and the good predictor",
)

# %% [markdown]
# The next table is about all test photographs. *Progress* is measured by the two predictors that the improvers were trained through. The
# **judge** took no part in the training: its error says whether a picture also became easier for somebody else.

# %%
filters = chapter.filters()
strongest = {
    f"{name.replace('_', ' ')}, strongest": curve[-1]
    for name, curve in filters.items()
    if name != "original"
}
improved = chapter.table("ratio_as_written", "ratio_progress")
chapter.show(
    pd.concat([improved, tables.judges_table(strongest)]),
    "judges.csv",
    caption="The photographs untouched, the two improvers, and each plain filter "
    "at the greatest strength that was tried. Compare the progress of the "
    "filters, which nobody trained, with that of the improvers, and see how far "
    "each moves the photographs, MAE(x,y).",
)

# %% [markdown]
# ## A blur makes progress too
#
# A blur leaves little to guess. What it leaves, the good predictor guesses *much* better than the bad one: both errors fall, but
# that of the good one falls faster. So the ratio rises.


# %%
def progress_of(y):
    """Progress of one picture by the two predictors."""
    z_bad, z = ab.full_prediction(f_bad, y), ab.full_prediction(f, y)
    return float(ab.progress(y, z_bad, z))


blurred = {"photograph": photograph}
for sigma in (2, 6, 20):
    blurred[f"blur, {sigma} pixels"] = FILTERS["gaussian"](photograph, sigma)
numbers = {label: f"progress {progress_of(y):.3f}" for label, y in blurred.items()}

# %%
chapter.show(
    plots.image_row(blurred, numbers),
    "blur.jpg",
    caption="Progress below a photograph, and below blurs of it. If progress were "
    "interest, the highest number would stand below the best picture.",
    alt="A photograph and three Gaussian blurs of it, each stronger, with their "
    "progress",
)

# %%
series = {}
for way, run in ways.items():
    test = chapter.judged(run.name)["test"]
    series[way] = ([test["change"]], [test["progress"]])
series |= {
    name.replace("_", " "): [*zip(*((p["change"], p["progress"]) for p in curve))]
    for name, curve in filters.items()
    if name != "original"
}
chapter.show(
    plots.lines(series, xlabel="change, MAE(x,y)", ylabel="progress"),
    "filters.png",
    caption="Each line is a plain filter turned up from nothing; the two single "
    "points are the improvers, over all test photographs. See whether the point "
    "of the ratio as meant lies above the lines, and how much further to the "
    "right.",
    alt="Line chart of progress against MAE(x,y) for six plain filters, with a "
    "point for each of the two improvers",
)

# %% [markdown]
# ## Taking the gain apart
#
# Progress can rise because a picture has more to teach, or because the bad predictor has been led into one of its errors. Colour is
# the first suspect. So take the result of the ratio as meant apart: first the photograph with only its *mean* colour moved to that of the
# result; then both without any colour.


# %%
def grey(y):
    """The picture without its colours."""
    return luminance(y)[:, None].expand(-1, 3, -1, -1)


def apart(x, y):
    """A photograph and a result, and the steps between them."""
    tint = (x + (y - x).mean((2, 3), keepdim=True)).clamp(0, 1)
    return {
        "x": x,
        "x, tinted": tint,
        "y": y,
        "x, grey": grey(x),
        "y, grey": grey(y),
    }


parts = {name: apart(x, meant.network(x)) for name, x in photographs.items()}
gain = pd.DataFrame(parts).map(progress_of)
gain["mean"] = gain.mean(axis=1)

# %% tags=["hide-input"]
chapter.show(
    plots.image_grid(
        {name: parts[name] for name in two},
        {name: {k: f"{v:.3f}" for k, v in gain[name].items()} for name in two},
    ),
    "apart.jpg",
    caption="Below each picture its progress. From left to right: the photograph, "
    "the photograph in the mean colour of the result, the result, and the first "
    "and the third in grey. Compare the gain from x to y with the gain from x in "
    "grey to y in grey.",
    alt="Two photographs in rows; in columns original, tinted original, result, "
    "original in grey and result in grey",
)

# %%
chapter.show(
    gain.T.round(3),
    "apart.csv",
    caption="The same progress for each test photograph, and the mean of all. If "
    "the last two columns differ as much as the first and the third, then colour "
    "had no part in the gain.",
)

# %% [markdown]
# A tint that stays within the range does nothing, by construction: both predictors see only differences of colour, and add their guess to what is around the
# tile. The second column can differ from the first only where the tint drives values out of the range from 0 to 1 and they are cut. How
# much of the gain is light and shape alone, the last two columns say; of a result that has become one flat colour there is nothing left to take apart.
#
# One more thing helps to read such pictures. Progress is a ratio of two means over the whole picture: where nearly all of it is guessed
# well by both, one small place at which the two predictors differ decides the number. And a ratio of two small errors can be as
# large as one of two large ones, as the blur shows.

# %% [markdown]
# ## At full scale
#
# The reference run trained the same two improvers on photographs only, many more of them, and for more steps.

# %%
large = {}
for way, run in ways.items():
    large[way] = chapter.reference(f"improvers/{run.name}")["test"]
chapter.show(
    tables.judges_table(large),
    "full_scale.csv",
    caption="The judges' table of the reference run. No contrast and no fine "
    "detail: that is one flat colour, whatever the photograph. And a progress of "
    "exactly 1 is what the guard gives where both errors are below a quarter of a "
    "grey level.",
)

# %%
for way, run in ways.items():
    path = f"results/reference/improvers/{run.name}.csv"
    last = pd.read_csv(chapter.home.root / path).iloc[-1]
    print(
        f"{way:10}   step {last['step']:.0f}, loss {last['loss']:.4f}, "
        f"norm of the gradient {last['gradient_norm']:.4f}"
    )

# %% [markdown]
# So flat colour was a trap for both directions. Where both errors are below the guard, the ratio is 1 whatever the improver does, and its
# gradient is 0: once all crops of a step come out so, nothing leads the training out again. For the ratio as meant that is not even a
# good place, since the untouched photographs have more progress than 1. But a predictor need not guess a flat colour so well. As long as the bad
# one's error there is above the guard, a flat picture has a progress of its own, more than the photographs' or
# less: see which it is for any in the judges' table above that kept little contrast. Without the guard it would be worse: the ratio of two errors next to
# nothing could be anything, and the flat picture might win.

# %% [markdown]
# ## What failed
#
# - **To be more interesting.** Look at the first figure, and compare MAE(x,y) with that of the filters. A number that
#   can be had by leaving the picture is not yet a measure of interest.
# - **To beat a filter.** A wide blur, which nobody trained, raises progress far above that of the photographs. So progress, as it stands, does not ask for
#   richer pictures.
# - **To hold the picture.** With no $x$ in the loss, nothing keeps MAE(x,y) small. Language models that are set against a worse copy of themselves fail
#   alike, and are given a rule that keeps them plausible.
# - **A fair beginner.** The bad predictor is only the good one after a short training. It is wrong in its own ways, and an improver
#   can look for these instead of for beauty.
# - **Independent progress.** The tables have the judge's error and not its progress, for which it takes two predictors that no improver here saw.
#   [A later chapter](08_weak_predictors.ipynb) tries such a pair.
# - **Error bars.** One seed each.
