"""What a clone's trained networks add to a benchmark: their held-out errors, and weights to judge bfloat16 on."""

import contextlib
import warnings
from pathlib import Path

from torch import nn

from abstract_beauty import weights
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json
from abstract_beauty.predictors.four_sides import FourSides
from abstract_beauty.project import find_project

YARDSTICK = "telea"  # the classical fill that others are compared with


def one_pass_predictor() -> tuple[str, nn.Module | None]:
    """Name and network of this clone's own one-pass predictor, else the reference's; ("random", None) without one."""
    for name in ("run/good", "reference/good"):
        with contextlib.suppress(UserError), warnings.catch_warnings(action="ignore"):
            network = weights.load(weights.find("predictors", name), "predictors")
            if isinstance(network, FourSides):
                return name, network
    return "random", None


def held_out_errors(results: Path | None = None) -> dict[str, dict[str, str | float | None]]:
    """Each predictor and fill, best first: its mean absolute error on the test pictures, and how many of Telea's it is.

    Args:
        results: the folder that holds fills.json and predictors/NAME.json, of which any may be missing; None for the
            project's, where there is one.

    Returns:
        {name: {"kind": "predictor" or "fill", "mae": ..., "of_telea": ...}}; `of_telea` is None without its error. A
        predictor called like a fill is listed as "predictor NAME".

    Raises:
        UserError: a file is there and is no JSON.
    """
    if results is None:
        try:
            results = find_project().results
        except UserError:  # outside a clone
            return {}
    errors: dict[str, tuple[str, float]] = {}
    if (results / "fills.json").is_file():
        for name, row in read_json(results / "fills.json").items():
            errors[name] = "fill", row["mae"]
    for path in sorted((results / "predictors").glob("*.json")):
        name = f"predictor {path.stem}" if path.stem in errors else path.stem
        errors[name] = "predictor", read_json(path)["test"]["mae"]
    telea = errors[YARDSTICK][1] if YARDSTICK in errors else None
    return {
        name: {"kind": kind, "mae": mae, "of_telea": mae / telea if telea else None}
        for name, (kind, mae) in sorted(errors.items(), key=lambda item: item[1][1])
    }
