"""Every folder is a layer: a file may import the rows below its own, never another folder of its row, never a row above.

The imports are read from the syntax tree, so one hidden in a function or behind TYPE_CHECKING counts as well.
"""

import ast
import graphlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Low to high. A place is a folder, or a file beside the folders.
ROWS = {
    "tnthermo": [
        "errors types",
        "checks timeline units",
        "algorithms machine kernels model lawbook",
        "network closed_forms",
        "engine_protocol",
        "engines bath_entropy record",
        "evolution thermo",
        "second_order configuration accuracy",
        "results",
        "studies figures",
        "sweeps",
        "convergence pages",
        "reproduction",
        "terminal __init__",
        "__main__",
    ],
    "chains": [
        "problems cache_folder types text_file deprecated on_demand",
        "checks numerics",
        "columns",
        "densities",
        "maps",
        "accuracy conventions",
        "__init__",
    ],
}
LEVEL = {
    (package, place): level for package, rows in ROWS.items() for level, row in enumerate(rows) for place in row.split()
}
# A library that only these places may import.
DOORS = {
    "quimb": ("tnthermo.network",),
    "numba": ("tnthermo.kernels", "chains.numerics", "chains.cache_folder"),
    "matplotlib": ("tnthermo.figures",),
    "typer": ("tnthermo.terminal",),
    "rich": ("tnthermo.terminal",),
    "pydantic": ("tnthermo.configuration",),
    "submitit": ("tnthermo.sweeps",),
    "plotly": ("tnthermo.pages",),
    "pint": ("tnthermo.units",),
    "netCDF4": ("tnthermo.results",),
    "h5py": ("tnthermo.results", "tnthermo.machine.seal"),
}
# What tnthermo may have of chains, beside the public names in its __init__; of these a kernel may have the first only.
CHAINS_FACE = (
    "chains.cache_folder",
    "chains.problems",
    "chains.checks",
    "chains.columns",
    "chains.text_file",
    "chains.deprecated",
    "chains.on_demand",
)


def module_name(path: Path, root: Path) -> str:
    """tnthermo/thermo/laws.py -> tnthermo.thermo.laws; a folder's __init__ is named as the folder."""
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


def place_of(name: str) -> tuple[str, str]:
    """(package, folder or file) of a dotted name; what is taken from a package itself is of its __init__."""
    package, _, rest = name.partition(".")
    place = rest.partition(".")[0]
    return (package, place) if (package, place) in LEVEL else (package, "__init__")


