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
# # What if it is done again and again?
#
# A commenter of the article proposed to improve the improved picture, and that one again, and expected the Black Square. Here every improver is
# applied to its own result fifty times.

# %% tags=["parameters", "hide-input"]
# Change the experiment here, for example many = {"times": 200}; empty: as params.yaml says.
many = {}

# %% tags=["remove-input"]
import textwrap

import pandas as pd
from IPython.display import Markdown

from abstract_beauty.book import plots
from abstract_beauty.chapter import Chapter
from abstract_beauty.experiments.many import FRAMES

chapter = Chapter("09_many_times", many=many)
numbers, pictures = chapter.many()
titles = chapter.titles()
times = chapter.params.many.times
folder = chapter.folder

# %% tags=["hide-input"]
ends = {}
for name, row in numbers.items():
    ends.setdefault(row["ends"], []).append(titles[name])
Markdown(
    f"**In numbers.** After {times} times: "
    + "; ".join(
        f"*{end}*: {len(which)} of {len(numbers)} ({' · '.join(which)})" for end, which in ends.items()
    )
    + "."
)

# %% tags=["hide-input"]
stages = sorted({n for n in (*FRAMES, times) if n <= times})
film = {
    "\n".join(textwrap.wrap(titles[name].removeprefix("smoothing, "), 9)): {
        str(n): pictures["x/0" if n == 0 else f"{name}/{n}"][0]
        for n in stages
        if n == 0 or f"{name}/{n}" in pictures
    }
    for name in numbers
}
plots.show(
    plots.image_grid(film),
    folder / "film.jpg",
    caption="A film strip for each improver: the photograph, and what is left of it after so many times. Go along a row and look for the "
    "moment when the picture stops being one.",
    alt="A table of small pictures: in rows the improvers, in columns the number of times they were applied",
)

# %% tags=["hide-input"]
moving = [name for name in chapter.params.book.film if name in numbers]
frames = [{titles[name]: pictures["x/0" if n == 0 else f"{name}/{n}"][0] for name in moving} for n in stages]
plots.show_animation(
    [plots.image_row({f"{label}\n{n} times": one for label, one in frame.items()}) for n, frame in zip(stages, frames, strict=True)],
    folder / "film.gif",
    caption="The same as a film: three improvers side by side, each applied to its own result.",
    alt=f"An animation of {len(moving)} pictures side by side while their improvers are applied again and again",
)  # fmt: skip

# %% [markdown]
# ## Where does it lead?
#
# Three things can happen: it comes to rest at a picture that it leaves as it is (a *fixed point*); it goes on; or everything becomes one flat
# colour. The distance of the pixels from their picture's mean colour tells the last from the others, the change from one time to the next
# the first two.


# %% tags=["hide-input"]
def chart(key, label, path, caption, which):
    """One quantity against the number of times."""
    return plots.show(
        plots.lines(
            {titles[one]: (list(range(len(numbers[one][key])))[:: max(1, times // 10)], numbers[one][key][:: max(1, times // 10)]) for one in which},
            "times", label,
        ),
        path,
        caption=caption,
        alt=f"Line chart of {label} against the number of times an improver was applied",
    )  # fmt: skip


some = [
    name
    for name in ("smoothing", "smoothing_unet", "black_square", "ratio_progress", "held", "target")
    if name in numbers
]

# %% tags=["hide-input"]
chart(
    "flat", "distance from the mean colour", folder / "flat.png",
    "How far the pixels are from their picture's mean colour: at 0 lies the flat square, black or not. See who gets there and how fast.", some,
)  # fmt: skip

# %% tags=["hide-input"]
chart(
    "error", "MAE(y,z)", folder / "error.png",
    "The good predictor's error. For most, once more is easier to guess than once; one that is asked for a given error, and no less, goes up as often as down.", some,
)  # fmt: skip

# %% tags=["hide-input"]
pd.DataFrame(
    {
        titles[name]: {
            "MAE(x,y) once": f"{row['moved'][1]:.4f}",
            f"MAE(x,y) after {times}": f"{row['moved'][-1]:.4f}",
            "last step": f"{row['step'][-1]:.5f}",
            "distance from flat, times the photograph's": f"{row['flat'][-1] / row['flat'][0]:.2f}",
            "becomes": row["ends"],
        }
        for name, row in numbers.items()
    }
).T

# %% [markdown]
# ## What failed

# %% tags=["hide-input"]
flat = ends.get("flat colour", [])
Markdown(
    f"- **The commenter's guess.** {'Everything' if len(flat) == len(numbers) else 'Not everything'} becomes a flat square: {len(flat)} of {len(numbers)} do after {times} times. "
    f"Those that stand still have found a picture that they take for perfect; none of them was trained on its own results, though.\n"
    f"- **Another starting point.** {chapter.params.many.pictures} squares of {chapter.params.many.side} pixels. At their edges an improver knows less, and fifty times over the edge creeps inwards."
)
