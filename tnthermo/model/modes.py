"""The amplitudes of the physical modes on the sites of every chain of a model."""

from __future__ import annotations

from functools import lru_cache

import chains
from tnthermo.model.model import Model
from tnthermo.model.representation import PhysicalModes, represented
from tnthermo.types import Real

ThermofieldAngles = chains.ModeFunctions | PhysicalModes


def unmixed(functions: ThermofieldAngles, plus: Real, minus: Real, cross: Real) -> tuple[Real, Real]:
    """(<a_k^dag a_k> - n_k, the same of a'_k) (M,) from <b^dag b>, <b'^dag b'> and 2 Re <b b'>: a = cosh b + sinh b'^dag, a' likewise."""
    cosh, sinh = functions.cosh, functions.sinh
    physical = cosh**2 * plus + sinh**2 * minus + cosh * sinh * cross
    ancilla = cosh**2 * minus + sinh**2 * plus + cosh * sinh * cross
    return physical, ancilla


@lru_cache(maxsize=4)
def mode_functions(model: Model) -> tuple[chains.ModeFunctions, ...]:
    """The physical modes of each bath."""
    return tuple(represented(coupling.bath).functions() for coupling in model.couplings)
