"""What a system feels of its baths, as linear forms: over nodes that stand for the baths, and over the sites that hold them.

A form v stands for the quadrature X_v = sum_i v_i c_i + h.c. of modes c_i whose vacuum is the thermal state of the baths; in it

    <X_u X_v + X_v X_u>/2 = Re u.v*,        [X_u, X_v] = 2i Im u.v*.

*Nodes.* The bath is taken as the modes w_k of star cells, as many as C(t) asks for up to the time in question (C converges exponentially,
a dozen for a hard cutoff); b_k and b'_k are their thermofield modes. A quadrature sum_k x_k a_k + h.c. of the bath B is the form
(x cosh, x* sinh) over (b, b'); its mirror image among the partners B' is (x sinh, x* cosh), which is exp(-h/2T) of it (the condition of
Kubo, Martin and Schwinger).

*Sites.* In the interaction picture the bath has met the system by no more than X_q(-tau), 0 <= tau <= t, of the channels q of the
couplings, and over the sites these are v_q(tau) = kappa_q exp(i h tau) e_0 with the chains' own h (signed: minus for a chain of the
partners). Both families have the same inner products, those of C(t), and this isometry takes any form of the nodes to the sites. What it
has outside of their span, no site has ever met: it is a mode in its vacuum. So a bound is one for the bath, not for the few sites that
were enough for C(t).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

import chains
from tnthermo.bath_entropy.correlation import OutOfReach, Unphysical
from tnthermo.bath_entropy.frame import COLD
from tnthermo.engine_protocol import Held
from tnthermo.model.coupling import Coupling
from tnthermo.model.coupling_kinds import COUPLING_KINDS, sign
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.types import Complex, Real

NODES = 24  # of a quadrature over time, and one more for every radian of the fastest mode
FEWEST_MODES = 8  # of the nodes of a continuum
MORE_MODES = 1.3
MOST_MODES = 400
CONVERGED = 1e-9  # of C(0), that more nodes may change C(t) by
ISOMETRIC = (
    1e-2  # by which inner products of a direction may differ between nodes and sites: weak ones, which nothing excites
)
TIMES = 160  # at which C(t) is compared
LONGER = 1.5  # times that nodes are made for are powers of it
WEAKEST = 1e-12  # share of the largest, below which what was felt is rounding
FASTER = 4 * math.pi  # phases in the shortest of the forms that time bins hold, beyond which modes are left out
ENDLESS = 100.0  # times the cut of an algebraic tail
FAR = 1e-8  # of int J, beyond the highest mode that stands for a weight without an end
OUTSIDE = 1e-6  # size of what forms have outside of the sites' span, that is left out


@dataclass(frozen=True, kw_only=True, eq=False)
class Star:
    """One chain in its own modes: c_n = sum_j vectors_nj a_j of signed frequencies (j,), at the places (n,) among the N sites."""

    frequencies: Real
    vectors: Real
    places: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """One bath as independent modes, and as stars of the chains that hold it.

    frequencies, couplings, theta  (M,) w_k, g_k and the thermofield angles
    phases      of each channel: X_q = sum_k phase g_k a_k + h.c.
    stars, amplitudes   the chains, and for each channel the v of X_q = sum v c_0 + h.c.
    """

    frequencies: Real
    couplings: Real
    theta: Real
    phases: tuple[complex, ...]
    stars: tuple[Star, ...]
    amplitudes: tuple[tuple[complex, ...], ...]

    @property
    def fastest(self) -> float:
        """The largest frequency."""
        return float(self.frequencies.max())

    def felt(self, tau: Real) -> Complex:
        """(M, k Q) amplitudes x of X_q(-tau) of all channels at the times (k,)."""
        turning = self.couplings[:, None] * np.exp(1j * np.outer(self.frequencies, tau))
        return np.hstack([phase * turning for phase in self.phases])

    def over_sites(self, tau: Real, sites: int) -> Complex:
        """(N, k Q) the same as forms over the sites."""
        found = []
        for amplitudes in self.amplitudes:
            v = np.zeros((sites, tau.size), dtype=np.complex128)
            for star, amplitude in zip(self.stars, amplitudes, strict=True):
                turning = np.exp(1j * np.outer(star.frequencies, tau))
                v[star.places] = (star.vectors * (amplitude * star.vectors[0])) @ turning
            found.append(v)
        return np.hstack(found)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which times the fields are looked at, and how.

    forget  weights exp(-tau/forget) of the amplitudes of the past; inf: all alike
    after   how far into what the system is about to meet
    low     weights 1/(1 + (w/low)^2) of the frequencies; inf: all alike
    """

    forget: float = math.inf
    after: float = 0.0
    low: float = math.inf


