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
# # Does a deeper network do better?
#
# The article's last attempt was a much deeper improver. Its loss fell very slowly, and the money ran out before it had an answer. Here is
# the same attempt at a size that ends, beside the shallow ones; and then all that was tried, in one table.

# %% tags=["parameters", "hide-input"]
# Change the experiment here, for example deeper = {"steps": 1000}; empty: as params.yaml says.
deeper = {}

# %% tags=["remove-input"]
import pandas as pd
import torch
from IPython.display import Markdown

import abstract_beauty as ab
from abstract_beauty import experiments, improvers, plots
from abstract_beauty.experiments import tables

params = ab.load_params(changes={"improvers": {"deeper": deeper}})
project = experiments.ensure_data(ab.find_project(), params)
f = tables.predictors(project, params)
filters = tables.filters(project, params, f)
names = ["smoothing", "smoothing_unet", "deeper", "black_square", "ratio_as_written", "ratio_progress"]
judged = {name: tables.judged(project, params, name) for name in names}
runs = {name: run for name, (run, _) in judged.items()}
numbers = {name: row for name, (_, row) in judged.items()}
photographs = experiments.test_images(project)
folder = tables.figures(project, "06_deeper", *runs.values(), *f.values())

# %% tags=["hide-input"]
deep, plain = numbers["deeper"], numbers["smoothing"]
word = tables.compared(deep["final_loss"], plain["final_loss"], "lower than", "higher than", "as high as")
Markdown(
    f"**In numbers.** After {runs['deeper'].curve[-1]['step']} steps the deep network's loss is {deep['final_loss']:.4f}, {word} that "
    f"of the plain stack after {runs['smoothing'].curve[-1]['step']}, {plain['final_loss']:.4f}. It has "
    f"{deep['parameters'] / plain['parameters']:.0f} times as many numbers to learn."
)

# %% tags=["hide-input"]
shown = tables.chosen(photographs, "chelsea", "coffee")
plots.show(
    plots.prediction_grid(**tables.rows(f["good"].network, shown, runs["deeper"].network)),
    folder / "deeper.jpg",
    caption="What the deep network makes of two photographs. Compare with the plain stack in the chapter on smoothing: is it sharper, "
    "duller, or only different?",
    alt="Two photographs in rows; in columns the original, the deep network's result, its full prediction and the error map",
)

# %% [markdown]
# ## Thirty-four convolutions
#
# One block is two convolutions, normalised, whose result is added to what came in. Sixteen of them follow each
# other, at half resolution so that it can be afforded. Like the plain stack, and unlike the U-Net, it has no path that copies the
# picture: what comes out, it has learnt to draw.

# %% tags=["hide-input"]
tables.Source(improvers.ResidualBlock, improvers.DeepResidual.forward)

# %% tags=["hide-input"]
size = {
    name.replace("_", " "): {
        "network": run.config["section"]["network"],
        "convolutions": sum(isinstance(layer, torch.nn.Conv2d) for layer in run.network.modules()),
        "numbers to learn": f"{numbers[name]['parameters']:,}",
        "a pixel sees a square of": f"{2 * run.network.reach + 1} pixels",
        "steps": run.config["section"]["steps"],
    }
    for name, run in runs.items()
}
pd.DataFrame(size).T

# %% [markdown]
# ## How slowly does the loss fall?

# %% tags=["hide-input"]
labels = {"smoothing": "plain convolutions", "smoothing_unet": "U-Net", "deeper": "deep"}
curves = {label: pd.DataFrame(runs[name].curve) for name, label in labels.items()}
plots.show(
    plots.curves(curves, "loss", ylabel="loss k1 MAE(x,y) + k2 MAE(y,z)"),
    folder / "curve_loss.png",
    caption="The same loss for three networks. The U-Net begins near a copy and so begins low; the others must learn to copy first. See "
    "whether the deep one catches up, and whether anybody ever gets below the U-Net's first value.",
    alt="Line chart of the loss against the training step for the plain convolutions, the U-Net and the deep network",
)

# %% tags=["hide-input"]
plots.show(
    plots.curves(curves, "mae_xy", ylabel="MAE(x,y) on the training crops", logarithmic=True),
    folder / "curve_xy.png",
    caption="The half of the loss that asks for a copy, on a logarithmic axis. How fast a network learns to copy is a matter of its "
    "build, and has nothing to do with beauty.",
    alt="Line chart on a logarithmic axis of MAE(x,y) against the training step for the three networks",
)

