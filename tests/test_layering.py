"""Imports run one way: chains below tnthermo, inside tnthermo from kernels up to the command line.

The imports are read from the syntax tree, so one hidden in a function or behind TYPE_CHECKING counts as well.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Low to high: a module may import those before it. A subpackage (kernels, thermo) is one place in the list.
# fmt: off
ORDER = [
    "kernels",
    "checkpoint", "rows", "lasting", "signals", "threads", "usage", "storage", "seal", "netcdf", "lock",
    "line", "local", "drive", "observables", "coupling", "terms", "model",
    "network", "state",
    "algorithms", "grid", "doubts", "blocks", "tdvp", "tebd", "exact", "bipartition",
    "clock", "record", "trajectory", "start", "flags", "course", "run", "arguments", "evolve",
    "thermo", "two_time", "lawbook",
    "config_text", "config_fields", "config_density", "config_drive", "config_schema", "config_toml", "config_limits",
    "config_hints", "config_read", "config_notes", "config_reach", "config_bath", "config_checks", "config_start", "config_resolved",
    "config", "config_report", "config_estimate",
    "snapshots", "checkpoints", "files", "extension", "display", "study", "laws_study", "laws_display", "convergence", "cluster", "sweeps",
    "plot_style", "plot_baths", "plot_laws", "plots", "plot_companion", "cli", "__init__", "__main__",
]
# fmt: on
# A library that only these modules may import.
DOORS = {
    "quimb": ("tnthermo.network", "tnthermo.state"),
    "numba": ("tnthermo.kernels", "chains.recurrence", "chains.cache_folder"),
    "netCDF4": ("tnthermo.netcdf",),
}
# What a kernel may have of chains: where its machine code is kept.
CACHE = "chains.cache_folder"


def module_name(path: Path, root: Path) -> str:
    """tnthermo/thermo/laws.py -> tnthermo.thermo.laws; a subpackage's __init__ is named as the subpackage."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of all that a file imports; `from a.b import c` gives a.b.c, be c a module or a name."""
    package = list(path.relative_to(root).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)


def place(module: str) -> str:
    """The entry of ORDER a module of tnthermo belongs to; a name taken from tnthermo itself belongs to its __init__."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(place + ".") for place in places)


def violations(root: Path) -> list[str]:
    """One sentence for each import under root/chains and root/tnthermo that goes against the flow."""
    found = []
    for path in sorted([*root.glob("chains/**/*.py"), *root.glob("tnthermo/**/*.py")]):
        module, here = module_name(path, root), path.relative_to(root)
        in_tnthermo = module.split(".")[0] == "tnthermo"
        if in_tnthermo and place(module) not in ORDER:
            found.append(f"{here}: {module} has no place yet; put it into ORDER in tests/test_layering.py")
            continue
        for line, name in imports(path, root):
            top = name.split(".")[0]
            if top in DOORS and not within(module, DOORS[top]):
                found.append(f"{here}:{line}: {top} is imported outside its door ({', '.join(DOORS[top])})")
            if not in_tnthermo and top == "tnthermo":
                found.append(f"{here}:{line}: chains imports {name}; chains is usable alone")
            if in_tnthermo and place(module) == "kernels" and top == "chains" and not within(name, (CACHE,)):
                found.append(f"{here}:{line}: a kernel imports {name}; kernels are functions of arrays")
            if in_tnthermo and top == "tnthermo":
                target = place(name)
                if target not in ORDER:
                    if (root / "tnthermo" / f"{target}.py").exists():
                        continue  # has no place yet: reported once, above
                    target = "__init__"
                if target != place(module) and ORDER.index(target) >= ORDER.index(place(module)):
                    found.append(f"{here}:{line}: {place(module)} imports {name}, which comes after it in the flow")
    return found


def test_imports_run_one_way() -> None:
    found = violations(ROOT)
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("chains/star.py", "from tnthermo.kernels import tdvp", "chains imports tnthermo.kernels.tdvp"),
        ("chains/star.py", "def f():\n    import tnthermo", "chains imports tnthermo"),
        ("chains/star.py", "from numba import njit", "numba is imported outside its door"),
        ("chains/mapping.py", "import quimb.tensor as qtn", "quimb is imported outside its door"),
        ("tnthermo/tebd.py", "import quimb", "quimb is imported outside its door"),
        ("tnthermo/thermo/laws.py", "import numba as nb", "numba is imported outside its door"),
        ("tnthermo/local.py", "from tnthermo.model import Model", "local imports tnthermo.model.Model"),
        ("tnthermo/local.py", "from . import model", "local imports tnthermo.model"),
        ("tnthermo/thermo/laws.py", "from ..cli import main", "thermo imports tnthermo.cli.main"),
        ("tnthermo/thermo/__init__.py", "from ..plots import plot", "thermo imports tnthermo.plots.plot"),
        ("tnthermo/kernels/tdvp.py", "from tnthermo import local", "kernels imports tnthermo.local"),
        ("tnthermo/kernels/tdvp.py", "import chains", "a kernel imports chains"),
        ("tnthermo/files.py", "import tnthermo as tt", "files imports tnthermo"),
        ("tnthermo/files.py", "from tnthermo import evolve_all", "files imports tnthermo.evolve_all"),
        ("tnthermo/helpers.py", "", "tnthermo.helpers has no place yet"),
    ],
)
def test_each_kind_of_violation_is_seen(tmp_path: Path, file: str, source: str, complaint: str) -> None:
    target = tmp_path / file
    target.parent.mkdir(parents=True)
    target.write_text(source)
    assert [text for text in violations(tmp_path) if complaint in text], violations(tmp_path)


def test_allowed_imports_are_not_reported(tmp_path: Path) -> None:
    allowed = {
        "chains/recurrence.py": "from numba import njit\nfrom .star import Star",
        "tnthermo/__init__.py": "from chains import chain\nfrom .cli import main\nfrom .thermo.laws import Sigma",
        "tnthermo/kernels/__init__.py": "from chains.cache_folder import look_after",
        "tnthermo/kernels/tdvp.py": "import numba\nfrom .entropies import entropy\nfrom tnthermo.kernels import krylov",
        "tnthermo/state.py": "import quimb.tensor\nfrom tnthermo import network, kernels",
        "tnthermo/thermo/laws.py": "from . import energies\nfrom .energies import E_S\nfrom ..trajectory import Row",
        "tnthermo/cli.py": "import chains\nfrom tnthermo import study\nfrom importlib.metadata import version",
    }
    for file, source in allowed.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(source)
    assert violations(tmp_path) == []


def test_importing_prints_nothing_and_writes_nothing(tmp_path: Path) -> None:
    # A home of its own, so that a file put there would be seen; -B: Python's own caches are not ours.
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-B", "-c", "import tnthermo, chains"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
