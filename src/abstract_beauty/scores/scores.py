"""Scores of one picture: how predictable it is, how much there was to learn in it, how complex people would call it.

A new score is a function of a `Look` and a row of SCORES: command line, study of ratings and book read them from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from abstract_beauty.data.images import resize_short_side
from abstract_beauty.prediction import predictability as errors
from abstract_beauty.prediction.full_prediction import TILE, Phase, Predictor, full_prediction
from abstract_beauty.scores import Measure
from abstract_beauty.weights import load_predictor

# Larger pictures are reduced to this short side before they are scored: a tile of 32 pixels then covers much the same
# part of any photograph, and a camera's resolution does not decide how predictable its pictures are.
WORKING_SIDE = 512
SCALES = (64, 128, 256)  # short sides to look from as well: a tile is a half to an eighth of the picture
# The formula of complexity. It was chosen on two sets of rated pictures, one of them deciding for the other, and is
# fixed: one formula for every kind of picture.
NOTICED = 0.05  # an error of a twentieth of the range counts half
GLANCE, TEXTURE = 128, 256
DISCOUNT = 0.5
FRAME = 3.5 / 255  # a border row within 3 levels of the corner everywhere is frame, not picture
SMALLEST_TRIMMED = 2 * TILE


def missed(y: Float[Tensor, "b 3 h w"], z: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b"]:
    """The share of pixels that a prediction misses: mean of e^2 / (e^2 + NOTICED^2), e a pixel's mean error; 0 to 1.

    Unlike MAE(y, z) it hardly asks how wrong a pixel is: a miss is a miss, in a pale drawing as in a stark one.
    """
    squared = errors.error_map(y, z).square()
    return (squared / (squared + NOTICED**2)).mean(dim=(1, 2))


def _share(y: Float[Tensor, "1 3 h w"], grids: Sequence[Float[Tensor, "1 3 h w"]]) -> float:
    return sum(float(missed(y, z)) for z in grids) / len(grids)


@torch.no_grad()
def share_missed(picture: Float[Tensor, "3 h w"], f: Predictor, phases: Sequence[Phase]) -> float:
    """What a predictor misses of a picture, averaged over grids; 0 to 1."""
    return _share(picture[None], [full_prediction(f, picture[None], phase) for phase in phases])


def trimmed(picture: Float[Tensor, "3 h w"]) -> Float[Tensor, "3 h2 w2"]:
    """The picture without a plain frame of its corner's colour, if what is left has at least 64 pixels a side."""
    corner = picture[:, :1, :1]
    drawn = ((picture - corner).abs() > FRAME).any(0)
    if not drawn.any():
        return picture
    rows, columns = drawn.any(1).nonzero().flatten(), drawn.any(0).nonzero().flatten()
    inside = picture[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return inside if min(inside.shape[1:]) >= SMALLEST_TRIMMED else picture


class Look:
    """A picture in [0, 1], h and w >= 32, as the scores see it: what several need is computed once, when one asks.

    The predictors f are "good", "bad" and "linear", the fill that knows only a tile's border.
    """

    def __init__(self, picture: Float[Tensor, "3 h w"], f: Mapping[str, Predictor]):
        self.picture, self.f = picture, f
        self._guessed: dict[tuple, tuple[Tensor, list[Tensor]]] = {}

    @torch.no_grad()
    def guessed(
        self, name: str, part: Literal["whole", "inside"], side: int
    ) -> tuple[Float[Tensor, "1 3 h w"], list[Float[Tensor, "1 3 h w"]]]:
        """`whole` or `inside` reduced to a short side, and a predictor's guess of it on each of four grids."""
        if part == "inside" and self.inside is self.whole:
            part = "whole"
        key = name, part, side
        if key not in self._guessed:
            small = resize_short_side(getattr(self, part), side)[None]
            grids = [full_prediction(self.f[name], small, phase) for phase in errors.PHASES]
            self._guessed[key] = small, grids
        return self._guessed[key]

    @cached_property
    def whole(self) -> Float[Tensor, "3 h w"]:
        """The picture at the working size."""
        return resize_short_side(self.picture, WORKING_SIDE)

    @property
    def y(self) -> Float[Tensor, "1 3 h w"]:
        """The same, as a batch of one."""
        return self.whole[None]

    @cached_property
    def z(self) -> Float[Tensor, "1 3 h w"]:
        """The good predictor's full prediction of y."""
        return full_prediction(self.f["good"], self.y)

    @cached_property
    def inside(self) -> Float[Tensor, "3 h w"]:
        """The picture without its frame, at the working size; y itself where it has none."""
        inside = trimmed(self.picture)
        return self.whole if inside.shape == self.picture.shape else resize_short_side(inside, WORKING_SIDE)

    @cached_property
    def glance(self) -> float:
        """The share that the good predictor misses when a tile is a quarter of the picture."""
        return _share(*self.guessed("good", "inside", GLANCE))

    @cached_property
    def texture(self) -> float:
        """The share that a linear continuation of borders misses nearer by: what surprises pixels but not people."""
        return _share(*self.guessed("linear", "inside", TEXTURE))


def error(look: Look) -> float:
    """MAE(y, z) at the working size, on the article's grid, in [0, 1]; lower is more predictable."""
    return float(errors.predictability(look.y, look.z))


def progress(look: Look) -> float:
    """MAE(y, z_bad) / MAE(y, z_good): how much there was to learn; above 1 where training helped."""
    return float(errors.progress(look.y, full_prediction(look.f["bad"], look.y), look.z))


def structure(look: Look) -> float:
    """1 - MAE(y, z_good) / MAE(y, z_linear): of what a tile's border does not tell, the share the good predictor knows.

    0 where there is nothing but lines to go on; below 0 where the linear fill is better.
    """
    of_linear = float(errors.predictability(look.y, full_prediction(look.f["linear"], look.y)))
    return 1 - max(error(look), errors.SMALLEST_ERROR) / max(of_linear, errors.SMALLEST_ERROR)


def complexity_of(look: Look) -> float:
    """How complex people would call a picture: what cannot be foreseen in it at a glance, less half of its texture.

    complexity = missed(good, at 128 pixels) - 1/2 missed(linear, at 256 pixels), each averaged over four grids

    The first part is what the good predictor misses when a tile is a quarter of the picture; the second what a linear
    continuation of borders misses in the fine texture, which surprises pixels but not people. The plain frame
    round a picture is trimmed, and pictures are reduced, never enlarged.
    """
    return look.glance - DISCOUNT * look.texture


def error_at(look: Look, side: int) -> float:
    """MAE(y, z) of the picture reduced to a short side, averaged over four grids; lower is more predictable."""
    y, grids = look.guessed("good", "whole", side)
    return float(torch.stack([errors.predictability(y, z) for z in grids]).mean(dim=0))


SCORES: dict[str, Measure] = {
    "predictability": Measure(error, "MAE(y,z) at full size"),
    "progress": Measure(progress, "progress"),
    "structure": Measure(structure, "structure"),
    "complexity": Measure(complexity_of, "complexity"),
    **{
        f"predictability_{side}": Measure(
            partial(error_at, side=side), f"MAE(y,z) at {side} pixels", printed=False
        )
        for side in SCALES
    },
}


class Scores(SimpleNamespace):
    """What predictors say of one picture: predictability, progress, structure, complexity and the others of SCORES.

    Those that were wanted; beside them `map`, the predictability map, and `z`, the full prediction, (h, w) and
    (3, h, w) at the working size.
    """


@torch.no_grad()
def score(
    picture: Float[Tensor, "3 h w"],
    good: Predictor | None = None,
    bad: Predictor | None = None,
    linear: Predictor | None = None,
    names: Iterable[str] | None = None,
) -> Scores:
    """Score a picture, as `abstract-beauty score` does.

    Args:
        picture: in [0, 1], h and w >= 32, of any size; it is reduced to the working size. To `ab.score` also a file.
        good: the good predictor; like the others by default the reference run's.
        bad: the bad one, for progress.
        linear: the fill that knows only a tile's border.
        names: the scores that are wanted; None: all.

    Raises:
        UserError: of `ab.score`: the file cannot be read, or the picture is too small or none.
    """
    given = {"good": good, "bad": bad, "linear": linear}
    look = Look(
        picture, {name: load_predictor(f"reference/{name}") if f is None else f for name, f in given.items()}
    )
    found = {name: SCORES[name].of(look) for name in (SCORES if names is None else names)}
    return Scores(**found, map=errors.error_map(look.y, look.z)[0], z=look.z[0])


def complexity(picture: Float[Tensor, "3 h w"], good: Predictor, linear: Predictor) -> float:
    """How complex people would call a picture, by `complexity_of`; in [-0.5, 1], higher is more complex.

    The picture is in [0, 1], h and w >= 32; `good` is a good predictor, `linear` the linear fill (`reference/linear`).
    """
    return complexity_of(Look(picture, {"good": good, "linear": linear}))
