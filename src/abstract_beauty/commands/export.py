"""`abstract-beauty export`: the reference networks as ONNX files, with a list, the contract, and an example in C++."""

import argparse
from pathlib import Path

from abstract_beauty import weights
from abstract_beauty.book.onnx import INPUTS, export
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json, write_bytes, write_json
from abstract_beauty.project import find_project

# What lies beside the networks: the contract, and a program without Python that scores a picture.
COPIES = {
    "README.md": "export.md",
    "cpp/CMakeLists.txt": "export_cpp/CMakeLists.txt",
    "cpp/score.cpp": "export_cpp/score.cpp",
}


def export_command(options: argparse.Namespace) -> None:
    """Write the files, manifest.json, README.md and cpp/."""
    files = sorted(weights.reference_folder(find_project(or_package=True)).glob("*/[!.]*.safetensors"))
    known = {f"{path.parent.name}/{path.stem}": path for path in files}
    for key in options.only or ():
        if key not in known:
            raise UserError(f"{key}: there is no such network; there are {', '.join(known) or 'none'}")
    networks, manifest = {}, options.out / "manifest.json"
    if options.out.is_dir() and any(options.out.iterdir()):
        before = read_json(manifest) if manifest.is_file() else None
        if not isinstance(before, dict) or not isinstance(networks := before.get("networks"), dict):
            raise UserError(f"{options.out}: holds other files, which might be replaced; name a new folder")
    # At once, and after each: so a call that was ended can be repeated.
    write_json(manifest, {"networks": networks})
    for key in options.only or known:
        made = export(weights.load(known[key], key.partition("/")[0]))
        path = options.out / f"{key.replace('/', '-')}.onnx"
        write_bytes(path, made.content)
        networks[key] = {
            "file": path.name, "form": made.form, "inputs": list(INPUTS[made.form][0]), "sha256": made.sha256,
            "bytes": len(made.content), "largest_difference_from_torch": made.difference, **made.notes,
        }  # fmt: skip
        size = len(made.content) / 2**20
        write_json(manifest, {"networks": networks})
        print(f"{path}: {size:.2f} MiB, within {made.difference:.1g} of torch", flush=True)
    for name, source in COPIES.items():
        write_bytes(options.out / name, (Path(__file__).parent / source).read_bytes())
