"""What every kind of [spectral_density] shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import chains
from tnthermo.configuration.fields import Count, Positive, Section


class Density(Section):
    """What all kinds share. ``make(folder)`` gives the chains object; ranges are checked by its constructor."""

    name: ClassVar[str]
    kind: str

    def make(self, folder: Path) -> Any:
        """The density of :mod:`chains`; ``folder`` is where relative file names start."""
        values = self.model_dump(exclude={"kind", "support", "resolution"}, exclude_none=True)
        return getattr(chains, self.name)(**values)

    def written(self, made: Any) -> dict[str, Any]:
        """The keys for another file, which may lie anywhere: a table's file replaced by the numbers in ``made``, read from it."""
        return self.model_dump(exclude_none=True)

    def identity(self, made: Any) -> dict[str, Any]:
        """The same for the fingerprint."""
        return self.written(made)

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
