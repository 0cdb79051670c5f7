"""What a run evaluates before its first step, evaluated while its configuration is checked.

Values that are right one by one may together leave what double precision, or a life time, can hold: a coherent state of more quanta than
levels, exp(-w/T) of a soft mode, imaginary time at a very low temperature. Whatever fails here would fail in the run.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chains import ChainNotConverged
from chains.checks import LARGEST
from chains.problems import InvalidInput, Problem
from tnthermo.algorithms import Algorithm
from tnthermo.bath_entropy.choice import choose, states_of_exact
from tnthermo.configuration.checks import in_its_bath
from tnthermo.configuration.read import Tables
from tnthermo.engines.exact import check_size
from tnthermo.evolution.displacement import Displacements
from tnthermo.evolution.start import MOST_IMAGINARY, imaginary_steps, prepare
from tnthermo.model.model import Model
from tnthermo.model.modes import mode_functions
from tnthermo.model.operators import Matrix
from tnthermo.model.representation import represented
from tnthermo.network.blocks import Levels

LARGEST_PHASE = 1e6
"""A step times the fastest term: beyond it nothing that is computed says anything, and a dense step takes hours."""
MANY = 200
"""Sites whose physical modes are looked at in passing: those of a thousand take a minute, and what fails for them fails for fewer."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One thing that a run evaluates at t = 0: under which key it is found fault with, and the value there."""

    key: str
    value: object
    evaluate: Callable[[], object]


def start_problems(
    tables: Tables, model: Model, algorithm: Algorithm, *, rho: Matrix | None, levels: Levels, displaced: Displacements
) -> list[Problem]:
    """What keeps the run of a model from starting: everything that ends in an error, or in a number that is not finite, as a problem.

    rho  (d, d) of a product start, None for the mean-force state
    """
    until = tables.made["evolution"].until
    found = [problem for stage in energies(tables, model, until) for problem in failing(stage)]
    found = found or phase_problems(tables, model, algorithm, until)
    if found:  # what follows is made of these
        return found
    for stage in states(tables, model, algorithm, rho=rho, levels=levels, displaced=displaced):
        found += failing(stage)
    return found


def failing(stage: Stage) -> list[Problem]:
    """What goes wrong when a stage is evaluated."""
    allowed = "values with which the run can start"
    hint = "are all values in the same units and of sensible size?"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # numpy's words for a number that is not finite
            stage.evaluate()
    except InvalidInput as error:
        return list(error.problems)
    except ChainNotConverged as error:
        return [Problem(key=stage.key, value=stage.value, allowed=str(error))]
    except (
        ArithmeticError,
        ValueError,
        TypeError,
        IndexError,
        MemoryError,
        np.linalg.LinAlgError,
        RuntimeWarning,
    ) as error:
        allowed += f"; found {type(error).__name__}: {str(error) or 'out of memory'}"
        return [Problem(key=stage.key, value=stage.value, allowed=allowed, hint=hint)]
    return []


def finite(*values: Any) -> None:
    """Raises FloatingPointError unless all these are finite, with room for a square."""
    for value in values:
        if not np.all(np.abs(value) <= LARGEST):
            raise FloatingPointError(f"an energy of {np.max(np.abs(value)):.3g}")


def energies(tables: Tables, model: Model, until: float) -> list[Stage]:
    """The numbers of the Hamiltonian: drives at both ends of the run and in its middle, chains, local terms."""
    times = np.array([0.0, until / 2, until])
    drives = tables.get("drive")
    stages = [
        Stage(
            key=f"drive.{name}",
            value=drives.entries[name].model_dump(exclude_none=True),
            evaluate=lambda drive=drive: finite(drive.value(times), drive.slope(times)),  # type: ignore[misc]
        )
        for name, drive in ({} if drives is None else drives.made).items()
    ]
    for keys, coupling in zip(tables.baths, model.couplings, strict=True):
        stages.append(
            Stage(
                key=keys.spectral_density,
                value=tables.made[keys.spectral_density].kind,
                evaluate=lambda bath=coupling: finite(
                    *(v for c in bath.chains for v in (c.coupling, c.frequencies, c.hoppings))
                ),  # type: ignore[misc]
            )
        )
        stages.append(
            Stage(
                key=f"{keys.coupling}.operator",
                value=tables.made[keys.coupling].operator,
                evaluate=lambda bath=coupling: finite(
                    *(np.linalg.norm(bath.operator, 2) * k for k in bath.local_strengths)
                ),  # type: ignore[misc]
            )
        )
    whole = Stage(
        key="system.hamiltonian",
        value=tables.made["system"].hamiltonian,
        evaluate=lambda: finite(
            np.linalg.norm(model.hamiltonian, 2), model.hamiltonian_at(times), model.strengths(times), model.commutators
        ),
    )
    return [*stages, whole]


