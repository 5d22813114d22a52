"""A project of tiny networks in an empty folder, for the checks that train some."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from abstract_beauty.params import merge, parse_params, read_yaml
from abstract_beauty.project import Project, find_project

TINY = {
    "data": {"generated": 3, "generated_size": 128, "short_side": 128},
    "linear": {"crops": 250},
    "predictors": {
        "article": {"width": 4, "steps": 50, "batch": 4},
        "good": {"width": 12, "steps": 50, "batch": 2, "crop": 128},
        "bad": {"width": 12, "steps": 4, "batch": 1, "crop": 128},
    },
    "improvers": {"held": {"width": 4, "steps": 50, "batch": 2, "crop": 128}},
    "training": {"accelerator": "cpu", "precision": "32-true"},
}


def tiny_project(root: Path, changes: Mapping[str, Any]) -> Project:
    """params.yaml with `TINY` and `changes`, and dvc.yaml, in a new folder."""
    own = find_project()
    tree = merge(merge(read_yaml(own.params), TINY), changes)
    parse_params(tree)
    root.mkdir(parents=True)
    shutil.copyfile(own.root / "dvc.yaml", root / "dvc.yaml")
    with open(root / "params.yaml", "w") as file:
        YAML().dump(tree, file)
    return Project(root)
