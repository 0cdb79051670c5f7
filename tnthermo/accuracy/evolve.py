"""`evolve`: check everything, and run: with a rougher companion for the error bars, or until the numbers are as exact as was asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from chains.checks import number_problems
from chains.problems import Problem
from tnthermo.accuracy.staircase import climb
from tnthermo.algorithms import Algorithm
from tnthermo.bath_entropy.choice import Wanted
from tnthermo.errors import NotConverged
from tnthermo.evolution.arguments import callable_problems, keeper_problems, switch_problems
from tnthermo.evolution.driver import Keeper
from tnthermo.evolution.first_settings import SETTINGS, first_algorithm
from tnthermo.evolution.prepared import prepared, with_error_bars
from tnthermo.evolution.progress import Progress
from tnthermo.evolution.recording import Recording
from tnthermo.evolution.suitable_step import default_algorithm
from tnthermo.model.model import Model
from tnthermo.record.flag_text import flags_of
from tnthermo.record.target import AUTO, OFF, USUAL, USUAL_TIME, as_target, target_problems
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.judged import column_problems
from tnthermo.thermo.ledger import ledger


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
    accuracy: float | Mapping[str, Any] | str | None = "auto",
    max_time: float | None = None,
    kept: Collection[str] | None = None,
    strict: bool = False,
    progress: Callable[[Progress], None] | None = None,
    keeper: Keeper | None = None,
    on_main: Callable[[Trajectory], None] = lambda run: None,
    say: Callable[[str], None] = lambda text: None,
) -> Trajectory:
    """Evolve a system and its baths and record what the ledger needs.

    initial           "+x" ... "-z" (qubits), a vector (d,), or a density matrix (d, d), in a product with thermal baths; mixed starts are
                      purified by an ancilla. "mean-force": the equilibrium of the coupled whole (all baths at one T > 0; drives at t = 0)
    displacement      of the baths at the start: x for alpha_k = -x g_k/w_k (the bath relaxed to <A> = x), amplitudes <a_k> for a
                      discrete bath (one for each mode, in the order its frequencies were given) or star cells (ascending), None for
                      none; for several baths a tuple of these
    algorithm         TDVP, TDVP1, TDVP2, TEBD or Exact; for `chains.Bath` TimeBins. Default: TDVP, TimeBins for a `chains.Bath`, with
                      settings that suit ``accuracy``. Without that TDVP(), whose bonds are capped at 32 (`max_bond`; a configuration file
                      has no cap unless it gives one), or TimeBins with a step that suits the model and bonds capped at 64
    until             end of the run, >= 0, in 1/energy
    record_every      interval of the output columns, a multiple of the step; default the step, on the way to a target that of each run,
                      and then it is a multiple of the first step. What the ledger integrates is measured
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
    accuracy          how exact the numbers are to be: step, tolerance, bond cap and boson levels are refined until they are, and the error
                      columns say what each still costs. 1e-3: rho_S to .001, energies, heat and work to .001 of the largest energy that is
                      exchanged (|E_S - E_S(0)|, |E_int|, |E_B|), S_S to .001 nats. {"E_B": 1e-4, "S_S": {"relative": 0.01}}: these columns
                      alone, absolute or in units of their largest value. Where it is out of reach the result has a flag that says why.
                      "auto": 1e-3 where neither ``algorithm`` nor levels are given and there are error bars, else "off"; "off" or None: one
                      run, and a rougher one
    max_time          seconds for all runs of that together; default: as long as it takes, of "auto" 600. The first two runs,
                      those that say what the other settings cost, and on time bins the last one, once more with the entropy of a warm
                      bath, are made in any case
    kept              settings of ``algorithm`` that stay as they are, of "step", "tolerance", "max_bond"; default all where it is given
    strict            raise `NotConverged` where a flag would be set
    progress          called with a `Progress` after every step
    keeper            keeps the state now and then, so that another process can go on from it (`tnthermo.results.checkpoints.Checkpoints` in
                      a folder); default none. No signal is caught unless its `Stop` comes from `tnthermo.machine.signals.listening`.
    on_main           called with the run as soon as it is over, before the rougher one of the error bars begins, so that it can be kept; on
                      the way to a target with each run that could be the last
    say               receives a line for each setting that is refined on the way to a target

    What `tnthermo check` warns about is a Python warning (`AccuracyWarning`) and among the flags or doubts of the result.

    Raises `chains.InvalidInput` (all problems at once), `RunFailed` for numbers that are not finite or run away, `NotConverged` in
    strict mode, and what the keeper raises.
    """
    if isinstance(accuracy, str) and accuracy in (AUTO, OFF):
        usual = (
            accuracy == AUTO and algorithm is None and error_bars is True and isinstance(levels, str) and levels == AUTO
        )
        usual = usual and not number_problems("until", until, above=0.0)
        accuracy, max_time = (USUAL, USUAL_TIME if max_time is None else max_time) if usual else (None, max_time)
    free, to_target = algorithm is None, accuracy is not None
    if algorithm is None:
        algorithm = default_algorithm(model, until, record_every)
        algorithm = first_algorithm(algorithm, model, until, record_every, accuracy) if to_target else algorithm
    recording = Recording(
        record_every=record_every, occupation_every=occupation_every, variance_every=variance_every, correlations_every=correlations_every,
        observables=observables, bath_entropy=bath_entropy, bath_entropy_every=bath_entropy_every,
        bath_entropy_max_bond=bath_entropy_max_bond,
        bath_entropy_accuracy=bath_entropy_accuracy,
    )  # fmt: skip
    run = prepared(
        model, initial=initial, displacement=displacement, algorithm=algorithm, until=until, levels=levels, recording=recording,
        further=[
            *switch_problems(error_bars=error_bars, strict=strict), *callable_problems(progress=progress, on_main=on_main, say=say),
            *keeper_problems(keeper),
            *_target_problems(accuracy, max_time, kept, error_bars=error_bars, observables=observables),
        ],
        to_target=to_target, strict=strict, judged=error_bars, progress=progress, keeper=keeper,
    )  # fmt: skip
    if not to_target:
        return with_error_bars(run, on_main) if error_bars else run.go("run")
    names = (frozenset() if free else SETTINGS) if kept is None else frozenset(kept)
    found = climb(run, as_target(accuracy, max_time), names, every_step=record_every is None, say=say, on_rung=on_main)
    if strict:
        flags = flags_of(ledger(found).attrs)
        if flags:
            raise NotConverged(flags)
    return found


def _target_problems(accuracy: Any, max_time: Any, kept: Any, *, error_bars: Any, observables: Any) -> list[Problem]:
    """What is wrong with a target and what belongs to it."""
    problems: list[Problem] = []
    if accuracy is None:
        allowed = "left out: there is no accuracy to reach"
        return [
            Problem(key=key, value=value, allowed=allowed)
            for key, value in (("max_time", max_time), ("kept", kept))
            if value is not None
        ]
    problems += target_problems(accuracy)
    if not problems and isinstance(accuracy, Mapping):
        own = tuple(observables) if isinstance(observables, Mapping) else ()
        problems += column_problems(accuracy, own=own)
    if max_time is not None:
        problems += number_problems("max_time", max_time, above=0.0)
    if kept is not None:
        named = isinstance(kept, Collection) and not isinstance(kept, str)
        wrong = [name for name in kept if name not in SETTINGS] if named else [kept]
        problems += [
            Problem(key="kept", value=name, allowed=f"names out of {', '.join(sorted(SETTINGS))}") for name in wrong
        ]
    if error_bars is False:
        problems.append(
            Problem(
                key="error_bars", value=False, allowed="True with accuracy: without error bars nothing is known of it"
            )
        )
    return problems
