"""A run as one TOML file: read and checked as a whole, then resolved into a model, an algorithm and the keywords of `evolve`.

`load_config` looks at every key; `resolve` makes the chain and looks at what the keys mean together. Both raise
:class:`chains.InvalidInput` with all problems at once; what is legal but doubtful comes back as notes.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

import chains
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import Algorithm
from tnthermo.config_limits import adapted_bond, memory_problems
from tnthermo.config_read import joined, read_sections
from tnthermo.config_schema import Bath, Coupling, Density, Evolution, Record, Run, System, Thermodynamics
from tnthermo.config_text import Values, fingerprint, to_toml
from tnthermo.local import Matrix, purify
from tnthermo.model import Model, SpinBoson

LARGE_BOND = 150  # beyond it an uncapped run takes hours
SCHEMA = 1
"""Version of the configuration's meaning; part of the fingerprint."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something the user should know: a "warning" is legal but doubtful, a "note" says what was done."""

    level: Literal["note", "warning"]
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.key}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class Config:
    """A configuration whose keys are all right, each section by itself and in what two of them say about each other."""

    path: Path
    spectral_density: Density
    bath: Bath
    system: System
    coupling: Coupling
    evolution: Evolution
    thermodynamics: Thermodynamics
    record: Record
    run: Run

    @property
    def folder(self) -> Path:
        """Where relative file names start."""
        return self.path.absolute().parent


@dataclass(frozen=True, kw_only=True, eq=False)
class Resolved:
    """Everything a run needs, nothing left open.

    initial   density matrix (d, d)
    values    every key with its value, defaults and "auto" filled in
    text      the same as a TOML file that can be run again
    hash      SHA-256 of what decides the numbers (physics and numerics, not `until`, `max_bond`, `strict`)
    """

    model: Model
    algorithm: Algorithm
    initial: Matrix
    until: float
    record_every: float
    occupation_every: float | None
    levels: str | int | list[int]
    alpha_S: float
    bath_entropy: str
    error_bars: bool
    strict: bool
    notes: tuple[Note, ...]
    values: Values
    text: str
    hash: str

    def evolve_keywords(self) -> dict[str, Any]:
        """Keywords of :func:`tnthermo.evolve` after the model."""
        return {
            "initial": self.initial,
            "algorithm": self.algorithm,
            "until": self.until,
            "record_every": self.record_every,
            "levels": self.levels,
            "occupation_every": self.occupation_every,
            "error_bars": self.error_bars,
        }


def load_config(path: str | Path) -> Config:
    """Read and check a configuration file. Raises :class:`chains.InvalidInput` with every problem of it."""
    path = Path(path)
    sections, problems = read_sections(path)
    problems += mutual_problems(sections)
    made = {name: sections[name] for name in ("spectral_density", "bath", "evolution") if name in sections}
    if problems and len(made) == 3:  # the chain's own problems belong to the list; without others `resolve` finds them
        try:
            make_chain(*made.values(), folder=path.absolute().parent)  # type: ignore[arg-type]
        except InvalidInput as error:
            problems += error.problems
    raise_if_any(problems)
    optional = {"thermodynamics": Thermodynamics(), "record": Record(), "run": Run()}
    return Config(path=path, **{**optional, **sections})  # type: ignore[arg-type]


def mutual_problems(sections: dict[str, Any]) -> list[Problem]:
    """What two sections say about each other, as far as both are right by themselves."""
    problems = []
    system, coupling, bath, density = (sections.get(key) for key in ("system", "coupling", "bath", "spectral_density"))
    if system and coupling and system.matrix().shape != coupling.matrix().shape:
        shapes = f"the shape of system.hamiltonian {system.matrix().shape}, found {coupling.matrix().shape}"
        problems.append(Problem(key="coupling.operator", value=coupling.operator, allowed=shapes))
    if bath and density and density.kind == "discrete" and bath.modes != "auto":
        hint = "leave it out: a discrete density has as many modes as frequencies"
        problems.append(Problem(key="bath.modes", value=bath.modes, allowed='"auto" for a discrete density', hint=hint))
    if bath and isinstance(bath.levels, list) and isinstance(bath.modes, int) and len(bath.levels) != bath.modes:
        allowed = f"as many entries as bath.modes = {bath.modes}, found {len(bath.levels)}"
        problems.append(Problem(key="bath.levels", value=bath.levels, allowed=allowed))
    thermodynamics = sections.get("thermodynamics")
    if bath and thermodynamics and thermodynamics.bath_entropy == "exact" and bath.temperature > 0:
        hint = 'not available in this version at T > 0; use "auto" or "bracket" for the two-sided bounds'
        problems.append(
            Problem(
                key="thermodynamics.bath_entropy", value="exact", allowed="auto | bracket | off at T > 0", hint=hint
            )
        )
    return problems


