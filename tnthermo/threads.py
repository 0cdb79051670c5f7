"""How many threads. One for BLAS while tensors are worked on: they are small, and with more a sweep is several times slower, not faster."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits


def one_blas_thread() -> AbstractContextManager[Any]:
    """A context in which every BLAS that numpy, scipy and numba call uses one thread; what was set before comes back at its end."""
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits


VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def cores() -> int:
    """Processors this process may use: what Slurm gave the task, or those it may run on."""
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(int(given), here) if given.isdigit() and int(given) > 0 else here


def limit_threads(count: int) -> None:
    """No more than ``count`` threads in this process, for libraries that are loaded and for those that are not yet."""
    for variable in VARIABLES:
        os.environ[variable] = str(count)
    threadpool_limits(limits=count)
