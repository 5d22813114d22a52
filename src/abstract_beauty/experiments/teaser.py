"""The figure of the front page: one photograph, what a network predicts of it, and what the improvers make of it.

python -m abstract_beauty.experiments.teaser [--picture coffee]
"""

import argparse
import sys

import torch

from abstract_beauty import experiments
from abstract_beauty.book import plots
from abstract_beauty.errors import one_line
from abstract_beauty.params import load_params
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import error_map
from abstract_beauty.project import find_project
from abstract_beauty.training.machine import use_threads

LABELS = {
    "smoothing": "smoothing",
    "black_square": "nothing held: flat",
    "ratio_as_written": "ratio as written",
    "ratio_progress": "ratio as meant",
}


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Draw results/figures/teaser.png from the pipeline's own weights."""
    parser = argparse.ArgumentParser(description="Draw the figure of the front page.")
    parser.add_argument(
        "--picture", default="coffee", help="a test picture; the first where there is none of that name"
    )
    options = parser.parse_args(arguments)
    project, params = find_project(), load_params()
    use_threads(params.threads)
    images = experiments.test_images(project)
    x = images.get(options.picture, next(iter(images.values())))
    f = experiments.predictor_run(project, params, "good").network
    with torch.no_grad():
        z = full_prediction(f, x)
        improved = {
            label: experiments.improver_run(project, params, name).network(x)[0]
            for name, label in LABELS.items()
        }
    figure = plots.teaser(x[0], z[0], error_map(x, z)[0], improved)
    plots.save(figure, project.results / "figures" / "teaser.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
