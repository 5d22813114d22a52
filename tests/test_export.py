"""Networks as ONNX files: they agree with torch at any size, also halved, and carry nothing of the machine."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import abstract_beauty as ab
from abstract_beauty import improvers, predictors
from abstract_beauty.book import onnx as export
from abstract_beauty.cli import main
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


@pytest.fixture(scope="module")
def one_pass(four_sides):
    """The predictor whole and with halved weights: tracing it takes half a minute each time."""
    return {half: export.export_predictor(four_sides, half=half) for half in (False, True)}


def run(exported, *values):
    session = onnxruntime.InferenceSession(exported.content, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip(exported.inputs, (value.numpy() for value in values), strict=True)))[0]


@pytest.mark.parametrize("half", [False, True], ids=["float32", "half"])
def test_a_one_pass_predictor_gives_the_full_prediction(four_sides, one_pass, half):
    exported = one_pass[half]
    assert exported.form == "one_pass"
    y = torch.rand(2, 3, 75, 110)
    completed, rows, columns = completed_and_hidden(y)
    z = run(exported, completed, rows[None], columns[None])[..., :75, :110]
    with torch.no_grad():
        expected = ab.full_prediction(four_sides, y).numpy()
    assert np.abs(z - expected).max() < (export.LARGEST_DIFFERENCE_HALF if half else 1e-5)
    assert b"/src/" not in exported.content and b"site-packages" not in exported.content


@pytest.mark.parametrize("name", ["predictor", "improver"])
def test_a_file_says_nothing_that_may_differ_from_run_to_run(one_pass, name):
    made = one_pass[True] if name == "predictor" else export.export_improver(UNet(4).eval())
    model = onnx.load_from_string(made.content)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        assert not part.metadata_props and not part.doc_string
    assert not graph.value_info and not model.functions


def test_halving_halves(four_sides):
    whole, half = (export.export_improver(UNet(16).eval(), half=half) for half in (False, True))
    assert len(half.content) < 0.6 * len(whole.content)
    kinds = {
        tensor.data_type
        for tensor in onnx.load_from_string(half.content).graph.initializer
        if np.prod(tensor.dims) > 300
    }
    assert kinds == {onnx.TensorProto.FLOAT16}


def test_the_linear_fill_and_a_tile_predictor():
    linear = LinearFill()
    linear.matrix.normal_(std=0.05)
    y = torch.rand(1, 3, 70, 64)
    completed, rows, columns = completed_and_hidden(y)
    z = run(export.export_predictor(linear), completed, rows[None], columns[None])[..., :70, :64]
    assert np.abs(z - ab.full_prediction(linear, y).numpy()).max() < 1e-5
    encoder = predictors.NETWORKS["context_encoder"](4).eval()
    exported = export.export_predictor(encoder)
    context, hidden = ab.contexts(y)
    with torch.no_grad():
        expected = encoder(context, hidden).clamp(0, 1).numpy()
    assert np.abs(run(exported, context, hidden) - expected).max() < 1e-5


@pytest.mark.parametrize("name", sorted(improvers.NETWORKS))
def test_every_improver(name):
    torch.manual_seed(1)
    g = improvers.NETWORKS[name](8).eval()
    exported = export.export_improver(g)
    assert exported.notes == {"grain": g.grain, "reach": g.reach}
    x = torch.rand(3, 3, 64, 128)
    with torch.no_grad():
        assert np.abs(run(exported, x) - g(x).numpy()).max() < 1e-4


def test_a_file_that_disagrees_is_refused(four_sides, monkeypatch):
    monkeypatch.setattr(export, "LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(ab.UserError, match="differs from torch"):
        export.export_improver(PlainConvolutions(4).eval())


def test_the_command_writes_files_a_list_and_the_contract(tmp_path, capsys):
    out = tmp_path / "nets"
    assert main(["export", "--out", str(out), "--only", "predictors/linear"]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "cpp",
        "manifest.json",
        "predictors-linear.onnx",
    ]
    assert sorted(path.name for path in (out / "cpp").iterdir()) == ["CMakeLists.txt", "score.cpp"]
    assert "48 pixels" in (out / "README.md").read_text()
    assert main(["export", "--out", str(out), "--only", "predictors/magic"]) == 2
    assert "predictors/magic" in capsys.readouterr().err
