"""What two passes of a counting field found, as a dataset: cumulants from moments, atom and density from G, and their errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import chains
from tnthermo.algorithms import Algorithm
from tnthermo.evolution.doubts import end_doubts, tail_doubts
from tnthermo.model.coupling import Coupling
from tnthermo.model.model import Model
from tnthermo.record.flag_text import covered, flags_text
from tnthermo.timeline.characteristic import UNSETTLED, WIDTH, atom, density, density_error, kernel
from tnthermo.timeline.differences import envelope
from tnthermo.types import Complex, Real

if TYPE_CHECKING:
    import xarray as xr

ORDERS = np.arange(1, 5)
SHOWN = 6.0  # standard deviations, and resolutions, around the mean
PER_RESOLUTION = 6  # points of the density
MOST_POINTS = 4000
ENDLESS = "without the cutoff its chain needs the density has none: J w^(order - 2) cannot be integrated at large w"


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """What one pass found: u (m,), G (n, K, m), moments <H^n> (n, K, 5), the covariance (n, B, B) in ``pairs``, and flags."""

    u: Real
    G: Complex
    moments: Real
    pairs: Real
    flags: tuple[str, ...]

    @property
    def cumulants(self) -> Real:
        """(n, K, 4)."""
        _, a, b, c, d = np.moveaxis(self.moments, -1, 0)
        return np.stack(
            [a, b - a**2, c - 3 * a * b + 2 * a**3, d - 4 * a * c - 3 * b**2 + 12 * a**2 * b - 6 * a**4], axis=-1
        )


def as_dataset(
    model: Model,
    algorithm: Algorithm,
    t: Real,
    u: Real,
    directions: Mapping[str, tuple[float, ...]],
    heat: Real | None,
    *,
    fine: Counted | None = None,
    other: Counted | None = None,
    reason: str = "",
) -> xr.Dataset:
    """The dataset of `tnthermo.heat_statistics`; without ``fine`` all NaN, for the ``reason``."""
    import xarray as xr  # a configuration is checked without it

    largest = float(u[-1])
    resolution = WIDTH / largest
    shape = (t.size, len(directions))
    baths = len(model.couplings)
    if fine is None:
        nothing = np.full((*shape, u.size), complex(np.nan, np.nan))
        fine = Counted(
            u=u,
            G=nothing,
            moments=np.full((*shape, 5), np.nan),
            pairs=np.full((t.size, baths, baths), np.nan),
            flags=(),
        )
    q = _heats(fine, resolution, float(u[1])) if heat is None else heat
    lost = [_Lost.of(coupling) for coupling in model.couplings]
    of_G = _errors_of_G(fine, other, lost, directions)
    atoms, atom_errors, shown, shown_errors = _distribution(fine, of_G, q, largest)
    cumulants, cumulant_errors, endless = _cumulants(fine, other, lost, directions)
    pairs = np.where(_of_pairs(lost), np.nan, fine.pairs)
    about = {"reason": reason} if reason else {}
    settled = about or ({"reason": f"NaN: G has not settled by u = {largest:.4g}"} if np.isnan(atoms).any() else {})
    unsplit = about or ({"note": "where the atom is NaN it is in the density"} if np.isnan(atoms).any() else {})
    cut = about or ({"reason": ENDLESS} if endless else {})
    t_k = ("t", "counted")
    complex_, axes = (*t_k, "u", "complex"), ("t", "bath", "bath_2")
    columns: dict[str, Any] = {
        "G": (complex_, _pairs(fine.G), _about("1", "characteristic function of the heat", "<exp(i u q)>") | about),
        "cumulant": (
            (*t_k, "order"),
            cumulants,
            _about("energy^order", "cumulants of the heat", "from <H_chain^n>") | cut,
        ),
        "atom": (
            t_k,
            atoms,
            _about("1", "probability of no heat apart from a density", "lim G(u), u to infinity") | settled,
        ),
        "density": (
            (*t_k, "q"),
            shown,
            _about("1/energy", "density of the heat at the resolution, without the atom", "") | unsplit,
        ),
        "covariance": (
            axes,
            pairs,
            _about("energy^2", "covariance of the heats of the baths", "<q q'> - <q><q'>") | cut,
        ),
        "atom_error": (t_k, atom_errors, _about("1", "error of atom, what larger u may change included", "")),
    }
    if other is not None:
        how = "largest difference so far to a rougher run"
        columns |= {
            "G_error": (complex_, of_G, _about("1", f"error of G, {how}", "")),
            "cumulant_error": (
                (*t_k, "order"), cumulant_errors, _about("energy^order", "error of cumulant, difference to a rougher run", ""),
            ),
            "density_error": ((*t_k, "q"), shown_errors, _about("1/energy", "error of density, those of G and atom carried through", "")),
            "covariance_error": (axes, np.abs(pairs - other.pairs), _about("energy^2", "error of covariance", "")),
        }  # fmt: skip
    later = float(t[-1]) + largest
    doubts = [
        d
        for j, c in enumerate(model.couplings)
        for d in (*end_doubts(c, algorithm.tolerance, later, j), *tail_doubts(c, j))
    ]
    flags = (*fine.flags, *(str(doubt) for doubt in doubts if doubt.about_accuracy))
    coordinates = {
        "t": ("t", t, {"units": "1/energy", "long_name": "time"}),
        "u": ("u", fine.u, {"units": "1/energy", "long_name": "counting field"}),
        "q": ("q", q, {"units": "energy", "long_name": "heat into the bath"}),
        "counted": list(directions), "order": ORDERS, "complex": ["re", "im"], "bath": np.arange(baths), "bath_2": np.arange(baths),
    }  # fmt: skip
    attributes = {
        "resolution": resolution,
        "counting": "; ".join(f"{name}: {' '.join(f'{v:g}' for v in weights)}" for name, weights in directions.items()),
        "chain_sites": ", ".join(str(chain.length) for chain in model.chains),
        "temperatures": ", ".join(f"{T:g}" for T in model.temperatures),
        "status": "not converged" if any(not covered(flag) for flag in flags) else "converged",
        "flags": flags_text(flags),
        "doubts": flags_text(str(doubt) for doubt in doubts if not doubt.about_accuracy),
    }
    return xr.Dataset(columns, coords=coordinates, attrs=attributes)


@dataclass(frozen=True, kw_only=True)
class _Lost:
    """What the cut of a bath's density costs the statistics of its heat.

    of_G    of |G|
    of_order  (4,) of the cumulants; inf where that without the cut has none
    """

    of_G: float
    of_order: tuple[float, ...]

    @classmethod
    def of(cls, coupling: Coupling) -> _Lost:
        """2 |A|^2 int J w^(n - 2) beyond the cut, of the n-th cumulant: every mode there is displaced and, on average over time, half of it
        by a quench.
        """
        tail = chains.lost_tail(coupling.bath)
        if not tail.noticeable:
            return cls(of_G=0.0, of_order=(0.0,) * 4)
        size = 2 * float(np.linalg.norm(coupling.operator, 2)) ** 2
        # weight int J, of a tail w^-p: int J w = (p - 1)/(p - 2) start int J
        power = 1 + tail.edge * tail.start / tail.weight if 0 < tail.weight < np.inf else 1.0
        parts = [tail.reorganisation, tail.weight]
        for n in (1, 2):
            known = power > 1 + n + 1e-2
            parts.append(tail.weight * tail.start**n * (power - 1) / (power - 1 - n) if known else float("inf"))
        return cls(of_G=2 * size * tail.dressing, of_order=tuple(size * part for part in parts))


def _errors_of_G(
    fine: Counted, other: Counted | None, lost: list[_Lost], directions: Mapping[str, tuple[float, ...]]
) -> Real:
    """(n, K, m, 2) of Re and Im G; 0 without a rougher run."""
    if other is None:
        return np.zeros((*fine.G.shape, 2))
    along = [np.moveaxis(_pairs(one.G), 2, 0) for one in (fine, other)]
    found = np.moveaxis(envelope(fine.u, along[0], other.u, along[1]), 0, 2)
    extra = [sum(part.of_G for part, v in zip(lost, weights, strict=True) if v) for weights in directions.values()]
    return np.asarray(found + np.array(extra)[:, None, None])


def _distribution(fine: Counted, of_G: Real, q: Real, largest: float) -> tuple[Real, Real, Real, Real]:
    """(atom, its error) (n, K), (density, its error) (n, K, k)."""
    shape = fine.G.shape[:2]
    atoms, errors = np.full(shape, np.nan), np.full(shape, np.nan)
    shown, shown_errors = np.full((*shape, q.size), np.nan), np.full((*shape, q.size), np.nan)
    for place in np.ndindex(*shape):
        G = fine.G[place]
        if np.isnan(G).any():
            continue
        size = np.linalg.norm(of_G[place], axis=-1)
        found, error = atom(fine.u, G)
        error += float(size[-1])
        rest, of_atom = G, 0.0
        if error <= UNSETTLED:
            atoms[place], errors[place] = found, error
            rest, of_atom = G - found, error
        shown[place] = density(fine.u, rest, q)
        shown_errors[place] = density_error(fine.u, size) + of_atom * kernel(q, largest)
    return atoms, errors, shown, shown_errors


def _cumulants(
    fine: Counted, other: Counted | None, lost: list[_Lost], directions: Mapping[str, tuple[float, ...]]
) -> tuple[Real, Real, bool]:
    """(values, errors) (n, K, 4), and whether some are NaN because they diverge."""
    values = fine.cumulants
    errors = np.abs(values - other.cumulants) if other is not None else np.zeros(values.shape)
    beyond = np.array(
        [
            [
                sum(abs(v) ** n * part.of_order[n - 1] for part, v in zip(lost, weights, strict=True) if v)
                for n in ORDERS
            ]
            for weights in directions.values()
        ]
    )
    endless = np.broadcast_to(np.isinf(beyond), values.shape)
    values = np.where(endless, np.nan, values)
    return values, np.where(endless, np.nan, errors + np.where(np.isinf(beyond), 0.0, beyond)), bool(endless.any())


def _of_pairs(lost: list[_Lost]) -> Any:
    """(B, B): whether the covariance has no limit; that of different baths has."""
    return np.diag([bool(np.isinf(part.of_order[1])) for part in lost])


def _heats(fine: Counted, resolution: float, spacing: float) -> Real:
    """Where the density is: within some standard deviations of the mean, and of what a resolution makes of 0."""
    mean, variance = fine.cumulants[..., 0], fine.cumulants[..., 1]
    if np.isnan(mean).any():
        return np.linspace(-resolution, resolution, 2 * PER_RESOLUTION + 1)
    wide = SHOWN * np.sqrt(np.maximum(variance, 0.0))
    low = min(float(np.min(mean - wide)), 0.0) - 2 * resolution
    high = max(float(np.max(mean + wide)), 0.0) + 2 * resolution
    most = np.pi / spacing  # beyond it the density repeats itself
    step = max(resolution / PER_RESOLUTION, (min(high, most) - max(low, -most)) / MOST_POINTS)
    return step * np.arange(np.ceil(max(low, -most) / step), np.floor(min(high, most) / step) + 1)


def _pairs(values: Complex) -> Real:
    return np.stack([values.real, values.imag], axis=-1)


def _about(units: str, long_name: str, equation: str) -> dict[str, str]:
    found = {"units": units, "long_name": long_name}
    return found | {"equation": equation} if equation else found
