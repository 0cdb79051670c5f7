"""Measuring: everything the trajectory records, read off a `BlockState` whose centre is the system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

import chains
from tnthermo.engine_protocol import Local, Modes, Profile, Whole
from tnthermo.kernels.apply import apply_site, grow_left, grow_right
from tnthermo.kernels.arrays import array_list
from tnthermo.kernels.measure import correlations, level_populations, reduced_state
from tnthermo.kernels.moments import moments, overlap_operator
from tnthermo.model.model import Channel, Form, Model
from tnthermo.model.modes import mode_functions, unmixed
from tnthermo.model.observables import Observable
from tnthermo.model.operators import Matrix, boson
from tnthermo.model.representation import represented
from tnthermo.model.terms import Term
from tnthermo.network.automaton import Automaton, SiteTable, automaton
from tnthermo.network.blocks import BlockState, centred_at_origin, site_moment
from tnthermo.network.state import State
from tnthermo.types import Complex, Real

MANY = 4  # linear forms over more places than this are contracted as one operator, not place by place


class Measure:
    """The measurements of one model; what does not change from time to time is prepared once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        system = model.line.system
        self.arms: tuple[set[int], set[int]] = (set(), set())  # baths on the left and on the right of the system
        for bath, places in zip(model.chain_baths, model.line.chains, strict=True):
            self.arms[int(places[0] > system)].add(bath)
        self.tables: dict[tuple[int, int, int], SiteTable] = {}  # (automaton, site, levels)
        self.forms: dict[int, Automaton] = {}
        count = len(model.couplings)
        self.machines = [self._machine((bath,)) for bath in range(count)]
        self.union = self.machines[0] if count == 1 else self._machine(tuple(range(count)))

    def _machine(self, baths: tuple[int, ...]) -> Automaton:
        terms = [term for term in self.model.terms if term.role == "bath" and term.bath in baths]
        return automaton(terms, self.model.line.length)

    def _table(self, machine: Automaton, site: int, levels: int) -> SiteTable:
        """`Automaton.table`, kept: the sites keep their levels for most of the steps."""
        key = (id(machine), site, levels)
        if key not in self.tables:
            self.tables[key] = machine.table(site, levels)
        return self.tables[key]

    def _form(self, form: Form) -> Automaton:
        """sum v c over many places as one operator."""
        key = id(form)
        if key not in self.forms:
            terms = [Term(role="bath", coefficient=v, sites=(place,), factors=("lower",)) for place, v in form]
            self.forms[key] = automaton(terms, self.model.line.length)
        return self.forms[key]

    def local(self, blocks: BlockState) -> Local:
        """Reduced state, its moments with X_q and P_q, and the energies; costs a few products of bond matrices."""
        center = blocks.tensors[blocks.system]
        lowered: dict[int, Matrix] = {}

        def moment(form: Form) -> Matrix:
            total = np.zeros((blocks.dimension, blocks.dimension), dtype=np.complex128)
            if len(form) > MANY:
                total += traced(self._summed(blocks, self._form(form)), blocks.ancilla)
                return total + total.conj().T
            for place, v in form:
                if place not in lowered:
                    operator = boson("lower", blocks.tensors[place].shape[1]).astype(np.complex128)
                    lowered[place] = traced(site_moment(blocks, place, operator), blocks.ancilla)
                total += v * lowered[place]
            return total + total.conj().T

        def of(channels: Sequence[Channel], name: str) -> Complex:
            return np.stack([moment(getattr(channel, name)) for channel in channels])

        return Local(
            rho_S=traced(reduced_state(center), blocks.ancilla),
            moment_X=of(self.model.channels, "position"),
            moment_P=of(self.model.channels, "momentum"),
            chain_energy=self.chain_energies(blocks),
            total_energy=total_energy(blocks),
            norm=float(np.vdot(center, center).real),
        )

    def chain_energies(self, blocks: BlockState) -> Real:
        """<H_chain> (B,) of each bath: in the blocks next to the system where a side holds one bath only, else contracted anew."""
        energies = np.zeros(len(self.model.couplings))
        system, center = blocks.system, blocks.tensors[blocks.system]
        l, d, r = center.shape
        for side, baths in enumerate(self.arms):
            for bath in baths:
                if len(baths) == 1:
                    block = blocks.rights[system + 1][0] if side else blocks.lefts[system][-1]
                else:
                    block = self._side(blocks, self.machines[bath], right=bool(side))
                if side:
                    acted = center.reshape(l * d, r) @ block
                else:
                    acted = block @ center.reshape(l, d * r)
                energies[bath] += float(np.vdot(center.ravel(), acted.ravel()).real)
        return energies

    def _summed(self, blocks: BlockState, machine: Automaton) -> Matrix:
        """(D, D) matrix Tr_rest[O rho] on the system site of a sum O of terms beside it."""
        center = blocks.tensors[blocks.system]
        l, d, r = center.shape
        acted = np.zeros_like(center)
        if blocks.system < len(blocks.tensors) - 1:
            acted += (center.reshape(l * d, r) @ self._side(blocks, machine, right=True)).reshape(l, d, r)
        if blocks.system > 0:
            acted += (self._side(blocks, machine, right=False) @ center.reshape(l, d * r)).reshape(l, d, r)
        return np.asarray(np.einsum("ldr,ler->de", acted, center.conj()))

    def _side(self, blocks: BlockState, machine: Automaton, *, right: bool) -> Complex:
        """The block at the system, on one side, of the complete terms of a machine."""
        edge = np.ones((1, 1, 1), dtype=np.complex128)
        block = edge
        if right:
            for i in range(len(blocks.tensors) - 1, blocks.system, -1):
                found = self._table(machine, i, blocks.tensors[i].shape[1])
                block = grow_right(block, found.table, found.values, blocks.tensors[i], machine.widths[i])
            return np.asarray(block[0])
        for i in range(blocks.system):
            found = self._table(machine, i, blocks.tensors[i].shape[1])
            block = grow_left(block, found.table, found.values, blocks.tensors[i], machine.widths[i + 1])
        return np.asarray(block[-1])

    def heat_squares(self, blocks: BlockState) -> Real:
        """<H_chain^2> (1 + B,): of the union of the baths, then of each."""
        tensors = centred_at_origin(blocks)
        found = [self._square(tensors, self.union)]
        each = found if len(self.machines) == 1 else [self._square(tensors, machine) for machine in self.machines]
        return np.array([*found, *each])

    def _square(self, tensors: Any, machine: Automaton) -> float:
        sites = [self._table(machine, i, tensor.shape[1]) for i, tensor in enumerate(tensors)]
        _, _, square = moments(
            tensors, array_list([s.table for s in sites]), array_list([s.values for s in sites]), machine.widths
        )
        return float(square)

    def correlation_matrices(self, blocks: BlockState) -> tuple[Complex, Complex]:
        """<c_m^dag c_n> and <c_m c_n>, (N, N) over all chain sites, chain after chain. Cost O(N^2) contractions."""
        places = blocks.places
        order = np.argsort(places)
        shape = (places.size, places.size)
        normal, anomalous = np.zeros(shape, dtype=np.complex128), np.zeros(shape, dtype=np.complex128)
        correlations(centred_at_origin(blocks), places[order], normal, anomalous)
        back = np.argsort(order)
        grid = np.ix_(back, back)
        return normal[grid], anomalous[grid]

    def modes(self, normal: Complex, anomalous: Complex, functions: Sequence[chains.ModeFunctions]) -> Modes:
        """The physical modes from the correlation matrices, chain and thermofield maps undone.

        b_j = sum_n U_jn c_n, a_j = cosh b_j + sinh b'_j^dag, a'_j = cosh b'_j + sinh b_j^dag.
        """
        occupations, energies, ancillas, start = [], [], [], 0
        for coupling, found in zip(self.model.couplings, functions, strict=True):
            lengths = [chain.length for chain in coupling.chains]
            part = slice(start, start + sum(lengths))
            start = part.stop
            positive, negative = represented(coupling.bath).over_sites(found)
            own, pairs = normal[part, part], anomalous[part, part]
            plus = np.einsum("jm,mn,jn->j", positive, own, positive, optimize=True).real
            minus = np.einsum("jm,mn,jn->j", negative, own, negative, optimize=True).real
            cross = 2 * np.einsum("jm,mn,jn->j", positive, pairs, negative, optimize=True).real
            physical, ancilla = unmixed(found, plus, minus, cross)
            occupations.append(physical)
            energies.append(float(found.frequencies @ physical))
            ancillas.append(float(found.frequencies @ ancilla))
        return Modes(occupation=np.concatenate(occupations), energy=np.array(energies), ancilla=np.array(ancillas))


