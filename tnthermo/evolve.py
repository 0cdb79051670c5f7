"""The one driver: it owns the clock, asks the algorithm for steps and measures after them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import chains
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact, is_multiple
from tnthermo.blocks import BlockState, start_levels
from tnthermo.exact import ExactEngine
from tnthermo.local import Matrix, density_matrix
from tnthermo.model import Model
from tnthermo.network import automaton
from tnthermo.record import Local, ModeEnergies, Profile, measure_local, measure_modes, measure_profile
from tnthermo.state import product_state
from tnthermo.tdvp import StepReport, TDVPEngine
from tnthermo.tebd import TEBDEngine
from tnthermo.trajectory import Trajectory

ROUGHER_TOLERANCE = 10.0
SATURATED = 10.0  # times the level weight: a fixed number of levels is too small
CHAIN_END = 10.0  # times the tolerance: occupation of the last site of a chain that should go on
NORM_DRIFT = 100.0  # times the accumulated discarded weight and Krylov bound (and 1e-9)


class RunFailed(RuntimeError):
    """The run met a number it cannot go on with; the message names the time and the quantity."""


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


class Engine(Protocol):
    """What the driver needs of an algorithm."""

    def step(self, dt: float) -> StepReport: ...

    def network(self) -> BlockState: ...


def engine_for(model: Model, rho: Matrix, algorithm: Algorithm, levels: str | int | Sequence[int]) -> Engine:
    """The engine that carries out ``algorithm`` from the product of ``rho`` and the chain's vacuum."""
    numbers, may_grow = start_levels(levels, model.bath.length)
    state = product_state(rho, numbers)
    terms = model.terms
    machine = automaton(terms, model.bath.length + 1)
    match algorithm:
        case TDVP() | TDVP1() | TDVP2():
            return TDVPEngine(algorithm, state, machine, may_grow=may_grow)
        case TEBD():
            return TEBDEngine(algorithm, state, machine, terms, may_grow=may_grow)
        case Exact():
            return ExactEngine(algorithm, state, machine, terms, may_grow=may_grow)
    raise TypeError(f"no engine for {algorithm!r}")


def step_times(until: float, step: float) -> npt.NDArray[np.float64]:
    """Times (m,) after each step: multiples of ``step``, the last step shortened where ``until`` is not one of them."""
    whole = int(np.floor(until / step * (1 + 1e-12) + 1e-9))
    times: npt.NDArray[np.float64] = step * np.arange(whole + 1, dtype=np.float64)
    if until - times[-1] > 1e-9 * step:
        return np.concatenate([times, [until]])
    times[-1] = until if whole else 0.0
    return times


