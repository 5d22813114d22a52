"""The figures of the front page: a photograph, what a network predicts of it, and what the improvers make of it; and
one whose contents a reader can move."""

import torch

from abstract_beauty.book import plots
from abstract_beauty.data.images import read_pictures, write_image
from abstract_beauty.experiments.improver import improver_run
from abstract_beauty.experiments.pictures import test_images
from abstract_beauty.experiments.predictor import predictor_run
from abstract_beauty.files import read_json, write_json
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import error_map
from abstract_beauty.project import Project

PICTURE = "coffee"  # or the first test picture, where there is none of that name


def stage(project: Project, params: Params) -> None:
    """Draw results/figures/teaser.jpg from the pipeline's own weights, with the improvers of `book.teaser`.

    And write into book/_extra/moving what the front page moves: a photograph and its flow.
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
    moved = read_pictures(project.run / "moving.safetensors")
    if f"{PICTURE}/both" in moved:
        improved["may only move"] = moved[f"{PICTURE}/both"][0]
    figure = plots.teaser(x[0], z[0], error_map(x, z)[0], improved)
    plots.save(figure, project.results / "figures" / "teaser.jpg")
    flow = read_json(project.run / "flow.json")
    out = project.root / "book" / "_extra" / "moving"
    write_image(out / "photograph.webp", moved[f"{flow['picture']}/x"][0])
    write_json(out / "flow.json", flow)
