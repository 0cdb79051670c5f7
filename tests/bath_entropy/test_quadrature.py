"""Outcomes of a quadrature: complete on the levels; averages over them."""

import numpy as np
import pytest

from tests.kernels.dense import random_tensors, vector
from tests.tolerances import ROUNDING
from tnthermo.bath_entropy.quadrature import average, outcomes

COMPLETE = 5e-7


@pytest.mark.parametrize("levels", [*range(1, 41), 80, 150])
def test_complete_on_the_levels(levels):
    q, functions = outcomes(levels)
    assert functions.shape == (levels, q.size)
    assert q.size < 13 + 2.2 * levels
    assert np.abs(np.linalg.eigvalsh(functions @ functions.T - np.eye(levels))).max() < COMPLETE


def test_half_as_many_would_not_do():
    _, functions = outcomes(20)
    half = functions[:, ::2] * np.sqrt(2)
    assert np.abs(half @ half.T - np.eye(20)).max() > 1e-2


def test_mean_and_variance():
    """q is (c + c^dag)/sqrt 2."""
    q, functions = outcomes(6)
    position = (functions * q) @ functions.T
    expected = np.diag(np.sqrt(np.arange(1.0, 6) / 2), 1)
    np.testing.assert_allclose(position, expected + expected.T, atol=1e-5)


def norm(state: np.ndarray) -> float:
    return float(np.vdot(state, state).real)


def test_averages_of_a_constant_are_the_norm():
    tensors = random_tensors(np.random.default_rng(1), (3, 4, 5, 2), (3, 5, 2))
    centre = tensors[0][0]
    for sites in ([], tensors[1:2], tensors[1:3]):
        found, without = average(centre, sites, norm, least=0.0)
        assert without == 0
        assert found == pytest.approx(1.0, abs=4 * COMPLETE)
    found, without = average(centre, tensors[1:3], norm, least=1e-3)
    assert 1e-3 < without < 0.9
    assert found + without == pytest.approx(1.0, abs=4 * COMPLETE)
    found, _ = average(3 * centre, tensors[1:2], norm, least=0.0)
    assert found == pytest.approx(9.0, abs=40 * COMPLETE)


def test_states_after_an_outcome():
    """sum_q p_q Tr rho_q^2 of site 0 against projections of the vector."""
    tensors = random_tensors(np.random.default_rng(2), (2, 4, 3), (2, 3))
    psi = vector(tensors).reshape(2, 4, 3)
    _, functions = outcomes(4)

    def purity(state: np.ndarray) -> float:
        rho = state.reshape(2, -1) @ state.reshape(2, -1).conj().T
        return float(np.vdot(rho, rho).real / np.trace(rho).real)

    after = np.einsum("nq,snk->qsk", functions, psi)
    expected = sum(purity(state) for state in after)
    assert average(tensors[0][0], tensors[1:2], purity, least=0.0)[0] == pytest.approx(expected, abs=ROUNDING)
    unread = np.einsum("snk,tnk->st", psi, psi.conj())
    assert expected > np.vdot(unread, unread).real + 1e-3
