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
# Whoever shall guess the hidden part of a picture must have seen pictures before. Here nothing is downloaded: most of what the
# networks learn from is drawn by a small program, and they are tested on real photographs that they have never seen.

# %% tags=["parameters", "hide-input"]
# Try other pictures here, for example data = {"generated": 60}; empty: as params.yaml says.
data = {}

# %% tags=["remove-input"]
from collections import Counter

import pandas as pd
import torch
from IPython.display import Markdown

from abstract_beauty.book import plots, tables
from abstract_beauty.chapter import Chapter
from abstract_beauty.data import read_manifest
from abstract_beauty.files import read_json
from abstract_beauty.measures import statistics

chapter = Chapter("01_data", data=data)
manifest, summary = read_manifest(chapter.project.data), read_json(chapter.project.results / "data.json")
train, test = chapter.pictures("train"), chapter.pictures("test")
kind_of = {picture.name: picture.kind.removeprefix("generated:") for picture in manifest.pictures}
folder = chapter.folder

# %% tags=["hide-input"]
kinds = Counter(kind_of[picture.name] for picture in train)
photographs = kinds["photograph"]
Markdown(
    f"**In numbers.** {len(train)} pictures to learn from, {len(train) - photographs} of them drawn by a program and "
    f"{photographs} photographs; {len(test)} other photographs to be tested on."
)

