"""Figures: the same bytes twice, what is drawn, and no trace left in matplotlib's settings."""

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, ImageSequence

from abstract_beauty.book import plots
from abstract_beauty.book.plots.rows import fitted
from abstract_beauty.book.plots.style import WIDTH, as_array
from abstract_beauty.errors import UserError


def picture(height: int = 64, width: int = 96, seed: int = 0) -> torch.Tensor:
    """A picture of soft noise."""
    coarse = torch.rand(1, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")[0]


def table(seed: int) -> pd.DataFrame:
    """A noisy loss curve."""
    return pd.DataFrame({"step": range(60), "loss": np.random.default_rng(seed).normal(0.3, 0.01, 60)})


X, Y, TALL = picture(), picture(seed=1), picture(96, 64, seed=2)
MAP = (X - Y).abs().mean(0)

FIGURES = {
    "image_row": lambda: plots.image_row({"x": X, "y\n(two lines)": Y}, {"x": "MAE 0.1"}),
    "image_grid": lambda: plots.image_grid({"one": {"x": X, "y": Y}, "two": {"x": X, "y": TALL}}),
    "contact_sheet": lambda: plots.contact_sheet([("a", X), ("a", TALL), ("", Y)], columns=2),
    "prediction_grid": lambda: plots.prediction_grid({"one": {"y": X, "z": Y}}, {"one": MAP}),
    "tile_grid_overlay": lambda: plots.tile_grid_overlay(picture(192, 256)),
    "teaser": lambda: plots.teaser(X, Y, MAP, {"smoother": Y, "more to learn": X}),
    "curves": lambda: plots.curves({"one": table(0), "two": table(1)}, "loss", "loss"),
    "lines": lambda: plots.lines({"a": ([0, 1], [2, 3], [0.1, 0.2])}, "k", "error", marks={"here": 0.5}),
    "bar_table": lambda: plots.bar_table({"a": 0.1, "b": 0.2}, highlight=["b"]),
    "change_plane": lambda: plots.change_plane(
        {"g": (0.02, 0.05), "h": (0.03, 0.06)}, {"blur": [(0.03, 0.05), (0.0, 0.08)]}, original=0.08
    ),
    "scatter": lambda: plots.scatter([1.0, 2.0, 4.0], [2.0, 1.0, 5.0], "x", "y"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_drawn_twice_has_the_same_bytes(name, tmp_path):
    first = plots.save(FIGURES[name](), tmp_path / "first.png").read_bytes()
    figure = FIGURES[name]()
    assert plots.save(figure, tmp_path / "second.png").read_bytes() == first
    assert plots.save(figure, tmp_path / "again.png").read_bytes() == first
    assert figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"
    image = Image.open(tmp_path / "first.png")
    assert image.width <= 7.2 * 150 and not {"Software", "Creation Time", "date"} & set(image.info)
    pixels = np.asarray(image.convert("RGB"))
    assert (pixels[0] == 255).all() and pixels.std() > 5, "a white margin, and something drawn"


def test_settings_of_the_readers_machine_neither_change_a_figure_nor_are_changed(tmp_path):
    first = plots.save(FIGURES["lines"](), tmp_path / "first.png").read_bytes()
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "black", "figure.dpi": 40}):
        before = dict(matplotlib.rcParams)
        assert plots.save(FIGURES["lines"](), tmp_path / "second.png").read_bytes() == first
        assert dict(matplotlib.rcParams) == before


def test_another_suffix_is_refused_and_a_failure_leaves_the_old_file(tmp_path):
    with pytest.raises(UserError, match=r"a\.gif: figures are written as \.png"):
        plots.save(FIGURES["lines"](), tmp_path / "a.gif")
    old = tmp_path / "old.png"
    old.write_bytes(b"old")
    broken = FIGURES["lines"]()
    broken.axes[0].set_xlabel("$\\frac{$")
    with pytest.raises(ValueError):
        plots.save(broken, old)
    assert old.read_bytes() == b"old" and [path.name for path in tmp_path.iterdir()] == ["old.png"]


def test_pictures_are_taken_in_every_usual_form():
    expected = as_array(X)
    assert expected.shape == (64, 96, 3) and expected.dtype == np.uint8
    for same in (X[None], X.double(), torch.from_numpy(expected.transpose(2, 0, 1).copy())):
        assert np.array_equal(as_array(same), expected)
    assert np.array_equal(as_array(torch.full((3, 2, 2), 2.0)), np.full((2, 2, 3), 255))


def test_pictures_of_a_row_are_equally_high_and_keep_their_shape():
    figure = plots.image_row({"wide": X, "tall": TALL})
    sizes = [axes.get_position().size * figure.get_size_inches() for axes in figure.axes]
    (wide, high), (narrow, also_high) = sizes
    assert high == pytest.approx(also_high)
    assert wide / high == pytest.approx(96 / 64) and narrow / high == pytest.approx(64 / 96)
    assert wide + narrow == pytest.approx(WIDTH, abs=0.1)


def test_a_grid_labels_its_rows_and_columns():
    figure = FIGURES["image_grid"]()
    assert [axes.get_title() for axes in figure.axes] == ["x", "y", "", ""]
    assert [text.get_text() for text in figure.texts] == ["one", "two"]


def test_long_labels_are_broken_between_words():
    assert fitted("predicted from the surroundings", 1.6) == "predicted from\nthe surroundings"
    assert fitted("a\nb", 5) == "a\nb"


@pytest.mark.parametrize("draw", [plots.image_row, plots.image_grid, plots.contact_sheet])
def test_nothing_to_show_is_said(draw):
    with pytest.raises(ValueError, match="no pictures to show"):
        draw([] if draw is plots.contact_sheet else {})


def test_a_bare_map_is_dark_where_right_and_bright_where_wrong():
    values = torch.zeros(10, 12)
    values[:, 6:] = 0.4
    image = plots.map_image(values, size=(20, 24))
    assert image.shape == (3, 20, 24) and image.min() >= 0 and image.max() <= 1
    assert image[:, :, :8].mean() < 0.02 and image[:, :, 16:].mean() > 0.7
    assert plots.map_image(values).shape == (3, 10, 12)


def test_the_moving_mean_neither_lags_nor_bends_a_line():
    line = pd.DataFrame({"step": np.arange(50), "loss": np.arange(50.0)})
    measured, mean = plots.curves({"one": line}, "loss", "loss", smooth=9).axes[0].lines
    np.testing.assert_allclose(mean.get_ydata()[4:-4], measured.get_ydata()[4:-4])
    (unchanged,) = plots.curves({"one": line}, "loss", "loss", smooth=1).axes[0].lines
    np.testing.assert_array_equal(unchanged.get_ydata(), line["loss"])


def test_bars_stand_for_their_values():
    axes = plots.bar_table({"first": 0.1, "second_one": 0.3}, highlight=["second_one"], form=".2f").axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.1, 0.3]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [False, True]
    assert [text.get_text() for text in axes.texts] == ["0.10", "0.30"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second one"]
    assert axes.yaxis_inverted() and axes.get_xlim()[0] == 0


def test_filters_are_joined_in_the_order_of_their_change():
    axes = plots.change_plane({}, {"blur": [(0.03, 0.05), (0.0, 0.08), (0.01, 0.07)]}, 0.08).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [(0, 0.08), (0.01, 0.07), (0.03, 0.05)])


