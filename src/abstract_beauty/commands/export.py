"""`abstract-beauty export`: the reference networks as ONNX files, with a list, the contract, and an example in C++."""

import argparse
from importlib import resources
from pathlib import Path

from abstract_beauty import weights
from abstract_beauty.book.onnx import Exported, export_improver, export_predictor, write_export
from abstract_beauty.errors import UserError
from abstract_beauty.files import replacing, write_json
from abstract_beauty.project import Project, find_project

EXAMPLE = ("CMakeLists.txt", "score.cpp")  # a program without Python that scores a picture


def published(project: Project) -> dict[str, Path]:
    """The weights of the reference run by "kind/name"; of the project's own run where it has none of a kind."""
    found: dict[str, Path] = {}
    for kind in ("predictors", "improvers"):
        for folder in (project.reference, project.run):
            here = sorted((folder / kind).glob("[!.]*.safetensors"))
            if here:
                found |= {f"{kind}/{path.stem}": path for path in here}
                break
    return found


def exported(key: str, path: Path, *, half: bool) -> Exported:
    """A network as ONNX, by its "kind/name" and its weights."""
    kind = key.partition("/")[0]
    network = weights.load(path, kind)
    return (export_predictor if kind == "predictors" else export_improver)(network, half=half)


def export_command(options: argparse.Namespace) -> None:
    """Write the files, manifest.json, README.md and cpp/."""
    known = published(find_project())
    for key in options.only or ():
        if key not in known:
            raise UserError(f"{key}: there is no such network; there are {', '.join(known) or 'none'}")
    if not known:
        raise UserError("export: there are no weights yet; run `make repro`")
    if options.out.exists() and not options.out.is_dir():
        raise UserError(f"{options.out}: is a file; give --out the name of a folder")
    networks = {}
    for key in options.only or known:
        one = exported(key, known[key], half=options.half)
        file = f"{key.replace('/', '-')}.onnx"
        write_export(one, options.out / file)
        networks[key] = {
            "file": file, "form": one.form, "inputs": list(one.inputs), "sha256": one.sha256,
            "bytes": len(one.content), "largest_difference_from_torch": one.difference, **one.notes,
        }  # fmt: skip
        print(
            f"{options.out / file}: {len(one.content) / 2**20:.2f} MiB, within {one.difference:.1g} of torch",
            flush=True,
        )
    write_json(options.out / "manifest.json", {"networks": networks})
    commands = resources.files("abstract_beauty.commands")
    copies = {"README.md": commands / "export.md"}
    copies |= {f"cpp/{file}": commands / "export_cpp" / file for file in EXAMPLE}
    for name, source in copies.items():
        with replacing(options.out / name) as temporary:
            temporary.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
