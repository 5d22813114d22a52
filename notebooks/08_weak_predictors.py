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
# # Can a bad predictor be fair?
#
# Progress is the bad predictor's error over the good one's. A picture that is asked for more of it has three ways: become something that
# there is more to learn about; find a weak spot of this one bad predictor; or find a habit of this one good predictor. So here are five bad predictors, each bad in
# its own way, and what becomes of pictures that are asked for progress against each of them.

# %% tags=["parameters"]
# Change the experiment here, for example pixels = {"steps": 150};
# empty: as params.yaml says.
pixels = {}

# %%
import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty.book import plots
from abstract_beauty.chapter import Chapter
from abstract_beauty.prediction.blurred_context import BlurredContext

chapter = Chapter("08_weak_predictors", pixels=pixels)
direct, pictures = chapter.measured("pixels")
weak = pd.DataFrame(direct["weak"]).set_index("bad")
squares = pictures["x"]
middle = len(squares) // 2
x = squares[middle : middle + 1]


# %%
def enlarged(change):
    """Five times a difference of two pictures; grey where there is none."""
    return (0.5 + 5 * change).clamp(0, 1)


# %% tags=["remove-input"]
changes = {
    name: enlarged(pictures[f"weak {name}"][middle] - squares[middle])
    for name in weak.index
}
chapter.show(
    plots.image_row({"photograph": squares[middle]} | changes, columns=3),
    "changes.jpg",
    caption="A square of a photograph, and what was added to its pixels to give "
    "it more progress, with each of five bad predictors; five times as strong, "
    "grey where nothing changed. The table below says how alike the five are.",
    alt="Six small pictures: the photograph, and the change that each of five bad "
    "predictors led to",
)

# %%
added = {
    name: (pictures[f"weak {name}"] - squares).flatten().numpy()
    for name in weak.index
}
chapter.show(
    pd.DataFrame(added).corr().round(2),
    "alike.csv",
    caption="How alike the five changes are, over all squares: the correlation of "
    "what was added to the pixels. 1: the same but for its strength; 0: nothing in "
    "common.",
)

# %% [markdown]
# ## Five ways to be bad
#
# - **stopped early**: the good network after a short training. The article's idea.
# - **another seed**: the same again, begun from other random numbers. Faults that are the training's own should be others here.
# - **small**: a quarter of the width and a short training.
# - **blurred context**: the good network itself, shown a context that is out of focus.
# - **linear fill**: no network at all, a weighted sum of the ring around the tile, two pixels wide.

# %%
good, judge = ab.predictor("good"), ab.predictor("judge")
bad = {
    "stopped early": ab.predictor("bad"),
    "another seed": ab.predictor("bad_again"),
    "small": ab.predictor("small"),
    "blurred context": BlurredContext(good, sigma=4.0),
    "linear fill": ab.predictor("linear"),
}
with torch.no_grad():
    guesses = {
        name: ab.full_prediction(f, squares)
        for name, f in (bad | {"good": good}).items()
    }

# %%
apart = {
    one: {other: float((z - w).abs().mean()) for other, w in guesses.items()}
    for one, z in guesses.items()
}
chapter.show(
    pd.DataFrame(apart).round(3),
    "apart.csv",
    caption="How far the guesses of two predictors are apart: the mean absolute "
    "difference of their full predictions of the squares. Look for predictors "
    "that are nearly the same, and compare with the column of the good one.",
)

# %% [markdown]
# The networks begin as the linear fill and learn what to add to it. So a network that was stopped early has not gone far from there, whatever
# its seed. That is one reason to expect that four of the five agree. The blurred context is no such neighbour: it is the good network with another
# view, and stands as far from the four as the good one does. See in the table of correlations how nearly its change is theirs all the same.
#
# ## The descent
#
# No improver is trained. The pixels of $y$ themselves are moved, beginning at $y = x$, so that good / bad falls. Nothing holds them to the
# photograph. The predictors guess on three grids of tiles at each step, drawn anew, since what a gradient says of one grid need not hold on another.
#
# Beside it stands the progress by an **other pair** that takes no part, the linear fill and the judge. If there were more to learn about the picture, it
# should rise as well. But look first at where it begins: where it is below 1, its "good" one, the judge, guesses these squares worse than its "bad" one, and
# its silence is weak evidence.


# %%
def progress(y, bad, good):
    """MAE(y, z_bad) / MAE(y, z), mean over two grids of tiles."""
    each = []
    for grid in ((0, 0), (16, 16)):
        with torch.no_grad():
            z_bad, z = (ab.full_prediction(f, y, grid) for f in (bad, good))
        each.append(ab.progress(y, z_bad, z).mean())
    return float(sum(each) / 2)


def both(y):
    """Progress by the pair in use, and by the other pair."""
    other = progress(y, bad["linear fill"], judge)
    return progress(y, bad["stopped early"], good), other


# %%
torch.manual_seed(0)
y = x.clone().requires_grad_(True)
optimizer = torch.optim.Adam([y], lr=0.003, betas=(0.9, 0.99), fused=True)
won = {}
for step in range(31):
    if step % 10 == 0:
        own, other = won[step] = both(y.detach())
        print(f"step {step:2d}   progress: own pair {own:.3f}, other {other:.3f}")
    ratio = 0
    for grid in torch.randint(32, (3, 2)).tolist():
        z = ab.full_prediction(good, y, grid)
        z_bad = ab.full_prediction(bad["stopped early"], y, grid)
        ratio += (y - z).abs().mean() / (y - z_bad).abs().mean() / 3
    optimizer.zero_grad()
    ratio.backward()
    optimizer.step()
    y.data.clamp_(0, 1)

