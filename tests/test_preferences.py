"""Files of choices, Bradley and Terry's strengths, and the page that collects them."""

import numpy as np
import pytest
import torch

from abstract_beauty.commands.blind import blind_page
from abstract_beauty.errors import UserError
from abstract_beauty.scores import preferences
from abstract_beauty.scores.preferences import Choice, strengths


def people(strength, count, seed=0):
    """Choices drawn from known strengths: a list of one person's choices each."""
    rng = np.random.default_rng(seed)
    names = list(strength)
    drawn = []
    for _ in range(count):
        own = []
        for _ in range(30):
            a, b = rng.choice(len(names), 2, replace=False)
            wins = rng.random() < 1 / (1 + np.exp(strength[names[b]] - strength[names[a]]))
            own.append(Choice("p", names[a], names[b]) if wins else Choice("p", names[b], names[a]))
        drawn.append(own)
    return drawn


def test_known_strengths_are_found_again(monkeypatch):
    monkeypatch.setattr(preferences, "RESAMPLES", 40)
    truth = {"original": 0.0, "smoothing": -1.0, "held": 0.7}
    found = {strength.name: strength for strength in strengths(people(truth, 40))}
    assert list(found) == ["held", "original", "smoothing"]
    for name, value in truth.items():
        assert found[name].value == pytest.approx(value, abs=0.2)
        assert found[name].low <= found[name].value <= found[name].high
    assert found["held"].low > 0 > found["smoothing"].high


@pytest.mark.parametrize("times", [1, 5])
def test_what_always_wins_stays_finite(times):
    held, original = strengths([[Choice("p", "held", "original")] * times])
    assert np.isfinite([held.value, held.low, held.high]).all()
    assert (held.name, held.wins, held.choices) == ("held", times, times)
    assert (original.value, original.wins, original.choices) == (0, 0, times)


def test_the_reference_must_be_among_them():
    with pytest.raises(UserError, match="original"):
        strengths([[Choice("p", "a", "b")]])


def test_the_page_holds_everything_and_nothing_from_outside():
    picture = torch.rand(3, 40, 50)
    g = torch.nn.Threshold(0.5, 0.5)
    g.reach, g.grain = 0, 1
    page = blind_page({"</script><b>": picture}, {"held": g})
    assert "</script><b>" not in page
    assert "http" not in page
    assert page.count("data:image/webp;base64,") == 2
    assert "__" not in page.replace("__proto__", "").split('id="data">')[0]
