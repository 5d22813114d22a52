"""Figures: the same bytes twice, what is drawn, and no trace left in matplotlib's settings."""

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_rgb
from PIL import Image

from abstract_beauty.book import plots
from abstract_beauty.book.plots.curves import smoothed
from abstract_beauty.book.plots.style import LINES, MARKERS, as_array, fitted
from abstract_beauty.errors import UserError


def picture(height: int = 64, width: int = 96, seed: int = 0) -> torch.Tensor:
    """A picture of soft noise."""
    coarse = torch.rand(1, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")[0]


def table(level: float, rows: int = 60, seed: int = 0) -> pd.DataFrame:
    """A noisy loss curve."""
    noise = np.random.default_rng(seed).normal(0, 0.01, rows)
    return pd.DataFrame({"step": np.arange(rows) * 10, "loss": level + noise})


X, Y, TALL = picture(), picture(seed=1), picture(96, 64, seed=2)
MAP = (X - Y).abs().mean(0)

FIGURES = {
    "image_row": lambda: plots.image_row(
        {"x": X, "y\n(two lines)": Y}, captions={"x": "MAE 0.1"}, title="Row"
    ),
    "image_row of mixed shapes": lambda: plots.image_row({"a": X, "b": TALL, "c": Y}, columns=2),
    "image_grid": lambda: plots.image_grid({"one": {"x": X, "y": Y}, "two": {"y": TALL}}),
    "contact_sheet": lambda: plots.contact_sheet([("a", X), ("a", TALL), ("", Y)], columns=2),
    "error_map": lambda: plots.error_map(MAP, image=X),
    "predictability_figure": lambda: plots.predictability_figure(X, Y, MAP),
    "tile_grid_overlay": lambda: plots.tile_grid_overlay(picture(192, 256), phase=(3, 30), width=3),
    "teaser": lambda: plots.teaser(X, Y, MAP, {"smoother": Y, "more to learn": X}),
    "curves": lambda: plots.curves(
        {"one": table(0.3), "seeds": [table(0.2, seed=1), table(0.2, seed=2)]}, "loss"
    ),
    "lines": lambda: plots.lines({"a": ([0, 1], [2, 3], [0.1, 0.2])}, "k", "error", marks={"here": 0.5}),
    "bar_table": lambda: plots.bar_table(
        {"a": 0.1, "b": 0.2}, highlight="b", errors={"b": 0.01}, reference=("a", 0.1)
    ),
    "change_plane": lambda: plots.change_plane(
        {"g": (0.02, 0.05, 0.001), "h": (0.03, 0.06)}, {"blur": [(0.03, 0.05), (0.0, 0.08)]}, original=0.08
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
    image = Image.open(io.BytesIO(first))
    assert not {"Software", "Creation Time", "date"} & set(image.info)
    assert image.width <= 7.2 * 150
    pixels = np.asarray(image.convert("RGB"))
    assert (pixels[0] == 255).all() and pixels.std() > 5, "a white margin, and something drawn"


def test_drawing_leaves_matplotlib_as_it_was(tmp_path):
    before = dict(matplotlib.rcParams)
    plots.save(FIGURES["lines"](), tmp_path / "lines.png")
    assert dict(matplotlib.rcParams) == before
    with plots.use_style():
        assert matplotlib.rcParams["savefig.facecolor"] == "white" and matplotlib.rcParams["font.size"] == 11
    assert dict(matplotlib.rcParams) == before


def test_settings_of_the_readers_machine_do_not_change_a_figure(tmp_path):
    first = plots.save(FIGURES["lines"](), tmp_path / "first.png").read_bytes()
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "black", "figure.dpi": 40}):
        second = plots.save(FIGURES["lines"](), tmp_path / "second.png").read_bytes()
    assert first == second


def test_the_colours_can_be_told_apart_in_grey_or_by_their_line():
    greys = [round(float(np.dot(to_rgb(colour), (0.3, 0.59, 0.11))), 1) for colour in plots.COLOURS]
    looks = {(grey, str(line), marker) for grey, line, marker in zip(greys, LINES, MARKERS, strict=True)}
    assert len(looks) == len(plots.COLOURS) == len(set(map(str, LINES))) == len(set(MARKERS))


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


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_other_formats_are_what_they_say(suffix, tmp_path):
    path = plots.save(FIGURES["image_row"](), tmp_path / f"row{suffix}")
    with Image.open(path) as image:
        assert image.format == {".jpg": "JPEG", ".webp": "WEBP"}[suffix]


def test_pictures_are_taken_in_every_usual_form():
    expected = as_array(X)
    assert expected.shape == (64, 96, 3) and expected.dtype == np.uint8
    for same in (X[None], X.numpy(), X.double(), torch.from_numpy(expected.transpose(2, 0, 1).copy())):
        assert np.array_equal(as_array(same), expected)
    assert np.array_equal(as_array(torch.full((2, 2), 2.0)), np.full((2, 2, 3), 255))
    with pytest.raises(ValueError, match=r"\(4, 5, 5\)"):
        as_array(torch.zeros(4, 5, 5))


def test_pictures_of_a_row_are_equally_high_and_keep_their_shape():
    figure = plots.image_row({"wide": X, "tall": TALL})
    size = figure.get_size_inches()
    boxes = [axes.get_position().bounds for axes in figure.axes]
    (_, _, wide, high), (_, _, narrow, also_high) = [(0, 0, b[2] * size[0], b[3] * size[1]) for b in boxes]
    assert high == pytest.approx(also_high)
    assert wide / high == pytest.approx(96 / 64) and narrow / high == pytest.approx(64 / 96)
    assert wide + narrow == pytest.approx(plots.WIDTH, abs=0.1)


def test_a_grid_labels_its_rows_and_columns_and_leaves_holes():
    figure = plots.image_grid({"one": {"x": X, "y": Y}, "two": {"y": Y, "late": X}})
    assert [axes.get_title() for axes in figure.axes] == ["x", "y", "", "late"]
    assert [text.get_text() for text in figure.texts] == ["one", "two"]


def test_long_labels_are_broken_between_words():
    assert fitted("predicted from the surroundings", 1.6).split("\n") == [
        "predicted from",
        "the surroundings",
    ]
    assert fitted("a\nb", 5) == "a\nb"


@pytest.mark.parametrize("draw", [plots.image_row, plots.image_grid, plots.contact_sheet, plots.bar_table])
def test_nothing_to_show_is_said(draw):
    with pytest.raises(ValueError, match=r"no (images|pictures|values) to show"):
        draw({} if draw is not plots.contact_sheet else [])


def test_a_map_has_a_colour_bar_that_ends_where_it_is_told():
    figure = plots.error_map(MAP, vmax=0.25)
    main, bar = figure.axes[0], figure.axes[0].child_axes[0]
    assert main.images[-1].norm.vmax == 0.25 and bar.get_xlim()[1] == pytest.approx(0.25, rel=0.01)
    assert "0 to 1" in bar.get_xlabel()
    assert [label.get_text() for label in bar.get_xticklabels()] == ["0", "0.125", "0.25"]
    with pytest.raises(ValueError, match="one size"):
        plots.error_map(MAP, image=TALL)


def test_a_bare_map_is_dark_where_right_and_bright_where_wrong():
    values = torch.zeros(10, 12)
    values[:, 6:] = 0.4
    image = plots.map_image(values, size=(20, 24))
    assert image.shape == (3, 20, 24) and image.min() >= 0 and image.max() <= 1
    assert image[:, :, :8].mean() < 0.02 and image[:, :, 16:].mean() > 0.7
    assert plots.map_image(values).shape == (3, 10, 12)


def test_the_moving_mean_neither_lags_nor_bends_a_line():
    line = np.arange(50.0)
    np.testing.assert_allclose(smoothed(line, 9)[4:-4], line[4:-4])
    noise = np.random.default_rng(0).normal(size=400)
    assert smoothed(noise, 25).std() < 0.4 * noise.std()
    np.testing.assert_array_equal(smoothed(noise, 1), noise)


def test_curves_read_files_and_name_what_is_missing(tmp_path):
    path = tmp_path / "curve.csv"
    table(0.2).to_csv(path, index=False)
    axes = plots.curves({"one": path}, "loss", smooth=1).axes[0]
    np.testing.assert_allclose(axes.lines[-1].get_ydata(), table(0.2)["loss"])
    with pytest.raises(UserError, match=r"curve\.csv: no column mae; it has step, loss"):
        plots.curves({"one": path}, "mae")
    with pytest.raises(UserError, match=r"none\.csv: no such file"):
        plots.curves({"one": tmp_path / "none.csv"}, "loss")


def test_rows_without_a_value_are_left_out():
    """A log has its validation column only now and then."""
    sparse = table(0.2)
    sparse.loc[sparse.index % 3 != 0, "loss"] = np.nan
    axes = plots.curves({"one": sparse}, "loss", smooth=1).axes[0]
    assert len(axes.lines[-1].get_xdata()) == 20


def test_bars_stand_for_their_values_and_only_known_names_are_highlighted():
    axes = plots.bar_table({"first": 0.1, "second": 0.3}, highlight="second", form=".2f").axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.1, 0.3]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [False, True]
    assert [text.get_text() for text in axes.texts] == ["0.10", "0.30"]
    assert axes.yaxis_inverted() and axes.get_xlim()[0] == 0
    with pytest.raises(UserError, match="no value is called third"):
        plots.bar_table({"first": 0.1}, highlight="third")


