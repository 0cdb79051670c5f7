"""exp(z H_eff) by Lanczos against the dense exponential: the error bound is a bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from tests.kernels.dense import SEEDS, blocks_of, gaussian, problem
from tnthermo.kernels.krylov import LARGEST_KRYLOV, propagate

SMALL = ((2, 3, 4), (2, 3))
LARGE = ((8, 3, 6), (8, 6))  # site 0: 64 elements, site 1 of the same chain: 144, more than LARGEST_KRYLOV
ROUNDING = 1e-11  # of |z| times the norm of H


def first_site(seed: int, shape: tuple) -> tuple:
    """(arguments of `propagate` before z, the dense H_eff) of site 0, with a random tensor that is not normalised."""
    p = problem(seed, shape)
    b = blocks_of(p)
    x = gaussian(np.random.default_rng(seed + 1), *p.tensors[0].shape)
    return (b.lefts[0], b.tables[0], b.values[0], b.rights[1], x), p.effective()


def error(arguments: tuple, dense: np.ndarray, z: complex, tolerance: float) -> tuple[float, float]:
    """(relative error, bound)."""
    x = arguments[-1]
    result, bound, _ = propagate(*arguments, z, tolerance)
    exact = expm(z * dense) @ x.reshape(-1)
    return float(np.linalg.norm(result.reshape(-1) - exact) / np.linalg.norm(x)), bound


@settings(max_examples=25)
@given(seed=SEEDS, size=st.floats(1e-3, 3), exponent=st.floats(-12, -0.5), backward=st.booleans())
def test_bound_holds_and_tolerance_is_met(seed, size, exponent, backward):
    arguments, dense = first_site(seed, LARGE)
    z = (1j if backward else -1j) * size / np.linalg.norm(dense, 2)
    found, bound = error(arguments, dense, z, 10**exponent)
    assert found <= bound + ROUNDING
    assert bound <= 10**exponent


@pytest.mark.parametrize("tolerance", [1e-3, 1e-9])
@pytest.mark.parametrize("size", [60.0, 300.0])
def test_long_steps_are_cut_and_the_bounds_add_up(size, tolerance):
    arguments, dense = first_site(5, LARGE)
    assert dense.shape[0] > LARGEST_KRYLOV
    z = -1j * size / np.linalg.norm(dense, 2)
    found, bound = error(arguments, dense, z, tolerance)
    assert found <= bound + ROUNDING * size
    # k vectors cannot go further than |z| ||H|| of about k in one piece: more than one was needed, each within the tolerance
    assert 0.5 * tolerance < bound <= tolerance * size


def test_small_spaces_are_exact_at_any_length():
    """When the Krylov vectors span the space there is no error to bound."""
    arguments, dense = first_site(2, SMALL)
    found, bound = error(arguments, dense, -40j / np.linalg.norm(dense, 2), 1e-14)
    assert bound == 0.0
    assert found < 1e-9


def test_eigenvectors_end_at_once():
    arguments, dense = first_site(4, LARGE)
    energies, vectors = np.linalg.eigh(dense)
    x = np.ascontiguousarray(vectors[:, 7]).reshape(arguments[-1].shape)
    result, _, _ = propagate(*arguments[:-1], x, -0.3j, 1e-12)
    np.testing.assert_allclose(result, np.exp(-0.3j * energies[7]) * x, atol=1e-11)


def test_zero_vector_stays_zero():
    arguments, _ = first_site(1, SMALL)
    result, bound, _ = propagate(*arguments[:-1], np.zeros_like(arguments[-1]), -1j, 1e-8)
    assert not result.any()
    assert bound == 0.0


def test_norm_and_argument_are_kept():
    arguments, dense = first_site(9, LARGE)
    before = arguments[-1].copy()
    result, _, _ = propagate(*arguments, -2j / np.linalg.norm(dense, 2), 1e-2)
    assert np.array_equal(arguments[-1], before)
    # the small exponential is unitary: even a rough one keeps the norm
    assert abs(np.linalg.norm(result) / np.linalg.norm(before) - 1) < 1e-12


def test_bound_that_ignores_one_coupling_would_be_refuted():
    """Negative: the loosest tolerance leaves a real error, so a bound a hundred times smaller would be caught."""
    arguments, dense = first_site(6, LARGE)
    worst = 0.0
    for size in np.linspace(0.2, 2, 10):
        found, bound = error(arguments, dense, -1j * size / np.linalg.norm(dense, 2), 0.3)
        worst = max(worst, found / bound)
    assert 0.01 < worst <= 1
