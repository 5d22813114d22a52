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
# # Why does it smooth?
#
# The article weighed its two wishes equally, got "something like smoothing", and the deeper network's loss would hardly fall. At equal
# weights the loss hardly cares whether a picture is a copy or a blur. That explains the stall, and can be seen before anything is trained;
# how much of the smoothing it explains, the control below says.

# %% tags=["parameters", "hide-input"]
# Change the experiment here, for example balance = {"steps": 200, "seeds": 4}; empty: as params.yaml says.
balance = {}
pixels = {}

# %% tags=["remove-input"]
import ipywidgets
import pandas as pd
from IPython.display import Markdown, display

from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.experiments import pixels as directly
from abstract_beauty.measures import statistics

chapter = Chapter("07_critical_point", balance=balance, pixels=pixels)
f = chapter.predictors("good", "bad", "bad_again", "small", "judge")
direct, pictures = chapter.pixels()
trained = chapter.balance()
theory = direct["stationary"]
original = direct["original"]
folder = chapter.folder
points = pd.DataFrame(trained["points"])
by_ratio = points[points["series"] == "ratio"]


def at(ratio):
    """The share of pixels that stay where they are at a ratio."""
    return theory["stays"][min(range(len(theory["ratios"])), key=lambda k: abs(theory["ratios"][k] - ratio))]


# %% tags=["hide-input"]
Markdown(
    f"**In numbers.** With the weights 0.6 and 0.4 for staying and being predictable, {at(0.4):.0%} of all pixels have no reason to move "
    f"from the photograph; at 0.5 and 0.5 it is {at(0.5):.0%}, at 0.4 and 0.6 {at(0.6):.0%}. Half of them would leave at a "
    f"ratio $k_2/(k_1+k_2)$ of {theory['half']:.3f}."
)

# %% tags=["hide-input"]
rows = direct["balance"]
untouched = 1 / 255
plots.show(
    plots.lines(
        {
            "theory: pixels that stay": (theory["ratios"][::4], theory["stays"][::4]),
            "measured: pixels that stayed": (
                [row["ratio"] for row in rows],
                [
                    float(((pictures[f"balance {row['ratio']}"] - pictures["x"]).abs() < untouched).float().mean())
                    for row in rows
                ],
            ),
        },
        "k2 / (k1 + k2)", "share of pixels", marks={"k1 = k2": 0.5},
    ),
    folder / "stays.png",
    caption="How many pixels have no reason to leave the photograph, from one backward pass at y = x, and how many were still there after the "
    "pixels themselves had been moved downhill. The upright line is where the article stood, in the middle of the slope.",
    alt="Two curves falling from 1 to 0 around the ratio one half: the predicted and the measured share of pixels that stay",
)  # fmt: skip

# %% [markdown]
# ## One pixel
#
# Take one pixel of $y$ and move it from $x$ towards its guess $z$, by a little. The first wish costs $k_1$ for it. The second earns
# $k_2$, because the pixel is now nearer to its guess. And it earns or costs something more, since the pixel is part of what its
# *neighbours* are guessed from: call that $k_2 c$. Altogether it pays to move if
#
# $$k_2\,(1 + c) > k_1 .$$
#
# Without the neighbours ($c = 0$) the border lies at exactly $k_1 = k_2$: below it no pixel moves, above it every pixel goes all the way to
# its guess. That is a critical point, and the article stood on it. With the neighbours each pixel has a border of its own,
# and how sharp the transition is depends on how much $c$ varies. In the words of optimisation: $|y - x|$ has at $y = x$ every slope
# from $-1$ to $1$, so a pixel stays exactly if $k_2 |G| \le k_1$, where $G$ is the slope of MAE$(y, z)$ there. One backward pass through
# the predictor gives $G$ for all pixels at once:

# %% tags=["hide-input"]
tables.Source(directly.pull, directly.stationary)

