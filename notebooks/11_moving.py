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
# # What if it may only move?
#
# Every improver so far *paints*: it gives each pixel a new colour. And a painter who wants to be predictable uses less paint. Whatever holds the paint,
# holds the picture. So take painting away. Let the improver only **move** what is there: every pixel of y is taken from somewhere in x,
#
# $$y(p) = x(p + u(p)),$$
#
# with a smooth field of displacements $u$. No colour can appear that was not there (but for a faint rim where edges are sharpest), and nothing can be washed out: a place can become paler or softer
# only by being drawn out at the cost of its neighbours, and the loss below charges for that. What is left is to draw the *shapes* anew.

# %% tags=["parameters"]
# Change an experiment here, for example moving = {"spacing": 12.0};
# empty: as params.yaml says.
moving = {}

# %%
import pandas as pd
import torch

import abstract_beauty as ab
from abstract_beauty import fields, losses
from abstract_beauty.book import plots
from abstract_beauty.chapter import Chapter
from abstract_beauty.measures.filters import FILTERS
from abstract_beauty.measures.statistics import (
    high_frequency_kept,
    steep_edges_kept,
)
from abstract_beauty.prediction.predictability import PHASES

# %%
chapter = Chapter("11_moving", moving=moving)
found, pictures = chapter.measured("moving")
names = list(dict.fromkeys(key.split("/")[0] for key in pictures))
f = ab.predictor("good")


# %% tags=["remove-input"]
def row(name, keys):
    return {text: pictures[f"{name}/{key}"] for key, text in keys.items()}


chapter.show(
    plots.image_grid(
        {
            name.replace("_", " "): row(
                name, {"x": "photograph x", "both": "moved"}
            )
            for name in names
        }
    ),
    "moved.jpg",
    caption="Photographs, and the same with everything moved to where the "
    "predictor guesses it better. Look at round things and at fine textures: no "
    "colour is new, but what was round has corners or a ragged edge, and what was "
    "rough lies in lines, straight or curled.",
    alt="Photographs in rows; on the right each with its contents moved",
)

# %% [markdown]
# ## The field
#
# The field is made of cubic splines on a grid, 0 along the border of the picture, so nothing can be pushed out of the frame. It is not the displacement itself
# but a *velocity*: everything flows along it for a time, and the time is the **strength**. At strength 0 the picture is a copy, at -1 the flow runs
# backwards. A flow carries neighbours along together, so it does not fold; computed in steps it could, and is stopped before anything is drawn out to more than
# fifty times its area. *Area* is here what a pixel of y covered in x: below 1 where things grow, above it where they shrink.

# %%
x = ab.resize_short_side(chapter.photographs()[names[0]][0], 160)[None]
h, w = x.shape[2:]
rows, columns = fields.grid_of(h, w, 16)
nodes = 4 * torch.randn(1, 2, rows - 1, columns - 1, generator=torch.manual_seed(0))
v = fields.velocity(nodes, h, w)
stages = {}
for strength in (-1.0, 0.0, 0.5, 1.0, 2.0):
    u = fields.follow(v, h, w, strength)
    stages[f"strength {strength:g}"] = fields.moved(x, u)
    print(f"strength {strength:4}   smallest area {fields.areas(u).min():.2f}")

# %%
chapter.show(
    plots.image_row(stages, columns=5),
    "flow.jpg",
    caption="A random flow at five strengths, from backwards to twice as far. "
    "Nothing leaves the frame, and what is inside something stays inside it.",
    alt="One photograph, moved by a random field at five strengths",
)

# %% [markdown]
# A cheat has to be closed first. Reading a picture between its pixels blurs it, a blurred picture is easier to predict, and so a shift of half a pixel would
# be an improvement. Here the picture is brought to twice its resolution by a filter that keeps the finest waves, and read there:

# %%
half = torch.full((1, 2, h, w), 0.5)
shifted = fields.moved(x, half)
places = torch.nn.functional.affine_grid(
    torch.tensor([[[1, 0, 1 / w], [0, 1, 1 / h]]]), x.shape, align_corners=False
)
plain = torch.nn.functional.grid_sample(x, places, align_corners=False)
for name, y in {
    "plain interpolation": plain,
    "as it is done here": shifted,
}.items():
    kept = high_frequency_kept(x, y).item()
    print(f"shifted by half a pixel, {name:20} fine detail kept {kept:.2f}")

