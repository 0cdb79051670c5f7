"""A bath that is not discretised: a density and a temperature, and the free modes that stand for it up to a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from chains.checks import frozen, number_problems, temperature_problems
from chains.densities.discrete import Discrete
from chains.densities.lorentzian import Brownian, DrudeLorentz
from chains.densities.power_law import Element, evaluate
from chains.densities.sums import Sum
from chains.densities.thermal import element_segments
from chains.maps.arguments import SpectralDensity, density_problems
from chains.numerics.quadrature import Segment, discretise
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray

NEGLECTED = 1e-13
"""Part of int J beyond which a weight without an end, but faster than every power, is left out."""
DRESSING = 1e-5
"""int J/w^2 beyond the highest mode of an algebraic tail: what these modes do to the system but for their reorganisation energy."""
WIDEST, NARROWEST = 2000.0, 50.0
"""Highest mode of an algebraic tail, in units of the largest of its frequencies, at most and at least."""
COLD = 30.0
"""The same in units of the temperature, at least: beyond it nothing is thermal."""
MOST_MODES = 400_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Bath:
    """J(w) at a temperature, for algorithms that need no chain: how many modes stand for it is chosen by the run.

    density      any spectral density
    temperature  >= 0, energy units (k_B = 1)

    A Drude-Lorentz or Brownian density without a cutoff of its own has its whole algebraic tail. Raises InvalidInput with every problem.
    """

    density: SpectralDensity
    temperature: float = 0.0

    def __post_init__(self) -> None:
        raise_if_any(density_problems(self.density) + temperature_problems(self.temperature))
        object.__setattr__(self, "temperature", float(self.temperature))


@dataclass(frozen=True, kw_only=True, eq=False)
class FreeModes:
    """M modes a_k = cosh_k b_k + sinh_k b'_k^dag, the b_k and b'_k in their vacuum, that stand for a bath.

    frequencies     w_k (M,) > 0, energies
    weights         dw_k (M,), so that g_k^2 = dw_k J(w_k); 1 for a discrete density
    couplings       g_k (M,), energies
    cosh, sinh      (M,) of the thermofield angles, tanh = exp(-w_k/2T)
    reach           the frequency where the modes end and a tail goes on; inf where there is none
    reorganisation  int J/w dw of that tail, an energy
    """

    frequencies: FloatArray
    weights: FloatArray
    couplings: FloatArray
    cosh: FloatArray
    sinh: FloatArray
    reach: float = math.inf
    reorganisation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("frequencies", "weights", "couplings", "cosh", "sinh"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def free_modes(bath: Bath, *, longest_time: float) -> FreeModes:
    """Return modes whose C(t) is that of ``bath`` up to |t| = longest_time, to about twelve digits; all of a discrete density.

    Modes of an algebraic tail end where what they do is to add their reorganisation energy and to follow: that is left to closed forms.
    Raises InvalidInput for a time that is no number >= 0 or for which too many modes are needed.
    """
    wrong: list[Problem] = (
        [] if isinstance(bath, Bath) else [Problem(key="bath", value=bath, allowed="chains.Bath(...)")]
    )
    raise_if_any(wrong + number_problems("longest_time", longest_time, at_least=0.0))
    density, temperature = bath.density, bath.temperature
    if isinstance(density, Discrete):
        w = np.asarray(density.frequencies, dtype=np.float64)
        cosh, sinh = _angles(w, temperature)
        return FreeModes(
            frequencies=w, weights=np.ones_like(w), couplings=np.asarray(density.couplings, dtype=np.float64), cosh=cosh, sinh=sinh
        )  # fmt: skip
    wholes = [_whole(element, temperature) for element in density.elements]
    nodes, warm, reach, lost = [], [], math.inf, 0.0
    for mine, end, beyond in wholes:
        reach, lost = min(reach, end), lost + beyond
        high = mine.support[1]
        upper = mine.truncation(NEGLECTED) if math.isinf(high) else high
        raise_if_any(_too_many(longest_time, upper))
        weight = "emission" if temperature > 0.0 else "vacuum"
        pieces = element_segments(mine, weight=weight, temperature=temperature, upper=upper)  # type: ignore[arg-type]
        if temperature == 0.0:
            pieces = tuple(map(_also_over_w, pieces))
        w, amplitudes = discretise(pieces, longest_time=longest_time)
        nodes.append(w)
        warm.append(mine.strength * amplitudes**2)  # g^2 cosh^2
    w = np.concatenate(nodes)
    order = np.argsort(w, kind="stable")
    w, squares = w[order], np.concatenate(warm)[order]
    cosh, sinh = _angles(w, temperature)
    g = np.sqrt(squares) / cosh
    j = sum((evaluate(mine, w) for mine, _, _ in wholes), np.zeros_like(w))
    weights = np.divide(g**2, j, out=np.zeros_like(w), where=j > 0.0)
    return FreeModes(
        frequencies=w, weights=weights, couplings=g, cosh=cosh, sinh=sinh, reach=reach, reorganisation=lost
    )


def _also_over_w(segment: Segment) -> Segment:
    """The segment by a rule that is exact for weight/w as well: of a warm bath it is, J (1 + n) being that already."""
    if segment.start != 0.0:
        return segment
    return replace(segment, start_power=segment.start_power - 1.0, root=lambda w: segment.root(w) * np.sqrt(w))


def ends(bath: Bath) -> tuple[float, ...]:
    """Where the modes of each of the density's elements end, as `free_modes` makes them: inf where it has all; () of a discrete one."""
    density = bath.density
    return () if isinstance(density, Discrete) else tuple(_whole(e, bath.temperature)[1] for e in density.elements)


