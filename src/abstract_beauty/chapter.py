"""What a notebook works with: runs and their measurements, read where the pipeline made them, else made on the spot.

The pipeline's results are those of params.yaml and of the code as it was when DVC last ran a stage. A chapter whose
parameters or code were changed trains and measures what the change touches, each time, and draws its figures into the
scratch folder: nothing of the pipeline's is overwritten.
"""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from abstract_beauty.data import Picture
from abstract_beauty.data.images import read_pictures
from abstract_beauty.experiments import pictures as prepared
from abstract_beauty.experiments.balance import measure_balance
from abstract_beauty.experiments.fills import measure_fills
from abstract_beauty.experiments.filters import measure_filters
from abstract_beauty.experiments.improver import improver_run, measure_improver
from abstract_beauty.experiments.many import measure_many
from abstract_beauty.experiments.pixels import measure_pixels
from abstract_beauty.experiments.predictor import measure_predictor, networks, predictor_run
from abstract_beauty.experiments.ratings import COMPARED, measure_ratings
from abstract_beauty.files import read_json
from abstract_beauty.params import Params, load_params
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.runs import Run

SHOWING = ("notebook", "teaser", "blind", "page", "book")  # stages that make no number


class Chapter:
    """A chapter's parameters, pictures, runs, numbers and figures.

    Args:
        name: of the notebook, for the folder of its figures.
        changes: sections of params.yaml with what is to differ, as `load_params` takes them.

    Raises:
        UserError: a change names what params.yaml does not have.
    """

    def __init__(self, name: str, **changes: Any):
        self.name, self.home = name, find_project()
        self.params, own = load_params(self.home.params, changes=changes), load_params(self.home.params)
        fields = [field.name for field in dataclasses.fields(Params)]
        self.changed = {field for field in fields if getattr(self.params, field) != getattr(own, field)}
        home = dataclasses.replace(self.home, stale=made_by_other_code(self.home))
        self.project = prepared.ensure_data(home, self.params)
        self._used: list[Run] = []
        for stage in sorted(self.project.stale):
            print(
                f"{stage}: its code was changed since the pipeline ran it; what this chapter needs of it is made anew"
            )

    def titles(self, kind: str = "improvers") -> dict[str, str]:
        """What the "improvers" or "predictors" are called, in the order of params.yaml."""
        return self.params.titles(kind)

    def predictors(self, *names: str) -> dict[str, Run]:
        """The runs of some predictors."""
        found = {name: predictor_run(self.project, self.params, name) for name in names}
        self._used += found.values()
        return found

    def improver(self, name: str) -> Run:
        """The run of an improver."""
        self._used.append(improver_run(self.project, self.params, name))
        return self._used[-1]

    def photographs(self) -> dict[str, Tensor]:
        """The test pictures by name, (1, 3, h, w) in [0, 1]."""
        return prepared.test_images(self.project)

    def pictures(self, split: str) -> tuple[Picture, ...]:
        """The "train" or "test" pictures, as 8-bit tensors (3, h, w)."""
        return prepared.pictures(self.project, split)

    @property
    def folder(self) -> Path:
        """Where figures go: results/figures/NAME if all that was used is the pipeline's, else the scratch folder."""
        own = not self.changed and self._published() and self.project.root == self.home.root
        return (self.project.results if own else self.project.scratch) / "figures" / self.name

    def _published(self) -> bool:
        return all(run.path.is_relative_to(self.project.run) for run in self._used)

    def _measured(self, name: str, stage: str, sections: set[str], measure: Callable[[], Any]) -> Any:
        """results/NAME.json if it speaks of the runs in use and of these sections as they are; else measured now."""
        file = self.project.results / f"{name}.json"
        if (
            self._published()
            and not sections & self.changed
            and stage not in self.project.stale
            and file.is_file()
        ):
            return read_json(file)
        return measure()

    def _with_pictures(
        self, name: str, measure: Callable[[], tuple[dict[str, Any], dict[str, Tensor]]]
    ) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """results/NAME.json and models/run/NAME.safetensors, as `_measured`."""
        file = self.project.run / f"{name}.safetensors"
        found = self._measured(name, name, {name}, measure)
        return found if isinstance(found, tuple) else (found, read_pictures(file))

    def predictor_scores(self, f: Mapping[str, Run]) -> dict[str, Any]:
        """Each predictor's error on the test pictures (`measure_predictor`)."""
        return {
            name: self._measured(
                f"predictors/{name}",
                f"train-predictor@{name}",
                set(),
                lambda run=run: measure_predictor(self.project, run),
            )
            for name, run in f.items()
        }

    def fills(self) -> dict[str, Any]:
        """Error of each fill in a predictor's place (`measure_fills`)."""
        self.predictors("linear")
        return self._measured("fills", "fills", set(), lambda: measure_fills(self.project, self.params))

    def filters(self) -> dict[str, list[dict[str, float]]]:
        """Each plain filter's curve (`measure_filters`); half a minute where it is measured anew."""
        self.predictors("good", "bad", "judge")
        return self._measured(
            "filters", "filters", {"evaluation"},
            lambda: measure_filters(self.project, self.params, self._networks("good", "bad", "judge")),
        )  # fmt: skip

    def judged(self, name: str) -> tuple[Run, dict[str, Any]]:
        """An improver, and its judges' table beside plain filters (`measure_improver`)."""
        filters, run = self.filters(), self.improver(name)

        def measure() -> dict[str, Any]:
            f = self._networks("good", "bad", "judge")
            return measure_improver(self.project, self.params, run, f, filters)

        return run, self._measured(f"improvers/{name}", f"measure-improver@{name}", {"evaluation"}, measure)

    def pixels(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """The experiments on bare pixels, and their pictures (`measure_pixels`); minutes where they are made anew."""
        names = ("good", "bad", "bad_again", "small", "judge", "linear")
        self.predictors(*names)
        return self._with_pictures(
            "pixels", lambda: measure_pixels(self.project, self.params, self._networks(*names))
        )

    def balance(self) -> dict[str, Any]:
        """The phase diagram with networks (`measure_balance`); minutes where it is measured anew."""
        names = ("good", "bad", "judge")
        self.predictors(*names)
        return self._measured(
            "balance", "balance", {"balance", "training"},
            lambda: measure_balance(self.project, self.params, self._networks(*names)),
        )  # fmt: skip

    def many(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Improvers applied many times, and their pictures (`measure_many`); a minute where it is made anew."""
        self.predictors("good")
        for name in self.params.improvers:
            self.improver(name)
        return self._with_pictures(
            "many", lambda: measure_many(self.project, self.params, self._networks("good")["good"])
        )

    def ratings(self) -> dict[str, Any]:
        """Scores along the dials, against ratings, and by observer; minutes where they are measured anew."""
        self.predictors(*COMPARED)
        return self._measured(
            "ratings", "ratings", {"ratings"},
            lambda: measure_ratings(self.project, self.params, self._networks(*COMPARED)),
        )  # fmt: skip

    def reference(self, name: str, *instead: Any) -> Any:
        """What the reference run measured, results/reference/NAME.json; `instead` where there is no such file.

        Raises:
            UserError: there is none, and nothing is given instead.
        """
        file = self.home.results / "reference" / f"{name}.json"
        return instead[0] if instead and not file.is_file() else read_json(file)

    def _networks(self, *names: str) -> dict[str, Any]:
        return networks(self.project, self.params, *names)


def made_by_other_code(project: Project) -> frozenset[str]:
    """The stages whose code was changed since DVC ran them. A stage that DVC runs finds none: it sees to that."""
    if "DVC_STAGE" in os.environ or not (project.root / "dvc.lock").is_file():
        return frozenset()
    asked = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--json"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        return frozenset()  # another DVC is at work, or none is installed
    return frozenset(
        stage
        for stage, reasons in json.loads(asked.stdout or "{}").items()
        for reason in reasons
        if not stage.startswith(SHOWING)
        and isinstance(reason, dict)
        and any(
            dep.startswith("src/") and what == "modified"
            for dep, what in reason.get("changed deps", {}).items()
        )
    )
