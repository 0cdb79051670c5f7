"""Public names of a package whose modules are imported when a name is first asked for (PEP 562): the package itself loads at once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def on_demand(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``package``; ``homes`` says for each module which public names live there,
    those that are modules under the package itself.

    A name that was asked for is an attribute of the package from then on.
    """
    home = {name: module for module, names in homes.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        inside = home[name] == package
        value = (
            importlib.import_module(f"{package}.{name}")
            if inside
            else getattr(importlib.import_module(home[name]), name)
        )
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__
