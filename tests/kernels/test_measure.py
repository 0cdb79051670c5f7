"""Measurements on a matrix product state against expectation values of the dense vector."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.dense import SEEDS, gaussian, random_tensors, typed, vector
from tests.tolerances import DENSE
from tnthermo.kernels.measure import (
    close_right,
    correlations,
    level_populations,
    lowered,
    pass_left,
    pass_right,
    raised,
    site_moment,
    system_block,
)
from tnthermo.local import boson

DIMENSIONS = (2, 3, 4, 3, 2)
BONDS = (2, 4, 5, 2)


def state(seed: int, vacuum: int = 0) -> tuple:
    """(typed tensors, dense vector); the last ``vacuum`` sites are empty and unentangled."""
    rng = np.random.default_rng(seed)
    n = len(DIMENSIONS) - vacuum
    tensors = random_tensors(rng, DIMENSIONS[:n], BONDS[: n - 1])
    for d in DIMENSIONS[n:]:
        empty = np.zeros((1, d, 1), dtype=complex)
        empty[0, 0, 0] = 1
        tensors.append(empty)
    return typed(tensors), vector(tensors).reshape(DIMENSIONS)


def acted(psi: np.ndarray, *factors: tuple[int, np.ndarray]) -> np.ndarray:
    """The product of one-site operators (site, matrix), the last one first, on psi."""
    for site, matrix in reversed(factors):
        psi = np.moveaxis(np.tensordot(matrix, psi, axes=(1, site)), 0, site)
    return psi


@settings(max_examples=15)
@given(seed=SEEDS, site=st.integers(1, 4))
def test_site_moment(seed, site):
    """Tr_rest[O rho] with any complex O, not only a Hermitian one."""
    tensors, psi = state(seed)
    operator = gaussian(np.random.default_rng(seed + 1), DIMENSIONS[site], DIMENSIONS[site])
    moved = acted(psi, (site, operator))
    expected = moved.reshape(2, -1) @ psi.reshape(2, -1).conj().T
    np.testing.assert_allclose(site_moment(tensors, site, operator), expected, atol=DENSE)
    assert (
        np.abs(site_moment(tensors, site, operator.T.copy()) - expected).max() > 1e-3
    )  # the transpose is another number


@settings(max_examples=10)
@given(seed=SEEDS)
def test_system_block(seed):
    tensors, psi = state(seed)
    identity = np.eye(tensors[0].shape[2], dtype=complex)
    flat = psi.reshape(2, -1)
    np.testing.assert_allclose(system_block(tensors[0], identity), flat @ flat.conj().T, atol=DENSE)


@settings(max_examples=10)
@given(seed=SEEDS)
def test_steps_over_one_site(seed):
    rng = np.random.default_rng(seed)
    x, operator, right, left = gaussian(rng, 3, 4, 2), gaussian(rng, 4, 4), gaussian(rng, 2, 2), gaussian(rng, 3, 3)
    expected = np.einsum("lsr,rq,mtq,ts->lm", x, right, x.conj(), operator)
    np.testing.assert_allclose(close_right(x, operator, right), expected, atol=DENSE)
    np.testing.assert_allclose(pass_left(x, right), np.einsum("lsr,rq,msq->lm", x, right, x.conj()), atol=DENSE)
    np.testing.assert_allclose(pass_right(x, left), np.einsum("lm,lsr,msq->rq", left, x, x.conj()), atol=DENSE)
    np.testing.assert_allclose(lowered(x), np.einsum("ts,lsr->ltr", boson("lower", 4), x), atol=DENSE)
    np.testing.assert_allclose(raised(x), np.einsum("ts,lsr->ltr", boson("raise", 4), x), atol=DENSE)


@settings(max_examples=10)
@given(seed=SEEDS, active=st.integers(1, 5))
def test_level_populations(seed, active):
    tensors, psi = state(seed)
    ours = np.full((5, 4), -1.0)
    level_populations(tensors, active, ours)
    for site, d in enumerate(DIMENSIONS[:active]):
        rows = np.moveaxis(psi, site, 0).reshape(d, -1)
        np.testing.assert_allclose(ours[site, :d], np.sum(np.abs(rows) ** 2, axis=1), atol=DENSE)
    assert np.all(ours[active:] == -1)


@pytest.mark.parametrize("vacuum", [0, 1, 2])
@settings(max_examples=5)
@given(seed=SEEDS)
def test_correlations(vacuum, seed):
    tensors, psi = state(seed, vacuum)
    sites = len(DIMENSIONS) - 1
    normal, anomalous = np.zeros((sites, sites), dtype=complex), np.zeros((sites, sites), dtype=complex)
    correlations(tensors, len(DIMENSIONS) - vacuum, normal, anomalous)
    lower = [boson("lower", d) for d in DIMENSIONS[1:]]
    for m in range(sites):
        for n in range(sites):
            create_annihilate = acted(psi, (m + 1, lower[m].T), (n + 1, lower[n]))
            both_annihilate = acted(psi, (m + 1, lower[m]), (n + 1, lower[n]))
            assert normal[m, n] == pytest.approx(np.vdot(psi, create_annihilate), abs=DENSE)
            assert anomalous[m, n] == pytest.approx(np.vdot(psi, both_annihilate), abs=DENSE)
    assert np.abs(normal - normal.T).max() > 1e-3  # a transposed index would be noticed: the state is complex