def make_chain(density: Density, bath: Bath, evolution: Evolution, *, folder: Path) -> tuple[chains.Chain, list[Note]]:
    """The bath's chain, checked against the light cone: bad_inputs "chain too short". Raises InvalidInput."""
    made = density.make(folder)
    discrete = isinstance(made, chains.Discrete)
    tolerance = min(max(evolution.tolerance, 1e-12), 0.1)  # what `chains` accepts: C(t) itself is known to about 1e-13
    chosen = automatic_cut(made, density, bath, tolerance)
    cut = density.cut if chosen is None else {"support": chosen}
    reach: dict[str, Any] = {
        "temperature": bath.temperature,
        "until": evolution.until,
        "tolerance": tolerance,
        **cut,
    }
    common: dict[str, Any] = {"temperature": bath.temperature, **density.discretisation, **cut}
    try:
        with warnings.catch_warnings():
            # numbers out of range: said below, not by numpy on the user's screen
            warnings.simplefilter("error", RuntimeWarning)
            if discrete:
                chain = chains.chain(made, **common)
            else:
                length = bath.modes if isinstance(bath.modes, int) else max(needed_modes(made, reach))
                chain = chains.chain(made, length, **common)
    except InvalidInput as error:
        places = {"length": "bath.modes", "temperature": "bath.temperature", "until": "evolution.until"}
        keys = [places.get(p.key, joined("spectral_density", p.key)) for p in error.problems]
        raise InvalidInput([replace(p, key=key) for p, key in zip(error.problems, keys, strict=True)]) from None
    except chains.ChainNotConverged as error:
        hint = f"set spectral_density.resolution = {error.advised_resolution}, or take fewer modes"
        raise InvalidInput(
            [Problem(key="spectral_density", value=density.kind, allowed=str(error), hint=hint)]
        ) from None
    except (ArithmeticError, ValueError, np.linalg.LinAlgError, RuntimeWarning) as error:
        allowed = f"parameters whose chain double precision can hold; found {type(error).__name__}: {error}"
        hint = "are temperature, cutoff, exponent and until in the same units and of sensible size?"
        raise InvalidInput([Problem(key="spectral_density", value=density.kind, allowed=allowed, hint=hint)]) from None
    notes = [Note(level="note", key="bath", text=text) for text in (*getattr(made, "notes", ()), *chain.notes)]
    if isinstance(bath.levels, list) and len(bath.levels) != chain.length:
        allowed = f"as many entries as the chain has sites, {chain.length}; found {len(bath.levels)}"
        raise InvalidInput([Problem(key="bath.levels", value=bath.levels, allowed=allowed)])
    if not discrete and bath.modes != "auto":
        notes += light_cone_notes(made, chain, reach, allow_reflection=bath.allow_reflection)
    return chain, notes


def automatic_cut(made: Any, density: Density, bath: Bath, tolerance: float) -> float | None:
    """Where to cut a weight without an end, for a chain whose length is chosen too: a tenth of the tolerance of int J lies beyond.

    The fast modes beyond move C(t) by less than the tolerance, but cost sites, a faster front and a smaller step. None: nothing to cut.
    """
    ends = isinstance(made, chains.Discrete) or math.isfinite(made.support[1])
    if ends or bath.modes != "auto" or density.cut.get("support") is not None:
        return None
    return float(made.truncation(0.1 * tolerance))


