"""What a run, its ledger, two-time functions and the bath's entropy ask of an engine and of the state it holds.

This stands below the engines and below `tnthermo.bath_entropy`, so that neither knows the other. Nothing here says that the sites are those
of a chain: an engine whose sites are bins of time has the same methods, and brings its own forms of X_q and P_q to the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tnthermo.model.model import Model
from tnthermo.model.observables import Observable
from tnthermo.model.operators import Matrix
from tnthermo.network.state import State
from tnthermo.types import Complex, Real, Snapshot


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What one step did to the state.

    discarded  sum of squared singular values dropped
    krylov     bound on the sum of the local Krylov errors
    missed     norm that H moved out of reach because of the bond cap, times the step
    capped     weight dropped because of the bond cap alone
    work       floating-point operations of the products with the blocks of H (0 where they are not counted)
    top        (N,) population of the highest levels
    """

    discarded: float
    krylov: float
    missed: float
    capped: float
    work: float = 0.0
    top: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Local:
    """What is measured after every step; see `tnthermo.record.raw_columns` for the meaning of each."""

    rho_S: Matrix
    moment_X: Complex
    moment_P: Complex
    chain_energy: Real
    total_energy: float
    norm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """What is measured at record times, per site; entropy in nats."""

    cut_entropy: float
    bonds: npt.NDArray[np.int64]
    occupations: Real
    levels: npt.NDArray[np.int64]
    top_populations: Real
    observables: Complex


@dataclass(frozen=True, kw_only=True, eq=False)
class Modes:
    """What the sites say about the physical modes and the ancilla modes.

    occupation   (M,) n_k - n_k^beta of the physical modes, bath after bath
    energy       (B,) sum_k w_k (n_k - n_k^beta) of each bath
    ancilla      (B,) the same sum over the ancilla modes
    """

    occupation: Real
    energy: Real
    ancilla: Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """What sites that are no chain hold: the forms that the system has met of its baths, one after the other.

    rows        (N, k) over the sites of `Whole.state`, the system's left out
    amplitudes  for a bath, frequencies (M,) and couplings g (M,) of any modes: (M, k) the x of the forms, sum_k x_k a_k + h.c.
    ago         (k,) how long before now each was met
    lengths     (k,) for how long it was met
    """

    rows: Complex
    amplitudes: Callable[[int, Real, Real], Complex]
    ago: Real
    lengths: Real


class Whole(Protocol):
    """System and bath at one time, as the engine that holds them lets them be measured.

    It may be the engine's own state, and is then good until the next step.
    """

    @property
    def model(self) -> Model:
        """The model of the run."""
        ...

    @property
    def bonds(self) -> npt.NDArray[np.int64]:
        """Dimension of the bond of each site (N,) on the side of the system."""
        ...

    @property
    def cuts(self) -> npt.NDArray[np.int64]:
        """Dimension of every bond along the line, the ends (1) included."""
        ...

    @property
    def levels(self) -> npt.NDArray[np.int64]:
        """Boson levels in use on each site (N,)."""
        ...

    @property
    def active_sites(self) -> int:
        """How many sites have met the system so far."""
        ...

    def local(self) -> Local:
        """Reduced state, its moments with X_q and P_q, the energies and the norm."""
        ...

    def profile(self, observables: Sequence[Observable] = ()) -> Profile:
        """What is recorded of every site, and the user's own observables."""
        ...

    def heat_squares(self) -> Real:
        """<H_chain^2> (1 + B,): of the union of the baths, then of each."""
        ...

    def correlation_matrices(self) -> tuple[Complex, Complex]:
        """<c_m^dag c_n> and <c_m c_n>, (N, N) over all sites, bath after bath."""
        ...

    def modes(self, normal: Complex, anomalous: Complex) -> Modes:
        """The physical modes, given the correlation matrices."""
        ...

    def is_active(self, place: int) -> bool:
        """Whether the site at ``place`` has met the system so far."""
        ...

    def occupation(self, place: int, *, coherent: bool = True) -> float:
        """<c^dag c> of the site at ``place``; not ``coherent``: less |<c>|^2."""
        ...

    def overlap(self, other: Whole, operator: Matrix) -> complex:
        """<self| O |other> with an operator O (d, d) on the system; both are of one engine."""
        ...

    def held(self) -> Held | None:
        """What the sites hold of the baths' fields; None of the sites of chains, which say it themselves."""
        ...

    def state(self, time: float) -> State:
        """A frozen copy as a line of tensors: what is kept of a run, and what the bath's entropy is measured on."""
        ...


class ModeGrid(Protocol):
    """The physical modes of one bath that occupations are measured of: `chains.ModeFunctions`, or the free modes of a field."""

    @property
    def frequencies(self) -> Real:
        """w_k (M,) > 0, energies."""
        ...

    @property
    def weights(self) -> Real:
        """Quadrature weights dw_k (M,); 1 for a discrete bath."""
        ...


class Engine(Protocol):
    """What the driver of a run needs of whoever carries out an algorithm."""

    @property
    def modes(self) -> tuple[ModeGrid, ...]:
        """The physical modes of each bath."""
        ...

    def step(self, dt: float, end: float | None = None) -> StepReport:
        """Advance by ``dt``, to the time ``end`` where that is known to the bit."""
        ...

    def whole(self) -> Whole:
        """What there is to be measured now."""
        ...

    def snapshot(self) -> Snapshot:
        """What `restore` needs, as plain arrays and numbers."""
        ...

    def restore(self, saved: Snapshot) -> None:
        """Restore the state that `snapshot` took."""
        ...
