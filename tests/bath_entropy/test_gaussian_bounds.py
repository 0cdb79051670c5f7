"""Bounds on the entropy change of the physical bath from moments, and from a relative entropy of order 2."""

import math

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.physics.runs import bare
from tnthermo.bath_entropy.frame import frame, thermal_entropy
from tnthermo.bath_entropy.gaussian_bounds import Moments, gaussian, gaussian_bound, moments, renyi_bound
from tnthermo.bath_entropy.reordering import Line, collect
from tnthermo.bath_entropy.squeezing import squeezed
from tnthermo.network.state import State

SIGMA = {"x": np.array([[0, 1], [1, 0]]), "z": np.diag([1, -1])}
V4 = ((1.0,), (1.0,), 0.5, {"x": 0.5}, {"z": 0.25}, 3.0)
TWO = ((0.6, 1.1), (0.2, 0.35), 0.3, {"x": 0.4, "z": 0.2}, {"z": 0.5}, 2.0)


def bath(w, g, temperature, route="star"):
    modes = chains.Discrete(frequencies=list(w), couplings=list(g))
    make = chains.star_cells if route == "star" else chains.chain
    return make(modes, temperature=temperature)


def finished(w, g, T, H, A, until, *, route="star", levels=9, initial="+z"):
    """(run, frame) of the dense method."""
    model = tt.SpinBoson(hamiltonian=H, coupling=A, bath=bath(w, g, T, route))
    run = bare(model, tt.Exact(step=0.25), until, initial=initial, levels=levels, record_every=until)
    return run, frame(model)


class Dense:
    """Density matrix of the bath by number states of the physical modes, start |0>."""

    def __init__(self, w, g, T, H, A, until, levels):
        a = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
        eye = np.eye(levels)
        self.a = [a] if len(w) == 1 else [np.kron(a, eye), np.kron(eye, a)]
        size = levels ** len(w)
        number = sum(f * np.diag(b.T @ b) for f, b in zip(w, self.a, strict=True))
        X = sum(c * (b + b.T) for c, b in zip(g, self.a, strict=True))
        of = [sum(v * SIGMA[k] for k, v in parts.items()) for parts in (H, A)]
        whole = np.kron(of[0], np.eye(size)) + np.kron(np.eye(2), np.diag(number)) + np.kron(of[1], X)
        values, vectors = np.linalg.eigh(whole)
        kept = (vectors * np.exp(-1j * until * values)) @ vectors.conj().T[:, :size]
        self.tau = np.exp(-number / T)
        self.tau /= self.tau.sum()
        joint = (kept * self.tau) @ kept.conj().T
        self.rho = joint[:size, :size] + joint[size:, size:]

    def mean(self, operator):
        return complex(np.trace(self.rho @ operator))

    def entropy(self):
        p = np.linalg.eigvalsh(self.rho)
        return -float(np.sum(p[p > 0] * np.log(p[p > 0])))

    def start(self):
        return -float(self.tau @ np.log(self.tau))

    def divergence(self):
        return -self.entropy() - float(np.diagonal(self.rho).real @ np.log(self.tau))

    def renyi(self):
        """(sandwiched, Petz)."""
        q = self.tau**-0.25
        return (
            math.log(np.sum(np.abs(q[:, None] * self.rho * q) ** 2)),
            math.log(np.sum(np.abs(self.rho * q**2) ** 2)),
        )

    def gaussian_entropy(self):
        R = [x for a in self.a for x in ((a + a.T) / np.sqrt(2), (a - a.T) / (1j * np.sqrt(2)))]
        mean = [self.mean(x).real for x in R]
        V = np.array(
            [
                [self.mean(x @ y).real - p * q for y, q in zip(R, mean, strict=True)]
                for x, p in zip(R, mean, strict=True)
            ]
        )
        Omega = np.kron(np.eye(len(self.a)), [[0, 1], [-1, 0]])
        nu = np.sort(np.abs(np.linalg.eigvals(1j * Omega @ V)))[::2]
        return float(np.sum((nu + 0.5) * np.log(nu + 0.5) - (nu - 0.5) * np.log(nu - 0.5)))


