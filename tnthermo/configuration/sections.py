"""The configuration file's sections: which keys there are, what each may hold, what it defaults to.

One class for each ``[section]``; a key that is not here is an error. [spectral_density] is in `densities`, [drive] in `drives`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from chains.checks import sequence_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import ALGORITHMS, Algorithm, beyond, is_multiple, named
from tnthermo.configuration.cycle import CycleTable
from tnthermo.configuration.densities import DENSITIES, DENSITY_KINDS
from tnthermo.configuration.density import Density
from tnthermo.configuration.drives import DRIVE_SHAPES
from tnthermo.configuration.fields import (
    NEVER,
    AnyOperator,
    Count,
    Displacement,
    HermitianOperator,
    Interval,
    Levels,
    Modes,
    NotNegative,
    Number,
    Positive,
    Section,
    integer,
    number,
)
from tnthermo.evolution.arguments import MEAN_FORCE, name_problems, operator_pair
from tnthermo.evolution.grid import MOST_STEPS
from tnthermo.evolution.recording import Recording
from tnthermo.machine.atomic_files import PATIENCE
from tnthermo.model.coupling_kinds import COUPLING_KINDS, Kind
from tnthermo.model.observables import observables
from tnthermo.model.operators import STATES, Matrix, density_matrix, operator
from tnthermo.record.target import OFF, target_problems
from tnthermo.thermo.judged import column_problems
from tnthermo.units.units import Energy, Time, Units

WALL_TIME = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
EXCHANGE = 'kind = "exchange" couples any operator L, as L (x) C^dag + h.c.'


class UnitsTable(Section):
    """[units]: what the numbers of the file are in, and those of its result."""

    energy: Energy
    time: Time
    temperature: Energy | None = None

    def made(self) -> Units:
        """The units themselves."""
        return Units(self.energy, self.time, self.temperature)


class Bath(Section):
    """[bath], or each of [[bath]]."""

    in_temperature: ClassVar[tuple[str, ...]] = ("temperature",)
    temperature: NotNegative
    modes: Modes = "auto"
    levels: Levels = "auto"
    route: Literal["auto", "single-chain", "two-chains", "star-cells", "time-bins"] = "auto"
    allow_reflection: bool = False
    displacement: Displacement | None = None

    def chains(self, kind: Kind) -> int:
        """How many chains hold this bath: two for a warm exchange coupling (one thermal chain holds X, not C), and where asked for.

        Of star cells: how many sites a cell has.
        """
        asked = self.route in ("two-chains", "star-cells")
        return 2 if self.temperature > 0 and (asked or COUPLING_KINDS[kind].needs_pair(self.temperature)) else 1

    def refuses(self, kind: Kind) -> bool:
        """Whether the route asked for cannot hold a coupling of this kind."""
        return self.route == "single-chain" and COUPLING_KINDS[kind].needs_pair(self.temperature)


class System(Section):
    hamiltonian: HermitianOperator
    initial: Any = "+z"
    normalise: bool = False

    def matrix(self) -> Matrix:
        """H_S, (d, d)."""
        return operator(self.hamiltonian, key="system.hamiltonian")

    def rho(self) -> Matrix | None:
        """The initial density matrix (d, d), or None for the mean-force state."""
        if self.initial == MEAN_FORCE:
            return None
        return density_matrix(self.initial, dimension=self.matrix().shape[0], key="initial", normalise=self.normalise)

    @model_validator(mode="after")
    def _initial_state(self) -> System:
        try:
            self.rho()
        except InvalidInput as error:
            if not isinstance(self.initial, str) or self.initial in STATES:
                raise
            hint = f'the equilibrium of system and bath together is "{MEAN_FORCE}"'
            raise InvalidInput([replace(p, hint=p.hint or hint) for p in error.problems]) from None
        return self


class Coupling(Section):
    operator: AnyOperator
    kind: Kind = "hermitian"

    def matrix(self) -> Matrix:
        """A or L, (d, d)."""
        return operator(self.operator, key="operator", hermitian=COUPLING_KINDS[self.kind].hermitian)

    @model_validator(mode="after")
    def _hermitian(self) -> Coupling:
        try:
            self.matrix()
        except InvalidInput as error:
            hints = ["; ".join(part for part in (p.hint, EXCHANGE) if part) for p in error.problems]
            raise InvalidInput([replace(p, hint=h) for p, h in zip(error.problems, hints, strict=True)]) from None
        return self


class Evolution(Section):
    in_time: ClassVar[tuple[str, ...]] = ("until", "step", "record_every")
    until: NotNegative
    method: Literal["tdvp", "tdvp1", "tdvp2", "tebd", "exact", "time-bins"] = "tdvp"
    step: Positive = Algorithm.step
    record_every: Positive | None = None
    tolerance: Positive = Algorithm.tolerance
    max_bond: Count | None = None
    order: Annotated[int, integer(at_least=2)] | None = None
    taper: NotNegative | None = None
    bond: Count | None = None
    layout: Literal["auto", "middle", "interleaved"] = "auto"

    def algorithm(self) -> Algorithm:
        """The frozen settings of the method; raises InvalidInput for a value it refuses or a key it does not have."""
        common: dict[str, Any] = {"step": self.step, "tolerance": self.tolerance}
        kind = named(self.method)
        if self.max_bond is not None or kind.max_bond is not None:  # one without a cap refuses it itself
            common["max_bond"] = self.max_bond
        problems = []
        own = {key: value for key in ("order", "taper", "bond") if (value := getattr(self, key)) is not None}
        for key, value in own.items():
            have = [one.name for one in ALGORITHMS if hasattr(one, key)]
            if self.method not in have:
                hint = "did you mean max_bond?" if key == "bond" else ""
                problems.append(Problem(key=key, value=value, allowed=f"method {' | '.join(have)} only", hint=hint))
        raise_if_any(problems)
        return kind(**common, **own)

    @model_validator(mode="after")
    def _consistent(self) -> Evolution:
        problems: list[Problem] = []
        try:
            self.algorithm()
        except InvalidInput as error:
            problems += error.problems
        if self.until > MOST_STEPS * self.step:
            allowed = f"at most {MOST_STEPS} steps; until / step is {self.until / self.step if self.step > 1e-200 else math.inf:.3g}"
            problems.append(Problem(key="until", value=self.until, allowed=allowed))
        chosen = "method" in self.model_fields_set and not named(self.method).bins
        if "step" in self.model_fields_set or chosen:  # else it may be one that suits
            problems += self.record_problems()
        raise_if_any(problems)
        return self

    def record_problems(self) -> list[Problem]:
        """What is wrong with record_every beside the step."""
        problems: list[Problem] = []
        if self.record_every is not None and not is_multiple(self.record_every, self.step):
            ratio = self.record_every / self.step
            near = max(1, round(ratio)) * self.step if math.isfinite(ratio) else self.step
            allowed = f"a multiple of evolution.step = {self.step:g}"
            problems.append(
                Problem(key="record_every", value=self.record_every, allowed=allowed, hint=f"nearest: {near:g}")
            )
        elif self.record_every is not None and beyond(self.record_every, self.until, self.step):
            hint = f"leave it out to record every step, evolution.step = {self.step:g}"
            allowed = f"at most evolution.until = {self.until:g}"
            problems.append(Problem(key="record_every", value=self.record_every, allowed=allowed, hint=hint))
        return problems


class Thermodynamics(Section):
    in_time: ClassVar[tuple[str, ...]] = ("bath_entropy_every",)
    alpha_S: Number = 0.5
    bath_entropy: Literal["auto", "exact", "bracket", "off"] = "auto"
    bath_entropy_every: Interval | None = None
    bath_entropy_max_bond: Annotated[int, Field(ge=2)] | None = None
    bath_entropy_accuracy: Positive | None = None


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput([Problem(key="", value=value, allowed="a table of names")])
    return value


def _observables(value: Any) -> Any:
    """What can be said of them before the system is known; the rest is said in `configuration.checks`."""
    try:
        observables(_table(value), dimension=None)
    except InvalidInput as error:
        raise InvalidInput([replace(p, key=p.key.removeprefix("observables.")) for p in error.problems]) from None
    return value


def _two_time(value: Any) -> Any:
    """The same for pairs of operators."""
    problems = name_problems(_table(value), key="")
    for name, pair in value.items():
        try:
            operator_pair(pair, key=f".{name}", dimension=None)
        except InvalidInput as error:
            problems += error.problems
    raise_if_any(problems)
    return value


class Record(Section):
    """[record]: what is measured beside the ledger's own columns; `recording` hands it to `tnthermo.evolve`."""

    in_time: ClassVar[tuple[str, ...]] = ("occupation_every", "variance_every", "correlations_every")
    occupation_every: Interval | None = None
    variance_every: Interval | None = None
    correlations_every: Interval = NEVER
    observables: Annotated[dict[str, Any], BeforeValidator(_observables)] = Field(default_factory=dict)
    two_time: Annotated[dict[str, Any], BeforeValidator(_two_time)] = Field(default_factory=dict)

    def recording(self, record_every: float | None, entropy: Thermodynamics) -> Recording:
        """What is to be recorded, with what other sections say of it."""
        return Recording(
            record_every=record_every,
            occupation_every=_number(self.occupation_every),
            variance_every=_number(self.variance_every),
            correlations_every=_number(self.correlations_every),
            observables=dict(self.observables),
            bath_entropy=entropy.bath_entropy,
            bath_entropy_every=_number(entropy.bath_entropy_every),
            bath_entropy_max_bond=entropy.bath_entropy_max_bond,
            bath_entropy_accuracy=entropy.bath_entropy_accuracy,
        )


