"""What the book's pages are served beside the text."""

import torch

from abstract_beauty.data.images import read_image
from abstract_beauty.experiments import page
from abstract_beauty.files import read_json
from abstract_beauty.params import load_params
from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.project import Project, find_project


def test_what_is_served_lists_the_published_improvers_of_params_by_their_titles(tmp_path, monkeypatch):
    own, project = find_project(), Project(tmp_path)
    for name in ("book/page", "node_modules"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(own.root / name)
    project.reference.parent.mkdir()
    project.reference.symlink_to(own.reference)
    params = load_params(own.params, changes={"book": {"page": ["target", "smoothing"]}})
    monkeypatch.setattr(page, "_write_networks", lambda project, improvers, out: {})
    page.stage(project, params)
    served = tmp_path / "book" / "_extra" / "try"
    listed = read_json(served / "models" / "manifest.json")["improvers"]
    titles = params.titles("improvers")
    assert listed == [{"name": name, "title": titles[name]} for name in ("target", "smoothing")]
    assert {"app.js", "ort", "samples", "cover"} <= {path.name for path in served.iterdir()}
    # The cover: a photograph of whole tiles, its guess, and the error.
    y, z, error = (
        read_image(served / "cover" / f"{name}.webp") for name in ("photograph", "prediction", "map")
    )
    assert y.shape == z.shape == error.shape
    assert y.shape[1] % TILE == 0 and y.shape[2] % TILE == 0
    wrong = (y - z).abs().mean(dim=0).flatten()
    assert 0.01 < wrong.mean() < 0.2
    brightness = error.mean(dim=0).flatten()
    assert torch.corrcoef(torch.stack([wrong, brightness]))[0, 1] > 0.9
