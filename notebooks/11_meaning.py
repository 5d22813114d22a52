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
# # Does it mean anything to people?
#
# Everything so far was a conversation between networks. Here people come in. Hundreds of pictures were rated for how complex they look, by the
# choices of more than a thousand people {cite:p}`saraee2018`. Does a network that has only ever guessed hidden tiles agree with them?

# %% tags=["parameters", "hide-input"]
# Change the experiment here, for example ratings = {"dial_pictures": 8}; empty: as params.yaml says.
ratings = {}

# %% tags=["remove-input"]
import pandas as pd
import torch
from IPython.display import Markdown

from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.data.generators import dials
from abstract_beauty.scores import scores
from abstract_beauty.scores.complexity import MEASURES

chapter = Chapter("11_meaning", ratings=ratings)
f = chapter.predictors("good", "bad", "small", "article", "judge")
own = chapter.ratings()
people = chapter.reference("ratings")
sets = {
    name: row["ratings"]["complexity"] | {"published": row["published"], "pictures": row["pictures"]}
    for name, row in people["sets"].items()
}
r = {name: row["measures"]["complexity"]["pearson"] for name, row in sets.items()}
folder = chapter.folder

# %% tags=["hide-input"]
Markdown(
    "**In numbers.** "
    + " ".join(
        f"On {row['pictures']} pictures of *{name}* one fixed score goes with people's ratings at r = {r[name]['value']:.2f} (95 % of resamples: {r[name]['low']:.2f} to {r[name]['high']:.2f}); "
        f"the best of five classical measures in the paper that published the ratings: {row['published']:.2f}."
        for name, row in sets.items()
    )
    + " That is *complexity*, which people can agree on. Of *beauty* nothing here is said yet: see the end."
)

# %% tags=["hide-input"]
plots.several(
    [
        plots.show(
            plots.scatter(row["points"]["score"], row["points"]["rating"], "complexity, our score", "complexity, people's rating (0 to 100)"),
            folder / f"people_{name}.png",
            caption=f"{name.capitalize()}: one point a picture. To the right what the network could not foresee, upwards what people called complex.",
            alt=f"Scatter of people's ratings of {name} against the score, rising from the lower left to the upper right",
        )
        for name, row in sets.items()
    ]
)  # fmt: skip

# %% [markdown]
# ## The score
#
# It has two parts. **At a glance**: the picture is reduced until its short side is 128 pixels, so that a tile is a quarter of it, and the good predictor guesses every tile. What
# share of the pixels does it miss? A miss is a miss, in a pale drawing as in a stark one. **The texture**: at 256 pixels, what share does the linear fill miss, which can only carry
# on what touches a tile's border? That is texture: grass, gravel, noise. It surprises pixels, not people; half of it is taken off.

# %% tags=["hide-input"]
tables.Source(scores.missed, scores.complexity_of)

# %% tags=["hide-input"]
fitted = {name: row["discount"] for name, row in sets.items()}
Markdown(
    "Why half? Each set of ratings was asked alone how much texture should be taken off, by least squares: "
    + ", ".join(f"*{name}* says {value:.2f}" for name, value in fitted.items())
    + f". They were collected for different pictures and ask for much the same; a round number on the cautious side, {scores.DISCOUNT:g}, serves both. The form of the score (which two sizes, which two predictors, where an error "
    "begins to count) was chosen on these two sets as well, so their correlations flatter it a little; the other five kinds of picture in the data set were not looked at, and the command "
    "`abstract-beauty ratings DIR` tests it on them, or on any pictures that you have ratings of."
)

# %% [markdown]
# ## Beside the classical measures
#
# All computed here on the same pictures, at 256 pixels: the size of a JPEG, the share of edges, the number of regions, two measures of clutter {cite:p}`rosenholtz2007`, structural
# complexity {cite:p}`kravchenko2025`, and plain contrast.

# %% tags=["hide-input"]
names = {
    key: row.title
    for key, row in {**scores.SCORES, **MEASURES}.items()
    if all(key in found["measures"] for found in sets.values())
} | {"complexity": "our score"}


def spread(one):
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]" if one else "–"


pd.DataFrame(
    {
        (name, head): {names[key]: spread(row["measures"][key].get(kind)) for key in names}
        for name, row in sets.items()
        for head, kind in {
            "Pearson's r": "pearson",
            "Spearman's": "spearman",
            "other things equal": "partial",
        }.items()
    }
)

# %% [markdown]
# In brackets, where 95 % of resamples of the pictures lie. *Other things equal*: what is left of the correlation when contrast and the size of the JPEG are held fixed.

# %% tags=["hide-input"]
classical = [key for key in names if key in MEASURES]
strength = {
    name: {key: abs(row["measures"][key]["pearson"]["value"]) for key in names} for name, row in sets.items()
}
best = {name: max(classical, key=values.__getitem__) for name, values in strength.items()}
plots.show(
    plots.bar_table(
        {
            f"{names[key]}, {name}": values[key]
            for name, values in strength.items()
            for key in sorted(("complexity", *sorted(classical, key=values.get)[-4:]), key=values.get, reverse=True)
        },
        highlight=[f"our score, {name}" for name in sets], xlabel="|Pearson's r| with people's ratings", form=".2f",
    ),
    folder / "bars.png",
    caption="Our score and the four best classical measures of each set of pictures.",
    alt="Bars of the correlation with people's ratings for our score and the best classical measures, on each set of pictures",
)  # fmt: skip

# %% [markdown]
# ## Turning dials
#
# Without any people: four kinds of drawing, each with a dial that makes it more complex. A score that deserves the name has to rise along every one.