def _number(interval: Any) -> float | None:
    return None if interval is None else math.inf if interval == NEVER else float(interval)


class Run(Section):
    """[run]; checkpoint_every in seconds (none: by what saving costs), storage_patience: seconds for which a full disk is waited for."""

    strict: bool = False
    error_bars: bool = True
    checkpoint_every: NotNegative | None = None
    storage_patience: NotNegative = PATIENCE


def _target(value: Any) -> Any:
    if value == OFF:
        return value
    problems = target_problems(value, key="")
    if not problems and isinstance(value, Mapping):
        problems = [p for p in column_problems(value, key="") if "." not in p.key[1:]]
    raise_if_any([replace(p, key=p.key.removeprefix(".")) for p in problems])
    return value


def _seconds(value: Any) -> Any:
    """A time in seconds, or a text such as "90 s", "2h"."""
    allowed = 'a number of seconds > 0, or a text: "90 s", "30 min", "2h", "1 d"'
    seconds = value
    if isinstance(value, str):
        found = re.fullmatch(r"\s*([0-9.]+)\s*(s|min|h|d)\s*", value)
        try:
            seconds = float(found[1]) * WALL_TIME[found[2]] if found else math.nan
        except ValueError:
            seconds = math.nan
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise InvalidInput([Problem(key="", value=value, allowed=allowed)])
    return float(seconds)