# %% [markdown]
# ## The descent
#
# The experiment itself. There is no network to train: the nodes of one picture's field are what Adam moves, through the frozen predictor, on a grid
# of tiles that is drawn anew at each step. The loss is the logarithm of the error, a third of it plain and the rest weighted by area (`k_area`; why, is said below);
# it charges for fine detail and steep edges that are lost (`k_detail`), a little for every stretch (`k_stiff`), and much where something is drawn out so
# far that its area comes near 0. Each step has another grid, so the numbers jump; the field learns all the same.

# %%
nodes = torch.zeros_like(nodes, requires_grad=True)
optimizer = torch.optim.Adam([nodes], lr=0.7, fused=True)
for step in range(31):
    u = fields.follow(fields.velocity(nodes, h, w), h, w)
    y = fields.moved(x, u)
    z = ab.full_prediction(f, y, phase=(7 * step % 32, 11 * step % 32))
    weights = {"k_area": 0.65, "k_detail": 0.3, "k_coarse": 0, "k_stiff": 0.005}
    loss = losses.moving(x, y, z, u, **weights)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"step {step:2d}   log of the error and penalties {loss.item():.3f}")

# %% [markdown]
# `ab.move(f, x)` does this with more steps, a finer grid, and the picture looked at in full, half or quarter size, drawn at random, as far as it is large enough.
# The pipeline did it for all test photographs, with as many steps as `params.yaml` says; from here on its results are used.
#
# ## Better, or only dull parts grown?
#
# There is a second cheat, and it is not so easily closed. A field may let dull regions grow and busy ones shrink. Then the mean error falls although every
# single thing in the picture is as hard to guess as before. So the error is measured in two ways: *plain*, and *by area*, with each pixel weighted by
# the area that it had in the photograph. And there are five wishes: a low plain error, a low error by area, *both* together, a flow that
# holds every area, or nearly, made from a stream function on a coarser grid; and *progress*, the article's ratio as it was meant: both together as well, but the error of this
# predictor is divided by that of one that was trained briefly.


# %%
def compared(tests, original):
    table = pd.DataFrame(tests).T[list(COLUMNS)]
    table[["error_judge", "error_judge_by_area"]] /= original["error_judge"]
    return table.rename(columns=COLUMNS).round(3)


COLUMNS = {
    "error_judge": "error",
    "error_judge_by_area": "by area",
    "contrast_kept": "contrast",
    "high_frequency_kept": "fine detail",
    "steep_edges_kept": "steep edges",
    "distance": "pixels moved",
    "least_area": "smallest area",
}

# %%
chapter.show(
    compared(found["wishes"] | found["controls"], found["original"]),
    "wishes.csv",
    caption="Means over the test photographs; the photographs themselves are 1 "
    "in the first five columns. The errors are the judge's, which had no part in "
    "it. Smallest area: 0.05 says that a pixel there covered a twentieth of one in "
    "the photograph. The last two rows are controls: a random flow that moves "
    "things as far, and the field of the mirror image, which is as rough and fits "
    "nothing.",
)

# %%
wishes = {
    "x": "photograph",
    "plain": "plain",
    "both": "both",
    "by area": "by area",
    "areas held": "areas held",
    "progress": "progress",
}
chapter.show(
    plots.image_row(row(names[0], wishes), columns=3),
    "wishes.jpg",
    caption="What each wish draws. Under the plain one look for things that were "
    "squeezed and surroundings that spread; where areas are held, at how little "
    "changes when nothing may grow.",
    alt="A photograph and the results of five wishes",
)

# %% [markdown]
# ## Who says so?
#
# One judge could share a habit with the predictor that the field was found through. So ask others, of other makes: the predictor itself, which is no judge
# in its own cause; the U-Net that is the judge everywhere in this book; the article's network; a plain linear fill; and Telea's inpainting, which is an algorithm of
# 2004 and has learnt nothing at all.

