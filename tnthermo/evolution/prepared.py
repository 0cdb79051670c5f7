"""A run whose arguments are checked, and the rougher one of its error bars."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from chains.problems import Problem
from tnthermo.algorithms import Algorithm
from tnthermo.evolution.arguments import check_arguments, rough_interval
from tnthermo.evolution.doubts import AccuracyWarning, Doubt, doubts
from tnthermo.evolution.driver import Keeper, Run
from tnthermo.evolution.progress import Progress
from tnthermo.evolution.recording import Recording
from tnthermo.model.model import Model
from tnthermo.record.trajectory import Trajectory

JUDGED_BY_TARGET = ("step", "bond")  # doubts about settings that a target chooses, or judges


def prepared(
    model: Model,
    *,
    initial: Any,
    displacement: Any,
    algorithm: Algorithm,
    until: float,
    levels: str | int | Sequence[int],
    recording: Recording,
    further: Sequence[Problem] = (),
    to_target: bool = False,
    strict: bool = False,
    judged: bool = True,
    progress: Callable[[Progress], None] | None = None,
    keeper: Keeper | None = None,
) -> Run:
    """The run that these arguments of `tnthermo.evolve` ask for; what is doubtful about it is a Python warning.

    further    problems of other arguments
    to_target  whether its settings are those that a way to a target begins with

    Raises `chains.InvalidInput` with all problems at once.
    """
    given = check_arguments(
        model, initial=initial, displacement=displacement, algorithm=algorithm, until=until, levels=levels, recording=recording,
        further=further,
    )  # fmt: skip
    found: tuple[Doubt, ...] = tuple(doubts(model, algorithm, float(until)))
    if to_target:
        found = tuple(doubt for doubt in found if doubt.kind not in JUDGED_BY_TARGET)
    for doubt in found:
        warnings.warn(str(doubt), AccuracyWarning, stacklevel=3)
    schedule = recording.schedule(
        model, rho=given.rho, observables=given.observables, until=until, step=algorithm.step, bins=algorithm.bins
    )
    return Run(
        model=model, rho=given.rho, displacements=given.displacements, algorithm=algorithm, until=float(until), levels=given.levels,
        schedule=schedule, progress=progress, strict=strict, keeper=keeper, doubts=found, judged=judged,
    )  # fmt: skip


def with_error_bars(run: Run, on_main: Callable[[Trajectory], None]) -> Trajectory:
    """The run and its companion: twice the step, ten times the tolerance, half the bond cap, three quarters of fixed levels."""
    result = run.go("run")
    on_main(result)
    rougher = replace(
        run,
        algorithm=run.algorithm.coarser(),
        levels=run.levels.rougher(),
        schedule=run.schedule.rougher(rough_interval(run.schedule.every, run.algorithm), result.t),
        strict=False,
        doubts=(),
        rougher=True,
        guarded=False,
    )
    return replace(result, rough=rougher.go("error bars"))