def light_cone_notes(density: Any, chain: chains.Chain, reach: dict[str, Any], *, allow_reflection: bool) -> list[Note]:
    """Whether a chain of given length is long enough; raises InvalidInput if the system feels its end, unless that is allowed."""
    until, tolerance = reach["until"], reach["tolerance"]
    if allow_reflection:
        back = chains.light_cone_time(chain, tolerance)
        text = f"the system feels the end of the chain from t = {back:.4g} on, allowed by bath.allow_reflection"
        return [Note(level="warning", key="bath.modes", text=text)] if back < until else []
    felt, reached = needed_modes(density, reach)
    if chain.length < felt:
        back = chains.light_cone_time(chain, tolerance)
        allowed = f">= {felt}: the reflection from the chain's end is back at the system at t = {back:.4g}"
        hint = f'{max(felt, reached)} sites also keep the front off the end; "auto" finds it; bath.allow_reflection = true runs it anyway'
        raise InvalidInput([Problem(key="bath.modes", value=chain.length, allowed=allowed, hint=hint)])
    if chain.length < reached:
        front = chains.front_time(chain, math.sqrt(tolerance))
        text = f"the front reaches the end of the chain at t = {front:.4g}; the system does not feel it ({reached} sites avoid it)"
        return [Note(level="warning", key="bath.modes", text=text)]
    return []


def needed_modes(density: Any, reach: dict[str, Any]) -> tuple[int, int]:
    """Lengths of the shortest chains whose end the system does not feel, and whose last site stays empty to the tolerance."""
    felt = chains.required_length(density, **reach)
    reached = chains.required_length_front(density, **{**reach, "tolerance": math.sqrt(reach["tolerance"])})
    return felt, reached


def resolve(config: Config) -> Resolved:
    """Make model and algorithm, fill in what was left to "auto". Raises :class:`chains.InvalidInput`."""
    system, evolution, bath = config.system, config.evolution, config.bath
    chain, notes = make_chain(config.spectral_density, bath, evolution, folder=config.folder)
    model = SpinBoson(hamiltonian=system.matrix(), coupling=config.coupling.matrix(), bath=chain)
    algorithm, rho = evolution.algorithm(), system.rho()
    raise_if_any(memory_problems(model, algorithm, bath.levels, purify(rho).shape[1]))
    notes += doubts(config, model)
    if config.run.strict:
        warnings = [note for note in notes if note.level == "warning"]
        raise_if_any(
            [
                Problem(key=note.key, value="doubtful", allowed=note.text, hint="run.strict = true refuses it")
                for note in warnings
            ]
        )
    record_every = evolution.record_every or evolution.step
    values = resolved_values(config, chain, algorithm, record_every)
    digest = fingerprint(physics_values(config, model, values))
    comments = (
        "tnthermo: the resolved configuration of this folder's run",
        f"sha256 {digest}",
        *(str(note) for note in notes),
    )
    return Resolved(
        model=model,
        algorithm=algorithm,
        initial=rho,
        until=evolution.until,
        record_every=record_every,
        occupation_every=config.record.occupation_every,
        levels=bath.levels,
        alpha_S=config.thermodynamics.alpha_S,
        bath_entropy=config.thermodynamics.bath_entropy,
        error_bars=config.run.error_bars,
        strict=config.run.strict,
        notes=tuple(notes),
        values=values,
        text=to_toml(values, comments=comments),
        hash=digest,
    )


