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
# Everything so far was between networks. Here people come in. Hundreds of pictures were rated for how complex they look, by the choices of more
# than a thousand people {cite:p}`saraee2018`. Does a network that has only ever guessed hidden tiles agree with them?

# %% tags=["parameters"]
# Change the experiment here, for example ratings = {"dial_pictures": 8};
# empty: as params.yaml says.
ratings = {}

# %%
import numpy as np
import pandas as pd
import torch
from scipy import stats

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.data.generators import dials
from abstract_beauty.prediction.predictability import PHASES
from abstract_beauty.scores.complexity import MEASURES
from abstract_beauty.scores.scores import SCORES

chapter = Chapter("12_meaning", ratings=ratings)
photographs = chapter.photographs()
good, linear = ab.predictor("good"), ab.predictor("linear")
people = chapter.reference("ratings")
sets = {name: row["ratings"]["complexity"] for name, row in people["sets"].items()}

# %% tags=["remove-input"]
plots.beside(
    {
        name: chapter.show(
            plots.scatter(
                row["points"]["score"],
                row["points"]["rating"],
                "complexity, our score",
                "complexity, people's rating (0 to 100)",
            ),
            f"people_{name}.png",
            caption=f"{name.capitalize()}, one point a picture. To the right: what the "
            "network could not foresee; upwards: what people called complex.",
            alt=f"Scatter of people's ratings of {name} against the score",
        )
        for name, row in sets.items()
    }
)

# %% [markdown]
# The rated pictures may not be shown here, but their scores and ratings may: they are kept with the project, as the reference run measured them. First, what the
# score is, on a photograph that may be shown.
#
# ## The score, in two parts
#
# **At a glance.** Reduce the picture until its short side is 128 pixels, so that a tile is a quarter of it. Let the good predictor guess every tile. What share
# of the pixels does it miss? With $e$ the error of a pixel, averaged over its channels, it counts as missed by
#
# $$\frac{e^2}{e^2 + 0.05^2}$$
#
# which is near 0 for small errors and near 1 for large ones. A miss is a miss, in a pale drawing as in a stark one.


# %%
def missed(f, picture, side, phase=(0, 0)):
    """The reduced picture, its full prediction, and how much a pixel is missed."""
    y = ab.resize_short_side(picture, side)[None]
    z = ab.full_prediction(f, y, phase)
    e = ab.error_map(y, z)
    return y, z, e**2 / (e**2 + 0.05**2)


[x] = tables.chosen(photographs, "coffee").values()
y, z, glance = missed(good, x[0], 128)
print(f"missed at a glance: {glance.mean():.3f}")

# %% [markdown]
# **The texture.** The same at 256 pixels, by the linear fill, which only carries on what touches a tile's border. What it misses so near by is what a border alone
# cannot tell: texture, such as grass, gravel and noise, and outlines too. Texture surprises pixels, not people. Half of all that is missed is taken off.

# %%
near_y, near_z, texture = missed(linear, x[0], 256)
print(f"missed texture:     {texture.mean():.3f}")
print(f"score:              {(glance.mean() - texture.mean() / 2).item():.3f}")

# %%
panels = {
    "a glance": {"picture": y, "prediction": z, "missed": glance.expand(3, -1, -1)},
    "texture": {
        "picture": near_y,
        "prediction": near_z,
        "missed": texture.expand(3, -1, -1),
    },
}
chapter.show(
    plots.image_grid(panels),
    "parts.jpg",
    caption="The two parts of the score. Above: the picture at 128 pixels, what "
    "the good predictor guesses of it, and what it misses, white. Below: the "
    "picture at 256 pixels, and the linear fill's guess and misses.",
    alt="Two rows of three panels: a photograph, its prediction and a grey map "
    "of the missed pixels, from far and from near",
)

# %% [markdown]
# One grid of tiles would leave something to chance, so each part is averaged over four. `ab.complexity` is this, after a plain frame round the picture is cut off.


# %%
def share(f, picture, side):
    maps = [missed(f, picture, side, phase)[2] for phase in PHASES]
    return torch.stack(maps).mean().item()


rows = {}
for name, x in photographs.items():
    glance, texture = share(good, x[0], 128), share(linear, x[0], 256)
    rows[name] = {"glance": glance, "texture": texture}
    rows[name]["score"] = glance - texture / 2
    rows[name]["ab.complexity"] = ab.complexity(x[0], good, linear)
scored = pd.DataFrame.from_dict(rows, orient="index").sort_values("score")

# %%
chapter.show(
    scored.round(4),
    "scored.csv",
    caption="The six test photographs, from simple to complex by the score, by "
    "hand and by the library. See how nearly glance and texture go together: the "
    "two parts are far from two separate things.",
)

# %%
ordered = {name.replace("_", " "): photographs[name] for name in scored.index}
texts = {name.replace("_", " "): f"{s:.2f}" for name, s in scored["score"].items()}
chapter.show(
    plots.image_row(ordered, texts, columns=3),
    "ordered.jpg",
    caption="The photographs in the order of their score. Would you have put "
    "them in this order?",
    alt="Six photographs in two rows, the score under each, from the lowest to "
    "the highest",
)

