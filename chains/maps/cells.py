"""The bath as it is: its physical modes one by one, at T > 0 each with its own purifying partner (a cell of two sites)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chains.checks import array_problems, frozen
from chains.densities.discrete import Discrete
from chains.densities.thermal import discrete_measure
from chains.maps.arguments import SpectralDensity, argument_problems
from chains.maps.bath import Bath
from chains.maps.coefficients import chain_of_weight
from chains.maps.sites import Chain
from chains.maps.star import star
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class StarCells:
    """M modes of the physical bath, each in its own thermofield frame; there are no hoppings.

    a_k = cosh(theta_k) b_k + sinh(theta_k) b'_k^dag, a'_k likewise, tanh(theta_k) = exp(-beta w_k/2). All sites start in their vacuum;
    H_chain = sum_k w_k (b_k^dag b_k - b'_k^dag b'_k), C = sum_k g_k a_k, X = C + C^dag. At T = 0 there is b_k only, and b_k = a_k.

    frequencies   w_k (M,) > 0, ascending, energies
    couplings     g_k (M,) > 0, energies
    theta         theta_k (M,); 0 at T = 0
    temperature   of the bath
    density       what it was made from
    support       lowest and highest frequency of the weight used
    notes         what was done to the input
    """

    frequencies: FloatArray
    couplings: FloatArray
    theta: FloatArray
    temperature: float
    density: SpectralDensity
    support: tuple[float, float]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("frequencies", "couplings", "theta"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def modes(self) -> int:
        """Number of physical modes M."""
        return int(self.frequencies.size)

    @property
    def sites_of_cell(self) -> int:
        """1 at T = 0 (b_k), 2 at T > 0 (b_k, b'_k)."""
        return 2 if self.temperature > 0.0 else 1

    @property
    def order(self) -> npt.NDArray[np.int64]:
        """Modes k (M,) in the order of their cells, from the system outward: see scripts/docs/layouts.md."""
        return np.arange(self.modes)[::-1]

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """The sites as chains of one site each, from the system outward: b_k, b'_k of one cell after those of another, in `order`.

        b_k is a chain of weight J (1 + n) ("vacuum" at T = 0), b'_k one of weight J n: a star is a bath of many chains.
        """
        found = []
        for k in self.order:
            w, g, theta = float(self.frequencies[k]), float(self.couplings[k]), float(self.theta[k])
            if self.temperature == 0.0:
                found.append(self._site("vacuum", w, g))
                continue
            found.append(self._site("emission", w, g * float(np.cosh(theta))))
            found.append(self._site("absorption", w, g * float(np.sinh(theta))))
        return tuple(found)

    def _site(self, weight: str, frequency: float, coupling: float) -> Chain:
        return Chain(
            coupling=coupling,
            frequencies=np.array([frequency]),
            hoppings=np.zeros(0),
            next_hopping=0.0,
            temperature=self.temperature,
            density=self.density,
            weight=weight,  # type: ignore[arg-type]
            support=self.support,
            method="star",
            error=0.0,
        )

    def correlation(self, times: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """C(t) = <X(t) X(0)> of these modes at ``times`` (...), energy squared. Raises InvalidInput for what are no numbers."""
        raise_if_any(array_problems("times", times))
        t = np.asarray(times, dtype=np.float64)[..., None]
        up, down = self.couplings * np.cosh(self.theta), self.couplings * np.sinh(self.theta)
        turning = np.exp(-1j * self.frequencies * t)
        return np.asarray(turning @ up**2 + turning.conj() @ down**2)

    def numbers(self, mode: int) -> tuple[int, ...]:
        """Where in `chains` the sites of cell ``mode`` are: (b_k, b'_k), or (b_k,) at T = 0."""
        each = self.sites_of_cell
        first = each * int(np.flatnonzero(self.order == mode)[0])
        return tuple(range(first, first + each))


def star_cells(
    density: SpectralDensity,
    modes: int | None = None,
    *,
    temperature: float = 0.0,
    support: float | None = None,
    resolution: int = 1,
) -> StarCells:
    """Return the star cells of ``density`` at ``temperature``: the modes of a discrete density, else the Gauss nodes of J (1 + n).

    modes         number M >= 1 of physical modes; left out for a discrete density, whose modes are taken as they are
    temperature   >= 0, an energy
    support, resolution   as in :func:`chains.chain`

    With the nodes w_k and weights W_k of J (1 + n), g_k^2 = W_k (1 - exp(-w_k/T)) and C(t) = sum_k W_k (exp(-i w_k t) +
    exp(-w_k/T + i w_k t)): a sum of entire functions of w, so that C(t) converges exponentially in M once M exceeds half the support times
    t. The nodes of J itself, exact at T = 0 likewise, converge like 1/M^2 only for a warm Ohmic bath, because n is infinite at w = 0 (a per
    cent for M = 8, T = cutoff, where these have 1e-6); who wants them passes them as a :class:`chains.Discrete`.
    Raises InvalidInput with every problem of the input; ChainNotConverged as :func:`chains.chain`.
    """
    raise_if_any(
        argument_problems(density, modes, temperature, support, resolution, whole_axis=False, length_key="modes")
    )
    temperature = float(temperature)
    if isinstance(density, Discrete):
        if modes not in (None, density.modes):
            allowed = f"{density.modes}, all modes of the discrete density"
            raise_if_any([Problem(key="modes", value=modes, allowed=allowed, hint="may be left out")])
        w, g = discrete_measure(density, weight="vacuum", temperature=0.0)
        return _cells(w, g, temperature, density, density.support, density.notes)
    return cells_of(
        chain_of_weight(
            density,
            modes,
            weight="emission" if temperature > 0.0 else "vacuum",
            temperature=temperature,
            support=support,
            resolution=resolution,
        )
    )


def cells_of(bath: Chain) -> StarCells:
    """Return the cells of the Gauss nodes of a chain of weight J (1 + n), or J at T = 0: as many modes as the chain has sites."""
    found = star(bath)
    factor = np.sqrt(-np.expm1(-found.frequencies / bath.temperature)) if bath.temperature > 0.0 else 1.0
    return _cells(found.frequencies, found.couplings * factor, bath.temperature, bath.density, bath.support, bath.notes)


def _cells(
    w: FloatArray,
    g: FloatArray,
    temperature: float,
    density: SpectralDensity,
    support: tuple[float, float],
    notes: tuple[str, ...],
) -> StarCells:
    theta = np.zeros(w.size)
    if temperature > 0.0:
        theta = np.arcsinh(np.exp(-0.5 * w / temperature) / np.sqrt(-np.expm1(-w / temperature)))
    return StarCells(
        frequencies=w, couplings=g, theta=theta, temperature=temperature, density=density, support=support, notes=notes
    )


def bath_problems(key: str, value: object) -> list[Problem]:
    """Return what keeps ``value`` from being a bath: a chain, the two of a thermofield pair, star cells, or one that is not discretised."""
    members = value if isinstance(value, tuple) and len(value) == 2 else (value,)
    alone = len(members) == 1
    if all(isinstance(member, Chain) for member in members) or (alone and isinstance(value, StarCells | Bath)):
        return []
    allowed = (
        "chains.chain(...), the pair of chains.thermofield_chains(...), chains.star_cells(...), or chains.Bath(...)"
    )
    return [Problem(key=key, value=value, allowed=allowed, hint=f"found {type(value).__name__}")]
