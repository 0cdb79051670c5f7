"""Checks of the arguments that every evolution has: the model, the method, the clock, levels, switches and callables.

The same words as a configuration file gets; each check returns the problems found, so that all of them are reported at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chains.checks import flag_problems, instance_problems, integer_problems, number_problems
from chains.problems import Problem
from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact, is_multiple
from tnthermo.local import HIGHEST_LEVEL
from tnthermo.model import Model

MOST_STEPS = 10_000_000


def model_problems(model: object) -> list[Problem]:
    """What keeps ``model`` from being a model."""
    return instance_problems("model", model, Model, "a model of tnthermo.SpinBoson, JaynesCummings or assemble")


def algorithm_problems(algorithm: object) -> list[Problem]:
    """What keeps ``algorithm`` from being one that can be run."""
    return instance_problems(
        "algorithm", algorithm, TDVP | TDVP1 | TDVP2 | TEBD | Exact, "TDVP(...), TDVP1, TDVP2, TEBD or Exact"
    )


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
    """What keeps ``keeper`` from being one: it has the methods of `tnthermo.run.Keeper`."""
    names = ("load", "look", "after_step")
    if keeper is None or (
        not isinstance(keeper, type) and all(callable(getattr(keeper, name, None)) for name in names)
    ):
        return []
    return [Problem(key="keeper", value=keeper, allowed=f"an object with the methods {', '.join(names)}, or none")]
