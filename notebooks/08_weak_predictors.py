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
# Progress is the bad predictor's error over the good one's, and a picture that is asked for more of it looks for the bad one's weak spot. What the
# weak spot is depends on what is bad about it. So here are five bad predictors, each bad in its own way, and what becomes of
# pictures that are asked for progress against each of them.

# %% tags=["parameters", "hide-input"]
# Change the experiment here, for example pixels = {"steps": 150}; empty: as params.yaml says.
pixels = {}

# %% tags=["remove-input"]
import pandas as pd
from IPython.display import Markdown

from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.prediction.blurred_context import BlurredContext

chapter = Chapter("08_weak_predictors", pixels=pixels)
f = chapter.predictors("good", "bad", "bad_again", "small", "judge")
direct, pictures = chapter.pixels()
weak = pd.DataFrame(direct["weak"])
meant = weak[weak["direction"] == "as meant"].set_index("bad")
written = weak[weak["direction"] == "as written"].set_index("bad")
original = direct["original"]
folder = chapter.folder

# %% tags=["hide-input"]
gain = meant["progress_after"] / meant["progress_before"]
honest = meant["progress_judge_after"] / meant["progress_judge_before"]
most, least, fewer = gain.idxmax(), gain.idxmin(), int((gain < 1).sum())
Markdown(
    f"**In numbers.** Asked for progress against a bad predictor of the kind *{most}*, the pictures multiply it by {gain[most]:.2f}; against the kind "
    f"*{least}*, by {gain[least]:.2f}. For a pair that took no part, the linear fill and the judge, the progress of the same pictures is multiplied by "
    f"{honest[most]:.2f} and {honest[least]:.2f}."
    + (
        f" With {fewer} of the {len(gain)} it ends below the photographs' own, the opposite of what was asked: see the end."
        if fewer
        else ""
    )
)

# %% tags=["hide-input"]
which = pictures["x"].shape[0] // 2
sheet = {
    "as meant": {"photograph": pictures["x"][which]}
    | {name: pictures[f"weak {name} as meant"][which] for name in meant.index},
    "as written": {"photograph": pictures["x"][which]}
    | {name: pictures[f"weak {name} as written"][which] for name in written.index},
}
plots.show(
    plots.image_grid({row: {key.replace(" ", "\n"): one for key, one in line.items()} for row, line in sheet.items()}),
    folder / "squares.jpg",
    caption="One square of a photograph, and what it becomes when its pixels are moved by the ratio that asks for more progress (above) or for less (below), with each of five "
    "bad predictors. Look for what is added: colours, a pattern, the lines of a grid?",
    alt="Two rows of six small pictures: the photograph and the results with five bad predictors, in two directions",
)  # fmt: skip

# %% [markdown]
# ## Five ways to be bad
#
# - **stopped early**: the good network after a short training. The article's idea.
# - **another seed**: the same again, begun from other random numbers. Faults that are the training's own should be others here.
# - **small**: a quarter of the width and a short training.
# - **blurred context**: the good network itself, shown a context that is out of focus.
# - **linear fill**: no network at all, a weighted mean of the ring around the tile, exact on flat colour.

# %% tags=["hide-input"]
tables.Source(BlurredContext.forward)

# %% [markdown]
# Nothing holds the pictures to the photographs here: the pixels are moved downhill by the bare ratio, from $y = x$, with a new grid at each
# step.

# %% tags=["hide-input"]
shown = {
    "progress_before": ("progress of the photograph", ".3f"),
    "progress_after": ("progress of the result", ".3f"),
    "progress_judge_before": ("photograph, other pair", ".3f"),
    "progress_judge_after": ("result, other pair", ".3f"),
    "change": ("MAE(x,y)", ".4f"),
    "error_judge": ("MAE(y,z) judge", ".4f"),
    "contrast_kept": ("contrast kept", ".0%"),
    "high_frequency_kept": ("fine detail kept", ".0%"),
    "colour_shift": ("colour shift", ".4f"),
}
pd.DataFrame(
    {head: meant[key].map(lambda one, form=form: f"{one:{form}}") for key, (head, form) in shown.items()}
).T

# %% [markdown]
# *Other pair*: progress as the linear fill and the judge have it, which took no part (for the linear fill only the judge did not). Where the own pair's
# progress rises and this does not, the picture has not become more interesting; a particular bad predictor has been fooled.

