"""Under pytest every annotated call in the package is checked: shapes by jaxtyping, types by beartype.

The hook must be in place before the package is first imported; pytest loads this file before any test module.
"""

import functools
import inspect
import sys
from types import ModuleType

import torch
from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

# jaxtyping takes its checker by a dotted name. This one follows the numeric tower of PEP 484: an int will do
# where a float is asked for, as every Python programmer expects.
_checker = ModuleType("abstract_beauty_checker")
_check = beartype(conf=BeartypeConf(is_pep484_tower=True))


def _check_unless_exporting(function):
    """While torch traces a network for export, sizes are symbols and no numbers; then nothing is checked."""
    checked = _check(function)
    if not inspect.isfunction(function):
        return checked

    @functools.wraps(function)
    def call(*arguments, **keywords):
        chosen = function if torch.compiler.is_exporting() else checked
        return chosen(*arguments, **keywords)

    return call


_checker.check = _check_unless_exporting
sys.modules[_checker.__name__] = _checker

install_import_hook("abstract_beauty", f"{_checker.__name__}.check")
