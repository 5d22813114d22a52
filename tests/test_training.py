"""The loop: it learns, resumes to the bit, stops on what is not a number, and leaves the frozen alone."""

import copy
import os
import resource
import signal

import pytest
import torch
from torch import nn

from abstract_beauty import improvers, losses
from abstract_beauty.errors import Terminated, UserError
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.predictors.context_encoder import ContextEncoder
from abstract_beauty.predictors.four_sides import FourSides
from abstract_beauty.sections import TrainingParams
from abstract_beauty.training.fit import (
    Task,
    TrainingStopped,
    fit,
    generator_for,
    learning_rate_at,
    make_fabric,
    precision_of,
    seed_for,
)

PARAMS = TrainingParams(accelerator="cpu", log_every=5, checkpoint_every=10)


@pytest.fixture(scope="module")
def fabric():
    return make_fabric(PARAMS)


def line():
    torch.manual_seed(0)
    return nn.Linear(4, 1)


def step(network, i):
    inputs = torch.rand(8, 4, generator=generator_for("inputs", i))
    return {"loss": (network(inputs)[:, 0] - inputs.sum(dim=1)).abs().mean()}


def trained(network, fabric, path, steps=60, by=step, **more):
    options = {"learning_rate": 0.05, "params": PARAMS, "progress": False, "label": "line", **more}
    return fit(network, by, steps=steps, checkpoint=path, fabric=fabric, **options)


def train(*arguments, **options):
    return trained(*arguments, **options).curve


class Killed(Exception):
    """Stands for a kill between two steps."""


def killed_at(last, by=step):
    def stopping(network, i):
        if i == last:
            raise Killed
        return by(network, i)

    return stopping


def noting(done):
    """The step, which also notes its number."""

    def noted(network, i):
        done.append(i)
        return step(network, i)

    return noted


def four_sides():
    torch.manual_seed(0)
    return FourSides(12)


def crops_step(network, i):
    y = torch.rand(1, 3, 64, 64, generator=generator_for("crops", i))
    return {"loss": mae(y, full_prediction(network, y))}


def same(a, b):
    return all(torch.equal(one, other) for one, other in zip(a.parameters(), b.parameters(), strict=True))


def test_it_learns_and_writes_a_curve(fabric, tmp_path):
    curve = train(line(), fabric, tmp_path / "c.safetensors")
    assert [row["step"] for row in curve] == list(range(5, 61, 5))
    assert curve[-1]["loss"] < 0.2 * curve[0]["loss"]
    assert set(curve[0]) == {"step", "loss", "gradient_norm", "learning_rate"}


MUON = {"by": crops_step, "optimizer": "muon", "learning_rate": 0.005, "steps": 20}


@pytest.mark.parametrize(
    ("make", "options", "last"),
    [
        *((line, {"by": step}, last) for last in (11, 20, 37, 59)),
        (four_sides, MUON, 11),
        (four_sides, MUON, 17),
    ],
)
def test_a_killed_run_ends_bit_for_bit_as_if_undisturbed(fabric, tmp_path, make, options, last):
    undisturbed, again, resumed = make(), make(), make()
    curve = train(undisturbed, fabric, tmp_path / "a.safetensors", **options)
    with pytest.raises(Killed):
        train(again, fabric, tmp_path / "b.safetensors", **options | {"by": killed_at(last, options["by"])})
    with torch.no_grad():
        next(resumed.parameters()).fill_(9.0)  # what it starts from must not matter: the checkpoint decides
    assert train(resumed, fabric, tmp_path / "b.safetensors", **options) == curve
    assert same(undisturbed, resumed)


def test_training_leaves_the_linear_fill_alone(fabric, tmp_path):
    network = four_sides()
    network.matrix.normal_(std=0.1)
    before = network.matrix.clone()
    train(network, fabric, tmp_path / "c.safetensors", by=crops_step, steps=5, optimizer="muon")
    assert torch.equal(network.matrix, before)
    assert network.last.weight.abs().max() > 0


def test_the_clock_goes_on_where_it_stopped(fabric, tmp_path, monkeypatch):
    now = iter(range(10**6))
    monkeypatch.setattr("abstract_beauty.training.fit.time.perf_counter", lambda: float(next(now)))
    path = tmp_path / "c.safetensors"
    whole = trained(line(), fabric, tmp_path / "d.safetensors")
    with pytest.raises(Killed):
        train(line(), fabric, path, by=killed_at(37))
    parts = trained(line(), fabric, path)
    assert whole.seconds > 0
    assert parts.seconds == pytest.approx(whole.seconds, abs=2)  # the clock is read once more for each start


@pytest.mark.parametrize(("able", "precision"), [(True, "bf16-mixed"), (False, "32-true")])
def test_the_precision_is_the_machine_s_unless_it_is_given(monkeypatch, able, precision):
    monkeypatch.setattr("abstract_beauty.training.fit.computes_in_bfloat16", lambda accelerator: able)
    assert precision_of(TrainingParams()) == precision
    assert precision_of(TrainingParams(precision="32-true")) == "32-true"


@pytest.mark.parametrize("at", [0, 12, 33, 34, 59])
def test_sigterm_saves_at_once_and_the_rest_is_the_same_to_the_bit(fabric, tmp_path, at):
    def signalled(network, i):
        if i == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(network, i)

    undisturbed, resumed = line(), line()
    curve = train(undisturbed, fabric, tmp_path / "a.safetensors")
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated, match=f"stopped at step {at + 1} of 60"):
        train(line(), fabric, tmp_path / "b.safetensors", by=signalled)
    assert signal.getsignal(signal.SIGTERM) is before
    done = []
    assert train(resumed, fabric, tmp_path / "b.safetensors", by=noting(done)) == curve
    assert done == list(range(at + 1, 60))
    assert same(undisturbed, resumed)