# %%
judges = {
    "good": "the predictor itself",
    "judge": "the judge (U-Net)",
    "article": "the article's network",
    "linear": "a linear fill",
    "telea": "Telea's inpainting",
}
asked = pd.DataFrame(found["judges"]).T.rename(index=judges)
photograph = asked.pop("photograph")
asked = asked.div(photograph, axis=0)
asked.insert(0, "error of the photographs", photograph)
chapter.show(
    asked.round(3),
    "judges.csv",
    caption="The error of the photographs by each judge, and what is left of it: in "
    "what the descent moved, in what the mover did (a network, introduced below), and "
    "both with each pixel weighted by the area it had.",
)

# %% [markdown]
# ## Against filters that may lose no more
#
# At the same MAE(x, y) no filter can be compared with a mover: whoever moves an edge by two pixels changes the picture a lot, pixel by pixel. What a mover
# keeps is detail and steep edges. So each filter is set as strong as it may be while it loses no more of either than the
# mover does (a tenth it may lose in any case), and the best of them is its opponent. A filter moves nothing, so its plain error and its error by area are one:
# compare it with both of the mover's.


# %%
opponents = {}
for name, test in found["wishes"].items():
    best = found["best_filter_keeping"][name]
    start = found["original"]["error_judge"]
    opponents[name] = {
        "moved": test["error_judge"] / start,
        "moved, by area": test["error_judge_by_area"] / start,
        "best filter": best["error_judge"] / start,
        "which": best["name"].replace("_", " "),
        "detail, moved": test["high_frequency_kept"],
        "detail, filter": best["high_frequency_kept"],
        "edges, moved": test["steep_edges_kept"],
        "edges, filter": best["steep_edges_kept"],
    }


# %%
def three(value):
    return value if isinstance(value, str) else f"{value:.3f}"


chapter.show(
    pd.DataFrame(opponents).T.map(three),
    "filters.csv",
    caption="The judge's error of what was moved, plain and by area, and of the best "
    "of six filters under that rule; the photographs are 1. Gaussian, bilateral, "
    "total variation, mean shift, domain transform and JPEG were tried.",
)

# %% [markdown]
# Plainly, some wishes beat every filter; see the table by how much. By area none does in this run. At full scale, as the page about
# [the reference run](../reference.md) shows, the wishes *both* and *by area* are a hair below every filter by area as well: over twenty photographs, so small a difference decides nothing.
#
# ## A slider from the photograph to the drawing
#
# The strength is a number that anyone can turn. Backwards, the field makes a picture less predictable. Where the next step would fold something, the flow stops
# there, so the far end of the slider may be the same picture as the one before.

# %%
two, start = found["strengths"], found["original_of_few"]["error_judge"]
errors = {}
for label, key in (("plain", "error_judge"), ("by area", "error_judge_by_area")):
    points = {float(strength): test[key] / start for strength, test in two.items()}
    errors[label] = [*zip(*sorted((points | {0.0: 1.0}).items()))]
chapter.show(
    plots.lines(errors, xlabel="strength", ylabel="error, the photograph is 1"),
    "strength.png",
    caption="The judge's error along the field, over two photographs. See that it "
    "rises to the left, where the flow runs backwards; and at the right, that more of "
    "the flow gains plainly and not by area.",
    alt="Line chart of the judge's two errors against the strength",
)

# %% tags=["hide-input"]
turned = {f"strength {s:g}": f"strength {s:g}" for s in (-1.0, 0.5, 1.0, 1.5)}
chapter.show(
    plots.image_row(row(names[-1], {"x": "photograph"} | turned), columns=3),
    "strength.jpg",
    caption="The same field at several strengths. At -1 what was smooth is drawn "
    "together and what was busy spreads.",
    alt="A photograph, the flow backwards, half, whole and one and a half times "
    "as far",
)

# %% [markdown]
# ## Whose wish is it, and how fine?
#
# The same descent through other predictors, and on coarser grids. Read the first row of the table with care: the judge is a U-Net that guesses single tiles like
# the article's network, so the two may have habits in common. And compare each error with the one by area: more than half of
# what any of the first three rows gains is dull regions that grew. The linear fill, which has learnt least, asks for more movement than our predictor does.

# %%
others = {f"through {name}": test for name, test in found["through"].items()}
for spacing, test in found["spacings"].items():
    others[f"every {spacing} pixels"] = test
