"""What each stage of the pipeline runs: puts parameters, pictures, networks and losses together and calls fit()."""

from abstract_beauty.experiments.balance import measure_balance
from abstract_beauty.experiments.elsewhere import measure_elsewhere
from abstract_beauty.experiments.filters import measure_fills, measure_filters
from abstract_beauty.experiments.improver import improver_run, measure_improver, predictor_or_fill
from abstract_beauty.experiments.linear import linear_run
from abstract_beauty.experiments.many import measure_many
from abstract_beauty.experiments.pictures import ensure_data, pictures, prepare_data, test_images
from abstract_beauty.experiments.pixels import measure_pixels
from abstract_beauty.experiments.predictor import measure_predictor, predictor_run
from abstract_beauty.training.runs import Run

__all__ = [
    "Run",
    "ensure_data",
    "improver_run",
    "linear_run",
    "measure_balance",
    "measure_elsewhere",
    "measure_fills",
    "measure_filters",
    "measure_improver",
    "measure_many",
    "measure_pixels",
    "measure_predictor",
    "pictures",
    "predictor_or_fill",
    "predictor_run",
    "prepare_data",
    "test_images",
]