def fastest(model: Model, until: float) -> float:
    """The largest local energy at either end of the run: of the system, of a coupling, of a site or a hopping."""
    times = np.array([0.0, until])
    strengths = np.abs(model.strengths(times)).max(axis=0)
    kappas = [
        max(coupling.local_strengths) * float(np.linalg.norm(coupling.operator, 2)) for coupling in model.couplings
    ]
    sizes = [float(np.abs(model.hamiltonian_at(times)).max())]
    sizes += [float(f) * kappas[channel.bath] for channel, f in zip(model.channels, strengths, strict=True)]
    sizes += [float(np.abs(part).max(initial=0.0)) for c in model.chains for part in (c.frequencies, c.hoppings)]
    return max(sizes)


def phase_problems(tables: Tables, model: Model, algorithm: Algorithm, until: float) -> list[Problem]:
    """A step in which the fastest term turns so often that no method follows it."""
    step = min(algorithm.step, until)
    phase = step * fastest(model, until)
    if phase <= LARGEST_PHASE:
        return []
    allowed = f"a step in which the fastest local term, {phase / step:.3g}, turns by at most {LARGEST_PHASE:g}; found {phase:.3g}"
    hint = "are all energies in the same units?"
    return [Problem(key="evolution.step", value=algorithm.step, allowed=allowed, hint=hint)]


def states(
    tables: Tables, model: Model, algorithm: Algorithm, *, rho: Matrix | None, levels: Levels, displaced: Displacements
) -> list[Stage]:
    """The start itself, the modes of the baths, and how the entropy of the bath is measured."""
    evolution, entropy = tables.made["evolution"], tables.get("thermodynamics")
    density = tables.baths[0].spectral_density
    stages = []
    if algorithm.bins:
        stages.append(
            Stage(key=density, value=tables.made[density].kind, evaluate=lambda: finite_field(model, evolution.until))
        )
    elif displaced.any or model.sites <= MANY:
        stages.append(Stage(key=density, value=tables.made[density].kind, evaluate=lambda: finite_modes(model)))
    if rho is None:
        temperature = f"{tables.baths[0].bath}.temperature"
        stages.append(
            Stage(key=temperature, value=model.temperature, evaluate=lambda: reached(model, algorithm, temperature))
        )
    else:
        key = "system.initial" if not displaced.any else f"{tables.baths[0].bath}.displacement"
        value = displaced.written if displaced.any else tables.made["system"].initial

        def start() -> None:
            try:
                prepared = prepare(model, rho, algorithm, levels, displaced, evolution.until)
            except InvalidInput as error:
                raise InvalidInput([replace(p, key=in_its_bath(p.key, tables)) for p in error.problems]) from None
            if algorithm.dense:
                check_size(math.prod(tensor.shape[1] for tensor in prepared.state.tensors))

        stages.append(Stage(key=key, value=value, evaluate=start))
    if entropy is not None:
        most = entropy.bath_entropy_max_bond

        def chosen() -> None:
            how = choose(model, entropy.bath_entropy, rho=rho, most=most, bins=algorithm.bins)
            if how is not None and how.frame is not None:
                states_of_exact(how.frame, most)

        stages.append(Stage(key="thermodynamics.bath_entropy", value=entropy.bath_entropy, evaluate=chosen))
    return stages


def finite_modes(model: Model) -> None:
    """Raises where the physical modes behind the sites have no finite occupation or weight."""
    for modes in mode_functions(model):
        finite(modes.frequencies, modes.positive, modes.negative, modes.cosh, modes.sinh)


def finite_field(model: Model, until: float) -> None:
    """Raises where the free modes of the baths have no finite frequencies or couplings, or are too many."""
    for coupling in model.couplings:
        try:
            for part in represented(coupling.bath).branches(until):
                finite(part.frequencies, part.couplings)
        except InvalidInput as error:
            raise InvalidInput(
                [replace(p, key=p.key.replace("longest_time", "evolution.until")) for p in error.problems]
            ) from None


def reached(model: Model, algorithm: Algorithm, key: str) -> None:
    """Raises where imaginary time to 1/(2 T) would take more steps than anyone waits for."""
    steps = imaginary_steps(model, algorithm)
    if not steps <= MOST_IMAGINARY:
        count = f"{steps:.3g}" if math.isfinite(steps) else "more than can be counted"
        allowed = f"a temperature that at most {MOST_IMAGINARY} steps of imaginary time reach; this one takes {count}"
        raise InvalidInput([Problem(key=key, value=model.temperature, allowed=allowed)])
