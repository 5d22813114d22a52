"""What a chapter works with: runs and their measurements, read where the pipeline made them, else made on the spot.

The pipeline's results are those of params.yaml and of the code as it was when DVC last ran a stage. A chapter whose
parameters or code were changed trains and measures what the change touches, each time, and shows its figures and tables
beside the pipeline's, of which nothing is overwritten.
"""

import dataclasses
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_origin

import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor, nn

from abstract_beauty.book import plots, tables
from abstract_beauty.data import Picture
from abstract_beauty.data.images import read_pictures
from abstract_beauty.errors import UserError
from abstract_beauty.experiments import improvers_of, stage_called
from abstract_beauty.experiments import pictures as prepared
from abstract_beauty.experiments.improver import improver_run, measure_improver
from abstract_beauty.experiments.predictor import measure_predictor, predictor_run
from abstract_beauty.files import read_json
from abstract_beauty.params import Params, load_params
from abstract_beauty.project import PUBLISHING, Project, find_project
from abstract_beauty.training.runs import Run

SHOWING = ("notebook", "teaser", "blind", "page", "book")  # stages that make no number


class Chapter:
    """A chapter's parameters, pictures, runs, numbers and figures.

    The name is the notebook's. Changes are rows of predictors and improvers, and sections, of params.yaml, each with
    the values that differ: `smoothing={"k2": 0.7}`. UserError: one names what params.yaml lacks; the name is a path.
    """

    def __init__(self, name: str, **changes: Mapping[str, Any]):
        self.name, self.home = name, find_project()
        if Path(name).name != name:
            raise UserError(f"{name}: must be a notebook's name, without folders")
        own = load_params(self.home.params)
        kinds = {row: kind for kind in ("predictors", "improvers") for row in getattr(own, kind)}
        tree: dict[str, Any] = {}
        for key, values in changes.items():
            (tree.setdefault(kinds[key], {}) if key in kinds else tree)[key] = values
        self.params = load_params(self.home.params, changes=tree)
        self.changed = {name for name, value in vars(own).items() if getattr(self.params, name) != value}
        home = dataclasses.replace(self.home, stale=made_by_other_code(self.home))
        self.project = prepared.ensure_data(home, self.params)
        self._predictors: dict[str, Run] = {}
        self._improvers: dict[str, Run] = {}
        self._filters: dict[str, list[dict[str, float]]] | None = None
        for stage in sorted(self.project.stale):
            why = "its code was changed since the pipeline ran it"
            print(f"{stage}: {why}; what this chapter needs of it is made anew")

    def titles(self, kind: str = "improvers") -> dict[str, str]:
        """What the "improvers" or "predictors" are called, in the order of params.yaml."""
        return self.params.titles(kind)

    def predictors(self, *names: str) -> dict[str, Run]:
        """The runs of some predictors; what is not the pipeline's is trained once a chapter."""
        for name in names:
            if name not in self._predictors:
                self._predictors[name] = predictor_run(self.project, self.params, name)
        return {name: self._predictors[name] for name in names}

    def improver(self, name: str) -> Run:
        """The run of an improver."""
        if name not in self._improvers:
            self._improvers[name] = improver_run(self.project, self.params, name)
        return self._improvers[name]

    def photographs(self) -> dict[str, Tensor]:
        """The test pictures by name, (1, 3, h, w) in [0, 1]."""
        return prepared.test_images(self.project)

    def pictures(self, split: str) -> tuple[Picture, ...]:
        """The "train" or "test" pictures, as 8-bit tensors (3, h, w)."""
        return prepared.pictures(self.project, split)

    @property
    def folder(self) -> Path:
        """Where figures go: results/figures/NAME where the pipeline runs the chapter, else the scratch folder."""
        own = os.environ.get(PUBLISHING) == self.name
        return (self.home.results if own else self.home.scratch) / "figures" / self.name

    def _published(self, *improvers: str) -> bool:
        """Whether the predictors in use, and these improvers, are the pipeline's own; what is not yet in use is run."""
        used = [*self._predictors.values(), *map(self.improver, improvers)]
        return all(run.path.is_relative_to(self.project.run) for run in used)

    def _networks(self, *names: str) -> dict[str, nn.Module]:
        return {name: run.network for name, run in self.predictors(*names).items()}

    def _measured(
        self,
        name: str,
        sections: set[str],
        measure: Callable,
        *given: Any,
        stage: str = "",
        of: Sequence[str] = (),
        shown: bool = False,
    ) -> Any:
        """results/NAME.json if it speaks of the runs in use and of these sections as they are; else measured now.

        `of` names the improvers that it speaks of, `stage` the pipeline's stage where that has another name; with
        `shown` it comes with pictures.
        """
        file, kept = self.project.results / f"{name}.json", self.project.run / f"{name}.safetensors"
        touched = self.changed & sections or (stage or name) in self.project.stale
        there = file.is_file() and (kept.is_file() or not shown)
        if there and not touched and self._published(*of):
            return (read_json(file), read_pictures(kept)) if shown else read_json(file)
        return measure(self.project, self.params, *given)

    def measured(self, name: str) -> Any:
        """What the stage experiments/NAME.py finds: numbers, or numbers and the pictures that they speak of, by name.

        As the pipeline made them, unless this chapter changed what they depend on: then they are made now, in minutes
        (faces: hours). UserError where there is no such stage, or it does not say what it READS.
        """
        stage = stage_called(name)
        if not hasattr(stage, "READS"):
            raise UserError(
                f"{name}: is no stage that a chapter can ask for, as it does not say what it READS"
            )
        signature, of = inspect.signature(stage.stage), improvers_of(stage, self.params)
        given: dict[str, Any] = {}
        if "f" in signature.parameters:  # also to see whose they are
            given["f"] = self._networks(*stage.PREDICTORS)

        def measure(project: Project, params: Params) -> Any:
            if "g" in signature.parameters:
                given["g"] = {row: self.improver(row).network for row in of}
            if "filters" in signature.parameters:
                given["filters"] = self.filters()
            return stage.stage(project, params, **given)

        shown = get_origin(signature.return_annotation) is tuple
        return self._measured(name, {*stage.READS}, measure, of=of, shown=shown)

    def predictor_scores(self, f: Mapping[str, Run]) -> dict[str, Any]:
        """Each predictor's error on the test pictures (`measure_predictor`)."""

        def measure(project: Project, _: Params, run: Run) -> dict[str, Any]:
            return measure_predictor(project, run)

        return {
            name: self._measured(f"predictors/{name}", set(), measure, run, stage=f"train-predictor@{name}")
            for name, run in f.items()
        }

    def filters(self) -> dict[str, list[dict[str, float]]]:
        """Each plain filter's curve; a minute, once a chapter, where it is measured anew."""
        if self._filters is None:
            self._filters = self.measured("filters")
        return self._filters

    def judged(self, name: str) -> dict[str, Any]:
        """What an improver does to the test pictures, beside plain filters (`measure_improver`)."""
        filters, run = self.filters(), self.improver(name)
        given = run, self._networks("good", "bad", "judge"), filters
        where, stage = f"improvers/{name}", f"measure-improver@{name}"
        return self._measured(where, {"evaluation"}, measure_improver, *given, stage=stage, of=(name,))

    def table(self, *names: str, beside: str = "") -> pd.DataFrame:
        """The judges' table: the photographs untouched, these improvers, and plain filters as strong as `beside`."""
        curves, titles = self.filters(), self.titles()
        judged = {key: self.judged(key)["test"] for key in names}
        rows = {"original": curves["original"][0]} | {titles[key]: row for key, row in judged.items()}
        if beside:
            rows |= tables.filters_beside(curves, self.judged(beside)["test"]["change"], titles[beside])
        return tables.judges_table(rows)

    def show(self, what: Figure | pd.DataFrame, file: str, caption: str, alt: str = "") -> plots.Shown:
        """Keep a figure or a table of this chapter, and show it; where it is another than the published, beside that.

        Args:
            what: a figure of `plots`, kept as .png or .jpg, or a table, kept as .csv.
            file: its name; in results/figures/CHAPTER where the pipeline runs the chapter, else in scratch.
            caption, alt: as for `plots.show`.

        Raises:
            UserError: the name is a path, or has another suffix.
        """
        if Path(file).name != file:
            raise UserError(f"{file}: must be a name without folders; it is kept with the chapter's figures")
        mine, published = self.folder / file, self.home.results / "figures" / self.name / file
        shown = plots.show(what, mine, caption, alt)
        if mine == published or not published.is_file() or mine.read_bytes() == published.read_bytes():
            return shown
        return plots.beside({"with your change": shown, "as published": plots.kept(published, caption, alt)})

    def reference(self, name: str, *instead: Any) -> Any:
        """What the reference run measured, results/reference/NAME.json; where it is missing `instead`, or UserError."""
        file = self.home.results / "reference" / f"{name}.json"
        return instead[0] if instead and not file.is_file() else read_json(file)


def made_by_other_code(project: Project) -> frozenset[str]:
    """The stages whose code was changed since DVC ran them. A stage that DVC runs finds none: it sees to that."""
    if "DVC_STAGE" in os.environ or not (project.root / "dvc.lock").is_file():
        return frozenset()
    asking = [sys.executable, "-m", "dvc", "status", "--json"]
    asked = subprocess.run(asking, cwd=project.root, capture_output=True, text=True, check=False)
    if asked.returncode:
        return frozenset()  # another DVC is at work, or none is installed
    stale = set()
    for stage, reasons in json.loads(asked.stdout or "{}").items():
        for reason in reasons:  # some are just a word
            changed = reason.get("changed deps", {}) if isinstance(reason, dict) else {}
            code = any(dep.startswith("src/") and what == "modified" for dep, what in changed.items())
            if code and not stage.startswith(SHOWING):
                stale.add(stage)
    return frozenset(stale)
