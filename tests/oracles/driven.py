"""A driven system without a bath: exact solutions. All energy comes from the drive, W_total = Delta E_S and Q_S = 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

Array = np.ndarray

SIGMA_X = np.array([[0, 1], [1, 0]], dtype=complex)
SIGMA_Y = np.array([[0, -1j], [1j, 0]])
SIGMA_Z = np.diag([1, -1]).astype(complex)


@dataclass(frozen=True, kw_only=True)
class Rabi:
    """H_S = (w0/2) sigma_z + (W/2) (cos(wt) sigma_x + sin(wt) sigma_y): a field that turns about z, in closed form.

    With R = exp(-i w t sigma_z/2) the state R^dag psi moves under the constant H_R = ((w0 - w)/2) sigma_z + (W/2) sigma_x, so
    U(t) = R exp(-i H_R t), exp(-i H_R t) = cos(v t/2) - i (2 H_R/v) sin(v t/2), v = sqrt((w0 - w)^2 + W^2).
    sin(wt) = cos(wt - pi/2): two cosine drives, on x and on y.

    splitting w0; strength W; frequency w; initial rho_S (2, 2)
    """

    splitting: float
    strength: float
    frequency: float
    initial: Array

    def hamiltonian(self, t: float) -> Array:
        turn = self.frequency * t
        field = np.cos(turn) * SIGMA_X + np.sin(turn) * SIGMA_Y
        return self.splitting / 2 * SIGMA_Z + self.strength / 2 * field

    def propagator(self, t: float) -> Array:
        detuning = self.splitting - self.frequency
        v = np.hypot(detuning, self.strength)
        slow = np.cos(v * t / 2) * np.eye(2)
        if v > 0:
            slow = slow - 1j * np.sin(v * t / 2) / v * (detuning * SIGMA_Z + self.strength * SIGMA_X)
        half = self.frequency * t / 2
        return np.diag([np.exp(-1j * half), np.exp(1j * half)]) @ slow

    def rho_S(self, t: float) -> Array:
        U = self.propagator(t)
        return U @ self.initial @ U.conj().T

    def energy(self, t: float) -> float:
        """E_S = Tr[rho_S H_S(t)]."""
        return float(np.real(np.trace(self.rho_S(t) @ self.hamiltonian(t))))

    def work(self, t: float) -> float:
        """W_total = Delta E_S = int Tr[rho_S dH_S]."""
        return self.energy(t) - self.energy(0.0)

    def power(self, t: float) -> float:
        """Tr[rho_S dH_S/dt] = (w W/2) <cos(wt) sigma_y - sin(wt) sigma_x>."""
        turn = self.frequency * t
        rate = self.frequency * self.strength / 2 * (np.cos(turn) * SIGMA_Y - np.sin(turn) * SIGMA_X)
        return float(np.real(np.trace(self.rho_S(t) @ rate)))


def alone(hamiltonian: Callable[[float], Array], initial: Array, times: Sequence[float] | Array) -> Array:
    """rho_S (n, d, d) at ascending ``times`` from 0 of any H_S(t), d U/dt = -i H_S U by a Runge-Kutta method of order 8 to 1e-12.

    Kinks of H_S must be among the times.
    """
    d = initial.shape[0]

    def slope(t: float, y: Array) -> Array:
        return (-1j * np.asarray(hamiltonian(t)) @ y.reshape(d, d)).ravel()

    U, now, states = np.eye(d, dtype=complex).ravel(), 0.0, []
    for t in times:
        if t > now:
            U, now = solve_ivp(slope, (now, t), U, method="DOP853", rtol=1e-13, atol=1e-15).y[:, -1], t
        whole = U.reshape(d, d)
        states.append(whole @ initial @ whole.conj().T)
    return np.array(states)


def energies(hamiltonian: Callable[[float], Array], states: Array, times: Sequence[float] | Array) -> Array:
    """E_S(t) = Tr[rho_S H_S(t)] (n,); W_total is its change."""
    return np.array([np.real(np.trace(rho @ hamiltonian(float(t)))) for rho, t in zip(states, times, strict=True)])
