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
# the same attempt at a size that ends, beside the shallow ones, beside a ready-made one, and with other weights.

# %% tags=["parameters", "hide-input"]
# Change the experiment here, for example deeper = {"steps": 1000}; empty: as params.yaml says.
deeper = {}

# %% tags=["remove-input"]
import pandas as pd
import torch
from IPython.display import Markdown

from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.improvers.deep import DeepResidual, ResidualBlock
from abstract_beauty.improvers.ready import ReadyUNet

chapter = Chapter("06_deeper", improvers={"deeper": deeper})
f = chapter.predictors("good", "bad", "judge")
filters = chapter.filters()
names = ["smoothing", "smoothing_unet", "deeper", "deeper_tilted", "ready", "ready_tilted"]
judged = {name: chapter.judged(name) for name in names}
runs = {name: run for name, (run, _) in judged.items()}
numbers = {name: row for name, (_, row) in judged.items()}
titles = chapter.titles()
photographs = chapter.photographs()
folder = chapter.folder

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
tables.Source(ResidualBlock, DeepResidual.forward)

# %% tags=["hide-input"]
size = {
    titles[name]: {
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
# ## A ready architecture, and a little more weight
#
# A commenter advised to take a ready architecture instead of a stack of one's own. So here is one, MONAI's *BasicUNet*, under the same loss.
# And both it and the deep network once more, with everything equal but the weights: instead of 0.5 and 0.5, a little more for being
# predictable.

# %% tags=["hide-input"]
tables.Source(ReadyUNet)

# %% tags=["hide-input"]
four = {
    "deeper": "deep, k1 = k2",
    "deeper_tilted": "deep, tilted",
    "ready": "ready-made, k1 = k2",
    "ready_tilted": "ready-made, tilted",
}
timed = {}
for name, label in four.items():
    frame = pd.DataFrame(runs[name].curve)
    # one scale for all: the article's own loss, whatever was minimised
    frame["both"] = 0.5 * (frame["mae_xy"] + frame["mae_yz"])
    timed[label] = frame
plots.show(
    plots.curves(timed, "both", ylabel="(MAE(x,y) + MAE(y,z)) / 2"),
    folder / "tilted.png",
    caption="The article's loss of four trainings, two of which minimise it and two a tilted one. At k1 = k2 a copy and a "
    "far-reaching blur cost nearly the same, and a line that lies flat may be on its way to either.",
    alt="Line chart of the article's loss against the training step for two networks at two pairs of weights",
)  # fmt: skip

# %% tags=["hide-input"]
plots.show(
    plots.curves(timed, "mae_yz", ylabel="MAE(y,z) on the training crops"),
    folder / "tilted_yz.png",
    caption="The half of the loss that was meant to fall. A network that learnt to copy would come back up to the photographs' own error; one that is "
    "tilted towards being predictable has less reason to.",
    alt="Line chart of MAE(y,z) against the training step for two networks at two pairs of weights",
)

# %% tags=["hide-input"]
plots.show(
    plots.curves(timed, "gradient_norm", ylabel="norm of the gradients", logarithmic=True),
    folder / "gradients.png",
    caption="The length of the gradients on the way. They do not vanish: the network is pushed about, and nowhere in particular.",
    alt="Line chart on a logarithmic axis of the gradients' norm against the training step for four trainings",
)

# %% tags=["hide-input"]
tables.judges_table({label: numbers[name] for name, label in four.items()}).T

# %% tags=["hide-input"]
Markdown(
    "Both architectures tell one story: "
    + "; ".join(
        f"*{label}* moves the photographs by {numbers[name]['test']['change']:.4f}, and the judge's error is {numbers[name]['test']['error_judge']:.4f}"
        for name, label in four.items()
    )
    + f". The untouched photographs: {deep['original']['error_judge']:.4f}. What the weights decide has [a chapter of its own](07_critical_point.ipynb); the U-Net, which can copy, shows that the network decides as well."
)

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
known = {name: row for name, row in numbers.items() if row["best_filter"]["name"]}
won = [
    titles[name]
    for name, row in known.items()
    if row["test"]["error_judge"] < row["best_filter"]["error_judge"]
]
best = deep["best_filter"]
beside = (
    f"against {best['error_judge']:.4f} of the best filter" if best["name"] else "where no filter goes so far"
)
Markdown(
    f"- **Depth.** With {deep['parameters']:,} numbers the deep network ends at a loss of {deep['final_loss']:.4f}; the plain stack has "
    f"{plain['parameters']:,} and ends at {plain['final_loss']:.4f}. The judge gives its pictures "
    f"{deep['test']['error_judge']:.4f}, {beside}.\n"
    f"- **To beat a filter.** Of the {len(known)} improvers that can be compared with a filter at the same change, "
    f"{len(won) or 'none'} {'has' if len(won) == 1 else 'have'} a lower error by the judge{': ' + ', '.join(won) if won else ''}.\n"
    f"- **The same effort for all.** The networks were trained for different numbers of steps, and even equal numbers would not be equal work: for each pixel the deep network multiplies more often. "
    f"And one learning rate served them all.\n"
    f"- **Error bars.** One seed each. A gap that is small beside the difference between seeds means nothing, and that "
    f"difference has not been measured here."
)
