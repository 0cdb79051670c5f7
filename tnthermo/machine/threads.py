"""How many threads. One for BLAS while tensors are worked on: they are small, and with more a sweep is several times slower, not faster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import scipy.linalg  # noqa: F401 - loads its BLAS now: one that is loaded within a limit would not be held to it
from threadpoolctl import threadpool_info, threadpool_limits


def one_blas_thread() -> AbstractContextManager[Any]:
    """A context in which every BLAS that numpy, scipy and numba call uses one thread; what was set before comes back at its end."""
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits


def allocated_threads() -> tuple[int, str]:
    """(processors that this process may use, who says so): the affinity, or SLURM_CPUS_PER_TASK where that is less."""
    if hasattr(os, "sched_getaffinity"):
        found = (len(os.sched_getaffinity(0)), "affinity")
    else:
        found = (os.cpu_count() or 1, "this machine")
    slurm = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return min(found, (int(slurm), "SLURM_CPUS_PER_TASK")) if slurm.isdigit() and int(slurm) > 0 else found


@contextmanager
def threads_within_allocation(say: Callable[[str], None]) -> Iterator[None]:
    """A context in which no BLAS or OpenMP pool has more threads than there are processors for this process; says where one had."""
    allowed, source = allocated_threads()
    most = max((int(pool["num_threads"]) for pool in threadpool_info()), default=1)
    if most <= allowed:
        yield
        return
    say(f"threads: {most} -> {allowed} ({source}); the sweeps use one")
    with threadpool_limits(limits=allowed):
        yield


VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def limit_threads(count: int) -> None:
    """No more than ``count`` threads in this process, for libraries that are loaded and for those that are not yet."""
    for variable in VARIABLES:
        os.environ[variable] = str(count)
    threadpool_limits(limits=count)
