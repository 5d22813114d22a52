"""The grid of tiles against one written pixel by pixel: what a tile is shown, what is hidden of it, in which order."""

import itertools

import numpy as np
import pytest
import torch

from abstract_beauty.prediction.full_prediction import (
    CONTEXT,
    MARGIN,
    TILE,
    completed_and_hidden,
    contexts,
    full_prediction,
)

GRIDS = [((40, 70), (0, 0)), ((33, 32), (0, 31)), ((64, 45), (7, 1)), ((100, 64), (16, 16))]


def edges(size, phase):
    """Where the tiles of an axis begin: at phase + 32k, the first at or before the image's edge."""
    return [first for first in range(phase - TILE, size, TILE) if first + TILE > 0]


def shown(size, begin):
    """The line of the image that each line of a context shows."""
    padded = np.pad(np.arange(size), 200, mode="reflect")
    return padded[200 + begin - MARGIN : 200 + begin + TILE + MARGIN]


def own(size, begin):
    """Which lines of a context are the tile's own: its place in the centre, and what the mirror shows of it again."""
    centre = (np.arange(CONTEXT) >= 48) & (np.arange(CONTEXT) < 80)
    inside = [line for line in range(begin, begin + 32) if 0 <= line < size]
    return centre | np.isin(shown(size, begin), inside)


@pytest.mark.parametrize(("size", "phase"), GRIDS)
def test_contexts_are_what_reflection_shows_and_hide_what_is_the_tile_s_own(size, phase):
    y = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    context, hidden = contexts(y, phase)
    places = list(itertools.product(range(2), edges(size[0], phase[0]), edges(size[1], phase[1])))
    assert len(context) == len(hidden) == len(places)
    for at, (image, top, left) in enumerate(places):
        rows, columns = shown(size[0], top), shown(size[1], left)
        assert torch.equal(context[at], y[image][:, rows][:, :, columns])
        expected = own(size[0], top)[:, None] & own(size[1], left)[None, :]
        assert np.array_equal(hidden[at, 0].numpy(), expected)


@pytest.mark.parametrize(("size", "phase"), GRIDS)
def test_one_pass_is_given_the_whole_completed_image(size, phase):
    y = torch.rand(1, 3, *size)
    completed, rows, columns = completed_and_hidden(y, phase)
    for axis, hidden in enumerate((rows, columns)):
        begins = edges(size[axis], phase[axis])
        assert np.array_equal(hidden.numpy(), np.stack([own(size[axis], begin) for begin in begins]))
        assert completed.shape[2 + axis] == 32 * len(begins) + 96
    lines = [[shown(size[axis], begin) for begin in edges(size[axis], phase[axis])] for axis in range(2)]
    assert torch.equal(completed[0, :, :128, -128:], y[0][:, lines[0][0]][:, :, lines[1][-1]])


class Recorder:
    """A predictor that remembers how many tiles it was asked for together, and answers with its tile's brightness."""

    def __init__(self, scale=1.0, shift=0.0):
        self.calls, self.scale, self.shift, self.passes = [], scale, shift, 0

    def __call__(self, context, hidden):
        self.calls.append(len(context))
        return context[..., 48:80, 48:80] * self.scale + self.shift


class Strips(Recorder):
    """The same in one pass."""

    def one_pass(self, strip, rows, columns):
        assert rows.shape[1:] == (strip.shape[2] // 32 - 3, 128)
        assert columns.shape[1:] == (strip.shape[3] // 32 - 3, 128)
        self.passes += 1
        self.calls.append(rows.shape[1] * columns.shape[1] * len(strip))
        return strip[..., 48:-48, 48:-48] * self.scale + self.shift


@pytest.mark.parametrize(
    ("kind", "method", "at_once", "calls"),
    [
        (Recorder, "auto", 1, [6, 6, 6]),
        (Recorder, "batched", 11, [6, 6, 6]),
        (Recorder, "batched", 12, [12, 6]),
        (Recorder, "auto", None, [18]),
        (Recorder, "loop", None, [1] * 18),
        (Strips, "auto", 12, [12, 6]),
        (Strips, "one_pass", None, [18]),
        (Strips, "batched", 12, [12, 6]),
    ],
)
def test_so_many_tiles_are_predicted_together_and_at_least_one_row(kind, method, at_once, calls):
    y = torch.rand(2, 3, 70, 90)
    f = kind()
    assert torch.equal(full_prediction(f, y, method=method, tiles_at_once=at_once), y)
    assert f.calls == calls
    assert f.passes == (len(calls) if kind is Strips and method != "batched" else 0)


def test_the_article_s_grid_is_the_one_without_a_word():
    y = torch.rand(1, 3, 40, 70)
    assert torch.equal(full_prediction(Recorder(), y), full_prediction(Recorder(), y, (0, 0)))
    for cut in (contexts, completed_and_hidden):
        assert all(torch.equal(*pair) for pair in zip(cut(y), cut(y, (0, 0)), strict=True))


@pytest.mark.parametrize("kind", [Recorder, Strips])
def test_a_prediction_beyond_the_range_is_clamped(kind):
    y = torch.rand(1, 3, 40, 40)
    assert torch.equal(full_prediction(kind(3.0, -1.0), y), (3 * y - 1).clamp(0, 1))
