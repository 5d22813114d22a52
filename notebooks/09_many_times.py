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
# # What if it is done again and again?
#
# A commenter of the article proposed to improve the improved picture, and that one again, and expected to end at the Black Square.
# Here every improver is applied to its own result, fifty times.

# %% tags=["parameters"]
# Change the experiment here, for example many = {"times": 200};
# empty: as params.yaml says.
many = {}

# %%
import textwrap

import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.experiments.many import FRAMES, STILL

chapter = Chapter("09_many_times", many=many)
numbers, pictures = chapter.measured("many")
titles = chapter.titles()
times = chapter.params.many.times
stages = sorted({n for n in (*FRAMES, times) if n <= times})

# %%
six = ["smoothing", "smoothing_unet", "black_square", "ratio_progress"]
six += ["held", "mover"]
some = tables.chosen(numbers, *six)


def after(name, n):
    """The first picture after n times."""
    return pictures[f"{name}/{n}" if n else "x/0"][0]


# %% tags=["remove-input"]
strips = {}
for name in some:
    label = textwrap.fill(titles[name].removeprefix("smoothing, "), 9)
    strips[label] = {str(n): after(name, n) for n in stages}
chapter.show(
    plots.image_grid(strips),
    "film.jpg",
    caption="Six improvers, one a row. At the left the photograph, then what is "
    "left of it after so many times. Go along a row and look whether there comes a "
    "moment when the picture stops being one.",
    alt="A table of small pictures: in rows six improvers, in columns the number "
    "of times they were applied",
)

# %% [markdown]
# ## The loop
#
# An improver $g$ takes a picture and returns one of the same size. So its result can be put in again: $y_{n+1} = g(y_n)$,
# beginning at the photograph. Nothing is trained here. This is the whole experiment, with the article's improver:

# %%
f = ab.predictor("good")
g = chapter.improver("smoothing").network
x = pictures["x/0"][:1]

y = x
for n in range(1, 51):
    before, y = y, g(y)
    if n in (1, 2, 5, 10, 20, 50):
        moved, step = (x - y).abs().mean(), (before - y).abs().mean()
        error = (y - ab.full_prediction(f, y)).abs().mean()
        print(
            f"{n:2d} times   from the photograph {moved:.4f}   "
            f"last step {step:.5f}   MAE(y,z) {error:.4f}"
        )

# %% [markdown]
# *From the photograph* is $\mathrm{MAE}(x, y)$, the *last step* is how much the last application still changed, and
# $\mathrm{MAE}(y, z)$ is the error of the full prediction. From the second time on the improver is
# given what it has never seen in training: its own results.
#
# The pipeline did the same with every improver and kept the pictures. From here on they are used. Three of the improvers as a film:

# %%
moving = list(tables.chosen(numbers, *chapter.params.book.film))
plots.show_animation(
    [
        plots.image_row(
            {f"{titles[name]}\n{n} times": after(name, n) for name in moving}
        )
        for n in stages
    ],
    chapter.folder / "film.gif",
    caption="A film: three improvers side by side, each applied to its own result.",
    alt="An animation of three pictures side by side while their "
    "improvers are applied again and again",
)

# %% [markdown]
# ## Where does it lead?
#
# Three things can happen. All pixels become one **flat colour**. Or the picture comes to rest at one that the improver leaves
# as it is, a *fixed point*: it **stands still**. Or it **goes on** changing. Two curves help to tell which, and in the table below them the last step: the distance of the pixels from their
# picture's mean colour, which is 0 when all is flat, and the error of the full prediction.


# %%
def over_times(key):
    """One quantity of the six improvers against the number of times."""
    return {
        titles[name]: (stages, [some[name][key][n] for n in stages])
        for name in some
    }


chapter.show(
    plots.lines(over_times("flat"), "times", "distance from the mean colour"),
    "flat.png",
    caption="How far the pixels are from their picture's mean colour. A line that "
    "reaches 0 has become flat, whatever the colour. See who gets there, and how "
    "fast.",
    alt="Line chart of the distance from the mean colour against the number of "
    "times an improver was applied",
)

# %%
chapter.show(
    plots.lines(over_times("error"), "times", "MAE(y,z)"),
    "error.png",
    caption="The error of the full prediction, by the predictor that the "
    "improvers were trained through. Compare where a line ends with its value "
    "after the first time: that is what repeating gained.",
    alt="Line chart of MAE(y,z) against the number of times an improver was "
    "applied",
)

