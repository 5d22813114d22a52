"""Networks on disk: safetensors whose metadata says which network they belong to and how they came about.

Nothing is ever unpickled: a weights file is numbers and a JSON text.
"""

import json
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from abstract_beauty import improvers, predictors
from abstract_beauty.errors import UserError, reason
from abstract_beauty.files import read_json, replacing, sha256
from abstract_beauty.prediction.linear_fill import LinearFill
from abstract_beauty.project import PACKAGE, Project, find_project

# One metadata entry holds everything, since safetensors does not keep the order of several and bytes must not vary.
_ENTRY = "abstract-beauty"
WIDEST = 512  # as in params.yaml: a file of bytes must not ask for a network of gigabytes
SHARED = "model.safetensors"  # what a repository of the Hugging Face Hub calls its weights
HASHES = "hashes.json"  # in models/reference: {"predictors/good.safetensors": SHA-256, ...}
NETWORKS: dict[str, dict[str, Callable[[int], nn.Module]]] = {
    "predictors": {**predictors.NETWORKS, "linear_fill": lambda width: LinearFill()},
    "improvers": improvers.NETWORKS,
}


@dataclass(frozen=True)
class Description:
    """What a weights file says of itself."""

    kind: str  # "predictors" or "improvers"
    name: str  # "good", "smoothing", ...
    network: str  # a key of the kind's registry
    width: int
    config: Mapping[str, Any]  # everything the training depended on


def build(kind: str, network: str, width: int, seed: int | None = None) -> nn.Module:
    """A new network, its weights random of a seed, else of torch's global generator; UserError where there is none."""
    registry = NETWORKS[kind]
    if network not in registry:
        there = ", ".join(sorted(registry))
        raise UserError(f"{kind}: there is no network {network!r}; there are {there}")
    if seed is None:
        return registry[network](width)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return registry[network](width)


