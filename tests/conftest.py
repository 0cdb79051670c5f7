"""Settings shared by all tests: one BLAS thread, no screen, property tests without a clock."""

import os

# Before numpy is imported anywhere: the thread count is read once.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import settings

# No deadline: the first call of a kernel compiles it. In CI the examples are the same each time, so that a red run can
# be repeated; elsewhere new ones are tried.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
