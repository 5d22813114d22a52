"""`abstract-beauty train`: train networks of params.yaml, and measure predictors."""

import argparse

from abstract_beauty.errors import UserError
from abstract_beauty.experiments.improver import improver_run
from abstract_beauty.experiments.predictor import measure_predictor, predictor_run
from abstract_beauty.files import write_json
from abstract_beauty.params import load_params
from abstract_beauty.project import find_project
from abstract_beauty.training.machine import is_first_process, use_threads


def train_command(options: argparse.Namespace) -> None:
    """Put each network's weights, curve and, of a predictor, errors where the pipeline's are.

    Raises:
        UserError: params.yaml has no such experiment.
    """
    project, params = find_project(), load_params()
    use_threads(params.threads)
    known = ["predictor.linear", *(f"predictor.{name}" for name in params.predictors)]
    known += [f"improver.{name}" for name in params.improvers]
    for experiment in options.experiments:
        if experiment not in known:
            there = f"there are {', '.join(known)}"
            raise UserError(f"{experiment}: there is no such experiment in params.yaml; {there}")
        kind, _, name = experiment.partition(".")
        train = predictor_run if kind == "predictor" else improver_run
        run = train(project, params, name, publish=True, progress=not options.quiet)
        if not is_first_process():
            continue
        if kind == "predictor" and run.curve:
            write_json(project.results / "predictors" / f"{name}.json", measure_predictor(project, run))
        print(f"{experiment}: weights in {run.path.relative_to(project.root)}")
