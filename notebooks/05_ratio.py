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
# The easiest picture is a flat one, and nobody looks at it twice. Perhaps what we like is not what is easy but what *can be learnt*:
# hard for a beginner, easy for someone who knows. So take two predictors, a bad one and a good one, and ask for pictures on
# which they differ.

# %% tags=["parameters", "hide-input"]
# Change an experiment here, for example ratio_progress = {"steps": 400}; empty: as params.yaml says.
ratio_as_written = {}
ratio_progress = {}

# %% tags=["remove-input"]
import pandas as pd
import torch
from IPython.display import Markdown

import abstract_beauty as ab
from abstract_beauty import losses
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.measures import statistics

changes = {"ratio_as_written": ratio_as_written, "ratio_progress": ratio_progress}
chapter = Chapter("05_ratio", improvers=changes)
f = chapter.predictors("good", "bad", "judge")
filters = chapter.filters()
written, written_numbers = chapter.judged("ratio_as_written")
meant, meant_numbers = chapter.judged("ratio_progress")
photographs = chapter.photographs()
folder = chapter.folder

# %% tags=["hide-input"]
before, low, high = meant_numbers["original"], written_numbers["test"], meant_numbers["test"]
Markdown(
    f"**In numbers.** On the untouched photographs the bad predictor's error is {before['progress']:.3f} times the good one's. An "
    f"improver that minimises this ratio, as the article's formula has it, brings it to {low['progress']:.3f}; one that does the "
    f"opposite, as the article's words have it, to {high['progress']:.3f}. On the way the second shifts the mean colour by "
    f"{high['colour_shift']:.4f} and keeps {high['contrast_kept']:.1%} of the contrast."
)

# %% tags=["hide-input"]
shown = tables.chosen(photographs, "chelsea", "coffee")
with torch.no_grad():
    pictures = {
        name: {
            "original": x,
            "bad / good made small": written.network(x),
            "good / bad made small": meant.network(x),
        }
        for name, x in shown.items()
    }
plots.show(
    plots.image_grid(pictures),
    folder / "both.jpg",
    caption="Left, the photographs. Middle, as the article's formula has it: the ratio bad / good made small. Right, as its words "
    "have it: made large. Decide for yourself whether anything in the right column is more interesting than in the left.",
    alt="Two photographs in rows; in columns the original and the results of the two directions of the ratio loss",
)

# %% [markdown]
# ## Two readings of one formula
#
# We call the ratio **progress**: how much there was to learn.
#
# $$\text{progress} = \frac{\mathrm{MAE}(y, z_\text{bad})}{\mathrm{MAE}(y, z_\text{good})}$$
#
# The article *says* that the difference between the two predictions should be as large as possible. Then it *writes* this ratio
# as the loss. A loss is made small; made small, it asks for pictures on which the good predictor has no advantage, which is the
# opposite of the words. So both are run here, each named after what it does:

# %% tags=["hide-input"]
tables.Source(losses.ratio_as_written, losses.ratio_progress)

# %% [markdown]
# Note what is *not* in either: the original $x$. Nothing says that $y$ should look like it. All that holds the picture is where the
# network begins, and it begins near the identity.

# %% tags=["hide-input"]
curves = {
    "bad / good made small": pd.DataFrame(written.curve),
    "good / bad made small": pd.DataFrame(meant.curve),
}
for frame in curves.values():
    frame["progress"] = frame["mae_yz_bad"] / frame["mae_yz"]
plots.show(
    plots.curves(curves, "progress", ylabel="MAE(y, bad z) / MAE(y, good z)"),
    folder / "curve_progress.png",
    caption="Progress on the training crops while the two improvers learn. They pull at the same quantity in opposite directions; the "
    "further the lines part, the more each has found to do.",
    alt="Line chart of progress against the training step for the two directions of the ratio loss",
)

