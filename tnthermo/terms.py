"""The Hamiltonian, written once, as labelled terms.

Gates, the matrix product operator and the separate energies all come from the same list of :class:`Term`.
Site 0 is the system, sites 1 .. N are the boson sites of the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tnthermo.local import Matrix, boson

Role = Literal["system", "interaction", "bath"]
Factor = Matrix | str  # a matrix on the system site, the name of a boson operator (`local.boson`) elsewhere


@dataclass(frozen=True, kw_only=True, eq=False)
class Term:
    """``coefficient * prod_j factors[j] at sites[j]``; the Hermitian conjugate, where needed, is a term of its own.

    role         "system" (H_S), "interaction" (H_int) or "bath" (H_chain)
    sites        increasing site numbers, one or two of them
    """

    role: Role
    coefficient: complex
    sites: tuple[int, ...]
    factors: tuple[Factor, ...]

    def matrices(self, dimensions: tuple[int, ...]) -> list[Matrix]:
        """The factors as (d, d) matrices for site dimensions ``dimensions``; the coefficient is in the first.

        A system matrix smaller than the system site acts on its first tensor factor (the second is the ancilla S').
        """
        result: list[Matrix] = []
        for site, factor in zip(self.sites, self.factors, strict=True):
            d = dimensions[site]
            if isinstance(factor, str):
                result.append(boson(factor, d).astype(np.complex128))
            else:
                result.append(np.kron(factor, np.eye(d // factor.shape[0])).astype(np.complex128))
        result[0] = self.coefficient * result[0]
        return result


def with_role(terms: tuple[Term, ...], *roles: Role) -> tuple[Term, ...]:
    """Those terms whose role is among ``roles``."""
    return tuple(term for term in terms if term.role in roles)
