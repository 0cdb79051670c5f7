"""Fractions of a time step that steps of higher order are made of."""

from __future__ import annotations

SUZUKI = 1 / (4 - 4 ** (1 / 3))


def substeps(order: int) -> tuple[float, ...]:
    """Fractions of a step whose second-order steps compose to ``order`` 2 or 4 (M. Suzuki, Phys. Lett. A 146, 319 (1990))."""
    return (1.0,) if order == 2 else (SUZUKI, SUZUKI, 1 - 4 * SUZUKI, SUZUKI, SUZUKI)
