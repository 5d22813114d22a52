"""What a chapter reads and what it makes anew: it never writes where the pipeline does."""

import json
import subprocess

import pandas as pd
import pytest
import torch

from abstract_beauty import chapter as chapters
from abstract_beauty.chapter import Chapter, made_by_other_code
from abstract_beauty.data.images import write_pictures
from abstract_beauty.errors import UserError
from abstract_beauty.experiments import balance, fills, filters, many, pictures, pixels
from abstract_beauty.params import load_params
from abstract_beauty.project import PUBLISHING, Project, find_project
from abstract_beauty.training.runs import Run

KEPT = {"the pipeline": [{"change": 0.5}]}
ANEW = {"this chapter": [{"change": 0.5}]}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Project:
    """A project whose pipeline has run: its numbers lie in results/, its predictors are known."""
    project = Project(tmp_path)
    project.params.write_text(find_project().params.read_text())
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    project.results.mkdir()
    for name in ("fills", "filters", "balance", "pixels", "many", "ratings"):
        (project.results / f"{name}.json").write_text(json.dumps(KEPT))
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(tmp_path))
    monkeypatch.setattr(pictures, "ensure_data", lambda project, params: project)
    for name in ("predictor_run", "improver_run"):
        monkeypatch.setattr(chapters, name, lambda project, params, name: run_at(project.run / name))

    def measured(project, params, f):
        return ANEW

    def measured_and_shown(project, params, f) -> tuple[list, dict]:
        return ANEW, {}

    for stage in (balance, fills, filters):
        monkeypatch.setattr(stage, "stage", measured)
    for stage in (many, pixels):
        monkeypatch.setattr(stage, "stage", measured_and_shown)
        name = stage.__name__.rpartition(".")[2]
        write_pictures(project.run / f"{name}.safetensors", {"x": torch.zeros(1, 3, 2, 2)})
    return project


def run_at(path) -> Run:
    """A run that says where it lies; its network is never used."""
    return Run("good", torch.nn.Identity(), [], {}, path)


def test_an_unchanged_chapter_reads_the_pipeline_s_numbers_and_draws_its_figures(home, monkeypatch):
    chapter = Chapter("04", smoothing={})
    assert chapter.filters() == chapter.measured("fills") == chapter.measured("balance") == KEPT
    numbers, shown = chapter.measured("pixels")
    assert numbers == KEPT and shown["x"].shape == (1, 3, 2, 2)
    assert chapter.folder == home.scratch / "figures" / "04", "only the pipeline publishes"
    monkeypatch.setenv(PUBLISHING, "04")
    assert chapter.folder == home.results / "figures" / "04"


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({"balance": {"steps": 7}}, "balance"),
        ({"pixels": {"steps": 7}}, "pixels"),
        ({"many": {"times": 7}}, "many"),
        ({"evaluation": {"filter_strengths": 3}}, "filters"),
    ],
)
def test_a_changed_section_is_measured_anew_and_overwrites_no_figure(home, changes, read):
    chapter = Chapter("07", **changes)
    found = chapter.measured(read)
    assert (found[0] if isinstance(found, tuple) else found) == ANEW
    assert chapter.measured("fills") == KEPT, "what the change does not touch is read"
    assert chapter.folder == home.scratch / "figures" / "07"


@pytest.mark.parametrize("name", ["nothing", "../x", "predictor", "headlines", "blind"])
def test_what_no_stage_measures_is_named(home, name):
    with pytest.raises(UserError, match="stage"):
        Chapter("02").measured(name)


def test_numbers_whose_pictures_are_not_there_are_measured_anew(home):
    """As in a fresh clone: the numbers are in git, the pictures that they speak of are not."""
    (home.run / "pixels.safetensors").unlink()
    assert Chapter("07").measured("pixels") == (ANEW, {})
    assert Chapter("07").measured("many")[0] == KEPT


def test_a_run_that_is_not_the_pipeline_s_is_measured_anew(home, monkeypatch):
    monkeypatch.setattr(chapters, "predictor_run", lambda *_: run_at(home.scratch / "weights.safetensors"))
    chapter = Chapter("02")
    assert chapter.measured("fills") == ANEW
    assert chapter.folder == home.scratch / "figures" / "02"


