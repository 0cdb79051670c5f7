"""The same physics from every method, within the error each declares, and the order of the step."""

import numpy as np
import pytest

import tnthermo as tt
from tests.physics.runs import bare, few_modes, sigma_z

FREQUENCIES, COUPLINGS = (0.4, 0.8, 1.2, 1.6), (0.15, 0.2, 0.2, 0.1)
UNTIL, EVERY = 2.0, 0.5
TOLERANCE = {"tdvp": 1e-5, "tdvp1": 1e-5, "tdvp2": 1e-4, "tebd": 1e-4}
METHODS = {
    "tdvp": tt.TDVP(step=0.125, tolerance=1e-5),
    "tdvp1": tt.TDVP1(step=0.125, tolerance=1e-5, bond=12),
    "tdvp2": tt.TDVP2(step=0.125, tolerance=1e-4),
    "tebd": tt.TEBD(step=0.125, tolerance=1e-4),
}
REFERENCE_ERROR = 1e-6
# quimb's norm is complex; the cast is tested on its own below


def four_modes(temperature: float, coupling: float = 1.0) -> tt.Model:
    return few_modes(FREQUENCIES, COUPLINGS, temperature, {"z": 0.2, "x": 0.3}, {"z": coupling})


def with_declared_error(model: tt.Model, algorithm: tt.Algorithm) -> tuple[np.ndarray, float]:
    """(sigma_z at the record times, largest difference from the run at twice the step and ten times the tolerance)."""
    run = bare(model, algorithm, UNTIL, record_every=EVERY, error_bars=True)
    ours, rough = sigma_z(run), sigma_z(run.rough)
    np.testing.assert_allclose(run.rough.t, run.t[:: (run.t.size - 1) // (run.rough.t.size - 1)])
    return ours, float(np.abs(ours[:: (ours.size - 1) // (rough.size - 1)] - rough).max())


@pytest.fixture(scope="module")
def warm() -> np.ndarray:
    """sigma_z of four warm modes, eight sites, by fourth-order sweeps."""
    algorithm = tt.TDVP(step=0.125, tolerance=3e-7, order=4, max_bond=None)
    return sigma_z(bare(four_modes(0.5), algorithm, UNTIL, record_every=EVERY))


@pytest.fixture(scope="module")
def cold() -> np.ndarray:
    """sigma_z of four cold modes by dense propagation."""
    return sigma_z(bare(four_modes(0.0), tt.Exact(step=0.25, tolerance=1e-6), UNTIL, record_every=EVERY))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_within_the_declared_error(method, temperature, request):
    reference = request.getfixturevalue("warm" if temperature else "cold")
    ours, declared = with_declared_error(four_modes(temperature), METHODS[method])
    assert declared < 1e-3  # a bar that says something
    assert np.abs(ours - reference).max() < declared + REFERENCE_ERROR


def test_two_warm_modes_against_dense_propagation():
    model = few_modes((0.6, 1.1), (0.18, 0.24), 0.5, {"z": 0.2, "x": 0.3}, {"z": 1.0})
    exact = sigma_z(bare(model, tt.Exact(step=0.25, tolerance=1e-6), UNTIL, record_every=EVERY))
    for algorithm in (METHODS["tdvp"], METHODS["tdvp2"]):
        ours, declared = with_declared_error(model, algorithm)
        assert np.abs(ours - exact).max() < declared + REFERENCE_ERROR


def test_a_slightly_different_model_is_outside_the_bars(warm):
    ours, declared = with_declared_error(four_modes(0.5, coupling=1.01), METHODS["tdvp"])
    assert np.abs(ours - warm).max() > 5 * declared


def measured_orders(errors: list[float]) -> np.ndarray:
    """log2 of the ratio of errors at steps h, h/2, h/4, ..."""
    return np.log2(np.array(errors[:-1]) / np.array(errors[1:]))


def dephasing_error(algorithm: tt.Algorithm, until: float = 1.0) -> float:
    """Error of the coherence of pure dephasing at T = 0 (A = sigma_z), in closed form exp(-8 Gamma)/2; two branches: bond 2."""
    model = few_modes(FREQUENCIES, COUPLINGS, 0.0, {"z": 0.0}, {"z": 1.0})
    w, g = np.array(FREQUENCIES), np.array(COUPLINGS)
    gamma = np.sum(g**2 / w**2 * np.sin(w * until / 2) ** 2)
    run = bare(model, algorithm, until, initial="+x", levels=10)
    return abs(abs(run.rho_S[-1, 0, 1]) - 0.5 * np.exp(-8 * gamma))


def test_order_of_the_sweeps():
    """At bond 2, where the state fits and the projections of one sweep do not commute.

    Of the fourth order the driver's start leaves little to see here: bonds that open from a product state cost an error of
    second order with a small factor. The composition itself is measured in tests/kernels/test_sweep.py.
    """
    errors = [dephasing_error(tt.TDVP(step=h, tolerance=1e-11, max_bond=2)) for h in (0.25, 0.125, 0.0625)]
    np.testing.assert_allclose(measured_orders(errors), 2, atol=0.1)
    assert dephasing_error(tt.TDVP(step=0.25, tolerance=1e-11, max_bond=2, order=4)) < errors[0] / 20


@pytest.mark.parametrize(("order", "steps"), [(2, (0.25, 0.125, 0.0625)), (4, (0.5, 0.25))])
def test_order_of_the_gates(order, steps):
    """Fourth order with Suzuki's constant; with quimb's it would be second."""
    errors = [dephasing_error(tt.TEBD(step=h, tolerance=1e-9, max_bond=6, order=order)) for h in steps]
    np.testing.assert_allclose(measured_orders(errors), order, atol=0.1)


def test_gates_do_not_warn():
    bare(four_modes(0.0), METHODS["tebd"], 0.125)


def test_first_step_is_no_false_alarm():
    """Every local propagation of the cut first step meets its tolerance, so there is nothing to flag."""
    run = bare(four_modes(0.5), METHODS["tdvp1"], 0.25)
    assert not any("Krylov" in flag for flag in run.flags)