@pytest.mark.parametrize("route", ["star", "chain"])
def test_one_mode(route):
    run, of = finished(*V4, route=route, levels=12)
    found = gaussian_bound(run.state, of)
    assert found.entropy_change == pytest.approx(0.6885518197 - 0.4584487434, abs=2e-10)
    D = 2 * found.quanta.sum() - (0.6404178049 - 0.4584487434)
    assert 0 < found.divergence(of, [2.0]) < D
    dense = Dense(*V4, levels=40)
    assert dense.divergence() == pytest.approx(D, abs=1e-8)
    sandwiched, petz = dense.renyi()
    assert D < sandwiched < petz
    assert renyi_bound(run.state, of, [2.0]).divergence == pytest.approx(sandwiched, rel=1e-3)


@pytest.mark.parametrize("route", ["star", "chain"])
def test_two_modes(route):
    run, of = finished(*TWO, route=route, levels=6)
    dense = Dense(*TWO, levels=16)
    found = gaussian_bound(run.state, of)
    assert found.entropy_change == pytest.approx(dense.gaussian_entropy() - dense.start(), abs=2e-5)
    assert found.entropy_change > dense.entropy() - dense.start()
    quanta = [dense.mean(a.T @ a).real for a in dense.a] - np.sinh(of.theta[np.argsort(of.frequencies)]) ** 2
    assert found.quanta[np.argsort(of.frequencies)] == pytest.approx(quanta, abs=2e-5)
    bound = renyi_bound(run.state, of, [1 / TWO[2]])
    assert bound.divergence == pytest.approx(dense.renyi()[0], rel=0.03)
    assert bound.divergence > dense.divergence()


def test_a_displaced_bath_keeps_its_entropy():
    """An eigenstate of A: the Gaussian state is the state."""
    run, of = finished((0.3, 0.9), (0.2, 0.3), 0.4, {"z": 0.2}, {"z": 1.0}, 2.0, levels=7)
    found = gaussian_bound(run.state, of)
    assert found.entropy_change == pytest.approx(0.0, abs=1e-4)  # levels
    dephasing = tt.dephasing(frequencies=[0.3, 0.9], couplings=[0.2, 0.3], temperature=0.4, initial="+z", times=[2.0])
    assert found.divergence(of, [2.5]) == pytest.approx(dephasing.D_B[0], abs=1e-4)


def test_the_vacuum_and_two_baths():
    """T = 0 and T > 0 side by side; nothing happened, and the cold mode is pure."""
    couplings = [
        tt.couple({"z": 0.5}, bath([0.7], [0.4], 0.0)),
        tt.couple({"x": 0.5}, bath([0.001, 1.2], [0.001, 0.3], 5.0)),
    ]
    model = tt.assemble(hamiltonian={"z": 0.1}, couplings=couplings)
    run = bare(model, tt.TDVP(step=0.25), 0.25, initial="+z", record_every=0.25)
    of = frame(model)
    assert gaussian_bound(run.state, of).entropy_change > 0
    N = of.own.shape[1]
    still = Moments(means=np.zeros(N, complex), normal=np.zeros((N, N), complex), anomalous=np.zeros((N, N), complex))
    assert gaussian(still, of).entropy_change == pytest.approx(0.0, abs=1e-13)
    assert renyi_bound(run.state, of, [math.inf, 0.2]).divergence == math.inf


@pytest.mark.parametrize("route", ["star", "chain"])
@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_dephasing(route, scale):
    w, g, T = [0.5, 1.0], [0.3 * scale, 0.2 * scale], 0.5
    model = tt.SpinBoson(hamiltonian={"z": 0.1}, coupling={"z": 1.0}, bath=bath(w, g, T, route))
    run = bare(model, tt.TDVP(step=0.1, tolerance=1e-6, max_bond=None), 2.0, initial="+x", record_every=2.0)
    exact, of = tt.dephasing(frequencies=w, couplings=g, temperature=T, initial="+x", times=[2.0]), frame(model)
    found = gaussian_bound(run.state, of)
    change, D = exact.Delta_S_B[0], exact.D_B[0]
    assert found.entropy_change > change
    assert found.divergence(of, [1 / T]) / D == pytest.approx(0.987 if scale < 1 else 0.891, abs=5e-3)
    if scale < 1:
        bound = renyi_bound(run.state, of, [1 / T])
        assert D < bound.divergence < 3 * D


