"""What is studied: a small system coupled to one or more bosonic baths, each of them a chain, a pair of chains, or star cells.

H(t) = H_S(t) + sum_j f_j(t) H_int,j + sum_j H_chain,j, with H_int,j = sum_q A_q (x) X_q (`tnthermo.model.coupling`). At T > 0 the chains
hold the bath and its purifying ancilla B': H_chain = H_B - H_B', where H_B' never changes, so changes of <H_chain> are changes of E_B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

import chains
from chains.checks import instance_problems, word_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.model.coupling import Coupling, couple
from tnthermo.model.coupling_kinds import COUPLING_KINDS, Kind, sign
from tnthermo.model.drives import ROUNDED_ULPS, Drive, jumps, just_before, scale_within
from tnthermo.model.line import LAYOUTS, Layout, Line, line
from tnthermo.model.operators import Matrix, matrix_problems, operator
from tnthermo.model.representation import Bath, represented
from tnthermo.model.terms import Term

Form = tuple[tuple[int, complex], ...]  # (place, v): the linear form sum v c + h.c.


@dataclass(frozen=True, kw_only=True, eq=False)
class SystemDrive:
    """A time-dependent part of H_S: ``drive.value(t) * operator``; their product is an energy.

    operator  (d, d) Hermitian; `assemble` also takes Pauli components and nested lists
    """

    operator: Matrix
    drive: Drive

    def __post_init__(self) -> None:
        problems = instance_problems("drive", self.drive, Drive, "Ramp(...) or another drive")
        try:
            operator(self.operator, key="operator")
        except InvalidInput as error:
            problems = [*error.problems, *problems]
        raise_if_any(problems)


@dataclass(frozen=True, kw_only=True, eq=False)
class Channel:
    """A_q (x) X_q of one bath.

    operator   A_q, (d, d) Hermitian
    bath       number of the bath
    position   X_q as a linear form over places on the line
    momentum   P_q = i [H_chain, X_q] likewise: d<X_q>/dt without the coupling
    """

    operator: Matrix
    bath: int
    position: Form
    momentum: Form


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A system of dimension d and its baths.

    hamiltonian  the constant part of H_S, (d, d) Hermitian, energy units (hbar = k_B = 1)
    couplings    the baths, at least one
    drives       time-dependent parts of H_S, added to it
    layout       of several chains on the line: "middle" (the system between two chains), "interleaved" (all on one side, site by site),
                 or "auto": "interleaved", the cheaper one at equal error (scripts/docs/layouts.md)
    """

    hamiltonian: Matrix
    couplings: tuple[Coupling, ...]
    drives: tuple[SystemDrive, ...] = ()
    layout: Layout = "auto"

    def __post_init__(self) -> None:
        problems = matrix_problems("hamiltonian", self.hamiltonian) + word_problems("layout", self.layout, LAYOUTS)
        problems += _tuple_problems(
            "couplings", self.couplings, Coupling, "a tuple of tnthermo.couple(...), at least one"
        )
        problems += _tuple_problems("drives", self.drives, SystemDrive, "a tuple of SystemDrive(...)")
        raise_if_any(problems)

    @property
    def dimension(self) -> int:
        """Hilbert-space dimension d of the system."""
        return int(self.hamiltonian.shape[0])

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Of the baths."""
        return tuple(coupling.temperature for coupling in self.couplings)

    @property
    def temperature(self) -> float | None:
        """The one temperature of all baths; None where they differ."""
        different = set(self.temperatures)
        return different.pop() if len(different) == 1 else None

    @cached_property
    def chains(self) -> tuple[chains.Chain, ...]:
        """All chains, bath after bath."""
        return tuple(chain for coupling in self.couplings for chain in coupling.chains)

    @property
    def chain_baths(self) -> tuple[int, ...]:
        """The bath that each chain belongs to."""
        return tuple(j for j, coupling in enumerate(self.couplings) for _ in coupling.chains)

    @property
    def sites(self) -> int:
        """Boson sites of all chains."""
        return sum(chain.length for chain in self.chains)

    @cached_property
    def line(self) -> Line:
        """Where system and chain sites stand. Star cells are chains of one site: b_k, b'_k, then the next cell, see `cell`."""
        numbered = [(k, chain.length) for k, chain in enumerate(self.chains)]
        if len(numbered) == 1 or self.layout != "middle":
            return line([], numbered)
        return line(numbered[:1], numbered[1:])

    def cell(self, mode: int, *, bath: int = 0) -> tuple[int, ...]:
        """Places of (b_k, b'_k) on the line, or (b_k,) at T = 0, of physical mode ``mode`` of a bath of star cells.

        Modes count in ascending order of their frequency; their thermofield angle is ``couplings[bath].bath.theta[mode]``.
        Raises TypeError for a bath that is not made of star cells.
        """
        try:
            numbers = represented(self.couplings[bath].bath).cell_sites(mode)
        except TypeError as error:
            raise TypeError(f"bath {bath} {error}") from None
        first = sum(len(coupling.chains) for coupling in self.couplings[:bath])
        return tuple(self.line.chains[first + number][0] for number in numbers)

    @property
    def neighbours_only(self) -> bool:
        """Whether every term of H acts on neighbours on the line."""
        line = self.line
        return all(abs(b - a) == 1 for places in line.chains for a, b in pairwise((line.system, *places)))

    @property
    def factors(self) -> tuple[Drive, ...]:
        """Every time-dependent factor; `Term.drive` is an index into them."""
        couplings = [coupling.strength for coupling in self.couplings if coupling.strength is not None]
        return (*(part.drive for part in self.drives), *couplings)

    @property
    def driven(self) -> bool:
        return bool(self.factors)

    @cached_property
    def breaks(self) -> tuple[float, ...]:
        """Times > 0 at which some factor is not smooth, jumps included; those that are one but for rounding are one, the last of them."""
        each = {float(t) for factor in self.factors for t in (*factor.breaks, *jumps(factor)) if t > 0}
        times = sorted(each)
        return tuple(t for t, after in pairwise([*times, np.inf]) if after - t > ROUNDED_ULPS * np.spacing(t))

    @cached_property
    def jumps(self) -> tuple[float, ...]:
        """Those of the `breaks` at which some factor jumps. The value there is the one after it, the one before at `just_before`."""
        each = np.array([float(t) for factor in self.factors for t in jumps(factor)])
        return tuple(t for t in self.breaks if np.any((each >= just_before(t)) & (each <= t)))

    def scale_within(self, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Shortest time over which some factor changes in [start, end], (n,) as both; inf where none does."""
        scales = [scale_within(factor, start, end) for factor in self.factors]
        return np.minimum.reduce([np.full(start.shape, np.inf), *scales])

    def hamiltonian_at(self, times: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """H_S (..., d, d) at ``times`` (...)."""
        t = np.asarray(times, dtype=np.float64)
        constant = np.broadcast_to(self.hamiltonian, (*t.shape, *self.hamiltonian.shape))
        return constant + sum(
            (np.asarray(part.drive.value(t))[..., None, None] * part.operator for part in self.drives),
            np.zeros(constant.shape, dtype=np.complex128),
        )

    def hamiltonian_slope(self, times: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """dH_S/dt (..., d, d) at ``times`` (...); to the right of a kink."""
        t = np.asarray(times, dtype=np.float64)
        zero = np.zeros((*t.shape, self.dimension, self.dimension), dtype=np.complex128)
        return zero + sum(np.asarray(part.drive.slope(t))[..., None, None] * part.operator for part in self.drives)

    def strengths(self, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """F_q = f_j(t) (..., Q) of every channel."""
        t = np.asarray(times, dtype=np.float64)
        return self._over_channels(t, lambda drive: drive.value(t), 1.0)

    def strength_slopes(self, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """dF_q/dt (..., Q) of every channel; to the right of a kink."""
        t = np.asarray(times, dtype=np.float64)
        return self._over_channels(t, lambda drive: drive.slope(t), 0.0)

    def _over_channels(self, t: npt.NDArray[np.float64], of: Any, constant: float) -> npt.NDArray[np.float64]:
        columns = []
        for channel in self.channels:
            drive = self.couplings[channel.bath].strength
            columns.append(np.full(t.shape, constant) if drive is None else np.asarray(of(drive), dtype=np.float64))
        return np.stack(columns, axis=-1)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """A_q (x) X_q, bath after bath; H_int(t) = sum_q F_q(t) A_q (x) X_q."""
        result, start = [], 0
        for bath, coupling in enumerate(self.couplings):
            places = self.line.chains[start : start + len(coupling.chains)]
            start += len(coupling.chains)
            for matrix, amplitudes in zip(coupling.operators, coupling.amplitudes, strict=True):
                position: list[tuple[int, complex]] = []
                momentum: list[tuple[int, complex]] = []
                for chain, v, where in zip(coupling.chains, amplitudes, places, strict=True):
                    position.append((where[0], v))
                    # c_0' = -i (e_0 c_0 + t_0 c_1)
                    turning = -1j * sign(chain) * v
                    momentum.append((where[0], turning * complex(chain.frequencies[0])))
                    if chain.length > 1:
                        momentum.append((where[1], turning * complex(chain.hoppings[0])))
                result.append(Channel(operator=matrix, bath=bath, position=tuple(position), momentum=tuple(momentum)))
        return tuple(result)

    @cached_property
    def commutators(self) -> npt.NDArray[np.float64]:
        """Omega (Q, Q), energy^2: [X_q, X_q'] = i Omega_qq'; 2 int J between the two channels of an exchange coupling, else 0."""
        count = len(self.channels)
        omega = np.zeros((count, count))
        for q, one in enumerate(self.channels):
            for r, other in enumerate(self.channels):
                coupling = self.couplings[one.bath]
                if one.bath == other.bath and not coupling.chains:
                    omega[q, r] = 2 * np.sign(r - q) * float(coupling.density.weight())
                elif one.bath == other.bath:
                    theirs = dict(other.position)
                    omega[q, r] = 2 * sum((v * np.conj(theirs.get(place, 0.0))).imag for place, v in one.position)
        return omega

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """H as labelled terms over the places of `line`."""
        place = self.line.system
        terms = [Term(role="system", coefficient=1.0, sites=(place,), factors=(self.hamiltonian,))]
        drives = 0
        for part in self.drives:
            terms.append(Term(role="system", coefficient=1.0, sites=(place,), factors=(part.operator,), drive=drives))
            drives += 1
        start = 0
        for bath, coupling in enumerate(self.couplings):
            drive = None
            if coupling.strength is not None:
                drive, drives = drives, drives + 1
            for number, chain in enumerate(coupling.chains):
                where = self.line.chains[start + number]
                for matrix, name in COUPLING_KINDS[coupling.kind].terms(coupling.operator, chain):
                    terms.append(_pair(place, matrix, where[0], name, chain.coupling, bath=bath, drive=drive))
                terms += _chain_terms(chain, where, bath)
            start += len(coupling.chains)
        return tuple(terms)


def end_times(model: Model, tolerance: float = 1e-6) -> chains.EndTimes:
    """Until when the baths of a model are as good as endless ones: the earliest times of any of them, see `chains.end_times`."""
    each = [chains.end_times(coupling.bath, tolerance) for coupling in model.couplings]
    return chains.EndTimes(front=min(one.front for one in each), felt=min(one.felt for one in each))


def _tuple_problems(key: str, values: object, kind: type, allowed: str) -> list[Problem]:
    """What keeps ``values`` from being a tuple of instances of ``kind``; only drives may be none."""
    if not isinstance(values, tuple) or (not values and key != "drives"):
        return [Problem(key=key, value=values, allowed=allowed, hint=f"found {type(values).__name__}")]
    return [
        problem for i, value in enumerate(values) for problem in instance_problems(f"{key}[{i}]", value, kind, allowed)
    ]


def _pair(
    system: int, matrix: Matrix, site: int, name: str, coefficient: float, *, bath: int, drive: int | None
) -> Term:
    sites, factors = ((system, site), (matrix, name)) if system < site else ((site, system), (name, matrix))
    return Term(role="interaction", coefficient=coefficient, sites=sites, factors=factors, bath=bath, drive=drive)  # type: ignore[arg-type]


def _chain_terms(chain: chains.Chain, places: Sequence[int], bath: int) -> list[Term]:
    """Frequencies and hoppings of one chain; negative for weight J n."""
    terms = [
        Term(role="bath", coefficient=sign(chain) * float(e), sites=(places[n],), factors=("number",), bath=bath)
        for n, e in enumerate(chain.frequencies)
    ]
    for n, t in enumerate(chain.hoppings):
        pair = (min(places[n], places[n + 1]), max(places[n], places[n + 1]))
        for factors in (("raise", "lower"), ("lower", "raise")):
            terms.append(Term(role="bath", coefficient=sign(chain) * float(t), sites=pair, factors=factors, bath=bath))
    return terms


def assemble(
    *,
    hamiltonian: Any,
    couplings: Sequence[Coupling],
    drives: Sequence[SystemDrive] = (),
    layout: Layout = "auto",
) -> Model:
    """A `Model` from user input (see there). Raises :class:`chains.InvalidInput` with all problems at once."""
    problems: list[Problem] = []
    matrix = np.zeros((0, 0), dtype=np.complex128)
    try:
        matrix = operator(hamiltonian, key="hamiltonian")
    except InvalidInput as error:
        problems += error.problems
    listed = tuple(couplings) if isinstance(couplings, list | tuple) else couplings
    wrong = _tuple_problems("couplings", listed, Coupling, "a list of tnthermo.couple(...), at least one")
    problems += wrong
    couplings = () if wrong else tuple(couplings)
    count = sum(len(coupling.chains) for coupling in couplings)
    of_layout = word_problems("layout", layout, LAYOUTS)
    problems += of_layout
    if of_layout:
        layout = "auto"
    elif layout == "middle" and any(represented(coupling.bath).separate for coupling in couplings):
        allowed = "auto | interleaved for star cells"
        problems.append(Problem(key="layout", value=layout, allowed=allowed))
    elif layout == "middle" and count > 2:
        allowed = f"auto | interleaved for more than two chains, here {count}"
        problems.append(Problem(key="layout", value=layout, allowed=allowed))
    parts: list[SystemDrive] = []
    for k, part in enumerate(drives if isinstance(drives, list | tuple) else [drives]):
        wrong = instance_problems(
            f"drives[{k}]", part, SystemDrive, "SystemDrive(operator=..., drive=Ramp(...) or another drive)"
        )
        problems += wrong
        if not wrong:
            checked = operator(part.operator, key="operator")
            parts.append(part if isinstance(part.operator, np.ndarray) else replace(part, operator=checked))
    if matrix.size:
        named = [(f"couplings[{j}]", coupling.operator) for j, coupling in enumerate(couplings)]
        named += [(f"drives[{k}].operator", part.operator) for k, part in enumerate(parts)]
        named = [("coupling", m) if len(couplings) == 1 and key == "couplings[0]" else (key, m) for key, m in named]
        for key, other in named:
            if other.shape != matrix.shape:
                shapes = f"{other.shape} against H_S {matrix.shape}"
                allowed = f"the size of the system Hamiltonian, found {shapes}"
                problems.append(Problem(key=key, value=other.tolist(), allowed=allowed))
    raise_if_any(problems)
    return Model(hamiltonian=matrix, couplings=tuple(couplings), drives=tuple(parts), layout=layout)


def SpinBoson(
    *,
    hamiltonian: Any,
    coupling: Any,
    bath: Bath,
    strength: Drive | None = None,
    drives: Sequence[SystemDrive] = (),
    layout: Layout = "auto",
) -> Model:
    """The model of a small system (not only a spin) with one bath, H_int = A (x) X, A = ``coupling``.

    hamiltonian, coupling   Pauli components ``{"z": 0.1, "x": 0.2}`` or Hermitian matrices of one size
    bath                    `chains.chain(...)`, the pair of `chains.thermofield_chains(...)`, or `chains.star_cells(...)`
    strength                a drive f(t) of the coupling; none: 1
    drives, layout          as in `Model`

    Raises :class:`chains.InvalidInput` with all problems at once: not Hermitian, not square, sizes that differ.
    """
    one = _one_coupling(hamiltonian, coupling, bath, "hermitian", strength)
    return assemble(hamiltonian=hamiltonian, couplings=[one], drives=drives, layout=layout)


def JaynesCummings(
    *,
    hamiltonian: Any,
    coupling: Any = "sigma_minus",
    bath: Bath,
    strength: Drive | None = None,
    drives: Sequence[SystemDrive] = (),
    layout: Layout = "auto",
) -> Model:
    """The model of a small system with one bath and exchange coupling H_int = L (x) C^dag + L^dag (x) C, L = ``coupling``.

    coupling   "sigma_minus" (|1><0|), or any (d, d) matrix
    bath       at T = 0 `chains.chain(...)`, at T > 0 the pair of `chains.thermofield_chains(...)`, or `chains.star_cells(...)`
    strength, drives, layout   as in `SpinBoson`

    Raises :class:`chains.InvalidInput` with all problems at once.
    """
    one = _one_coupling(hamiltonian, coupling, bath, "exchange", strength)
    return assemble(hamiltonian=hamiltonian, couplings=[one], drives=drives, layout=layout)


def _one_coupling(hamiltonian: Any, coupling: Any, bath: Bath, kind: Kind, strength: Drive | None) -> Coupling:
    """The coupling of a model with one bath; what is wrong with its Hamiltonian is said beside what is wrong with the coupling."""
    try:
        return couple(coupling, bath, kind=kind, strength=strength)
    except InvalidInput as error:
        problems = list(error.problems)
    try:
        operator(hamiltonian, key="hamiltonian")
    except InvalidInput as further:
        problems = [*further.problems, *problems]
    raise InvalidInput(problems)
