"""One pass over the clock: ask the algorithm for steps, measure after them, and name what did not converge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import chains
from chains.problems import Problem, raise_if_any
from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact
from tnthermo.bipartition.bracket import Correlation
from tnthermo.bipartition.choice import BathEntropy
from tnthermo.blocks import BlockState
from tnthermo.exact import ExactEngine
from tnthermo.flags import Flags, guard
from tnthermo.kernels.compiling import CompileClock
from tnthermo.local import Matrix
from tnthermo.model import Model
from tnthermo.network import automaton
from tnthermo.observables import Observable
from tnthermo.record import Local, Measure, Modes, Profile, measure_profile, mode_functions
from tnthermo.start import Prepared, per_bath, prepare
from tnthermo.tdvp import StepReport, TDVPEngine
from tnthermo.tebd import TEBDEngine
from tnthermo.threads import one_blas_thread
from tnthermo.trajectory import Start, Trajectory
from tnthermo.usage import peak_memory


class NotConverged(RuntimeError):
    """Raised instead of flagging, where strict mode was asked for; ``flags`` names what did not converge."""

    def __init__(self, flags: Sequence[str]) -> None:
        self.flags = tuple(flags)
        super().__init__("not converged: " + "; ".join(self.flags))


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run is; handed to the ``progress`` callable after every step.

    stage  "run", or "error bars" while the rougher companion runs
    """

    time: float
    until: float
    steps: int
    wall_seconds: float
    largest_bond: int
    largest_level: int
    active_sites: int
    discarded_weight: float
    stage: str


def progress_at(
    blocks: BlockState, t: float, until: float, steps: int, started: float, discarded: float, stage: str
) -> Progress:
    """What there is to say after a step; ``started`` is the `time.perf_counter` at the start of the pass."""
    return Progress(
        time=t,
        until=until,
        steps=steps,
        wall_seconds=time.perf_counter() - started,
        largest_bond=int(blocks.bonds.max()),
        largest_level=int(blocks.levels.max()),
        active_sites=blocks.active - blocks.first - 1,
        discarded_weight=discarded,
        stage=stage,
    )


class Engine(Protocol):
    """What the driver needs of an algorithm."""

    def step(self, dt: float) -> StepReport: ...

    def network(self) -> BlockState: ...


def engine_problems(model: Model, algorithm: Algorithm) -> list[Problem]:
    """Why a method cannot evolve a model: gates and pairs of sites see neighbours on the line only."""
    if model.neighbours_only or not isinstance(algorithm, TDVP2 | TEBD):
        return []
    star = any(isinstance(coupling.bath, chains.StarCells) for coupling in model.couplings)
    which = "star cells and the system" if star else "sites of interleaved chains"
    allowed = f"tdvp | tdvp1 | exact: {which} interact across each other"
    helps = len(model.chains) == 2 and not star
    hint = 'or layout = "middle", the system between the two chains' if helps else ""
    return [Problem(key="algorithm", value=algorithm.name, allowed=allowed, hint=hint)]


def engine_for(model: Model, start: Prepared, algorithm: Algorithm) -> Engine:
    """The engine that carries out ``algorithm`` from the prepared state. Raises `chains.InvalidInput` for `engine_problems`."""
    raise_if_any(engine_problems(model, algorithm))
    machine = automaton(model.terms, model.line.length)
    match algorithm:
        case TDVP() | TDVP1() | TDVP2():
            return TDVPEngine(algorithm, start.state, machine, model, may_grow=start.may_grow)
        case TEBD():
            return TEBDEngine(algorithm, start.state, machine, model, may_grow=start.may_grow)
        case Exact():
            return ExactEngine(algorithm, start.state, machine, model, may_grow=start.may_grow)
    raise TypeError(f"no engine for {algorithm!r}")


def flags_for(start: Prepared, algorithm: Algorithm, engine: Engine) -> Flags:
    """The flags of a run that begins at ``start``; call it before the first step."""
    return Flags(
        start.flags, algorithm, engine.network(), levels_may_grow=start.may_grow, displaced=bool(start.displaced)
    )


