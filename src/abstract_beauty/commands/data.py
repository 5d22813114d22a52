"""`abstract-beauty data`: prepare the pictures that params.yaml names."""

import argparse

from abstract_beauty.experiments.pictures import prepare_data
from abstract_beauty.params import load_params
from abstract_beauty.project import find_project


def data_command(options: argparse.Namespace) -> None:
    """Write the prepared pictures, and results/data.json."""
    prepare_data(find_project(), load_params(), progress=not options.quiet)
