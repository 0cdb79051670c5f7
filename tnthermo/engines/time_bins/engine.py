"""The engine of time bins: kicks in the interaction picture of the bath, in the scheme's order, on the bins that a plan has laid out.

Nothing in a step asks how fast the bath is: the kick by int X over the step is exact at any length of it. What a step leaves behind is
the time order of H_S and X, of fourth order (`tnthermo.engines.time_bins.scheme`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tnthermo.algorithms import TimeBins
from tnthermo.engine_protocol import StepReport
from tnthermo.engines.time_bins.field import field_of
from tnthermo.engines.time_bins.following import Shaken, jumps_at, start_of
from tnthermo.engines.time_bins.line import NEGLECTED, BinLine, Operator, Told, product, restored
from tnthermo.engines.time_bins.plan import Plan, Row
from tnthermo.engines.time_bins.scheme import Scheme
from tnthermo.engines.time_bins.whole import OnBins
from tnthermo.model.drives import just_before
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.model.representation import PhysicalModes
from tnthermo.types import Complex, Real, Snapshot

SAME = 1e-9  # of a step: times that differ by less are the same
KEPT = 256  # operators whose eigenvalues are kept


class TimeBinEngine:
    """Carries out `tnthermo.TimeBins`.

    psi        (d, m) of system and ancilla at t = 0
    times      (m,) of the run
    levels     of a new bin; with ``may_grow`` as many as it takes
    displaced  for each bath the <a_k> of its physical modes at t = 0; none where nothing is displaced
    """

    def __init__(
        self, algorithm: TimeBins, psi: Matrix, model: Model, *, times: Real, levels: int, may_grow: bool,
        displaced: Sequence[Complex] = (),
    ) -> None:  # fmt: skip
        self.algorithm, self.model = algorithm, model
        self.field = field_of(model, float(times[-1]))
        self.scheme = Scheme(model, algorithm.order)
        amplitudes = np.zeros(0, dtype=np.complex128)
        if len(displaced):
            sizes = [self.field.frequencies[self.field.of(bath)].size for bath in range(len(displaced))]
            each = zip(self.field.modes, displaced, sizes, strict=True)
            amplitudes = np.concatenate([modes.displaced(alpha, size) for modes, alpha, size in each])
        strongest = max((float(np.linalg.norm(group.operator, 2)) for group in self.scheme.groups), default=1.0)
        relaxed = np.zeros(len(model.couplings))
        for bath, (rest, alpha) in enumerate(zip(self.field.rests, displaced, strict=False)):
            if rest.reorganisation > 0.0:  # alpha_k = -x g_k/w_k, the modes that are left out like the others
                modes = self.field.modes[bath]
                relaxed[bath] = float(-alpha[-1].real * modes.frequencies[-1] / modes.couplings[-1])
        self.plan = Plan(
            self.field, self.scheme, times, least=NEGLECTED * algorithm.tolerance / strongest, displaced=amplitudes, relaxed=relaxed,
            initial=psi @ psi.conj().T,
        )  # fmt: skip
        energies = np.zeros(len(model.couplings))
        if amplitudes.size:
            each = self.field.frequencies * np.abs(amplitudes) ** 2
            energies = np.array([each[self.field.of(bath)].sum() for bath in range(energies.size)])
        self.line = product(psi, algorithm, energies, levels=levels, may_grow=may_grow)
        self.shaken = start_of(model, psi @ psi.conj().T)
        self.index = 0
        self.time = 0.0
        self._operators: dict[bytes, Operator] = {}

    def _operator(self, matrix: Matrix) -> Operator:
        """Kept: most steps of a run have the same ones."""
        key = matrix.tobytes()
        if key not in self._operators:
            if len(self._operators) >= KEPT:
                self._operators.clear()
            self._operators[key] = Operator(matrix)
        return self._operators[key]

    @property
    def modes(self) -> tuple[PhysicalModes, ...]:
        """The physical modes of each bath."""
        return self.field.modes

    def step(self, dt: float, end: float | None = None) -> StepReport:
        """Advance by ``dt``, to the next time of the run. Raises ValueError where that is another one."""
        start, stop = float(self.plan.times[self.index]), float(self.plan.times[self.index + 1])
        if abs(dt - (stop - start)) > SAME * (stop - start):
            raise ValueError(f"the next step of this run ends at t = {stop:g}, not at {self.time + dt:g}")
        scheme, line, interval = self.scheme, self.line, self.plan.intervals[self.index]
        groups = scheme.groups
        pieces = scheme.pieces(start, stop)
        kicks = len(interval.leave) + len(interval.enter) + len(pieces) * len(scheme.sequence)
        told = Told()
        if interval.leave:
            self._leave(line, interval.leave, start, start - float(self.plan.times[self.index - 1]), kicks, told)
        if interval.enter:
            for group, row in zip(groups, interval.enter, strict=True):
                operator = self._operator(-((stop - start) ** 2) / 12 * scheme.turning(start, group))
                line.kick(row, operator, 1.0, kicks, told)
            line.turn(scheme.slope(start, stop - start, left=False).conj().T)
        for number, (a, b) in enumerate(pieces):
            rows = interval.kicks[number * len(groups) : (number + 1) * len(groups)]
            line.turn(scheme.drift(a, 0.5 * (b - a), stop - start, left=False))
            for g, part in scheme.sequence:
                line.kick(rows[g], self._operator(scheme.kicked(a, b, groups[g])), part, kicks, told)
            line.turn(scheme.drift(b, 0.5 * (b - a), stop - start, left=b == stop))
        self.shaken += jumps_at(self.model, line.reduced(), stop)
        self.index += 1
        self.time = stop if end is None else end
        return StepReport(
            discarded=told.discarded, krylov=0.0, missed=0.0, capped=told.capped, top=np.array([told.top])
        )

    def _leave(self, line: BinLine, rows: Sequence[Row], t: float, step: float, kicks: int, told: Told) -> None:
        """Take a state out of the frame of steps of this length that ended at t."""
        before = just_before(t)
        if self.model.drives:
            line.turn(self.scheme.slope(t, step, left=True))
        for group, row in zip(self.scheme.groups, rows, strict=True):
            line.kick(row, self._operator(step**2 / 12 * self.scheme.turning(before, group)), 1.0, kicks, told)

    def whole(self) -> OnBins:
        """System and bath now, out of the frame of the scheme: a copy."""
        k, line = self.index, self.line
        record = self.plan.intervals[k - 1].record if k else self.plan.start
        if record.frames:
            t = float(self.plan.times[k])
            line = line.copy()
            self._leave(line, record.frames, t, t - float(self.plan.times[k - 1]), len(record.frames), Told())
        return OnBins(self.model, self.plan, line, record, k, self.shaken)

    def snapshot(self) -> Snapshot:
        """What `restore` needs, as plain arrays and numbers."""
        return {
            "tensors": [*self.line.bins, self.line.centre], "energies": self.line.energies, "shaken": np.array([one.values() for one in
            self.shaken]), "index": self.index, "time": self.time, "dimension": self.model.dimension, "ancilla":
            int(self.line.centre.shape[2]),
        }  # fmt: skip

    def restore(self, saved: Snapshot) -> None:
        """Restore the state that `snapshot` took."""
        line = self.line
        self.line = restored(
            self.algorithm, saved["tensors"], saved["energies"], levels=line.levels, may_grow=line.may_grow
        )
        self.shaken = [Shaken.of(values) for values in saved["shaken"].tolist()]
        self.index, self.time = saved["index"], saved["time"]