def test_a_changed_improver_alone_is_judged_anew(home, monkeypatch):
    """Filters, and improvers that were not changed, are read as before."""
    judged = home.results / "improvers"
    judged.mkdir()
    for name in ("smoothing", "held"):
        (judged / f"{name}.json").write_text(json.dumps(KEPT))
    kept = {"smoothing": home.scratch, "held": home.run}
    monkeypatch.setattr(chapters, "improver_run", lambda project, params, name: run_at(kept[name] / name))
    monkeypatch.setattr(chapters, "measure_improver", lambda *_: ANEW)
    chapter = Chapter("04", smoothing={"steps": 7})
    assert chapter.judged("smoothing") == ANEW
    assert chapter.judged("held") == KEPT and chapter.filters() == KEPT
    assert chapter.folder == home.scratch / "figures" / "04"


def test_what_other_code_made_is_not_read(home, monkeypatch):
    (home.root / "dvc.lock").write_text("")
    said = {
        "filters": [{"changed deps": {"src/abstract_beauty/measures": "modified"}}],
        "fills": [{"changed deps": {"data": "modified"}}],
        "notebook@04_smoothing": [{"changed deps": {"src/abstract_beauty/book": "modified"}}],
    }
    answer = subprocess.CompletedProcess([], 0, stdout=json.dumps(said))
    monkeypatch.setattr(chapters.subprocess, "run", lambda *_, **__: answer)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    assert made_by_other_code(home) == {"filters"}
    chapter = Chapter("04")
    assert chapter.filters() == ANEW and chapter.measured("fills") == KEPT
    monkeypatch.setenv("DVC_STAGE", "notebook@04_smoothing")
    assert made_by_other_code(home) == set()


def test_other_pictures_go_to_a_project_of_their_own(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text(find_project().params.read_text())
    project, prepared = Project(tmp_path), []
    monkeypatch.setattr(pictures, "prepare_data", lambda where, *_, **__: prepared.append(where))
    assert pictures.ensure_data(project, load_params(project.params)) == project
    elsewhere = pictures.ensure_data(project, load_params(project.params, changes={"data": {"generated": 3}}))
    assert elsewhere.root.is_relative_to(project.scratch)
    assert (elsewhere.home, elsewhere.params, elsewhere.reference) == (
        tmp_path,
        project.params,
        project.reference,
    )
    assert pictures.ensure_data(elsewhere, load_params(project.params)) == project, "from there back again"
    assert prepared == [project, elsewhere, project]
    assert pictures.ensure_data(project, load_params(project.params, changes={"seed": 5})) not in (
        project,
        elsewhere,
    )


def test_a_changed_chapter_shows_its_figures_and_tables_beside_the_published(home, monkeypatch):
    mine, theirs = pd.DataFrame({"error": [0.5]}, index=["a"]), pd.DataFrame({"error": [0.25]}, index=["a"])
    with monkeypatch.context() as stage:
        stage.setenv(PUBLISHING, "07")
        Chapter("07").show(theirs, "t.csv", "A table.")
    assert "as published" not in Chapter("07").show(theirs, "t.csv", "A table.")._repr_html_(), (
        "they are the same"
    )
    both = Chapter("07").show(mine, "t.csv", "A table.")._repr_html_()
    assert "as published" in both and both.index("0.5<") < both.index("0.25<")
    assert "0.25" in (home.results / "figures" / "07" / "t.csv").read_text(), "the published one stays"


def test_a_change_of_what_is_not_there_is_an_error(home):
    with pytest.raises(UserError, match="smothing"):
        Chapter("04", smothing={"k2": 0.7})


def test_a_chapter_s_files_stay_in_its_folder(home):
    with pytest.raises(UserError, match="without folders"):
        Chapter("../x")
    with pytest.raises(UserError, match="without folders"):
        Chapter("07").show(pd.DataFrame(), "../x.csv", "A table.")
    with pytest.raises(UserError, match="csv"):
        Chapter("07").show(pd.DataFrame(), "x.png", "A table.")