def doubts(config: Config, model: Model) -> list[Note]:
    """What is legal but doubtful, and what is done about a last step that does not fit."""
    notes = []
    evolution, temperature = config.evolution, config.bath.temperature
    h = model.hamiltonian
    splitting = float(np.ptp(np.linalg.eigvalsh(h)))
    cutoff = getattr(config.spectral_density, "cutoff", None)
    if cutoff is not None and cutoff < splitting:
        text = (
            f"{cutoff:g} is below the system's largest splitting {splitting:.4g}: the bath cannot absorb such a quantum"
        )
        notes.append(Note(level="warning", key="spectral_density.cutoff", text=text))
    if cutoff is not None and temperature > 10 * cutoff:
        quanta = temperature / cutoff
        need = f"a mode at the cutoff holds {quanta:.3g} quanta, about {16 * quanta:.3g} levels for 1e-7"
        text = f"T/cutoff = {quanta:.4g}: is T in kelvin? If not, {need}"
        notes.append(Note(level="warning", key="bath.temperature", text=text))
    scale = max(
        float(np.abs(h).max()),
        model.bath.coupling * float(np.linalg.norm(model.coupling, 2)),
        float(np.abs(model.bath.hoppings).max(initial=0.0)),
    )
    order = getattr(evolution.algorithm(), "order", None)
    if order is not None and scale * evolution.step > 1:
        phase = min(scale * evolution.step, 1e50)
        text = (
            f"too large: strongest local term {scale:.3g} x step = {phase:.3g} > 1, local error about {phase ** (order + 1):.2g}; "
            f"a step near {0.5 / scale:.2g} is more accurate and often faster, because bonds and levels stay small"
        )
        notes.append(Note(level="warning", key="evolution.step", text=text))
    expected = adapted_bond(model.bath, tolerance=evolution.tolerance, until=evolution.until)
    if evolution.method == "tdvp" and evolution.max_bond is None and expected > LARGE_BOND:
        text = f"without a cap the bond may grow to about {expected} by t = {evolution.until:g}; 16 to 48 is enough for most ledgers"
        notes.append(Note(level="warning", key="evolution.max_bond", text=text))
    steps = evolution.until / evolution.step
    if evolution.until > 0 and not math.isclose(steps, round(steps), rel_tol=1e-9):
        last = evolution.until - math.floor(steps) * evolution.step
        text = f"until = {evolution.until:g} is no multiple of step = {evolution.step:g}: the last step is shortened to {last:.6g}"
        notes.append(Note(level="note", key="evolution.until", text=text))
    return notes


def resolved_values(config: Config, chain: chains.Chain, algorithm: Algorithm, record_every: float) -> Values:
    """All keys as they are used; the result of `load_config` on them resolves to the same run."""
    section = config.spectral_density
    if config.bath.modes == "auto" and section.kind != "discrete" and math.isinf(chain.density.support[1]):
        section = section.model_copy(update={"support": chain.support[1]})  # chosen together with the number of modes
    density = section.model_dump(exclude_none=True)
    if "file" in density:
        density["file"] = str((config.folder / density["file"]).absolute())
    bath = config.bath.model_dump()
    if config.spectral_density.kind == "discrete":
        del bath["modes"]
    else:
        bath["modes"] = chain.length
    bath["route"] = "single-chain"
    evolution = config.evolution.model_dump()
    evolution |= {
        "record_every": record_every,
        "order": getattr(algorithm, "order", None),
        "bond": getattr(algorithm, "bond", None),
    }
    return {
        "spectral_density": density,
        "bath": bath,
        "system": config.system.model_dump(),
        "coupling": config.coupling.model_dump(),
        "evolution": evolution,
        "thermodynamics": config.thermodynamics.model_dump(),
        "record": config.record.model_dump(),
        "run": config.run.model_dump(),
    }


def physics_values(config: Config, model: Model, values: Values) -> Values:
    """The same with operators and states as matrices and a table as its data: two spellings of one run are one run."""
    density = dict(values["spectral_density"])
    if "file" in density:
        table = model.bath.density
        density["file"] = [np.asarray(table.frequencies).tolist(), np.asarray(table.values).tolist()]  # type: ignore[union-attr]
    return {
        **values,
        "schema": {"version": SCHEMA},
        "spectral_density": density,
        "system": {"hamiltonian": _entries(model.hamiltonian), "initial": _entries(config.system.rho())},
        "coupling": {"kind": config.coupling.kind, "operator": _entries(model.coupling)},
    }


def _entries(matrix: Matrix) -> list[Any]:
    """Real and imaginary parts in nested lists, without negative zeros."""
    parts = np.stack([matrix.real, matrix.imag], axis=-1) + 0.0
    return list(parts.tolist())
