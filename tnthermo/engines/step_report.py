"""What one time step of an engine says of itself, and the fractions that steps of higher order are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

SUZUKI = 1 / (4 - 4 ** (1 / 3))


def substeps(order: int) -> tuple[float, ...]:
    """Fractions of a step whose second-order steps compose to ``order`` 2 or 4 (M. Suzuki, Phys. Lett. A 146, 319 (1990))."""
    return (1.0,) if order == 2 else (SUZUKI, SUZUKI, 1 - 4 * SUZUKI, SUZUKI, SUZUKI)


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What one step did to the state.

    discarded  sum of squared singular values dropped
    krylov     bound on the sum of the local Krylov errors
    missed     norm that H moved out of reach because of the bond cap, times the step
    capped     weight dropped because of the bond cap alone
    work       floating-point operations of the products with the blocks of H (0 where they are not counted)
    top        (N,) population of the highest levels
    """

    discarded: float
    krylov: float
    missed: float
    capped: float
    work: float = 0.0
    top: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