def total_energy(blocks: BlockState) -> float:
    """<H> at the time of the blocks' operators, contracted as one matrix product operator."""
    system = blocks.system
    center = blocks.tensors[system]
    out = apply_site(
        blocks.lefts[system], blocks.tables[system], blocks.values[system], blocks.rights[system + 1], center
    )
    return float(np.vdot(center, out).real)


def measure_profile(blocks: BlockState, observables: Sequence[Observable] = ()) -> Profile:
    """Bonds, levels, occupations, the entropy of the cut system | chains, and the user's own observables."""
    tensors = centred_at_origin(blocks)
    n, places = len(tensors), blocks.places
    levels = blocks.levels
    largest = max(int(levels.max(initial=1)), blocks.tensors[blocks.system].shape[1])
    populations = np.zeros((n, largest))
    level_populations(tensors, n, populations)
    center = blocks.tensors[blocks.system]
    d = center.shape[1]
    squares = np.linalg.svd(center.transpose(1, 0, 2).reshape(d, -1), compute_uv=False) ** 2
    squares = squares[squares > 0]
    return Profile(
        cut_entropy=float(-np.sum(squares * np.log(squares))),
        bonds=blocks.bonds,
        occupations=populations[places] @ np.arange(largest, dtype=np.float64),
        levels=levels,
        top_populations=populations[places, levels - 1],
        observables=np.array([observe(blocks, observable) for observable in observables], dtype=np.complex128),
    )


