"""What a run leaves behind: raw columns, from which the ledger is derived for any alpha_S, now or later, from memory or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from chains.checks import instance_problems
from chains.problems import Problem
from tnthermo.algorithms import Algorithm
from tnthermo.model.model import Model
from tnthermo.model.observables import Observable
from tnthermo.model.operators import Matrix
from tnthermo.network.state import State
from tnthermo.types import Complex, Real

Integer = npt.NDArray[np.int64]
Start = Literal["product", "displaced", "mean-force"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """Raw columns of one run. m step times, n <= m record times, d the system's dimension, N chain sites, B baths, Q channels, M modes.

    Arrays, as `tnthermo.record.raw_columns` has them. Known beforehand, and one of each run:

    times            (m,) from 0 to `until`
    recorded         (n,) indices of the record times among `times`
    mode_frequency   (M,) frequency of each mode
    mode_weight      (M,) quadrature weight of each mode (1 for a discrete bath)
    mode_bath        (M,) bath of each mode
    energy_offset    (B,) E_B at t = 0 less <H_chain>, where the start is no product: from the occupations, and of displaced modes
                     that do not couple; else 0
    initial          (d, d) rho_S at t = 0

    Measured after every step, so that time integrals have step resolution whatever is recorded:

    rho_S            (m, d, d) reduced state of the system, as is (not renormalised)
    moment_X         (m, Q, d, d) Tr_B[X_q rho]
    moment_P         (m, Q, d, d) Tr_B[P_q rho], P_q = i [H_chain, X_q]
    chain_energy     (m, B) <H_chain> of each bath: E_B up to a constant
    total_energy     (m,) <H(t)>, contracted as one matrix product operator
    norm             (m,) <psi|psi>
    discarded_weight (m,) sum of squared singular values dropped up to that time
    krylov_residual  (m,) sum of the Krylov residuals' estimates up to that time

    At the record times; NaN where not evaluated:

    cut_entropy      (n,) entropy (nats) of the cut S S' | chains
    heat_square      (n, 1 + B) <H_chain^2> of the union of the baths, then of each bath
    mode_occupation  (n, M) n_k - n_k^beta of the physical modes, chain and thermofield maps undone, bath after bath
    mode_energy      (n, B) sum_k w_k (n_k - n_k^beta) of each bath
    ancilla_energy   (n, B) the same sum for the ancilla modes B', a constant; 0 at T = 0
    bonds            (n, N) dimension of each chain site's bond on the side of the system
    occupations      (n, N) <c_n^dag c_n>
    levels           (n, N) boson levels in use
    top_populations  (n, N) population of the highest level of each site
    observables      (n, K) expectation values of `observed`
    correlation_lower (n,) lower bound on S_chi = I(S:B), nats, where measured at T > 0
    correlation_upper (n,) upper bound likewise (`tnthermo.bath_entropy`)
    bath_entropy     (n,) S_B of the physical bath, nats, where it was measured exactly
    joint_entropy    (n,) S_SB likewise
    entropy_work     (n,) about how many products of numbers that took
    normal           (n, N', N') <c_m^dag c_n>, N' = N where asked for, else 0
    anomalous        (n, N', N') <c_m c_n> likewise

    What is not an array of numbers:

    start         "product" of initial with thermal baths, "displaced" (thermal baths displaced), or "mean-force" (global equilibrium)
    free_energy   -T log(Z/Z_B) of a mean-force start, energy; else NaN
    bath_entropy_how  how the bath's entropy was measured, in words; "" where it was not
    bath_entropy_accuracy  half of the distance of the bounds on S_chi, nats, up to which their middle is a value
    flags         what did not converge, by name with the time it was first seen, e.g. "bond cap reached at t = 3.25"
    flagged       the kind of each flag ("bond", "levels", ..., maybe with a number) and the time from which it counts
    doubts        what is doubtful about the parameters, and no matter of accuracy
    wall_seconds  of the run, compilation included; compile_seconds: those of compiling kernels, or the lists that cached ones need
    peak_memory   the most the process had held by the end of the run (bytes)
    bath_entropy_seconds  of the evaluations of the bath's entropy
    work          floating-point operations of the products with the blocks of H; NaN where the algorithm does not count them
    state         the final state; None for a run read back from a file
    rough         the same run at twice the step, ten times the tolerance and half the bond cap, for the error columns; None without. Of a
                  run with a target the rougher one before it, which has another behind it (`tnthermo.record.ladder`)
    given_levels  the boson levels where they are fixed; () where they grow by rule
    asked         the target it was to reach, as `tnthermo.record.target.Target.json`; "" without
    limited       why it was not pursued further, in words; "" where it was reached, or none was set
    """

    model: Model
    algorithm: Algorithm
    initial: Matrix
    start: Start = "product"
    times: Real
    rho_S: Complex
    moment_X: Complex
    moment_P: Complex
    chain_energy: Real
    total_energy: Real
    norm: Real
    discarded_weight: Real
    krylov_residual: Real
    recorded: Integer
    cut_entropy: Real
    heat_square: Real
    mode_occupation: Real
    mode_energy: Real
    ancilla_energy: Real
    bonds: Integer
    occupations: Real
    levels: Integer
    top_populations: Real
    observables: Complex
    correlation_lower: Real
    correlation_upper: Real
    bath_entropy: Real
    joint_entropy: Real
    entropy_work: Real
    normal: Complex
    anomalous: Complex
    mode_frequency: Real
    mode_weight: Real
    mode_bath: Integer
    energy_offset: Real
    free_energy: float = float("nan")
    observed: tuple[Observable, ...] = ()
    bath_entropy_how: str = ""
    bath_entropy_accuracy: float = 2e-3
    bath_entropy_seconds: float = 0.0
    flags: tuple[str, ...]
    flagged: Mapping[str, float] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    wall_seconds: float
    compile_seconds: float = 0.0
    peak_memory: float = float("nan")
    work: float = float("nan")
    state: State | None = None
    rough: Trajectory | None = None
    given_levels: tuple[int, ...] = ()
    asked: str = ""
    limited: str = ""

    @property
    def t(self) -> Real:
        """Record times (n,)."""
        return self.times[self.recorded]

    def since(self, kind: str) -> float:
        """The earliest time from which a flag of this kind counts; inf where there is none."""
        return min((t for name, t in self.flagged.items() if name.split()[0] == kind), default=float("inf"))

    @property
    def pure_start(self) -> bool:
        """Whether the system started in a pure state (largest eigenvalue 1 to 1e-12), uncorrelated with its baths."""
        return self.start != "mean-force" and bool(np.linalg.eigvalsh(self.initial)[-1] > 1 - 1e-12)

    @property
    def breaks(self) -> tuple[float, ...]:
        """Kinks and jumps of the drives inside the run, across which nothing may be interpolated: those at which a step ends."""
        inside = np.array([t for t in self.model.breaks if t < self.times[-1]])
        near = np.minimum(np.searchsorted(self.times, inside), self.times.size - 1)
        off = np.minimum(np.abs(self.times[near] - inside), np.abs(self.times[np.maximum(near - 1, 0)] - inside))
        return tuple(inside[off <= 1e-9 * self.times[-1]].tolist())

    @property
    def jumps(self) -> tuple[float, ...]:
        """Times up to the end of the run, which may be one of them, at which a drive jumps."""
        return tuple(t for t in self.model.jumps if t <= self.times[-1])


def run_problems(run: object) -> list[Problem]:
    """What keeps ``run`` from being a run."""
    return instance_problems("run", run, Trajectory, "a run as tnthermo.evolve or tnthermo.load returns it")
