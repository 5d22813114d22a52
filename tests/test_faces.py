"""Faces, drawn: averageness and symmetry are what they say, and the study finds what was put there."""

import numpy as np
import pytest
import torch
from torch import nn

from abstract_beauty.errors import UserError
from abstract_beauty.experiments import faces as experiment
from abstract_beauty.experiments.ratings import Rated
from abstract_beauty.measures.fills import RingMeanFill
from abstract_beauty.params import load_params
from abstract_beauty.prediction.linear_fill import LinearFill
from abstract_beauty.project import find_project
from abstract_beauty.sections import FacesParams


def drawn(count, side=96):
    """Faces of an ellipse and two eyes, further from the usual one after another, and ever more noise on the wall."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    found = []
    for at in range(count):
        off = 0.02 * at * (-1) ** at
        face = 1.0 * ((rows / 0.8) ** 2 + ((columns - off) / 0.6) ** 2 < 1)
        for eye in (-0.25, 0.25 + off):
            face[(rows + 0.2) ** 2 + (columns - eye) ** 2 < 0.01] = 0
        picture = np.stack([0.2 + 0.6 * face] * 3) + rng.uniform(-0.01 * at, 0.01 * at, (3, side, side))
        found.append(torch.from_numpy(picture.clip(0, 1)).float())
    return found


def test_the_mean_face_is_the_most_average_and_a_mirrored_one_symmetric():
    known = experiment.aligned(drawn(9))
    assert known.shape[2] == known.shape[3] and known.mean((1, 2, 3)).abs().max() < 1e-4
    mean = known.mean(0, keepdim=True)
    among = experiment.averageness(torch.cat([known, mean / mean.std()]), known)
    assert among[-1] == pytest.approx(1, abs=1e-2) and (among[:-1] < among[-1]).all()
    assert experiment.averageness(known).argmin() == 8
    assert experiment.mirrored(known + known.flip(3)) == pytest.approx(
        (known + known.flip(3)).square().mean((1, 2, 3)).numpy(), rel=1e-5
    )
    assert experiment.mirrored(known)[0] > experiment.mirrored(known)[8]


class Flat(nn.Module):
    """Makes a picture its mean colour."""

    def forward(self, x):
        return x.mean((2, 3), keepdim=True).expand_as(x)


@pytest.fixture
def study(monkeypatch):
    """The study of two sets of drawn faces, rated by how easy they are for one of the predictors."""
    pictures = drawn(12)
    rating = {"attractiveness": -experiment.errors(pictures, RingMeanFill(), 64)}
    sets = [Rated(name, pictures, rating) for name in ("here", "there")]
    monkeypatch.setattr(experiment, "folders", lambda *_: sets)
    monkeypatch.setattr(experiment, "trained_on", lambda *_: {"others": RingMeanFill()})
    f = {"good": RingMeanFill(), "bad": RingMeanFill(), "judge": RingMeanFill(), "linear": LinearFill()}
    asked = load_params(changes={"faces": {"rated": ["x"], "moved": 8, "move_steps": 2}})

    def run(**more):
        return experiment.stage(find_project(), asked, f, more)

    return run


def test_what_was_drawn_is_found(study):
    found, averages = study(flat=Flat())
    row = found["sets"]["here"]
    assert row["faces"] == 12
    assert row["predictors"]["others"]["64"]["alone"]["value"] == pytest.approx(-1)
    ways = found["moved"]["ways"]
    assert set(ways) == {"move", "flat"} and found["moved"]["faces"] == len(ways["flat"]["error"]) == 8
    assert max(ways["flat"]["error"][1:]) < 0 and found["moved"]["through"] == "others"
    assert set(averages) == {"original", "move", "flat", "easy", "hard", "attractive", "plain"}
    assert all(picture.shape == (1, 3, 96, 96) for picture in averages.values())


def test_nothing_is_shown_of_fewer_faces_than_eight(study, monkeypatch):
    few = Rated("few", drawn(5), {"attractiveness": np.arange(5.0)})
    monkeypatch.setattr(experiment, "folders", lambda *_: [few])
    with pytest.raises(UserError, match="an average needs 8"):
        study()


def test_without_rated_faces_there_is_nothing():
    assert FacesParams().rated == ()
    assert experiment.stage(find_project(), load_params(), {}, {}) == ({}, {})