# %% tags=["hide-input"]
first = {name: runs[name].curve[0]["loss"] for name in labels}
fell = "; ".join(
    f"{label} from {first[name]:.4f} to {numbers[name]['final_loss']:.4f}" for name, label in labels.items()
)
Markdown(f"The loss in the first row of each curve and in the last: {fell}.")

# %% [markdown]
# If the hypothesis of [the chapter on smoothing](04_smoothing.ipynb) holds, and at $k_1 = k_2$ the loss is nearly flat between a copy and
# a blur, then the slow fall that the article saw is no lack of money: once a network can copy, there is nearly nothing left to
# fall. More depth does not help against that.

# %% [markdown]
# ## All that was tried

# %% tags=["hide-input"]
titles = {
    "smoothing": "smoothing, plain", "smoothing_unet": "smoothing, U-Net", "deeper": "smoothing, deep",
    "black_square": "Black Square", "ratio_as_written": "ratio as written", "ratio_progress": "ratio as meant",
}  # fmt: skip
tables.judges_table({titles[name]: numbers[name] for name in names})

# %% [markdown]
# Lower is better for the three errors; contrast and fine detail kept should stay near 100 %, the colour shift near 0. An improver
# that is not below *best filter* by the judge has found nothing that a blur or a compressor does not know. A dash: no filter
# goes so far.

# %% tags=["hide-input"]
plots.show(
    plots.fidelity_plane(
        **tables.plane({titles[name]: numbers[name] for name in names}, filters), height=5.2
    ),
    folder / "plane.png",
    caption="All improvers in one plane. To the right more change, down easier to guess for the judge; the lines are plain filters. The "
    "empty region at the lower left, unchanged and yet easy to guess, is where one would like to be.",
    alt="Scatter of six improvers in the plane of MAE(x,y) and MAE(y,z) by the judge, with a curve for each filter",
)

# %% tags=["hide-input"]
three = tables.chosen(photographs, "astronaut", "chelsea", "coffee")
with torch.no_grad():
    results = {name: {key: run.network(x) for key, x in three.items()} for name, run in runs.items()}
plots.show(
    plots.image_grid(
        {"original": three} | {titles[name].replace(", ", ",\n"): row for name, row in results.items()}
    ),
    folder / "all.jpg",
    caption="The same photographs, untouched (above) and as each improver would have them. Go down a column and ask at each picture "
    "what was given up, and whether anything was won.",
    alt="A table of pictures: in rows the original and six improvers, in columns three photographs",
)

# %% tags=["hide-input"]
from itertools import combinations


def between(one, other):
    """Mean absolute difference between what two improvers make of the photographs."""
    return sum(float((results[one][key] - results[other][key]).abs().mean()) for key in three) / len(three)


alike = min(combinations(names, 2), key=lambda pair: between(*pair))
Markdown(
    f"Most alike are the results of *{titles[alike[0]]}* and *{titles[alike[1]]}*: their mean absolute difference is "
    f"{between(*alike):.4f}."
)

# %% [markdown]
# ## What next?
#
# Three things are missing, and all three can be built. A bad predictor that colour cannot fool. Something that keeps contrast without
# paying for noise. And a grid that cannot be learnt by heart: a new phase at each step. After that comes the question to which no
# network has the answer, whether people agree.

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
known = {name: row for name, row in numbers.items() if row["best_filter"]["name"]}
won = [
    titles[name]
    for name, row in known.items()
    if row["test"]["predictability_judge"] < row["best_filter"]["predictability_judge"]
]
best = deep["best_filter"]
beside = (
    f"against {best['predictability_judge']:.4f} of the best filter"
    if best["name"]
    else "where no filter goes so far"
)
Markdown(
    f"- **Depth.** With {deep['parameters']:,} numbers the deep network ends at a loss of {deep['final_loss']:.4f}; the plain stack has "
    f"{plain['parameters']:,} and ends at {plain['final_loss']:.4f}. The judge gives its pictures "
    f"{deep['test']['predictability_judge']:.4f}, {beside}.\n"
    f"- **To beat a filter.** Of the {len(known)} improvers that can be compared with a filter at the same change, "
    f"{len(won) or 'none'} {'has' if len(won) == 1 else 'have'} a lower error by the judge{': ' + ', '.join(won) if won else ''}.\n"
    f"- **The same effort for all.** Equal numbers of steps are not equal work: for each pixel the deep network multiplies more often. "
    f"And one learning rate served them all.\n"
    f"- **Error bars.** One seed each. A gap that is small beside the difference between seeds means nothing, and that "
    f"difference has not been measured here."
)
