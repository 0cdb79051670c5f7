"""What a cut takes from a spectral density: the integrals over the frequencies beyond the highest one that a chain has."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy

from chains.checks import number_problems
from chains.densities.discrete import Discrete
from chains.densities.lorentzian import Brownian, DrudeLorentz
from chains.densities.power_law import Element
from chains.maps.arguments import SpectralDensity, density_problems
from chains.maps.bath import Bath, ends
from chains.maps.cells import StarCells, bath_problems
from chains.maps.sites import Chain
from chains.problems import raise_if_any

_RELATIVE = 1e-10
_NOTICEABLE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Tail:
    """J beyond the frequency ``start``, with the algebraic tails that a density's own cutoff takes away.

    start           where the weight ends, an energy; inf where nothing is cut
    edge            J(start), an energy
    weight          int J dw, energy squared; inf for a tail 1/w
    reorganisation  int J/w dw, an energy
    dressing        int J/w^2 dw
    whole           int J/w dw over all frequencies, cut or not; inf where J does not vanish at 0
    """

    start: float
    edge: float
    weight: float
    reorganisation: float
    dressing: float
    whole: float

    @property
    def share(self) -> float:
        """The part of the whole reorganisation energy that the cut takes, 0 to 1."""
        return self.reorganisation / self.whole if self.whole > 0.0 else 0.0

    @property
    def noticeable(self) -> bool:
        """Whether that is more than what a cut of an exponential tail at the end of double precision takes."""
        return self.share > _NOTICEABLE

    def describe(self) -> str:
        """One line for a reader: where the weight is cut, and what lies beyond."""
        if not self.reorganisation > 0.0:
            return "no reorganisation energy lies beyond the highest frequency"
        return (
            f"beyond w = {self.start:.6g}: reorganisation energy {self.reorganisation:.4g} lost, "
            f"{100.0 * self.share:.3g} % of the whole {self.whole:.6g}"
        )


def tail(density: SpectralDensity, *, above: float | None = None) -> Tail:
    """Return what of ``density`` lies above a frequency; None: above its own highest one.

    A Drude-Lorentz or Brownian density goes on beyond its cutoff, which is there because a chain needs one; every other
    density ends where its support does, and a discrete one has no tail. To about 10 digits.
    Raises InvalidInput for what is no density, and for ``above`` that is no number >= 0 (inf: nothing lies beyond).
    """
    endless = isinstance(above, float) and above == math.inf
    of_above = [] if above is None or endless else number_problems("above", above, at_least=0.0)
    raise_if_any(density_problems(density) + of_above)
    own = density.support[1]
    start = own if above is None else min(float(above), own)
    if isinstance(density, Discrete):
        w, g = np.asarray(density.frequencies), np.asarray(density.couplings)
        beyond = w > start
        weight, reorganisation, dressing = (float(np.sum(g[beyond] ** 2 / w[beyond] ** power)) for power in (0, 1, 2))
        edge = 0.0
    else:
        weight, reorganisation, dressing = (
            sum(_above(element, _end(element, start), power) for element in density.elements) for power in (0, 1, 2)
        )
        edge = sum(_uncut(e, _end(e, start)) for e in density.elements) if math.isfinite(start) else 0.0
    # what the density's own cutoff takes is not in its reorganisation(), the rest of the tail is
    # of a sum each part has its own
    missing = 0.0 if isinstance(density, Discrete) else sum(_above(e, e.support[1], 1) for e in density.elements)
    return Tail(
        start=start,
        edge=edge,
        weight=weight,
        reorganisation=reorganisation,
        dressing=dressing,
        whole=density.reorganisation() + missing,
    )


def lost_tail(bath: Chain | StarCells | tuple[Chain, Chain] | Bath) -> Tail:
    """Return what of its density the weight of a bath does not have: a chain, the pair of a thermofield map, or star cells; a `Bath` has
    all, but for the dressing by those modes of an algebraic tail that follow without delay (`free_modes`).
    """
    raise_if_any(bath_problems("bath", bath))
    if isinstance(bath, Bath):
        start, dressing = _left_out(bath)
        return replace(tail(bath.density), start=start, edge=0.0, weight=0.0, reorganisation=0.0, dressing=dressing)
    first = bath[0] if isinstance(bath, tuple) else bath
    # of a discrete density all modes are there, or the chain has few of its sites: nothing that a highest frequency tells
    return tail(first.density, above=None if isinstance(first.density, Discrete) else first.support[1])


def _left_out(bath: Bath) -> tuple[float, float]:
    """Where the modes of a bath begin to end, and int J/w^2 beyond: the tail has its reorganisation energy there and nothing else."""
    if isinstance(bath.density, Discrete):
        return math.inf, 0.0
    last = ends(bath)
    elements = bath.density.elements
    beyond = [_above(e, end, 2) for e, end in zip(elements, last, strict=True) if math.isfinite(end)]
    return min(last), sum(beyond)


def lost_reorganisation(bath: Chain | StarCells | tuple[Chain, Chain] | Bath) -> float:
    """Return int J/w dw over the frequencies that the weight of a bath does not have, an energy; 0 for a discrete density."""
    return lost_tail(bath).reorganisation


def _end(element: Element, start: float) -> float:
    """Where an element ends in a weight that ends at ``start``."""
    return min(start, element.support[1])


def _goes_on(element: Element) -> bool:
    """Whether the formula of a density holds beyond its support, which is cut for the sake of its chain."""
    return isinstance(element, DrudeLorentz | Brownian)


def _uncut(element: Element, w: float) -> float:
    """J(w) by the formula of the density, also beyond a cutoff of the chain's making."""
    low, high = element.support
    if w < low or (w > high and not _goes_on(element)):
        return 0.0
    p, q = element.end_powers
    factor = (w - low) ** p * ((high - w) ** q if q != 0.0 else 1.0)
    return element.strength * float(element.amplitude(np.array([w]))[0]) ** 2 * factor


def _above(element: Element, start: float, power: int) -> float:
    """int_start^end J/w^power dw, end the support's or infinite."""
    start = max(start, element.support[0])
    end = math.inf if _goes_on(element) else element.support[1]
    if element.strength == 0.0 or not start < end:
        return 0.0
    if power == 0 and isinstance(element, DrudeLorentz):
        return math.inf
    if math.isfinite(end):
        inside = [b for b in element.breaks if start < b < end]
        value, _ = scipy.integrate.quad(
            lambda w: _uncut(element, w) / w**power, start, end, points=inside or None,
            epsabs=0.0, epsrel=_RELATIVE, limit=200,
        )  # fmt: skip
        return float(value)
    if start == 0.0:  # a whole density without an end
        return math.inf if power > 1 else (element.weight() if power == 0 else element.reorganisation())  # type: ignore[attr-defined]
    # w = start/x: a tail w^-n becomes x^(n-2), an exponential one nothing at x = 0
    value, _ = scipy.integrate.quad(
        lambda x: _uncut(element, start / x) / (start / x) ** power * start / x**2 if x > 0.0 else 0.0, 0.0, 1.0,
        epsabs=0.0, epsrel=_RELATIVE, limit=200,
    )  # fmt: skip
    return float(value)