# %% tags=["hide-input"]
mean, spread = theory["neighbours_mean"], theory["neighbours_deviation"]
Markdown(
    f"What a pixel does to its neighbours' guesses when it moves towards its own, $c$, is {mean:+.3f} on average, with a standard deviation of "
    f"{spread:.3f} from pixel to pixel. "
    + (
        "On average the neighbours lose a little."
        if mean < -0.02
        else "On average the neighbours gain."
        if mean > 0.02
        else "On average the two cancel."
    )
    + " A pixel that moves alone can harm its neighbours, while a whole region that is smoothed together may help itself: "
    "that is what a network learns, and why a network's border need not be the single pixel's."
)

# %% [markdown]
# ## The phase diagram
#
# Now the whole range, with and without a network. Without one, the pixels of $y$ are moved downhill directly, with a new grid at each step:
# that is the most any network could do with that loss. With one, the same network is trained anew at each ratio, from several seeds.


# %% tags=["hide-input"]
def lines_of(key, moved, trained):
    """For each network and for the bare pixels: ratio, mean over the seeds, half the distance between the extremes."""
    found = {"pixels themselves": ([row["ratio"] for row in moved], [row[key] for row in moved])}
    for network, group in trained.groupby("network", sort=False):
        seeds = group.groupby("ratio")[key]
        found[network.replace("unet", "U-Net")] = (
            list(seeds.mean().index), list(seeds.mean()), list((seeds.max() - seeds.min()) / 2),
        )  # fmt: skip
    return found


def diagram(key, label, name, caption, moved=rows, trained=by_ratio):
    """One quantity against the ratio."""
    return plots.show(
        plots.lines(lines_of(key, moved, trained), "k2 / (k1 + k2)", label, marks={"k1 = k2": 0.5}),
        folder / f"{name}.png",
        caption=caption,
        alt=f"Line chart of {label} against the ratio k2 / (k1 + k2), with error bars from the seeds",
    )


# %% tags=["hide-input"]
diagram(
    "change", "MAE(x,y)", "change",
    "How far y is from the photograph. Bare pixels leave one by one, fastest near the line, and move on long after it; a network, which must move many alike, leaves "
    "later and more suddenly. Bars reach from the lowest to the highest seed.",
)  # fmt: skip

# %% tags=["hide-input"]
diagram(
    "error_judge", "MAE(y,z) by the judge", "judge",
    "How hard y is to guess for the judge, who took no part. Where the line above rises, this one falls: the two wishes are traded for each other.",
)  # fmt: skip

# %% tags=["hide-input"]
diagram(
    "high_frequency_kept", "fine detail kept", "detail",
    "What it costs: the energy of waves shorter than 8 pixels, against the photograph's. This is the smoothing that the article saw.",
)  # fmt: skip

# %% tags=["hide-input"]
middle = pictures["x"].shape[0] // 2
near = sorted(
    {min((row["ratio"] for row in rows), key=lambda one: abs(one - wish)) for wish in (0.4, 0.5, 0.6, 0.85)}
)
plots.show(
    plots.image_row(
        {"photograph": pictures["x"][middle]}
        | {f"{ratio:g}": pictures[f"balance {ratio}"][middle] for ratio in near},
        columns=5,
    ),
    folder / "squares.jpg",
    caption="One square of a photograph, and what downhill makes of its pixels at four ratios k2 / (k1 + k2). Go from left to right "
    "and look for where it changes.",
    alt="Five small square pictures: the photograph and the results at four ratios",
)

# %% [markdown]
# ## The same at full scale
#
# Is this an accident of small networks and short training? Here is the diagram of the {doc}`reference run <../reference>`: predictors that were trained on
# photographs for an hour, longer trainings of three networks, other test photographs.

# %% tags=["hide-input"]
full, full_pixels = (chapter.reference(name) for name in ("balance", "pixels"))
full_points = pd.DataFrame(full["points"])
full_points = full_points[full_points["series"] == "ratio"]
diagram(
    "change", "MAE(x,y)", "full_change",
    "At full scale: how far y is from the photograph, for the bare pixels, the article's plain stack, the U-Net and the deep network. The plain and the deep one "
    "have no path that copies, and stand off the ground already at the left, where nothing but a copy is asked for.",
    full_pixels["balance"], full_points,
)  # fmt: skip

