"""What is studied: a small system coupled to a chain, H = H_S + A (x) X + H_chain.

X = kappa (c_0 + c_0^dag); H_chain = sum_n e_n c_n^dag c_n + sum_n t_n (c_n^dag c_{n+1} + h.c.) (physics conventions in the README).
At T > 0 the chain is the one of the thermal weight on the whole frequency axis and H_chain = H_B - H_B', B' the purifying ancilla;
H_B' never changes, so changes of <H_chain> are changes of E_B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import chains
from chains.problems import InvalidInput, Problem
from tnthermo.local import Matrix, operator
from tnthermo.terms import Term


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A system of dimension d, coupled by a Hermitian operator to one bosonic bath.

    hamiltonian  H_S, (d, d) Hermitian, energy units (hbar = k_B = 1)
    coupling     A, (d, d) Hermitian, dimensionless: H_int = A (x) X
    bath         the chain that stands for the bath, its temperature and spectral density included
    """

    hamiltonian: Matrix
    coupling: Matrix
    bath: chains.Chain

    @property
    def dimension(self) -> int:
        """Hilbert-space dimension d of the system."""
        return int(self.hamiltonian.shape[0])

    @property
    def temperature(self) -> float:
        return self.bath.temperature

    @property
    def terms(self) -> tuple[Term, ...]:
        """H as labelled terms; site 0 is the system, site n + 1 is chain site n."""
        bath = self.bath
        terms = [
            Term(role="system", coefficient=1.0, sites=(0,), factors=(self.hamiltonian,)),
            Term(role="interaction", coefficient=bath.coupling, sites=(0, 1), factors=(self.coupling, "position")),
        ]
        terms += [
            Term(role="bath", coefficient=float(e), sites=(n + 1,), factors=("number",))
            for n, e in enumerate(bath.frequencies)
        ]
        for n, t in enumerate(bath.hoppings):
            terms.append(Term(role="bath", coefficient=float(t), sites=(n + 1, n + 2), factors=("raise", "lower")))
            terms.append(Term(role="bath", coefficient=float(t), sites=(n + 1, n + 2), factors=("lower", "raise")))
        return tuple(terms)


def SpinBoson(*, hamiltonian: Any, coupling: Any, bath: chains.Chain) -> Model:
    """The model of a small system (not only a spin) with H_S = ``hamiltonian`` and H_int = A (x) X, A = ``coupling``.

    Both are Pauli components ``{"z": 0.1, "x": 0.2}`` or Hermitian matrices of one size. Raises :class:`chains.InvalidInput` with all
    problems at once: not Hermitian, not square, sizes that differ.
    """
    problems: list[Problem] = []
    matrices: dict[str, Matrix] = {}
    for key, value in (("hamiltonian", hamiltonian), ("coupling", coupling)):
        try:
            matrices[key] = operator(value, key=key)
        except InvalidInput as error:
            problems += error.problems
    if not problems and matrices["hamiltonian"].shape != matrices["coupling"].shape:
        shapes = f"{matrices['coupling'].shape} against H_S {matrices['hamiltonian'].shape}"
        problems.append(
            Problem(key="coupling", value=coupling, allowed=f"the size of the system Hamiltonian, found {shapes}")
        )
    if problems:
        raise InvalidInput(problems)
    return Model(hamiltonian=matrices["hamiltonian"], coupling=matrices["coupling"], bath=bath)
