"""Two coupled qubits, each with a bath of its own."""

import numpy as np

import chains
import tnthermo as tt

X, Z, ONE = np.array([[0, 1], [1, 0]]), np.diag([1.0, -1.0]), np.eye(2)
LOWER = np.array([[0, 0], [1, 0]])  # |1><0|


def model_of(
    *, splittings: tuple[float, float], coupling: float, alpha: float, temperatures: tuple[float, float]
) -> tt.Model:
    """H_S = sum_i w_i sigma_z,i/2 + e (sigma_+ sigma_- + h.c.), A_i = sigma_x,i/2, J = 2 alpha w exp(-w/3)."""
    hop = np.kron(LOWER.T, LOWER)
    H = np.kron(Z, ONE) * splittings[0] / 2 + np.kron(ONE, Z) * splittings[1] / 2 + coupling * (hop + hop.T)
    density = chains.PowerLaw(alpha=alpha, cutoff=3.0, exponent=1.0, shape="exponential")
    operators = (np.kron(X, ONE) / 2, np.kron(ONE, X) / 2)
    return tt.assemble(
        hamiltonian=H,
        couplings=[
            tt.couple(operator, chains.Bath(density=density, temperature=T))
            for operator, T in zip(operators, temperatures, strict=True)
        ],
    )