# %% tags=["hide-input"]
plots.show(
    plots.curves(curves, "mae_xy", ylabel="MAE(x,y) on the training crops"),
    folder / "curve_xy.png",
    caption="How far from the photographs this leads, over the same steps. Nothing in the loss holds the lines down.",
    alt="Line chart of MAE(x,y) against the training step for the two directions of the ratio loss",
)

# %% [markdown]
# ## As the formula has it

# %% tags=["hide-input"]
plots.show(
    plots.prediction_grid(**tables.rows(f["good"].network, shown, written.network)),
    folder / "as_written.jpg",
    caption="Bad / good made small. In the maps, the good predictor's error: it is no use here to be predictable, only to be no "
    "better predictable for the one who has learnt more.",
    alt="Two photographs in rows; in columns the original, the changed picture, its full prediction and the error map",
)

# %% [markdown]
# ## As the words have it

# %% tags=["hide-input"]
plots.show(
    plots.prediction_grid(**tables.rows(f["good"].network, shown, meant.network)),
    folder / "progress.jpg",
    caption="Good / bad made small, that is, progress made large. Look at the colours and at fine patterns in the second column: "
    "whatever the bad predictor happens to be wrong about is worth money now.",
    alt="Two photographs in rows; in columns the original, the changed picture, its full prediction and the error map",
)

# %% tags=["hide-input"]
both = {"bad / good made small": written_numbers, "good / bad made small": meant_numbers}
tables.judges_table(both).T

# %% [markdown]
# *Progress* is measured by the two predictors that the improvers were trained through. The **judge** took no part; its error says
# whether a picture also became easier for somebody who was not asked to be pleased.

# %% tags=["hide-input"]
moved = tables.compared(high["error_judge"], before["error_judge"], "falls", "rises", "goes")
gained = tables.compared(high["progress"], before["progress"], "falls", "rises", "goes")
Markdown(
    f"When good / bad is made small, progress {gained} from {before['progress']:.3f} to {high['progress']:.3f}, and the judge's error "
    f"{moved} from {before['error_judge']:.4f} to {high['error_judge']:.4f}. "
    + (
        "No plain filter changes the photographs so much."
        if meant_numbers["best_filter"]["name"] is None
        else f"The best plain filter at the same change of the photographs: {tables.best_filter(meant_numbers)}."
    )
)

# %% [markdown]
# ## What is it that changed?
#
# Progress can rise because a picture has more to teach, or because the bad predictor has been led into one of its errors. Colour is
# the first suspect. So take the result apart: the photograph with only its *mean* colour moved to that of the result; then both
# without any colour.


# %% tags=["hide-input"]
def progress_of(y):
    """Progress of one picture by the two predictors."""
    z_bad, z_good = (ab.full_prediction(f[key].network, y) for key in ("bad", "good"))
    return float(ab.progress(y, z_bad, z_good))


def grey(y):
    """The picture without its colours."""
    return statistics.luminance(y)[:, None].expand(-1, 3, -1, -1)


def apart(x, y):
    """A photograph and a result taken apart into steps from one to the other."""
    tinted = (x + (y - x).mean((2, 3), keepdim=True)).clamp(0, 1)
    return {"x": x, "x, tinted": tinted, "y": y, "x, grey": grey(x), "y, grey": grey(y)}


with torch.no_grad():
    steps = {name: apart(x, meant.network(x)) for name, x in photographs.items()}
    numbers = pd.DataFrame(
        {name: {step: progress_of(one) for step, one in parts.items()} for name, parts in steps.items()}
    )

# %% tags=["hide-input"]
plots.show(
    plots.image_grid(
        {name: steps[name] for name in shown},
        {name: {k: f"{v:.3f}" for k, v in numbers[name].items()} for name in shown},
    ),
    folder / "apart.jpg",
    caption="Below each picture its progress. From left to right: the photograph, the photograph in the mean colour of the result, the "
    "result, and the first and the third in grey. Compare the gain from x to y with the gain from x in grey to y in grey.",
    alt="Two photographs in rows; in columns original, tinted original, result, original in grey and result in grey",
)