def within(name: str, places: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the places or in one of them."""
    return any(name == place or name.startswith(place + ".") for place in places)


def files(root: Path) -> list[Path]:
    """All files of both packages."""
    return sorted([*root.glob("chains/**/*.py"), *root.glob("tnthermo/**/*.py")])


def complaint(module: str, name: str) -> str:
    """What is wrong with the import of ``name`` by ``module``; "" for nothing."""
    here, (top, target) = place_of(module), place_of(name)
    if top in DOORS and not within(module, DOORS[top]):
        return f"{top} is imported outside its door ({', '.join(DOORS[top])})"
    if here[0] == "chains" and top == "tnthermo":
        return f"chains imports {name}; chains is usable alone"
    if here == ("tnthermo", "kernels") and top == "chains" and not within(name, CHAINS_FACE[:1]):
        return f"a kernel imports {name}; kernels are functions of arrays"
    if here[0] == "tnthermo" and top == "chains" and target != "__init__" and not within(name, CHAINS_FACE):
        return f"tnthermo imports {name}, which chains does not offer"
    if here[0] == top and here[1] != target and LEVEL[top, target] >= LEVEL[here]:
        return f"{here[1]} imports {name}, which is not in a row below"
    return ""


def violations(root: Path) -> list[str]:
    """One sentence for each import under root/chains and root/tnthermo that goes against the rows, and each place without one."""
    found = []
    for path in files(root):
        module, shown = module_name(path, root), path.relative_to(root)
        parts = shown.with_suffix("").parts
        if (parts[0], parts[1]) not in LEVEL:
            found.append(f"{shown}: {parts[0]}.{parts[1]} has no row yet; put it into ROWS in tests/test_layering.py")
            continue
        found += [f"{shown}:{line}: {text}" for line, name in imports(path, root) if (text := complaint(module, name))]
    return found


def circle(root: Path) -> list[str]:
    """Modules that import each other in a circle; [] for none."""
    modules = {module_name(path, root): path for path in files(root)}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        taken = (name if name in modules else name.rpartition(".")[0] for _, name in imports(path, root))
        graph[module] = {name for name in taken if name in modules and name not in (module, module.partition(".")[0])}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_every_import_is_of_a_row_below() -> None:
    found = violations(ROOT)
    assert not found, "\n".join(["", *found])


def test_no_circle() -> None:
    assert circle(ROOT) == []


def test_folders_have_a_sentence_and_no_imports() -> None:
    """So that importing one file of a folder does not import the others; but for the exact answers, which are a public name."""
    faces = {ROOT / "tnthermo/kernels/__init__.py", ROOT / "tnthermo/closed_forms/__init__.py"}
    for path in files(ROOT):
        if path.name == "__init__.py" and path.parent.parent != ROOT and path not in faces:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert ast.get_docstring(tree), path
            assert len(tree.body) == 1, path


@pytest.mark.parametrize(
    ("file", "source", "words"),
    [
        ("chains/maps/star.py", "from tnthermo.kernels import tdvp", "chains imports tnthermo.kernels.tdvp"),
        ("chains/maps/star.py", "def f():\n    import tnthermo", "chains imports tnthermo"),
        ("chains/maps/star.py", "from numba import njit", "numba is imported outside its door"),
        ("chains/maps/modes.py", "import quimb.tensor as qtn", "quimb is imported outside its door"),
        ("chains/densities/table.py", "from chains.maps.star import Star", "densities imports chains.maps.star.Star"),
        ("tnthermo/engines/tebd.py", "import quimb", "quimb is imported outside its door"),
        ("tnthermo/thermo/laws.py", "import numba as nb", "numba is imported outside its door"),
        ("tnthermo/thermo/laws.py", "import matplotlib.pyplot as plt", "matplotlib is imported outside its door"),
        ("tnthermo/thermo/laws.py", "from chains.maps.star import Star", "which chains does not offer"),
        ("tnthermo/machine/lock.py", "from tnthermo.model.model import Model", "machine imports tnthermo.model.model.Model"),
        ("tnthermo/bath_entropy/choice.py", "from tnthermo.engines import tdvp", "bath_entropy imports tnthermo.engines"),
        ("tnthermo/evolution/start.py", "from ..thermo import ledger", "evolution imports tnthermo.thermo.ledger"),
        ("tnthermo/closed_forms/exchange.py", "from tnthermo.engines import tdvp", "closed_forms imports tnthermo.engines"),
        ("tnthermo/thermo/laws.py", "from ..terminal.cli import main", "thermo imports tnthermo.terminal.cli.main"),
        ("tnthermo/thermo/__init__.py", "from ..figures import style", "thermo imports tnthermo.figures.style"),
        ("tnthermo/kernels/tdvp.py", "from tnthermo.model import line", "kernels imports tnthermo.model.line"),
        ("tnthermo/kernels/tdvp.py", "import chains", "a kernel imports chains"),
        ("tnthermo/results/codec.py", "import tnthermo as tt", "results imports tnthermo"),
        ("tnthermo/results/codec.py", "from tnthermo import evolve_all", "results imports tnthermo.evolve_all"),
        ("tnthermo/helpers/all.py", "", "tnthermo.helpers has no row yet"),
        ("chains/helpers.py", "", "chains.helpers has no row yet"),
    ],
)  # fmt: skip
def test_each_kind_of_violation_is_seen(tmp_path: Path, file: str, source: str, words: str) -> None:
    target = tmp_path / file
    target.parent.mkdir(parents=True)
    target.write_text(source)
    assert [text for text in violations(tmp_path) if words in text], violations(tmp_path)


def test_a_circle_is_seen(tmp_path: Path) -> None:
    place = tmp_path / "tnthermo" / "engines"
    place.mkdir(parents=True)
    (place / "tdvp.py").write_text("from tnthermo.engines.start import begin")
    (place / "start.py").write_text("def begin():\n    from tnthermo.engines import tdvp")
    assert len(circle(tmp_path)) == 3


def test_allowed_imports_are_not_reported(tmp_path: Path) -> None:
    allowed = {
        "chains/numerics/recurrence.py": "from numba import njit\nfrom chains.problems import Problem",
        "tnthermo/__init__.py": "from chains import chain\nfrom .results.result_file import load",
        "tnthermo/kernels/__init__.py": "from chains.cache_folder import look_after",
        "tnthermo/kernels/tdvp.py": "import numba\nfrom .entropies import entropy\nfrom tnthermo.kernels import krylov",
        "tnthermo/network/state.py": "import quimb.tensor\nfrom tnthermo.network import automaton\nfrom tnthermo import kernels",
        "tnthermo/thermo/laws.py": "from . import energies\nfrom .energies import E_S\nfrom ..record.trajectory import Row",
        "tnthermo/terminal/cli.py": "import chains, typer\nfrom tnthermo.studies import study\nfrom importlib.metadata import version",
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