def test_the_scatter_names_the_correlation():
    axes = plots.scatter([0, 1, 2, 3], [3, 2, 1, 0], "x", "y").axes[0]
    assert axes.get_title(loc="left") == "Pearson r = \N{MINUS SIGN}1.00, n = 4"


def test_the_hidden_tile_lies_on_the_grid_in_the_middle_of_its_context():
    context, tile = FIGURES["tile_grid_overlay"]().axes[0].patches
    assert tile.get_xy() == (4 * 32 - 0.5, 3 * 32 - 0.5) and tile.get_width() == 32
    assert context.get_xy() == (tile.get_x() - 48, tile.get_y() - 48) and context.get_height() == 128


def test_a_white_picture_has_an_edge():
    """Else it would end nowhere on a white page."""
    drawn = io.BytesIO()
    plots.image_row({"": torch.ones(3, 64, 64)}).savefig(drawn, format="png", dpi=100)
    grey = np.asarray(Image.open(drawn).convert("L"))
    assert grey.min() < 230 and np.median(grey) == 255


def test_an_animation_moves_and_is_the_same_every_time(tmp_path):
    def film(name):
        frames = [plots.image_row({f"{n}": picture(seed=n)}) for n in range(3)]
        return plots.show_animation(frames, tmp_path / name, "A film.", "Three pictures <in turn>")

    shown = film("a.gif")
    with Image.open(tmp_path / "a.gif") as moving:
        assert moving.n_frames == 3 and moving.info["loop"] == 0
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(moving)]
    assert durations == [1000, 1000, 3000]
    film("b.gif")
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    text = shown._repr_html_()
    assert "data:image/gif;base64," in text and "&lt;in turn&gt;" in text
    assert repr(shown) == "Figure: Three pictures <in turn>"


def test_many_names_stand_below_the_lines_and_few_among_them():
    series = [{str(k): ([0, 1], [k, k + 1]) for k in range(count)} for count in (3, 6)]
    few, many = (plots.lines(each, "x", "y") for each in series)
    assert few.axes[0].get_legend() is not None and not few.legends
    assert many.axes[0].get_legend() is None and len(many.legends) == 1
    below = many.legends[0].get_window_extent().y1
    assert below <= many.axes[0].get_window_extent().y0