# %% tags=["hide-input"]
diagram(
    "error_judge", "MAE(y,z) by the judge", "full_judge",
    "At full scale: how hard y is to guess for the judge. Up to the line, and a little beyond, the U-Net leaves the photograph as it is.",
    full_pixels["balance"], full_points,
)  # fmt: skip

# %% tags=["hide-input"]
full_theory, unet = (
    full_pixels["stationary"],
    full_points[full_points["network"] == "unet"].groupby("ratio")["change"].mean(),
)
left, stays = unet[unet > 0.01], dict(zip(full_theory["ratios"], full_theory["stays"], strict=True))
equal = min(stays, key=lambda ratio: abs(ratio - 0.5))
Markdown(
    f"With the better predictors {stays[equal]:.0%} of the pixels have no reason to move at $k_1 = k_2$, and half of them would leave at a ratio of {full_theory['half']:.3f}; "
    f"the neighbours' part $c$ is {full_theory['neighbours_mean']:+.3f} with a deviation of {full_theory['neighbours_deviation']:.2f}. At equal weights the U-Net changes a pixel by "
    f"{unet[0.5]:.4f} on average" + (f"; it is off the ground (0.01) from {left.index.min():g} on." if len(left) else "; nowhere does it leave the ground.")
)  # fmt: skip

# %% tags=["remove-cell"]
# In JupyterLab: move the slider from "only the original counts" to "only being predictable counts".
ratio = ipywidgets.SelectionSlider(options=[row["ratio"] for row in rows], description="k2 / (k1+k2)")
ipywidgets.interactive(
    lambda ratio: display(
        plots.image_row(
            {"photograph": pictures["x"][middle], f"at {ratio:g}": pictures[f"balance {ratio}"][middle]}
        )
    ),
    ratio=ratio,
)

# %% [markdown]
# ## The control: nothing asks for smoothness
#
# If the smoothing were the loss's doing, it would go away when the second wish is taken out. So train the article's plain stack with
# $k_2 = 0$, when a copy is all that is asked for, for several lengths of time.

# %% tags=["hide-input"]
lengths = points[points["series"] == "length"]
named = {0.0: "k2 = 0: only to copy", 0.5: "k1 = k2: the article"}
plots.show(
    plots.lines(
        {
            label: (
                list(lengths[lengths["ratio"] == ratio]["steps"]),
                list(lengths[lengths["ratio"] == ratio]["high_frequency_kept"]),
            )
            for ratio, label in named.items()
        },
        "steps of training", "fine detail kept", logarithmic_x=True,
    ),
    folder / "control.png",
    caption="Fine detail that the plain stack keeps, against how long it was trained; with the article's loss, and with one that asks only "
    "for a copy. Where both lines lie low, the blur is a network that has not yet learnt to copy.",
    alt="Line chart of the fine detail kept against the number of training steps, for k2 = 0 and for k1 = k2",
)  # fmt: skip

# %% tags=["hide-input"]
last = lengths["steps"].max()
only, article = (
    float(lengths[(lengths["ratio"] == ratio) & (lengths["steps"] == last)]["high_frequency_kept"].iloc[0])
    for ratio in named
)
Markdown(
    f"After {last} steps the stack that was only asked to copy keeps {only:.1%} of the fine detail, the article's {article:.1%}. "
    + (
        "Most of the smoothing is there without any wish for it."
        if 1 - only > 0.5 * (1 - article)
        else "So at this length most of the smoothing is the loss's own."
    )
)

# %% [markdown]
# At full scale the trainings go on for longer, and the two part:

