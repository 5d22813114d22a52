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
# # Where is a picture predictable?
#
# Guess one tile, put it down; guess the next from *its* surroundings, put it down beside the first; and so on until a whole picture
# of guesses lies there. That is the **full prediction** $z$ of a picture $y$. Where the two differ, the picture is a surprise.

# %% tags=["parameters", "hide-input"]
# Change a predictor here, for example good = {"steps": 3000}; empty: as params.yaml says.
article = {}
good = {}
bad = {}

# %% tags=["remove-input"]
import pandas as pd
import torch
from IPython.display import Markdown

import abstract_beauty as ab
from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.prediction.full_prediction import MARGIN, TILE

chapter = Chapter("03_full_prediction", predictors={"article": article, "good": good, "bad": bad})
f = chapter.predictors("article", "good", "bad", "judge")
photographs = chapter.photographs()
rows = tables.rows(f["good"].network, photographs)
with torch.no_grad():
    z = {name: ab.full_prediction(f["good"].network, y) for name, y in photographs.items()}
    z_bad = {name: ab.full_prediction(f["bad"].network, y) for name, y in photographs.items()}
error = {name: float(ab.predictability(y, z[name])) for name, y in photographs.items()}
folder = chapter.folder

# %% tags=["hide-input"]
easiest, hardest = min(error, key=error.__getitem__), max(error, key=error.__getitem__)
Markdown(
    f"**In numbers.** Of the test photographs, *{easiest.replace('_', ' ')}* is the most predictable, with a mean error of "
    f"{error[easiest]:.4f} per pixel and colour, and *{hardest.replace('_', ' ')}* the least, with {error[hardest]:.4f}. "
    f"Black to white would be 1."
)

# %% tags=["hide-input"]
name, y = next(iter(tables.chosen(photographs, "coffee").items()))
plots.show(
    plots.predictability_figure(y, z[name], ab.error_map(y, z[name])[0]),
    folder / "idea.jpg",
    caption="A photograph, the same photograph guessed tile by tile, and the error: dark was guessed, bright was not. Look for the "
    "places that are bright, and ask whether you could have known.",
    alt=f"Three panels: the photograph {name}, its full prediction, and the map of the absolute error with a colour bar",
)

# %% [markdown]
# ## From the loop to one pass
#
# The article predicted the tiles one after another. That is the definition, and it is kept in the code as the reference. But no tile
# waits for another: all are guessed from $y$, none from a guess. So they can just as well go through the network together.
#
# $$z_i = f(\text{context of } y_i)\ \text{for every tile } i$$
#
# Together is not yet cheap: the contexts of neighbours overlap, and each pixel is read again for each of the sixteen or so contexts that it
# lies in. The {doc}`good predictor <02_predictor>` reads each side of a whole row of tiles once. Three ways, then, to the same $z$:

# %%
with torch.no_grad():
    ways = {
        "the article's encoder, in a batch instead of a loop": [
            ab.full_prediction(f["article"].network, y, method=method) for method in ("loop", "batched")
        ],
        "the one-pass predictor, in one pass instead of a loop": [
            ab.full_prediction(f["good"].network, y, method=method) for method in ("loop", "one_pass")
        ],
    }

# %% tags=["hide-input"]
difference = {way: float((looped - at_once).abs().max()) for way, (looped, at_once) in ways.items()}
Markdown(
    f"The largest difference from the loop, over all pixels and colours of *{name}*: "
    + "; ".join(f"{way}, {value:.1e}" for way, value in difference.items())
    + (
        ". Both are far below one step of an 8-bit picture."
        if max(difference.values()) < 1 / 2550
        else ". **That is too much: something is wrong.**"
    )
)

# %% [markdown]
# What each way costs on your machine, `abstract-beauty bench` measures.
#
# ## All the photographs

