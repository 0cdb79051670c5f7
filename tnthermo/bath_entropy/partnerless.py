"""An upper bound of S_chi that needs no partners: Gaussian states have the most entropy, and what is not Gaussian may be taken off.

G the Gaussian state with the first and second moments of the bath, G_K that of the modes K: log G is quadratic, hence
S(rho_B) = S(G) - D(rho_B||G), and D does not grow when all but K is forgotten:

    Delta S_B <= S(G) - S_B(0) - [S(G_K) - S(rho_K)].

S(rho_K) is bounded from above in turn. rho_K is a mixture of what projections of the rest kept and left out, and with the coherences of its
own projection left out its entropy only grows. For parts of weight e_i that were left out, with at most N_j quanta in the modes A_j of K,

    S(rho_K) <= (kept) + H(1 - sum e, e_1, e_2, ...) + sum_i e_i [log D_i + sum_j g(N_j/e_i)],        g(n) = (n + 1) log(n + 1) - n log n,

D_i the number of states among which those left out of the modes read by then were, the sum over the modes read later: no state of a
mode has more entropy than the thermal one of its quanta. (Or, where that is less, the sum over all modes alone.)

What the rotations of sites into modes drop is no projection of the modes: S(rho_K) feels it in first order of its amplitude, the root of
its weight. So does S(G_K), by the same amount where the state is nearly Gaussian (D has its least value there): both are those of the
state that the rotations left. What remains is counted by the same root, by what was measured.
"""

from __future__ import annotations

import math

import numpy as np

from tnthermo.bath_entropy.block import INSIDE, conditional, entropy_of, spectrum
from tnthermo.bath_entropy.components import Chosen
from tnthermo.bath_entropy.correlation import Unphysical
from tnthermo.bath_entropy.fields import Fields
from tnthermo.bath_entropy.frame import thermal_entropy
from tnthermo.bath_entropy.gaussian_bounds import moments
from tnthermo.bath_entropy.informed import Knowledge
from tnthermo.bath_entropy.informed import excess as excess_of
from tnthermo.bath_entropy.sides import Gathered
from tnthermo.types import Complex, Real

ROTATED = 0.1  # nats per root of the weight that rotations drop: some ten times what random models have shown
UNPHYSICAL = 1e-6  # how far below 1/2 a symplectic eigenvalue may be by rounding, relative


def gaussian_change(fields: Fields, found: Knowledge) -> float:
    """S(G) - S_B(0) >= Delta S_B, nats, of the Gaussian state of all modes."""
    thermal = np.concatenate([np.sinh(nodes.theta) ** 2 for nodes in fields.nodes])
    occupations = _occupations(fields.form, found.excess)
    return float(np.sum(np.sort(thermal_entropy(occupations)) - np.sort(thermal_entropy(thermal))))


def non_gaussian(fields: Fields, chosen: Chosen, gathered: Gathered) -> float:
    """S(G_K) - S(rho_K) from below, nats, >= 0: what may be taken off the Gaussian bound. ``gathered`` holds K inside."""
    if chosen.modes == 0:
        return 0.0
    c, z = chosen.coordinates, _over_front(chosen, gathered)
    found = moments(gathered.front)
    excess = excess_of(found, z)
    gaussian = float(np.sum(thermal_entropy(_occupations(c.T @ fields.form @ c, excess))))
    squares = (
        np.diagonal(excess) + 4 * (z.T @ found.means).real ** 2
    )  # of each coordinate, beyond the thermal variance 1
    quanta = chosen.occupations + (squares[::2] + squares[1::2]) / (4 * chosen.kappa)
    return max(0.0, gaussian - _entropy_from_above(gathered, np.maximum(quanta, 0.0)))


def _over_front(chosen: Chosen, gathered: Gathered) -> Complex:
    """(n, 2 r) the coordinates as forms over the sites of the modes: A = cosh eta + sinh zeta^dag is (one + i other)/(2 sqrt kappa)."""
    z = np.zeros((len(gathered.front.tensors) - 1, 2 * chosen.modes), dtype=np.complex128)
    at = 0
    for j, (angle, kappa) in enumerate(zip(gathered.angles, chosen.kappa, strict=True)):
        z[at, 2 * j : 2 * j + 2] = np.sqrt(kappa) * np.cosh(angle) * np.array([1.0, -1j])
        at += 1
        if angle > 0:
            z[at, 2 * j : 2 * j + 2] = np.sqrt(kappa) * np.sinh(angle) * np.array([1.0, 1j])
            at += 1
    return z


def _entropy_from_above(gathered: Gathered, quanta: Real) -> float:
    """S(rho_K), nats, of modes with these quanta (r,), in the order in which they were read."""
    block = gathered.block
    kept = 1.0 - gathered.dropped
    found = conditional(spectrum(block.tensor, [INSIDE])) / kept + entropy_of(np.array([block.norm / kept]))
    for loss in block.losses:
        weight = loss.weight / kept
        each = thermal_entropy(quanta / weight)
        found += entropy_of(np.array([weight]))
        found += weight * min(float(np.sum(each)), loss.log_dimension + float(np.sum(each[loss.before :])))
    return found + ROTATED * math.sqrt(max(gathered.dropped, 0.0))


def _occupations(form: Real, excess: Real) -> Real:
    """(k/2,) n of the normal modes of a covariance matrix 1 + excess (k, k) of coordinates with the commutators 2i form.

    Raises `Unphysical` for moments of no state.
    """
    try:
        K = np.linalg.cholesky(np.eye(len(form)) + excess)
    except np.linalg.LinAlgError:
        raise Unphysical("the second moments of the bath belong to no state") from None
    half = np.linalg.solve(K, form)
    inverse = np.linalg.eigvalsh(1j * np.linalg.solve(K, half.T).T)[len(form) // 2 :]  # 1/(2 n + 1)
    if inverse.size and inverse.max() > 1 + UNPHYSICAL:
        raise Unphysical(f"a mode of the bath has the occupation {0.5 / inverse.max() - 0.5:.3g} < 0 by its moments")
    return np.maximum(0.5 / np.clip(inverse, 1e-300, None) - 0.5, 0.0)
