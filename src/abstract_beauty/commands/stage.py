"""`abstract-beauty stage`: run a stage of dvc.yaml that measures or shows."""

import argparse

from abstract_beauty.experiments import run_stage
from abstract_beauty.params import load_params
from abstract_beauty.project import find_project
from abstract_beauty.training.machine import use_threads


def stage_command(options: argparse.Namespace) -> None:
    """Run it with as many threads as params.yaml says."""
    project, params = find_project(), load_params()
    use_threads(params.threads)
    run_stage(project, params, options.what)
