"""One pass over the clock: ask the algorithm for steps, measure after them, and name what did not converge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tnthermo.algorithms import Algorithm
from tnthermo.bath_entropy.choice import ACCURACY
from tnthermo.bath_entropy.correlation import OutOfReach, Unphysical
from tnthermo.engine_protocol import Engine, ModeGrid
from tnthermo.engines.engine import Prepared, engine_for
from tnthermo.errors import NotConverged
from tnthermo.evolution.course import (
    NO_STEP,
    Course,
    from_known_start,
    known_start,
    measured,
    of_bath,
)
from tnthermo.evolution.displacement import Displacements
from tnthermo.evolution.doubts import Doubt
from tnthermo.evolution.flags import Flags, accounted, guard, guard_drift
from tnthermo.evolution.grid import Grid
from tnthermo.evolution.progress import Progress, progress_at
from tnthermo.evolution.recording import Schedule
from tnthermo.evolution.start import prepare, system_alone
from tnthermo.kernels.compiling import CompileClock
from tnthermo.machine.memory import peak_memory
from tnthermo.machine.threads import one_blas_thread
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.network.blocks import LOWEST_LEVELS, Levels, saved_state
from tnthermo.record.flag_text import NOT_MEASURED, covered
from tnthermo.record.raw_columns import LOCAL, OF_BATH, PROFILE, SPARSE
from tnthermo.record.trajectory import Start, Trajectory
from tnthermo.timeline.clock import common_times, record_indices
from tnthermo.types import Snapshot


class Keeper(Protocol):
    """What keeps a run's state somewhere safe; `tnthermo.results.checkpoints.Checkpoints` keeps it in a folder."""

    def load(self, stage: str) -> Snapshot | None:
        """What an earlier process kept of this stage of the run; None: nothing yet."""
        ...

    def look(self) -> None:
        """Before there is anything to keep, compiling included: raises where the run should stop."""
        ...

    def after_step(self, stage: str, t: float, snapshot: Callable[[], Snapshot], *, last: bool) -> None:
        """After each step that went well; keeps the snapshot where it is time to, or ``last``, and raises where the run should stop."""
        ...


class _NoKeeper:
    """Keeps nothing."""

    def load(self, stage: str) -> Snapshot | None:
        return None

    def look(self) -> None:
        pass

    def after_step(self, stage: str, t: float, snapshot: Callable[[], Snapshot], *, last: bool) -> None:
        pass


