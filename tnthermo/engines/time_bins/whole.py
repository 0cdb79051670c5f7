"""What there is to be measured of a state on time bins."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.engine_protocol import Held, Local, Modes, Profile, Whole
from tnthermo.engines.time_bins.following import Shaken, add_rests, fast_energies, rest_energies
from tnthermo.engines.time_bins.line import BinLine
from tnthermo.engines.time_bins.plan import Plan, Record
from tnthermo.engines.time_bins.strengths import integral
from tnthermo.kernels.bins import bin_means, bin_shapes, from_the_system
from tnthermo.kernels.measure import correlations, level_populations
from tnthermo.kernels.moments import overlap_operator
from tnthermo.model.coupling_kinds import COUPLING_KINDS
from tnthermo.model.model import Model
from tnthermo.model.modes import unmixed
from tnthermo.model.observables import Observable
from tnthermo.model.operators import Matrix
from tnthermo.model.representation import PhysicalModes
from tnthermo.network.state import State
from tnthermo.types import Complex, Real


class OnBins:
    """System and bath after so many ``steps`` of a plan, on a line of their own: out of the frame of the scheme."""

    def __init__(
        self, model: Model, plan: Plan, line: BinLine, record: Record, steps: int, shaken: Sequence[Shaken]
    ) -> None:
        self.model, self.plan, self.line, self.record, self.steps = model, plan, line, record, steps
        self.field, self.scheme, self.shaken = plan.field, plan.scheme, tuple(shaken)
        self.time = float(plan.times[steps])

    @property
    def sites(self) -> int:
        """Bins of the whole run; one where nothing couples, and there are none."""
        return max(self.plan.bins.count, 1)

    @property
    def bonds(self) -> npt.NDArray[np.int64]:
        """Dimension of the bond of each bin on the side of the system, oldest first; 1 of those to come."""
        return self._of_bins(axis=2, to_come=1)

    @property
    def _present(self) -> int:
        """Bins that the steps so far have made."""
        return self.line.count - self.record.extra

    @property
    def cuts(self) -> npt.NDArray[np.int64]:
        """Dimension of every bond along the line, the ends (1) included."""
        return np.concatenate([[1], self._shapes[:, 2], [1]])

    @cached_property
    def _shapes(self) -> npt.NDArray[np.int64]:
        """(n, 3) of the tensors of the bins that are there."""
        return np.asarray(bin_shapes(self.line.bins))

    @property
    def levels(self) -> npt.NDArray[np.int64]:
        """Boson levels in use in each bin (N,); 0 of those to come."""
        return self._of_bins(axis=1, to_come=0)

    def _of_bins(self, *, axis: int, to_come: int) -> npt.NDArray[np.int64]:
        """A dimension of the tensor of each bin (N,)."""
        found = np.full(self.sites, to_come, dtype=np.int64)
        found[: self._present] = self._shapes[: self._present, axis]
        return found

    @property
    def active_sites(self) -> int:
        """How many bins have met the system so far."""
        return self.line.count

    @cached_property
    def tensors(self) -> Any:
        """The line read from the system, which is the centre, to the oldest bin: a list for kernels."""
        return from_the_system(self.line.bins, self.line.centre)

    def local(self) -> Local:
        """Reduced state, its moments with X_q and P_q, the energies and the norm."""
        rho = self.line.reduced()
        moments = self.line.moments(self.record.forms, self.record.start) + self.record.numbers[:, None, None] * rho
        positions, momenta = np.split(moments, 2)
        add_rests(self.model, self.plan, self.shaken, rho, self.time, positions, momenta)
        energies = self.line.energies + fast_energies(self.model, self.plan, self.shaken, rho, self.time)
        H = self.model.hamiltonian_at(self.time)
        energy = float(np.trace(H @ rho).real) + float(np.sum(energies))
        for channel, strength, position in zip(
            self.model.channels, self.model.strengths(self.time), positions, strict=True
        ):
            energy += float(strength) * float(np.trace(channel.operator @ position).real)
        return Local(
            rho_S=rho, moment_X=positions, moment_P=momenta, chain_energy=energies, total_energy=energy,
            norm=float(np.vdot(self.line.centre, self.line.centre).real),
        )  # fmt: skip

    def profile(self, observables: Sequence[Observable] = ()) -> Profile:
        """Bonds, levels, occupations, the entropy of the cut system | bins, and the user's own observables, of the system alone."""
        tensors, count = self.tensors, self.line.count
        levels = self.levels
        D, d, m = self.line.centre.shape
        largest = max(d * m, int(self._shapes[:, 1].max(initial=1)))
        populations = np.zeros((count + 1, largest))
        level_populations(tensors, count + 1, populations)
        mine = populations[1:][::-1][: self._present]
        occupations, top = np.zeros(levels.size), np.zeros(levels.size)
        occupations[: len(mine)] = mine @ np.arange(largest, dtype=np.float64)
        top[: len(mine)] = mine[np.arange(len(mine)), levels[: len(mine)] - 1]
        squares = np.linalg.svd(self.line.centre.transpose(1, 2, 0).reshape(d * m, D), compute_uv=False) ** 2
        squares = squares[squares > 0]
        rho = self.line.reduced()
        values = [np.trace(np.asarray(o.operator) @ rho) for o in observables]
        return Profile(
            cut_entropy=float(-np.sum(squares * np.log(squares))), bonds=self.bonds, occupations=occupations, levels=levels,
            top_populations=top, observables=np.array(values, dtype=np.complex128),
        )  # fmt: skip

    @cached_property
    def bin_correlations(self) -> tuple[Complex, Complex]:
        """<c_j^dag c_k> and <c_j c_k> (n, n) of the bins that are there, oldest first, those of the frame last."""
        count = self.line.count
        normal, anomalous = (np.zeros((count, count), dtype=np.complex128) for _ in range(2))
        if count:
            correlations(self.tensors, np.arange(1, count + 1), normal, anomalous)
        return normal[::-1, ::-1], anomalous[::-1, ::-1]

    def correlation_matrices(self) -> tuple[Complex, Complex]:
        """<c_j^dag c_k> and <c_j c_k> (N, N) of all bins, oldest first; 0 for those to come."""
        normal, anomalous = self.bin_correlations
        found = np.zeros((2, self.sites, self.sites), dtype=np.complex128)
        mine = slice(0, self._present)
        found[0, mine, mine], found[1, mine, mine] = normal[mine, mine], anomalous[mine, mine]
        return found[0], found[1]

    @cached_property
    def basis(self) -> Complex:
        """(n, K): the bins that are there as forms, those of the frame last."""
        return self.plan.basis(self.steps, self.record.extra)

    def modes(self, normal: Complex, anomalous: Complex) -> Modes:
        """The physical modes, the thermofield map undone; the matrices are those of the bins, of which the frame may have more."""
        own, pairs = self.bin_correlations
        means = np.zeros(self.line.count, dtype=np.complex128)
        if self.plan.displaced.size and self.line.count:
            found = np.zeros(self.line.count + 1, dtype=np.complex128)
            bin_means(self.tensors, found)
            means = found[1:][::-1]
        occupations, energies, ancillas = [], [], []
        for bath, modes in enumerate(self.field.modes):
            plus, minus = self._mode_rows(bath, modes)
            up, down = self._mode_shifts(bath, modes)
            n_plus = _products(plus.conj(), own, plus, means.conj(), means, up.conj(), up)
            n_minus = _products(minus.conj(), own, minus, means.conj(), means, down.conj(), down)
            cross = 2 * _products(plus, pairs, minus, means, means, up, down)
            physical, ancilla = unmixed(modes, n_plus, n_minus, cross)
            occupations.append(physical)
            energies.append(float(modes.frequencies @ physical))
            ancillas.append(float(modes.frequencies @ ancilla))
        rests = rest_energies(self.model, self.plan, self.shaken, self.line.reduced(), self.time)
        return Modes(
            occupation=np.concatenate(occupations), energy=np.array(energies) + rests, ancilla=np.array(ancillas)
        )

    def _mode_rows(self, bath: int, modes: PhysicalModes) -> tuple[Complex, Complex]:
        """(M, n): b_k and b'_k of a bath, at this time, over the bins."""
        where = self.field.of(bath)
        turned = self.basis[:, where].conj() * np.exp(-1j * self.field.frequencies[where] * self.time)
        if modes.ordinary is not None and modes.partner is not None:
            return modes.ordinary @ turned.T, modes.partner @ turned.T
        count = modes.frequencies.size
        minus = turned[:, count:].T if turned.shape[1] > count else np.zeros((count, len(turned)))
        return turned[:, :count].T, minus.astype(np.complex128)

    def _mode_shifts(self, bath: int, modes: PhysicalModes) -> tuple[Complex, Complex]:
        """(M,): what a displacement adds to b_k and b'_k of a bath at this time."""
        where, count = self.field.of(bath), modes.frequencies.size
        if not self.plan.displaced.size:
            return np.zeros(count, dtype=np.complex128), np.zeros(count, dtype=np.complex128)
        turned = self.plan.displaced[where] * np.exp(-1j * self.field.frequencies[where] * self.time)
        if modes.ordinary is not None and modes.partner is not None:
            return modes.ordinary @ turned, modes.partner @ turned
        minus = turned[count:] if turned.size > count else np.zeros(count)
        return turned[:count], minus.astype(np.complex128)

    def heat_squares(self) -> Real:
        """<H_chain^2> (1 + B,): NaN, not measured on bins."""
        return np.full(1 + len(self.model.couplings), np.nan)

    def is_active(self, place: int) -> bool:
        """Whether the bin at ``place`` from the system has met it: all that are there have."""
        return 0 < place <= self.line.count

    def occupation(self, place: int, *, coherent: bool = True) -> float:
        """<c^dag c> of the bin at ``place``; not ``coherent``: less |<c>|^2."""
        j = self.line.count - place
        found = float(self.bin_correlations[0][j, j].real)
        if coherent:
            return found
        means = np.zeros(self.line.count + 1, dtype=np.complex128)
        bin_means(self.tensors, means)
        return found - abs(complex(means[place])) ** 2

    def overlap(self, other: Whole, operator: Matrix) -> complex:
        """<self| O |other> with an operator O (d, d) on the system."""
        assert isinstance(other, OnBins)
        acting = np.kron(operator, np.eye(self.line.centre.shape[2])).astype(np.complex128)
        return complex(overlap_operator(self.tensors, other.tensors, 0, acting))

    def held(self) -> Held:
        """The fields of all kicks so far, over the sites of `state`: the bins from the newest to the oldest, those of the frame first."""
        kicks = self.plan.kicks(self.steps)
        spans = [(*self.plan.forms.span(kick), self.scheme.groups[kick.which]) for kick in kicks]
        rows = self.plan.rows(self.steps, self.line.count)

        def amplitudes(bath: int, frequencies: Real, couplings: Real) -> Complex:
            phases = COUPLING_KINDS[self.model.couplings[bath].kind].phases
            first = next(q for q, channel in enumerate(self.model.channels) if channel.bath == bath)
            found = np.zeros((frequencies.size, len(spans)), dtype=np.complex128)
            for column, (a, b, group) in enumerate(spans):
                for q in group.channels:
                    if group.bath_of(q) == bath:
                        turned = integral(frequencies, a, b, group.strength(q))
                        found[:, column] += phases[q - first] * couplings * turned
            return found

        middles = np.array([0.5 * (a + b) for a, b, _ in spans])
        lengths = np.array([abs(b - a) for a, b, _ in spans])
        return Held(rows=rows[:, ::-1].T, amplitudes=amplitudes, ago=self.time - middles, lengths=lengths)

    def state(self, time: float) -> State:
        """A frozen copy as a line of tensors, from the system to the oldest bin."""
        _, d, m = self.line.centre.shape
        return State(tensors=tuple(np.array(t) for t in self.tensors), time=time, dimension=d, ancilla=m)


def _products(
    left: Complex, matrix: Complex, right: Complex, left_means: Complex, right_means: Complex, a: Complex, b: Complex
) -> Real:
    """Re <(l + a) (r + b)> (M,) of pairs of forms with rows left, right (M, n) over operators with these products and means."""
    found = np.sum((left @ matrix) * right, axis=1)
    return np.asarray((found + a * (right @ right_means) + (left @ left_means) * b + a * b).real)
