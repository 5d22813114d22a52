"""What the notebooks read: where numbers come from, and the words and tables made of them."""

import pandas as pd
import pytest
import torch

from abstract_beauty.book import plots, tables

POINT = {key: 0.5 for key in tables.HEADINGS}


def test_the_judges_table_has_a_row_a_label_and_filters_beside_them():
    curve = [{**POINT, "change": reach / 10} for reach in range(10)]
    beside = tables.filters_beside({"original": curve[:1], "box_blur": curve, "jpeg": curve[:3]}, 0.55, "net")
    table = tables.judges_table({"net": {**POINT, "change": 0.55, "more": 1.0}, **beside})
    assert list(table.index) == ["net", "box blur, as far as net"]
    assert list(table["MAE(x,y)"]) == [0.55, 0.55] and list(table.columns) == list(tables.HEADINGS.values())


def test_the_plane_is_not_stretched_by_filters_beyond_it():
    curve = [{**POINT, "change": reach / 10, "error_judge": 1 - reach / 10} for reach in range(10)]
    found = tables.plane({"net": {"test": POINT}}, {"original": curve[:1], "gaussian": curve})
    assert found["improvers"] == {"net": (0.5, 0.5)}
    assert [point[0] for point in found["filters"]["gaussian"]] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert found["original"] == 1.0


def test_pictures_of_other_names_stand_in():
    assert tables.chosen({"a": 1, "b": 2, "c": 3}, "c", "a") == {"c": 3, "a": 1}
    assert tables.chosen({"a": 1, "b": 2, "c": 3}, "x", "y") == {"a": 1, "b": 2}


def test_rows_hold_the_numbers_of_their_pictures():
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    def half(context, hidden):
        return context.new_full((len(context), 3, 32, 32), 0.5)

    found = tables.rows(half, {"a_b": x}, lambda picture: picture.clamp(min=0.5))
    assert found["captions"]["a b"]["improved y"] == f"MAE(x,y) {float((0.5 - x).clamp(min=0).mean()):.4f}"
    assert torch.allclose(found["maps"]["a b"], (x.clamp(min=0.5) - 0.5).mean(1)[0])
    plots.prediction_grid(**found)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_shown_figure_carries_its_caption_and_alternative_text(tmp_path, suffix):
    figure = plots.bar_table({"a": 1.0})
    shown = plots.show(figure, tmp_path / f"bars{suffix}", caption="See: a < b & c", alt='the "bars"')
    text = shown._repr_html_()
    assert "<figcaption>See: a &lt; b &amp; c</figcaption>" in text
    assert 'alt="the &quot;bars&quot;"' in text
    assert (
        text == plots.show(figure, tmp_path / f"again{suffix}", "See: a < b & c", 'the "bars"')._repr_html_()
    )
    assert "0x" not in repr(shown)


def test_a_shown_table_is_kept_as_it_is_shown(tmp_path):
    table = pd.DataFrame({"error": [0.1, 0.25]}, index=["a & b", "c"])
    shown = plots.show(table, tmp_path / "errors.csv", "See: a < b")
    assert "<td>0.25</td>" in shown._repr_html_() and "a &amp; b" in shown._repr_html_()
    assert "See: a &lt; b" in shown._repr_html_() and "0.25" in repr(shown)
    assert pd.read_csv(tmp_path / "errors.csv", index_col=0).equals(table)


def test_two_versions_stand_side_by_side_under_their_labels():
    shown = plots.Shown("<p>1</p>", "one")
    both = plots.beside({"yours": shown, "as < published": shown})
    assert both._repr_html_().count("<p>1</p>") == 2 and "as &lt; published" in both._repr_html_()
    assert repr(both) == "yours: one\nas < published: one"
