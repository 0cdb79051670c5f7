"""The array types of the package, and the kinds of weight."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Weight = Literal["vacuum", "thermal", "emission", "absorption"]
"""J at T = 0; J_beta on the whole axis; J (1 + n) and J n of the thermofield pair. See :mod:`chains.densities.thermal`."""