def with_tail(density: SpectralDensity, end: float) -> SpectralDensity:
    """Return the density, its algebraic tails ended at ``end`` where the density itself has no cutoff that says where they end.

    Raises InvalidInput for what is no density, and for an end that is no number > 0.
    """
    raise_if_any(density_problems(density) + number_problems("end", end, above=0.0))
    if isinstance(density, Sum):
        return Sum(parts=[with_tail(part, end) for part in density.parts])  # type: ignore[misc]
    if isinstance(density, DrudeLorentz | Brownian) and density.cutoff is None:
        return replace(density, cutoff=end)
    return density


def _angles(w: FloatArray, temperature: float) -> tuple[FloatArray, FloatArray]:
    """cosh and sinh of the thermofield angles."""
    if temperature == 0.0:
        return np.ones_like(w), np.zeros_like(w)
    cosh = np.sqrt(-1.0 / np.expm1(-w / temperature))
    return cosh, cosh * np.exp(-0.5 * w / temperature)


def _whole(element: Element, temperature: float) -> tuple[Element, float, float]:
    """(the element, with an algebraic tail as far as modes are made of it; where they end; reorganisation energy beyond)."""
    if not isinstance(element, DrudeLorentz | Brownian) or element.cutoff is not None or element.strength == 0.0:
        return element, math.inf, 0.0
    scale = max(element.width, element.frequency if isinstance(element, Brownian) else 0.0)
    if isinstance(element, DrudeLorentz):  # J/w^2 -> strength gamma/w^3
        wanted = math.sqrt(0.5 * element.strength * element.width / DRESSING)
    else:  # strength gamma w0^2/w^5
        wanted = (0.25 * element.strength * element.width * element.frequency**2 / DRESSING) ** 0.25
    end = max(min(wanted, WIDEST * scale), NARROWEST * scale, COLD * temperature)
    cut = replace(element, cutoff=end)
    if isinstance(element, DrudeLorentz):
        beyond = element.strength * math.atan2(element.width, end)
    else:  # strength gamma w0^2/(3 w^3), and the next order
        middle = 2.0 * element.frequency**2 - element.width**2
        beyond = element.strength * element.width * element.frequency**2 * (1 / (3 * end**3) + middle / (5 * end**5))
    return cut, end, beyond


def _too_many(longest_time: float, upper: float) -> list[Problem]:
    """What keeps modes up to ``upper`` from being made for this time."""
    most = MOST_MODES * 4.0 / max(upper, 1e-300)
    if longest_time <= most:
        return []
    allowed = f"at most {most:.3g}: the modes up to w = {upper:.3g} have to be told apart for so long"
    hint = "a shorter run, a density with a lower cutoff, or are the units the same?"
    return [Problem(key="longest_time", value=longest_time, allowed=allowed, hint=hint)]
