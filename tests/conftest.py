"""Settings shared by all tests: one BLAS thread, no screen, property tests without a clock, files of figures that are left empty.

Also which of them are marked `unit`, and which come first.
"""

import os

# Before numpy is imported anywhere: the thread count is read once.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# No deadline: the first call of a kernel compiles it. In CI the examples are the same each time, so that a red run can
# be repeated; elsewhere new ones are tried.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# Folders and files whose tests take a minute together, once the kernels are compiled: `-m unit`, before every save.
UNIT = (
    "chains", "lawbook", "machine", "model", "network", "timeline", "configuration/test_bad_inputs.py", "configuration/test_models.py",
    "configuration/test_resolve.py", "configuration/test_start_values.py", "kernels/test_krylov.py", "kernels/test_measure.py",
    "kernels/test_modes.py", "kernels/test_moments.py", "kernels/test_reach.py", "results/test_netcdf.py",
    "thermo/test_corrections.py", "thermo/test_currents.py", "test_algorithms.py", "test_api.py", "test_errors.py", "test_layering.py",
)  # fmt: skip
NOT_UNIT = ("chains/test_cache_folder.py",)  # it compiles

# These are handed out first where workers take whole files (`--dist loadfile --no-loadscope-reorder`, as in scripts/test and .ci/run):
# the dear ones, so that none is begun last while the other worker has nothing left. Of the first three one is on time bins and two are not,
# so that two workers compile different kernels, and then find each other's in the cache.
FIRST = (
    "foreign/test_foreign.py", "interrupted/test_kills.py", "accuracy/test_target.py", "physics/test_time_bins.py",
    "scripts/test_examples.py", "scripts/test_docs.py", "terminal/test_dimensions.py", "physics/test_example_exchange.py",
    "figures/test_panels.py", "scripts/test_fuzz.py", "results/test_checkpoints.py", "physics/test_star_cells.py",
    "thermo/test_general_ledger.py", "terminal/test_cli.py",
)  # fmt: skip
# Tests of the files that a run's figures are written to. Twelve of them take three seconds: everywhere else in the quick suite
# figures are made, and their files left empty.
DRAWN = ("figures", "terminal/test_dimensions.py", "terminal/test_figures_and_signals.py")


def place_of(item: pytest.Item) -> str:
    """Where its file is in this folder; nothing where it is not in it."""
    here = Path(__file__).parent
    return item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else ""


def is_of(place: str, places: tuple[str, ...]) -> bool:
    """Whether it is one of these files, or in one of these folders."""
    return any(place == one or place.startswith(f"{one}/") for one in places)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `UNIT`, but for those that are slow; those of `FIRST` in front."""
    order = {place: number for number, place in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(place_of(item), len(order)))
    for item in items:
        place = place_of(item)
        chosen = is_of(place, UNIT) and place not in NOT_UNIT
        if chosen and not any(item.iter_markers("slow")) and not any(item.iter_markers("slurm")):
            item.add_marker("unit")


@pytest.fixture(autouse=True)
def files_of_figures_are_left_empty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for those of `DRAWN`, and of what is not in the quick suite; processes that a test starts draw theirs."""
    marked = any(request.node.get_closest_marker(name) for name in ("slow", "docs", "slurm"))
    if not marked and not is_of(place_of(request.node), DRAWN):
        monkeypatch.setattr("tnthermo.figures.panels.write_figure", empty_figure)


def empty_figure(figure: Any, folder: Path, name: str) -> list[Path]:
    """In place of `tnthermo.figures.style.write_figure`."""
    paths = [folder / f"{name}.{kind}" for kind in ("png", "pdf")]
    for path in paths:
        path.write_bytes(b"")
    return paths
