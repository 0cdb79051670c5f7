"""The list of arrays that compiled sweeps work on: shapes may differ and change, the number of dimensions not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numba.typed import List


def array_list(arrays: Iterable[Any]) -> Any:
    """A typed list of the arrays, which kernels read and write in place."""
    return List(list(arrays))
