"""Losses and networks by name, found by their folder: a new one is one new file, and is registered nowhere else."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType

from torch import Tensor, nn


def _files(package: str, path: Iterable[str]) -> Iterator[tuple[str, ModuleType]]:
    """The modules of a package by name; those that begin with an underscore hold what several share."""
    for name in sorted(module.name for module in pkgutil.iter_modules(path)):
        if not name.startswith("_"):
            yield name, importlib.import_module(f"{package}.{name}")


def functions(package: str, path: Iterable[str]) -> dict[str, Callable[..., Tensor]]:
    """{NAME: the function NAME of NAME.py}, for every file of a package."""
    found = {}
    for name, module in _files(package, path):
        if not inspect.isfunction(getattr(module, name, None)):
            raise ImportError(f"{module.__file__}: must define a function {name}")
        found[name] = getattr(module, name)
    return found


def networks(package: str, path: Iterable[str]) -> dict[str, type[nn.Module]]:
    """{NAME: the network of NAME.py}, the last class of `torch.nn.Module` that the file defines."""
    found = {}
    for name, module in _files(package, path):
        classes = [kind for kind in vars(module).values() if inspect.isclass(kind)]
        own = [kind for kind in classes if issubclass(kind, nn.Module) and kind.__module__ == module.__name__]
        if not own:
            raise ImportError(f"{module.__file__}: must define a network, a class of torch.nn.Module")
        found[name] = own[-1]
    return found