chapter.show(
    compared(others, found["original_of_few"]),
    "others.csv",
    caption="Over two photographs. Above: which predictor the field was found "
    "through. Below: how fine the field was.",
)

# %% tags=["hide-input"]
through = {
    "x": "photograph",
    "through linear": "the linear fill",
    "through article": "the article's network",
    "through good": "the one-pass predictor",
}
chapter.show(
    plots.image_grid(
        {name.replace("_", " "): row(name, through) for name in names}
    ),
    "through.jpg",
    caption="What three predictors ask for. Look at edges and at textures: which "
    "of them wants straight lines, which wants few?",
    alt="Photographs in rows; in columns the original and what three predictors "
    "ask for",
)

# %% [markdown]
# ## What does prediction want of shapes?
#
# Photographs hold too much at once, so ask with drawings: a disc, a ring, a star, waves, letters, scattered discs, a square on its corner. And ask four ways:
# through the predictor as it is; on the article's grid of tiles alone, which never shifts; and through two predictors that were trained briefly for
# this, alike in all but one thing. One saw the training pictures *upright*, the other saw them *turned* by 45 degrees.

# %%
drawn, drawings = chapter.measured("shapes")
ways = {
    "x": "drawn",
    "good": "moved",
    "fixed grid": "on one grid",
    "upright": "upright",
    "turned": "turned",
}
some = ["circle", "ring", "square on a corner", "star", "waves"]

# %%
chapter.show(
    plots.image_grid(
        {
            text: {name: drawings[f"{name}/{way}"] for name in some}
            for way, text in ways.items()
        }
    ),
    "shapes.png",
    caption="Drawn shapes, and what four descents make of them. Compare the last "
    "two rows: after a short training on upright pictures a predictor draws the "
    "circle towards a square, and after one on pictures that stood on their corner "
    "towards a diamond. Both networks are built alike.",
    alt="Five drawn shapes in columns, and below each what four descents made of "
    "it: nearer to squares in the row of upright pictures, nearer to diamonds in "
    "the row of turned ones",
)

# %%
looked = {}
for way, text in ways.items():
    rows = drawn["before" if way == "x" else way]
    looked[text] = {
        f"{name}, along the {key}": rows[name][f"along_{key}"]
        for name in ("circle", "ring")
        for key in ("axes", "diagonals")
    }
    means = drawn["means"]["before" if way == "x" else way]
    looked[text] |= {key: means[key] for key in ("corners", "curvature", "error")}

# %%
chapter.show(
    pd.DataFrame(looked).T.round(3),
    "shapes.csv",
    caption="Of two round things, the share of edges that run within 15 degrees of "
    "upright or level, and of the diagonals: a third each where they are round. Over "
    "all drawings, corners, from 0 for straight lines to a half; the curvature of "
    "edges, in 1 / pixels; and the judge's error, the drawing is 1: letters and "
    "waves make most of that; the circle, the ring and the square on its corner "
    "gain at most 3 in 100, but for the ring by the network of upright pictures.",
)

# %% [markdown]
# The networks of the last two rows, one of each kind, differ in nothing but what they saw (turned pictures are also a little softer, but alike in all directions). So most of
# the pull to the axes is not the network's, whose four sides stayed where they were. It is learnt: most edges that it was shown are upright and level, or were before they were
# turned, and what it has learnt it wants to see. Compare these two with the predictor
# of the second row, which saw upright pictures for longer: where it asks for more or less, whether a longer training, larger crops or something else is the reason, is not known. A grid of tiles
# that never shifts adds a pull of its own; the descent draws the grid anew at each step.

# %% [markdown]
# ## A network that has learnt to descend
#
# Can a network do what the descent does, without its many steps? From the picture alone ours did not learn which way a thing has to go: that depends on what the
# predictor expects there. So the mover, `improvers/mover.py`, looks as the descent looks. It draws the picture by the field as it stands and lets the predictor,
# which is a part of it, guess the whole. At each node of the field a small network, the same at every look, is told what is seen there, where the guess differs,
# which way the picture would have to slide to come nearer to it, and what it kept in mind of earlier looks. It answers with a step. It takes no gradient: which
# step lowers the loss it has learnt, on the training pictures, through the frozen predictor. Here it is at work, look by look:

