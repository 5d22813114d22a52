"""Networks as ONNX files, for programs without Python: the book's page, C++, phones.

A predictor that reads surroundings once for all tiles is exported whole: a completed image and what is hidden of it in,
the full prediction out. Any other is exported tile by tile. An improver is an image in and an image out. Every file is
checked against torch before it is kept.
"""

import contextlib
import hashlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing
from abstract_beauty.prediction.full_prediction import MARGIN, TILE, completed_and_hidden, contexts
from abstract_beauty.prediction.linear_fill import LinearFill
from abstract_beauty.predictors.four_sides import FourSides

OPSET = 18
LARGEST_DIFFERENCE = 1e-4  # between ONNX Runtime and torch, of a picture's range
LARGEST_DIFFERENCE_HALF = 1e-2  # where weights are kept in 16 bits
SMALLEST_HALVED = 256  # numbers in a tensor, below which halving saves nothing
# Shapes that an exported network is tried with: other than those it was traced with, one of them a single tile.
TRIED = ((1, 32, 32), (2, 96, 64), (1, 160, 224))  # multiples of every grain


class _OnePass(nn.Module):
    def __init__(self, f: FourSides):
        super().__init__()
        self.f = f

    def forward(self, completed: Tensor, hidden_rows: Tensor, hidden_columns: Tensor) -> Tensor:
        return self.f.one_pass(completed, hidden_rows, hidden_columns).clamp(0, 1)


class _LinearOnePass(nn.Module):
    """The linear fill of all tiles: what a one-pass predictor begins with, without what it adds."""

    def __init__(self, linear: LinearFill):
        super().__init__()
        self.f = FourSides(width=4)
        self.f.matrix.copy_(linear.matrix)

    def forward(self, completed: Tensor, hidden_rows: Tensor, hidden_columns: Tensor) -> Tensor:
        return self.f.fill_pass(completed, hidden_rows, hidden_columns).clamp(0, 1)


class _Tiles(nn.Module):
    def __init__(self, f: nn.Module):
        super().__init__()
        self.f = f

    def forward(self, context: Tensor, hidden: Tensor) -> Tensor:
        return self.f(context, hidden).clamp(0, 1)


@dataclass(frozen=True)
class Exported:
    """A network as ONNX.

    Attributes:
        content: the file.
        form: "one_pass", "tiles" or "improver": what goes in and out, as the README of the export says.
        inputs: names, in order.
        difference: the largest from torch that was seen, of a picture's range.
        notes: what a program must know besides: for an improver its grain and reach.
    """

    content: bytes
    form: str
    inputs: tuple[str, ...]
    difference: float
    notes: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the file."""
        return hashlib.sha256(self.content).hexdigest()


def _one_pass_inputs(shape: tuple[int, int, int]) -> tuple[Tensor, ...]:
    b, h, w = shape
    y = torch.rand(b, 3, h, w, generator=torch.Generator().manual_seed(h * w))
    completed, rows, columns = completed_and_hidden(y)
    return completed, rows[None], columns[None]


def _tile_inputs(shape: tuple[int, int, int]) -> tuple[Tensor, ...]:
    return contexts(torch.rand(shape[0], 3, *shape[1:], generator=torch.Generator().manual_seed(shape[1])))


def _image(shape: tuple[int, int, int]) -> tuple[Tensor, ...]:
    b, h, w = shape
    return (torch.rand(b, 3, h, w, generator=torch.Generator().manual_seed(h + w)),)


def export_predictor(f: nn.Module, *, half: bool = False) -> Exported:
    """A predictor as ONNX.

    Args:
        f: a predictor in eval mode.
        half: keep the weights in 16 bits; they are widened when the file is loaded.

    Raises:
        UserError: onnx is not installed, or the file does not agree with torch.
    """
    rows, columns, b = (torch.export.Dim(name, min=1, max=4096) for name in ("rows", "columns", "batch"))
    if isinstance(f, (FourSides, LinearFill)):
        module = _OnePass(f) if isinstance(f, FourSides) else _LinearOnePass(f)
        shapes = (
            {0: b, 2: TILE * rows + 2 * MARGIN, 3: TILE * columns + 2 * MARGIN},
            {1: rows},
            {1: columns},
        )
        return _export(
            module,
            "one_pass",
            ("completed", "hidden_rows", "hidden_columns"),
            shapes,
            _one_pass_inputs,
            half,
            {},
        )
    shapes = ({0: b}, {0: b})
    return _export(_Tiles(f), "tiles", ("context", "hidden"), shapes, _tile_inputs, half, {})


def export_improver(g: nn.Module, *, half: bool = False) -> Exported:
    """An improver as ONNX: images whose sides are multiples of its grain.

    Args:
        g: an improver in eval mode.
        half: as `export_predictor` has it.

    Raises:
        UserError: as `export_predictor`.
    """
    rows, columns, b = (torch.export.Dim(name, min=1, max=65536) for name in ("rows", "columns", "batch"))
    height, width = (side if g.grain == 1 else g.grain * side for side in (rows, columns))
    shapes = ({0: b, 2: height, 3: width},)
    return _export(g, "improver", ("x",), shapes, _image, half, {"grain": g.grain, "reach": g.reach})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notes on what it does."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def _export(
    module: nn.Module,
    form: str,
    inputs: tuple[str, ...],
    shapes: Any,
    example: Any,
    half: bool,
    notes: dict[str, Any],
) -> Exported:
    try:
        import onnx
        import onnxscript  # noqa: F401  the exporter needs it
    except ImportError as error:
        raise UserError("export: needs onnx; run `pip install 'abstract-beauty[export]'`") from error
    module = module.eval().requires_grad_(False)
    with _quiet(), torch.no_grad():
        program = torch.export.export(module, example((2, 96, 160)), dynamic_shapes=shapes)
        made = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=["out"],
            verbose=False,
        )
    model = made.model_proto
    # Where in the code a node came from: paths of this machine. What the exporter knew of the shapes: in another order
    # from run to run.
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("value_info")
    if half:
        halve(model)
    onnx.checker.check_model(model)
    content = model.SerializeToString(deterministic=True)
    return Exported(content, form, inputs, _difference(content, module, inputs, example, half), notes)


def halve(model: Any) -> None:
    """Keep every large float32 tensor of an ONNX model in 16 bits, widened by a Cast where it is used; in place."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST_HALVED:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    model.graph.ClearField("node")
    model.graph.node.extend(nodes)


def _difference(
    content: bytes, module: nn.Module, inputs: tuple[str, ...], example: Any, half: bool
) -> float:
    """The largest difference from torch over TRIED; UserError when it is too large."""
    try:
        import onnxruntime
    except ImportError as error:
        raise UserError("export: needs onnxruntime; run `pip install 'abstract-beauty[export]'`") from error
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    largest = 0.0
    for shape in TRIED:
        given = example(shape)
        with torch.no_grad():
            expected = module(*given).numpy()
        feed = {name: value.numpy() for name, value in zip(inputs, given, strict=True)}
        largest = max(largest, float(np.abs(session.run(None, feed)[0] - expected).max()))
    allowed = LARGEST_DIFFERENCE_HALF if half else LARGEST_DIFFERENCE
    if not largest <= allowed:
        raise UserError(f"export: the file differs from torch by {largest:.2g}, more than {allowed:g}")
    return largest


def write_export(exported: Exported, path: str | os.PathLike) -> None:
    """Write the file; none is left half-written."""
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(exported.content)
