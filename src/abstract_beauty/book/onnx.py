"""Networks as ONNX files, for programs without Python: the book's page, C++, phones.

A predictor that reads surroundings once for all tiles is exported whole: a completed image and what is hidden of it in,
the full prediction out. Any other is exported tile by tile. An improver is an image in and an image out. Every file is
checked against torch before it is kept. Of a network that moves things one look is exported: drawing the picture and
guessing it, between the looks, is left to the program, which has the predictor already.
"""

import contextlib
import hashlib
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from abstract_beauty.errors import UserError
from abstract_beauty.improvers import moves
from abstract_beauty.improvers.mover import LOOKS, MEMORY, SPACING
from abstract_beauty.prediction.full_prediction import MARGIN, TILE, completed_and_hidden, contexts

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
OPSET = 18
LARGEST_DIFFERENCE = 1e-4  # between ONNX Runtime and torch, of a picture's range
LARGEST_DIFFERENCE_HALF = 1e-2  # where weights are kept in 16 bits
SMALLEST_HALVED = 256  # numbers in a tensor, below which halving saves nothing
# Shapes that an exported network is tried with: other than those it was traced with, one of them a single tile.
TRACED = (2, 96, 160)
TRIED = ((1, 32, 32), (2, 96, 64), (1, 160, 224))  # multiples of every grain
LONGEST = 4096  # tiles or grains along a side, for the tracing alone: the file itself knows no limit


def _one_pass_inputs(y: Tensor) -> tuple[Tensor, ...]:
    completed, rows, columns = completed_and_hidden(y)
    return completed, rows[None], columns[None]


def _look_inputs(y: Tensor) -> tuple[Tensor, ...]:
    b, rows, columns = len(y), y.shape[2] // SPACING, y.shape[3] // SPACING
    state = torch.randn(b, 2 + MEMORY, rows - 1, columns - 1, generator=torch.Generator().manual_seed(0))
    return y, y.flip(3), state


# The forms that a network is exported in: the names of what goes in, and how it is made of a picture.
INPUTS: dict[str, tuple[tuple[str, ...], Callable[[Tensor], tuple[Tensor, ...]]]] = {
    "one_pass": (("completed", "hidden_rows", "hidden_columns"), _one_pass_inputs),
    "tiles": (("context", "hidden"), contexts),
    "improver": (("x",), lambda x: (x,)),
    "look": (("y", "z", "state"), _look_inputs),
}


@dataclass(frozen=True)
class Exported:
    """A network as ONNX."""

    content: bytes  # the file
    form: str  # a key of INPUTS: what goes in and out, as the README of the export says
    difference: float  # the largest from torch that was seen, of a picture's range
    notes: dict[str, Any]  # what a program must know besides: an improver's grain and reach, or its looks
    sha256: str  # hex, of the file


class _Look(nn.Module):
    """A look of a network that moves, as its forward."""

    def __init__(self, g: nn.Module):
        super().__init__()
        self.g = g

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.g.look(*inputs)


class _Clamped(nn.Module):
    """A predictor's `forward` or `one_pass`, its result brought into [0, 1]."""

    def __init__(self, f: nn.Module, method: str):
        super().__init__()
        self.f, self.method = f, method

    def forward(self, *inputs: Tensor) -> Tensor:
        return getattr(self.f, self.method)(*inputs).clamp(0, 1)


def export(network: nn.Module, *, half: bool = False) -> Exported:
    """A predictor as ONNX, or an improver: of images whose sides are multiples of its grain.

    With `half` its weights are kept in 16 bits and widened when the file is loaded. UserError: a package for it is not
    installed, or the file does not agree with torch.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise UserError(f"export: needs {missing[0]}; run `pip install 'abstract-beauty[export]'`")
    rows, columns, b = (torch.export.Dim(n, min=1, max=LONGEST) for n in ("rows", "columns", "batch"))
    notes: dict[str, Any] = {}
    if hasattr(network, "grain"):
        form, module = "improver", network
        height, width = (side if network.grain == 1 else network.grain * side for side in (rows, columns))
        shapes: tuple[dict, ...] = ({0: b, 2: height, 3: width},)
        notes = {"grain": network.grain, "reach": network.reach}
    elif moves(network):
        form, module, notes = "look", _Look(network), {"looks": LOOKS}
        inner = {2: rows, 3: columns}
        sides = {2: SPACING * rows + SPACING, 3: SPACING * columns + SPACING}
        shapes = (tuple({0: b} | one for one in (sides, sides, inner)),)
    elif hasattr(network, "one_pass"):
        form, module = "one_pass", _Clamped(network, "one_pass")
        height, width = (TILE * tiles + 2 * MARGIN for tiles in (rows, columns))
        shapes = (({0: b, 2: height, 3: width}, {1: rows}, {1: columns}),)
    else:
        form, module, shapes = "tiles", _Clamped(network, "forward"), (({0: b}, {0: b}),)
    module = module.eval().requires_grad_(False)
    content = _traced(module, form, shapes, half)
    difference = _difference(content, module, form, LARGEST_DIFFERENCE_HALF if half else LARGEST_DIFFERENCE)
    return Exported(content, form, difference, notes, hashlib.sha256(content).hexdigest())


def _traced(module: nn.Module, form: str, shapes: Any, half: bool) -> bytes:
    import onnx

    names, inputs = INPUTS[form]
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # the exporter's notes on what it does
    with torch.no_grad(), warnings.catch_warnings(action="ignore"), contextlib.ExitStack() as after:
        after.callback(logging.disable, before)
        model = torch.onnx.export(
            module, inputs(_picture(TRACED)), dynamic_shapes=shapes, dynamo=True, opset_version=OPSET,
            input_names=list(names), output_names=["out"], verbose=False,
        ).model_proto  # fmt: skip
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
    return model.SerializeToString(deterministic=True)


def halve(model: Any) -> None:
    """Keep every large float32 tensor of an ONNX model in 16 bits, widened by a Cast where it is used; in place."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        values, name = numpy_helper.to_array(tensor), tensor.name
        is_large = tensor.data_type == TensorProto.FLOAT and values.size >= SMALLEST_HALVED
        if not is_large or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    model.graph.ClearField("node")
    model.graph.node.extend(nodes)


def _picture(shape: tuple[int, int, int]) -> Tensor:
    b, h, w = shape
    return torch.rand(b, 3, h, w, generator=torch.Generator().manual_seed(h * w))


def _difference(content: bytes, module: nn.Module, form: str, allowed: float) -> float:
    """The largest difference from torch over TRIED; UserError when it is too large."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names, inputs = INPUTS[form]
    largest = 0.0
    for given in (inputs(_picture(shape)) for shape in TRIED):
        with torch.no_grad():
            expected = module(*given).numpy()
        feed = {name: value.numpy() for name, value in zip(names, given, strict=True)}
        difference = np.abs(session.run(None, feed)[0] - expected).max()
        largest = float(np.maximum(largest, difference))  # not a number where one of them is none
    if not largest <= allowed:
        raise UserError(f"export: the file differs from torch by {largest:.2g}, more than {allowed:g}")
    return largest