@dataclass(frozen=True, kw_only=True, eq=False)
class Met:
    """Forms that the system has met, over the nodes.

    parts  (M, k) amplitudes x of each bath
    ago    (k,) how long before now
    root   (k,) square roots of their weights
    """

    parts: tuple[Complex, ...]
    ago: Real
    root: Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Fields:
    """The phase space of all baths: 2M real coordinates y of unit variance, x = y/sqrt(2 n + 1), first Re y, then Im y.

    z, image  (2M + e, 2M) the forms of the coordinates over the nodes (b, b'), and their mirror images; e rows are 0, of what the sites
              hold beyond the nodes
    form      (2M, 2M) Im z_i.z_j*, antisymmetric
    bath      (2M,) number of the bath of each coordinate
    nodes     those of each bath
    span      (2M + e, p) orthonormal forms over the nodes that the system has met
    sites     (N, p) the same forms over the sites, orthonormal
    defect    how far the sites' own inner products were from that
    met       of sites that are no chain what they hold; None: the fields are looked at at times of choice
    """

    z: Complex
    image: Complex
    form: Real
    bath: npt.NDArray[np.int64]
    nodes: tuple[Nodes, ...]
    span: Complex
    sites: Complex
    defect: float
    met: Met | None = None

    @property
    def over_sites(self) -> Complex:
        """(N, 2M) the coordinates' forms as far as the sites hold them."""
        return np.asarray(self.sites @ (self.span.conj().T @ self.z))

    def seen(self, t: float, window: Window) -> Real:
        """(2M, k) coordinates of the fields in a window, each times the square root of its weight in time."""
        parts = []
        if self.met is not None:
            root = self.met.root * np.exp(-np.clip(self.met.ago, 0.0, None) / window.forget)
            return self.coordinates([part * root for part in self.met.parts])
        for nodes in self.nodes:
            tau, root = _times(nodes, t, window)
            low = 1 / (1 + (nodes.frequencies / window.low) ** 2)
            parts.append(nodes.felt(tau) * np.tile(root, len(nodes.phases)) * low[:, None])
        return self.coordinates(parts)

    def coordinates(self, parts: list[Complex]) -> Real:
        """(2M, k) of the amplitudes x (M_j, k_j) of quadratures of each bath."""
        count = sum(part.shape[0] for part in parts)
        found, first, column = np.zeros((2 * count, sum(part.shape[1] for part in parts))), 0, 0
        for nodes, part in zip(self.nodes, parts, strict=True):
            y = part * np.sqrt(np.cosh(2 * nodes.theta))[:, None]
            rows, columns = slice(first, first + y.shape[0]), slice(column, column + y.shape[1])
            found[:count][rows, columns], found[count:][rows, columns] = y.real, y.imag
            first, column = rows.stop, columns.stop
        return found

    def place(self, forms: Complex) -> Complex:
        """(k, N + e) rows over the sites, and e further ones in their vacuum, of forms (k, 2M) over the nodes, orthonormal."""
        inside = forms @ self.span.conj()
        rest = forms - inside @ self.span.T
        vectors, sizes, _ = np.linalg.svd(rest, full_matrices=False)
        beyond = sizes > OUTSIDE
        found = np.hstack([inside @ self.sites.T, vectors[:, beyond] * sizes[beyond]])
        left, _, right = np.linalg.svd(found, full_matrices=False)
        return np.asarray(left @ right)


@lru_cache(maxsize=8)
def fields(model: Model, t: float) -> Fields:
    """The phase space of the baths of a model, and how the sites hold what the system has met of it by time t.

    Raises `Unphysical` where the sites and the nodes do not agree on C(t).
    """
    baths, total = nodes_of(model, _horizon(model, t)), model.sites
    M = sum(nodes.theta.size for nodes in baths)
    spans, sites, defect, first = [], [], 0.0, 0
    for nodes in baths:
        count = nodes.frequencies.size
        span, held, found = _isometry(nodes, total, t)
        wide = np.zeros((2 * M, span.shape[1]), dtype=np.complex128)
        wide[first : first + count], wide[M + first : M + first + count] = span[:count], span[count:]
        first, defect = first + count, max(defect, found)
        spans.append(wide)
        sites.append(held)
    return _of_nodes(baths, np.hstack(spans), np.hstack(sites), defect)


