"""Networks as ONNX files: they agree with torch at any size, also halved, and carry nothing of the machine."""

import logging
import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, load_from_string

import abstract_beauty as ab
from abstract_beauty import improvers, predictors
from abstract_beauty.book import onnx
from abstract_beauty.cli import main
from abstract_beauty.files import read_json
from abstract_beauty.improvers.plain import PlainConvolutions
from abstract_beauty.improvers.unet import UNet
from abstract_beauty.prediction.full_prediction import completed_and_hidden
from abstract_beauty.prediction.linear_fill import LinearFill
from abstract_beauty.predictors.four_sides import FourSides

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def four_sides():
    torch.manual_seed(0)
    f = FourSides(8).eval()
    for parameter in f.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    f.matrix.normal_(std=0.05)
    return f


def run(exported, *values, halved=False):
    content = exported.content
    if halved:
        model = load_from_string(content)
        onnx.halve(model)
        content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names, _ = onnx.INPUTS[exported.form]
    return session.run(None, dict(zip(names, (value.numpy() for value in values), strict=True)))[0]


def check_nothing_varies(exported):
    """A file says nothing of this machine, and nothing that may differ from run to run."""
    assert b"/src/" not in exported.content and b"site-packages" not in exported.content
    model = load_from_string(exported.content)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        assert not part.metadata_props and not part.doc_string
    assert not graph.value_info and not model.functions


def test_a_one_pass_predictor_gives_the_full_prediction(four_sides):
    exported = onnx.export(four_sides)
    assert exported.form == "one_pass"
    y = torch.rand(2, 3, 75, 110)
    completed, rows, columns = completed_and_hidden(y)
    with torch.no_grad():
        expected = ab.full_prediction(four_sides, y).numpy()
    for halved, allowed in ((False, 1e-5), (True, onnx.LARGEST_DIFFERENCE_HALF)):
        z = run(exported, completed, rows[None], columns[None], halved=halved)[..., :75, :110]
        assert np.abs(z - expected).max() < allowed
    check_nothing_varies(exported)


def test_halving_halves():
    whole, half = (onnx.export(UNet(16).eval(), half=half) for half in (False, True))
    assert len(half.content) < 0.6 * len(whole.content)
    check_nothing_varies(half)
    tensors = load_from_string(half.content).graph.initializer
    assert {t.data_type for t in tensors if np.prod(t.dims) > 300} == {TensorProto.FLOAT16}


def test_the_linear_fill_and_a_tile_predictor():
    linear = LinearFill()
    linear.matrix.normal_(std=0.05)
    y = torch.rand(1, 3, 70, 64)
    completed, rows, columns = completed_and_hidden(y)
    z = run(onnx.export(linear), completed, rows[None], columns[None])[..., :70, :64]
    assert np.abs(z - ab.full_prediction(linear, y).numpy()).max() < 1e-5
    encoder = predictors.NETWORKS["context_encoder"](4).eval()
    exported = onnx.export(encoder)
    context, hidden = ab.contexts(y)
    with torch.no_grad():
        expected = encoder(context, hidden).clamp(0, 1).numpy()
    assert np.abs(run(exported, context, hidden) - expected).max() < 1e-5


@pytest.mark.parametrize("name", sorted(improvers.NETWORKS.keys() - {"mover"}))
def test_every_improver_that_paints(name):
    torch.manual_seed(1)
    g = improvers.NETWORKS[name](8).eval()
    exported = onnx.export(g)
    check_nothing_varies(exported)
    assert exported.notes == {"grain": g.grain, "reach": g.reach}
    x = torch.rand(3, 3, 64, 128)
    with torch.no_grad():
        assert np.abs(run(exported, x) - g(x).numpy()).max() < 1e-4


def test_a_look_of_one_that_moves():
    torch.manual_seed(1)
    g = improvers.NETWORKS["mover"](8).eval()
    exported = onnx.export(g)
    check_nothing_varies(exported)
    assert exported.form == "look" and exported.notes == {"looks": 4}
    y, z, state = torch.rand(2, 3, 48, 96), torch.rand(2, 3, 48, 96), torch.randn(2, 10, 11, 23)
    with torch.no_grad():
        assert np.abs(run(exported, y, z, state) - g.look(y, z, state).numpy()).max() < 1e-4


def test_a_file_that_disagrees_is_refused(monkeypatch):
    monkeypatch.setattr(onnx, "LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(ab.UserError, match="differs from torch"):
        onnx.export(PlainConvolutions(4).eval())


class Undecided(torch.nn.Module):
    """What cannot be traced: it asks for a value."""

    grain = reach = 1

    def forward(self, x):
        return x if x.sum() > 0 else -x


def test_a_failure_leaves_logging_and_warnings_as_they_were():
    before = logging.root.manager.disable, list(warnings.filters)
    with pytest.raises(Exception, match="data-dependent"):
        onnx.export(Undecided().eval())
    assert (logging.root.manager.disable, list(warnings.filters)) == before


def test_the_command_writes_files_a_list_and_the_contract(tmp_path, capsys):
    out = tmp_path / "nets"
    assert main(["export", "--out", str(out), "--only", "predictors/linear"]) == 0
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    example = {"README.md", "cpp/CMakeLists.txt", "cpp/score.cpp"}
    assert written == {"manifest.json", "predictors-linear.onnx", *example}
    assert "48 pixels" in (out / "README.md").read_text()
    assert main(["export", "--out", str(out), "--only", "improvers/held"]) == 0
    assert {*read_json(out / "manifest.json")["networks"]} == {"predictors/linear", "improvers/held"}
    (tmp_path / "README.md").write_text("mine")
    assert main(["export", "--out", str(tmp_path), "--only", "predictors/linear"]) == 2
    assert (tmp_path / "README.md").read_text() == "mine" and "holds other files" in capsys.readouterr().err
    assert main(["export", "--out", str(out), "--only", "predictors/magic"]) == 2
    assert "predictors/magic" in capsys.readouterr().err
