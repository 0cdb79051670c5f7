"""Couplings A that commute with H_S, in closed form at any strength, time and temperature: any diagonal A and H_S, any start.

Discrete modes (w_k, g_k) or a given J; one branch l per eigenvalue a_l of A, which drives the modes on its own. Evolution from a
product state, a single driven branch, and global equilibrium. hbar = k_B = 1. Independent of the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad


def occupation_change(w: float, g: float, eigenvalue: float, t: float) -> float:
    """n_k(t) - n_k(0) = (g a/w)^2 2 (1 - cos wt) of a mode driven by the eigenvalue a of A, at every temperature.

    In branch a the mode's Hamiltonian is w b^dag b - w (g a/w)^2 with b = a_k + g a/w: it turns about -g a/w, and a start about
    0 is displaced by -(g a/w)(1 - exp(-i wt)).
    """
    return (g * eigenvalue / w) ** 2 * 2 * (1 - np.cos(w * t))


def occupation_density(density: float, w: float, eigenvalue: float, t: float) -> float:
    """The same per unit frequency: J(w) a^2/w^2 2 (1 - cos wt), with ``density`` = J(w)."""
    return density * eigenvalue**2 / w**2 * 2 * (1 - np.cos(w * t))


def driven_displacement(w: float, g: float, eigenvalue: float, drive: Callable[[float], float], t: float) -> complex:
    """<a_k>(t) = -i g a exp(-i wt) int_0^t f(s) exp(i w s) ds in branch a of f(t) A (x) X, from <a_k>(0) = 0."""
    parts = [
        quad(lambda s, of=of: drive(s) * of(w * s), 0, t, epsabs=1e-13, epsrel=1e-13)[0] for of in (np.cos, np.sin)
    ]
    return -1j * g * eigenvalue * np.exp(-1j * w * t) * complex(*parts)


@dataclass(frozen=True, kw_only=True)
class DephasingModes:
    """H_S = diag(energies), A = diag(eigenvalues) with eigenvalues a_l, discrete modes (w_k, g_k) at one beta, any initial rho_S.

    Branch l displaces mode k by -(g_k a_l/w_k)(1 - exp(-i w_k t)) and gains the phase a_l^2 phi. For A = sigma_z phi drops out.
    """

    energies: tuple[float, ...]
    eigenvalues: tuple[float, ...]
    frequencies: tuple[float, ...]
    couplings: tuple[float, ...]
    beta: float
    initial: np.ndarray

    def over_modes(self, term: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
        """sum_k term(w_k, g_k)."""
        return float(np.sum(term(np.array(self.frequencies), np.array(self.couplings))))

    def coth(self, w: np.ndarray) -> np.ndarray:
        return np.ones_like(w) if np.isinf(self.beta) else 1 / np.tanh(self.beta * w / 2)

    @property
    def a(self) -> np.ndarray:
        return np.array(self.eigenvalues)

    def average(self, values: np.ndarray) -> float:
        """sum_l p_l values_l: the populations do not move."""
        return float(np.real(np.diagonal(self.initial)) @ values)

    def rho_S(self, t: float) -> np.ndarray:
        """rho_lm(t) = rho_lm(0) exp(-i (E_l - E_m) t + i (a_l^2 - a_m^2) phi - (a_l - a_m)^2 G).

        phi = sum g^2/w^2 (wt - sin wt), G = sum g^2/w^2 (1 - cos wt) coth(beta w/2), which is 2 lambda^2 times the Gamma of
        [85-93] when g = lambda f.
        """
        phi = self.over_modes(lambda w, g: (g / w) ** 2 * (w * t - np.sin(w * t)))
        decay = self.over_modes(lambda w, g: (g / w) ** 2 * (1 - np.cos(w * t)) * self.coth(w))
        E, a = np.array(self.energies), self.a
        exponent = -1j * np.subtract.outer(E, E) * t + 1j * np.subtract.outer(a**2, a**2) * phi
        return self.initial * np.exp(exponent - np.subtract.outer(a, a) ** 2 * decay)

    def bath_energy(self, t: float) -> float:
        """Delta E_B = <A^2> sum (g^2/w) 2 (1 - cos wt) = -E_int."""
        return self.average(self.a**2) * self.over_modes(lambda w, g: g**2 / w * 2 * (1 - np.cos(w * t)))

    def position(self, t: float) -> float:
        """<X> = -<A> sum (g^2/w) 2 (1 - cos wt)."""
        return -self.average(self.a) * self.over_modes(lambda w, g: g**2 / w * 2 * (1 - np.cos(w * t)))

    def binding_energy(self, t: float) -> float:
        """U_chi = -(<A^2> - <A>^2) sum (g^2/w) 2 (1 - cos wt)."""
        return -self.bath_energy(t) - self.average(self.a) * self.position(t)

    def occupations(self, t: float) -> np.ndarray:
        """n_k(t) - n_k(0), one for each mode."""
        modes = zip(self.frequencies, self.couplings, strict=True)
        return np.array([self.average(np.array([occupation_change(w, g, a, t) for a in self.a])) for w, g in modes])

    def heat_variance(self, t: float) -> float:
        """Variance of the two-point measured H_B: <A^2> sum 2 g^2 (1 - cos wt) coth(beta w/2), and the spread of the branches."""
        within = self.average(self.a**2) * self.over_modes(lambda w, g: 2 * g**2 * (1 - np.cos(w * t)) * self.coth(w))
        shift = self.over_modes(lambda w, g: g**2 / w * 2 * (1 - np.cos(w * t)))
        return within + shift**2 * (self.average(self.a**4) - self.average(self.a**2) ** 2)


@dataclass(frozen=True, kw_only=True)
class CommutingEquilibrium:
    """Mean-force state Tr_B exp(-beta H_tot)/Z of [H_S, A] = 0: H_S = diag(energies), A = diag(eigenvalues).

    In branch l, completing the square with b_k = a_k + g_k a_l/w_k,
        E_l + a_l X + H_B = E_l + sum_k w_k b_k^dag b_k - lambda a_l^2,  lambda = sum_k g_k^2/w_k = int J(w)/w dw,
    and b_k is a displaced a_k, with the same spectrum. The trace over the modes is thus the same number for every l:
        p_l ~ exp(-beta (E_l - lambda a_l^2)),
    no coherences. The modes sit at <a_k> = -g_k a_l/w_k, each with its thermal fluctuations, so that <X> = -2 lambda <A>,
    E_int = -2 lambda <A^2>, and E_B = lambda <A^2> above that of the bath alone. Adding a constant to A
    changes the state: it is a_l^2 that counts.

    For H_S = sigma_z/2 and A = |0><0|: p_0/p_1 = exp(-beta (1 - lambda)) and rho_S = (1 - 2 tanh(beta (1 - lambda)/2) H_S)/2;
    J exponential Ohmic has lambda = 2 alpha wc, the argument of tanh is 1/(2T) - alpha wc/T.
    """

    energies: tuple[float, ...]
    eigenvalues: tuple[float, ...]
    reorganisation: float
    beta: float

    @property
    def populations(self) -> np.ndarray:
        exponents = -self.beta * (np.array(self.energies) - self.reorganisation * np.array(self.eigenvalues) ** 2)
        weights = np.exp(exponents - exponents.max())
        return weights / weights.sum()

    @property
    def rho_S(self) -> np.ndarray:
        return np.diag(self.populations)

    @property
    def position(self) -> float:
        """<X> = -2 lambda <A>."""
        return -2 * self.reorganisation * float(self.populations @ np.array(self.eigenvalues))

    @property
    def bath_energy(self) -> float:
        """E_B - E_B of the bath alone = lambda <A^2>."""
        return self.reorganisation * float(self.populations @ np.array(self.eigenvalues) ** 2)

    @property
    def interaction_energy(self) -> float:
        """E_int = -2 lambda <A^2>."""
        return -2 * self.bath_energy


def reorganisation(*, frequencies: tuple[float, ...], couplings: tuple[float, ...]) -> float:
    """lambda = sum_k g_k^2/w_k; of the exponential Ohmic J it is 2 alpha wc."""
    return sum(g**2 / w for w, g in zip(frequencies, couplings, strict=True))


def equilibrium_of_a_projector(*, alpha: float, cutoff: float, temperature: float) -> np.ndarray:
    """rho_S = (1 - 2 tanh(1/(2T) - alpha wc/T) H_S)/2 for H_S = sigma_z/2, A = |0><0|, exponential Ohmic J."""
    H_S = np.diag([0.5, -0.5])
    return (np.eye(2) - 2 * np.tanh((0.5 - alpha * cutoff) / temperature) * H_S) / 2
