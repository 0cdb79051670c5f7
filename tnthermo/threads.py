"""One BLAS thread while tensors are worked on: they are small, and more threads make a sweep several times slower, not faster."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits


def one_blas_thread() -> AbstractContextManager[Any]:
    """A context in which every BLAS that numpy, scipy and numba call uses one thread; what was set before comes back at its end."""
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits
