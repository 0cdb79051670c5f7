"""`evolve`: check everything, run, and run again more roughly for the error bars."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tnthermo.algorithms import Algorithm
from tnthermo.bath_entropy.choice import Wanted
from tnthermo.evolution.arguments import (
    callable_problems,
    check_arguments,
    keeper_problems,
    rough_interval,
    switch_problems,
)
from tnthermo.evolution.doubts import AccuracyWarning, doubts
from tnthermo.evolution.driver import Keeper, Run
from tnthermo.evolution.progress import Progress
from tnthermo.evolution.recording import Recording
from tnthermo.evolution.suitable_step import default_algorithm
from tnthermo.model.model import Model
from tnthermo.record.trajectory import Trajectory


def evolve(
    model: Model,
    *,
    initial: Any = "+z",
    displacement: Any = None,
    algorithm: Algorithm | None = None,
    until: float,
    record_every: float | None = None,
    levels: str | int | Sequence[int] = "auto",
    occupation_every: float | None = None,
    variance_every: float | None = None,
    correlations_every: float | None = None,
    observables: Mapping[str, Any] | None = None,
    bath_entropy: Wanted = "auto",
    bath_entropy_every: float | None = None,
    bath_entropy_max_bond: int | None = None,
    bath_entropy_accuracy: float | None = None,
    error_bars: bool = True,
    strict: bool = False,
    progress: Callable[[Progress], None] | None = None,
    keeper: Keeper | None = None,
    on_main: Callable[[Trajectory], None] = lambda run: None,
) -> Trajectory:
    """Evolve a system and its baths and record what the ledger needs.

    initial           "+x" ... "-z" (qubits), a vector (d,), or a density matrix (d, d), in a product with thermal baths; mixed starts are
                      purified by an ancilla. "mean-force": the equilibrium of the coupled whole (all baths at one T > 0; drives at t = 0)
    displacement      of the baths at the start: x for alpha_k = -x g_k/w_k (the bath relaxed to <A> = x), amplitudes <a_k> for a
                      discrete bath (one for each mode, in the order its frequencies were given) or star cells (ascending), None for
                      none; for several baths a tuple of these
    algorithm         TDVP, TDVP1, TDVP2, TEBD or Exact; default TDVP(), whose bonds are capped at 32 (`max_bond`; a configuration file has
                      no cap unless it gives one). For `chains.Bath` TimeBins, by default with a step that suits the model and bonds
                      capped at 64
    until             end of the run, >= 0, in 1/energy
    record_every      interval of the output columns, a multiple of the step; default the step. What the ledger integrates is measured
                      at every step all the same.
    levels            boson levels of the chain sites: "auto" (grown by rule), an integer >= 2, or a list of N of them
    occupation_every  interval at which the physical-mode occupations are evaluated (an O(N^2) measurement); default until / 10, and
                      always at the end; inf: never
    variance_every    the same for <H_chain^2>, the variance of the heat
    correlations_every the same for the matrices <c_m^dag c_n> and <c_m c_n>; default never
    observables       own columns: {"name": system operator, or a table with boson, site, chain, operator} (`tnthermo.model.observables`)
    bath_entropy      of the physical bath at T > 0: "exact" (all modes of star cells or of a discrete density; refused beforehand where
                      too many states are needed), "bracket" (bounds, as narrow as a minute allows), "auto" (exact or bounds, whatever
                      a few seconds can do), "off": the ledger has the bounds that cost nothing
    bath_entropy_every  interval of its evaluation, and always at the end; inf: never. Default until / 10 where it is exact, until / 24
                      where it is enclosed, fewer where all evaluations together would take longer than the run
    bath_entropy_max_bond  states kept of the bath and of its ancilla: more are dearer (as the cube) and narrow the bounds; default by
                      `bath_entropy`: 150 where exact and 250 where not for "auto", 400 for "bracket", 2000 for "exact"
    bath_entropy_accuracy  nats: where half of the distance of the bounds on S_chi is below it, or below 1 % of 2 S_S, their middle is its
                      value, with that half in its error bar; elsewhere there are bounds only. Default 2e-3
    error_bars        also run with twice the step, ten times the tolerance, half the bond cap and three quarters of fixed levels: the
                      ledger's error columns come from the difference
    strict            raise `NotConverged` where a flag would be set
    progress          called with a `Progress` after every step
    keeper            keeps the state now and then, so that another process can go on from it (`tnthermo.results.checkpoints.Checkpoints` in
                      a folder); default none. No signal is caught unless its `Stop` comes from `tnthermo.machine.signals.listening`.
    on_main           called with the run as soon as it is over, before the rougher one of the error bars begins, so that it can be kept

    What `tnthermo check` warns about is a Python warning (`AccuracyWarning`) and among the flags or doubts of the result.

    Raises `chains.InvalidInput` (all problems at once), `RunFailed` for numbers that are not finite or run away, `NotConverged` in
    strict mode, and what the keeper raises.
    """
    if algorithm is None:
        algorithm = default_algorithm(model, until, record_every)
    recording = Recording(
        record_every=record_every, occupation_every=occupation_every, variance_every=variance_every, correlations_every=correlations_every,
        observables=observables, bath_entropy=bath_entropy, bath_entropy_every=bath_entropy_every,
        bath_entropy_max_bond=bath_entropy_max_bond,
        bath_entropy_accuracy=bath_entropy_accuracy,
    )  # fmt: skip
    given = check_arguments(
        model, initial=initial, displacement=displacement, algorithm=algorithm, until=until, levels=levels,
        recording=recording,
        further=[
            *switch_problems(error_bars=error_bars, strict=strict), *callable_problems(progress=progress, on_main=on_main),
             *keeper_problems(keeper),
        ],
    )  # fmt: skip
    found = tuple(doubts(model, algorithm, float(until)))
    for doubt in found:
        warnings.warn(str(doubt), AccuracyWarning, stacklevel=2)
    schedule = recording.schedule(model, rho=given.rho, observables=given.observables, until=until, step=algorithm.step,
        bins=algorithm.bins,
    )  # fmt: skip
    run = Run(
        model=model, rho=given.rho, displacements=given.displacements, algorithm=algorithm, until=float(until), levels=given.levels,
        schedule=schedule, progress=progress, strict=strict, keeper=keeper, doubts=found, judged=error_bars,
    )  # fmt: skip
    result = run.go("run")
    if not error_bars:
        return result
    on_main(result)
    rougher = replace(
        run,
        algorithm=algorithm.coarser(),
        levels=run.levels.rougher(),
        schedule=schedule.rougher(rough_interval(schedule.every, algorithm), result.t),
        strict=False,
        doubts=(),
        rougher=True,
    )
    return replace(result, rough=rougher.go("error bars"))
