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
# # What lies beyond?
#
# The article's three attempts are explained: at equal weights the loss does not care, the bare ratio looks for weak spots, and depth
# does not help against either. So here are other wishes, all judged by one protocol, side by side with the article's and with plain filters.

# %% tags=["parameters", "hide-input"]
# Change an experiment here, for example held = {"k3": 0.5, "steps": 600}; empty: as params.yaml says.
held = {}
held_further = {}
coarse = {}
target = {}
progress_held = {}

# %% tags=["remove-input"]
import pandas as pd
import torch
from IPython.display import Markdown

from abstract_beauty import losses
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.losses._contrast import contrast_lost
from abstract_beauty.measures import judging

changes = {
    "held": held, "held_further": held_further, "coarse": coarse, "target": target, "progress_held": progress_held,
}  # fmt: skip
chapter = Chapter("10_beyond", improvers=changes)
f = chapter.predictors("good", "bad", "judge")
filters = chapter.filters()
judged = {name: chapter.judged(name) for name in chapter.params.improvers}
runs = {name: run for name, (run, _) in judged.items()}
numbers = {name: row for name, (_, row) in judged.items()}
titles = chapter.titles()
photographs = chapter.photographs()
folder = chapter.folder
new = list(changes)

# %% tags=["hide-input"]
payer = numbers["held"]

Markdown(
    f"**In numbers.** The improver that has to pay for lost contrast keeps {payer['test']['contrast_kept']:.1%} of it and {payer['test']['high_frequency_kept']:.1%} of the "
    f"fine detail. The judge's error is {payer['test']['error_judge']:.4f}, that of the photographs {payer['original']['error_judge']:.4f}; {judging.in_words(payer, filters)}."
)

# %% tags=["hide-input"]
shown = tables.chosen(photographs, "chelsea", "coffee")
with torch.no_grad():
    results = {name: {key: runs[name].network(x) for key, x in shown.items()} for name in new}
plots.show(
    plots.image_grid(
        {"original": shown} | {titles[name].replace(", ", ",\n"): row for name, row in results.items()}
    ),
    folder / "new.jpg",
    caption="Two photographs, untouched (above) and under the five others. Look at outlines, at textures, and at tints.",
    alt="A table of pictures: in rows the original and five improvers, in columns two photographs",
)

# %% [markdown]
# ## Other wishes
#
# **Smoothing, held.** Contrast and the finest detail are counted before and after, channel by channel, and a loss of more than a twentieth is paid for. Contrast may
# move from place to place. What lies between fine and coarse is free. *Further* is the same kind of network and the same loss with other weights, which let it go further.

# %% tags=["hide-input"]
tables.Source(losses.smoothing_held, contrast_lost)

# %% [markdown]
# **Coarse.** Only what is coarse has to stay; the rest may be drawn anew. **Set point.** An inverted U: the error is to come down to four fifths of the photograph's
# and no further. **Progress, held.** The ratio as it was meant, against the linear fill, which flat colour cannot fool, and with both brakes: stay
# near the photograph, pay for lost contrast.

# %% tags=["hide-input"]
tables.Source(losses.coarse, losses.target, losses.progress_held)

# %% tags=["hide-input"]
plots.show(
    plots.curves({titles[name]: pd.DataFrame(runs[name].curve) for name in new}, "mae_xy", ylabel="MAE(x,y) on the training crops"),
    folder / "curves.png",
    caption="How far from the photographs they have gone while they learn. A line on the ground is a network that has found no way that pays.",
    alt="Line chart of MAE(x,y) against the training step for the five objectives",
)  # fmt: skip

# %% [markdown]
# ## All objectives in one table

# %% tags=["hide-input"]
tables.judges_table({titles[name]: numbers[name] for name in runs})

# %% [markdown]
# Lower is better for the errors; contrast and fine detail should stay near 100 %, the colour shift near 0. *Averaged*: by the good predictor, over four grids; the judge's
# is averaged over two. *Best filter*: a Gaussian, a bilateral filter, total variation or JPEG at the same MAE(x,y), by the judge; a dash where none goes so far.

# %% tags=["hide-input"]
near = {titles[name]: numbers[name] for name in runs if numbers[name]["test"]["change"] < 0.1}
plots.show(
    plots.change_plane(**tables.plane(near, filters), height=5.4),
    folder / "plane.png",
    caption="Those that stay near the photographs, in one plane: to the right more change, down easier to guess for the judge; lines are plain filters. Below "
    "the lines lies what no filter knows.",
    alt="Scatter of improvers in the plane of MAE(x,y) and the judge's error, with a curve for each filter",
)

# %% tags=["hide-input"]
beats = {
    name: row["test"]["error_judge"] - row["best_filter"]["error_judge"]
    for name, row in numbers.items()
    if row["best_filter"]["name"] and 0.002 < row["test"]["change"] <= 0.06
}
keeps = [
    name for name in beats
    if numbers[name]["test"]["contrast_kept"] >= 0.9 and numbers[name]["test"]["high_frequency_kept"] >= 0.9
]  # fmt: skip
Markdown(
    "The question of this book, as a number: which objective changes a photograph by more than a copy would (0.002) and at most 0.06, keeps nine tenths of its contrast and of its fine detail, and is easier to guess for "
    "the judge than every plain filter that changes as much? "
    + (
        "Those that keep both: "
        + "; ".join(f"*{titles[name]}*, {abs(beats[name]):.4f} {'below' if beats[name] < 0 else 'above'} the best filter" for name in keeps)
        + "."
        if keeps
        else "None here keeps both."
    )
)  # fmt: skip