def test_the_step_and_the_pictures_of_a_gradient_that_is_not_finite_are_named(fabric, tmp_path):
    def breaking(network, i):
        loss = step(network, i)["loss"]
        if i == 41:
            loss = loss + (network.weight.sum() * 0).sqrt()  # 0, and its gradient 0 / 0
        return {"loss": loss}

    task = Task(breaking, pictures=lambda i: [f"picture_{i}", "other", f"picture_{i}"])
    with pytest.raises(TrainingStopped, match=r"gradient_norm is not finite at step 42 of 60; its batch is cut from "
                       r"picture_41, other; the last good state is .*c\.safetensors"):  # fmt: skip
        train(line(), fabric, tmp_path / "c.safetensors", by=task)
    done, resumed, undisturbed = [], line(), line()
    train(resumed, fabric, tmp_path / "c.safetensors", by=noting(done))
    train(undisturbed, fabric, tmp_path / "d.safetensors")
    assert done[0] == 40
    assert same(resumed, undisturbed)


def test_sigterm_saves_nothing_after_a_number_went_wrong(fabric, tmp_path):
    def breaking(network, i):
        if i == 33:
            os.kill(os.getpid(), signal.SIGTERM)
        return {"loss": step(network, i)["loss"] * (torch.nan if i == 32 else 1.0)}

    with pytest.raises(TrainingStopped, match="at step 33 of 60"):
        train(line(), fabric, tmp_path / "c.safetensors", by=breaking)
    resumed = line()
    assert train(resumed, fabric, tmp_path / "c.safetensors")[-1]["step"] == 60
    assert torch.isfinite(resumed.weight).all()


def test_an_overflow_in_bfloat16_is_named(tmp_path):
    params = TrainingParams(accelerator="cpu", precision="bf16-mixed", log_every=5, checkpoint_every=10)
    half = make_fabric(params)

    def overflowing(network, i):
        with half.autocast():
            made = network(torch.rand(8, 4, generator=generator_for("inputs", i))).to(torch.bfloat16)
            return {"loss": (made * (1e38 if i == 7 else 1.0)).square().mean()}

    with pytest.raises(TrainingStopped, match=r"loss is not finite at step 8 of 60; .*lower"):
        train(line(), half, tmp_path / "c.safetensors", by=overflowing, params=params)


def test_a_full_disk_stops_in_one_line_and_keeps_the_last_checkpoint(fabric, tmp_path):
    path = tmp_path / "c.safetensors"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def filling(network, i):
        if i == 25:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
        return step(network, i)

    try:
        with pytest.raises(UserError, match=r"c\.safetensors: cannot be written"):
            train(line(), fabric, path, by=filling)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == [path]
    undisturbed, resumed = line(), line()
    assert train(resumed, fabric, path) == train(undisturbed, fabric, tmp_path / "d.safetensors")
    assert same(undisturbed, resumed)


def test_what_is_odd_is_said_once(fabric, tmp_path, capsys):
    task = Task(step, watch=lambda row: ["its output is one flat colour"] if row["step"] >= 30 else [])
    train(line(), fabric, tmp_path / "c.safetensors", by=task)
    assert capsys.readouterr().err.strip() == "line: step 30: its output is one flat colour"


def test_the_schedule_rises_then_falls_to_nothing():
    rates = [learning_rate_at(i, 100, 0.1, 0.05) for i in range(100)]
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) in (4, 5)
    assert rates[0] == pytest.approx(0.02)
    assert rates[-1] < 1e-4


def test_seeds_are_stable_and_differ():
    assert seed_for(1, "a") == seed_for(1, "a")
    assert len({seed_for(1, "a"), seed_for(2, "a"), seed_for(1, "b"), seed_for(1), seed_for("1", "a")}) == 5


@pytest.mark.parametrize("network", sorted(improvers.NETWORKS.keys() - {"mover"}))  # which test_mover trains
@pytest.mark.parametrize("loss", ["smoothing", "ratio_as_written", "ratio_progress"])
def test_an_improver_learns_through_frozen_predictors(fabric, tmp_path, network, loss):
    torch.manual_seed(0)
    g = improvers.NETWORKS[network](4)
    good, bad = (ContextEncoder(4).requires_grad_(False) for _ in range(2))
    before = copy.deepcopy(good.state_dict())
    moved = {name: parameter.clone() for name, parameter in g.named_parameters()}

    def through(g, i):
        x = torch.rand(1, 3, 64, 64, generator=generator_for("x", i))
        y = g(x)
        z = full_prediction(good, y)
        if loss == "smoothing":
            return {"loss": losses.smoothing(x, y, z, k1=0.4, k2=0.6)}
        return {"loss": getattr(losses, loss)(y, full_prediction(bad, y), z)}

    x = torch.rand(1, 3, 64, 64)
    through(g, 0)["loss"].backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in g.parameters())
    assert all(parameter.grad is None for parameter in good.parameters())
    g.zero_grad()
    train(g, fabric, tmp_path / "c", steps=3, by=through, learning_rate=0.01)
    assert all(torch.equal(before[name], tensor) for name, tensor in good.state_dict().items())
    assert all(not torch.equal(moved[name], parameter) for name, parameter in g.named_parameters())
    assert g(x).shape == x.shape
