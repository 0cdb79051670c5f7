"""Measurements on a matrix product state against expectation values of the dense vector."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.dense import SEEDS, acted, between_empty, gaussian, random_tensors, reduced, typed, vector
from tests.tolerances import DENSE
from tnthermo.kernels.measure import (
    correlations,
    level_populations,
    lowered,
    operate,
    pass_left,
    pass_right,
    raised,
    reduced_moment,
    reduced_state,
)
from tnthermo.model.operators import boson

DIMENSIONS = (2, 3, 4, 3, 2)
BONDS = (2, 4, 5, 2)


def state(seed: int, center: int = 0) -> tuple:
    """(typed tensors, dense vector)."""
    tensors = random_tensors(np.random.default_rng(seed), DIMENSIONS, BONDS, center)
    return typed(tensors), vector(tensors).reshape(DIMENSIONS)


@pytest.mark.parametrize(("system", "site"), [(p, i) for p in range(5) for i in range(5) if p != i])
@settings(max_examples=3)
@given(seed=SEEDS)
def test_reduced_moment(system, site, seed):
    """The system anywhere, the other site on either side of it, next to it or further away."""
    tensors, psi = state(seed, system)
    rng = np.random.default_rng(seed + 1)
    operator = gaussian(rng, DIMENSIONS[site], DIMENSIONS[site])
    ours = reduced_moment(tensors, system, site, operator)
    np.testing.assert_allclose(ours, reduced(acted(psi, (site, operator)), psi, system), atol=DENSE)
    # the convention: Tr(A M) = <A O>
    other = gaussian(rng, DIMENSIONS[system], DIMENSIONS[system])
    both = np.vdot(psi, acted(psi, (system, other), (site, operator)))
    assert np.trace(other @ ours) == pytest.approx(both, abs=DENSE)


@pytest.mark.parametrize(("system", "site"), [(0, 2), (2, 0), (2, 4)])
def test_reduced_moment_tells_order_and_gauge(system, site):
    """A transposed operator, a transposed result and a centre elsewhere give other numbers."""
    tensors, psi = state(3, system)
    operator = gaussian(np.random.default_rng(4), DIMENSIONS[site], DIMENSIONS[site])
    expected = reduced(acted(psi, (site, operator)), psi, system)
    assert np.abs(reduced_moment(tensors, system, site, operator.T.copy()) - expected).max() > 1e-3
    assert np.abs(reduced_moment(tensors, system, site, operator).T - expected).max() > 1e-3
    elsewhere, _ = state(3, 4 if system == 0 else 0 if site == 4 else 4)
    assert np.abs(reduced_moment(elsewhere, system, site, operator) - expected).max() > 1e-3


@pytest.mark.parametrize("system", range(5))
@settings(max_examples=3)
@given(seed=SEEDS)
def test_reduced_state(system, seed):
    tensors, psi = state(seed, system)
    ours = reduced_state(tensors[system])
    np.testing.assert_allclose(ours, reduced(psi, psi, system), atol=DENSE)
    assert np.abs(ours - ours.T).max() > 1e-6  # a transposed index would be noticed: the state is complex


@settings(max_examples=10)
@given(seed=SEEDS)
def test_steps_over_one_site(seed):
    rng = np.random.default_rng(seed)
    x, right, left = gaussian(rng, 3, 4, 2), gaussian(rng, 2, 2), gaussian(rng, 3, 3)
    np.testing.assert_allclose(pass_left(x, right), np.einsum("lsr,rq,msq->lm", x, right, x.conj()), atol=DENSE)
    np.testing.assert_allclose(pass_right(x, left), np.einsum("lm,lsr,msq->rq", left, x, x.conj()), atol=DENSE)
    wide = gaussian(rng, 5, 6)  # more columns than x has levels: the rest meets nothing
    np.testing.assert_allclose(operate(x, wide), np.einsum("ts,lsr->ltr", wide[:, :4], x), atol=DENSE)
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


def dense_correlations(psi: np.ndarray, sites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slow twin of `correlations`, element by element."""
    lower = {i: boson("lower", psi.shape[i]) for i in sites}
    shape = (len(sites), len(sites))
    normal = [np.vdot(psi, acted(psi, (m, lower[m].T), (n, lower[n]))) for m in sites for n in sites]
    anomalous = [np.vdot(psi, acted(psi, (m, lower[m]), (n, lower[n]))) for m in sites for n in sites]
    return np.array(normal).reshape(shape), np.array(anomalous).reshape(shape)


def our_correlations(tensors, sites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Written over arrays that are not zero."""
    normal, anomalous = (np.full((len(sites), len(sites)), 7, dtype=complex) for _ in range(2))
    correlations(typed(tensors), sites, normal, anomalous)
    return normal, anomalous


LINE = (3, 2, 4, 2, 3, 3)


@pytest.mark.parametrize("empty", [(0, 0), (1, 0), (0, 2), (2, 1)])
@pytest.mark.parametrize("system", [0, 1, 3, 5, None])
@settings(max_examples=3)
@given(seed=SEEDS)
def test_correlations(system, empty, seed):
    """The system at an end, inside, among the empty sites, or not passed over at all."""
    tensors = between_empty(np.random.default_rng(seed), LINE, *empty)
    sites = np.array([i for i in range(len(LINE)) if i != system])
    normal, anomalous = our_correlations(tensors, sites)
    expected = dense_correlations(vector(tensors).reshape(LINE), sites)
    np.testing.assert_allclose(normal, expected[0], atol=DENSE)
    np.testing.assert_allclose(anomalous, expected[1], atol=DENSE)
    assert np.abs(normal - normal.T).max() > 1e-3  # a transposed index would be noticed: the state is complex
    assert np.abs(anomalous - normal).max() > 1e-3


@pytest.mark.parametrize("sites", [(), (2,), (0, 5), (1, 2, 4)])
def test_correlations_of_some_sites(sites):
    tensors = between_empty(np.random.default_rng(5), LINE, 0, 0)
    chosen = np.array(sites, dtype=np.int64)
    expected = dense_correlations(vector(tensors).reshape(LINE), chosen)
    for ours, dense in zip(our_correlations(tensors, chosen), expected, strict=True):
        np.testing.assert_allclose(ours, dense, atol=DENSE)


def test_correlations_of_the_vacuum_vanish_and_a_wrong_gauge_is_noticed():
    sites = np.arange(1, len(LINE))
    vacuum = between_empty(np.random.default_rng(6), LINE, 0, len(LINE) - 1)  # site 0 in any state
    assert all(np.all(ours == 0) for ours in our_correlations(vacuum, sites))
    off_center = random_tensors(np.random.default_rng(6), LINE, (2, 3, 4, 4, 3), center=3)
    expected, _ = dense_correlations(vector(off_center).reshape(LINE), sites)
    assert np.abs(our_correlations(off_center, sites)[0] - expected).max() > 1e-3
