"""Pure dephasing in closed form, at any coupling, time and temperature: A = sigma_z/2, exponential Ohmic bath, start |+>.

J(w) = 2 alpha w exp(-w/wc). H_S = 0, or any multiple of sigma_z in the frame rotating with it. With x = (wc t)^2, G the
gamma function, and branch l = +-1/2 of A driving the modes on its own. Other diagonal couplings: commuting.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np
from scipy.special import digamma

import chains
from tests.oracles.commuting import occupation_density
from tests.oracles.trajectories import trajectory
from tnthermo.model.model import SpinBoson
from tnthermo.record.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class Dephasing:
    """Closed forms at times t, T >= 0 (entropy production: T > 0). Energies and their squares in the units of wc; nats."""

    alpha: float
    cutoff: float
    temperature: float

    def coherence(self, t: float) -> float:
        """|rho_01| = (1/2) (1 + x)^-alpha [ |G(1 + T/wc + i T t)| / G(1 + T/wc) ]^(4 alpha); at T = 0 without the bracket."""
        vacuum = 0.5 * (1 + (self.cutoff * t) ** 2) ** -self.alpha
        if self.temperature == 0:
            return vacuum
        T, start = self.temperature, 1 + self.temperature / self.cutoff
        logarithm = mpmath.re(mpmath.loggamma(start + 1j * T * t)) - mpmath.loggamma(start)
        return float(vacuum * mpmath.exp(4 * self.alpha * logarithm))

    def bath_energy(self, t: float) -> float:
        """Delta E_B = alpha wc x/(1 + x) = -<H_int> = -U_chi, <sigma_z> being 0; the same at every T."""
        x = (self.cutoff * t) ** 2
        return self.alpha * self.cutoff * x / (1 + x)

    def occupation_density(self, w: float, t: float) -> float:
        """Change of the occupation per unit frequency since t = 0, the same in both branches l = +-1/2 and at every T."""
        return occupation_density(2 * self.alpha * w * np.exp(-w / self.cutoff), w, 0.5, t)

    def heat_variance(self, t: float) -> float:
        """int (J/2) (1 - cos wt) coth(beta w/2) dw of the two-point measured bath energy, by trigamma functions.

        coth = 1 + 2 sum_n exp(-n beta w) and int w exp(-s w) (1 - cos wt) dw = 1/s^2 - Re 1/(s + i t)^2.
        """
        T, s = self.temperature, 1 / self.cutoff
        vacuum = 1 / s**2 - mpmath.re(1 / mpmath.mpc(s, t) ** 2)
        if T == 0:
            return float(self.alpha * vacuum)
        thermal = T**2 * (mpmath.psi(1, 1 + T * s) - mpmath.re(mpmath.psi(1, 1 + T * mpmath.mpc(s, t))))
        return float(self.alpha * (vacuum + 2 * thermal))

    def system_entropy(self, t: float) -> float:
        """S_S of a state with populations 1/2."""
        p = np.array([0.5 + self.coherence(t), 0.5 - self.coherence(t)])
        return float(-np.sum(p[p > 0] * np.log(p[p > 0])))

    def entropy_production(self, t: float) -> float:
        """Sigma_total = Delta S_S + beta Delta E_B."""
        return self.system_entropy(t) + self.bath_energy(t) / self.temperature

    def trajectory(self, times: np.ndarray, *, every: int = 1) -> Trajectory:
        """The raw columns of a faultless run, H_S = 0.

        Branch l of A = l sigma_z displaces the bath: <X>_l = -4 l alpha wc x/(1 + x). The coherence's moment follows from
        d rho_01/dt = -i Tr_B[X rho]_01. No column of the ledger depends on the coherence of moment_P: it is left at 0.
        """
        x = (self.cutoff * times) ** 2
        shift = 4 * self.alpha * self.cutoff * x / (1 + x)
        speed = 4 * self.alpha * self.cutoff * 2 * self.cutoff**2 * times / (1 + x) ** 2
        coherence = np.array([self.coherence(float(t)) for t in times])
        T, start = self.temperature, 1 + self.temperature / self.cutoff
        decay = 2 * self.cutoff**2 * times / (1 + x) + 4 * T * np.imag(digamma(start + 1j * T * times))
        fall = -self.alpha * decay * coherence
        half = np.diag([0.5, -0.5]).astype(complex)
        flip = np.array([[0, 1], [1, 0]], dtype=complex)
        populations = 0.5 * np.eye(2)
        # d rho_01/dt = -i (A_0 - A_1) moment_01 = -i moment_01, so moment_01 = i d rho_01/dt.
        turn = np.array([[0, 1j], [-1j, 0]])
        density = chains.PowerLaw(alpha=self.alpha, cutoff=self.cutoff, exponent=1.0, shape="exponential")
        bath = chains.chain(density, length=4, temperature=self.temperature)
        model = SpinBoson(hamiltonian={"z": 0.0}, coupling={"z": 0.5}, bath=bath)
        energy = shift / 4
        return trajectory(
            model=model,
            initial=0.5 * np.ones((2, 2), dtype=complex),
            times=times,
            every=every,
            rho_S=populations + coherence[:, None, None] * flip,
            moment_X=(-shift[:, None, None] * half / 2 + fall[:, None, None] * turn)[:, None],
            moment_P=(-speed[:, None, None] * half / 2)[:, None],
            chain_energy=energy[:, None],
            total_energy=np.zeros(times.size),
            cut_entropy=np.array([self.system_entropy(float(t)) for t in times[::every]]),
        )
