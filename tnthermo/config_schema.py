"""The configuration file's sections: which keys there are, what each may hold, what it defaults to.

One class for each ``[section]``; a key that is not here is an error. The checks of single values are those of ``chains.checks`` and
``tnthermo.local``, so that a file and the Python interface refuse the same things with the same words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

import chains
from chains.checks import integer_problems, number_problems, sequence_problems
from chains.light_cone import LONGEST_CHAIN
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact, is_multiple
from tnthermo.local import Matrix, density_matrix, operator

MOST_STEPS = 10_000_000
UNITS = "numbers carry no unit: hbar = k_B = 1, one energy unit for everything (often the cutoff); convert first"


def text_hint(text: str) -> str:
    """Why a text is not accepted where a number is wanted."""
    bare = text.strip()
    try:
        float(bare)
    except ValueError:
        pass
    else:
        return f"found a text: write {bare} without quotes"
    if bare.replace(",", "", 1).replace("-", "", 1).isdigit() and "," in bare:
        return f"found a text with a decimal comma: write {bare.replace(',', '.')} without quotes"
    return f"found a text; {UNITS}"


def _raise(problems: list[Problem]) -> None:
    raise_if_any([replace(p, hint=text_hint(p.value)) if isinstance(p.value, str) else p for p in problems])


def number(*, above: float | None = None, at_least: float | None = None) -> BeforeValidator:
    """A finite real number in range; no boolean, no text."""

    def check(value: Any) -> Any:
        _raise(number_problems("", value, above=above, at_least=at_least))
        return value

    return BeforeValidator(check)


def integer(*, at_least: int) -> BeforeValidator:
    """An integer in range; no boolean, no 2.0."""

    def check(value: Any) -> Any:
        _raise(integer_problems("", value, at_least=at_least))
        return value

    return BeforeValidator(check)


def _modes(value: Any) -> Any:
    if value != "auto":
        problems = integer_problems("", value, at_least=1)
        if not problems and value > LONGEST_CHAIN:
            problems = [Problem(key="", value=value, allowed=f"at most {LONGEST_CHAIN}")]
        raise_if_any([replace(p, allowed=f'"auto" or {p.allowed}') for p in problems])
    return value


def _levels(value: Any) -> Any:
    if value == "auto":
        return value
    entries = value if isinstance(value, list) else [value]
    names = [f"[{i}]" for i in range(len(entries))] if isinstance(value, list) else [""]
    problems = [
        p for name, entry in zip(names, entries, strict=True) for p in integer_problems(name, entry, at_least=2)
    ]
    if not entries:
        problems = [Problem(key="", value=value, allowed="an integer >= 2 for each chain site")]
    raise_if_any(
        [replace(p, allowed=f'"auto", or {p.allowed}, or a list of these, one for each chain site') for p in problems]
    )
    return value


def _numbers(value: Any) -> Any:
    raise_if_any([replace(p, key=p.key.removeprefix("_")) for p in sequence_problems("_", value)])
    return value


def _hermitian(value: Any) -> Any:
    operator(value, key="")
    return value


Number = Annotated[float, number()]
Positive = Annotated[float, number(above=0.0)]
NotNegative = Annotated[float, number(at_least=0.0)]
Numbers = Annotated[list[float], BeforeValidator(_numbers)]
SystemOperator = Annotated[Any, BeforeValidator(_hermitian)]


class Section(BaseModel):
    """A table of the configuration file: frozen, no other keys, no conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# --- [spectral_density] -----------------------------------------------------------------------------------------------------------


class Density(Section):
    """What all kinds share. ``make(folder)`` gives the chains object; ranges are checked by its constructor."""

    name: ClassVar[str]
    kind: str

    def make(self, folder: Path) -> Any:
        """The density of :mod:`chains`; ``folder`` is where relative file names start."""
        values = self.model_dump(exclude={"kind", "support", "resolution"}, exclude_none=True)
        return getattr(chains, self.name)(**values)

    @property
    def cut(self) -> dict[str, Any]:
        """Where the weight ends, as keyword of ``chains.chain`` and ``chains.required_length``; a discrete density has none."""
        return self.model_dump(include={"support"})

    @property
    def discretisation(self) -> dict[str, Any]:
        """The keywords of ``chains.chain`` that belong to the density."""
        return self.model_dump(include={"support", "resolution"})


class Continuous(Density):
    """Densities on an interval: where to cut them (None: the library's rule) and how finely to discretise them."""

    support: Positive | None = None
    resolution: Annotated[int, integer(at_least=1)] = 1


class PowerLaw(Continuous):
    name: ClassVar[str] = "PowerLaw"
    kind: Literal["power-law"]
    alpha: Number
    exponent: Number
    cutoff: Number
    shape: Literal["hard", "exponential", "gaussian"]


class DrudeLorentz(Continuous):
    name: ClassVar[str] = "DrudeLorentz"
    kind: Literal["drude-lorentz"]
    reorganisation_energy: Number
    width: Number
    cutoff: Number | None = None


class Brownian(Continuous):
    name: ClassVar[str] = "Brownian"
    kind: Literal["brownian"]
    reorganisation_energy: Number
    frequency: Number
    width: Number


class Semicircle(Continuous):
    name: ClassVar[str] = "Semicircle"
    kind: Literal["semicircle"]
    coupling: Number
    centre: Number
    half_width: Number


