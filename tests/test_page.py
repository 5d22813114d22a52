"""What the book's pages are served beside the text."""

import torch

from abstract_beauty.data.images import read_image
from abstract_beauty.experiments import page
from abstract_beauty.prediction.full_prediction import TILE
from abstract_beauty.project import find_project


def test_the_cover_is_a_photograph_of_whole_tiles_its_guess_and_the_error(tmp_path):
    page.write_cover(find_project(), tmp_path)
    y, z, error = (read_image(tmp_path / f"{name}.webp") for name in ("photograph", "prediction", "map"))
    assert y.shape == z.shape == error.shape
    assert y.shape[1] % TILE == 0 and y.shape[2] % TILE == 0
    wrong = (y - z).abs().mean(dim=0).flatten()
    assert 0.01 < wrong.mean() < 0.2
    brightness = error.mean(dim=0).flatten()
    assert torch.corrcoef(torch.stack([wrong, brightness]))[0, 1] > 0.9
