"""The Hamiltonian, written once, as labelled terms.

Gates, the matrix product operator and the separate energies all come from the same list of :class:`Term`.
Sites are places on the line that `tnthermo.model.line` lays out: the system on one of them, a boson site of a chain on every other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tnthermo.model.operators import Matrix, boson

Role = Literal["system", "interaction", "bath"]
Factor = Matrix | str  # a matrix on the system site, the name of a boson operator (`local.boson`) elsewhere


@dataclass(frozen=True, kw_only=True, eq=False)
class Term:
    """``coefficient * prod_j factors[j] at sites[j]``; the Hermitian conjugate, where needed, is a term of its own.

    role         "system" (H_S), "interaction" (H_int) or "bath" (H_chain)
    sites        increasing site numbers, one or two of them
    bath         which bath an interaction or bath term belongs to
    drive        index of the time-dependent factor of `Model.factors` that multiplies the term; None: constant.
                 A driven term acts on the system: only the system site's operators change in time.
    """

    role: Role
    coefficient: complex
    sites: tuple[int, ...]
    factors: tuple[Factor, ...]
    bath: int | None = None
    drive: int | None = None

    @property
    def carrier(self) -> int:
        """Which factor the coefficient (and the drive) goes with: the system's, else the first."""
        matrices = [j for j, factor in enumerate(self.factors) if not isinstance(factor, str)]
        return matrices[0] if matrices else 0

    def matrices(self, dimensions: tuple[int, ...]) -> list[Matrix]:
        """The factors as (d, d) matrices for site dimensions ``dimensions``, the coefficient included and the drive not.

        A system matrix smaller than the system site acts on its first tensor factor (the second is the ancilla S').
        """
        result = [local_matrix(f, dimensions[site]) for site, f in zip(self.sites, self.factors, strict=True)]
        result[self.carrier] = self.coefficient * result[self.carrier]
        return result


def local_matrix(factor: Factor, dimension: int) -> Matrix:
    """A factor as (dimension, dimension) matrix."""
    if isinstance(factor, str):
        return boson(factor, dimension).astype(np.complex128)
    return np.kron(factor, np.eye(dimension // factor.shape[0])).astype(np.complex128)


def with_role(terms: tuple[Term, ...], *roles: Role) -> tuple[Term, ...]:
    """Those terms whose role is among ``roles``."""
    return tuple(term for term in terms if term.role in roles)