class Discrete(Density):
    name: ClassVar[str] = "Discrete"
    kind: Literal["discrete"]
    frequencies: Numbers
    couplings: Numbers


class Table(Continuous):
    name: ClassVar[str] = "Table"
    kind: Literal["table"]
    file: str
    ends: Literal["refuse", "hard"] = "refuse"

    def make(self, folder: Path) -> Any:
        return chains.Table.from_file(folder / self.file, ends=self.ends)


DENSITIES: TypeAdapter[Density] = TypeAdapter(
    Annotated[PowerLaw | DrudeLorentz | Brownian | Semicircle | Discrete | Table, Field(discriminator="kind")]
)

# --- the other sections -----------------------------------------------------------------------------------------------------------


class Bath(Section):
    temperature: NotNegative
    modes: Annotated[int | Literal["auto"], BeforeValidator(_modes)] = "auto"
    levels: Annotated[int | list[int] | Literal["auto"], BeforeValidator(_levels)] = "auto"
    route: Literal["auto", "single-chain"] = "auto"
    allow_reflection: bool = False


class System(Section):
    hamiltonian: SystemOperator
    initial: Any = "+z"
    normalise: bool = False

    def matrix(self) -> Matrix:
        """H_S, (d, d)."""
        return operator(self.hamiltonian, key="system.hamiltonian")

    def rho(self) -> Matrix:
        """The initial density matrix, (d, d)."""
        return density_matrix(self.initial, dimension=self.matrix().shape[0], key="initial", normalise=self.normalise)

    @model_validator(mode="after")
    def _initial_state(self) -> System:
        self.rho()
        return self


class Coupling(Section):
    operator: SystemOperator
    kind: Literal["hermitian"] = "hermitian"

    def matrix(self) -> Matrix:
        """A, (d, d)."""
        return operator(self.operator, key="coupling.operator")


class Evolution(Section):
    until: NotNegative
    method: Literal["tdvp", "tdvp1", "tdvp2", "tebd", "exact"] = "tdvp"
    step: Positive = Algorithm.step
    record_every: Positive | None = None
    tolerance: Positive = Algorithm.tolerance
    max_bond: Annotated[int, integer(at_least=1)] | None = None
    order: Annotated[int, integer(at_least=2)] | None = None
    bond: Annotated[int, integer(at_least=1)] | None = None

    def algorithm(self) -> Algorithm:
        """The frozen settings of the method; raises InvalidInput for a value it refuses or a key it does not have."""
        common: dict[str, Any] = {"step": self.step, "tolerance": self.tolerance, "max_bond": self.max_bond}
        problems = []
        if self.bond is not None and self.method != "tdvp1":
            problems.append(
                Problem(key="bond", value=self.bond, allowed='method "tdvp1" only', hint="did you mean max_bond?")
            )
        if self.order is not None and self.method == "exact":
            problems.append(
                Problem(key="order", value=self.order, allowed="any method but exact, which has no splitting error")
            )
        if self.order is not None and self.method != "exact":
            common["order"] = self.order
        if self.bond is not None and self.method == "tdvp1":
            common["bond"] = self.bond
        kinds: dict[str, Callable[..., Algorithm]] = {
            "tdvp": TDVP, "tdvp1": TDVP1, "tdvp2": TDVP2, "tebd": TEBD, "exact": Exact,
        }  # fmt: skip
        if not problems:
            return kinds[self.method](**common)
        raise InvalidInput(problems)

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
        if self.record_every is not None and not is_multiple(self.record_every, self.step):
            ratio = self.record_every / self.step
            near = max(1, round(ratio)) * self.step if math.isfinite(ratio) else self.step
            allowed = f"a multiple of evolution.step = {self.step:g}"
            problems.append(
                Problem(key="record_every", value=self.record_every, allowed=allowed, hint=f"nearest: {near:g}")
            )
        raise_if_any(problems)
        return self


class Thermodynamics(Section):
    alpha_S: Number = 0.5
    bath_entropy: Literal["auto", "exact", "bracket", "off"] = "auto"


class Record(Section):
    occupation_every: Positive | None = None


class Run(Section):
    strict: bool = False
    error_bars: bool = True


SECTIONS: dict[str, type[Section] | TypeAdapter[Density]] = {
    "spectral_density": DENSITIES,
    "bath": Bath,
    "system": System,
    "coupling": Coupling,
    "evolution": Evolution,
    "thermodynamics": Thermodynamics,
    "record": Record,
    "run": Run,
}
REQUIRED = ("spectral_density", "bath", "system", "coupling", "evolution")
DENSITY_KINDS: dict[str, type[Density]] = {
    "power-law": PowerLaw,
    "drude-lorentz": DrudeLorentz,
    "brownian": Brownian,
    "semicircle": Semicircle,
    "discrete": Discrete,
    "table": Table,
}


def known_keys(section: str, kind: object = None) -> list[str]:
    """The keys of a section; of [spectral_density] those of ``kind``, or of every kind when that is unknown."""
    model = SECTIONS[section]
    if isinstance(model, TypeAdapter):
        kinds = (
            [DENSITY_KINDS[kind]] if isinstance(kind, str) and kind in DENSITY_KINDS else list(DENSITY_KINDS.values())
        )
        return sorted({key for each in kinds for key in each.model_fields})
    return list(model.model_fields)
