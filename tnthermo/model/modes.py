"""The amplitudes of the physical modes on the sites of every chain of a model."""

from __future__ import annotations

from functools import lru_cache

import chains
from tnthermo.model.model import Model


@lru_cache(maxsize=4)
def mode_functions(model: Model) -> tuple[chains.ModeFunctions, ...]:
    """The physical modes of each bath."""
    return tuple(
        chains.pair_mode_functions(coupling.bath)
        if isinstance(coupling.bath, tuple)
        else chains.mode_functions(coupling.bath)
        for coupling in model.couplings
    )
