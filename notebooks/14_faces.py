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
# # Is an attractive face easy to guess?
#
# The article's own programs look for faces first, and no pictures were rated more often. There is also an old finding to meet: lay many faces over one another, and the average pleases more than most of those it was made
# of {cite:p}`langlois1990`. An average face is the one that a mind which has seen many faces expects. So does a predictor that learnt **from faces** find the attractive ones easy?
#
# Two sets of faces that people rated, 102 of London {cite:p}`debruine2017` and 600 of SCUT, a university in Guangzhou {cite:p}`liang2018`, and a predictor for each: one learnt from the faces of London and guesses the others, one learnt from those and guesses London's. No predictor is asked about
# faces that it learnt from, and none was told a rating. The faces may not be passed on, so unless you have them, **all that follows is [the reference run's](../reference.md)**; the default run has no faces.

# %% tags=["parameters"]
# Change the experiment here; two rated sets are needed, for example
# faces = {"rated": ["my/faces", "others"], "train": {"others": ["others"]}}
faces = {}

# %%
import numpy as np
import pandas as pd

import abstract_beauty as ab
from abstract_beauty.book import plots
from abstract_beauty.chapter import Chapter
from abstract_beauty.experiments.faces import aligned, averageness, mirrored

chapter = Chapter("14_faces", faces=faces)
found, averages = chapter.measured("faces")
if not averages:
    print("There are no two rated sets here, and a predictor that has not seen the")
    print("faces of the first. What follows is the reference run's.")
    found = chapter.reference("faces")
    kept = chapter.home.results / "reference" / "faces"
    averages = {
        file.stem: ab.read_image(file)[None] for file in sorted(kept.glob("*.webp"))
    }
names = {"neutral": "London", "faces_scut": "SCUT"}
names |= {"london": "London", "scut": "SCUT"}  # predictors that learnt there

# %% [markdown]
# ## What an average shows
#
# Each picture below is the mean of a third of the faces of London, laid upon each other pixel by pixel. For the first two pictures the thirds were chosen by a predictor that had never seen these faces, for the last two by the people who rated them.

# %%
titles = {
    "easy": "easiest to guess",
    "hard": "hardest to guess",
    "attractive": "rated highest",
    "plain": "rated lowest",
}
chapter.show(
    plots.image_row({titles[name]: averages[name][0] for name in titles}),
    "averages.jpg",
    caption="Averages of 34 faces each (Face Research Lab London Set, "
    "DeBruine and Jones 2017, CC BY 4.0). The third that is easiest to guess has "
    "shorter hair and lighter skin than the hardest; the third that was rated "
    "highest has longer hair than the lowest. Sex was not held fixed: look which "
    "of the four seem to be men.",
    alt="Four averages of 34 faces each",
)

# %% [markdown]
# ## Averageness and symmetry, measured
#
# Before a network is believed to see something, what is known has to be taken out. How average a face is, is measured as its correlation with the mean of all others; how symmetric, as that with its own mirror
# image. Both are taken in grey and softened, without the outer eighth of the frame. A face may be shown here only as a part of an average, so here is how it is done with three photographs of other things, which are neither average nor symmetric:

# %%
others = [x[0] for x in chapter.photographs().values()]
three = aligned([ab.resize_short_side(x, 128) for x in others[:3]])
print("averageness", averageness(three).round(2))
print("symmetry   ", mirrored(three).round(2))

# %% [markdown]
# Of the rated faces:

# %%
rows = {}
for name, row in found["sets"].items():
    rows[f"{names.get(name, name)} ({row['faces']})"] = {
        key: "{value:+.2f} [{low:+.2f}, {high:+.2f}]".format(**row[key])
        for key in ("averageness", "symmetry")
    }
chapter.show(
    pd.DataFrame(rows).T,
    "known.csv",
    caption="Rank correlation of attractiveness with averageness and symmetry, "
    "with intervals of 95 %; in brackets how many faces.",
)

# %% [markdown]
# ## What the predictors say
#
# A face is looked at from three distances. At 64 pixels a tile is half as wide as the picture, in London's a whole head; at 128 a quarter; at 256 an eighth, an eye or a mouth. Left of 0, the attractive faces are those that are easy to guess.

# %%
chart = {}
for name, row in found["sets"].items():
    for predictor, sides in row["predictors"].items():
        for side, values in sides.items():
            seen, by = names.get(name, name), names.get(predictor, predictor)
            label = f"{seen}, by {by}, {side} px"
            chart[label] = tuple(
                values["alone"][key] for key in ("value", "low", "high")
            )
chapter.show(
    plots.intervals(
        chart, xlabel="rank correlation of attractiveness with the error"
    ),
    "predictors.png",
    caption="Each set of faces, guessed by the predictor that learnt from "
    "photographs of all kinds and by the one that learnt from the other set. "
    "Filled: the interval of 95 %, for each alone, does not hold 0.",
    alt="Rank correlations with intervals by set, predictor and distance",
)