def _of_nodes(baths: tuple[Nodes, ...], span: Complex, sites: Complex, defect: float, met: Met | None = None) -> Fields:
    """The phase space of these baths, of which the sites hold that much; ``span`` may have further rows, which the nodes are not made
    of.
    """
    theta = np.concatenate([nodes.theta for nodes in baths])
    size = 1 / np.sqrt(np.cosh(2 * theta))
    cosh, sinh = np.diag(np.cosh(theta) * size), np.diag(np.sinh(theta) * size)
    z = np.block([[cosh, 1j * cosh], [sinh, -1j * sinh]])
    form = (z.T @ z.conj()).imag
    numbers = np.concatenate([np.full(nodes.theta.size, j) for j, nodes in enumerate(baths)])
    more = np.zeros((len(span) - len(z), z.shape[1]))
    return Fields(
        z=np.vstack([z, more]),
        image=np.vstack([np.block([[sinh, 1j * sinh], [cosh, -1j * cosh]]), more]),
        form=0.5 * (form - form.T),
        bath=np.tile(numbers, 2).astype(np.int64),
        nodes=baths,
        span=span,
        sites=sites,
        defect=defect,
        met=met,
    )


def held_fields(model: Model, t: float, held: Held) -> Fields:
    """The phase space of the baths of a model whose sites are no chains, and what these hold of it.

    Inner products of the forms are those of their rows; what the nodes lack of them, being too slow, is put into modes beyond them.
    Raises `Unphysical` where the rows have less.
    """
    # what is faster than the forms can tell from its mean does not show in them
    fastest = FASTER / float(held.lengths.min()) if held.lengths.size else math.inf
    baths = nodes_of(model, _horizon(model, t), fastest)
    parts = tuple(held.amplitudes(j, nodes.frequencies, nodes.couplings) for j, nodes in enumerate(baths))
    root = 1 / np.sqrt(np.maximum(held.lengths, 1e-300))  # a form over twice the time is twice as long
    forms = np.vstack([
        *(part * np.cosh(nodes.theta)[:, None] for part, nodes in zip(parts, baths, strict=True)),
        *(part.conj() * np.sinh(nodes.theta)[:, None] for part, nodes in zip(parts, baths, strict=True)),
    ])  # fmt: skip
    forms, rows = forms * root, held.rows * root
    beyond = _root(rows.conj().T @ rows - forms.conj().T @ forms)
    span, sites, defect = _joined(np.vstack([forms, beyond]), rows)
    return _of_nodes(baths, span, sites, defect, Met(parts=parts, ago=held.ago, root=root))


def _isometry(nodes: Nodes, total: int, t: float) -> tuple[Complex, Complex, float]:
    """((2M, p) over the nodes of one bath, (N, p) over the sites, by how much the latter had to be made orthonormal)."""
    tau, root = _times(nodes, t, Window())
    x = nodes.felt(tau) * np.tile(root, len(nodes.phases))
    forms = np.vstack([x * np.cosh(nodes.theta)[:, None], x.conj() * np.sinh(nodes.theta)[:, None]])
    return _joined(forms, nodes.over_sites(tau, total) * np.tile(root, len(nodes.phases)))


def _root(square: Complex) -> Complex:
    """(k, k) R with R^dag R = square, of what a Hermitian matrix has of positive eigenvalues."""
    values, vectors = np.linalg.eigh(square)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))).conj().T)


def _joined(forms: Complex, rows: Complex) -> tuple[Complex, Complex, float]:
    """Orthonormal forms (2M, p) that span those over nodes (2M, k), the same (N, p) over sites, given (N, k), and their defect."""
    if not np.any(forms):  # nothing has been met yet
        return np.zeros((len(forms), 0), dtype=np.complex128), np.zeros((len(rows), 0), dtype=np.complex128), 0.0
    span, shares, turn = np.linalg.svd(forms, full_matrices=False)
    turned = rows @ turn.conj().T
    found, defect = 0, 0.0
    gram = turned.conj().T @ turned
    for p in range(1, min(len(rows), shares.size) + 1):
        if shares[p - 1] <= WEAKEST * shares[0]:
            break
        off = gram[:p, p - 1] / shares[:p] / shares[p - 1] - np.eye(p)[:, p - 1]
        if np.abs(off).max() > ISOMETRIC:
            break
        found, defect = p, max(defect, float(np.abs(off).max()))
    if found == 0:
        raise Unphysical("the sites do not hold the field that the system has met")
    left, _, right = np.linalg.svd(turned[:, :found] / shares[:found], full_matrices=False)
    return span[:, :found], left @ right, defect