# %% [markdown]
# ## At full scale
#
# The same objectives in the {doc}`reference run <../reference>`, on photographs of the Berkeley test set that nobody was trained on, with its own predictors and judge.

# %% tags=["hide-input"]
full = {name: row for name in runs if (row := chapter.reference(f"improvers/{name}", None))}
tables.judges_table({titles[name]: row for name, row in full.items()})

# %% tags=["hide-input"]
near = {titles[name]: row for name, row in full.items() if 0.002 < row["test"]["change"] < 0.06}
plots.show(
    plots.change_plane(**tables.plane(near, chapter.reference("filters")), height=5.4),
    folder / "full_plane.png",
    caption="The reference run in the same plane: to the right more change, down easier to guess for the judge. Only what lies below all lines could not be had from a plain filter. Copies, which lie at the star, are left out.",
    alt="Scatter of the reference run's improvers in the plane of MAE(x,y) and the judge's error, with a curve for each filter",
)  # fmt: skip

# %% tags=["hide-input"]
gaps = {
    name: row["test"]["error_judge"] - row["best_filter"]["error_judge"]
    for name, row in full.items()
    if row["best_filter"]["name"] and 0.002 < row["test"]["change"] <= 0.06
}
both = [
    name
    for name in gaps
    if min(full[name]["test"][key] for key in ("contrast_kept", "high_frequency_kept")) >= 0.9
]
Markdown(
    "The same question of these: "
    + (
        "; ".join(
            f"*{titles[name]}* keeps {full[name]['test']['contrast_kept']:.0%} of the contrast and {full[name]['test']['high_frequency_kept']:.0%} of the detail, and its error by the judge is "
            f"{full[name]['test']['error_judge']:.4f}, {abs(gaps[name]):.4f} {'below' if gaps[name] < 0 else 'above'} the best filter at that change ({full[name]['best_filter']['name'].replace('_', ' ')})"
            for name in both
        ) + f". Beside *{titles['held']}*: {judging.in_words(full['held'], chapter.reference('filters'))}."
        if both and "held" in full
        else "none that changes anything keeps nine tenths of both."
    )
)  # fmt: skip

# %% [markdown]
# ## Every objective on the same pictures

# %% tags=["hide-input"]
sheets = []
for name in ["original", *runs]:
    with torch.no_grad():
        row = {
            key.replace("_", " "): x if name == "original" else runs[name].network(x)
            for key, x in photographs.items()
        }
    sheets.append(
        plots.show(
            plots.image_row(row, columns=3, title=titles.get(name, "original")),
            folder / f"all_{name}.jpg",
            caption=f"{titles.get(name, 'The photographs, untouched')}: all test photographs.",
            alt=f"Six photographs under the objective {titles.get(name, 'original')}",
        )
    )  # fmt: skip
plots.several(sheets)

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
below = [titles[name] for name, gap in beats.items() if gap < 0]
below_full = [
    f"{titles[name]} ({-gap:.4f} below)"
    for name, gap in sorted(gaps.items(), key=lambda pair: pair[1])
    if gap < 0
]
further = full.get("held_further", {}).get("test")
Markdown(
    f"- **To beat filters.** Of {len(beats)} objectives that are more than a copy and change at most 0.06, {len(below) or 'none'} {'is' if len(below) == 1 else 'are'} below the best filter by the judge"
    f"{': ' + ', '.join(below) if below else ''}. Smoothing is a very good answer to the question that was asked. "
    f"At full scale it is {len(below_full) or 'none'} of {len(gaps)}{': ' + ', '.join(below_full) if below_full else ''}; a margin that can be measured, and hardly be seen.\n"
    + (
        f"- **More of the same.** With other weights the held improver of the reference run changes more ({further['change']:.4f}) and keeps {further['high_frequency_kept']:.0%} of the detail, "
        f"but stands {abs(gaps['held_further']):.4f} {'below' if gaps['held_further'] < 0 else 'above'} the best filter, where the first one stands {abs(gaps['held']):.4f} {'below' if gaps['held'] < 0 else 'above'}. "
        "It is also a narrower network, trained for less than half as many steps, so this says nothing about its limit.\n"
        if further and {"held", "held_further"} <= set(gaps)
        else ""
    )
    + "- **Tints.** Detail is counted for each colour. When it was counted in the luminance alone, the improver drew it in green, which weighs most there, and flattened red and blue.\n"
    "- **A pyramid of all fineness.** Counting contrast at every fineness, down to waves of 32 pixels, left the network at the copy: any first step towards smoothing costs more than it earns.\n"
    "- **A ready judge of beauty.** A scorer can be put into the loss (`loss: scored`, `scorer: laion@COMMIT`); its weights of 1.2 GB are fetched by whoever asks for them, and no result here uses one."
)