def step_times(until: float, step: float, breaks: Sequence[float] = ()) -> npt.NDArray[np.float64]:
    """Times (m,) after each step: multiples of ``step`` and the ``breaks``; the last step is shortened where ``until`` is no multiple.

    A break nearer than 1e-6 of a step to a multiple is taken as that multiple.
    """
    whole = int(np.floor(until / step * (1 + 1e-12) + 1e-9))
    times: npt.NDArray[np.float64] = step * np.arange(whole + 1, dtype=np.float64)
    if until - times[-1] > 1e-9 * step:
        times = np.concatenate([times, [until]])
    else:
        times[-1] = until if whole else 0.0
    for t in breaks:
        if 0 < t < until:
            nearest = int(np.argmin(np.abs(times - t)))
            if abs(times[nearest] - t) > 1e-6 * step:
                times = np.sort(np.append(times, t))
            elif 0 < nearest < times.size - 1:
                times[nearest] = t
    return times


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """What is measured when. Intervals are times; inf: never (the occupations still at the start, where it is no product).

    entropy  how the entropy of the physical bath is measured, the modes' occupations with it; None: not at all
    """

    every: float
    occupations: float
    variance: float
    correlations: float
    observables: tuple[Observable, ...] = ()
    bath_entropy: float = float("inf")
    entropy: BathEntropy | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One pass over the clock.

    rho   (d, d) of a product start; None for the mean-force state
    """

    model: Model
    rho: Matrix | None
    displacement: Any
    algorithm: Algorithm
    until: float
    levels: str | int | Sequence[int]
    recording: Recording
    progress: Callable[[Progress], None] | None
    strict: bool

    def go(self, stage: str) -> Trajectory:
        """Carry it out. Raises `RunFailed` for a number that is not finite, `NotConverged` in strict mode."""
        with one_blas_thread(), CompileClock() as clock:
            found = self._go(stage)
        return replace(found, compile_seconds=clock.seconds, peak_memory=peak_memory())

    def _go(self, stage: str) -> Trajectory:
        started = time.perf_counter()
        model, recording = self.model, self.recording
        start = prepare(model, self.rho, self.algorithm, self.levels, self.displacement, self.until)
        kind = self._kind()
        engine = engine_for(model, start, self.algorithm)
        measure = Measure(model)
        times = step_times(self.until, self.algorithm.step, model.breaks)
        recorded = record_indices(times, recording.every, self.algorithm.step)
        due = {
            name: indices_due(times[recorded], interval, first=name == "occupations" and kind != "product")
            for name, interval in (
                ("occupations", recording.occupations), ("variance", recording.variance), ("correlations", recording.correlations),
                ("entropy", recording.bath_entropy if recording.entropy else float("inf")),
            )
        }  # fmt: skip
        due["occupations"] |= due["entropy"]
        functions = mode_functions(model) if due["occupations"] else ()
        sites = model.sites if due["correlations"] else 0
        locals_: list[Local] = []
        rows: list[_Row] = []
        reports: list[StepReport] = []
        flags = flags_for(start, self.algorithm, engine)
        dropped = entropy_seconds = 0.0
        for k, t in enumerate(times):
            if k:
                reports.append(engine.step(float(t - times[k - 1])))
                dropped += reports[-1].discarded
            blocks = engine.network()
            locals_.append(measure.local(blocks))
            guard(locals_[-1], float(t))
            if k in recorded:
                index = len(rows)
                wanted = {name for name, indices in due.items() if index in indices}
                row = _row(measure, blocks, functions, wanted, recording.observables, sites)
                if recording.entropy and "entropy" in wanted:
                    before = time.perf_counter()
                    row = replace(row, correlation=recording.entropy.measure(blocks.state(float(t))))
                    entropy_seconds += time.perf_counter() - before
                rows.append(row)
            if k:
                flags.look(reports[-1], blocks, float(t))
            if self.progress is not None:
                self.progress(progress_at(blocks, float(t), self.until, k, started, dropped, stage))
        discarded = np.concatenate([[0.0], np.cumsum([r.discarded for r in reports])])
        krylov = np.concatenate([[0.0], np.cumsum([r.krylov for r in reports])])
        flags.look_at_norm(locals_[-1].norm, locals_[0].norm, discarded[-1] + krylov[-1] ** 2, float(times[-1]))
        if flags.found and self.strict:
            raise NotConverged(tuple(flags.found.values()))
        chain_energy = np.array([x.chain_energy for x in locals_])
        rows = _from_known_start(rows, start, functions)
        offset = np.zeros(len(model.couplings))
        if kind != "product":  # <H_chain> = E_B - E_B' but for a constant
            offset = rows[0].modes.energy - chain_energy[0]
        columns: dict[str, Any] = {name: np.array([getattr(row.profile, name) for row in rows]) for name in PROFILE}
        return Trajectory(
            model=model,
            algorithm=self.algorithm,
            initial=locals_[0].rho_S if self.rho is None else self.rho,
            start=kind,
            times=times,
            rho_S=np.array([x.rho_S for x in locals_]),
            moment_X=np.array([x.moment_X for x in locals_]),
            moment_P=np.array([x.moment_P for x in locals_]),
            chain_energy=chain_energy,
            total_energy=np.array([x.total_energy for x in locals_]),
            norm=np.array([x.norm for x in locals_]),
            discarded_weight=discarded,
            krylov_residual=krylov,
            recorded=np.array(recorded, dtype=np.int64),
            **columns,
            heat_square=np.array([row.heat_square for row in rows]),
            mode_occupation=np.array([row.modes.occupation for row in rows]),
            mode_energy=np.array([row.modes.energy for row in rows]),
            ancilla_energy=np.array([row.modes.ancilla for row in rows]),
            correlation_lower=np.array([row.of_bath("lower") for row in rows]),
            correlation_upper=np.array([row.of_bath("upper") for row in rows]),
            bath_entropy=np.array([row.of_bath("S_B") for row in rows]),
            joint_entropy=np.array([row.of_bath("S_SB") for row in rows]),
            bath_entropy_how=recording.entropy.describe() if due["entropy"] and recording.entropy else "",
            bath_entropy_seconds=entropy_seconds,
            normal=np.array([row.matrices[0] for row in rows]),
            anomalous=np.array([row.matrices[1] for row in rows]),
            mode_frequency=_joined([f.frequencies for f in functions]),
            mode_weight=_joined([f.weights for f in functions]),
            mode_bath=_joined([np.full(f.frequencies.size, j) for j, f in enumerate(functions)]).astype(np.int64),
            energy_offset=offset,
            free_energy=start.free_energy,
            observed=recording.observables,
            flags=tuple(flags.found.values()),
            wall_seconds=time.perf_counter() - started,
            work=float(sum(r.work for r in reports)) or float("nan"),
            state=engine.network().state(float(times[-1])),
        )

    def _kind(self) -> Start:
        if self.rho is None:
            return "mean-force"
        entries = per_bath(self.model, self.displacement)
        return "displaced" if any(entry is not None for entry in entries) else "product"


HELD = 3e-2  # of the energy of a displacement that a chain may miss
PROFILE = ("cut_entropy", "bonds", "occupations", "levels", "top_populations", "observables")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Row:
    """What is measured at one record time; NaN where it was not due."""

    profile: Profile
    modes: Modes
    heat_square: npt.NDArray[np.float64]
    matrices: npt.NDArray[np.complex128]
    correlation: Correlation | None = None

    def of_bath(self, name: str) -> float:
        """A number of ``correlation``; NaN without one."""
        return float("nan") if self.correlation is None else float(getattr(self.correlation, name))


def _row(
    measure: Measure,
    blocks: BlockState,
    functions: Sequence[chains.ModeFunctions],
    wanted: set[str],
    observables: Sequence[Observable],
    sites: int,
) -> _Row:
    """``sites``: the size of the correlation matrices, 0 where they are never kept."""
    baths, count = len(measure.model.couplings), sum(f.frequencies.size for f in functions)
    modes = Modes(occupation=np.full(count, np.nan), energy=np.full(baths, np.nan), ancilla=np.full(baths, np.nan))
    matrices = np.full((2, sites, sites), np.nan + 0j)
    if wanted & {"occupations", "correlations"}:
        normal, anomalous = measure.correlation_matrices(blocks)
        if "occupations" in wanted:
            modes = measure.modes(normal, anomalous, functions)
        if "correlations" in wanted:
            matrices = np.stack([normal, anomalous])
    return _Row(
        profile=measure_profile(blocks, observables),
        modes=modes,
        heat_square=measure.heat_squares(blocks) if "variance" in wanted else np.full(1 + baths, np.nan),
        matrices=matrices,
    )


def _from_known_start(rows: list[_Row], start: Prepared, functions: Sequence[chains.ModeFunctions]) -> list[_Row]:
    """The rows with the modes' occupations and energies counted from the known ones of a displaced start.

    A chain does not reach the softest modes of a warm bath, whose displacement may be large. Where it misses part of the energy of the
    displacement, what it says of the modes later on is worth nothing: NaN.
    """
    if not start.displaced:
        return rows
    known = [np.abs(alpha) ** 2 for alpha in start.displaced]
    first = rows[0].modes
    occupation = np.concatenate(known) - first.occupation
    energy = np.array([f.frequencies @ n for f, n in zip(functions, known, strict=True)]) - first.energy
    whole = energy + first.energy
    later = 0.0 if np.all(np.abs(energy) <= HELD * np.abs(whole) + 1e-12) else np.nan

    def corrected(row: _Row, doubt: float) -> _Row:
        modes = Modes(
            occupation=row.modes.occupation + occupation + doubt,
            energy=row.modes.energy + energy + doubt,
            ancilla=row.modes.ancilla - first.ancilla + doubt,
        )
        return replace(row, modes=modes)

    return [corrected(rows[0], 0.0), *(corrected(row, later) for row in rows[1:])]


def record_indices(times: npt.NDArray[np.float64], every: float, step: float) -> list[int]:
    """Indices of the record times among the ``times`` after each step: the multiples of the interval ``every``, and the end."""
    ratio = times / every
    on = np.abs(ratio - np.round(ratio)) * every <= 1e-6 * step
    return sorted({0, *np.flatnonzero(on).tolist(), times.size - 1})


def indices_due(t: npt.NDArray[np.float64], interval: float, *, first: bool) -> frozenset[int]:
    """Indices into the record times ``t`` at which something sparse is evaluated: the start, then every ``interval``, and the end."""
    if not np.isfinite(interval):
        return frozenset({0} if first else ())
    chosen, due = {0, t.size - 1}, interval
    for k, time_ in enumerate(t):
        if time_ >= due - 1e-9 * interval:
            chosen.add(k)
            due += interval
    return frozenset(chosen)


def _joined(parts: Sequence[Any]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0)
