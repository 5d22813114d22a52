"""The loss of a field of displacements, term by term, against the same written with numpy."""

import numpy as np
import pytest
import torch

from abstract_beauty.losses.moving import moving

FOLD, STEEP = 0.2, 3.0
FREE = dict.fromkeys(("k_area", "k_detail", "k_coarse", "k_stiff"), 0.0)


def two_fields(h, w):
    """Smooth; in the first some areas lie below FOLD, and some below 0."""
    down, right = np.meshgrid(np.linspace(0, 2 * np.pi, h), np.linspace(0, 2 * np.pi, w), indexing="ij")
    waves = np.stack([np.sin(down) * np.cos(2 * right), np.sin(2 * right) * np.cos(down)])
    return torch.tensor(np.stack([waves * size for size in (4.5, 0.6)]))


@pytest.fixture
def given():
    """x, y, z of two pictures, y softer than x, and fields of twice their size."""
    torch.manual_seed(0)
    x, noise = torch.rand(2, 2, 3, 14, 18, dtype=torch.float64)
    y = 0.6 * x + 0.4 * x.roll(1, 3) * 0.9
    return x, y, (y + 0.2 * noise).clamp(0, 1), two_fields(28, 36)


def finest(image):
    down = image[:, 1:-1] - (image[:, :-2] + image[:, 2:]) / 2
    right = image[..., 1:-1] - (image[..., :-2] + image[..., 2:]) / 2
    return (down**2).mean() + (right**2).mean()


def steepest(image):
    down, right = np.diff(image, axis=1)[..., :-1], np.diff(image, axis=2)[:, :-1]
    return np.sqrt(max(((down**2 + right**2) ** 2).mean(), 1e-12))


def lost(x, y):
    return sum(max(0.0, 1 - of(y) / max(of(x), 1e-6)) for of in (finest, steepest))


def coarse(image):
    return (image[:, 1:, 1:] + image[:, :-1, 1:] + image[:, 1:, :-1] + image[:, :-1, :-1]) / 4


def determinant(u):
    (dd, dr), (rd, rr) = np.gradient(u[0]), np.gradient(u[1])
    return (1 + dd) * (1 + rr) - dr * rd


def expected(x, y, z, u, *, k_area, k_detail, k_coarse, k_stiff):
    x, y, z, u = (each.numpy() for each in (x, y, z, u))
    area = np.stack([determinant(field) for field in u])
    logs = []
    for i, error in enumerate(np.abs(y - z).mean(1)):
        pooled = area[i].reshape(14, 2, 18, 2).mean((1, 3))
        found = (1 - k_area) * error.mean() + k_area * (error * pooled).mean()
        held = k_detail * lost(x[i], y[i]) + k_coarse * lost(coarse(x[i]), coarse(y[i]))
        logs.append(np.log(max(found, 1 / 1024)) + held)
    slopes = np.abs(np.diff(u, axis=2)).mean() + np.abs(np.diff(u, axis=3)).mean()
    stiffness = (np.log(np.maximum(area, 0.02)) ** 2).mean() + slopes
    return np.mean(logs) + k_stiff * stiffness + STEEP * (np.maximum(0, 1 - area / FOLD) ** 2).mean()


ALL = {"k_area": 0.5, "k_detail": 0.3, "k_coarse": 0.2, "k_stiff": 0.1}


@pytest.mark.parametrize("weights", [{}, {"k_area": 1.0}, *({key: 0.7} for key in ALL), ALL])
def test_every_term_is_what_it_says(given, weights):
    area = np.stack([determinant(field) for field in given[3].numpy()])
    assert area[0].min() < 0 < (area[0] < 0.02).mean() < (area[0] < FOLD).mean() and area[1].min() > FOLD
    assert float(moving(*given, **FREE | weights)) == pytest.approx(
        expected(*given, **FREE | weights), rel=1e-9
    )


def test_what_is_kept_is_free_and_what_is_flat_has_nothing_to_lose(given):
    x, y, z, u = given
    held = {"k_detail": 0.7, "k_coarse": 0.4}
    sharper = (y, x, z, u)
    assert float(moving(*sharper, **FREE | held)) == pytest.approx(expected(*sharper, **FREE), rel=1e-9)
    flat = torch.full_like(x, 0.5)
    # less than the smallest energy, so that some is missing all the same
    faint = flat + 5e-4 * torch.randn_like(x)
    for before, after in ((flat, flat), (flat, faint), (flat + 1e-3 * torch.randn_like(x), flat)):
        both = before, after, z, u
        found = float(moving(*both, **FREE | held))
        assert found == pytest.approx(expected(*both, **FREE | held), rel=1e-9)
        assert found > float(moving(*both, **FREE)) + 0.1


def test_an_error_of_nothing_is_the_smallest(given):
    x, y, _, u = given
    assert float(moving(x, y, y, 0 * u, **FREE)) == pytest.approx(np.log(1 / 1024))


def test_a_soft_edge_that_zigzags_is_seen_by_the_coarser_measure():
    """As fine and as steep as before from pixel to pixel, but softer than before."""
    edge, jagged = torch.zeros(2, 1, 3, 32, 32)
    edge[..., 16:] = 1
    jagged[..., 10:] = torch.linspace(0, 1, 22)
    jagged[..., 10::2] = (jagged[..., 10::2] - 0.5).clamp(min=0)
    given = edge, jagged, 1 - edge, torch.zeros(1, 2, 32, 32)
    fine, coarse = (moving(*given, **FREE | {key: 1.0}) for key in ("k_detail", "k_coarse"))
    assert coarse > fine + 0.3
