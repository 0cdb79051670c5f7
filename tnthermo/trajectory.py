"""What a run leaves behind: raw columns, from which the ledger is derived for any alpha_S, now or later, from memory or from a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.algorithms import Algorithm
from tnthermo.local import Matrix
from tnthermo.model import Model
from tnthermo.state import State

Real = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Integer = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """Raw columns of one run. m step times, n <= m record times, d the system's dimension, N chain sites.

    Measured after every step, so that time integrals have step resolution whatever is recorded:

    times         (m,) from 0 to `until`
    rho_S         (m, d, d) reduced state of the system, as is (not renormalised)
    moment_X      (m, d, d) Tr_B[X rho]
    moment_P      (m, d, d) Tr_B[P rho], P = i [H_chain, X] = -i kappa (e_0 c_0 + t_0 c_1) + h.c., so that d<X>/dt = <P>
    chain_energy  (m,) <H_chain>
    total_energy  (m,) <H>, contracted as one matrix product operator
    norm          (m,) <psi|psi>
    discarded_weight (m,) sum of squared singular values dropped up to that time
    krylov_residual  (m,) sum of the Krylov residuals' estimates up to that time

    Recorded at ``recorded`` (n,) = indices into the above:

    cut_entropy   (n,) entropy (nats) of the cut  S S' | chain
    mode_energy   (n,) sum_k w_k (n_k(t) - n_k(0)) from the physical modes, chain and thermofield maps undone; NaN where not evaluated
    ancilla_energy (n,) the same sum for the ancilla modes B' (it must stay 0); NaN where not evaluated, 0 at T = 0
    bonds         (n, N) bond dimension left of chain site
    occupations   (n, N) <c_n^dag c_n>
    levels        (n, N) boson levels in use
    top_populations (n, N) population of the highest level of each site

    flags         what did not converge, by name with the time it was first seen, e.g. "bond cap reached at t = 3.25"
    state         the final state; None for a run read back from a file
    rough         the same run at twice the step, ten times the tolerance and half the bond cap, for the error columns; None without
    """

    model: Model
    algorithm: Algorithm
    initial: Matrix
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
    mode_energy: Real
    ancilla_energy: Real
    bonds: Integer
    occupations: Real
    levels: Integer
    top_populations: Real
    flags: tuple[str, ...]
    wall_seconds: float
    state: State | None = None
    rough: Trajectory | None = None

    @property
    def t(self) -> Real:
        """Record times (n,)."""
        return self.times[self.recorded]

    @property
    def pure_start(self) -> bool:
        """Whether the system started in a pure state (largest eigenvalue 1 to 1e-12)."""
        return bool(np.linalg.eigvalsh(self.initial)[-1] > 1 - 1e-12)