def save(path: str | os.PathLike, network: nn.Module, description: Description) -> None:
    """Write a network's weights and description; the same input gives the same bytes."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    text = json.dumps(vars(description), sort_keys=True)
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={_ENTRY: text})


def describe(path: str | os.PathLike) -> Description:
    """Read what a weights file says of itself; UserError where it is missing, or was not written by this package."""
    if not os.path.isfile(path):  # a pipe would be waited upon for ever
        there = os.path.exists(path)
        what = "is not a regular file; name a .safetensors file" if there else "no such file"
        raise UserError(f"{path}: {what}")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_ENTRY)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: is not a readable safetensors file ({error})") from error
    try:
        return Description(**json.loads(text))
    except (TypeError, ValueError, RecursionError) as error:
        what = f"was not written by abstract-beauty (its metadata has no {_ENTRY!r} entry)"
        raise UserError(f"{path}: {what}") from error


def _check_published(path: Path) -> None:
    """UserError if a file of models/reference is not the one that was published there; any other passes."""
    folder = path.parent.resolve()
    if folder.parts[-3:-1] != ("models", "reference") or not os.access(path, os.R_OK):
        return  # where it cannot be read, reading it says so
    hashes = read_json(folder.parent / HASHES) if (folder.parent / HASHES).is_file() else {}
    known = hashes.get(f"{folder.name}/{path.name}") if isinstance(hashes, dict) else None
    if sha256(path) != known:
        what = f"is not the file that was published (its SHA-256 is another than in {HASHES})"
        what = what if known else f"is not listed in reference/{HASHES}"
        mend = "check it out again: `git checkout -- models/reference`"
        mend = "install abstract-beauty again" if PACKAGE in folder.parents else mend
        raise UserError(f"{path}: {what}; {mend}")


@torch.inference_mode(False)  # whoever loads a network while predicting may descend through it later
def load(path: str | os.PathLike, kind: str) -> nn.Module:
    """Load a network onto the CPU: in eval mode, its parameters frozen.

    UserError: the file cannot be read, is of the other kind, or its tensors do not fit the network it names; or it lies
    in models/reference and is not the one that was published there.
    """
    _check_published(Path(path))
    description = describe(path)
    if description.kind != kind:
        raise UserError(f"{path}: holds one of the {description.kind}, where one of the {kind} is needed")
    width = description.width
    if type(width) is not int or not 0 <= width <= WIDEST:
        raise UserError(f"{path}: names a width of {width!r}, where one of at most {WIDEST} is needed")
    try:
        # torch warns of layers of width 0, which fit no file
        with warnings.catch_warnings(action="ignore"):
            network = build(kind, description.network, width, seed=0)
    except Exception as error:  # whatever a constructor makes of a width that nobody would train
        what = f"names a network that this version does not have ({description.network!r})"
        raise UserError(f"{path}: {what}") from error
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, AttributeError) as error:  # the last: a type that torch does not have
        raise UserError(f"{path}: is not a readable safetensors file ({error})") from error
    expected = network.state_dict()
    if odd := sorted(tensors.keys() ^ expected.keys()):
        raise UserError(f"{path}: does not fit the network {description.network!r} (tensor {odd[0]!r})")
    for name, tensor in tensors.items():
        found, needed = (f"{tuple(kept.shape)} of {kept.dtype}" for kept in (tensor, expected[name]))
        if found != needed:
            raise UserError(f"{path}: tensor {name!r} is {found}, not {needed}")
        if not torch.isfinite(tensor).all():
            raise UserError(f"{path}: tensor {name!r} holds numbers that are not finite")
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def reference_folder(project: Project) -> Path:
    """The reference run's weights: the project's, else those that came with the package."""
    own, installed = project.reference, Project(PACKAGE).reference
    return installed if installed.is_dir() and not own.is_dir() else own


def find(kind: str, name: str | os.PathLike, project: Project | None = None) -> Path:
    """The file that a name means; UserError where there is none, which says which there are, or how to make them.

    Args:
        kind: "predictors" or "improvers".
        name: "reference" or "reference/NAME", "run/NAME", NAME; a path of a .safetensors file, or of a folder with a
            model.safetensors; or hf:OWNER/NAME, perhaps with @REVISION, which fetches that from the Hugging Face Hub.
        project: where "reference" and "run" are; else the one found.
    """
    name = os.fspath(name)
    if name.startswith("hf:"):
        return _fetched(name)
    if name.endswith(".safetensors"):
        return Path(name)
    if os.path.isfile(os.path.join(name, SHARED)):
        return Path(name) / SHARED
    project = project or find_project(or_package=True)
    folders = {"reference": reference_folder(project) / kind, "run": project.run / kind}
    family, _, member = name.partition("/")
    if not member:
        family, member = "reference", "good" if (kind, name) == ("predictors", "reference") else name
    if family in folders:
        path = folders[family] / f"{member}.safetensors"
        if os.path.isfile(path):  # unlike Path.is_file, no name is too long for it
            return path
    if os.path.isdir(name):
        raise UserError(f"{name}: this folder holds no {SHARED}")
    if family not in folders:
        raise UserError(f"{name}: is neither reference/NAME, run/NAME, nor the path of a .safetensors file")
    files = [(key, file) for key, folder in folders.items() for file in folder.glob("[!.]*.safetensors")]
    there = sorted(f"{key}/{file.stem}" for key, file in files)
    mend = f"there are {', '.join(there)}" if there else "`make repro` trains them"
    raise UserError(f"{name}: no such weights among the {kind}; {mend}")


def _fetched(name: str) -> Path:
    """The weights of a repository of the Hub. They say themselves which network they are, so it holds no more."""
    where, _, revision = name.removeprefix("hf:").partition("@")
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.utils import logging
    except ImportError as error:
        raise UserError(f"{name}: needs huggingface_hub: pip install huggingface_hub") from error
    logging.set_verbosity_error()  # else each of its attempts is a line
    try:
        return Path(hf_hub_download(where, SHARED, revision=revision or None))
    except Exception as error:  # of many kinds: no such name, repository, revision or file, no network
        raise UserError(f"{name}: {SHARED} cannot be fetched ({reason(error)})") from error


def load_predictor(name: str | os.PathLike = "reference") -> nn.Module:
    """Load a predictor, ready to use: eval mode, frozen, `f(context, hidden) -> tile`.

    `name`: "reference" (= "reference/good"), "reference/bad", "reference/judge", "run/good", a .safetensors path, or
    "hf:OWNER/NAME" (see `find`). UserError: there is none, or its file is damaged or not the published one.
    """
    return load(find("predictors", name), "predictors")


def load_improver(name: str | os.PathLike = "reference/smoothing") -> nn.Module:
    """Load an improver, ready to use: eval mode, frozen, `g(x) -> y`, both (b, 3, h, w) in [0, 1].

    `name`: "reference/NAME", "run/NAME", a .safetensors path, or "hf:OWNER/NAME" (see `find`). UserError as
    `load_predictor`.
    """
    return load(find("improvers", name), "improvers")