class Accuracy(Section):
    """[accuracy]: how exact the numbers are to be, and how they are checked beyond the error bars of [run]."""

    target: Annotated[Any, BeforeValidator(_target)] = None
    max_time: Annotated[float, BeforeValidator(_seconds)] | None = None
    check_route: bool = False


def _factors(value: Any) -> Any:
    problems = [replace(p, key=p.key.removeprefix("_")) for p in sequence_problems("_", value)]
    if not problems:
        allowed = "positive factors of J, each once"
        if not value or any(not factor > 0 for factor in value) or len(set(value)) < len(value):
            problems.append(Problem(key="", value=value, allowed=allowed))
    raise_if_any(problems)
    return [float(factor) for factor in value]


class LawScan(Section):
    """[laws]: the coupling strengths that `tnthermo laws` goes through; it does not enter a run."""

    couplings: Annotated[list[float], BeforeValidator(_factors)] = Field(default_factory=lambda: [0.01, 0.1, 1.0])
    resolution: Annotated[float, number(above=0.0), Field(lt=1.0)] = 0.05


SECTIONS: Mapping[str, type[Section] | TypeAdapter[Density] | None] = {
    "spectral_density": DENSITIES,
    "bath": Bath,
    "system": System,
    "coupling": Coupling,
    "drive": None,  # its keys are the user's: `configuration.drives`
    "cycle": CycleTable,
    "evolution": Evolution,
    "thermodynamics": Thermodynamics,
    "record": Record,
    "run": Run,
    "accuracy": Accuracy,
    "laws": LawScan,
    "units": UnitsTable,
}
OF_A_BATH = ("spectral_density", "bath", "coupling")
REQUIRED = ("spectral_density", "bath", "system", "coupling", "evolution")


def known_keys(section: str, tag: object = None) -> list[str]:
    """The keys of a section; of [spectral_density] and of a drive those of the kind or shape ``tag``, or of all when that is unknown."""
    tagged: Mapping[str, type[Section]] = {"spectral_density": DENSITY_KINDS, "drive": DRIVE_SHAPES}.get(section, {})  # type: ignore[assignment]
    if tagged:
        kinds = [tagged[tag]] if isinstance(tag, str) and tag in tagged else list(tagged.values())
        return sorted({key for each in kinds for key in each.model_fields})
    model = SECTIONS[section]
    assert isinstance(model, type)
    return list(model.model_fields)