def test_squeezed_number_states_stay_orthonormal():
    """At n = 10 quanta and eight levels powers of b^dag are wrong by many orders of magnitude."""
    f = squeezed(math.asinh(10**0.5), 2000, 8, 8)
    for m in range(8):
        for k in range(8):
            for j in range(min(8 - m, 8 - k)):
                assert f[:, m, k] @ f[:, m + j, k + j] == pytest.approx(float(j == 0), abs=1e-12)
    small = squeezed(0.3, 60, 2, 3)  # b^dag |0, 2> = cosh a^dag - sinh a'
    n = np.arange(60)
    raised = -math.sinh(0.3) * np.sqrt(n + 2) * small[:, 0, 2]
    raised[1:] += math.cosh(0.3) * np.sqrt(n[1:]) * small[:-1, 0, 2]
    assert small[:, 1, 2] == pytest.approx(np.where(n - 1 + 2 >= 0, raised, 0), abs=1e-13)


def test_collected_modes_have_their_phase():
    """The last mode of a complete set needs no rotation, but its phase."""
    run, of = finished(*V4, route="chain", levels=8)
    rows = of.rows(0) * np.exp(1j * np.array([[0.3], [1.1]]))
    line = collect(Line(tensors=run.state.tensors), rows, weight=1e-13)
    before = moments(run.state)
    after = moments(State(tensors=line.tensors, time=3.0, dimension=2, ancilla=1))
    assert after.means == pytest.approx(rows @ before.means, abs=1e-6)
    assert after.anomalous == pytest.approx(rows @ before.anomalous @ rows.T, abs=1e-6)


def test_what_cannot_be():
    run, of = finished(*V4, levels=5)
    N = 2
    zeros = np.zeros((N, N), dtype=complex)
    for wrong in (-0.2, -5.0):  # <b^dag b> < 0
        with pytest.raises(ValueError, match="belong to no state"):
            gaussian(Moments(means=np.zeros(N, complex), normal=wrong * np.eye(N), anomalous=zeros), of)
    with pytest.raises(ValueError, match="the frame has"):
        gaussian(Moments(means=np.zeros(3, complex), normal=zeros, anomalous=zeros), of)
    moved = State(tensors=run.state.tensors, time=3.0, dimension=2, ancilla=1, system=1)
    for function in (lambda: gaussian_bound(moved, of), lambda: renyi_bound(moved, of, [2.0])):
        with pytest.raises(ValueError, match="at site 0"):
            function()
    dear = renyi_bound(run.state, of, [2.0], limit=1000)
    assert math.isnan(dear.divergence)
    assert "too dear" in dear.reason


def thermal_state(n, of, levels):
    """A thermal state of n quanta in the frame of a mode; a system that knows nothing."""
    t = math.tanh(math.asinh(math.sqrt(n)) - of.theta[0])
    vector = np.diag(t ** np.arange(levels)).astype(complex)
    vector /= np.linalg.norm(vector)
    identity = np.eye(levels, dtype=complex).reshape(levels, levels, 1)
    tensors = (np.array([[[1.0], [0.0]]], dtype=complex), vector.reshape(1, levels, levels), identity)
    return State(tensors=tensors, time=0.0, dimension=2, ancilla=1)


def test_hotter_than_twice_the_temperature_is_infinite():
    """With r = n/(n + 1): finite for r'^2 < r only."""
    _, of = finished(*V4, levels=4)
    r, new = math.exp(-2.0), 0.2 / 1.2
    warm = thermal_state(0.2, of, 7)
    expected = math.log((1 - new) ** 2 / ((1 - r) * (1 - new**2 / r)))
    assert renyi_bound(warm, of, [2.0]).divergence == pytest.approx(expected, rel=1e-5)
    entropy = thermal_entropy(np.array([0.2, np.sinh(of.theta[0]) ** 2]))
    assert gaussian_bound(warm, of).entropy_change == pytest.approx(entropy[0] - entropy[1], abs=1e-9)
    found = renyi_bound(thermal_state(3.0, of, 7), of, [2.0])
    assert found.divergence == math.inf
    assert "grows with the levels" in found.reason