# %%
beside = {
    f"{names.get(name, name)}, by {names.get(predictor, predictor)}": {
        f"{side} px": f"{values['beside']['value']:+.2f}"
        + ("" if values["beside"]["p"] < 0.05 else " (open)")
        for side, values in sides.items()
    }
    for name, row in found["sets"].items()
    for predictor, sides in row["predictors"].items()
}
chapter.show(
    pd.DataFrame(beside).T,
    "beside.csv",
    caption="The same with averageness and symmetry held fixed. Open: chance alone "
    "would give a number as large in more than one case of twenty.",
)

# %% [markdown]
# **No.** In the larger set the attractive faces are the *harder* to guess, by either predictor and from every distance, and it stays so with averageness and symmetry held fixed. In London it is the same or undecided. By
# predictors that learnt from faces the connection is weaker and does not turn round; but they learnt for 1,600 steps, the one of photographs for 28,000, and {doc}`among faces long training raises the number <13_beauty>`. How near one looks matters little in the larger set by photographs,
# and by London's faces the number falls by a third or more from 64 pixels to 128; in London there is nothing at all at 64 pixels.
#
# But look at the four averages again before you believe that this is about faces. The error is a difference of brightness, and dark hair and darker skin stand out from a light wall and a white shirt by more. What is easy for these predictors is
# **a face that stands out little from what is behind it**: that is a fact about the studio, about hair, and perhaps about sex, which was not held fixed. The same goes for the table of averageness and symmetry, in which the symmetric face is rated *lower*, and in the larger set the average one too, against what
# others found {cite:p}`langlois1990`. They laid faces upon each other feature by feature; a correlation of pixels, in pictures that show hair, neck and shirt as well, is mostly about hair. It speaks against our measure and not against theirs.
#
# ## A face that is moved
#
# Three ways change faces of London: {doc}`the descent that may only move <11_moving>`, here through the predictor that learnt from SCUT's faces; the mover; and the article's improver, which smooths. The last two learnt from photographs of all kinds, as did the judge. Is it the average that faces are moved to? And would they be called more attractive? The last is answered by a ridge
# regression on {doc}`plain statistics and predictors' scores <13_beauty>`, fitted on the other set: a hint, and a poor one where it does not foretell the ratings that there are.

# %%
taste = found["taste"]
for where, which in (
    ("there", taste["fitted_on"]),
    ("here", next(iter(found["sets"]))),
):
    print(
        f"{names.get(which, which)}: r = "
        + "{value:.2f} [{low:.2f}, {high:.2f}]".format(**taste[where])
    )

# %%
ways = {
    "original": "as they are",
    "move": "moved",
    "mover": "by the mover",
    "smoothing": "smoothed",
}
chapter.show(
    plots.image_row({ways[name]: averages[name][0] for name in ways}),
    "moved.jpg",
    caption=f"Averages of {found['moved']['faces']} faces (Face Research Lab London "
    "Set, CC BY 4.0), before and after each was changed for itself. No face is "
    "shown alone.",
    alt="Averages of faces before and after they were changed",
)

# %%
ends = {}
for name, row in found["moved"]["ways"].items():
    ends[ways[name]] = {}
    for key, values in row.items():
        error = np.std(values, ddof=1) / len(values) ** 0.5
        ends[ways[name]][key] = f"{np.mean(values):+.2f} ± {2 * error:.2f}"
chapter.show(
    pd.DataFrame(ends).T,
    "moved.csv",
    caption="Differences to the originals, means over faces with twice their "
    "standard error: the logarithm of a judge's error, averageness, symmetry, and "
    "attractiveness as foretold, in standard deviations of the ratings.",
)

# %% [markdown]
# Both ways of moving lower a judge's error to about 0.8 of what it was, as they do with the photographs of the reference run. Neither brings a face nearer to the average or to its mirror image: those differences are nearly nothing, all smaller than twice their
# error. What happens instead can be seen in the averages. Eyes narrow to slits, mouths shrink, and the mover draws heads with corners: **what is hardest to guess in a face is what makes it one**, and it goes first. The regression would call
# the moved faces less attractive by half a standard deviation, and the smoothed ones by one and a half; as it foretells London's ratings poorly, trust the sign at most.
#
# ## What failed
#
# - **A predictor that sees faces as we do.** It learnt for 1,600 steps, a small part of what {doc}`the reference run's <../reference>` learnt, from 200 or 600 faces, and a pixel that is off counts the same on a cheek, in an eye and on the wall. An error among *features*, or with the wall cut out, might tell another story.
# - **Averageness, measured well.** It needs the places of eyes, nose and mouth, by which faces are brought upon each other. We had none.
# - **Attractiveness, foretold across sets.** Within its own set the regression reaches 0.58, on the faces of London 0.21.
# - **Who the people are.** Men and women, and groups of people, are mixed in these sets, and ratings differ between them. Nothing was held fixed but averageness and symmetry.
# - **Few.** 24 faces were moved, and London has 102.
