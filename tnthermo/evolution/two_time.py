"""Two-time correlation functions <O(t) O'(0)> of system operators, and their spectra.

With |psi> the purified start, <O(t) O'(0)> = <U psi| O |U O' psi>: the start and, for each O', the state O' psi are evolved side by side
and overlapped at the record times. Any start and any drive will do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chains.checks import instance_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import Algorithm
from tnthermo.engine_protocol import Engine
from tnthermo.engines.engine import Prepared, engine_for
from tnthermo.evolution.arguments import (
    Given,
    callable_problems,
    check_arguments,
    name_problems,
    operator_pair,
    rough_interval,
    switch_problems,
)
from tnthermo.evolution.displacement import Displacements
from tnthermo.evolution.driver import flags_for
from tnthermo.evolution.grid import Grid
from tnthermo.evolution.progress import Progress, progress_at
from tnthermo.evolution.recording import Recording
from tnthermo.evolution.start import prepare
from tnthermo.evolution.suitable_step import default_algorithm
from tnthermo.machine.threads import one_blas_thread
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.network.blocks import Levels
from tnthermo.record.flag_text import flags_text
from tnthermo.timeline.clock import record_indices
from tnthermo.timeline.differences import envelope
from tnthermo.types import Complex, Real

if TYPE_CHECKING:
    import xarray as xr


def two_time(
    model: Model,
    pairs: Mapping[str, tuple[Any, Any]],
    *,
    initial: Any = "+z",
    displacement: Any = None,
    algorithm: Algorithm | None = None,
    until: float,
    record_every: float | None = None,
    levels: str | int | Sequence[int] = "auto",
    error_bars: bool = True,
    progress: Callable[[Progress], None] | None = None,
) -> xr.Dataset:
    """<O(t) O'(0)> for each NAME: (O, O') of ``pairs``, on a dimension ``t``.

    pairs   {"zz": ("z", "z"), "mp": ("sigma_minus", "sigma_plus")}: system operators as Pauli letters, names, components or (d, d) matrices
    the rest as for `tnthermo.evolve`

    NAME (t, complex) is the correlation function with the last axis (re, im), NAME_connected the same less <O(t)><O'(0)>, NAME_error
    the largest difference so far to a run with twice the step, ten times the tolerance and half the bond cap; units of O times those of O'.

    Raises `chains.InvalidInput` with all problems at once.
    """
    algorithm = default_algorithm(model, until, record_every) if algorithm is None else algorithm
    allowed = 'at least one {"name": (O, O\')}'
    problems = instance_problems("pairs", pairs, Mapping, allowed)
    named = {} if problems else pairs
    if not problems and not pairs:
        problems.append(Problem(key="pairs", value=dict(pairs), allowed=allowed))
    problems += name_problems(named, key="pairs") + callable_problems(progress=progress)
    problems += switch_problems(error_bars=error_bars)
    operators: dict[str, tuple[Matrix, Matrix]] = {}
    dimension = model.dimension if isinstance(model, Model) else None
    for name, pair in named.items():
        try:
            operators[name] = operator_pair(pair, key=f"pairs.{name}", dimension=dimension)
        except InvalidInput as error:
            problems += error.problems
    problems += method_problems(algorithm, key="algorithm")
    given: Given | None = None
    try:
        given = check_arguments(
            model, initial=initial, displacement=displacement, algorithm=algorithm, until=until, levels=levels,
            recording=Recording(record_every=record_every),
        )  # fmt: skip
    except InvalidInput as error:
        problems += error.problems
    raise_if_any(problems)
    assert given is not None
    every = record_every or algorithm.step
    pass_ = _Pass(
        model=model, rho=given.rho, displacements=given.displacements, algorithm=algorithm, until=float(until), every=every,
        levels=given.levels,
        operators=operators, progress=progress,
    )  # fmt: skip
    fine = pass_.go("correlations")
    other = None
    if error_bars:
        coarse = replace(pass_, algorithm=algorithm.coarser(), every=rough_interval(every, algorithm), rougher=True)
        other = coarse.go("correlations, error bars")
    return _dataset(model, operators, fine, other)


def method_problems(algorithm: object, *, key: str) -> list[Problem]:
    """What keeps a method from propagating the state after O' has acted on it."""
    if not isinstance(algorithm, Algorithm) or algorithm.any_start:
        return []
    allowed = f"any method but {algorithm.name}, whose spare bond directions belong to one start"
    return [Problem(key=key, value=algorithm.name, allowed=allowed)]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Result:
    """correlations, later (n, K): <O(t) O'(0)> and <O(t)>; earlier (K,): <O'(0)>."""

    t: Real
    correlations: Complex
    later: Complex
    earlier: Complex
    flags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pass:
    """One pass over the clock with the start and every O' psi."""

    model: Model
    rho: Matrix | None
    displacements: Displacements
    algorithm: Algorithm
    until: float
    every: float
    levels: Levels
    operators: Mapping[str, tuple[Matrix, Matrix]]
    progress: Callable[[Progress], None] | None
    rougher: bool = False

    def go(self, stage: str) -> _Result:
        """Carry it out."""
        with one_blas_thread():
            return self._go(stage)

    def _go(self, stage: str) -> _Result:
        started = time.perf_counter()
        start = prepare(self.model, self.rho, self.algorithm, self.levels, self.displacements, self.until)
        times = Grid.of(self.model, self.algorithm.step, rougher=self.rougher).times(self.until)
        plain = engine_for(self.model, start, self.algorithm, times=times, rougher=self.rougher)
        moved: dict[bytes, tuple[float, Engine]] = {}
        for _, earlier in self.operators.values():
            key = earlier.tobytes()
            if key not in moved:
                size, changed = applied(start, earlier)
                if size > 0:
                    moved[key] = (
                        size,
                        engine_for(self.model, changed, self.algorithm, times=times, rougher=self.rougher),
                    )
        recorded = set(record_indices(times, self.every, self.algorithm.step))
        flags = flags_for(start, self.algorithm, plain)
        dropped = 0.0
        rows, means, kept = [], [], []
        earlier_means: Complex = np.zeros(0, dtype=np.complex128)
        for k, t in enumerate(times):
            if k:
                for engine in (plain, *(engine for _, engine in moved.values())):
                    report = engine.step(float(t - times[k - 1]), float(t))
                    dropped += report.discarded
                    flags.look(report, engine.whole(), float(t))
            if k == 0:
                earlier_means = np.array([self._mean(plain, earlier) for _, earlier in self.operators.values()])
            if k in recorded:
                kept.append(t)
                rows.append([self._overlap(plain, moved.get(b.tobytes()), a) for a, b in self.operators.values()])
                means.append([self._mean(plain, a) for a, _ in self.operators.values()])
            if self.progress is not None:
                self.progress(progress_at(plain.whole(), float(t), self.until, k, started, dropped, stage))
        return _Result(
            t=np.array(kept), correlations=np.array(rows), later=np.array(means), earlier=earlier_means,
            flags=tuple(flags.found.values()),
        )  # fmt: skip

    def _overlap(self, plain: Engine, moved: tuple[float, Engine] | None, later: Matrix) -> complex:
        if moved is None:  # O' psi = 0
            return 0.0
        size, engine = moved
        return size * self._between(plain, engine, later)

    def _mean(self, engine: Engine, matrix: Matrix) -> complex:
        return self._between(engine, engine, matrix)

    @staticmethod
    def _between(bra: Engine, ket: Engine, matrix: Matrix) -> complex:
        return bra.whole().overlap(ket.whole(), matrix)