def test_filters_are_joined_in_the_order_of_their_change():
    axes = plots.change_plane({}, {"blur": [(0.03, 0.05), (0.0, 0.08), (0.01, 0.07)]}).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [0, 0.01, 0.03])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.08, 0.07, 0.05])


def test_the_scatter_names_the_correlation():
    axes = plots.scatter([0, 1, 2, 3], [3, 2, 1, 0], "x", "y").axes[0]
    assert axes.get_title(loc="left") == "Pearson r = \N{MINUS SIGN}1.00, n = 4"
    with pytest.raises(ValueError, match="3 values along and 2 up"):
        plots.scatter([1, 2, 3], [1, 2], "x", "y")


def test_the_hidden_tile_lies_on_the_grid_in_the_middle_of_its_context():
    axes = plots.tile_grid_overlay(picture(192, 256), phase=(3, 30), tile=(1, 2)).axes[0]
    context, tile = axes.patches
    assert tile.get_xy() == (30 + 2 * 32 - 0.5, 3 + 32 - 0.5) and tile.get_width() == 32
    assert context.get_xy() == (tile.get_x() - 48, tile.get_y() - 48) and context.get_height() == 128


def test_a_white_picture_has_an_edge():
    """Else it would end nowhere on a white page."""
    drawn = io.BytesIO()
    plots.image_row({"": torch.ones(3, 64, 64)}, width=2).savefig(drawn, format="png", dpi=100)
    grey = np.asarray(Image.open(drawn).convert("L"))
    assert grey.min() < 230 and np.median(grey) == 255


