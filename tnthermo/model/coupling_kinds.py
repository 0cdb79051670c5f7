"""The kinds of coupling: which Hermitian products A_q (x) X_q each is made of, and which chains can hold it.

Hermitian   A (x) X
exchange    L (x) C^dag + L^dag (x) C = A_1 (x) X + A_2 (x) Y,   A_1 = (L + L^dag)/2, A_2 = (L - L^dag)/(2i), Y = i (C^dag - C)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import numpy as np

from chains import Chain
from tnthermo.model.operators import Matrix

Kind = Literal["hermitian", "exchange"]


def sign(chain: Chain) -> float:
    """+1, or -1 for the chain of the ancilla-like partners b' (weight J n), whose energies count negative."""
    return -1.0 if chain.weight == "absorption" else 1.0


class CouplingKind(Protocol):
    """What the rest asks of a kind of coupling, given its operator A or L, (d, d).

    hermitian  whether the operator must be Hermitian
    phases     for each channel the p of X_q = p C + h.c., C = sum_k g_k a_k of the bath's own modes
    """

    hermitian: bool
    phases: tuple[complex, ...]

    def operators(self, operator: Matrix) -> tuple[Matrix, ...]:
        """A_q of the channels."""
        ...

    def amplitudes(self, chains: Sequence[Chain]) -> tuple[tuple[complex, ...], ...]:
        """For each channel the v of X_q = sum v c_0 + h.c., one for each chain."""
        ...

    def terms(self, operator: Matrix, chain: Chain) -> list[tuple[Matrix, str]]:
        """(system matrix, boson operator of the chain's first site) of H_int, without kappa."""
        ...

    def needs_pair(self, temperature: float) -> bool:
        """Whether one thermal chain, which holds X and not C, cannot hold it at this temperature."""
        ...

    def square(self, operator: Matrix, occupation: float) -> Matrix:
        """(d, d) system part of <H_int^2> per weight of modes of this occupation n; of a Hermitian coupling less the factor 1 + 2 n."""
        ...


class Hermitian:
    """A (x) X."""

    hermitian = True
    phases: tuple[complex, ...] = (1.0,)

    def operators(self, operator: Matrix) -> tuple[Matrix, ...]:
        """There is one channel, that of A."""
        return (operator,)

    def amplitudes(self, chains: Sequence[Chain]) -> tuple[tuple[complex, ...], ...]:
        """X has the real amplitudes kappa."""
        return (tuple(complex(chain.coupling) for chain in chains),)

    def terms(self, operator: Matrix, chain: Chain) -> list[tuple[Matrix, str]]:
        """A (x) (c_0 + c_0^dag)."""
        return [(operator, "position")]

    def needs_pair(self, temperature: float) -> bool:
        """One chain holds X at any temperature, and X is enough."""
        return False

    def square(self, operator: Matrix, occupation: float) -> Matrix:
        """A^2: what is warm multiplies it by 1 + 2 n."""
        return operator @ operator


class Exchange:
    """L (x) C^dag + L^dag (x) C."""

    hermitian = False
    phases: tuple[complex, ...] = (1.0, -1j)

    def operators(self, operator: Matrix) -> tuple[Matrix, ...]:
        """There are two channels, of A_1 and of A_2."""
        L = operator
        return ((L + L.conj().T) / 2, (L - L.conj().T) / 2j)

    def amplitudes(self, chains: Sequence[Chain]) -> tuple[tuple[complex, ...], ...]:
        """X has kappa; Y = i (C^dag - C) has -i kappa_1 c_0 and, as C contains d_0^dag, +i kappa_2 d_0."""
        position = tuple(complex(chain.coupling) for chain in chains)
        return (position, tuple(-1j * sign(chain) * chain.coupling for chain in chains))

    def terms(self, operator: Matrix, chain: Chain) -> list[tuple[Matrix, str]]:
        """L (x) c_0^dag + h.c., or L (x) d_0 + h.c. on the chain of the partners."""
        up, down = ("raise", "lower") if sign(chain) > 0 else ("lower", "raise")
        return [(operator, up), (np.ascontiguousarray(operator.conj().T), down)]

    def needs_pair(self, temperature: float) -> bool:
        """At T = 0 one chain holds C itself."""
        return temperature > 0

    def square(self, operator: Matrix, occupation: float) -> Matrix:
        """(1 + n) L^dag L + n L L^dag."""
        L = operator
        return (1 + occupation) * L.conj().T @ L + occupation * L @ L.conj().T


COUPLING_KINDS: Mapping[Kind, CouplingKind] = {"hermitian": Hermitian(), "exchange": Exchange()}