def evolve(
    model: Model,
    *,
    initial: Any = "+z",
    algorithm: Algorithm | None = None,
    until: float,
    record_every: float | None = None,
    levels: str | int | Sequence[int] = "auto",
    occupation_every: float | None = None,
    error_bars: bool = True,
    strict: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Trajectory:
    """Evolve a system start (x) thermal bath and record what the ledger needs.

    initial           "+x" ... "-z" (qubits), a vector (d,), or a density matrix (d, d); mixed starts are purified by an ancilla
    algorithm         TDVP, TDVP1, TDVP2, TEBD or Exact; default TDVP()
    until             end of the run, >= 0, in 1/energy
    record_every      interval of the output columns, a multiple of the step; default the step. What the ledger integrates is measured
                      at every step all the same.
    levels            boson levels of the chain sites: "auto" (grown by rule), an integer >= 2, or a list of N of them
    occupation_every  interval at which the physical-mode occupations are evaluated (an O(N^2) measurement); default until / 10, and
                      always at the end; inf: never
    error_bars        also run with twice the step, ten times the tolerance and half the bond cap: the ledger's error columns come
                      from the difference
    strict            raise `NotConverged` where a flag would be set
    progress          called with a `Progress` after every step

    Raises `chains.InvalidInput` (all problems at once), `RunFailed` for non-finite numbers, `NotConverged` in strict mode.
    """
    algorithm = algorithm or TDVP()
    rho = _check(model, initial, algorithm, until, record_every, levels, occupation_every)
    run = _Run(
        model=model, rho=rho, algorithm=algorithm, until=float(until), record_every=record_every or algorithm.step, levels=levels,
        occupation_every=occupation_every if occupation_every is not None else max(until / 10, algorithm.step),
        progress=progress, strict=strict,
    )  # fmt: skip
    result = run.go("run")
    if not error_bars:
        return result
    multiple = round(run.record_every / algorithm.step)
    rougher = replace(
        run,
        algorithm=rough(algorithm),
        record_every=run.record_every * (1 if multiple % 2 == 0 else 2),
        occupation_every=float("inf"),
        strict=False,
    )
    return replace(result, rough=rougher.go("error bars"))


def rough(algorithm: Algorithm) -> Algorithm:
    """The rougher settings from which error bars come: twice the step, ten times the tolerance, half the bond cap."""
    rougher = replace(algorithm, step=2 * algorithm.step, tolerance=min(1.0, ROUGHER_TOLERANCE * algorithm.tolerance))
    if algorithm.max_bond is not None:
        rougher = replace(rougher, max_bond=max(2, algorithm.max_bond // 2))
    return replace(rougher, bond=max(2, rougher.bond // 2)) if isinstance(rougher, TDVP1) else rougher


def _check(
    model: Model,
    initial: Any,
    algorithm: Algorithm,
    until: float,
    record_every: float | None,
    levels: Any,
    occupation_every: float | None,
) -> Matrix:
    """The initial density matrix; raises `InvalidInput` with all problems of the arguments of `evolve`."""
    problems: list[Problem] = []
    rho = np.zeros((0, 0), dtype=np.complex128)
    try:
        rho = density_matrix(initial, dimension=model.dimension, key="initial")
    except InvalidInput as error:
        problems += error.problems
    if not (np.isfinite(until) and until >= 0):
        problems.append(Problem(key="until", value=until, allowed="a finite number >= 0"))
    if record_every is not None and not is_multiple(record_every, algorithm.step):
        problems.append(
            Problem(key="record_every", value=record_every, allowed=f"a multiple of the step {algorithm.step}")
        )
    if occupation_every is not None and not occupation_every > 0:
        problems.append(Problem(key="occupation_every", value=occupation_every, allowed="a number > 0"))
    numbers = levels if isinstance(levels, list | tuple) else [levels]
    if levels != "auto" and any(isinstance(d, bool) or not isinstance(d, int | np.integer) or d < 2 for d in numbers):
        problems.append(Problem(key="levels", value=levels, allowed='"auto", an integer >= 2, or a list of them'))
    elif isinstance(levels, list | tuple) and len(levels) != model.bath.length:
        problems.append(
            Problem(key="levels", value=levels, allowed=f"a list of {model.bath.length}, one for each chain site")
        )
    raise_if_any(problems)
    return rho


@dataclass(kw_only=True)
class _Run:
    """One pass over the clock."""

    model: Model
    rho: Matrix
    algorithm: Algorithm
    until: float
    record_every: float
    levels: str | int | Sequence[int]
    occupation_every: float
    progress: Callable[[Progress], None] | None
    strict: bool

    def go(self, stage: str) -> Trajectory:
        started = time.perf_counter()
        engine = engine_for(self.model, self.rho, self.algorithm, self.levels)
        times = step_times(self.until, self.algorithm.step)
        last = times.size - 1
        every = max(1, round(self.record_every / self.algorithm.step))
        recorded = sorted({*range(0, times.size, every), last})
        recorded_set = set(recorded)
        mode_times = self._mode_times(times, recorded)
        modes = chains.mode_functions(self.model.bath) if len(mode_times) > 1 else None
        locals_: list[Local] = []
        profiles: list[Profile] = []
        energies: list[ModeEnergies] = []
        reports: list[StepReport] = []
        flags: dict[str, str] = {}
        dropped = 0.0
        for k, t in enumerate(times):
            if k:
                reports.append(engine.step(float(t - times[k - 1])))
                dropped += reports[-1].discarded
            blocks = engine.network()
            locals_.append(measure_local(blocks, self.model))
            _guard(locals_[-1], float(t))
            if k in recorded_set:
                profiles.append(measure_profile(blocks))
                energies.append(self._mode_energies(blocks, modes, start=k == 0, wanted=k in mode_times))
            if k:
                self._flag(flags, reports[-1], blocks, float(t))
            if self.progress is not None:
                self.progress(
                    Progress(
                        time=float(t),
                        until=self.until,
                        steps=k,
                        wall_seconds=time.perf_counter() - started,
                        largest_bond=int(blocks.bonds.max()),
                        largest_level=int(blocks.levels.max()),
                        active_sites=blocks.active - 1,
                        discarded_weight=dropped,
                        stage=stage,
                    )
                )
        discarded = np.concatenate([[0.0], np.cumsum([r.discarded for r in reports])])
        krylov = np.concatenate([[0.0], np.cumsum([r.krylov for r in reports])])
        drift = abs(locals_[-1].norm - 1)
        if drift > NORM_DRIFT * (discarded[-1] + krylov[-1] ** 2 + 1e-9):
            flags["norm"] = f"norm drifted by {drift:.2g} at t = {times[-1]:g}"
        if flags and self.strict:
            raise NotConverged(tuple(flags.values()))
        return Trajectory(
            model=self.model,
            algorithm=self.algorithm,
            initial=self.rho,
            times=times,
            rho_S=np.array([x.rho_S for x in locals_]),
            moment_X=np.array([x.moment_X for x in locals_]),
            moment_P=np.array([x.moment_P for x in locals_]),
            chain_energy=np.array([x.chain_energy for x in locals_]),
            total_energy=np.array([x.total_energy for x in locals_]),
            norm=np.array([x.norm for x in locals_]),
            discarded_weight=discarded,
            krylov_residual=krylov,
            recorded=np.array(recorded, dtype=np.int64),
            cut_entropy=np.array([x.cut_entropy for x in profiles]),
            mode_energy=np.array([x.physical for x in energies]),
            ancilla_energy=np.array([x.ancilla for x in energies]),
            bonds=np.array([x.bonds for x in profiles]),
            occupations=np.array([x.occupations for x in profiles]),
            levels=np.array([x.levels for x in profiles]),
            top_populations=np.array([x.top_populations for x in profiles]),
            flags=tuple(flags.values()),
            wall_seconds=time.perf_counter() - started,
            state=engine.network().state(float(times[-1])),
        )

    def _mode_times(self, times: npt.NDArray[np.float64], recorded: list[int]) -> set[int]:
        """Indices of record times at which the mode occupations are evaluated: the start, then every ``occupation_every``, the end."""
        if not np.isfinite(self.occupation_every):
            return {0}
        chosen = {0, recorded[-1]}
        due = self.occupation_every
        for k in recorded:
            if times[k] >= due - 1e-9 * self.occupation_every:
                chosen.add(k)
                due += self.occupation_every
        return chosen

    @staticmethod
    def _mode_energies(
        blocks: BlockState, modes: chains.ModeFunctions | None, *, start: bool, wanted: bool
    ) -> ModeEnergies:
        """The mode energies where they are due: 0 at the start, which is the thermal state, NaN where they are not evaluated."""
        if start:
            return ModeEnergies(physical=0.0, ancilla=0.0)
        if modes is None or not wanted:
            return ModeEnergies(physical=float("nan"), ancilla=float("nan"))
        return measure_modes(blocks, modes)

    def _flag(self, flags: dict[str, str], report: StepReport, blocks: BlockState, t: float) -> None:
        """Give a name, with the time it was first seen, to whatever did not converge in this step."""
        a = self.algorithm
        if report.capped > 0 or report.missed > 0:
            flags.setdefault(
                "bond", f"bond cap {a.max_bond} reached at t = {t:g} (the error columns hold what it costs)"
            )
        if self.levels != "auto" and report.top.size and report.top.max() > SATURATED * a.level_weight:
            site = int(np.argmax(report.top))
            flags.setdefault(
                "levels",
                f"boson level saturated on chain site {site} at t = {t:g} (top population {report.top[site]:.2g})",
            )
        if report.krylov > a.tolerance:
            flags.setdefault("krylov", f"Krylov not converged at t = {t:g}")
        bath = self.model.bath
        if "chain" not in flags and bath.next_hopping > 0 and report.top.size and blocks.active > bath.length:
            last = blocks.tensors[bath.length]
            occupied = float(np.sum(np.abs(last[:, 1:, :]) ** 2)) if last.shape[0] == 1 else _occupation_at_end(blocks)
            if occupied > CHAIN_END * a.tolerance:
                flags.setdefault(
                    "chain",
                    f"chain end reached at t = {t:g} (occupation of the last site {occupied:.2g}, take more modes)",
                )


def _occupation_at_end(blocks: BlockState) -> float:
    return float(measure_profile(blocks).occupations[-1])


def _guard(local: Local, t: float) -> None:
    """Stop at the first non-finite number, naming it."""
    for name in ("norm", "total_energy", "chain_energy", "rho_S", "moment_X", "moment_P"):
        if not np.all(np.isfinite(getattr(local, name))):
            raise RunFailed(f"{name} is not finite at t = {t:g}")
