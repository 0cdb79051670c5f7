"""Settings shared by all tests: one BLAS thread, no screen, property tests without a clock; which of them are marked `unit`."""

import os

# Before numpy is imported anywhere: the thread count is read once.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `UNIT`, but for those that are slow."""
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else ""
        chosen = any(place == one or place.startswith(f"{one}/") for one in UNIT) and place not in NOT_UNIT
        if chosen and not any(item.iter_markers("slow")) and not any(item.iter_markers("slurm")):
            item.add_marker("unit")