# %% [markdown]
# ## Does it go with people's ratings?
#
# The question, in numbers: Pearson's correlation of scores and ratings. How far chance could move it, resampling says: draw as many pictures again and again from those
# that there are, with repetition, and see how the correlation varies.


# %%
def pearson(a, b):
    return np.corrcoef(a, b)[0, 1]


rng = np.random.default_rng(0)
rows = {}
for name, row in sets.items():
    score, rating = map(np.array, (row["points"]["score"], row["points"]["rating"]))
    picks = rng.integers(len(score), size=(2000, len(score)))
    resampled = [pearson(score[pick], rating[pick]) for pick in picks]
    low, high = np.quantile(resampled, [0.025, 0.975])
    rows[name] = {"pictures": len(score), "r": pearson(score, rating)}
    rows[name] |= {"from": low, "to": high}
    rows[name]["Spearman"] = stats.spearmanr(score, rating).statistic
    rows[name]["paper's best"] = people["sets"][name]["published"]

# %%
chapter.show(
    pd.DataFrame.from_dict(rows, orient="index").round(2),
    "correlations.csv",
    caption="Pearson's r of the score with people's ratings; from and to: where "
    "95 of 100 resamples lie; Spearman's correlation of the ranks. The paper's "
    "best: the best of five classical measures in the paper that published the "
    "ratings.",
)

# %% [markdown]
# Why is half of the texture taken off? Ask each set of ratings alone: fit the ratings by a straight line in the two parts, by least squares, and divide the weight of
# the texture by that of the glance.

# %%
for name, row in sets.items():
    print(f"{name}: take off {row['discount']:.2f} of the texture")

# %% [markdown]
# The sets were collected for different pictures; a round number on the cautious side serves both. The form of the score (which two sizes, which two predictors, where an error
# begins to count) was chosen on these two sets as well, so their correlations flatter it. The other five kinds of picture in the data set were not looked
# at. The command `abstract-beauty ratings DIR` tests the score on them, or on any pictures that you have ratings of.
#
# ## Beside the classical measures
#
# All on the same pictures, at 256 pixels: the size of a JPEG, the share of edges, the number of regions, two measures of clutter {cite:p}`rosenholtz2007`, structural
# complexity {cite:p}`kravchenko2025`, and plain contrast.

# %%
names = {key: measure.title for key, measure in (SCORES | MEASURES).items()}
del names["complexity"]
names = {"complexity": "our score"} | names


# %%
def spread(one):
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


table = pd.DataFrame(index=list(names.values()))
for name, row in sets.items():
    found = [row["measures"][key] for key in names]
    table[name] = [spread(measure["pearson"]) for measure in found]
    partial = [
        measure.get("partial", {"value": np.nan})["value"] for measure in found
    ]
    table[f"{name}, partial"] = [f"{value:.2f}" for value in partial]
chapter.show(
    table.replace("nan", "–"),
    "measures.csv",
    caption="Pearson's r with people's ratings, and where 95 of 100 resamples "
    "lie. Partial: what is left of it when contrast and the size of the JPEG are "
    "held fixed. Structure: of the linear fill's error, the share that the good "
    "predictor does not make.",
)

# %%
bars = {}
for name, row in sets.items():
    keys = ["complexity", *MEASURES]
    r = {key: abs(row["measures"][key]["pearson"]["value"]) for key in keys}
    for key in sorted(keys, key=r.get, reverse=True):
        bars[f"{names[key]}, {name}"] = r[key]
chapter.show(
    plots.bar_table(
        bars,
        highlight=[f"our score, {name}" for name in sets],
        xlabel="|Pearson's r| with people's ratings",
        form=".2f",
    ),
    "bars.png",
    caption="Our score among the classical measures, for each set of pictures "
    "from the best to the worst. See whether one of the others is near the top "
    "in both.",
    alt="Bars of the correlation with people's ratings for our score and the "
    "classical measures, on each set of pictures",
)

# %% [markdown]
# Two things to take from the table. The bare error of prediction at full size goes with the ratings clearly less than the score does, and from further away, at 128 pixels, it goes
# with them as well as the score on scenes, not on art: how one looks matters. And a classical measure that is as good on one set need not be on the other.
#
# ## Turning dials
#
# Now without any people: four kinds of drawing, each with a dial that makes it more complex. A score that deserves the name rises along every one.

# %%
drawn, texts = {}, {}
for dial in dials.DIALS:
    label = dial.replace(" ", "\n")
    drawn[label], texts[label] = {}, {}
    for level in range(dials.LEVELS):
        array = dials.dial_picture(dial, level, 0, chapter.params.seed, 256)
        picture = torch.from_numpy(array).permute(2, 0, 1)
        score = ab.complexity(picture, good, linear)
        drawn[label][f"{level + 1}"] = picture
        texts[label][f"{level + 1}"] = f"{score:.2f}"

