"""Where the physical modes of finite baths are among the sites of a line, whatever route the run took: star cells or chains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains import ModeFunctions
from tnthermo.model.coupling import Coupling
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.types import Complex, Real

WHOLE = 1e-9  # what a mode may miss of itself on the sites of its chains
COLD = 1e-9  # sinh(theta) of a mode that has no partner: its thermal population is below 1e-18


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """The M modes of all baths, from the one of the least thermal entropy to the one of the most.

    frequencies  w_k (M,)
    couplings    g_k (M,)
    theta        thermofield angles (M,), 0 of modes without a partner (T = 0, or a population below 1e-18)
    entropies    (M,) thermal entropy of each, nats
    bath         (M,) number of the bath
    own          (M, N) b_k = sum_n own_kn c_n over the sites of the line but the system's, in the line's order
    partner      (M, N) b'_k likewise; zero without a partner

    a_k = cosh(theta_k) b_k + sinh(theta_k) b'_k^dag and a'_k = cosh(theta_k) b'_k + sinh(theta_k) b_k^dag.
    """

    frequencies: Real
    couplings: Real
    theta: Real
    entropies: Real
    bath: npt.NDArray[np.int64]
    own: Complex
    partner: Complex

    @property
    def modes(self) -> int:
        """Their number M."""
        return int(self.frequencies.size)

    def rows(self, mode: int) -> Complex:
        """(2, N) of (b_k, b'_k), or (1, N) of b_k alone where it has no partner."""
        return np.stack([self.own[mode], self.partner[mode]] if self.theta[mode] > 0 else [self.own[mode]])

    @property
    def occupations(self) -> Real:
        """(M,) n_k of the thermal state."""
        return np.asarray(np.sinh(self.theta) ** 2)

    @property
    def warm(self) -> int:
        """How many have a partner; the others come first."""
        return int(np.sum(self.theta > 0))

    def mode(self, u: Complex, w: Complex, *, ancilla: bool) -> Complex:
        """(N,) row v: sum_n v_n c_n is what annihilates in sum_k (u_k a_k + w_k a_k^dag); of a'_k where ``ancilla``."""
        one, other = (self.partner, self.own) if ancilla else (self.own, self.partner)
        return np.asarray((u * np.cosh(self.theta)) @ one + (w * np.sinh(self.theta)) @ other)

    def quadrature(self, amplitudes: Complex, *, ancilla: bool) -> Complex:
        """(N,) row v of the site mode whose quadrature sum_n v_n c_n + h.c. is sum_k u_k a_k + h.c.; of a'_k where ``ancilla``."""
        return self.mode(amplitudes, amplitudes.conj(), ancilla=ancilla)


def thermal_entropy(n: Real) -> Real:
    """(n + 1) log(n + 1) - n log n (...) of occupations n >= 0 (...), nats, without cancellation."""
    positive = np.where(n > 0, n, 1.0)
    return np.asarray(np.log1p(n) + np.where(n > 0, positive * np.log1p(1 / positive), 0.0))


def why_not(model: Model) -> str:
    """Why a model has no `Frame`; "" where it has one."""
    for j, coupling in enumerate(model.couplings):
        if coupling.frequencies is None:
            return (
                f"bath {j} is a continuum on a chain; this takes finitely many modes: star cells, or a discrete density"
            )
        if np.any(_missing(coupling) > WHOLE):
            return f"the chains of bath {j} are too short to hold its modes"
    if model.line.system != 0:
        return 'the system stands between two chains; the entropy of a bath takes layout = "interleaved"'
    return ""


def _missing(coupling: Coupling) -> Real:
    found = represented(coupling.bath).functions()
    own, partner = represented(coupling.bath).over_sites(found)
    short = np.abs(1 - np.sum(own**2, axis=1))
    warm = found.sinh > COLD
    return np.where(warm, np.maximum(short, np.abs(1 - np.sum(partner**2, axis=1))), short)


def frame(model: Model) -> Frame:
    """The modes of a model. Raises ValueError with `why_not`."""
    reason = why_not(model)
    if reason:
        raise ValueError(reason)
    total, places = model.sites, model.line.places
    columns: dict[str, list[Real]] = {
        name: [] for name in ("frequencies", "couplings", "theta", "bath", "own", "partner")
    }
    start = 0
    for j, coupling in enumerate(model.couplings):
        found = represented(coupling.bath).functions()
        own, partner = represented(coupling.bath).over_sites(found)
        count, sites = own.shape
        here = np.array([places[start + n] - 1 for n in range(sites)])
        start += sites
        wide = np.zeros((2, count, total))
        warm = found.sinh > COLD
        wide[0][:, here], wide[1][:, here] = own, np.where(warm[:, None], partner, 0.0)
        columns["frequencies"].append(np.asarray(found.frequencies))
        columns["theta"].append(np.where(warm, np.arcsinh(found.sinh), 0.0))
        columns["couplings"].append(_couplings(coupling, found, wide[0][:, here]))
        columns["bath"].append(np.full(count, j))
        columns["own"].append(wide[0])
        columns["partner"].append(wide[1])
    all_of = {name: np.concatenate(parts) for name, parts in columns.items()}
    entropies = thermal_entropy(np.sinh(all_of["theta"]) ** 2)
    order = np.lexsort([-all_of["frequencies"], entropies])
    return Frame(
        frequencies=all_of["frequencies"][order],
        couplings=all_of["couplings"][order],
        theta=all_of["theta"][order],
        entropies=entropies[order],
        bath=all_of["bath"][order].astype(np.int64),
        own=all_of["own"][order].astype(np.complex128),
        partner=all_of["partner"][order].astype(np.complex128),
    )


def _couplings(coupling: Coupling, found: ModeFunctions, own: Real) -> Real:
    """g_k (M,): of the sites' couplings kappa_n to the system, g_k cosh(theta_k) = sum_n own_kn kappa_n."""
    kappa = np.concatenate([np.append(chain.coupling, np.zeros(chain.length - 1)) for chain in coupling.chains])
    return np.asarray(own @ kappa / found.cosh)
