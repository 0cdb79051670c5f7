"""Singular values where LAPACK gives up: by rotations, beside numpy's."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.kernels.svd import by_rotations, svd


def matrices() -> list[np.ndarray]:
    rng = np.random.default_rng(5)

    def drawn(p: int, q: int) -> np.ndarray:
        return rng.normal(size=(p, q)) + 1j * rng.normal(size=(p, q))

    falling = drawn(30, 12) * 10.0 ** -np.arange(12.0)  # as the matrices of a truncation are
    rank_two = drawn(20, 2) @ drawn(2, 9)
    equal = np.linalg.qr(drawn(8, 8))[0]
    return [
        drawn(7, 7),
        drawn(12, 5),
        drawn(5, 12),
        drawn(1, 4),
        drawn(4, 1),
        falling,
        falling.T.copy(),
        rank_two,
        equal,
        np.zeros((3, 2)) + 0j,
    ]


@pytest.mark.parametrize("number", range(len(matrices())))
def test_rotations_give_what_numpy_gives(number: int) -> None:
    matrix = matrices()[number]
    for found in (by_rotations, svd):
        u, s, v = found(matrix)
        size = max(float(np.linalg.norm(matrix)), 1.0)
        np.testing.assert_allclose(s, np.linalg.svd(matrix, compute_uv=False), atol=1e-14 * size, rtol=1e-9)
        np.testing.assert_allclose((u * s) @ v, matrix, atol=1e-13 * size)
        n = int(np.sum(s > 1e-12 * size))
        np.testing.assert_allclose(u[:, :n].conj().T @ u[:, :n], np.eye(n), atol=1e-12)
        np.testing.assert_allclose(v[:n] @ v[:n].conj().T, np.eye(n), atol=1e-12)


@pytest.mark.slow
def test_a_run_in_which_lapack_gave_up_goes_on() -> None:
    """On the machine that it was seen on; on any other it is a run."""
    density = chains.DrudeLorentz(reorganisation_energy=0.5, width=1.0)
    bath = chains.Bath(density=density, temperature=0.5)
    model = tt.SpinBoson(hamiltonian={"z": 0.25, "x": 0.5}, coupling={"z": 0.5}, bath=bath)
    run = tt.evolve(
        model,
        until=3.25,
        record_every=0.25,
        algorithm=tt.TimeBins(step=1 / 64, tolerance=3e-5),
        bath_entropy="off",
        error_bars=False,
    )
    assert run.norm[-1] == pytest.approx(1.0, abs=1e-6)
