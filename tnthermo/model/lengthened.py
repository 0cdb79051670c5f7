"""A model with longer chains: as long as a later time, or a counting field, needs them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

import chains
from chains.problems import InvalidInput, Problem
from tnthermo.model.coupling import Coupling
from tnthermo.model.model import Model
from tnthermo.model.representation import represented

SAME = 1e-8  # of the largest coefficient: the sites that a longer chain has in common with the given one
FINEST, COARSEST = 1e-12, 0.5


def lengthened(model: Model, until: float, tolerance: float) -> Model:
    """``model`` with chains that are as good as endless ones up to the time ``until``, to ``tolerance`` C(0): more sites of the same.

    Chains that are long enough, complete ones and star cells stay as they are.
    Raises `chains.InvalidInput` for chains that are not those of their density and where too many sites are needed.
    """
    couplings = tuple(
        _longer(coupling, until, min(max(tolerance, FINEST), COARSEST), j) for j, coupling in enumerate(model.couplings)
    )
    return replace(model, couplings=couplings)


def _longer(coupling: Coupling, until: float, tolerance: float, bath: int) -> Coupling:
    if represented(coupling.bath).separate or not coupling.chains:
        return coupling
    if until == 0 or chains.end_times(coupling.bath, tolerance).felt >= until:
        return coupling
    first = coupling.chains[0]
    density, temperature = first.density, first.temperature
    support = None if first.support[1] == density.support[1] else first.support[1]
    if isinstance(density, chains.Discrete):
        made = _made(coupling, None, None)
    elif isinstance(coupling.bath, tuple):
        length = 2 * first.length
        made = _made(coupling, length, support)
        while chains.end_times(made, tolerance).felt < until:
            length *= 2
            if length > chains.LONGEST_CHAIN:
                raise InvalidInput([_too_long(until)])
            made = _made(coupling, length, support)
    else:
        length = chains.required_length(
            density, temperature=temperature, until=until, tolerance=tolerance, support=support
        )
        made = _made(coupling, max(length, first.length), support)
    longer = made if isinstance(made, tuple) else (made,)
    if not all(_begins_as(new, old) for new, old in zip(longer, coupling.chains, strict=True)):
        key = "model" if bath == 0 else f"model.couplings[{bath}]"
        allowed = "a chain as chains.chain(...) makes it of its density, so that it can be made longer"
        raise InvalidInput([Problem(key=key, value=f"another chain of {first.length} sites", allowed=allowed)])
    return replace(coupling, bath=made)


def _made(
    coupling: Coupling, length: int | None, support: float | None
) -> chains.Chain | tuple[chains.Chain, chains.Chain]:
    first = coupling.chains[0]
    if isinstance(coupling.bath, tuple):
        return chains.thermofield_chains(first.density, length, temperature=first.temperature, support=support)
    return chains.chain(first.density, length, temperature=first.temperature, support=support)


def _begins_as(new: chains.Chain, old: chains.Chain) -> bool:
    """Whether the sites of ``old`` are the first ones of ``new``."""
    scale = SAME * max(float(np.abs(new.frequencies).max()), float(np.abs(new.hoppings).max(initial=0.0)))
    return (
        new.length >= old.length
        and math.isclose(new.coupling, old.coupling, rel_tol=SAME)
        and bool(np.all(np.abs(new.frequencies[: old.length] - old.frequencies) <= scale))
        and bool(np.all(np.abs(new.hoppings[: old.length - 1] - old.hoppings) <= scale))
    )


def _too_long(until: float) -> Problem:
    hint = "a smaller until_u, a lower cutoff or a smaller support needs fewer sites"
    return Problem(
        key="until_u", value=until, allowed=f"what chains of {chains.LONGEST_CHAIN} sites can reach", hint=hint
    )
