"""Two-mode squeezing, passive rotation and quadratures against exponentials in much larger spaces."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.linalg import expm, logm
from scipy.special import eval_hermite
from scipy.stats import unitary_group

from tests.kernels.dense import SEEDS
from tests.tolerances import DENSE, ROUNDING
from tnthermo.bath_entropy.squeezing import two_mode_squeezer
from tnthermo.kernels.modes import beam_splitter, hermite_functions


def squeezer_twin(theta: float, physical: int, first: int, second: int, size: int = 150) -> np.ndarray:
    """exp(theta (a^dag a'^dag - a a')) difference by difference n - n' = d, each ``size`` states high."""
    result = np.zeros((physical, physical, first, second))
    for d in range(1 - second, first):
        low = np.arange(size - 1.0)
        step = np.diag(np.sqrt((low + 1) * (low + 1 + abs(d))), -1)
        block = expm(theta * (step - step.T))
        for n, m in np.ndindex(physical, first):
            k, j = n - d, m - d
            if 0 <= k < physical and 0 <= j < second:
                result[n, k, m, j] = block[min(n, k), min(m, j)]
    return result


@pytest.mark.parametrize("theta", [0.0, 1e-6, 0.3, 0.9])
@pytest.mark.parametrize("shape", [(6, 3, 4), (3, 5, 2), (1, 1, 1), (2, 6, 6), (12, 1, 5)])
def test_squeezer(theta, shape):
    """Also where columns reach past the physical levels."""
    ours = two_mode_squeezer(theta, *shape)
    np.testing.assert_allclose(ours, squeezer_twin(theta, *shape), atol=DENSE)
    if theta > 0.1 and shape[0] > 2:
        assert np.abs(ours - two_mode_squeezer(-theta, *shape)).max() > 1e-2


def test_squeezer_of_a_hot_mode_is_stable():
    """By powers of b^dag rounding would grow as (cosh + sinh)^(m + m')."""
    theta = np.arctanh(np.exp(-0.05))  # beta w = 0.1
    found = two_mode_squeezer(theta, 900, 8, 8)
    diagonal = np.einsum("nkmj,nkmj->mj", found, found)
    np.testing.assert_allclose(diagonal, 1.0, atol=1e-10)


def test_squeezer_keeps_what_the_levels_hold():
    found = two_mode_squeezer(0.4, 60, 5, 4).reshape(3600, 20)
    np.testing.assert_allclose(found.T @ found, np.eye(20), atol=DENSE)
    few = two_mode_squeezer(0.4, 5, 5, 4).reshape(25, 20)
    assert np.abs(few.T @ few - np.eye(20)).max() > 1e-2


def test_squeezed_vacuum_is_the_thermal_state():
    beta_w = 0.7
    found = two_mode_squeezer(np.arctanh(np.exp(-beta_w / 2)), 30, 1, 1)[:, :, 0, 0]
    populations = (1 - np.exp(-beta_w)) * np.exp(-beta_w * np.arange(30))
    np.testing.assert_allclose(found, np.diag(np.sqrt(populations)), atol=ROUNDING)


def splitter_twin(rotation: np.ndarray, levels: int, first: int, second: int) -> np.ndarray:
    """exp(sum_ij log(R)_ij e_i^dag e_j), which takes c_j^dag to sum_i R_ij e_i^dag; the numbers kept are those of all levels."""
    a = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    one, two = np.kron(a, np.eye(levels)), np.kron(np.eye(levels), a)
    log = logm(rotation)
    lower = (one, two)
    generator = sum(log[i, j] * lower[i].T @ lower[j] for i in range(2) for j in range(2))
    full = expm(generator).reshape(levels, levels, levels, levels)
    return full[:, :, :first, :second]


def by_levels(blocks: np.ndarray, second: int) -> np.ndarray:
    """(levels, levels, first, second) of the kernel's (N, n, m)."""
    totals, _, first = blocks.shape
    result = np.zeros((totals, totals, first, second), dtype=complex)
    for total, n, m in np.ndindex(blocks.shape):
        if n <= total and 0 <= total - m < second:
            result[n, total - n, m, total - m] = blocks[total, n, m]
    return result


@pytest.mark.parametrize(("first", "second"), [(3, 4), (1, 5), (4, 1), (2, 2), (1, 1)])
@settings(max_examples=4)
@given(seed=SEEDS)
def test_beam_splitter(first, second, seed):
    rotation = unitary_group.rvs(2, random_state=seed)
    levels = first + second - 1
    ours = by_levels(beam_splitter(rotation, first, second, levels), second)
    # Twice the levels: the twin is exact for totals below its own number of levels.
    twin = splitter_twin(rotation, 2 * levels, first, second)[:levels, :levels]
    np.testing.assert_allclose(ours, twin, atol=DENSE)
    flat = ours.reshape(levels**2, first * second)
    np.testing.assert_allclose(flat.conj().T @ flat, np.eye(first * second), atol=DENSE)
    fewer = beam_splitter(rotation, first, second, max(1, levels - 1))
    np.testing.assert_array_equal(fewer, beam_splitter(rotation, first, second, levels)[: len(fewer), : len(fewer)])


def test_a_transposed_or_conjugate_rotation_is_noticed():
    rotation = unitary_group.rvs(2, random_state=3)
    right = beam_splitter(rotation, 3, 3, 5)
    for wrong in (rotation.conj(), rotation.T, rotation.conj().T):
        assert np.abs(right - beam_splitter(np.ascontiguousarray(wrong), 3, 3, 5)).max() > 0.1


def test_hermite_functions():
    x = np.linspace(-6, 6, 41)
    ours = hermite_functions(x, 12)
    for n in range(12):
        norm = math.sqrt(2.0**n * math.factorial(n) * math.sqrt(math.pi))
        np.testing.assert_allclose(ours[n], eval_hermite(n, x) * np.exp(-x * x / 2) / norm, atol=ROUNDING)
    assert hermite_functions(x, 1).shape == (1, 41)
    fine = np.linspace(-25, 25, 2001)
    many = hermite_functions(fine, 120)
    np.testing.assert_allclose(many @ many.T * (fine[1] - fine[0]), np.eye(120), atol=DENSE)
