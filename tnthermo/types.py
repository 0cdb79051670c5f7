"""The array types and trees that more than one folder speaks of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

Tree = dict[str, Any]
"""Names with numbers, texts, arrays, lists and further trees: what is in a `Snapshot`."""

Snapshot = Tree
"""What an engine or a run needs to go on, bit by bit the same."""