# %% tags=["hide-input"]
plots.show(
    plots.bar_table(
        {
            f"{name}, {pair}": values[name]
            for name in gain.index
            for pair, values in (("own pair", gain), ("other pair", honest))
        },
        highlight=[f"{name}, own pair" for name in gain.index],
        xlabel="progress, times the photograph's", reference=("the photograph", 1), form=".2f",
    ),
    folder / "gain.png",
    caption="By how much progress was multiplied, by the pair that a picture was made with (hatched) and by one that took no part. "
    "What the first has above 1 and the second has not was fooled and not learnt; below 1 there is less progress than in the photograph.",
    alt="Bars for each of the five bad predictors: the gain in progress by the own pair and by an independent pair",
)  # fmt: skip

# %% [markdown]
# ## The opposite direction
#
# As the formula is written, the ratio is made small: pictures on which the good predictor has no advantage.

# %% tags=["hide-input"]
pd.DataFrame(
    {head: written[key].map(lambda one, form=form: f"{one:{form}}") for key, (head, form) in shown.items()}
).T

# %% [markdown]
# ## Exaggerate what was surprising
#
# One more way without any training. Take the difference between a photograph and its own prediction (averaged over four grids), and add a part
# of it again: $y = x + a\,(x - z)$. With $a > 0$ the surprising becomes more so, with $a < 0$ it is withdrawn.

# %% tags=["hide-input"]
exaggerated = pd.DataFrame(direct["exaggerate"])
ends = [exaggerated["a"].min(), -0.25, 0.5, exaggerated["a"].max()]
plots.show(
    plots.image_row(
        {"photograph": pictures["x"][which]}
        | {f"a = {a:g}": pictures[f"exaggerate {a}"][which] for a in ends},
        columns=5,
    ),
    folder / "exaggerate.jpg",
    caption="The same square with its surprises withdrawn (left) and exaggerated (right). Withdrawing flattens; exaggerating draws every outline twice, like a "
    "woodcut.",
    alt="Five small pictures: the photograph and four strengths of exaggeration",
)

# %% tags=["hide-input"]
plots.show(
    plots.lines(
        {
            label: (list(exaggerated["a"]), list(exaggerated[key] / original[key]))
            for key, label in {"error_judge": "judge's error", "high_frequency_kept": "fine detail", "contrast_kept": "contrast"}.items()
        },
        "a in y = x + a (x - z)", "times the photograph's", marks={"photograph": 0.0},
    ),
    folder / "exaggeration.png",
    caption="What withdrawing and exaggerating does to the judge's error, to contrast and to fine detail, against the photograph's own.",
    alt="Line chart of the judge's error, fine detail and contrast against the strength of the exaggeration",
)  # fmt: skip

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
others = [name for name in gain.index if name != "linear fill"]  # it is one of the other pair
followed = [name for name in others if honest[name] > 1.02]
error, kept = meant["error_averaged"], meant["high_frequency_kept"]
missed = (
    f"- **To get what was asked for.** With {fewer} of the {len(gain)} bad predictors the pixels that were moved for more progress have less of it. They now "
    f"carry {kept.min():.1f} to {kept.max():.1f} times the photographs' fine detail, and the good predictor's error went from "
    f"{original['error_averaged']:.3f} to {error.min():.3f} or more: steps of one length on a grid that changes each time leave noise, which both predictors guess badly. "
    "So nothing here tells where the weak spots are; the direction that asks for less gets it, perhaps because noise is an answer to it.\n"
)
Markdown(
    (missed if fewer and kept.min() > 1 and error.min() > original["error_averaged"] else "")
    + f"- **A fair beginner.** Of the {len(others)} that are not of the other pair themselves, {len(followed) or 'none'} lead{'s' if len(followed) == 1 else ''} to pictures whose progress also rises by more than 2 % for the pair that took no part"
    f"{': ' + ', '.join(followed) if followed else ''}; by their own pair it rises with {int((gain[others] > 1).sum()) or 'none'} of them.\n"
    f"- **To stay with the photograph.** The results move by {meant['change'].min():.3f} to {meant['change'].max():.3f} and keep "
    f"{meant['high_frequency_kept'].min():.0%} to {meant['high_frequency_kept'].max():.0%} of the fine detail. Without a wish to stay there is no end to it.\n"
    f"- **Steps.** {chapter.params.pixels.steps} steps downhill, one step size, {chapter.params.pixels.pictures} squares of {chapter.params.pixels.side} pixels: too few to see where it ends."
)
