import numpy as np
import pytest
from scipy.linalg import expm, logm

from tests.tolerances import DENSE, ROUNDING
from tnthermo.model.density_matrix import entropy_rate, gibbs_entropy, spectrum, von_neumann
from tnthermo.timeline.clock import common_times
from tnthermo.timeline.differences import envelope, sparse_envelope


def state(seed: int, dimension: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension))
    rho = root @ root.conj().T
    return rho / np.trace(rho).real


def test_entropy_is_the_trace_of_the_matrix_logarithm_in_nats() -> None:
    rho = state(1)
    assert von_neumann(spectrum(rho)) == pytest.approx(-np.trace(rho @ logm(rho)).real, abs=DENSE)
    assert von_neumann(np.array([0.5, 0.5])) == pytest.approx(np.log(2))
    assert von_neumann(np.array([0.0, 1.0])) == 0.0


def test_entropy_rate_is_the_trace_with_the_matrix_logarithm() -> None:
    rho, rate = state(2), state(3) - state(4)
    found = entropy_rate(rho[None], rate[None])[0]
    assert found == pytest.approx(-np.trace(rate @ logm(rho)).real, abs=DENSE)


def test_entropy_rate_of_pure_states() -> None:
    pure = np.diag([1.0, 0.0]).astype(complex)
    turning = -1j * np.array([[0, -1], [1, 0]], dtype=complex)  # -i [H, rho]: stays pure
    filling = np.diag([-0.1, 0.1]).astype(complex)
    assert entropy_rate(pure[None], turning[None])[0] == 0.0
    assert entropy_rate(pure[None], filling[None])[0] == np.inf


def test_gibbs_entropy_of_a_mode() -> None:
    beta, w, n = 0.8, 1.3, np.arange(400)
    p = np.exp(-beta * w * n)
    p /= p.sum()
    assert gibbs_entropy(np.array([w, w]), beta) == pytest.approx(-2 * np.sum(p * np.log(p)), rel=DENSE)
    rho = expm(-beta * w * np.diag(np.arange(60.0)))
    assert gibbs_entropy(np.array([w]), beta) == pytest.approx(von_neumann(spectrum(rho / np.trace(rho))), abs=DENSE)


def test_common_times_do_not_need_equal_rounding() -> None:
    fine, coarse = np.linspace(0, 1, 11), np.array([0.0, 0.2, 0.4, 0.2 + 0.2 + 0.2, 0.8])
    here, there = common_times(fine, coarse)
    assert here.tolist() == [0, 2, 4, 6, 8]
    assert there.tolist() == [0, 1, 2, 3, 4]
    assert common_times(np.array([0.0, 0.1]), np.array([0.0]))[0].tolist() == [0]


def test_the_envelope_never_falls_and_knows_infinities() -> None:
    t = np.arange(5.0)
    ours, theirs = np.array([1.0, np.inf, 2.0, np.nan, 1.0]), np.array([1.0, np.inf, 2.5, 1.0, 0.9])
    expected = [0, 0.5, 0.5, np.nan, 0.5]  # an agreement between two times that differ vouches for nothing
    assert envelope(t, ours, t, theirs) == pytest.approx(expected, abs=ROUNDING, nan_ok=True)
    near = envelope(t, ours, t, theirs, local=True)
    assert near == pytest.approx([0, 0.5, 0.5, np.nan, 0.1], abs=ROUNDING, nan_ok=True)
    sparse = envelope(t, theirs, t[1::2], theirs[1::2] + 1.0, local=True)
    assert sparse[0] == 1.0  # that of the next time which both have, not of an agreement before it
    every_other = envelope(t, theirs, t[::2], theirs[::2] + np.array([0.0, 0.1, 0.0]))
    assert every_other == pytest.approx([0, 0.1, 0.1, 0.1, 0.1], abs=ROUNDING)
    assert np.isnan(envelope(t, ours, t + 0.5, theirs)).all()


def test_what_is_evaluated_now_and_then_is_compared_where_both_runs_did() -> None:
    t, coarse = np.arange(7.0), np.arange(0.0, 7.0, 2.0)
    ours, theirs = np.array([0.0, 9, 1, 1, 9, 1, 9]), np.array([0.0, 1.25, 7.0, 1.5])
    mine, evaluated = np.array([1, 0, 1, 1, 0, 1, 0], dtype=bool), np.array([True, True, False, True])
    found = sparse_envelope(t, ours, mine, coarse, theirs, evaluated)
    assert found == pytest.approx([0, np.nan, 0.25, np.nan, np.nan, np.nan, np.nan], nan_ok=True)
    mine[6], ours[6] = True, 1.0
    found = sparse_envelope(t, ours, mine, coarse, theirs, evaluated)
    assert found == pytest.approx([0, np.nan, 0.5, 0.5, np.nan, 0.5, 0.5], nan_ok=True)
    assert np.isnan(sparse_envelope(t, ours, mine, coarse, theirs, np.zeros(4, dtype=bool))).all()
