"""One bath and how the system is coupled to it: A (x) X (Hermitian) or L (x) C^dag + L^dag (x) C (exchange).

C = sum_k g_k a_k and X = C + C^dag. Every coupling is a sum of Hermitian products A_q (x) X_q, the *channels*:

    Hermitian   A (x) X
    exchange    A_1 (x) X + A_2 (x) Y,   A_1 = (L + L^dag)/2, A_2 = (L - L^dag)/(2i), Y = i (C^dag - C)

Star cells are many chains of one site: C = sum_k g_k (cosh_k b_k + sinh_k b'_k^dag), every kappa_1 = g_k cosh_k, kappa_2 = g_k sinh_k.
One chain: C = kappa c_0 (at T > 0 there is only X = kappa (c_0 + c_0^dag)). A thermofield pair: C = kappa_1 c_0 + kappa_2 d_0^dag,
and the free Hamiltonian is that of the c chain minus that of the d chain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import chains as chain_maps
from chains import Chain, SpectralDensity, StarCells
from chains.checks import instance_problems, word_problems
from chains.deprecated import formerly
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.model import operators
from tnthermo.model.coupling_kinds import COUPLING_KINDS, Kind, sign
from tnthermo.model.drives import Drive
from tnthermo.model.operators import Matrix, matrix_problems
from tnthermo.model.representation import Bath, represented

KINDS = tuple(COUPLING_KINDS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Coupling:
    """One bath and how the system is coupled to it.

    operator   A, (d, d) Hermitian, or for exchange L, any (d, d) matrix; dimensionless
    bath       `chains.chain(...)`, the pair of `chains.thermofield_chains(...)`, `chains.star_cells(...)`, or `chains.Bath(...)`
    kind       "hermitian": A (x) X; "exchange": L (x) C^dag + h.c., at T > 0 not with a single chain
    strength   f(t), a number that multiplies the coupling; None: 1
    """

    operator: Matrix
    bath: Bath
    kind: Kind = "hermitian"
    strength: Drive | None = None

    def __post_init__(self) -> None:
        problems = matrix_problems("operator", self.operator) + word_problems("kind", self.kind, KINDS)
        problems += _bath_problems(self.bath, self.kind, "bath") + _strength_problems(self.strength, "strength")
        raise_if_any(problems)

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The one or two chains; of star cells all sites, each a chain of its own."""
        return represented(self.bath).chains

    @property
    def local_strengths(self) -> tuple[float, ...]:
        """kappa of each chain; of star cells, whose sites act together, the root of the sum of their squares."""
        return represented(self.bath).local_strengths

    @property
    def temperature(self) -> float:
        return represented(self.bath).temperature

    @property
    def density(self) -> SpectralDensity:
        return represented(self.bath).density

    @property
    def frequencies(self) -> npt.NDArray[np.float64] | None:
        """w_k (M,) > 0 of the physical modes, ascending: of star cells or a discrete density; None of a continuum on a chain.

        A chain of a continuum has finitely many sites, too, but they are no modes of the bath: at T > 0 each mixes it with its ancilla.
        """
        return represented(self.bath).frequencies

    @property
    def quantum(self) -> float:
        """The mean frequency of what the system emits first, an energy: the largest e_0 of its chains."""
        return represented(self.bath).quantum

    @property
    def weight(self) -> float:
        """[C, C^dag] = int J dw = sum g_k^2, energy^2, of the chains as they are."""
        if not self.chains:
            raise ValueError("a bath that is not discretised has no chains; its density has a weight()")
        if self.chains[0].thermal:
            raise ValueError("one thermal chain holds X, not C: there is no [C, C^dag] in it")
        return sum(sign(chain) * chain.coupling**2 for chain in self.chains)

    @property
    def operators(self) -> tuple[Matrix, ...]:
        """A_q of the channels."""
        return COUPLING_KINDS[self.kind].operators(self.operator)

    @property
    def amplitudes(self) -> tuple[tuple[complex, ...], ...]:
        """For each channel the v of X_q = sum v c_0 + h.c., one for each chain."""
        return COUPLING_KINDS[self.kind].amplitudes(self.chains)


def _couple_as(
    operator: Any, bath: Bath, *, kind: Kind = "hermitian", strength: Any = None, key: str = "coupling"
) -> Coupling:
    """`couple`, with the word that its problems begin with."""
    problems: list[Problem] = []
    matrix = np.zeros((0, 0), dtype=np.complex128)
    wrong = instance_problems("key", key, str, "a text: how the coupling is called in problems")
    key = key if not wrong else "coupling"
    problems += wrong + word_problems(f"{key}.kind", kind, KINDS)
    known = COUPLING_KINDS.get(kind) if isinstance(kind, str) else None
    try:
        matrix = operators.operator(operator, key=key, hermitian=known is None or known.hermitian)
    except InvalidInput as error:
        hint = 'kind = "exchange" couples any operator L as L (x) C^dag + h.c.'
        problems += [replace(p, hint=f"{p.hint}; {hint}") if "Hermitian" in p.allowed else p for p in error.problems]
    problems += _bath_problems(bath, kind, f"{key}.bath") + _strength_problems(strength, f"{key}.strength")
    raise_if_any(problems)
    return Coupling(operator=matrix, bath=bath, kind=kind, strength=strength)


@formerly(renamed={"operator_": "operator"}, taken={"key": _couple_as})
def couple(operator: Any, bath: Bath, *, kind: Kind = "hermitian", strength: Any = None) -> Coupling:
    """Return a `Coupling` from user input: Pauli components, a matrix, or a name ("sigma_minus") for the operator.

    Raises :class:`chains.InvalidInput` with all problems: an operator that is not Hermitian in a Hermitian coupling, an exchange coupling
    to a single thermal chain, chains that are no thermofield pair.
    """
    return _couple_as(operator, bath, kind=kind, strength=strength)


def _strength_problems(strength: object, key: str) -> list[Problem]:
    return [] if strength is None else instance_problems(key, strength, Drive, "a tnthermo drive: Ramp, Pulse, ...")


def _bath_problems(bath: object, kind: object, key: str) -> list[Problem]:
    """What is wrong with a bath, called ``key``, for a coupling of this kind."""
    pair = "the pair of chains.thermofield_chains(density, length, temperature=T)"
    if isinstance(bath, StarCells | chain_maps.Bath):
        return []
    members = bath if isinstance(bath, tuple) else (bath,)
    if not all(isinstance(chain, Chain) for chain in members) or len(members) not in (1, 2):
        return [
            Problem(
                key=key, value=bath, allowed=f"chains.chain(...), {pair}, chains.star_cells(...), or chains.Bath(...)"
            )
        ]
    weights = tuple(chain.weight for chain in members)
    if len(members) == 2 and weights != ("emission", "absorption"):
        return [Problem(key=key, value=weights, allowed=pair)]
    if len(members) == 1 and weights[0] in ("emission", "absorption"):
        return [Problem(key=key, value=f"one chain of weight {weights[0]}", allowed=f"both chains: {pair}")]
    known = COUPLING_KINDS.get(kind) if isinstance(kind, str) else None  # type: ignore[call-overload]
    if known is not None and weights == ("thermal",) and known.needs_pair(members[0].temperature):
        hint = "one thermal chain holds X only, exchange needs C itself"
        return [Problem(key=key, value="one thermal chain", allowed=f"at T > 0 {pair}", hint=hint)]
    return []