# %%
start = won[0]
lines = {
    pair: (list(won), [values[k] / start[k] for values in won.values()])
    for k, pair in enumerate(("own pair", "other pair"))
}
chapter.show(
    plots.lines(lines, "step", "progress / progress of the photograph"),
    "descent.png",
    caption="Progress during the descent, by the pair that is asked for it and by "
    "the pair that takes no part, both relative to the photograph. What the first "
    "gains and the second does not is no progress of the picture.",
    alt="Line chart of progress against the step, by the own pair and by the "
    "other pair",
)

# %%
moved = {"photograph": x, "moved": y, "five times the change": enlarged(y - x)}
chapter.show(
    plots.image_row(moved, columns=3),
    "here.jpg",
    caption="What these few steps did. Look in the change for the outlines of the "
    "photograph, and for thin lines along and across.",
    alt="Three small pictures: the photograph, the result of the descent, and "
    "their difference",
)

# %% [markdown]
# ## With all five
#
# The pipeline did nearly the same on a few squares, with each bad predictor; its steps shrink to nothing, so its gains need not be as large as those above:

# %%
table = weak[
    [f"progress{pair}_{n}" for pair in ("", "_judge") for n in ("before", "after")]
]
table.columns = ["own pair, x", "own pair, y", "other pair, x", "other pair, y"]
table.insert(2, "own gain", table["own pair, y"] / table["own pair, x"] - 1)
table["other gain"] = table["other pair, y"] / table["other pair, x"] - 1
chapter.show(
    table.round(3),
    "progress.csv",
    caption="Progress of the photographs x and of what was made of them, y, by "
    "the pair in use and by the pair that took no part (for the linear fill only "
    "the judge took none). A gain is y / x - 1. Compare the two.",
)

# %% [markdown]
# Progress is a ratio of two errors. Which of them was moved, the bad predictor's above or the good one's below? The judge, which has not been asked, stands beside them.


# %%
def error(f, pixels):
    """MAE(y, z), mean over two grids of tiles and all squares."""
    with torch.no_grad():
        return float(ab.phase_averaged(f, pixels, ((0, 0), (16, 16))).mean())


rows = {}
for name, f in bad.items():
    rows[name] = {}
    for who, one in (("bad", f), ("good", good), ("judge", judge)):
        rows[name][f"{who}, x"] = error(one, squares)
        rows[name][f"{who}, y"] = error(one, pictures[f"weak {name}"])

# %%
chapter.show(
    pd.DataFrame(rows).T.round(4),
    "errors.csv",
    caption="MAE(y,z) of the photographs x and of what was made of them, y: by "
    "the bad predictor in use, by the good one, and by the judge. See which pair "
    "of columns differs.",
)

# %% [markdown]
# The progress that is won here, much or little, is mostly the good predictor's own: its error falls by more than the bad predictor's and the judge's. So the picture
# has moved towards the habits of this one network. Which bad predictor stands above it in the ratio hardly matters for that, and none of them
# could have shown it: only a stranger, the judge, does.
#
# ## Exaggerate what was surprising
#
# One more way without training and without descent. Take the difference between a photograph and its own prediction, averaged over four grids, and add a part
# of it again: $y = x + a\,(x - z)$. With $a > 0$ what was surprising becomes more so, with $a < 0$ it is withdrawn.

# %%
grids = ((0, 0), (16, 16), (0, 16), (16, 0))
z = torch.stack([ab.full_prediction(good, x, grid) for grid in grids]).mean(0)
shown = {}
for a in (-0.75, -0.25, 0, 0.5, 1):
    shown[f"a = {a:g}"] = (x + a * (x - z)).clamp(0, 1)
chapter.show(
    plots.image_row(shown, columns=5),
    "exaggerate.jpg",
    caption="The square with its surprises withdrawn, left, and exaggerated, "
    "right. a = 0 is the photograph. Look at the outlines.",
    alt="Five small pictures: the photograph in the middle, two weaker and two "
    "stronger",
)

# %%
table = pd.DataFrame(direct["exaggerate"])
labels = {"error_judge": "judge's error", "high_frequency_kept": "fine detail"}
labels["contrast_kept"] = "contrast"
relative = {
    label: (table["a"], table[key] / direct["original"][key])
    for key, label in labels.items()
}
chapter.show(
    plots.lines(relative, "a in y = x + a (x - z)", "times the photographs'"),
    "exaggeration.png",
    caption="What withdrawing and exaggerating does to the judge's error, to "
    "contrast and to fine detail. All three are 1 for the photographs themselves.",
    alt="Line chart of the judge's error, fine detail and contrast against the "
    "strength of the exaggeration",
)

# %% [markdown]
# ## What failed
#
# - **To find a fair beginner.** The question was which bad predictor is fooled least. The descent never got so far: it moved mostly the good predictor's error instead.
# - **Five ways to be bad.** Those that begin as the linear fill and are stopped soon are nearly the linear fill. A beginner of another kind, one that has learnt for long and learnt
#   something else, was not tried.
# - **A pair that knows nothing of the first.** The other pair shares the linear fill with one of the five, and with what the networks began as. Only the judge is a
#   stranger.
# - **A pair whose good one is good.** Where the progress of the other pair is below 1 from the start, its judge is the worse of the two. That it does not rise then says
#   little; the errors, taken one by one, say more.
# - **To see where it ends.** Few steps, a few small squares, and nothing that holds the pixels to the photograph; `pixels = {"steps": 150}` in the first cell goes further.
