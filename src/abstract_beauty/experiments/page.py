"""What the page "Try it on your picture" is served: `python -m abstract_beauty.experiments.page`, into book/_extra/try.

The page's own modules, ONNX Runtime Web from node_modules, the reference networks as ONNX with 16-bit weights, a few
photographs that come with scikit-image, and a list of it all. Nothing is fetched from elsewhere when the page runs.
Beside it, the pictures of the front page's figure.

The networks run on the processor, in WebAssembly. The runtime with WebGPU is a second file of 16 to 28 MB (in version
1.30, by the way it waits for the card) and does not replace the first, which browsers without WebGPU need: both
together are more than LARGEST. That its numbers agree could not be shown either without a card to try it on.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch

from abstract_beauty import weights
from abstract_beauty.book.onnx import Exported, write_export
from abstract_beauty.book.plots.maps import MAP_COLOURS, map_image
from abstract_beauty.commands.export import exported
from abstract_beauty.data.embedded import photographs
from abstract_beauty.data.images import read_image, resize_short_side, write_image
from abstract_beauty.errors import UserError, one_line
from abstract_beauty.files import read_json, write_json
from abstract_beauty.params import load_params
from abstract_beauty.prediction.full_prediction import TILE, full_prediction
from abstract_beauty.prediction.predictability import error_map
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.machine import use_threads

RUNTIME = Path("node_modules/onnxruntime-web/dist")
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
PREDICTORS = ("good", "bad", "linear")
IMPROVERS = {
    "held": "pays for lost contrast and fine detail",
    "target": "wants four fifths of the surprise, and no less",
    "smoothing": "the article's: a plain stack of convolutions, equal weights",
    "black_square": "nothing holds it to the original",
    "ratio_progress": "asks for progress, and nothing holds it to the original",
    "deeper": "34 convolutions, equal weights",
}
SAMPLES = {
    "coffee": "a cup of coffee on a table",
    "chelsea": "a cat's face",
    "rocket": "a rocket at its launch",
    "astronaut": "a smiling astronaut",
}
SAMPLE_SIDE = 300
COVER = "chelsea"
LARGEST = 25 * 2**20  # bytes that the page may ask a reader to fetch


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


def _colours() -> list[list[int]]:
    """The book's colours for maps, from predictable to surprising."""
    table = matplotlib.colormaps[MAP_COLOURS](np.linspace(0, 1, 64))
    return (table[:, :3] * 255).round().astype(int).tolist()


def _networks(project: Project) -> tuple[dict[str, Exported], dict[str, str]]:
    """The networks by "kind/name", and the improvers' words; improvers that were not published are left out."""
    made, words = {}, {}
    for name in PREDICTORS:
        key = f"predictors/{name}"
        made[key] = exported(key, weights.find("predictors", f"reference/{name}", project), half=True)
    for name, said in IMPROVERS.items():
        path = project.reference / "improvers" / f"{name}.safetensors"
        if path.is_file():
            made[f"improvers/{name}"] = exported(f"improvers/{name}", path, half=True)
            words[name] = said
    return made, words


def write_cover(project: Project, out: Path) -> None:
    """The front page's pictures into `out`: a photograph of whole tiles, its full prediction, the map of the error."""
    path = next(path for path in photographs().glob(f"{COVER}.*"))
    y = resize_short_side(read_image(path), SAMPLE_SIDE)
    height, width = (TILE * (side // TILE) for side in y.shape[1:])
    top, left = (y.shape[1] - height) // 2, (y.shape[2] - width) // 2
    y = y[None, :, top : top + height, left : left + width]
    f = weights.load(weights.find("predictors", "reference/good", project), "predictors")
    with torch.no_grad():
        z = full_prediction(f, y)
    shown = {"photograph": y[0], "prediction": z[0], "map": map_image(error_map(y, z)[0])}
    for name, image in shown.items():
        write_image(out / f"{name}.webp", image)


def build_page(project: Project, out: Path) -> int:
    """Write everything into `out`, which is replaced; returns its size in bytes.

    Raises:
        UserError: the runtime is not installed, a network is missing, or the page became too large.
    """
    runtime = project.root / RUNTIME
    missing = [name for name in RUNTIME_FILES if not (runtime / name).is_file()]
    if missing:
        raise UserError(f"{runtime / missing[0]}: no such file; run `npm ci` in the root of the repository")
    made, words = _networks(project)
    shutil.rmtree(out, ignore_errors=True)
    (out / "ort").mkdir(parents=True)
    for file in sorted((project.root / "book" / "page").glob("*")):
        shutil.copyfile(file, out / file.name)
    for name in RUNTIME_FILES:
        shutil.copyfile(runtime / name, out / "ort" / name)
    networks = {}
    for key, one in made.items():
        file = f"{key.replace('/', '-')}.onnx"
        write_export(one, out / "models" / file)
        networks[key] = {"file": file, "form": one.form, "sha256": one.sha256, **one.notes}
    samples = []
    for name, alt in SAMPLES.items():
        path = next(path for path in photographs().glob(f"{name}.*"))
        write_image(out / "samples" / f"{name}.png", resize_short_side(read_image(path), SAMPLE_SIDE))
        samples.append({"file": f"{name}.png", "name": name, "alt": alt})
    write_cover(project, out / "cover")
    manifest = {"networks": networks, "improvers": words, "samples": samples, "known": _known(project)}
    write_json(out / "models" / "manifest.json", {**manifest, "colours": _colours()})
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if size > LARGEST:
        raise UserError(
            f"{out}: is {size / 2**20:.1f} MiB, more than the {LARGEST >> 20} that a reader may be asked for"
        )
    return size


@one_line
def main() -> int:
    """Write the page's files; exit status 2 after one line that says what to mend."""
    project = find_project()
    use_threads(load_params().threads)
    size = build_page(project, project.root / "book" / "_extra" / "try")
    print(json.dumps({"try": f"{size / 2**20:.1f} MiB"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
