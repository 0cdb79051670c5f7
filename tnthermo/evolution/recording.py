"""What a run records and how often: as it was asked for, and as the times and methods at which it is due."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.bath_entropy.choice import BathEntropy, Wanted, choose
from tnthermo.model.model import Model
from tnthermo.model.observables import Observable
from tnthermo.model.operators import Matrix
from tnthermo.timeline.clock import common_times, indices_due

SELDOM = 4  # the companion encloses it as many times less often
OFTEN = 24  # times that the bath's entropy is enclosed in a run, unless the user says when


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """What is to be recorded, by the names and in the words of `tnthermo.evolve`; None: its default."""

    record_every: float | None = None
    occupation_every: float | None = None
    variance_every: float | None = None
    correlations_every: float | None = None
    observables: Mapping[str, Any] | None = None
    bath_entropy: Wanted = "auto"
    bath_entropy_every: float | None = None
    bath_entropy_max_bond: int | None = None
    bath_entropy_accuracy: float | None = None

    def keywords(self) -> dict[str, Any]:
        """The keywords of `tnthermo.evolve` that ask for it."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def intervals(self) -> dict[str, float | None]:
        """The intervals of what is sparse, by name."""
        names = ("occupation_every", "variance_every", "correlations_every", "bath_entropy_every")
        return {name: getattr(self, name) for name in names}

    def entropy_every(self, until: float, step: float, how: BathEntropy | None) -> float:
        """The interval of the bath's entropy in a run to ``until``; inf: never."""
        if self.bath_entropy_every is not None:
            return self.bath_entropy_every
        return _sparse(until, step) if how is None or how.exact else max(until / OFTEN, step)

    def how(self, model: Model, rho: Matrix | None, *, bins: bool) -> BathEntropy | None:
        """How the entropy of the bath is measured from rho (d, d) or, None, the mean-force state on; None where it is not.

        bins  whether the run is one on time bins
        """
        return choose(
            model, self.bath_entropy, rho=rho, most=self.bath_entropy_max_bond, accuracy=self.bath_entropy_accuracy,
            thrifty=self.bath_entropy_every is None, bins=bins,
        )  # fmt: skip

    def schedule(
        self,
        model: Model,
        *,
        rho: Matrix | None,
        observables: tuple[Observable, ...],
        until: float,
        step: float,
        bins: bool = False,
    ) -> Schedule:
        """What is measured when in a run of a model to ``until``; ``observables`` are its own ones."""
        usual, how = _sparse(until, step), self.how(model, rho, bins=bins)
        return Schedule(
            every=self.record_every or step,
            occupations=usual if self.occupation_every is None else self.occupation_every,
            variance=usual if self.variance_every is None else self.variance_every,
            correlations=math.inf if self.correlations_every is None else self.correlations_every,
            observables=observables,
            bath_entropy=self.entropy_every(until, step, how),
            entropy=how,
        )


def _sparse(until: float, step: float) -> float:
    return max(until / 10, step)


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """What is measured when. Intervals are times; inf: never (the occupations still at the start, where it is no product).

    entropy  how the entropy of the physical bath is measured, the modes' occupations with it; None: not at all
    beside   record times of a finer run of which this is the companion: what is sparse is then due where it is due there
    """

    every: float
    occupations: float
    variance: float
    correlations: float
    observables: tuple[Observable, ...] = ()
    bath_entropy: float = float("inf")
    entropy: BathEntropy | None = None
    beside: npt.NDArray[np.float64] | None = None

    def rougher(self, every: float, beside: npt.NDArray[np.float64]) -> Schedule:
        """That of the companion, with record times at ``every``, of a run with the record times ``beside``."""
        entropy = self.bath_entropy
        if self.entropy is not None and self.entropy.thrifty:
            entropy = SELDOM * entropy
        return replace(self, every=every, correlations=math.inf, beside=beside, bath_entropy=entropy)

    def indices(self, t: npt.NDArray[np.float64], *, correlated: bool) -> dict[str, frozenset[int]]:
        """Of the record times ``t``, the indices at which each sparse measurement is due."""
        intervals = {
            "occupations": self.occupations, "variance": self.variance, "correlations": self.correlations,
            "entropy": self.bath_entropy if self.entropy else float("inf"),
        }  # fmt: skip
        finer = t if self.beside is None else self.beside
        there, here = common_times(finer, t)
        due = {}
        for name, interval in intervals.items():
            wanted = indices_due(finer, interval, first=name == "occupations" and correlated)
            due[name] = frozenset(int(k) for j, k in zip(there, here, strict=True) if j in wanted)
        due["occupations"] |= due["entropy"]
        return due