# %%
chapter.show(
    plots.image_grid(drawn, texts),
    "dials.png",
    caption="Four dials, turned up from left to right, with the score of each "
    "drawing. Compare the row of discs, which lose their order, with the other "
    "three.",
    alt="A table of drawings with their scores: shapes, discs in a grid, strokes "
    "and coloured cells, each row more crowded or less regular to the right",
)

# %%
own = chapter.measured("ratings")["dials"]
levels = list(range(1, dials.LEVELS + 1))
along = {dial: (levels, row["complexity"]) for dial, row in own.items()}
chapter.show(
    plots.lines(along, "how far the dial is turned", "complexity, our score"),
    "dial_curves.png",
    caption="The same as curves; each point the mean of as many drawings as "
    "dial_pictures in params.yaml says. A line that falls "
    "is a dial that the score does not understand.",
    alt="Line chart of the score along four dials",
)

# %%
ranks = {
    dial: {names[key]: row["spearman"][key] for key in ["complexity", *MEASURES]}
    for dial, row in own.items()
}
chapter.show(
    pd.DataFrame(ranks).round(2),
    "dial_ranks.csv",
    caption="Rank correlation of each measure with each dial. Where a "
    "level has several drawings they share a rank, and even a perfect measure "
    "stays a little below 1. "
    "A number below 0: the measure falls as the dial is turned up.",
)

# %% [markdown]
# ## Who sees like people?
#
# Is a better predictor a better model of people? Or does the likeness peak early and then get lost, as a mind that has learnt everything would be bored? The reference run trained
# the same network for longer and longer, in two widths, and on other pictures, and took what each misses at a glance against people's ratings. Each is an *observer*:

# %%
observers = pd.json_normalize(people["observers"])
observers.columns = [name.removeprefix("people.") for name in observers.columns]
trained = observers[observers["series"].str.startswith("width")]
longer = {
    f"{name}, {width}": (part["value"], part[name])
    for width, part in trained.groupby("series")
    for name in sets
}

# %%
chapter.show(
    plots.lines(
        longer,
        "steps of training",
        "Pearson's r with people's ratings",
        logarithmic_x=True,
    ),
    "training.png",
    caption="How what the predictor misses goes with people's ratings, against "
    "how long it was trained. A likeness that is lost again would be a line that "
    "turns down at the right.",
    alt="Line chart of the correlation with people's ratings against training "
    "steps, for two widths and two sets",
)

# %%
looks = observers[observers["series"] == "side"]
nearer = {name: (looks["value"], looks[name]) for name in sets}
chapter.show(
    plots.lines(
        nearer,
        "short side of the picture when it is looked at, pixels (a tile is 32)",
        "Pearson's r with people's ratings",
        logarithmic_x=True,
    ),
    "side.png",
    caption="The same good predictor looking from further away, left, or closer, "
    "right. See where each set has its top.",
    alt="Line chart of the correlation with people's ratings against the size to "
    "which pictures are reduced",
)

# %%
others = observers[observers["series"].isin(["pictures", "network"])]

# %%
chapter.show(
    others.set_index("label")[["error", *sets, "dials"]].round(3),
    "observers.csv",
    caption="Other observers. Error: MAE(y,z) on the middle of some test "
    "photographs, so not quite the number of other chapters. Scenes, art: "
    "Pearson's r with people's ratings. Dials: mean rank correlation with the "
    "dials. Good, bad, small, judge, the article's: the reference run's predictors; "
    "linear: borders carried on. Trained on: the same network after an equal "
    "training on other pictures; the paintings are those of the set art itself, "
    "without its ratings.",
)

# %% [markdown]
# On art the likeness grows to the end of the longest training (there is no point between 1,000 and 28,000 steps); on scenes training changes little. So here a better predictor is a better model of people who look at paintings, hardly of people who look at photographs. How large a tile is in the picture matters a little more than all the training on art, far more on scenes, and
# photographs of scenes ask to be looked at from further away than paintings do.
#
# ## And beauty?
#
# Complex is not beautiful. [The next chapter](13_beauty.ipynb) asks for beauty, of other pictures and other people. Whether what an *improver* makes pleases more, only paired choices can say, between
# photographs and what became of them. For these there is <a href="../blind.html">a page of blind choices</a>; `abstract-beauty preferences FILE...` turns the files
# that it saves into strengths, by Bradley and Terry's model {cite:p}`bradley1952`.
#
# ## What failed
#
# - **Order.** Discs in rows and columns are simple to people. A predictor has not learnt to carry on a grid; the score is highest where the order is perfect, and falls
#   as it is lost, though not step by step.
# - **To be far ahead.** On scenes a classical measure of clutter, feature congestion, does about as well as the score, and so does the bare error of
#   prediction at 128 pixels.
# - **Texture alone.** The second part of the score counts outlines as well, and on the photographs above it goes nearly as the first part does.
# - **An untouched test.** The form of the score was chosen on the very sets it is shown on.
# - **A peak of learning.** The chart of the reference run shows no likeness that is lost again with more training, at the moments that were looked at.
# - **Taste.** Whether what improvers make is more beautiful, nobody was asked.
