"""The optimisers: what an orthogonalised step is, and which parameter is whose."""

import pytest
import torch
from torch import nn

from abstract_beauty.errors import UserError
from abstract_beauty.predictors.context_encoder import ContextEncoder
from abstract_beauty.predictors.four_sides import FourSides
from abstract_beauty.training.optimizers import Muon, optimizers_for, orthogonalised


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_orthogonalised_keeps_singular_vectors_and_brings_values_near_one(shape):
    torch.manual_seed(0)
    matrices = torch.randn(3, *shape) * torch.tensor([0.01, 1.0, 100.0])[:, None, None]
    found = orthogonalised(matrices)
    for before, after in zip(matrices, found, strict=True):
        u, values, v = torch.linalg.svd(before, full_matrices=False)
        inner = u.T @ after @ v.T  # diagonal where the singular vectors are the same
        kept = inner.diagonal()
        large = values > 0.05 * values[0]  # five rounds do not lift the smallest all the way
        assert kept[large].min() > 0.5 and kept[large].max() < 1.3
        assert (inner - torch.diag(kept)).abs().max() < 1e-3


def test_nothing_stays_nothing():
    assert torch.equal(orthogonalised(torch.zeros(2, 4, 6)), torch.zeros(2, 4, 6))


def test_it_steps_as_the_library_does():
    """PyTorch's own Muon, up to the bfloat16 that it calculates in; matrices of two shapes, three steps."""
    torch.manual_seed(0)
    start = [torch.randn(8, 24), torch.randn(6, 6), torch.randn(8, 24)]
    targets = [torch.randn_like(one) for one in start]
    ours, theirs = ([nn.Parameter(one.clone()) for one in start] for _ in range(2))
    known = {"lr": 0.1, "weight_decay": 0.0, "adjust_lr_fn": "match_rms_adamw"}
    for matrices, optimizer in ((ours, Muon(ours, lr=0.1)), (theirs, torch.optim.Muon(theirs, **known))):
        for _ in range(3):
            optimizer.zero_grad()
            sum((a - b).square().sum() for a, b in zip(matrices, targets, strict=True)).backward()
            optimizer.step()
    for before, a, b in zip(start, ours, theirs, strict=True):
        assert (a - b).abs().max() < 0.03 * (a - before).abs().max()


def test_muon_is_for_matrices():
    with pytest.raises(ValueError, match="two dimensions"):
        Muon([nn.Parameter(torch.zeros(3))], lr=0.1)


def test_muon_gets_the_inner_matrices_and_adamw_the_rest():
    network = FourSides(12)
    muon, adamw = optimizers_for(network, "muon", 0.01)
    inner, rest = ({id(p) for group in one.param_groups for p in group["params"]} for one in (muon, adamw))
    assert inner == {id(matrix) for matrix in network.hidden_matrices()}
    assert inner | rest == {id(parameter) for parameter in network.parameters()}
    assert not inner & rest
    assert {id(network.last.weight), id(network.place)} <= rest
    assert all(matrix.ndim == 2 for matrix in network.hidden_matrices())


def test_muon_is_refused_for_a_network_without_matrices():
    with pytest.raises(UserError, match="ContextEncoder needs adamw"):
        optimizers_for(ContextEncoder(4), "muon", 0.01)


def test_a_parameter_with_strides_is_stepped_as_any():
    plain = nn.Module()
    plain.weight = nn.Parameter(torch.ones(4, 3))
    strided = nn.Module()
    strided.weight = nn.Parameter(torch.ones(3, 4).T)
    gradient = torch.arange(12.0).view(4, 3)
    for network in (plain, strided):
        (optimizer,) = optimizers_for(network, "adamw", 0.1)
        for _ in range(3):
            network.weight.grad = gradient.clone()
            optimizer.step()
    torch.testing.assert_close(strided.weight, plain.weight)