# %%
g = chapter.improver("mover").network
state = torch.zeros(1, 10, *(n - 1 for n in fields.grid_of(h, w, 4)))
for look in range(5):
    u = fields.follow(fields.velocity(state[:, :2], h, w), h, w)
    y = fields.moved(x, u)
    far = torch.linalg.vector_norm(u, dim=1).mean()
    error = ab.phase_averaged(f, y).item()
    print(f"after {look} looks: {far:.2f} pixels, MAE(y,z) {error:.4f}")
    with torch.no_grad():
        z = ab.full_prediction(g.eye, y, phase=PHASES[look % len(PHASES)])
        state = g.look(y, z, state)

# %% [markdown]
# The pipeline's mover after its four looks, and after fewer and more, over all test photographs. Beside it stands the descent after fewer steps and more. A step of the
# descent looks at the picture once as well, but needs a gradient for it, which costs about twice as much again. This run's mover learnt for minutes of one core, that of
# [the reference run](../reference.md) for seven minutes of a GPU, from some two hundred times as many pieces, of photographs.

# %%
mover = chapter.judged("mover")
curves = {}
for label, key in (("plain", "error_judge"), ("by area", "error_judge_by_area")):
    for who, tests, start in (
        ("descent", found["looks"], found["original_of_few"]),
        ("mover", mover["looks"], found["original"]),
    ):
        errors = [test[key] / start["error_judge"] for test in tests.values()]
        curves[f"{who}, {label}"] = ([0, *map(int, tests)], [1.0, *errors])

# %%
chapter.show(
    plots.lines(
        curves,
        xlabel="looks of the mover, steps of the descent",
        ylabel="error, the photograph is 1",
    ),
    "looks.png",
    caption="The judge's errors after so many looks: the mover over all test "
    "photographs, the descent over two. Plainly the mover is ahead at the left, "
    "where the descent has hardly begun; by area look whether it gains anything. It "
    "was trained with four looks.",
    alt="Line chart of the judge's errors against the number of looks, for the "
    "mover and for the descent",
)

# %%
movers = {f"mover, looks: {n}": mover["looks"][n] for n in ("1", "4", "16")}
movers["descent"] = found["wishes"]["both"]
table = compared(movers, found["original"])
if full := chapter.reference("improvers/mover", None):
    rows = {"reference run, looks: 4": full["test"]}
    original = chapter.reference("moving")["original"]
    table = pd.concat([table, compared(rows, original)])
chapter.show(
    table,
    "mover.csv",
    caption="The mover of this run after one look, four and sixteen, and the "
    "descent with the wish both, which weighs areas more and detail less, by the "
    "judge; last the mover of the reference run, "
    "on its own photographs and by its own judge. The photographs are 1.",
)


# %%
def moved_by_all(name):
    x = pictures[f"{name}/x"]
    better = ab.load_improver("reference/mover")
    return {
        "photograph": x,
        "mover": ab.improve(g, x),
        "reference mover": ab.improve(better, x),
        "three times": ab.improve(better, x, times=3),
        "descent": pictures[f"{name}/both"],
    }


# %% tags=["hide-input"]
chapter.show(
    plots.image_grid(
        {name.replace("_", " "): moved_by_all(name) for name in names}
    ),
    "mover.jpg",
    caption="What the mover of this run makes of photographs, that of the "
    "reference run, and that one applied to its own result, beside the descent. "
    "Look at edges: which of them become straight?",
    alt="Photographs in rows; in columns the original, the results of two movers, "
    "of one of them three times over, and of the descent",
)

# %% [markdown]
# ## Move first, then paint
#
# A painter does both: puts the shapes right, and fills them with few colours. The second of these a plain filter can do. Mean shift brings each
# pixel to the commonest colour near it, so it flattens what is inside and leaves edges where they are. Put it after the reference mover, applied twice, and
# compare with the same filter, as strong, on the photograph. It costs what was moved more of its edges, so this is no contest; it is for the eye.


# %%
def painted_and_moved(x):
    flatten, better = FILTERS["mean_shift"], ab.load_improver("reference/mover")
    shapes = ab.improve(better, x, times=2)
    return {
        "photograph": x,
        "painted": flatten(x, 24),
        "moved": shapes,
        "moved, then painted": flatten(shapes, 24),
    }