# %% tags=["hide-input"]
# Three pictures a kind, spread over all there are of it; a row holds two kinds.
groups = {kind: [picture for picture in train if kind_of[picture.name] == kind] for kind in sorted(kinds)}
by_kind = {kind: group[:: max(1, len(group) // 3)][:3] for kind, group in groups.items()}
sheet = [(kind.replace("-", " "), picture.image) for kind, three in by_kind.items() for picture in three]
plots.show(
    plots.contact_sheet(sheet, columns=6),
    folder / "train.jpg",
    caption="What there is to learn from, three pictures of each kind. Look at edges and at what lies behind them: a thing "
    "hides what is behind it, light falls softly, and the same shapes come back at all sizes. These are what a guesser "
    "can learn.",
    alt="A sheet of small pictures, three of each kind: " + ", ".join(by_kind),
)

# %% [markdown]
# ## Why these kinds?
#
# The article that began this opens with clouds, graphs of formulas, foliage and buildings as things that we find beautiful. So
# these are four of the kinds here. The fifth, **dead leaves**, is older: discs and patches of random size fall on top of each
# other until nothing is bare. It looks like nothing in particular, yet it has much of what makes natural images natural:
# edges, occlusion, and no preferred size. Networks that learned from such pictures see photographs surprisingly
# well {cite:p}`baradad2021,achddou2025`.
#
# Every picture has its own random numbers, made from the seed, its kind and its number, so the same seed gives the same bytes on
# any day.

# %% tags=["hide-input"]
plots.show(
    plots.contact_sheet([(picture.name.replace("_", " "), picture.image) for picture in test], columns=3),
    folder / "test.jpg",
    caption="The photographs to be tested on. No network of this book has learnt from any of them, so every number about "
    "photographs in the later chapters comes from here. They are few: think of the numbers as coming from this handful.",
    alt="A sheet of the test photographs with their names",
)

# %% [markdown]
# ## The list
#
# What is in the folder is written down picture by picture in a manifest, with a hash of each file. In short:

# %% tags=["hide-input"]
listed = [
    {"split": split, "kind": kind.replace("generated:", "drawn: "), "pictures": count}
    for split in ("train", "test")
    for kind, count in summary[split]["kinds"].items()
]
pd.DataFrame(listed).set_index(["split", "kind"])

# %% tags=["hide-input"]
pixels = summary["train"]["pixels"] + summary["test"]["pixels"]
Markdown(
    f"Together {pixels / 1e6:.1f} million pixels from the source *{summary['source']}* with the seed {summary['seed']}; "
    f"{summary['skipped']} files were skipped. One hash over all of them, which every trained network carries with it: "
    f"`{summary['sha256'][:16]}…`"
)

# %% [markdown]
# ## Do drawn pictures look like photographs?
#
# There is an old and simple test. Take a picture apart into waves, from slow (a sky that grows darker) to fast (grass),
# and see how strong each is. In photographs of nature the strength falls in proportion to the frequency: twice as fine, half
# as strong. On axes where each step is a factor, this is a straight line with a slope near −1.

# %% tags=["hide-input"]
tables.Source(statistics.spectral_slope)


# %% tags=["hide-input"]
def spectrum(chosen):
    """Mean amplitude at each frequency over some pictures of any sizes."""
    pairs = [statistics.amplitude_spectrum(picture.image[None].float() / 255) for picture in chosen]
    held = [(amplitudes > 0) for _, amplitudes in pairs]
    total = torch.cat([amplitudes for _, amplitudes in pairs]).sum(0)
    return pairs[0][0], total / torch.cat(held).sum(0).clamp(min=1)


drawn = [picture for picture in train if kind_of[picture.name] != "photograph"]
spectra = {"drawn, train": spectrum(drawn or train), "photographs, test": spectrum(test)}

# %% tags=["hide-input"]
lines = {name: (frequency[up > 0], up[up > 0]) for name, (frequency, up) in spectra.items()}
figure = plots.lines(lines, "spatial frequency, cycles per pixel", "mean amplitude", logarithmic_x=True)
figure.axes[0].set_yscale("log")
figure.axes[0].set_xticks([0.02, 0.05, 0.1, 0.2], labels=["0.02", "0.05", "0.1", "0.2"])
figure.axes[0].set_yticks([0.02, 0.05, 0.1, 0.2, 0.5], labels=["0.02", "0.05", "0.1", "0.2", "0.5"])
figure.axes[0].tick_params(axis="both", which="minor", labelbottom=False, labelleft=False)
plots.show(
    figure,
    folder / "spectrum.png",
    caption="How strong waves of each fineness are, in drawn pictures and in the test photographs; both axes are logarithmic. "
    "See whether the two lines run side by side: the same slope means the same balance of coarse and fine.",
    alt="Line chart on logarithmic axes of amplitude against spatial frequency for drawn pictures and test photographs",
)

# %% tags=["hide-input"]
slopes = {
    kind.replace("-", " "): statistics.spectral_slope(*spectrum(chosen)) for kind, chosen in groups.items()
}
slopes["all test photographs"] = statistics.spectral_slope(*spectrum(test))
pd.DataFrame({"slope of the amplitude": {name: f"{slope:.2f}" for name, slope in slopes.items()}})

# %% [markdown]
# A slope nearer to 0 means more fine detail than a photograph of nature has, a steeper one means less. Kinds differ on purpose:
# clouds are soft, graphs are sharp. What counts is that their mixture is not far from the photographs.

# %% [markdown]
# ## What the networks are shown of it
#
# While a predictor learns it is not shown whole pictures but squares of 128 pixels, taken anywhere, mirrored, turned, and a little
# darker now and then. The centre of each is hidden:

# %% tags=["hide-input"]
from abstract_beauty.training.batches import Tiles

tiles = Tiles(tuple(picture.image for picture in train), 8, chapter.params.seed)
contexts, hidden = tiles(0)
plots.show(
    plots.contact_sheet(
        [("", torch.where(hole, torch.ones(()), one)) for one, hole in zip(contexts, hidden, strict=True)]
    ),
    folder / "contexts.jpg",
    caption="Eight squares as a predictor sees them, white where it may not look. Try it yourself: what is in the hole? "
    "Where a square reaches over the edge of its picture, it goes on as in a mirror, and there the mirror image of the "
    "hidden part is white too.",
    alt="Eight square cuttings from training pictures, each with a white square of a sixteenth of its area in the centre",
)

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
nature, ours = slopes["all test photographs"], statistics.spectral_slope(*spectra["drawn, train"])
sides = {name: slope for name, slope in slopes.items() if name not in ("photograph", "all test photographs")}
furthest = max(sides or slopes, key=lambda name: abs(slopes[name] - nature))
Markdown(
    f"- **The balance of coarse and fine.** The drawn pictures have a slope of {ours:.2f}, the test photographs "
    f"{nature:.2f}. Furthest from them are the pictures of *{furthest}* with {slopes[furthest]:.2f}.\n"
    f"- **Things.** A slope says nothing about eyes, cups and letters. Nothing drawn here has a face, a hand or a word, so no "
    f"network can know that a second eye comes with the first.\n"
    f"- **Light.** Shadows and reflections are painted on, not cast by a sun that the whole picture shares.\n"
    f"- **Few judges.** {len(test)} test photographs are too few to tell small differences apart."
)