def flags_for(
    start: Prepared, algorithm: Algorithm, engine: Engine, *, doubts: Sequence[Doubt] = (), judged: bool = False
) -> Flags:
    """The flags of a run that begins at ``start``; call it before the first step. ``doubts``, ``judged``: see `Flags`."""
    return Flags(
        start.flags, algorithm, engine.whole(), levels_may_grow=start.may_grow, displaced=bool(start.displaced), doubts=doubts,
        judged=judged,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One pass over the clock.

    rho      (d, d) of a product start; None for the mean-force state
    keeper   where the state is kept, so that another process can go on from it
    doubts   what is doubtful about it, as was told beforehand
    judged   whether a rougher run follows, from which errors come
    rougher  whether this is the companion of a run with half the step: its steps follow the drives half as closely
    halvings how often the steps of a run with 2^halvings times the step are cut in two, see `tnthermo.evolution.grid.Grid`
    guarded  whether what runs away ends it; a rougher run may be as wrong as it is, the error bars say so
    """

    model: Model
    rho: Matrix | None
    displacements: Displacements
    algorithm: Algorithm
    until: float
    levels: Levels
    schedule: Schedule
    progress: Callable[[Progress], None] | None
    strict: bool
    keeper: Keeper | None = None
    doubts: tuple[Doubt, ...] = ()
    judged: bool = False
    rougher: bool = False
    halvings: int = 0
    guarded: bool = True

    def go(self, stage: str) -> Trajectory:
        """Carry it out.

        Raises `RunFailed` for a number that is not finite or runs away, `NotConverged` in strict mode, and what the keeper raises.
        """
        with one_blas_thread(), CompileClock() as clock:
            found = self._go(stage, clock)
        return replace(found, compile_seconds=clock.seconds, peak_memory=peak_memory())

    def _go(self, stage: str, clock: CompileClock) -> Trajectory:
        started = time.perf_counter()
        model, schedule = self.model, self.schedule
        keeper = self.keeper or _NoKeeper()
        clock.look = keeper.look  # compiling takes minutes, and until the first step there is nothing to lose
        grid = Grid.of(model, self.algorithm.step, rougher=self.rougher, halvings=self.halvings)
        times = grid.times(self.until)
        recorded = record_indices(times, schedule.every, self.algorithm.step)
        if (
            schedule.beside is not None
        ):  # wherever the finer run records, if there is a step: a pulse may be over before the next multiple
            recorded = sorted({*recorded, *common_times(times, schedule.beside)[0].tolist()})
        course = self._course(keeper, stage, times, recorded)
        engine, flags = course.engine, course.flags
        due = schedule.indices(times[recorded], correlated=self._kind() != "product")
        functions = engine.modes if due["occupations"] else ()
        scale = energies_in_play(model)
        last = grid.shared(times)
        for k in range(len(course.steps), times.size):
            t = float(times[k])
            report = engine.step(t - float(times[k - 1]), t) if k else NO_STEP
            clock.look = None if k else clock.look
            whole = engine.whole()
            local = whole.local()
            guard(local, t)
            course.add_step(local, report)
            if self.guarded:
                guard_drift(local, course.steps, course.dropped, course.krylov, scale=scale, t=t)
            if k in recorded:
                index = recorded.index(k)
                wanted = {name for name, indices in due.items() if index in indices}
                row, matrices = measured(whole, functions, wanted, schedule.observables)
                if (
                    schedule.entropy
                    and "entropy" in wanted
                    and (k == times.size - 1 or course.affords(schedule.entropy, bins=self.algorithm.bins))
                ):
                    before = time.perf_counter()
                    try:
                        later = sum(1 for other in due["entropy"] if other > index)
                        most = course.budget(schedule.entropy, later=later, bins=self.algorithm.bins)
                        row |= of_bath(schedule.entropy.measure(whole.state(t), whole.held(), most))
                    except Unphysical as error:  # the rest of the ledger does not need it
                        words = NOT_MEASURED if isinstance(error, OutOfReach) else "the bath's entropy is NaN"
                        flags.found.setdefault("entropy", f"{words} at t = {t:g}: {error}")
                    course.entropy_seconds += time.perf_counter() - before
                course.add_row(k, row, matrices)
            if k:
                flags.look(report, whole, t)
            if self.progress is not None:
                begun = started - course.wall_seconds
                self.progress(progress_at(whole, t, self.until, k, begun, course.dropped, stage))
            if k <= last:  # then a shortened last step may follow: a longer run goes on from the one before it
                keeper.after_step(stage, t, partial(course.snapshot, times[: k + 1], started), last=k == last)
        return self._trajectory(course, times, np.array(recorded, dtype=np.int64), functions, due, started)

    def _course(self, keeper: Keeper, stage: str, times: npt.NDArray[np.float64], recorded: Sequence[int]) -> Course:
        """At the start, or as far as an earlier process came."""
        saved = keeper.load(stage)
        if saved is None:
            start = prepare(
                self.model, self.rho, self.algorithm, self.levels, self.displacements, self.until, keeper.look, rougher=self.rougher,
            )  # fmt: skip
        else:
            engine = saved["engine"]
            state = saved_state(engine, self.model, engine["time"])
            if self.algorithm.bins:  # the tensors are those of bins, which the engine restores
                assert self.rho is not None
                state = system_alone(self.rho)
            start = Prepared(state=state, **known_start(saved), levels=self._bin_levels())
        engine = engine_for(self.model, start, self.algorithm, times=times, rougher=self.rougher)
        flags = flags_for(start, self.algorithm, engine, doubts=self.doubts, judged=self.judged)
        course = Course(start=start, engine=engine, flags=flags)
        if saved is not None:
            course.take_up(saved, times, recorded)
        return course

    def _trajectory(
        self,
        course: Course,
        times: npt.NDArray[np.float64],
        recorded: npt.NDArray[np.int64],
        functions: Sequence[ModeGrid],
        due: dict[str, frozenset[int]],
        started: float,
    ) -> Trajectory:
        model, kind, how = self.model, self._kind(), self.schedule.entropy
        steps = {name: course.steps.get(name) for name in LOCAL}
        discarded, krylov = (np.cumsum(course.steps[name]) for name in ("discarded", "krylov"))
        norm = steps["norm"]
        course.flags.look_at_norm(norm[-1], norm[0], accounted(discarded[-1], krylov[-1]), float(times[-1]))
        flags = tuple(course.flags.found.values())
        unfit = [flag for flag in flags if not covered(flag)]
        if unfit and self.strict:
            raise NotConverged(unfit)
        rows = {name: course.rows.get(name) for name in course.rows.room}
        if not self.algorithm.bins:  # which miss nothing of a displacement
            rows = from_known_start(rows, course.start.displaced, functions)
        offset = np.zeros(len(model.couplings))
        if kind != "product":  # <H_chain> = E_B - E_B' but for a constant
            offset = rows["mode_energy"][0] - steps["chain_energy"][0]
        if kind == "displaced":
            offset += self.displacements.idle_energies(model)
        sites = rows["bonds"].shape[1] if due["correlations"] else 0
        matrices = np.full((2, recorded.size, sites, sites), np.nan + 0j)
        if len(course.matrices):
            where = np.searchsorted(recorded, course.matrices["index"])
            matrices[0, where], matrices[1, where] = course.matrices["normal"], course.matrices["anomalous"]
        work = float(sum(course.steps["work"].tolist()))
        return Trajectory(
            model=model,
            algorithm=self.algorithm,
            initial=steps["rho_S"][0] if self.rho is None else self.rho,
            start=kind,
            times=times,
            **steps,
            discarded_weight=discarded,
            krylov_residual=krylov,
            recorded=recorded,
            **{name: rows[name] for name in (*PROFILE, *SPARSE, *OF_BATH)},
            bath_entropy_how=how.describe() if due["entropy"] and how else "",
            bath_entropy_accuracy=how.accuracy if how else ACCURACY,
            bath_entropy_seconds=course.entropy_seconds,
            normal=matrices[0],
            anomalous=matrices[1],
            mode_frequency=_joined([f.frequencies for f in functions]),
            mode_weight=_joined([f.weights for f in functions]),
            mode_bath=_joined([np.full(f.frequencies.size, j) for j, f in enumerate(functions)]).astype(np.int64),
            energy_offset=offset,
            free_energy=course.start.free_energy,
            observed=self.schedule.observables,
            flags=flags,
            flagged=dict(course.flags.since),
            doubts=tuple(str(doubt) for doubt in self.doubts if not doubt.about_accuracy),
            wall_seconds=course.wall_seconds + time.perf_counter() - started,
            work=work or float("nan"),
            state=course.engine.whole().state(float(times[-1])),
            given_levels=() if self.levels.may_grow else self.levels.start,
        )

    def _bin_levels(self) -> int:
        """Boson levels of a new time bin; of no meaning elsewhere."""
        return self.levels.start[0] if self.levels.start else LOWEST_LEVELS

    def _kind(self) -> Start:
        if self.rho is None:
            return "mean-force"
        return "displaced" if self.displacements.any else "product"


def energies_in_play(model: Model) -> float:
    """The sum of the norms of H_S and of the local terms of the coupling: what a drift of the energy is measured by. inf with a drive."""
    if model.driven:
        return float("inf")
    couplings = (kappa * float(np.linalg.norm(c.operator, 2)) for c in model.couplings for kappa in c.local_strengths)
    return float(np.linalg.norm(model.hamiltonian, 2)) + sum(couplings)


def _joined(parts: Sequence[Any]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0)
