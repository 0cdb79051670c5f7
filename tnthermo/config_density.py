"""[spectral_density] of the configuration file: one class for each kind, and their sum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, TypeAdapter, model_validator

import chains
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.config_fields import Count, Number, Numbers, Positive, Section


class Density(Section):
    """What all kinds share. ``make(folder)`` gives the chains object; ranges are checked by its constructor."""

    name: ClassVar[str]
    kind: str

    def make(self, folder: Path) -> Any:
        """The density of :mod:`chains`; ``folder`` is where relative file names start."""
        values = self.model_dump(exclude={"kind", "support", "resolution"}, exclude_none=True)
        return getattr(chains, self.name)(**values)

    def written(self, folder: Path) -> dict[str, Any]:
        """The keys for another file, which may lie in another folder."""
        return self.model_dump(exclude_none=True)

    def identity(self, made: Any) -> dict[str, Any]:
        """The same for the fingerprint, a file replaced by what was read from it into ``made``."""
        return self.written(Path())

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
    resolution: Count = 1


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
        try:
            return chains.Table.from_file(folder / self.file, ends=self.ends)
        except InvalidInput as error:  # problems inside the file name the line
            raise InvalidInput([replace(p, key=f"file ({p.key})") for p in error.problems]) from None

    def written(self, folder: Path) -> dict[str, Any]:
        return super().written(folder) | {"file": str((folder / self.file).absolute())}

    def identity(self, made: Any) -> dict[str, Any]:
        data = [np.asarray(made.frequencies).tolist(), np.asarray(made.values).tolist()]
        return self.written(Path()) | {"file": data}


Part = Annotated[
    PowerLaw | DrudeLorentz | Brownian | Semicircle | Discrete | Table,
    Field(discriminator="kind"),
]


class Sum(Continuous):
    """Several densities of one bath; support and resolution are those of the sum."""

    kind: Literal["sum"]
    parts: list[Part]

    def make(self, folder: Path) -> Any:
        made, problems = [], []
        for i, part in enumerate(self.parts):
            try:
                made.append(part.make(folder))
            except InvalidInput as error:
                problems += [replace(p, key=f"parts[{i}].{p.key}") for p in error.problems]
        raise_if_any(problems)
        return chains.Sum(parts=made)

    def written(self, folder: Path) -> dict[str, Any]:
        # a part has no support and no resolution of its own
        keep = [
            {k: v for k, v in part.written(folder).items() if k not in ("support", "resolution")} for part in self.parts
        ]
        return self.model_dump(exclude={"parts"}, exclude_none=True) | {"parts": keep}

    def identity(self, made: Any) -> dict[str, Any]:
        parts = [part.identity(own) for part, own in zip(self.parts, made.parts, strict=True)]
        return self.written(Path()) | {"parts": parts}

    @model_validator(mode="after")
    def _one_cut(self) -> Sum:
        problems = []
        for i, part in enumerate(self.parts):
            for key in ("support", "resolution"):
                if key in part.model_fields_set:
                    hint = f"give {key} beside parts, for the sum"
                    problems.append(
                        Problem(
                            key=f"parts[{i}].{key}",
                            value=getattr(part, key),
                            allowed="not in a part of a sum",
                            hint=hint,
                        )
                    )
        raise_if_any(problems)
        return self


DENSITIES: TypeAdapter[Density] = TypeAdapter(
    Annotated[
        PowerLaw | DrudeLorentz | Brownian | Semicircle | Discrete | Table | Sum,
        Field(discriminator="kind"),
    ]
)
DENSITY_KINDS: dict[str, type[Density]] = {
    "power-law": PowerLaw,
    "drude-lorentz": DrudeLorentz,
    "brownian": Brownian,
    "semicircle": Semicircle,
    "discrete": Discrete,
    "table": Table,
    "sum": Sum,
}