def observe(blocks: BlockState, observable: Observable) -> complex:
    """<O> or <O (x) b> of a system operator O and a boson operator b on a chain site; not divided by the norm."""
    if observable.boson is None:
        moment = traced(reduced_state(blocks.tensors[blocks.system]), blocks.ancilla)
    else:
        place = int(blocks.model.line.chains[observable.chain][observable.site])
        operator = boson(observable.boson, blocks.tensors[place].shape[1]).astype(np.complex128)
        moment = traced(site_moment(blocks, place, operator), blocks.ancilla)
    matrix = observable.operator
    return complex(np.trace(moment) if matrix is None else np.einsum("ij,ji->", matrix, moment))


def traced(matrix: Matrix, ancilla: int) -> Matrix:
    """(d, d) of a matrix (d a, d a) on system and ancilla S', S' traced out."""
    d = matrix.shape[0] // ancilla
    return np.ascontiguousarray(np.trace(matrix.reshape(d, ancilla, d, ancilla), axis1=1, axis2=3))


@dataclass(frozen=True, eq=False)
class OnLine:
    """System and bath on a line of sites at one time: the `tnthermo.engine_protocol.Whole` of every engine that has a `BlockState`."""

    measure: Measure
    blocks: BlockState

    @property
    def model(self) -> Model:
        """The model of the run."""
        return self.measure.model

    @property
    def bonds(self) -> npt.NDArray[np.int64]:
        """Dimension of the bond of each chain site (N,) on the side of the system."""
        return self.blocks.bonds

    @property
    def cuts(self) -> npt.NDArray[np.int64]:
        """Dimension of every bond along the line, the ends (1) included."""
        return np.array([1, *(tensor.shape[2] for tensor in self.blocks.tensors)])

    @property
    def levels(self) -> npt.NDArray[np.int64]:
        """Boson levels in use on the chain sites (N,)."""
        return self.blocks.levels

    @property
    def active_sites(self) -> int:
        """How many chain sites are entangled or occupied, and those between them and the system."""
        return self.blocks.active - self.blocks.first - 1

    def local(self) -> Local:
        """Reduced state, its moments with X_q and P_q, the energies and the norm."""
        return self.measure.local(self.blocks)

    def profile(self, observables: Sequence[Observable] = ()) -> Profile:
        """Bonds, levels, occupations, the entropy of the cut system | chains, and the user's own observables."""
        return measure_profile(self.blocks, observables)

    def heat_squares(self) -> Real:
        """<H_chain^2> (1 + B,): of the union of the baths, then of each."""
        return self.measure.heat_squares(self.blocks)

    def correlation_matrices(self) -> tuple[Complex, Complex]:
        """<c_m^dag c_n> and <c_m c_n>, (N, N) over all chain sites, chain after chain."""
        return self.measure.correlation_matrices(self.blocks)

    def modes(self, normal: Complex, anomalous: Complex) -> Modes:
        """The physical modes from the correlation matrices, chain and thermofield maps undone."""
        return self.measure.modes(normal, anomalous, mode_functions(self.model))

    def is_active(self, place: int) -> bool:
        """Whether the site at ``place`` is among the active ones."""
        return self.blocks.first <= place < self.blocks.active

    def occupation(self, place: int, *, coherent: bool = True) -> float:
        """<c^dag c> of the site at ``place``; not ``coherent``: less |<c>|^2."""
        levels = self.blocks.tensors[place].shape[1]

        def mean(name: str) -> complex:
            return complex(np.trace(site_moment(self.blocks, place, boson(name, levels).astype(np.complex128))))

        return mean("number").real - (0.0 if coherent else abs(mean("lower")) ** 2)

    def overlap(self, other: Whole, operator: Matrix) -> complex:
        """<self| O |other> with an operator O (d, d) on the system."""
        assert isinstance(other, OnLine)
        acting = np.kron(operator, np.eye(other.blocks.ancilla)).astype(np.complex128)
        return complex(overlap_operator(self.blocks.tensors, other.blocks.tensors, other.blocks.system, acting))

    def held(self) -> None:
        """None: the chains of the model say it."""

    def state(self, time: float) -> State:
        """A frozen copy of the tensors."""
        return self.blocks.state(time)


class LineEngine:
    """What the engines share whose state is on a line of sites: how it is measured.

    model  of the run
    """

    model: Model

    def network(self) -> BlockState:
        """The state with its blocks, centre at the system."""
        raise NotImplementedError

    def whole(self) -> OnLine:
        """What there is to be measured now."""
        return OnLine(self._measure, self.network())

    @property
    def modes(self) -> tuple[chains.ModeFunctions, ...]:
        """The physical modes of each bath."""
        return mode_functions(self.model)

    @cached_property
    def _measure(self) -> Measure:
        return Measure(self.model)
