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
# # What do the networks see?
#
# Whoever is to guess the hidden part of a picture must have seen pictures before. Here nothing is downloaded: most of what the
# networks learn from is drawn by a small program, and they are tested on real photographs that they have never seen.

# %% tags=["parameters"]
# Other pictures, for example data = {"generated": 60}; empty: as in params.yaml.
data = {}

# %%
import numpy as np
import pandas as pd
import torch

from abstract_beauty.book import plots
from abstract_beauty.chapter import Chapter
from abstract_beauty.data import read_manifest, summary
from abstract_beauty.measures import statistics
from abstract_beauty.training.batches import Tiles

chapter = Chapter("01_data", data=data)
train, test = chapter.pictures("train"), chapter.pictures("test")
manifest = read_manifest(chapter.project.data)
kind_of = {entry.name: entry.kind.split(":")[-1] for entry in manifest.pictures}
kinds = {}
for picture in train:
    kinds.setdefault(kind_of[picture.name], []).append(picture.image)
print(f"{len(train)} pictures to learn from, {len(test)} to be tested on")

# %% tags=["remove-input"]
sheet = [
    (kind.replace("-", " "), images[at * len(images) // 3])
    for kind, images in sorted(kinds.items())
    for at in range(3)
]
chapter.show(
    plots.contact_sheet(sheet, columns=6),
    "train.jpg",
    caption="What there is to learn from, three pictures of each kind. Look at "
    "edges and at what lies behind them: a thing hides what is behind it, light "
    "falls softly, and the same shapes come back at all sizes. These are what a "
    "guesser can learn.",
    alt="A sheet of small pictures, three of each kind, with the name of the kind "
    "below each",
)

# %% [markdown]
# ## Why these kinds?
#
# The article that began this opens with clouds, graphs of formulas, foliage and buildings as things that we find beautiful. So
# these are four of the kinds. The fifth, **dead leaves**, is older: shapes of random size fall on top of each
# other until nothing is bare. It looks like nothing in particular, yet it has much of what makes natural images natural:
# edges, things in front of things, and no preferred size. Networks that learned from such pictures see photographs surprisingly
# well {cite:p}`baradad2021,achddou2025`.
#
# The bare recipe is short. The radii are the heart of it: their density falls with the third power, and so every
# doubling of the radius covers about as much of the picture as the one before. Draw them another way and look what is lost.

# %%
rng = np.random.default_rng(0)
rows, columns = np.mgrid[:256, :256]
leaves = np.zeros((256, 256, 3), dtype=np.float32)
for _ in range(4000):
    radius = 4 / np.sqrt(rng.random())
    row, column = rng.uniform(-64, 320, size=2)
    disc = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
    leaves[disc] = rng.random(3)
leaves = torch.from_numpy(leaves).permute(2, 0, 1)

# %%
drawn = kinds.get("dead-leaves") or [picture.image for picture in train]
chapter.show(
    plots.image_row(
        {
            "bare recipe": leaves,
            "as learnt from": drawn[0],
            "another": drawn[-1],
        }
    ),
    "leaves.jpg",
    caption="Dead leaves by the recipe above, and two as the networks learn from "
    "them. See what the longer program adds: leaves of other shapes, with light, "
    "texture, shadow and a focus.",
    alt="Three pictures of shapes that cover each other, the first of plain "
    "discs, the others of shaded and textured shapes",
)

# %% [markdown]
# Every picture has its own random numbers, made from the seed, its kind and its number, so the same seed gives the same bytes on
# any day. What was drawn is written down picture by picture in a manifest, with a hash of each file; and one hash over all
# is carried by every network that is trained on them.

# %%
whole = summary(manifest)
print(f"source {whole['source']}, seed {whole['seed']}, {whole['skipped']} skipped")
print(f"hash {whole['sha256'][:16]}")

# %% [markdown]
# ## The photographs

# %%
chapter.show(
    plots.contact_sheet(
        [(one.name.replace("_", " "), one.image) for one in test[:12]], columns=3
    ),
    "test.jpg",
    caption="The photographs to be tested on. No network here has learnt from any "
    "of them, so every number about photographs in the later chapters comes from "
    "here, but for those of the reference run. They are few: think of the numbers "
    "as coming from this handful.",
    alt="A sheet of the test photographs with their names",
)

# %% [markdown]
# ## Do drawn pictures look like photographs?
#
# There is an old and simple test. Take a picture apart into waves, from slow (a sky that grows darker) to fast (grass). The
# Fourier transform does it; leave all waves out but those of some lengths, and transform back:


# %%
def waves(x, shortest, longest):
    """What remains of x when only waves of these lengths, in pixels, stay."""
    down, across = (torch.fft.fftfreq(side) for side in x.shape[-2:])
    frequency = torch.hypot(down[:, None], across)
    kept = (frequency > 1 / longest) & (frequency <= 1 / shortest)
    return torch.fft.ifft2(torch.fft.fft2(x) * kept).real


x = test[min(2, len(test) - 1)].image / 255
bands = {
    "photograph": x,
    "longer than 32": x - waves(x, 0.1, 32),
    "8 to 32 pixels": 0.5 + waves(x, 8, 32),
    "shorter than 8": 0.5 + 4 * waves(x, 0.1, 8),
}
top, left = ((side - 128) // 2 for side in x.shape[1:])
part = (..., slice(top, top + 128), slice(left, left + 128))  # look closely

# %%
chapter.show(
    plots.image_row({name: band[part] for name, band in bands.items()}),
    "waves.jpg",
    caption="The middle of a photograph, and its long, middle and short waves "
    "alone; in the last two, grey is none, and the short ones are shown four "
    "times as strong as they are. They are what later chapters call fine detail: "
    "see which parts of a picture live there.",
    alt="A photograph and three pictures made of its waves of three ranges of "
    "length",
)

# %% [markdown]
# Now see how strong each wave is. In photographs of nature the strength falls in proportion to the frequency: twice as fine, half
# as strong. On axes where each step is a factor, this is a straight line with a slope near −1. That is so on average over very many; a
# handful may have another slope, and the table below gives that of ours.


# %%
def spectrum(images):
    """Frequencies, cycles per pixel, and the mean strength of the waves of each."""
    pairs = [statistics.amplitude_spectrum(x[None].float() / 255) for x in images]
    strength = torch.cat([strength for _, strength in pairs])
    held = (strength > 0).sum(0)  # a small picture has no wave of some lengths
    return pairs[0][0], strength.sum(0) / held.clamp(min=1)


artificial = [
    image
    for kind, images in kinds.items()
    if kind != "photograph"
    for image in images
]
spectra = {
    "drawn, to learn from": spectrum(artificial or [one.image for one in train]),
    "photographs, to be tested on": spectrum([one.image for one in test]),
}

# %% tags=["hide-input"]
figure = plots.lines(
    spectra,
    "spatial frequency, cycles per pixel",
    "mean strength",
    logarithmic_x=True,
)
axes, ticks = figure.axes[0], [0.02, 0.05, 0.1, 0.2]
axes.set_yscale("log")
axes.set_xticks(ticks, labels=ticks)
axes.set_yticks([*ticks, 0.5], labels=[*ticks, 0.5])
axes.tick_params(which="minor", labelbottom=False, labelleft=False)
chapter.show(
    figure,
    "spectrum.png",
    caption="How strong waves of each fineness are, in drawn pictures and in the "
    "test photographs; both axes are logarithmic. See whether the two lines run "
    "side by side: the same slope means the same balance of coarse and fine.",
    alt="Line chart on logarithmic axes of strength against frequency, drawn "
    "pictures and photographs",
)

# %%
groups = {
    f"{kind}, to learn from": images for kind, images in sorted(kinds.items())
}
groups["all, to learn from"] = [one.image for one in train]
groups["photographs, to be tested on"] = [one.image for one in test]
groups["the bare recipe"] = [leaves * 255]
table = pd.DataFrame(
    {
        name: {
            "pictures": len(images),
            "million pixels": sum(x[0].numel() for x in images) / 1e6,
            "slope": statistics.spectral_slope(*spectrum(images)),
        }
        for name, images in groups.items()
    }
).T.round(2)

# %%
chapter.show(
    table.astype({"pictures": int}),
    "kinds.csv",
    caption="Every kind of picture, how much there is of it, and the slope of a "
    "line through its spectrum. Compare the kinds with the test photographs: "
    "nearer to 0 means more fine detail, steeper means less.",
)

# %% [markdown]
# The kinds differ on purpose in what they show, and some of them in the balance of coarse and fine. What counts is how near their mixture, the row
# of all, comes to the photographs to be tested on.

# %% [markdown]
# ## What the networks are shown of it
#
# While it learns, a predictor like the article's is not shown whole pictures but squares of 128 pixels, its *contexts*, taken
# anywhere, mirrored, turned, and a little darker now and then. The middle of each, a *tile* of 32 by 32 pixels, is hidden, and just
# that is asked for. (The predictor of all later chapters takes larger squares and is asked for every tile of them at once.)

# %%
tiles = Tiles(
    [picture.image for picture in train], batch=8, seed=chapter.params.seed
)
context, hidden = tiles(0)
print("contexts", list(context.shape), "hidden", list(hidden.shape))
seen = torch.where(hidden, 1.0, context)

# %%
chapter.show(
    plots.contact_sheet([("", x) for x in seen]),
    "contexts.jpg",
    caption="Eight contexts as a predictor sees them, white where it may not "
    "look. Try it yourself: what is in the hole? Where a context reaches over the "
    "edge of its picture, it goes on as in a mirror, and there the mirror image "
    "of the hidden part is white too.",
    alt="Eight square cuttings from training pictures, each with a white square "
    "in the middle",
)

# %% [markdown]
# And the answers, which the network sees only through its error:

# %%
middle = slice(48, 80)
chapter.show(
    plots.contact_sheet([("", x) for x in context[..., middle, middle]], columns=8),
    "answers.jpg",
    caption="What was in the holes, in the same order. How near did you come?",
    alt="Eight small square tiles, the middles of the contexts above",
)

# %% [markdown]
# ## What failed
#
# - **The balance of coarse and fine.** Compare the slopes in the table: where they differ, the networks learn from another balance than
#   they are tested on.
# - **Things.** A slope says nothing about eyes, cups and letters. Nothing drawn here has a face, a hand or a word, so no
#   network can know that a second eye comes with the first.
# - **Light.** Shadows and reflections are painted on, not cast by a sun that the whole picture shares.
# - **Few photographs.** A handful of test photographs is too few to tell small differences apart. The reference run has real
#   photographs to learn from, and many more to be tested on.
