"""Statistics of the heat: the energy of each bath measured before and after, its characteristic function, cumulants and distribution.

The baths of a product start are thermal: the first measurement of H_B does not change the state, and the thermofield vacuum is an
eigenvector of H_chain = H_B - H_B' with eigenvalue 0. So the change q of H_B has <exp(i u q)> = <psi(t)| exp(i u H_chain) |psi(t)> and the
moments <H_chain^n>; of several baths sum_j v_j q_j has those of sum_j v_j H_chain,j.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chains.checks import number_problems, time_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import TDVP, Algorithm
from tnthermo.engine_protocol import Whole
from tnthermo.engines.engine import engine_for
from tnthermo.evolution.arguments import Given, callable_problems, check_arguments, model_problems, switch_problems
from tnthermo.evolution.counting import Counting, fields
from tnthermo.evolution.displacement import Displacements
from tnthermo.evolution.driver import flags_for
from tnthermo.evolution.grid import Grid
from tnthermo.evolution.heat_dataset import Counted, as_dataset
from tnthermo.evolution.progress import Progress, progress_at
from tnthermo.evolution.recording import Recording
from tnthermo.evolution.start import prepare
from tnthermo.evolution.two_time import method_problems
from tnthermo.machine.threads import one_blas_thread
from tnthermo.model.lengthened import lengthened
from tnthermo.model.model import Model
from tnthermo.model.observables import NAME
from tnthermo.model.operators import Matrix
from tnthermo.network.blocks import Levels
from tnthermo.network.state import State
from tnthermo.timeline.characteristic import WIDTH
from tnthermo.types import Real

if TYPE_CHECKING:
    import xarray as xr

MOST_FIELDS = 100_000
ROUGHEST = 1e-6  # of C(0): what a chain may miss of C(t)


def heat_statistics(
    model: Model,
    *,
    times: npt.ArrayLike,
    resolution: float | None = None,
    until_u: float | None = None,
    heat: npt.ArrayLike | None = None,
    counting: Mapping[str, Sequence[float]] | None = None,
    initial: Any = "+z",
    displacement: Any = None,
    algorithm: Algorithm | None = None,
    levels: str | int = "auto",
    error_bars: bool = True,
    progress: Callable[[Progress], None] | None = None,
) -> xr.Dataset:
    """Statistics of the two-point measured heat q of the baths at ``times``: <exp(i u q)>, cumulants to order 4, atom and density.

    times       (n,) >= 0, increasing, 1/energy
    resolution  full width at half maximum at which the density is shown, an energy; the largest u is 7.47 over it
    until_u     the largest u instead, 1/energy; one of the two must be given
    heat        (k,) energies q at which the density is shown; None: where it is, in steps of a sixth of the resolution
    counting    {NAME: (v_1, .., v_B)}: q = sum_j v_j q_j over the baths; None: their sum "B", and where there are several each, "B_0" ..
    the rest as for `tnthermo.evolve`; chains that are too short for times + u are made longer, a list of levels cannot be given

    Variables on the dimensions t, counted (NAME), and u, order, q or complex (re, im), each with NAME_error: the largest difference, up to
    a u, to a run with twice the step, ten times the tolerance and half the bond cap, and what is said below.

    G           (t, counted, u, complex) the characteristic function at u >= 0; G(-u) is its conjugate
    cumulant    (t, counted, order) energy^order, from <H_chain^n>. NaN, with the ``reason``, where the density without its cutoff has none
    atom        (t, counted) probability that q = 0 apart from a density: the limit of G at large u, its error what larger u may still
                change. NaN, with the ``reason``, where G has not settled
    density     (t, counted, q) 1/energy, of the rest (of all, where the atom is NaN) at the ``resolution``
    covariance  (t, bath, bath_2) energy^2, of the heats of the baths

    All is NaN, with the ``reason``, for starts that the first measurement would disturb: displaced and mean-force ones.

    Raises `chains.InvalidInput` with all problems at once, among them baths without a chain and time bins.
    """
    algorithm = TDVP() if algorithm is None else algorithm
    problems = _time_problems(times) + callable_problems(progress=progress) + switch_problems(error_bars=error_bars)
    problems += _range_problems(resolution, until_u, algorithm)
    problems += [] if heat is None else time_problems(heat, "heat")
    problems += method_problems(algorithm, key="algorithm") + _chain_problems(model, algorithm)
    if not isinstance(levels, str | int | np.integer) or isinstance(levels, bool):
        problems.append(
            Problem(key="levels", value=levels, allowed='"auto" or an integer >= 2: chains are made longer')
        )
        levels = "auto"
    directions = _directions(model, counting, problems)
    until = 0.0 if _time_problems(times) else float(np.max(np.asarray(times, dtype=np.float64), initial=0.0))
    unfit = {problem.key for problem in problems} & {"algorithm", "model"}
    given: Given | None = None
    try:
        given = check_arguments(
            model, initial=initial, displacement=displacement, algorithm=TDVP() if unfit else algorithm, until=until, levels=levels,
            recording=Recording(),
        )  # fmt: skip
    except InvalidInput as error:
        known = {problem.key for problem in problems}
        known |= {"algorithm"} if "model" in known else set()  # no chain: another method would not help
        problems += [problem for problem in error.problems if problem.key not in known]
    raise_if_any(problems)
    assert given is not None
    largest = float(until_u) if until_u is not None else WIDTH / float(resolution)  # type: ignore[arg-type]
    at = np.atleast_1d(np.asarray(times, dtype=np.float64))
    own = None if heat is None else np.atleast_1d(np.asarray(heat, dtype=np.float64))
    reason = _meaningless(given)
    if reason:
        return as_dataset(model, algorithm, at, fields(largest, algorithm.step), directions, own, reason=reason)
    long = lengthened(model, until + largest, min(ROUGHEST, algorithm.tolerance))
    levels_of = (
        given.levels
        if long.sites == model.sites
        else Levels((given.levels.start[0],) * long.sites, given.levels.may_grow)
    )
    pass_ = _Pass(
        model=long, rho=given.rho, displacements=given.displacements, algorithm=algorithm, times=at, largest=largest,
        levels=levels_of, directions=directions, progress=progress, judged=error_bars,
    )  # fmt: skip
    fine = pass_.go("heat statistics")
    other = None
    if error_bars:
        other = replace(pass_, algorithm=algorithm.coarser(), rougher=True).go("heat statistics, error bars")
    return as_dataset(long, algorithm, at, fine.u, directions, own, fine=fine, other=other)


def _time_problems(times: Any) -> list[Problem]:
    problems = time_problems(times)
    if problems:
        return problems
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if t.size == 0 or np.any(t < 0) or np.any(np.diff(t) <= 0):
        return [
            Problem(key="times", value=times, allowed="numbers >= 0, at least one, each larger than the one before")
        ]
    return []


def _range_problems(resolution: Any, until_u: Any, algorithm: Any) -> list[Problem]:
    hint = f"the one is {WIDTH:.3g} over the other"
    if resolution is None and until_u is None:
        return [Problem(key="until_u", value=until_u, allowed="a number > 0, or resolution, one of the two", hint=hint)]
    if resolution is not None and until_u is not None:
        return [
            Problem(key="resolution", value=resolution, allowed="a number > 0, or until_u, one of the two", hint=hint)
        ]
    key, value = ("resolution", resolution) if until_u is None else ("until_u", until_u)
    problems = number_problems(key, value, above=0.0)
    if problems or not isinstance(algorithm, Algorithm):
        return problems
    largest = float(value) if until_u is not None else WIDTH / float(value)
    if not largest / algorithm.step <= MOST_FIELDS:
        allowed = f"at most {MOST_FIELDS} steps of the counting field, found {largest / algorithm.step:.3g}"
        return [Problem(key=key, value=value, allowed=allowed)]
    return []


def _chain_problems(model: Any, algorithm: Any) -> list[Problem]:
    """Why there is no H_chain to turn the state by."""
    found = []
    hint = 'a chain: chains.chain(...), in a file route = "chain"'
    if isinstance(algorithm, Algorithm) and algorithm.bins:
        found.append(
            Problem(
                key="algorithm",
                value=algorithm.name,
                allowed="a method on chains: time bins do not hold H_B",
                hint=hint,
            )
        )
    if not model_problems(model):
        without = [j for j, coupling in enumerate(model.couplings) if not coupling.chains]
        if without:
            value = f"bath {', '.join(map(str, without))} without a chain"
            found.append(
                Problem(
                    key="model", value=value, allowed="baths on chains: heat statistics need H_B on sites", hint=hint
                )
            )
    return found


def _directions(model: Any, counting: Any, problems: list[Problem]) -> dict[str, tuple[float, ...]]:
    """The weights (B,) of each name; what is wrong is added to ``problems``."""
    if model_problems(model):
        return {}
    count = len(model.couplings)
    if counting is None:
        each = {f"B_{j}": tuple(float(i == j) for i in range(count)) for j in range(count)} if count > 1 else {}
        return {"B": (1.0,) * count, **each}
    allowed = f'{{"name": weights}}, the weights {count} numbers, one for each bath, not all 0'
    if not isinstance(counting, Mapping) or not counting:
        problems.append(Problem(key="counting", value=counting, allowed=allowed))
        return {}
    found = {}
    for name, weights in counting.items():
        key = f"counting.{name}"
        if not isinstance(name, str) or not NAME.fullmatch(name):
            problems.append(Problem(key=key, value=name, allowed="a name of letters, digits and underscores"))
            continue
        wrong = time_problems(weights, key)
        if not wrong and np.shape(weights) != (count,):
            wrong = [Problem(key=key, value=weights, allowed=allowed)]
        if not wrong and not np.any(np.asarray(weights, dtype=np.float64)):
            wrong = [Problem(key=key, value=weights, allowed=allowed)]
        problems += wrong
        found[name] = () if wrong else tuple(float(v) for v in weights)
    return found


def _meaningless(given: Given) -> str:
    """Why two measurements do not give the statistics; empty where they do."""
    if given.rho is not None and not given.displacements.any:
        return ""
    kind = "mean-force" if given.rho is None else "displaced"
    return f"{kind} start: it does not commute with H_B, the first measurement would change it"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pass:
    """One pass over the clock, with a counting field at each of the ``times``."""

    model: Model
    rho: Matrix | None
    displacements: Displacements
    algorithm: Algorithm
    times: Real
    largest: float
    levels: Levels
    directions: Mapping[str, tuple[float, ...]]
    progress: Callable[[Progress], None] | None
    judged: bool
    rougher: bool = False

    def go(self, stage: str) -> Counted:
        """Carry it out."""
        with one_blas_thread():
            return self._go(stage)

    def _go(self, stage: str) -> Counted:
        started = time.perf_counter()
        until = float(self.times[-1])
        start = prepare(self.model, self.rho, self.algorithm, self.levels, self.displacements, until)
        grid = Grid.of(self.model, self.algorithm.step, rougher=self.rougher)
        clock = replace(grid, breaks=tuple(sorted({*grid.breaks, *map(float, self.times)}))).times(until)
        engine = engine_for(self.model, start, self.algorithm, times=clock, rougher=self.rougher)
        flags = flags_for(start, self.algorithm, engine, judged=self.judged)
        steps, dropped = 0, 0.0
        found: dict[str, str] = {}

        def tell(whole: Whole, value: float, end: float, text: str) -> None:
            nonlocal steps
            steps += 1
            if self.progress is not None:
                self.progress(progress_at(whole, value, end, steps, started, dropped, text))

        rows = []
        k = 0
        for t in self.times:
            while clock[k] < t - 1e-9 * self.algorithm.step:
                k += 1
                report = engine.step(float(clock[k] - clock[k - 1]), float(clock[k]))
                dropped += report.discarded
                flags.look(report, engine.whole(), float(clock[k]))
                tell(engine.whole(), float(clock[k]), until, stage)
            state = engine.whole().state(float(t))
            counting = Counting(
                model=self.model, algorithm=self.algorithm, until=self.largest, may_grow=self.levels.may_grow, rougher=self.rougher,
                judged=self.judged, tell=lambda whole, u, t=t: tell(whole, u, self.largest, f"{stage}: u at t = {t:g}"),  # type: ignore[misc]
                flags=found,
            )  # fmt: skip
            rows.append(self._row(counting, state))
        flags.found.pop("chain", None)  # its end is right for what is asked here, see `tnthermo.evolution.counting`
        G, moments, pairs = (np.array(part) for part in zip(*rows, strict=True))
        u = fields(self.largest, self.algorithm.step, rougher=self.rougher)
        return Counted(u=u, G=G, moments=moments, pairs=pairs, flags=(*flags.found.values(), *found.values()))

    def _row(self, counting: Counting, state: State) -> tuple[Any, Any, Any]:
        """G (K, m), <H^n> (K, 5) of each direction, and the covariance (B, B)."""
        each = list(self.directions.values())
        G = np.array([counting.characteristic(state, weights) for weights in each])
        moments = np.array([counting.moments(state, weights) for weights in each])
        return G, moments, counting.covariance(state)