# %% tags=["hide-input"]
mean = numbers.mean(axis=1)
full, tint, without = mean["y"] - mean["x"], mean["x, tinted"] - mean["x"], mean["y, grey"] - mean["x, grey"]
Markdown(
    f"Mean over the {len(photographs)} test photographs: from x to y progress changes by {full:+.3f}. The mean colour alone changes it by "
    f"{tint:+.3f}. Without any colour, the step from x to y is worth {without:+.3f}; "
    + (
        "light and shape alone bring most of it."
        if without > full / 2
        else "light and shape alone do not bring most of it."
    )
)

# %% [markdown]
# That a mere tint does little is by construction: both predictors see only differences of colours, and add their guess to what is around
# the tile. And the bad one began as the [linear fill](02_predictor.ipynb), which is nearly exact wherever the picture is flat or a
# gentle slope. So what is left to play with is shape: wherever the two predictors differ, there is progress to be had, and the
# cheapest is had first. And progress is a ratio of two means over the whole picture: where nearly all of it is flat, so that both errors
# are next to nothing, one small place at which the two differ decides the number.

# %% tags=["hide-input"]
plots.show(
    plots.change_plane(**tables.plane(both, filters)),
    folder / "plane.png",
    caption="The same plane as in the chapter before: to the right more change, down easier to guess for the judge, lines for plain "
    "filters. These improvers were not asked for either, so see where their own wish has carried them.",
    alt="Scatter of the two ratio improvers in the plane of MAE(x,y) and MAE(y,z) by the judge, with the filters' curves",
)

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
blurred = max(
    ({"name": name, **point} for name, points in filters.items() if name != "original" for point in points),
    key=lambda point: point["progress"],
)
large = {
    name: row["test"]
    for name in ("ratio_as_written", "ratio_progress")
    if (row := chapter.reference(f"improvers/{name}", None))
}
at_full_scale = (
    "- **At full scale.** The reference run ends "
    + " and ".join(
        f"with {row['contrast_kept']:.0%} of the contrast and a progress of {row['progress']:.3f} {way}"
        for (name, row), way in zip(large.items(), ("as written", "turned round"), strict=True)
    )
    + ".\n"
    if len(large) == 2
    else ""
)

# %% tags=["hide-input"]
Markdown(
    f"- **To be more interesting.** Progress went from {before['progress']:.3f} to {high['progress']:.3f} by the two predictors "
    f"concerned. What it took is a colour shift of {high['colour_shift']:.4f}, a contrast of {high['contrast_kept']:.1%} and "
    f"{high['high_frequency_kept']:.1%} of the fine detail. A number that can be had in this way is not yet a measure of interest.\n"
    f"- **To beat a filter.** {blurred['name'].replace('_', ' ').capitalize()}, a plain filter that nobody trained, brings the photographs to a progress of {blurred['progress']:.3f} at an "
    f"MAE(x,y) of {blurred['change']:.3f}; the improver's {high['progress']:.3f} took {high['change']:.3f}. Where detail is taken away the bad predictor's error falls more slowly "
    f"than the good one's, so progress as it stands is no wish for richer pictures.\n"
    + at_full_scale
    + f"- **To hold the picture.** With no $x$ in the loss, MAE(x,y) is {high['change']:.4f}. Language models that are set against a "
    f"worse copy of themselves fail alike, and are given a rule that keeps them plausible.\n"
    f"- **To have a fair beginner.** The bad predictor is only the good one after a short training. It is wrong in its own peculiar ways, and an "
    f"improver finds them sooner than it finds beauty.\n"
    f"- **To be rid of flat colour at once.** In a flat picture both errors are next to nothing, and their ratio can be anything. So an error "
    f"below a quarter of a grey level counts as one quarter; before it did, flat black was the picture of the greatest progress.\n"
    f"- **Independent progress.** There is one judge and so no judge's progress: that would need two predictors that no improver saw.\n"
    f"- **Error bars.** One seed each."
)