def applied(start: Prepared, matrix: Matrix) -> tuple[float, Prepared]:
    """(norm of O psi, O psi divided by it) for a system operator O (d, d)."""
    state = start.state
    acting = np.kron(matrix, np.eye(state.ancilla))
    center = np.einsum("ij,ljr->lir", acting, state.tensors[state.system])
    size = float(np.linalg.norm(center))
    if size < 1e-14 * np.linalg.norm(matrix):
        return 0.0, start
    tensors = tuple(center / size if i == state.system else tensor for i, tensor in enumerate(state.tensors))
    return size, replace(start, state=replace(state, tensors=tensors))


def _pairs(values: Complex) -> Real:
    return np.stack([values.real, values.imag], axis=-1)


def _dataset(
    model: Model, operators: Mapping[str, tuple[Matrix, Matrix]], fine: _Result, other: _Result | None
) -> xr.Dataset:
    import xarray as xr  # a configuration is checked without it

    variables: dict[str, Any] = {}
    for k, name in enumerate(operators):
        plain = _pairs(fine.correlations[:, k])
        connected = _pairs(fine.correlations[:, k] - fine.later[:, k] * fine.earlier[k])
        dims = ("t", "complex")
        about = {"units": "1", "long_name": f"two-time correlation function {name}", "equation": "<O(t) O'(0)>"}
        variables[name] = (dims, plain, about)
        variables[f"{name}_connected"] = (
            dims,
            connected,
            about | {"long_name": f"connected part of {name}", "equation": "<O(t) O'(0)> - <O(t)><O'(0)>"},
        )
        if other is not None:
            text = {"units": "1", "long_name": f"error of {name}, largest difference so far to a rougher run"}
            variables[f"{name}_error"] = (
                dims,
                envelope(fine.t, plain, other.t, _pairs(other.correlations[:, k])),
                text,
            )
    return xr.Dataset(
        variables,
        coords={"t": ("t", fine.t, {"units": "1/energy", "long_name": "time"}), "complex": ["re", "im"]},
        attrs={
            "pairs": ", ".join(operators),
            "status": "not converged" if fine.flags else "converged",
            "flags": flags_text(fine.flags),
            "temperatures": ", ".join(f"{T:g}" for T in model.temperatures),
        },
    )
