"""Time-evolution algorithms as frozen settings. All of them are driven by :func:`tnthermo.evolve`.

A new one is a class here, in `ALGORITHMS`, and its engine in `tnthermo.engines.engine`. What others need to know of it is said by its
class variables, so that nothing else asks which one it has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from chains.checks import integer_problems, number_problems
from chains.problems import Problem, raise_if_any

Kept = Literal["blocks", "vector", "nothing", "bins"]
NO_CAP = 1 << 30
WIDE = 5  # bonds next to the system whose cap does not taper
NARROW = 4  # what a cap does not taper below
ROUGHER_TOLERANCE = 10.0
FINEST = 1e-14  # tolerance: double precision resolves no finer one


def is_multiple(interval: float, step: float) -> bool:
    """Whether ``interval`` is 1, 2, 3 ... times ``step``, to 1e-9 relative."""
    ratio = interval / step
    return 0.5 <= ratio < 1e15 and math.isclose(ratio, round(ratio), rel_tol=1e-9)


def beyond(interval: float, until: float, step: float) -> bool:
    """Whether an interval is longer than a run up to ``until``, and than a step, the shortest that there is; a run of no time has none."""
    return until > 0 and interval > max(until, step) * (1 + 1e-9)


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """What every algorithm has.

    step       time step (1/energy units)
    tolerance  error a step may add to the normalised state: discarded weight <= tolerance^2, Krylov residual <= tolerance; one that is cut
               short, where a drive is faster, adds its part
    max_bond   largest bond dimension allowed; reaching it is flagged, and the error columns hold what it costs. None: memory is the limit,
               and at T > 0 the bond that a tolerance asks for grows exponentially with time.

    Class variables, for whoever treats algorithms alike: `name` in files; `neighbours_only`, pairs of sites must be neighbours on the line;
    `any_start`, any state may be propagated, not only a product with baths at rest; `bins`, the sites are bins of time and not those of a
    chain: none is needed, none can be asked for, and the state starts as a product; `dense`, one vector without bonds; `adaptive`, bonds
    and the part of the chain that moves follow the tolerance; `pairwise`, the work has the boson levels once more; `compiled`; `kept`,
    what a snapshot of the engine holds beside the tensors: "blocks" of compiled sweeps, the whole "vector", or "nothing"; `knobs`, the
    settings that decide its accuracy, of which a study of convergence makes ladders; `tolerance_order`, the least power of the tolerance
    with which errors fall.
    """

    step: float = 0.1
    tolerance: float = 1e-7
    max_bond: int | None = 32

    name: ClassVar[str] = ""
    neighbours_only: ClassVar[bool] = False
    any_start: ClassVar[bool] = True
    bins: ClassVar[bool] = False
    dense: ClassVar[bool] = False
    adaptive: ClassVar[bool] = False
    pairwise: ClassVar[bool] = False
    compiled: ClassVar[bool] = True
    kept: ClassVar[Kept] = "blocks"
    knobs: ClassVar[tuple[str, ...]] = ("step", "max_bond", "tolerance")
    tolerance_order: ClassVar[float] = 0.6

    def __post_init__(self) -> None:
        raise_if_any(self._problems())

    def _problems(self) -> list[Problem]:
        """What is wrong with the settings, all of it."""
        problems = number_problems("step", self.step, above=0.0)
        of_tolerance = number_problems("tolerance", self.tolerance)
        if not of_tolerance and not FINEST <= self.tolerance <= 1:
            allowed = f"between {FINEST:g} (double precision) and 1"
            of_tolerance = [Problem(key="tolerance", value=self.tolerance, allowed=allowed)]
        problems += of_tolerance
        if self.max_bond is not None:
            wrong = integer_problems("max_bond", self.max_bond, at_least=1)
            problems += [replace(p, allowed=f"{p.allowed}, or none") for p in wrong]
        if hasattr(self, "order"):
            wrong = integer_problems("order", self.order, at_least=1)
            if not wrong and self.order not in (2, 4):
                wrong = [Problem(key="order", value=self.order, allowed="2 or 4")]
            problems += [replace(p, allowed="2 or 4") for p in wrong]
        return problems

    @property
    def level_weight(self) -> float:
        """Population of a site's highest boson levels beyond which levels are added; what is cut off weighs less still."""
        return float(self.tolerance**1.5)

    @property
    def fixed_bond(self) -> int | None:
        """The bond dimension that is kept throughout; None where bonds adapt, or where there are none."""
        return None

    def caps(self, distance: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Largest dimension allowed for bonds at ``distance`` from the system (its own bonds have distance 1)."""
        return np.full(distance.shape, NO_CAP if self.max_bond is None else self.max_bond, dtype=np.int64)

    def coarser(self) -> Self:
        """The rougher settings from which error bars come: twice the step, ten times the tolerance, half of a bond that is capped or fixed.

        A bond of 1 has no half: `tnthermo.record.causes` makes the errors infinite where it costs anything.
        """
        rougher = replace(self, step=2 * self.step, tolerance=min(1.0, ROUGHER_TOLERANCE * self.tolerance))
        return rougher if self.max_bond is None else replace(rougher, max_bond=max(1, self.max_bond // 2))

    @property
    def loss(self) -> float:
        """What may be dropped in a unit of time; of time bins the tolerance, which is in units of what a kick does."""
        return self.tolerance if self.bins else self.tolerance / self.step

    def at_step(self, step: float) -> Self:
        """With another step, and as much dropped in a unit of time: more steps would drop more."""
        return replace(self, step=step, tolerance=self.tolerance if self.bins else self.loss * step)

    @property
    def brief(self) -> str:
        """The settings that a target may change, in words: "step 0.25, tolerance 0.0024, bond 16"; no bond where nothing caps it."""
        bond = self.fixed_bond or self.max_bond
        return f"step {self.step:.6g}, tolerance {self.tolerance:.3g}" + (f", bond {bond}" if bond else "")

    def settings(self) -> dict[str, object]:
        """Name and values, for attributes and progress displays."""
        return {"method": self.name, **{f.name: getattr(self, f.name) for f in fields(self)}}


@dataclass(frozen=True, kw_only=True)
class TDVP(Algorithm):
    """One-site TDVP with controlled bond expansion: bonds, boson levels and the active part of the chain adapt; compiled sweeps.

    step, tolerance, max_bond  as for every :class:`Algorithm`: time step; error a step may add to the normalised state; largest bond (32)
    order                      2 (a symmetric sweep) or 4 (five symmetric sweeps composed after Suzuki)
    taper                      part of ``max_bond`` by which the cap falls with every site beyond the fifth from the system, down to 4.
                               What leaves the system does not come back: with 0.05 the system's state, E_B and E_int stay as good in
                               two thirds of the time; the modes' occupations, made of correlations along the whole chain, get worse
    """

    order: int = 2
    taper: float = 0.0
    name: ClassVar[str] = "tdvp"
    adaptive: ClassVar[bool] = True

    def _problems(self) -> list[Problem]:
        problems = super()._problems()
        wrong = number_problems("taper", self.taper, at_least=0.0)
        if not wrong and not self.taper < 1:
            wrong = [Problem(key="taper", value=self.taper, allowed="a number >= 0 and < 1")]
        problems += wrong
        if not wrong and self.taper > 0 and self.max_bond is None:
            problems.append(
                Problem(key="taper", value=self.taper, allowed="0 where max_bond is none", hint="name a max_bond")
            )
        return problems

    def caps(self, distance: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Largest dimension allowed for bonds at ``distance`` from the system (its own bonds have distance 1), which may taper."""
        if self.max_bond is None:
            return super().caps(distance)
        falling = np.floor(self.max_bond * (1 - self.taper * np.maximum(distance - WIDE, 0))).astype(np.int64)
        return np.minimum(self.max_bond, np.maximum(falling, NARROW))


def without_cap(max_bond: object, hint: str) -> list[Problem]:
    """What is wrong with a ``max_bond`` where there is nothing for it to cap."""
    if max_bond is None:
        return []
    return [Problem(key="max_bond", value=max_bond, allowed="not given here: it would do nothing", hint=hint)]


@dataclass(frozen=True, kw_only=True)
class TDVP1(Algorithm):
    """One-site TDVP at a fixed bond dimension ``bond``; spare directions are filled once, at the start, with states that H reaches.

    max_bond  none: ``bond`` is the dimension
    """

    bond: int = 16
    order: int = 2
    max_bond: None = None
    name: ClassVar[str] = "tdvp1"
    any_start: ClassVar[bool] = False
    knobs: ClassVar[tuple[str, ...]] = ("step", "bond", "tolerance")

    @property
    def fixed_bond(self) -> int:
        """``bond``."""
        return self.bond

    def coarser(self) -> Self:
        """The rougher settings from which error bars come: half of ``bond`` as well."""
        return replace(super().coarser(), bond=max(1, self.bond // 2))

    def _problems(self) -> list[Problem]:
        problems = [p for p in super()._problems() if p.key != "max_bond"]
        problems += integer_problems("bond", self.bond, at_least=1)
        return problems + without_cap(self.max_bond, "bond is the dimension that is kept")


@dataclass(frozen=True, kw_only=True)
class TDVP2(Algorithm):
    """Two-site TDVP: bonds adapt by singular-value decomposition of every pair."""

    order: int = 2
    name: ClassVar[str] = "tdvp2"
    neighbours_only: ClassVar[bool] = True
    pairwise: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class TEBD(Algorithm):
    """Second-order Trotter gates through quimb (an independent check); order 4 composes them after Suzuki."""

    order: int = 2
    name: ClassVar[str] = "tebd"
    neighbours_only: ClassVar[bool] = True
    pairwise: ClassVar[bool] = True
    compiled: ClassVar[bool] = False
    kept: ClassVar[Kept] = "nothing"


@dataclass(frozen=True, kw_only=True)
class Exact(Algorithm):
    """Dense propagation of the whole vector by a Krylov method; small models only.

    max_bond  none: there are no bonds
    """

    max_bond: None = None
    name: ClassVar[str] = "exact"
    dense: ClassVar[bool] = True
    compiled: ClassVar[bool] = False
    kept: ClassVar[Kept] = "vector"
    knobs: ClassVar[tuple[str, ...]] = ("step", "tolerance")

    def _problems(self) -> list[Problem]:
        problems = [p for p in super()._problems() if p.key != "max_bond"]
        return problems + without_cap(self.max_bond, "a dense vector has no bonds")


@dataclass(frozen=True, kw_only=True)
class TimeBins(Algorithm):
    """Exact kicks of the bath's field over each step, on an own bin for each step (scripts/docs/time_bins.md): compiled.

    step       how finely H_S and the coupling alternate; how fast the bath is does not bound it, but errors are of its order only below the
               time 1/w_c in which the bath forgets
    tolerance  error a step may add to the normalised state: the weight that all bonds drop together is at most tolerance^2
    order      4 (one kick a step in a turned frame, or five after Suzuki where couplings do not commute) or 2
    """

    tolerance: float = 3e-4
    max_bond: int | None = 64
    order: int = 4
    name: ClassVar[str] = "time-bins"
    bins: ClassVar[bool] = True
    tolerance_order: ClassVar[float] = 0.8
    kept: ClassVar[Kept] = "bins"

    @property
    def level_weight(self) -> float:
        """Population of a bin's two highest boson levels beyond which levels are added; errors show more of it than of bonds."""
        return float(0.1 * self.tolerance**1.5)


ALGORITHMS: tuple[type[Algorithm], ...] = (TDVP, TDVP1, TDVP2, TEBD, Exact, TimeBins)


def named(name: str) -> type[Algorithm]:
    """The algorithm that files call ``name``. Raises KeyError."""
    return {kind.name: kind for kind in ALGORITHMS}[name]
