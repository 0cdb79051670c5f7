"""Checks of the arguments that every evolution has: the model, the method, the clock, levels, switches and callables.

The same words as a configuration file gets; each check returns the problems found, so that all of them are reported at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import chains
from chains.checks import (
    flag_problems,
    instance_problems,
    integer_problems,
    number_problems,
)
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import ALGORITHMS, Algorithm, beyond, is_multiple
from tnthermo.bath_entropy.choice import choice_problems
from tnthermo.engines.engine import engine_problems
from tnthermo.evolution.displacement import Amplitudes, Displacement, Displacements, Relaxed
from tnthermo.evolution.grid import MOST_STEPS, grid_problems
from tnthermo.evolution.recording import Recording
from tnthermo.model.coupling import Coupling
from tnthermo.model.model import Model
from tnthermo.model.observables import NAME, Observable, observables
from tnthermo.model.operators import HIGHEST_LEVEL, PAULI, Matrix, as_array, density_matrix, operator
from tnthermo.network.blocks import Levels, start_levels


def model_problems(model: object) -> list[Problem]:
    """What keeps ``model`` from being a model."""
    return instance_problems("model", model, Model, "a model of tnthermo.SpinBoson, JaynesCummings or assemble")


def algorithm_problems(algorithm: object) -> list[Problem]:
    """What keeps ``algorithm`` from being one that can be run."""
    return instance_problems("algorithm", algorithm, ALGORITHMS, "TDVP(...), TDVP1, TDVP2, TEBD or Exact")


def clock_problems(
    until: Any, record_every: Any, algorithm: Algorithm | None, intervals: Mapping[str, Any]
) -> list[Problem]:
    """What is wrong with the end of a run and its intervals; ``algorithm`` None: the step is not known.

    intervals  by name: a number > 0, inf for never, or None
    """
    problems = number_problems("until", until, at_least=0.0)
    if not problems and algorithm is not None and until > MOST_STEPS * algorithm.step:
        allowed = f"at most {MOST_STEPS} steps; until / step is {until / algorithm.step:.3g}"
        problems.append(Problem(key="until", value=until, allowed=allowed))
    if record_every is not None:
        of_record = number_problems("record_every", record_every, above=0.0)
        if not of_record and algorithm is not None and not is_multiple(record_every, algorithm.step):
            allowed = f"a multiple of the step {algorithm.step}"
            of_record = [Problem(key="record_every", value=record_every, allowed=allowed)]
        elif not of_record and not problems and algorithm is not None and beyond(record_every, until, algorithm.step):
            hint = f"leave it out to record every step, {algorithm.step:g}"
            of_record = [
                Problem(key="record_every", value=record_every, allowed=f"at most until = {until:g}", hint=hint)
            ]
        problems += of_record
    for key, interval in intervals.items():
        if interval is None or (isinstance(interval, float) and interval == math.inf):
            continue
        wrong = number_problems(key, interval, above=0.0)
        problems += [replace(p, allowed=f"{p.allowed}, or inf for never") for p in wrong]
    return problems


def level_problems(levels: object, sites: int | None) -> list[Problem]:
    """What keeps ``levels`` from being "auto", an integer, or a list of ``sites`` of them (None: not known how many)."""
    if isinstance(levels, str) and levels == "auto":
        return []
    allowed = '"auto", an integer >= 2, or a list of them'
    listed = isinstance(levels, Sequence | np.ndarray) and not isinstance(levels, str | bytes | bytearray)
    numbers: list[Any] = list(levels) if listed else [levels]  # type: ignore[call-overload]
    names = [f"levels[{i}]" for i in range(len(numbers))] if listed else ["levels"]
    problems = []
    for name, number in zip(names, numbers, strict=True):
        wrong = integer_problems(name, number, at_least=2, at_most=HIGHEST_LEVEL)
        problems += [p if "<=" in p.allowed else replace(p, allowed=allowed) for p in wrong]
    if not problems and listed and sites is not None and len(numbers) != sites:
        allowed = f"a list of {sites}, one for each chain site"
        problems.append(Problem(key="levels", value=levels, allowed=allowed))
    return problems


def switch_problems(**switches: object) -> list[Problem]:
    """Which of these are neither True nor False."""
    return [problem for key, value in switches.items() for problem in flag_problems(key, value)]


def callable_problems(**functions: Callable[..., Any] | None) -> list[Problem]:
    """Which of these are neither None nor can be called."""
    return [
        Problem(key=key, value=value, allowed="a function, or none", hint=f"found {type(value).__name__}")
        for key, value in functions.items()
        if value is not None and (not callable(value) or isinstance(value, type))
    ]


def keeper_problems(keeper: object) -> list[Problem]:
    """What keeps ``keeper`` from being one: it has the methods of `tnthermo.evolution.driver.Keeper`."""
    names = ("load", "look", "after_step")
    if keeper is None or (
        not isinstance(keeper, type) and all(callable(getattr(keeper, name, None)) for name in names)
    ):
        return []
    return [Problem(key="keeper", value=keeper, allowed=f"an object with the methods {', '.join(names)}, or none")]


def rough_interval(every: float, algorithm: Algorithm) -> float:
    """The record interval of the rougher run: the same where it is a multiple of twice the step, else twice as long."""
    return every * (1 if round(every / algorithm.step) % 2 == 0 else 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """What a run is given, turned from what the user wrote: behind `check_arguments` nothing interprets it again.

    rho  (d, d) of a product start, None for the mean-force state
    """

    rho: Matrix | None
    displacements: Displacements
    levels: Levels
    observables: tuple[Observable, ...]


def check_arguments(
    model: Model,
    *,
    initial: Any,
    displacement: Any,
    algorithm: Algorithm,
    until: float,
    levels: Any,
    recording: Recording,
    further: Sequence[Problem] = (),
) -> Given:
    """The arguments of `evolve` as a run takes them; raises `InvalidInput` with all problems of them.

    further  problems of arguments that are not looked at here
    """
    problems = [*further, *model_problems(model), *algorithm_problems(algorithm)]
    wrong = {problem.key for problem in problems}
    step_known = None if "algorithm" in wrong else algorithm
    problems += clock_problems(until, recording.record_every, step_known, recording.intervals)
    problems += level_problems(levels, None if "model" in wrong else model.sites)
    if wrong & {"model", "algorithm"}:  # the rest is about the two
        raise_if_any(problems)
    rho: Matrix | None = None
    found: tuple[Observable, ...] = ()
    if isinstance(initial, str) and initial == MEAN_FORCE:
        problems += mean_force_problems(model, algorithm)
        if displacement is not None:
            allowed = "a product start; the mean-force state has its own displacement"
            problems.append(Problem(key="displacement", value=displacement, allowed=allowed))
    else:
        try:
            rho = density_matrix(initial, dimension=model.dimension, key="initial")
        except InvalidInput as error:
            hint = f'or "{MEAN_FORCE}", the equilibrium of the coupled whole' if isinstance(initial, str) else ""
            problems += [replace(problem, hint=problem.hint or hint) for problem in error.problems]
        problems += displacement_problems(model, displacement)
        if displacement is not None and not algorithm.any_start:
            allowed = f"any method but {algorithm.name}, whose spare bond directions are chosen for a vacuum"
            problems.append(Problem(key="displacement", value=displacement, allowed=allowed))
    problems += engine_problems(model, algorithm)
    if "until" not in {problem.key for problem in problems}:
        problems += grid_problems(model, algorithm.step, until, key="algorithm.step")
    problems += choice_problems(
        model, recording.bath_entropy, correlated=rho is None, most=recording.bath_entropy_max_bond,
        accuracy=recording.bath_entropy_accuracy, bins=algorithm.bins,
    )  # fmt: skip
    try:
        lengths = tuple(chain.length for chain in model.chains)
        own = {} if recording.observables is None else recording.observables
        found = observables(own, dimension=model.dimension, lengths=lengths)
    except InvalidInput as error:
        problems += error.problems
    raise_if_any(problems)
    return Given(
        rho=rho, displacements=displacements(model, displacement), levels=start_levels(levels, model.sites), observables=found
    )  # fmt: skip


MEAN_FORCE = "mean-force"


def displacement_problems(model: Model, displacement: Any, *, key: str = "displacement") -> list[Problem]:
    """What is wrong with the displacements: one entry for each bath; None, a number, or amplitudes for a bath of finitely many modes."""
    entries = _per_bath(model, displacement)
    if len(entries) != len(model.couplings):
        allowed = f"a tuple of {len(model.couplings)} entries, one for each bath"
        return [Problem(key=key, value=displacement, allowed=allowed)]
    problems = []
    for j, (entry, coupling) in enumerate(zip(entries, model.couplings, strict=True)):
        name = key if len(entries) == 1 else f"{key}[{j}]"
        if entry is None:
            continue
        if not isinstance(entry, Sequence | np.ndarray) or isinstance(entry, str | bytes | bytearray):
            amplitudes_too = "" if coupling.frequencies is None else ", or a list of amplitudes <a_k>"
            wrong = number_problems(name, entry)
            problems += [
                replace(p, allowed=f"{p.allowed} x: the bath relaxed to <A> = x{amplitudes_too}") for p in wrong
            ]
            continue
        if coupling.frequencies is None:
            allowed = "a number x: the bath relaxed to the system's <A> = x, alpha_k = -x g_k/w_k"
            problems.append(
                Problem(
                    key=name,
                    value=entry,
                    allowed=allowed,
                    hint="amplitudes are for baths of finitely many modes, mode by mode: discrete densities, star cells",
                )
            )
            continue
        try:
            amplitudes = as_array(entry, key=name)
        except ValueError as error:
            problems += getattr(error, "problems", [])
            continue
        count, order = _modes_named(coupling)
        if amplitudes.shape != (count,):
            allowed = f"{count} amplitudes <a_k>, {order}"
            problems.append(Problem(key=name, value=entry, allowed=allowed))
    return problems


def _modes_named(coupling: Coupling) -> tuple[int, str]:
    """How many modes of a bath of finitely many the user may name, and in which order."""
    density = coupling.density
    if isinstance(density, chains.Discrete):
        return density.modes_given, "one for each mode in the order of the frequencies given"
    assert coupling.frequencies is not None
    return coupling.frequencies.size, "modes in ascending order of their frequency"


def displacements(model: Model, displacement: Any) -> Displacements:
    """The displacements that a user wrote, of which `displacement_problems` finds nothing wrong."""

    def one(entry: Any) -> Displacement | None:
        if entry is None:
            return None
        if isinstance(entry, int | float | np.number):
            return Relaxed(float(entry))
        return Amplitudes(as_array(entry, key="displacement"))

    return Displacements(tuple(one(entry) for entry in _per_bath(model, displacement)), written=displacement)


def _per_bath(model: Model, displacement: Any) -> tuple[Any, ...]:
    """A tuple is one entry for each bath; anything else belongs to the only one."""
    if displacement is None:
        return (None,) * len(model.couplings)
    return displacement if isinstance(displacement, tuple) else (displacement,)


def mean_force_problems(model: Model, algorithm: Algorithm) -> list[Problem]:
    """Why a model has no equilibrium to start from, or none that is prepared here."""
    key, problems = "initial", []
    if model.temperature is None:
        allowed = f"baths of one temperature, found {', '.join(f'{T:g}' for T in model.temperatures)}"
        problems.append(Problem(key=key, value=MEAN_FORCE, allowed=allowed))
    elif model.temperature == 0:
        hint = "imaginary time reaches temperatures > 0"
        problems.append(Problem(key=key, value=MEAN_FORCE, allowed="T > 0", hint=hint))
    if algorithm.bins:
        hint = "imaginary time needs the sites of a chain: chains.chain(...), and any other method"
        problems.append(Problem(key=key, value=MEAN_FORCE, allowed=f"a product start with {algorithm.name}", hint=hint))
    if not algorithm.any_start:
        hint = "its spare bond directions are chosen for a vacuum"
        problems.append(Problem(key=key, value=MEAN_FORCE, allowed=f"any method but {algorithm.name}", hint=hint))
    return problems


def name_problems(names: Iterable[str], *, key: str) -> list[Problem]:
    """What is wrong with the names of correlation functions: each makes the variables NAME, NAME_connected and NAME_error."""
    problems = []
    taken = {"t", "complex"}
    for name in names:
        own = {name, f"{name}_connected", f"{name}_error"}
        if not isinstance(name, str) or not NAME.fullmatch(name):
            problems.append(
                Problem(key=f"{key}.{name}", value=name, allowed="a name of letters, digits and underscores")
            )
        elif own & taken:
            allowed = f"a name that does not clash: {', '.join(sorted(own & taken))} is there already"
            problems.append(Problem(key=f"{key}.{name}", value=name, allowed=allowed))
        taken |= own
    return problems


def operator_pair(pair: Any, *, key: str, dimension: int | None) -> tuple[Matrix, Matrix]:
    """(O, O') as (d, d) matrices; ``dimension`` None: d is not known yet. Raises InvalidInput."""
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise InvalidInput([Problem(key=key, value=pair, allowed="two system operators, [O, O']")])
    problems: list[Problem] = []
    found: list[Matrix] = []
    for place, value in enumerate(pair):
        try:
            named = isinstance(value, str) and value in PAULI
            matrix = PAULI[value] if named else operator(value, key=f"{key}[{place}]", hermitian=False)
        except InvalidInput as error:
            problems += error.problems
            continue
        if dimension is not None and matrix.shape[0] != dimension:
            allowed = f"the size of the system {(dimension, dimension)}, found {matrix.shape}"
            problems.append(Problem(key=f"{key}[{place}]", value=value, allowed=allowed))
        found.append(matrix)
    raise_if_any(problems)
    return found[0], found[1]
