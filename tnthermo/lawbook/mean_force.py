"""The same run in the book-keeping of the Hamiltonian of mean force.

Seifert, Phys. Rev. Lett. 116, 020601 (2016); Strasberg and Esposito, Phys. Rev. E 95, 062101 (2017): H* = -T log(Tr_B exp(-beta H)/Z_B),
pi* = exp(-beta H*)/Z* = Tr_B exp(-beta H)/Z the mean-force state, F*_eq = -T log Z* = -T log(Z/Z_B), and for any rho_S

    F* = Tr[rho_S H*] + T Tr[rho_S log rho_S] = F*_eq + T D(rho_S || pi*)      free energy
    U* = Tr[rho_S d(beta H*)/d beta]                                          internal energy
    S* = beta (U* - F*) = S_S + beta^2 Tr[rho_S d H*/d beta]                   entropy
    Q* = Delta U* - W,   Sigma* = Delta S* - beta Q* = beta (W - Delta F*)      heat; entropy production

Without drive W = 0, so Sigma*(t) = D(rho_S(0) || pi*) - D(rho_S(t) || pi*): it needs pi* only, and the derivative drops out of it. Nothing
guarantees its sign from a product start. U*, S* and Q* take d(beta H*)/d beta = d(-log pi* + beta F*_eq)/d beta (`potential_slope`).
That derivative has a test of its own: in equilibrium U* is <H> - <H_B>_beta of the coupled whole, whose energies are measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tnthermo.lawbook.books import MEAN_FORCE, second_law
from tnthermo.lawbook.limits import distance_at_the_end
from tnthermo.lawbook.reading import Reading, Series
from tnthermo.lawbook.verdict import Law, Statement, single
from tnthermo.types import Complex

STEPS = (0.05, 0.1)  # of beta, for Richardson's extrapolation; its difference to the finer one is in the error bar
DRIVEN = "driven: pi* would be needed at every value of the drive"
NO_SLOPE = "d(beta H*)/d beta was not given: it takes pi* at neighbouring temperatures"


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanForce:
    """What is known of the equilibrium of the coupled whole.

    state         pi* (d, d); None where there is none
    error         bound on the trace norm of its error
    free_energy   F*_eq = -T log(Z/Z_B), energy
    slope         d(beta H*)/d beta (d, d), energy; None where it was not found
    slope_error   bound on its operator norm's error
    energy        <H> - <H_B>_beta, energy, measured in that equilibrium; and its error
    reason        why there is no state
    """

    state: Complex | None
    error: float = math.nan
    free_energy: float = math.nan
    slope: Complex | None = None
    slope_error: float = math.nan
    energy: float = math.nan
    energy_error: float = math.nan
    reason: str = ""


def potential(state: Complex, free_energy: float, beta: float) -> Complex:
    """beta H* = -log pi* + beta F*_eq (d, d). Raises ValueError for a state with an empty direction."""
    weights, vectors = np.linalg.eigh(state)
    if weights[0] <= 0:
        raise ValueError("the mean-force state has an empty direction")
    return np.asarray((vectors * (beta * free_energy - np.log(weights))) @ vectors.conj().T)


def shifts() -> tuple[float, ...]:
    """The factors of beta at which `potential_slope` needs the equilibrium besides 1."""
    return tuple(1 + sign * step for step in STEPS for sign in (-1, 1))


def potential_slope(at: MeanForce, beta: float, others: Mapping[float, MeanForce]) -> MeanForce:
    """``at`` with d(beta H*)/d beta and its error, from the equilibria ``others`` at beta times each of `shifts`.

    Central differences D over both steps, (4 D_fine - D_coarse)/3, whose error falls with the fourth power of the step. The error bar is
    what that moves D_fine by, and the errors of the four states: each over its least population, divided by the difference of beta.
    """
    found = []
    noise = 0.0
    for step, weight in zip(STEPS, (4 / 3, 1 / 3), strict=True):
        low, high = (others[1 + sign * step] for sign in (-1, 1))
        ends = []
        for one, factor in ((low, 1 - step), (high, 1 + step)):
            if one.state is None:
                return at
            try:
                ends.append(potential(one.state, one.free_energy, factor * beta))
            except ValueError:
                return at
            least = float(np.linalg.eigvalsh(one.state)[0])
            noise += weight * one.error / least / (2 * step * beta)
        found.append((ends[1] - ends[0]) / (2 * step * beta))
    fine, coarse = found
    slope = (4 * fine - coarse) / 3
    return replace(at, slope=slope, slope_error=float(np.linalg.norm(slope - fine, 2)) + noise)


def mean_force_production(r: Reading, mean_force: MeanForce) -> Series:
    """Sigma* = Delta S_S + Tr[(rho_S(t) - rho_S(0)) log pi*] (n,), nat; NaN with the reason where pi* or an undriven run is missing."""
    if mean_force.state is None or r.driven:
        return _nothing(r, mean_force.reason or DRIVEN)
    try:
        logarithm = -potential(mean_force.state, 0.0, 1.0)
    except ValueError as error:
        return _nothing(r, str(error))
    least = float(np.linalg.eigvalsh(mean_force.state)[0])
    return r.series("S_S").change + _moved(r, logarithm, 2 * mean_force.error / least, -math.log(least))


def internal_energy(r: Reading, mean_force: MeanForce) -> Series:
    """Delta U* = Tr[(rho_S(t) - rho_S(0)) d(beta H*)/d beta] (n,), energy; it is Q* without drive. Without slope: NaN, with the reason."""
    if mean_force.slope is None or r.driven:
        return _nothing(r, DRIVEN if r.driven else mean_force.reason or NO_SLOPE)
    size = float(np.ptp(np.linalg.eigvalsh(mean_force.slope))) / 2  # a multiple of 1 moves nothing
    return _moved(r, mean_force.slope, 2 * mean_force.slope_error, size)


def entropy(r: Reading, mean_force: MeanForce) -> Series:
    """Delta S* = Sigma* + beta Q* (n,), nat, = Delta S_S + beta^2 Tr[(rho_S(t) - rho_S(0)) d H*/d beta]."""
    heat = internal_energy(r, mean_force)
    return heat if heat.reason else mean_force_production(r, mean_force) + (1 / r.temperature) * heat


def _moved(r: Reading, operator: Complex, operator_error: float, size: float) -> Series:
    """Tr[(rho_S(t) - rho_S(0)) O] (n,) and its error: of O in all of its changes, and of rho_S where O is of that ``size``."""
    rho = r.rho_S
    error = operator_error + size * r.rho_S_error
    # at the start it is 0, whatever O is
    return Series(
        value=np.real(np.einsum("ij,nji->n", operator, rho - rho[0])), error=np.where(r.t == r.t[0], 0.0, error)
    )


def _nothing(r: Reading, reason: str) -> Series:
    nan = np.full(r.t.size, np.nan)
    return Series(value=nan, error=nan, reason=reason)


def mean_force(r: Reading, state: MeanForce, resolution: float) -> list[Law]:
    """Second law, the energy of the equilibrium and relaxation with the Hamiltonian of mean force."""
    equation = "Sigma* = Delta S* - beta Q* = D(rho_S(0)||pi*) - D(rho_S||pi*) >= 0"
    found = second_law(r, mean_force_production(r, state), equation, MEAN_FORCE, resolution)
    found.append(equilibrium_energy(state, resolution))
    statement = Statement(
        name="relaxation", title="the system relaxes to the mean-force state", equation="rho_S -> pi* = Tr_B exp(-beta H)/Z",
        relation="->", unit="1", book=MEAN_FORCE,
    )  # fmt: skip
    if state.state is None or r.driven:
        reason = state.reason or "driven"
        found.append(single(statement, math.nan, math.nan, scale=1.0, resolution=resolution, reason=reason))
    else:
        found.append(distance_at_the_end(statement, r, state.state, state.error / 2, resolution))
    return found


def equilibrium_energy(state: MeanForce, resolution: float) -> Law:
    """U* of pi*, from its derivative by temperature, against <H> - <H_B>_beta, measured: a test of d(beta H*)/d beta."""
    statement = Statement(
        name="equilibrium_energy", title="U* of the equilibrium is the energy of the whole", relation="=", unit="energy",
        equation="Tr[pi* d(beta H*)/d beta] = <H> - <H_B>_beta", book=MEAN_FORCE, bound=state.energy,
    )  # fmt: skip
    if state.state is None or state.slope is None:
        reason = state.reason or NO_SLOPE
        return single(statement, math.nan, math.nan, scale=0.0, resolution=resolution, reason=reason)
    value = float(np.real(np.trace(state.state @ state.slope)))
    size = float(np.linalg.norm(state.slope, 2))
    error = state.slope_error + size * state.error + state.energy_error
    return single(statement, value, error, scale=max(size, abs(state.energy)), resolution=resolution)