# %% tags=["hide-input"]
chapter.show(
    plots.image_row(
        {"photograph": after("", 0)}
        | {titles[name]: after(name, times) for name in numbers},
        columns=5,
    ),
    "after.jpg",
    caption="Every improver, at the end. Look for which of them still show the "
    "photograph.",
    alt="The photograph, and what each of the improvers has made of it at the end",
)

# %%
rows = {
    titles[name]: {
        "MAE(x,y) once": round(row["moved"][1], 4),
        "at the end": round(row["moved"][-1], 4),
        "last step": round(row["step"][-1], 5),
        "of the limit": round(row["step"][-1] / STILL, 2),
        "distance from flat": round(row["flat"][-1] / row["flat"][0], 2),
        "ends": row["ends"],
    }
    for name, row in numbers.items()
}
chapter.show(
    pd.DataFrame.from_dict(rows, orient="index"),
    "ends.csv",
    caption="What becomes of the photographs. Distance from flat: from the mean "
    "colour, 1 is the photographs' own; below 0.1 it counts as a flat colour. "
    "What is not flat stands still if the last step is below the limit, a tenth of "
    "one of 255 grey levels. Near 1 in the column before, or near 0.1 in the one "
    "of flatness, the last column is borderline.",
)

# %% [markdown]
# ## Does the end depend on the beginning?
#
# An improver that ends in one place whatever it is given has forgotten the picture, and the end is its own. One that has
# not forgotten ends elsewhere when it begins elsewhere. So begin at the photograph, at its negative, and at noise, and compare the mean colours
# at the end.

# %%
torch.manual_seed(0)
beginnings = {"photograph": x, "negative": 1 - x, "noise": torch.rand_like(x)}
for name in ("black_square", "ratio_progress", "held"):
    g = chapter.improver(name).network
    for label, y in beginnings.items():
        for _ in range(times):
            y = g(y)
        red, green, blue = y.mean((0, 2, 3)).tolist()
        print(
            f"{titles[name]:16} from {label:10}   "
            f"red {red:.2f}   green {green:.2f}   blue {blue:.2f}"
        )

# %% [markdown]
# Three rows that agree: the improver has one end, and draws everything there. Three rows that differ: something of
# the beginning has survived. `params.yaml` has the names of the other improvers; put one into the cell to ask the same of it.

# %% [markdown]
# ## Beautiful, and no success
#
# None was trained to be applied again and again, and by the numbers the first three do not clearly beat a plain filter even once; the mover gains plainly, and less by area. We show them because of how they look. Four improvers of
# [the reference run](../reference.md), which learnt from photographs, applied thirty times over; the mover, which only moves, three times.

# %%
beautiful = {
    "held": 30,
    "deeper": 30,
    "deeper_tilted": 30,
    "mover": 3,
}
names = tables.chosen(chapter.photographs(), "coffee", "chelsea", "rocket")
seen = {}
for name in names:
    x = ab.resize_short_side(chapter.photographs()[name][0], 200)[None]
    row = {"photograph": x}
    for key, often in beautiful.items():
        g = ab.load_improver(f"reference/{key}")
        row[f"{titles[key]}, {often} times"] = ab.improve(g, x, times=often)
    seen[name.replace("_", " ")] = row

# %%
chapter.show(
    plots.image_grid(seen),
    "beautiful.jpg",
    caption="What was asked for was a picture that is easier to guess and, but for "
    "the mover, near to the photograph. What came out, after thirty times (the mover "
    "after three), is an oil painting, fields of colour, fog, and a drawing in planes.",
    alt="Three photographs in rows; in columns the original and what four improvers "
    "made of it when applied again and again",
)

# %% [markdown]
# ## What failed
#
# - **The commenter's guess, as a rule.** Not every improver ends in a flat colour, and a flat colour need not be black: compare the last column of the
#   table and the mean colours.
# - **A picture that gets better and better.** Nothing in any loss asks that $g(g(x))$ be better than $g(x)$. No improver was trained on its own results, so what it does to them is
#   nothing that anyone asked for.
# - **A clear line between the three ends.** Two limits, chosen by hand, say what counts as flat and as still. An improver near either of them would be called
#   something else a few times sooner or later; its picture may look flat already.
# - **For ever.** What goes on after so many times may come to rest later: `many = {"times": 200}` in the first cell goes further.
# - **Other beginnings.** A few small squares of photographs were used. At their edges an improver is shown a border that is made up, and with each time what comes of it can
#   creep further inwards.
