"""What the page "Try it on your picture" is served, into book/_extra/try: `python -m abstract_beauty stage page`.

The page's own modules, ONNX Runtime Web from node_modules, the reference networks as ONNX with 16-bit weights, a few
photographs that come with scikit-image, and a list of it all. Nothing is fetched from elsewhere when the page runs.
Beside it, the pictures of the front page's figure.

The networks run on the processor, in WebAssembly. The runtime with WebGPU is a second file of 27 MB, which a browser
fetches only when its reader asks for the graphics card. Of the ways in which it can wait for a card (in version 1.30)
it is the one that needs nothing else of a browser.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from torch import Tensor

from abstract_beauty import weights
from abstract_beauty.book import flow
from abstract_beauty.book.onnx import export
from abstract_beauty.book.plots.maps import MAP_COLOURS, map_image
from abstract_beauty.data.embedded import photographs
from abstract_beauty.data.images import read_image, resize_short_side, write_image
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, write_json
from abstract_beauty.params import Params
from abstract_beauty.prediction.full_prediction import TILE, full_prediction
from abstract_beauty.prediction.predictability import error_map
from abstract_beauty.project import Project

RUNTIME = Path("node_modules/onnxruntime-web/dist")
FLOW = Path(flow.__file__).with_suffix(".js")  # also in pages that need no other file
RUNTIME_FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
SERVED = ("good", "bad", "linear")  # predictors of the reference
SAMPLES = {
    "coffee": "a cup of coffee on a table",
    "chelsea": "a cat's face",
    "rocket": "a rocket at its launch",
    "astronaut": "a smiling astronaut",
}
SAMPLE_SIDE = 300
COVER = "chelsea"


def _known(project: Project) -> dict[str, Any]:
    """Scores of known photographs, sorted, for "above so many per cent"."""
    found: dict[str, Any] = {}
    reference = project.results / "reference"
    errors, rated = reference / "predictors" / "good.json", reference / "ratings.json"
    if errors.is_file():
        values = sorted(read_json(errors)["pictures"].values())
        found["predictability"] = {"values": values, "what": "photographs of a test set"}
    if rated.is_file() and (scenes := read_json(rated)["sets"].get("scenes")):
        values = sorted(scenes["ratings"]["complexity"]["points"]["score"])
        found["complexity"] = {"values": values, "what": "photographs of scenes"}
    return found


def _sample(name: str) -> Tensor:
    return resize_short_side(read_image(next(photographs().glob(f"{name}.*"))), SAMPLE_SIDE)


def _write_networks(project: Project, improvers: list[str], out: Path) -> dict[str, dict]:
    """The networks as files of `out`, and what the page must know of each, by "kind/name"."""
    files = {f"predictors/{f}": weights.find("predictors", f"reference/{f}", project) for f in SERVED}
    files |= {f"improvers/{g}": project.reference / "improvers" / f"{g}.safetensors" for g in improvers}
    networks = {}
    for key, path in files.items():
        made = export(weights.load(path, key.partition("/")[0]), half=True)
        file = f"{key.replace('/', '-')}.onnx"
        (out / file).write_bytes(made.content)
        networks[key] = {"file": file, "form": made.form, "sha256": made.sha256, **made.notes}
    return networks


def write_cover(project: Project, out: Path) -> None:
    """The front page's pictures into `out`: a photograph of whole tiles, its full prediction, the map of the error."""
    y = _sample(COVER)
    height, width = (TILE * (side // TILE) for side in y.shape[1:])
    y = y[None, :, :height, :width]
    f = weights.load(weights.find("predictors", "reference/good", project), "predictors")
    with torch.no_grad():
        z = full_prediction(f, y)
    shown = {"photograph": y[0], "prediction": z[0], "map": map_image(error_map(y, z)[0])}
    for name, image in shown.items():
        write_image(out / f"{name}.webp", image)


def stage(project: Project, params: Params) -> None:
    """Write everything into book/_extra/try, which is replaced; improvers that were not published are left out.

    Raises:
        UserError: the runtime is not installed, or a network is missing.
    """
    runtime = [project.root / RUNTIME / name for name in RUNTIME_FILES]
    if missing := [path for path in runtime if not path.is_file()]:
        raise UserError(f"{missing[0]}: no such file; run `npm ci` in the root of the repository")
    out = project.root / "book" / "_extra" / "try"
    shutil.rmtree(out, ignore_errors=True)
    for folder in ("ort", "models", "samples"):
        (out / folder).mkdir(parents=True)
    for file in (project.root / "book" / "page").iterdir():
        shutil.copyfile(file, out / file.name)
    shutil.copyfile(FLOW, out / FLOW.name)
    for file in runtime:
        shutil.copyfile(file, out / "ort" / file.name)
    for name in SAMPLES:
        write_image(out / "samples" / f"{name}.png", _sample(name))
    write_cover(project, out / "cover")
    there = {path.stem for path in (project.reference / "improvers").glob("*.safetensors")}
    improvers = [name for name in params.book.page if name in there]
    titles, colours = params.titles("improvers"), matplotlib.colormaps[MAP_COLOURS](np.linspace(0, 1, 64))
    manifest = {
        "networks": _write_networks(project, improvers, out / "models"),
        "improvers": [{"name": name, "title": titles[name]} for name in improvers],
        "samples": [{"file": f"{name}.png", "name": name, "alt": alt} for name, alt in SAMPLES.items()],
        "known": _known(project),
        "colours": (colours[:, :3] * 255).round().astype(int).tolist(),  # from predictable to surprising
    }
    write_json(out / "models" / "manifest.json", manifest)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 2**20
    print(json.dumps({"try": f"{size:.1f} MiB"}))