# %% tags=["hide-input"]
longer = pd.DataFrame(full["points"])
longer = longer[longer["series"] == "length"]
kept = {ratio: longer[longer["ratio"] == ratio].sort_values("steps") for ratio in named}
ends = [float(one["high_frequency_kept"].iloc[-1]) for one in kept.values()]
plots.show(
    plots.lines(
        {label: (list(kept[ratio]["steps"]), list(kept[ratio]["high_frequency_kept"])) for ratio, label in named.items()},
        "steps of training", "fine detail kept", logarithmic_x=True,
    ),
    folder / "full_control.png",
    caption=f"The same at full scale. After {longer['steps'].max()} steps the stack that was asked to copy keeps {ends[0]:.0%} of the fine detail, the article's {ends[1]:.0%}. "
    + (
        "So the early blur is a network that cannot copy yet, and the lasting one is the loss: it gives no reason to learn to copy what cannot be predicted."
        if ends[0] > 2 * ends[1]
        else "Even so long, what is missing is mostly what the stack has not yet learnt to copy."
    ),
    alt="Line chart of the fine detail kept against the number of training steps, for k2 = 0 and for k1 = k2, at full scale",
)  # fmt: skip

# %% [markdown]
# ## What is taken away, by fineness

# %% tags=["hide-input"]
spectra = {}
for label, key in {"photograph": "x", **{f"{ratio:g}": f"balance {ratio}" for ratio in near}}.items():
    frequency, amplitude = statistics.amplitude_spectrum(pictures[key])
    shown = amplitude.mean(0) > 0
    spectra[label] = (frequency[shown].tolist(), amplitude.mean(0)[shown].tolist())
figure = plots.lines(spectra, "cycles per pixel", "mean amplitude", logarithmic_x=True)
figure.axes[0].set_yscale("log")
plots.show(
    figure,
    folder / "spectra.png",
    caption="How much of each fineness is left, before and after, at four ratios; to the right fine, to the left coarse. Smoothing is a line that "
    "bends down at the right.",
    alt="Line chart on logarithmic axes of the amplitude spectrum of the photographs and of four results",
)

# %% [markdown]
# ## Does the grid matter?
#
# The pixels can also be moved downhill on the article's one grid, instead of on a new one at each step. Then a pixel knows where the tiles'
# edges are.

# %% tags=["hide-input"]
fixed, random = direct["grid"]
pd.DataFrame(
    {
        "photograph": {"on the article's grid": original["error"], "averaged over four grids": original["error_averaged"], "by the judge": original["error_judge"], "MAE(x,y)": 0.0},
    }
    | {
        label: {"on the article's grid": row["error"], "averaged over four grids": row["error_averaged"], "by the judge": row["error_judge"], "MAE(x,y)": row["change"]}
        for label, row in {"one grid": fixed, "a new grid each step": random}.items()
    }
).map("{:.4f}".format)  # fmt: skip

# %% tags=["hide-input"]
gained = {
    label: (
        original["error"] - row["error"],
        original["error_averaged"] - row["error_averaged"],
    )
    for label, row in {"one": fixed, "new": random}.items()
}
Markdown(
    f"On one grid the error falls by {gained['one'][0]:.4f} on that grid and by {gained['one'][1]:.4f} averaged over others: "
    f"{1 - gained['one'][1] / max(gained['one'][0], 1e-9):.0%} of the gain belong to the grid and not to the picture. With a new grid at each step it is "
    f"{gained['new'][0]:.4f} and {gained['new'][1]:.4f}. A network of convolutions sees no grid, whatever it is trained on; bare pixels do."
)

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
half = [row for row in rows if row["ratio"] == 0.5] or rows[:1]
Markdown(
    f"- **The exact prediction.** The theory speaks of the first step from $y = x$. At $k_1 = k_2$ it leaves {at(0.5):.0%} of the pixels where they "
    f"are, and yet the pixels together move by {half[0]['change']:.4f}: once some have moved, the others stand before another question.\n"
    f"- **Full length.** The trainings of the diagram are short ({chapter.params.balance.steps} steps, {chapter.params.balance.seeds} seeds), so a network that has not left the "
    f"ground yet may do so later.\n"
    f"- **More than smoothing.** Nowhere on the diagram does the fine detail stay while the judge's error falls. Another ratio is no way out; it takes "
    f"another wish."
)
