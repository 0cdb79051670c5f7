"""The public names and what they take, as text: api.txt is changed by hand or not at all.

    python tests/test_api.py > tests/api.txt         after a change that is meant, beside a line in CHANGELOG.md

One line for each name of ``__all__`` and for each public attribute of a class: parameters with their kinds and defaults,
without annotations, which name types that no caller writes.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

import chains
import tnthermo as tt
from tests.support.configs import NO_ENTROPY, write_config

TEXT = Path(__file__).parent / "api.txt"
MODULES = {"tt": tt, "tt.closed_forms": tt.closed_forms, "chains": chains}


def taken(function: Any) -> str:
    """Parameters as text; "(...)" for what has none to show, such as exceptions."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return "(...)"
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    text = str(signature.replace(parameters=bare, return_annotation=signature.empty))
    return re.sub(r"<function ([^ ]+) at 0x[0-9a-f]+>", r"\1", text)


def lines(prefix: str, name: str, value: Any) -> Iterator[str]:
    """The lines of one public name."""
    if isinstance(value, ModuleType):
        yield f"{prefix}.{name}: module"
    elif inspect.isclass(value):
        parents = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        yield f"{prefix}.{name}{taken(value)}" + (f" < {parents}" if parents else "")
        yield from (f"    {line}" for line in members(value))
    elif callable(value):
        yield f"{prefix}.{name}{taken(value)}"
    else:
        yield f"{prefix}.{name} = " + (" | ".join(kind.__name__ for kind in get_args(value)) or repr(value))


def members(kind: type) -> list[str]:
    """What our own classes add to those they are made of, by name; fields of data classes are in the signature."""
    fields = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    found = []
    for name in sorted(set(dir(kind)) - fields):
        owner = next(base for base in kind.__mro__ if name in vars(base))
        if name.startswith("_") or not owner.__module__.startswith(("tnthermo", "chains")):
            continue
        value = inspect.getattr_static(kind, name)
        if isinstance(value, property | functools.cached_property):
            found.append(f".{name}")
        elif isinstance(value, classmethod | staticmethod):
            found.append(f".{name}{taken(getattr(kind, name))} ({type(value).__name__})")
        elif inspect.isfunction(value):
            found.append(f".{name}{taken(value)}")
        else:
            found.append(f".{name} = {value!r}")
    return found


def api() -> list[str]:
    """All lines, in the order of the names."""
    return [
        line
        for prefix, module in MODULES.items()
        for name in sorted(module.__all__)
        for line in lines(prefix, name, getattr(module, name))
    ]


def test_public_names_and_what_they_take() -> None:
    assert api() == TEXT.read_text("utf-8").splitlines(), "meant? python tests/test_api.py > tests/api.txt, and say so"


def test_only_public_names_are_offered() -> None:
    assert dir(tt) == sorted(tt.__all__)


@pytest.mark.parametrize("package", [tt, chains])
def test_names_on_demand_are_those_that_a_type_checker_sees(package: Any) -> None:
    """HOMES, which is what runs, against the imports for type checkers, and both against the public names."""
    tree = ast.parse(Path(package.__file__).read_text("utf-8"))
    seen = next(node.body for node in tree.body if isinstance(node, ast.If))
    static = {part.module: tuple(name.name for name in part.names) for part in seen if isinstance(part, ast.ImportFrom)}
    assert static == package.HOMES
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} - {"__dir__"}
    assert sorted([*functions, *(name for names in static.values() for name in names)]) == sorted(package.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'evolv'"):
        _ = package.evolv


HEAVY = (
    "matplotlib",
    "xarray",
    "pandas",
    "netCDF4",
    "h5py",
    "quimb",
    "scipy.interpolate",
    "scipy.integrate",
    "scipy.optimize",
)


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["-c", "import tnthermo, chains; dir(tnthermo)"], (*HEAVY, "numpy", "numba", "pydantic")),
        (["-m", "tnthermo", "--help"], (*HEAVY, "numpy", "numba", "pydantic")),
        (["-m", "tnthermo", "check", "scripts/studies/strong_coupling.toml"], HEAVY),
        (["-m", "tnthermo", "plan", "--pilot", "0", "scripts/studies/strong_coupling.toml"], HEAVY),
    ],
)
def test_what_is_not_needed_is_not_imported(arguments: list[str], absent: tuple[str, ...]) -> None:
    root = Path(tt.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    found = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "tnthermo" in found, "the negative twin"
    assert not found & set(absent)


def test_a_screen_of_a_result_needs_no_engine(tmp_path: Path) -> None:
    """`show` reads a ledger: neither kernels nor configuration, nor what draws."""
    tt.run_config(write_config(tmp_path, add=NO_ENTROPY), tmp_path / "run")
    environment = os.environ | {"PYTHONPATH": str(Path(tt.__file__).parents[1])}
    command = [sys.executable, "-X", "importtime", "-m", "tnthermo", "show", str(tmp_path / "run")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    found = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "xarray" in found, "the negative twin"
    assert not found & {
        "matplotlib",
        "quimb",
        "numba",
        "plotly",
        "scipy.optimize",
        "scipy.linalg",
        "tnthermo.configuration",
    }


def test_what_is_raised_can_be_caught_by_a_public_name() -> None:
    for error in (tt.InvalidInput, tt.StorageError, tt.Stopped, tt.Held, tt.NotConverged, tt.RunFailed):
        assert issubclass(error, Exception)
    assert tt.InvalidInput is chains.InvalidInput
    with pytest.raises(tt.StorageError):
        tt.load("no such folder")


def test_a_changed_default_is_seen() -> None:
    """The negative twin."""

    def before(model: Any, *, step: float = 0.1) -> None: ...
    def after(model: Any, *, step: float = 0.2) -> None: ...

    assert list(lines("tt", "evolve", before)) == ["tt.evolve(model, *, step=0.1)"]
    assert list(lines("tt", "evolve", after)) != list(lines("tt", "evolve", before))


if __name__ == "__main__":
    print("\n".join(api()))
