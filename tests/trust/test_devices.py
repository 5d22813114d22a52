"""The comparison of devices, of one device with itself: nothing is apart but what bfloat16 rounds."""

import devices
import pytest
import torch

from abstract_beauty import weights


@pytest.mark.parametrize(("kind", "network"), [("predictors", "four_sides"), ("improvers", "plain")])
def test_a_device_agrees_with_itself(kind, network):
    torch.manual_seed(0)
    made = weights.build(kind, network, 8).eval().requires_grad_(False)
    found = devices.compared(kind, made, torch.rand(1, 3, 64, 64), "cpu")
    assert [found[key] for key in ("largest", "mean", "error", "gradient")] == [0, 0, 0, 0]
    assert 0 <= found["bfloat16_mean"] < 0.05


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_without_a_card_it_says_so(capsys):
    assert devices.main(["picture.png"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