def test_an_animation_moves_and_is_the_same_every_time(tmp_path):
    def film(name):
        frames = [plots.image_row({f"{n}": picture(seed=n)}, width=2) for n in range(3)]
        return plots.show_animation(
            frames, tmp_path / name, "A film.", "Three pictures <in turn>", seconds=0.5
        )

    shown = film("a.gif")
    with Image.open(tmp_path / "a.gif") as moving:
        assert moving.n_frames == 3
        durations = []
        for frame in range(3):
            moving.seek(frame)
            durations.append(moving.info["duration"])
        assert durations == [500, 500, 1500]
        assert moving.info["loop"] == 0
    film("b.gif")
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    text = shown._repr_html_()
    assert "data:image/gif;base64," in text and "&lt;in turn&gt;" in text
    several = plots.several([shown, shown])
    assert several._repr_html_().count("<figure>") == 2


def test_many_names_stand_below_the_lines_and_few_among_them():
    few, many = (
        plots.lines({f"series {k}": ([0, 1], [k, k + 1]) for k in range(count)}, "x", "y") for count in (3, 6)
    )
    assert few.axes[0].get_legend() is not None and not few.legends
    assert many.axes[0].get_legend() is None and len(many.legends) == 1
    below = many.legends[0].get_window_extent().y1
    assert below <= many.axes[0].get_window_extent().y0


def test_a_short_logarithmic_axis_has_plain_numbers():
    figure = plots.lines({"a": ([20, 60], [1, 2])}, "steps", "y", logarithmic_x=True)
    figure.draw_without_rendering()
    assert [label.get_text() for label in figure.axes[0].get_xticklabels() if label.get_text()] != []
    assert all("\\" not in label.get_text() for label in figure.axes[0].get_xticklabels(which="both"))
