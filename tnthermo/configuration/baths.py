"""The chains of one bath, as its tables ask for them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import chains
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.configuration.densities import Density
from tnthermo.configuration.hints import joined
from tnthermo.configuration.light_cone import (
    cell_notes,
    light_cone_notes,
    needed_cells,
    needed_in_equilibrium,
    needed_modes,
)
from tnthermo.configuration.notes import Note
from tnthermo.configuration.read import BathKeys
from tnthermo.configuration.sections import Bath as BathTable
from tnthermo.configuration.sections import Evolution
from tnthermo.model.representation import Bath, Representation, represented


@dataclass(frozen=True, kw_only=True, eq=False)
class MadeBath:
    """The chains of a bath, or its star cells.

    bath     as `tnthermo.couple` takes it: one chain, the thermofield pair, or cells
    cut      where a weight without an end was cut, chosen together with the number of sites; None: as the file says
    notes    what was done, and what is doubtful
    """

    bath: Bath
    cut: float | None
    notes: tuple[Note, ...]

    @cached_property
    def representation(self) -> Representation:
        """How it stands on sites."""
        return represented(self.bath)

    @property
    def members(self) -> tuple[chains.Chain, ...]:
        """All chains; of cells their sites."""
        return self.representation.chains

    @property
    def density(self) -> Any:
        """What it was made from."""
        return self.representation.density

    @property
    def sites(self) -> int:
        """Of all chains."""
        return sum(chain.length for chain in self.members)

    @property
    def modes(self) -> int:
        """Sites of each chain; the number of cells."""
        return self.representation.modes


def make_bath(
    density: Density,
    bath: BathTable,
    evolution: Evolution,
    *,
    pair: bool,
    keys: BathKeys,
    folder: Path,
    equilibrium: bool = False,
) -> MadeBath:
    """The chains or cells, checked against the light cone. Raises InvalidInput with the keys of the file.

    equilibrium  the run begins with the equilibrium of the whole, for which chains of a short run may be too short
    """
    made = density.make(folder)
    if bath.route == "time-bins":
        return _not_discretised(made, bath, keys)
    tolerance = min(max(evolution.tolerance, 1e-12), 0.1)  # what `chains` accepts: C(t) itself is known to about 1e-13
    chosen = automatic_cut(made, density, bath, tolerance)
    cut = density.cut if chosen is None else {"support": chosen}
    reach: dict[str, Any] = {
        "temperature": bath.temperature,
        "until": evolution.until,
        "tolerance": tolerance,
        **cut,
    }
    discrete = isinstance(made, chains.Discrete)
    try:
        with warnings.catch_warnings():
            # numbers out of range: said below, not by numpy on the user's screen
            warnings.simplefilter("error", RuntimeWarning)
            cells = bath.route == "star-cells"
            length: int | None = None
            if not discrete:
                length = bath.modes if bath.modes != "auto" else None
                if length is None:
                    length = needed_cells(made, **reach) if cells else max(needed_modes(made, reach, pair=pair))
                    if equilibrium and not cells:
                        length = max(length, needed_in_equilibrium(made, reach))
            build: Any = chains.star_cells if cells else chains.thermofield_chains if pair else chains.chain
            found = build(made, length, temperature=bath.temperature, **{**density.discretisation, **cut})
            result = MadeBath(bath=found, cut=chosen, notes=())
            notes = _notes(bath, made, result, keys)
            if not discrete and bath.modes != "auto":
                doubts: Any = cell_notes if cells else light_cone_notes
                of = found if cells else result.members
                notes += doubts(made, of, reach, allow_reflection=bath.allow_reflection, key=keys.bath)
    except InvalidInput as error:
        places = {
            "length": f"{keys.bath}.modes",
            "modes": f"{keys.bath}.modes",
            "temperature": f"{keys.bath}.temperature",
            "until": "evolution.until",
        }
        own = [p.key if p.key.startswith(keys.bath) else "" for p in error.problems]
        named = [
            o or places.get(p.key, joined(keys.spectral_density, p.key))
            for o, p in zip(own, error.problems, strict=True)
        ]
        raise InvalidInput([replace(p, key=key) for p, key in zip(error.problems, named, strict=True)]) from None
    except chains.ChainNotConverged as error:
        hint = f"set {keys.spectral_density}.resolution = {error.advised_resolution}, or take fewer modes"
        problem = Problem(key=keys.spectral_density, value=density.kind, allowed=str(error), hint=hint)
        raise InvalidInput([problem]) from None
    except (ArithmeticError, ValueError, np.linalg.LinAlgError, RuntimeWarning) as error:
        allowed = f"parameters whose chain double precision can hold; found {type(error).__name__}: {error}"
        hint = "are temperature, cutoff, exponent and until in the same units and of sensible size?"
        problem = Problem(key=keys.spectral_density, value=density.kind, allowed=allowed, hint=hint)
        raise InvalidInput([problem]) from None
    result = replace(result, notes=tuple(notes))
    if isinstance(bath.levels, list) and len(bath.levels) != result.sites:
        where = "chain has sites" if len(result.members) == 1 else "two chains have sites"
        where = "cells have sites" if result.representation.separate else where
        allowed = f"as many entries as the {where}, {result.sites}; found {len(bath.levels)}"
        raise_if_any([Problem(key=f"{keys.bath}.levels", value=bath.levels, allowed=allowed)])
    return result


def _not_discretised(density: Any, bath: BathTable, keys: BathKeys) -> MadeBath:
    """The bath as it is: time bins need no sites."""
    try:
        found = chains.Bath(density=density, temperature=bath.temperature)
    except InvalidInput as error:
        raise InvalidInput([replace(p, key=f"{keys.bath}.{p.key}") for p in error.problems]) from None
    notes = [Note(level="note", key=keys.bath, text=text) for text in getattr(density, "notes", ())]
    return MadeBath(bath=found, cut=None, notes=tuple(notes))


def _notes(bath: BathTable, density: Any, made: MadeBath, keys: BathKeys) -> list[Note]:
    members = made.members
    texts = dict.fromkeys([*getattr(density, "notes", ()), *(text for chain in members for text in chain.notes)])
    notes = [Note(level="note", key=keys.bath, text=text) for text in texts]
    if bath.route == "two-chains" and len(members) == 1:
        text = "at T = 0 the second chain does not exist: one chain"
        notes.append(Note(level="note", key=f"{keys.bath}.route", text=text))
    return notes


def automatic_cut(made: Any, density: Density, bath: BathTable, tolerance: float) -> float | None:
    """Where to cut a weight without an end, for chains whose length is chosen too: a tenth of the tolerance of int J lies beyond.

    The fast modes beyond move C(t) by less than the tolerance, but cost sites, a faster front and a smaller step. None: nothing to cut.
    """
    ends = isinstance(made, chains.Discrete) or math.isfinite(made.support[1])
    if ends or bath.modes != "auto" or density.cut.get("support") is not None:
        return None
    return float(made.truncation(0.1 * tolerance))
