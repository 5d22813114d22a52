"""What the notebooks read: where numbers come from, and the words and tables made of them."""

import json
import sys

import pytest
import torch

from abstract_beauty.book import plots, tables
from abstract_beauty.experiments import ensure_data
from abstract_beauty.measures import statistics
from abstract_beauty.params import load_params
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.runs import Run

POINT = {key: 0.5 for key in tables.JUDGES}


@pytest.fixture
def project(tmp_path) -> Project:
    """An empty project."""
    return Project(tmp_path)


def run_at(path, width: int = 8) -> Run:
    """A run that says where it lies; its network is never used."""
    return Run("good", torch.nn.Identity(), [], {"width": width}, path)


def row(best: str | None = "gaussian") -> dict:
    """What an improver's measurement looks like."""
    found = {"name": best, "error_judge": 0.25 if best else None}
    return {"test": dict(POINT), "original": {**POINT, "change": 0.0}, "best_filter": found}


def test_numbers_of_a_published_run_are_read(project):
    project.results.mkdir()
    (project.results / "fills.json").write_text('{"mean": {"mae": 0.5}}')
    ours = run_at(project.run / "predictors" / "good.safetensors")

    def never():
        raise AssertionError("measured what was there")

    assert tables._measured(project, "fills", [ours], None, never) == {"mean": {"mae": 0.5}}
    assert tables.figures(project, "02", ours) == project.results / "figures" / "02"


def test_numbers_of_another_run_are_measured_once_and_kept_apart(project):
    project.results.mkdir()
    (project.results / "fills.json").write_text('{"mean": {"mae": 0.5}}')
    theirs, calls = run_at(project.scratch / "weights.safetensors"), []

    def measure():
        calls.append(1)
        return {"mean": {"mae": 0.1}}

    for _ in range(2):
        assert tables._measured(project, "fills", [theirs], None, measure) == {"mean": {"mae": 0.1}}
    assert len(calls) == 1
    tables._measured(project, "fills", [run_at(theirs.path, width=9)], None, measure)
    tables._measured(project, "fills", [theirs], {"points": 2}, measure)
    assert len(calls) == 3, "another configuration or setting is measured anew"
    assert json.loads((project.results / "fills.json").read_text()) == {"mean": {"mae": 0.5}}
    assert tables.figures(project, "02", theirs) == project.scratch / "figures" / "02"


def test_other_pictures_go_to_a_project_of_their_own(tmp_path, monkeypatch):
    here = find_project()
    (tmp_path / "params.yaml").write_text(here.params.read_text())
    project, prepared = Project(tmp_path), []
    # By sys.modules: the package's function `pictures` hides the module of that name.
    module = sys.modules["abstract_beauty.experiments.pictures"]
    monkeypatch.setattr(module, "prepare_data", lambda where, *_, **__: prepared.append(where))
    assert ensure_data(project, load_params(project.params)) == project
    other = load_params(project.params, changes={"data": {"generated": 3}})
    elsewhere = ensure_data(project, other)
    assert elsewhere.root.is_relative_to(project.scratch)
    assert prepared == [project, elsewhere]
    assert ensure_data(project, load_params(project.params, changes={"seed": 5})) not in (project, elsewhere)


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


@pytest.mark.parametrize("slope", [-0.5, -1.0, -1.5])
def test_the_slope_of_a_spectrum_is_found(slope):
    generator = torch.Generator().manual_seed(3)
    line = torch.fft.fftfreq(256)
    frequency = torch.hypot(line[:, None], line[None, :]).clamp(min=1 / 256)
    noise = torch.fft.fft2(torch.randn(4, 256, 256, generator=generator)) * frequency**slope
    x = torch.fft.ifft2(noise).real[:, None].expand(-1, 3, -1, -1)
    frequencies, amplitudes = statistics.amplitude_spectrum(x)
    assert statistics.spectral_slope(frequencies, amplitudes.mean(0)) == pytest.approx(slope, abs=0.03)


def test_a_wave_stands_at_its_frequency():
    stripes = 0.5 + 0.3 * torch.sin(2 * torch.pi * torch.arange(128) / 8)
    frequencies, amplitudes = statistics.amplitude_spectrum(stripes.expand(1, 3, 128, 128))
    assert frequencies[amplitudes[0].argmax()].item() == pytest.approx(1 / 8, rel=0.1)
