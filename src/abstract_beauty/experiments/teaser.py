"""The figures of the front page: a photograph, what a network predicts of it, and what the improvers make of it; and
one whose contents a reader can move."""

import torch

from abstract_beauty import weights
from abstract_beauty.book import plots
from abstract_beauty.book.flow import packed
from abstract_beauty.data.images import write_image
from abstract_beauty.experiments.improver import improver_run
from abstract_beauty.experiments.pictures import test_images
from abstract_beauty.experiments.predictor import predictor_run
from abstract_beauty.files import write_json
from abstract_beauty.improvers import improve
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import error_map
from abstract_beauty.project import Project

PICTURE = "coffee"  # or the first test picture, where there is none of that name


def stage(project: Project, params: Params) -> None:
    """Draw results/figures/teaser.jpg from the pipeline's own weights, with the improvers of `book.teaser`, last the
    reference run's mover. And write into book/_extra/moving what the front page moves: a photograph and the flow that
    the same mover finds for it.
    """
    images = test_images(project)
    x = images.get(PICTURE, next(iter(images.values())))
    f = predictor_run(project, params, "good").network
    with torch.no_grad():
        z = full_prediction(f, x)
        improved = {
            label: improver_run(project, params, name).network(x)[0]
            for name, label in params.book.teaser.items()
        }
    mover = weights.load(weights.find("improvers", "reference/mover", project), "improvers")
    improved["may only move"] = improve(mover, x, times=2)[0]
    figure = plots.teaser(x[0], z[0], error_map(x, z)[0], improved)
    plots.save(figure, project.results / "figures" / "teaser.jpg")
    out = project.root / "book" / "_extra" / "moving"
    write_image(out / "photograph.webp", x[0])
    with torch.no_grad():
        write_json(out / "flow.json", packed(mover.velocities(x)[-1]))