both_ways = {name: painted_and_moved(pictures[f"{name}/x"]) for name in names}
judge, rows = ab.predictor("judge"), []
for ways in both_ways.values():
    x = ways["photograph"]
    for label, y in ways.items():
        error = ab.phase_averaged(judge, y) / ab.phase_averaged(judge, x)
        kept = [of(x, y).item() for of in (high_frequency_kept, steep_edges_kept)]
        rows.append([label, error.item(), *kept])

# %%
columns = ["", "error", "fine detail", "steep edges"]
chapter.show(
    pd.DataFrame(rows, columns=columns).groupby("", sort=False).mean().round(3),
    "painted.csv",
    caption="The judge's plain error, fine detail and steep edges: means over the "
    "pictures below, each photograph is 1.",
)

# %% tags=["hide-input"]
chapter.show(
    plots.image_grid(
        {name.replace("_", " "): ways for name, ways in both_ways.items()}
    ),
    "painted.jpg",
    caption="A filter alone, the mover alone, and the filter after the mover. Look "
    "at the last column for shapes that the second does not have.",
    alt="Photographs in rows; in columns the original, flattened by a filter, moved, "
    "and moved and then flattened",
)

# %% [markdown]
# ## What failed
#
# - **Holding areas.** Compare the row *areas held* in the first table. Its flow has a coarser grid, on which the wish *both* does little either: see the rows of coarser
#   grids. So how much could be gained without growing is not settled.
# - **This run's mover.** It gains plainly, and by area nothing: dull regions that grew. The reference mover, which learnt for longer and from photographs, gains by area as well, but less than the best filter, and three quarters of what it gains plainly is dull regions that grew.
# - **The plain wish alone.** Compare its two errors in the first table. What it gains plainly and not by area is dull regions that grew.
# - **A network that moves at once.** A U-Net that gives the field from the picture alone, trained through the predictor with the same wish, stayed a copy whatever
#   we tried. It does not help it to be shown the fields that descent found. These were trials, and none is part of the pipeline.
# - **Looking longer.** The mover was trained with four looks. In [the reference run](../reference.md) eight gain nothing plainly over four, and thirty-two undo most of
#   what was gained. In this run, whose mover goes less far at each, sixteen gain more plainly than four, and nothing by area. Whether one that was trained with more would go on as the descent does, we have not tried.
# - **The ratio, once more.** Compare the row *progress* in the first table. The article's ratio does rise when it is asked for (in the reference run from 1.22 to 1.39, by the two predictors that were descended through, which are no judges), but
#   the picture becomes *harder* to guess, and by area harder still, as after a random flow: so it is not that busy things grew.
# - **Trained to be timid.** In training the mover is told things as they are. In use they are softened first: a twelfth comes from each side, along rows and then along columns. That was found by
#   accident, when pictures whose sides are no multiples of four, which had been resampled, came out better. On ten training photographs at reference scale, shares of 0, 1/16, 1/12 and 1/8
#   left 0.85, 0.82, 0.82 and 0.81 of the error, and steep edges at 1.18, 1.07, 1.02 and 0.94 of what they were; so 1/12 was taken, the softest that kept all of them (on the test photographs it keeps 0.95). Trainings in
#   which things were softened from the beginning ended as timid as those without. Why it does not learn by itself to go as far, we do not know.
# - **More of everything.** What helped the reference mover most was more pieces of photographs a step: with 4 it left 0.82 of the error, with 24 it leaves 0.79. A wish with more weight on areas (0.65 in place of
#   0.5) trades the one for the other, and twice as many channels help a little: together they left 0.83 plainly and 0.92 by area, with 0.93 of the steep edges. These were trials by hand, and their movers are not kept.
# - **Edges, at first.** Asked to keep the finest detail and the steepest edges from pixel to pixel, the mover kept just these, by drawing soft edges jagged. `k_coarse`
#   asks the same of means of 2 x 2 pixels. Asked for too much of that from the beginning, it stayed a copy.
# - **Beauty.** Whether what was moved is more beautiful, nobody was asked.
