"""What the notebooks read: where numbers come from, and the words and tables made of them."""

import pytest
import torch

from abstract_beauty.book import plots, tables
from abstract_beauty.project import Project

POINT = {key: 0.5 for key in tables.JUDGES}


def row(best: str | None = "gaussian") -> dict:
    """What an improver's measurement looks like."""
    found = {"name": best, "error_judge": 0.25 if best else None}
    return {"test": dict(POINT), "original": {**POINT, "change": 0.0}, "best_filter": found}


def test_the_judges_table_begins_with_the_original():
    table = tables.judges_table({"net": row(), "other": row(None)})
    assert list(table.index) == ["original", "net", "other"]
    assert table.loc["original", "MAE(x,y)"] == "0.0000"
    assert table.loc["net", "contrast kept"] == "50.0%"
    assert list(table["best filter, judge"]) == ["–", "0.2500 (gaussian)", "–"]


def test_the_plane_is_not_stretched_by_filters_beyond_it():
    curve = [{**POINT, "change": reach / 10, "error_judge": 1 - reach / 10} for reach in range(10)]
    found = tables.plane({"net": row()}, {"original": curve[:1], "gaussian": curve})
    assert found["improvers"] == {"net": (0.5, 0.5)}
    assert [point[0] for point in found["filters"]["gaussian"]] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert found["original"] == 1.0


@pytest.mark.parametrize(
    ("value", "other", "word"),
    [(1, 2, "less"), (2, 1, "more"), (1, 1.004, "same"), (0, 0, "same"), (-1, 0, "less")],
)
def test_words_follow_the_numbers(value, other, word):
    assert tables.compared(value, other, "less", "more", "same") == word


def test_pictures_of_other_names_stand_in():
    assert tables.chosen({"a": 1, "b": 2, "c": 3}, "c", "a") == {"c": 3, "a": 1}
    assert tables.chosen({"a": 1, "b": 2, "c": 3}, "x", "y") == {"a": 1, "b": 2}


def test_a_source_is_shown_as_code():
    shown = tables.Source(Project.data.fget)
    assert shown._repr_markdown_().startswith("```python\n@property\ndef data(self)")


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