# %% tags=["hide-input"]
order = sorted(error, key=error.__getitem__)
ends = [one.replace("_", " ") for one in (order[0], order[len(order) // 2], order[-1])]
kept = {part: {one: rows[part][one] for one in dict.fromkeys(ends)} for part in rows}
plots.show(
    plots.prediction_grid(**kept),
    folder / "photographs.jpg",
    caption="From above: the most predictable photograph, a middling one, and the least predictable. Soft and empty regions are dark in "
    "the maps; outlines, textures and everything small are bright.",
    alt="Photographs in rows; in columns the photograph, its full prediction and the map of the error",
)

# %% tags=["hide-input"]
bad_error = {one: float(ab.predictability(y_, z_bad[one])) for one, y_ in photographs.items()}
frame = pd.DataFrame({"good predictor": error, "bad predictor": bad_error}).loc[order]
frame["progress, bad / good"] = frame["bad predictor"] / frame["good predictor"]
frame.rename(index=lambda one: one.replace("_", " ")).map("{:.4f}".format)

# %% [markdown]
# The same question, tile by tile: which tiles of all the photographs were the easiest to guess, and which the hardest?

# %% tags=["hide-input"]
CENTRE = slice(MARGIN, MARGIN + TILE)
cut = [ab.contexts(one)[0][..., CENTRE, CENTRE] for one in photographs.values()]
guessed = [ab.contexts(one)[0][..., CENTRE, CENTRE] for one in z.values()]
tiles, guesses = torch.cat(cut), torch.cat(guessed)
ranks = (tiles - guesses).abs().mean((1, 2, 3)).argsort()
columns = [str(number) for number in range(1, 7)]


def strip(label, source, picked):
    """Tiles of `source` in a row of the figure."""
    return {label: dict(zip(columns, source[picked], strict=True))}


easy, hard = ranks[:6], ranks[-6:]
sheet = strip("easiest", tiles, easy) | strip("guess", guesses, easy)
sheet |= strip("hardest", tiles, hard) | strip("guess ", guesses, hard)

# %% tags=["hide-input"]
plots.show(
    plots.image_grid(sheet),
    folder / "tiles.jpg",
    caption="The six easiest and the six hardest tiles of all, each row of tiles above the guesses. The easy ones are nearly flat; the "
    "hard ones hold something that begins and ends inside the tile.",
    alt="Four rows of six small square tiles: the easiest, their guesses, the hardest, their guesses",
)

# %% [markdown]
# ## Does it matter where the cuts fall?
#
# The grid of tiles begins in the upper left corner because that is where one begins. Shift it, and every tile is another one. We call the
# shift the **phase**. A property of the picture should not depend on it, and so later chapters report the judge's error averaged over
# two phases, and the good predictor's over four.

# %% tags=["hide-input"]
shifts = range(0, TILE, 4)
by_phase = {
    one.replace("_", " "): (
        list(shifts),
        [
            float(
                ab.predictability(
                    photographs[one], ab.full_prediction(f["good"].network, photographs[one], (k, k))
                )
            )
            for k in shifts
        ],
    )
    for one in dict.fromkeys((order[0], order[len(order) // 2], order[-1]))
}

# %% tags=["hide-input"]
figure = plots.lines(by_phase, "phase of the grid, down and right, pixels", "MAE(y,z)")
figure.axes[0].get_legend().remove()
figure.legend(loc="outside upper center", ncols=len(by_phase), frameon=False)
plots.show(
    figure,
    folder / "phase.png",
    caption="The error of three photographs while the grid is shifted along the diagonal. The ups and downs within a line "
    "are the choice of the cuts; the distances between lines are the photographs.",
    alt="Line chart of the error of three photographs against the phase of the grid",
)

# %% tags=["hide-input"]
phases = [(0, 0), (16, 16), (0, 16), (16, 0)]
maps = [ab.error_map(y, ab.full_prediction(f["good"].network, y, phase)) for phase in phases]
averaged = torch.stack(maps).mean(0)
plots.show(
    plots.image_row(
        {
            "phase (0, 0)": plots.map_image(maps[0][0]),
            "phase (16, 16)": plots.map_image(maps[1][0]),
            "mean of four": plots.map_image(averaged[0]),
        },
        captions={
            "phase (0, 0)": f"{maps[0].mean():.4f}",
            "phase (16, 16)": f"{maps[1].mean():.4f}",
            "mean of four": f"{averaged.mean():.4f}",
        },
    ),
    folder / "phase_maps.jpg",
    caption="The same map on two grids, and averaged over four; black is 0, the brightest 0.4, below each its mean. Look for "
    "the squares of the grid in the first two: in the average they fade and the picture itself remains.",
    alt=f"Three maps of the error of {name}: two grids and the average over four",
)

# %% [markdown]
# A tile is not equally hard everywhere. Its edge touches what is visible, its middle is far from it:

# %% tags=["hide-input"]
line = torch.arange(TILE)
inward = torch.minimum(line, TILE - 1 - line)
depth = torch.minimum(inward[:, None], inward[None, :])


def by_depth(predictions):
    """Mean error at each distance from the tile's edge, over all whole tiles of all photographs."""
    total = torch.zeros(TILE, TILE)
    for one, y_ in photographs.items():
        errors = ab.error_map(y_, predictions[one])[0]
        whole = errors[: errors.shape[0] // TILE * TILE, : errors.shape[1] // TILE * TILE]
        total += whole.unflatten(1, (-1, TILE)).unflatten(0, (-1, TILE)).mean((0, 2)) / len(photographs)
    return [float(total[depth == k].mean()) for k in range(TILE // 2)]


# %% tags=["hide-input"]
profiles = {"good": by_depth(z), "bad": by_depth(z_bad)}
plots.show(
    plots.lines(
        {key: (list(range(TILE // 2)), profile) for key, profile in profiles.items()},
        "distance from the tile's edge, pixels", "mean error over the photographs",
    ),
    folder / "depth.png",
    caption="The error from the edge of a tile (left) to its middle (right). What a predictor knows about the neighbouring pixels helps "
    "it at the left; the rise to the right is what it has to imagine.",
    alt="Line chart of the mean error against the distance from the edge of the tile for the good and the bad predictor",
)  # fmt: skip

# %% [markdown]
# ## What happens at the border?
#
# A tile at the border has no surroundings on one side. There the picture goes on as in a mirror. But a mirror shows a tile *itself*,
# and a predictor that finds the mirror image has only to copy it. So the mirror images of a tile's own pixels are hidden as
# well:

# %% tags=["hide-input"]
context, hidden = ab.contexts(y)
grid = torch.zeros(-(-y.shape[2] // TILE), -(-y.shape[3] // TILE))
places = {"corner tile": 0, "tile at the upper edge": 2, "inner tile": 2 * grid.shape[1] + 2}
plots.show(
    plots.image_row({place: torch.where(hidden[at], 1.0, context[at]) for place, at in places.items()}),
    folder / "border.jpg",
    caption="What the predictor sees of three tiles, white where it may not look. In the corner the picture is mirrored twice, "
    "and the white part is the tile together with its mirror images.",
    alt="Three contexts with hidden parts in white: of a corner tile, of a tile at the upper edge, and of an inner tile",
)

# %% [markdown]
# The one-pass predictor reads lines for a whole row of tiles and cannot hide a piece of a line from one tile alone. It does without the
# whole line on the side where the mirror stands. Nothing is lost: what such a line shows lies on another side as well.


# %% tags=["hide-input"]
def careless(context, hidden):
    """The good predictor when only the centre is hidden, not its mirror images."""
    centre = torch.zeros_like(hidden)
    centre[..., CENTRE, CENTRE] = True
    return f["good"].network(context, centre)


def leak(network):
    """The largest gradient of the corner tile's guess on the corner tile's own pixels."""
    watched = y.clone().requires_grad_(True)
    ab.full_prediction(network, watched)[..., :TILE, :TILE].sum().backward()
    return float(watched.grad[..., :TILE, :TILE].abs().max())


Markdown(
    f"If only the centre is hidden, the corner tile's guess depends on its own pixels: the gradient reaches {leak(careless):.4f}. "
    f"With the mirror images hidden too it is {leak(f['good'].network):.1f}. Blindness is no matter of opinion, it can be measured."
)

# %% [markdown]
# ## What was there to learn?
#
# Now the same photograph for two predictors: the bad one, whose training was short, and the good one. What is bright in the
# first map and dark in the second is what learning was good for. The ratio of the two errors is the **progress**.

# %% tags=["hide-input"]
pair = {"bad": z_bad[name], "good": z[name]}
plots.show(
    plots.prediction_grid(
        {f"{key} predictor": {"photograph y": y, "prediction z": z_} for key, z_ in pair.items()},
        {f"{key} predictor": ab.error_map(y, z_)[0] for key, z_ in pair.items()},
    ),
    folder / "progress.jpg",
    caption="The same photograph as the bad predictor (above) and the good one (below) guess it. Look for what the good one knows "
    "and the bad one does not: outlines that go on, or only the right colours?",
    alt="Two rows, bad and good predictor: the photograph, its full prediction, the map of the error",
)

# %% tags=["hide-input"]
ratio = float(ab.progress(y, pair["bad"], pair["good"]))
Markdown(
    f"Progress of *{name}*: {ratio:.3f}. At 1 there was nothing to learn; the more above 1, the more was learnt."
)

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
spread = {one: (max(ups) - min(ups)) / (sum(ups) / len(ups)) for one, (_, ups) in by_phase.items()}
most = max(spread, key=spread.__getitem__)
rise = profiles["good"][-1] / profiles["good"][0]
Markdown(
    f"- **Independence of the grid.** Only by shifting the cuts, the error of *{most}* varies by {spread[most]:.1%} of its mean. "
    f"Averaging over four phases lessens that and does not end it.\n"
    f"- **Seams.** In the middle of a tile the good predictor's error is {rise:.2f} times that at its edge. The map shows the "
    f"picture *and* the grid, and an improver could learn to please the grid.\n"
    f"- **One size.** A tile is 32 pixels whatever it shows. A face in 32 pixels and a pore of its skin in 32 pixels are the same "
    f"task here.\n"
    f"- **Order.** The photograph that is easiest to guess is *{easiest.replace('_', ' ')}*. Whether anybody finds it the most "
    f"beautiful, no number on this page can tell."
)
