"""An upper bound of S_chi that needs no partners: Gaussian states have the most entropy, and what is not Gaussian may be taken off.

G the Gaussian state with the first and second moments of the bath, G_K that of the modes K: log G is quadratic, hence
S(rho_B) = S(G) - D(rho_B||G), and D does not grow when all but K is forgotten:

    Delta S_B <= S(G) - S_B(0) - [S(G_K) - S(rho_K)].

S(rho_K) is bounded from above in turn. rho_K is a mixture of what projections of the rest kept and left out, and with the coherences of its
own projection left out its entropy only grows. For parts of weight e_i that were left out, with at most N_j quanta in the modes A_j of K,

    S(rho_K) <= (kept) + H(1 - sum e, e_1, e_2, ...) + sum_i e_i [log D_i + sum_j g(N_j/e_i)],        g(n) = (n + 1) log(n + 1) - n log n,

D_i the number of states among which those left out of the modes read by then were, the sum over the modes read later: no state of a
mode has more entropy than the thermal one of its quanta. (Or, where that is less, the sum over all modes alone.) What rotations of sites
drop is neither; it changes S(rho_K) by its root, and is counted by what was measured.
"""

from __future__ import annotations

import math

import numpy as np

from tnthermo.bath_entropy.block import INSIDE, Loss, conditional, entropy_of, spectrum
from tnthermo.bath_entropy.components import Chosen
from tnthermo.bath_entropy.correlation import Unphysical
from tnthermo.bath_entropy.fields import Fields
from tnthermo.bath_entropy.frame import thermal_entropy
from tnthermo.bath_entropy.informed import Knowledge
from tnthermo.bath_entropy.sides import Gathered
from tnthermo.types import Real

ROTATED = 0.1  # nats per root of the weight that rotations drop: .034 is the most that was seen, at 2e-10 dropped
UNPHYSICAL = 1e-6  # how far below 1/2 a symplectic eigenvalue may be by rounding, relative


def gaussian_change(fields: Fields, found: Knowledge) -> float:
    """S(G) - S_B(0) >= Delta S_B, nats, of the Gaussian state of all modes."""
    thermal = np.concatenate([np.sinh(nodes.theta) ** 2 for nodes in fields.nodes])
    occupations = _occupations(fields.form, found.excess)
    return float(np.sum(np.sort(thermal_entropy(occupations)) - np.sort(thermal_entropy(thermal))))


def non_gaussian(found: Knowledge, fields: Fields, chosen: Chosen, gathered: Gathered) -> float:
    """S(G_K) - S(rho_K) from below, nats, >= 0: what may be taken off the Gaussian bound. ``gathered`` holds K inside."""
    if chosen.modes == 0:
        return 0.0
    c = chosen.coordinates
    excess = c.T @ found.excess @ c
    gaussian = float(np.sum(thermal_entropy(_occupations(c.T @ fields.form @ c, excess))))
    squares = np.diagonal(excess) + (found.means @ c) ** 2  # of each coordinate, beyond the thermal variance 1
    quanta = chosen.occupations + (squares[::2] + squares[1::2]) / (4 * chosen.kappa)
    return max(0.0, gaussian - _entropy_from_above(gathered, np.maximum(quanta, 0.0)))


def _entropy_from_above(gathered: Gathered, quanta: Real) -> float:
    """S(rho_K), nats, of modes with these quanta (r,), in the order in which they were read."""
    block = gathered.block
    dropped = Loss(weight=gathered.dropped, log_dimension=math.inf, before=0)
    found = conditional(spectrum(block.tensor, [INSIDE])) + entropy_of(np.array([block.norm]))
    for loss in (*block.losses, *([dropped] if dropped.weight > 0 else [])):
        each = thermal_entropy(quanta / loss.weight)
        found += entropy_of(np.array([loss.weight]))
        found += loss.weight * min(float(np.sum(each)), loss.log_dimension + float(np.sum(each[loss.before :])))
    return found + ROTATED * math.sqrt(gathered.dropped)


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
