"""The amplitudes of the physical modes on the sites of every chain of a model."""

from __future__ import annotations

from functools import lru_cache

import chains
from tnthermo.model.model import Model
from tnthermo.model.representation import represented


@lru_cache(maxsize=4)
def mode_functions(model: Model) -> tuple[chains.ModeFunctions, ...]:
    """The physical modes of each bath."""
    return tuple(represented(coupling.bath).functions() for coupling in model.couplings)