# %% tags=["hide-input"]
drawn = {
    dial: {
        f"{level + 1}": torch.from_numpy(
            dials.dial_picture(dial, level, 0, chapter.params.seed, 160)
        ).permute(2, 0, 1)
        for level in range(dials.LEVELS)
    }
    for dial in dials.DIALS
}
plots.show(
    plots.image_grid({dial.replace(" ", "\n"): row for dial, row in drawn.items()}),
    folder / "dials.png",
    caption="Four dials, turned up from left to right.",
    alt="A table of drawings: shapes, discs in a grid, strokes and coloured cells, each row more crowded or less regular to the right",
)

# %% tags=["hide-input"]
plots.show(
    plots.lines(
        {dial: (list(range(1, dials.LEVELS + 1)), row["complexity"]) for dial, row in own["dials"].items()},
        "how far the dial is turned", "complexity, our score",
    ),
    folder / "dial_curves.png",
    caption=f"The score along each dial, mean of {chapter.params.ratings.dial_pictures} drawings a point, with the predictors of this run. A line that falls is a dial that it does not understand.",
    alt="Line chart of the score along four dials",
)  # fmt: skip

# %% tags=["hide-input"]
rising = [dial for dial, row in own["dials"].items() if row["rises"]]
pd.DataFrame(
    {dial: {names[key]: f"{row['spearman'][key]:.2f}" for key in names} for dial, row in own["dials"].items()}
)

# %% [markdown]
# Rank correlation of each measure with the dial. Pictures of one level share a rank, so even a perfect score stays a little below 1.
#
# ## Who sees like people?
#
# Is a better predictor a better model of people, or does the likeness peak early and then get lost, as a mind that has learnt everything would be bored? The same network, stopped after
# more and more training, and what it misses at a glance against people's ratings.

# %% tags=["hide-input"]
seeing = pd.DataFrame(people["observers"])
names_of_sets = list(sets)


def series(kind, name):
    part = seeing[seeing["series"] == kind].sort_values("value")
    return list(part["value"]), [row[name] for row in part["people"]]


widths = sorted(
    {one for one in seeing["series"] if one.startswith("width")}, key=lambda one: int(one.split()[1])
)
plots.show(
    plots.lines(
        {f"{name}, {width}": series(width, name) for name in names_of_sets for width in widths},
        "steps of training", "Pearson's r with people's ratings", logarithmic_x=True,
    ),
    folder / "training.png",
    caption="How what the predictor misses goes with people's ratings, against how long it was trained; two widths of the network, two sets of pictures.",
    alt="Line chart of the correlation with people's ratings against training steps, for two widths and two sets",
)  # fmt: skip

# %% tags=["hide-input"]
plots.show(
    plots.lines(
        {name: series("side", name) for name in names_of_sets},
        "short side of the picture when it is looked at, pixels (a hole is 32)", "Pearson's r with people's ratings", logarithmic_x=True,
    ),
    folder / "side.png",
    caption="The same good predictor looking from further away (left) or closer (right): how large the hidden tile is in the picture decides how much of people's judgement it shares.",
    alt="Line chart of the correlation with people's ratings against the size to which pictures are reduced",
)  # fmt: skip

# %% tags=["hide-input"]
others = seeing[seeing["series"].isin(["pictures", "network"])]
pd.DataFrame(
    {
        f"{'trained on ' if row['series'] == 'pictures' else ''}{row['label'].replace('_', ' ')}": {
            "own error": f"{row['error']:.4f}",
            **{f"r, {name}": f"{row['people'][name]:.2f}" for name in names_of_sets},
            "dials": f"{row['dials']:.2f}",
        }
        for row in others.to_dict("records")
    }
).T

# %% [markdown]
# *Own error*: MAE(y,z) on the middle of some test photographs, so not quite the number of other chapters. *Trained on*: the same network after an equal training on other pictures. *Dials*: mean rank correlation with the dials.
#
# ## And beauty?
#
# Berlyne thought that liking rises with complexity and falls again, an inverted U {cite:p}`berlyne1971`. The command that measures the correlations tests for one too, and asks for more than a
# parabola that happens to bend: ratings must rise on one side of the top and fall on the other. No set here has ratings of beauty, so there is nothing to claim. What would settle it: a few hundred
# pictures, each rated for beauty by some thirty people, or paired choices between photographs and what an improver made of them.
#
# For the second there is <a href="../blind.html">a page of blind choices</a>, made by this run, with pictures that may be shown. Nothing leaves it until you save your choices as a file;
# `abstract-beauty preferences FILE...` turns many such files into strengths, by Bradley and Terry's model {cite:p}`bradley1952`. `abstract-beauty blind` makes one from your own pictures.

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
ends = {name: series(widths[-1], name) for name in names_of_sets}
lost = {name: max(values) - values[-1] for name, (_, values) in ends.items()}
Markdown(
    f"- **Order.** The score rises along {len(rising)} of {len(own['dials'])} dials ({', '.join(rising) or 'none'}). Discs in rows and columns are simple to people; a predictor has not learnt to carry on a "
    "grid, and calls it complex.\n"
    "- **To be far ahead.** "
    + " ".join(
        f"On {name} the best classical measure computed here, {names[best[name]]}, reaches {strength[name][best[name]]:.2f} where the score has {r[name]['value']:.2f}."
        for name, row in sets.items()
    )
    + "\n- **A peak of learning.** "
    + " ".join(
        f"On {name} the longest training is {lost[name]:.2f} below the best length."
        if lost[name] > 0.005
        else f"On {name} the longest training is the best."
        for name in names_of_sets
    )
    + "\n- **Beauty.** Nobody was asked."
)