def _times(nodes: Nodes, t: float, window: Window) -> tuple[Real, Real]:
    """tau (k,) and the square roots (k,) of their weights. A time that is shorter than the fastest mode's is taken as that."""
    t = max(t, 1.0 / nodes.fastest)
    spans = [(0.0, t)] + ([(-window.after, 0.0)] if window.after > 0 else [])
    times, weights = [], []
    for start, end in spans:
        x, w = np.polynomial.legendre.leggauss(NODES + int(nodes.fastest * (end - start)))
        times.append(0.5 * (end - start) * (x + 1) + start)
        weights.append(0.5 * (end - start) * w)
    tau = np.concatenate(times)
    return tau, np.sqrt(np.concatenate(weights)) * np.exp(-np.clip(tau, 0.0, None) / window.forget)


def _horizon(model: Model, t: float) -> float:
    """A time >= t, the same for many t: nodes are made for it."""
    unit = 1 / max(_support(coupling) for coupling in model.couplings)
    return float(unit * LONGER ** max(0, math.ceil(math.log(max(t / unit, 1.0)) / math.log(LONGER))))


@lru_cache(maxsize=8)
def nodes_of(model: Model, t: float, fastest: float = math.inf) -> tuple[Nodes, ...]:
    """The baths of a model as modes that are as good as the baths up to time t, their sites counted along the line without the system.

    fastest  beyond which there need be no modes of a bath that is not discretised
    """
    found, start, line = [], 0, model.line
    for coupling in model.couplings:
        stars = []
        for chain in coupling.chains:
            where = np.array(line.chains[start])
            start += 1
            own = chains.star(chain)
            stars.append(
                Star(
                    frequencies=sign(chain) * own.frequencies,
                    vectors=own.vectors,
                    places=where - (where > line.system),
                )
            )
        cells = _cells(coupling, t, fastest)
        found.append(
            Nodes(
                frequencies=np.asarray(cells.frequencies),
                couplings=np.asarray(cells.couplings),
                theta=np.where(np.sinh(cells.theta) > COLD, cells.theta, 0.0),
                phases=COUPLING_KINDS[coupling.kind].phases,
                stars=tuple(stars),
                amplitudes=coupling.amplitudes,
            )
        )
    return tuple(found)


def _support(coupling: Coupling) -> float:
    """The highest frequency of the modes that stand for a bath."""
    if coupling.chains:
        return max(chain.support[1] for chain in coupling.chains)
    density = coupling.density
    if isinstance(density, chains.Discrete):
        return float(density.support[1])
    if math.isinf(density.support[1]):
        return float(density.truncation(FAR))
    return float(chains.with_tail(density, ENDLESS * density.support[1]).support[1])


def _cells(coupling: Coupling, t: float, fastest: float) -> chains.StarCells:
    """Star cells with the C(t) of a bath, up to that time."""
    own = represented(coupling.bath).cells
    if own is not None:
        return own
    density, temperature = coupling.density, coupling.temperature
    if coupling.frequencies is not None:
        return chains.star_cells(density, temperature=temperature)
    times, support = np.linspace(0.0, t, TIMES), _support(coupling)
    if not coupling.chains:
        support = min(fastest, support)
        density = chains.with_tail(density, support)
    modes, before = FEWEST_MODES, None
    while True:
        cells = chains.star_cells(density, modes, temperature=temperature, support=support)
        now = cells.correlation(times)
        if before is not None and np.abs(now - before).max() <= CONVERGED * abs(now[0]):
            return cells
        if modes >= MOST_MODES:
            raise OutOfReach(
                f"the correlation function of the bath takes more than {MOST_MODES} modes up to t = {t:.3g}"
            )
        before, modes = now, int(MORE_MODES * modes) + 2
