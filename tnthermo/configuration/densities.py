"""[spectral_density] of the configuration file: one class for each kind, and their sum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, TypeAdapter, model_validator

import chains
from chains.problems import MISSING, InvalidInput, Problem, raise_if_any
from tnthermo.configuration.density import Continuous, Density
from tnthermo.configuration.fields import Number, Numbers
from tnthermo.configuration.foreign_densities import FOREIGN_KINDS, Foreign


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
    """From a file, or with its numbers in place; ``source`` then says where they came from, which changes nothing."""

    name: ClassVar[str] = "Table"
    kind: Literal["table"]
    file: str | None = None
    frequencies: Numbers | None = None
    values: Numbers | None = None
    source: str | None = None
    ends: Literal["refuse", "hard"] = "refuse"

    def make(self, folder: Path) -> Any:
        if self.file is None:
            return super().make(folder)
        try:
            found = chains.Table.from_file(folder / self.file, ends=self.ends)
        except InvalidInput as error:  # problems inside the file name the line
            raise InvalidInput([replace(p, key=f"file ({p.key})") for p in error.problems]) from None
        return replace(found, source=self.file)

    def written(self, made: Any) -> dict[str, Any]:
        keys = self.model_dump(exclude={"file", "frequencies", "values", "source"}, exclude_none=True)
        return keys | _numbers(made) | ({"source": made.source} if made.source else {})

    def identity(self, made: Any) -> dict[str, Any]:
        keys = self.model_dump(exclude={"file", "frequencies", "values", "source"}, exclude_none=True)
        return keys | {"file": list(_numbers(made).values())}

    @model_validator(mode="after")
    def _one_source(self) -> Table:
        inline = [key for key in ("frequencies", "values", "source") if getattr(self, key) is not None]
        allowed = "a file, or frequencies and values"
        if self.file is not None and inline:
            raise_if_any([Problem(key=inline[0], value="given", allowed=f"either {allowed}")])
        missing = [key for key in ("frequencies", "values") if key not in inline]
        if self.file is None and missing:
            key = missing[0] if len(missing) == 1 else "file"
            raise_if_any([Problem(key=key, value=MISSING, allowed=allowed)])
        return self


def _numbers(made: chains.Table) -> dict[str, list[float]]:
    return {"frequencies": np.asarray(made.frequencies).tolist(), "values": np.asarray(made.values).tolist()}


Part = Annotated[
    PowerLaw | DrudeLorentz | Brownian | Semicircle | Discrete | Table | Foreign,
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

    def written(self, made: Any) -> dict[str, Any]:
        # a part has no support and no resolution of its own
        keep = [
            {k: v for k, v in part.written(own).items() if k not in ("support", "resolution")}
            for part, own in zip(self.parts, made.parts, strict=True)
        ]
        return self.model_dump(exclude={"parts"}, exclude_none=True) | {"parts": keep}

    def identity(self, made: Any) -> dict[str, Any]:
        parts = [part.identity(own) for part, own in zip(self.parts, made.parts, strict=True)]
        return self.model_dump(exclude={"parts"}, exclude_none=True) | {"parts": parts}

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
        PowerLaw | DrudeLorentz | Brownian | Semicircle | Discrete | Table | Foreign | Sum,
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
    **FOREIGN_KINDS,
}
