"""The chain itself: the sites that stand for a bath, and which weight they were made from."""

from __future__ import annotations

from dataclasses import dataclass

from chains.checks import frozen, instance_problems
from chains.maps.arguments import SpectralDensity
from chains.problems import Problem
from chains.types import FloatArray, Weight


@dataclass(frozen=True, kw_only=True, eq=False)
class Chain:
    """H = A (x) kappa (c_0 + c_0^dag) + sum_n e_n c_n^dag c_n + sum_n t_n (c_n^dag c_(n+1) + h.c.).

    coupling        kappa = sqrt(C(0)), an energy
    frequencies     e_n, shape (N,), energies
    hoppings        t_n, shape (N-1,), energies
    next_hopping    t_(N-1) to the first site left out; 0.0 when the chain is the whole bath
    temperature     of the bath; the chain itself always starts in its vacuum
    density         what it was made from
    weight          "vacuum" | "thermal" | "emission" | "absorption", see :mod:`chains.densities.thermal`
    support         lowest and highest frequency of the weight used
    method          "jacobi" | "laguerre" | "chebyshev" (closed forms) | "gragg-harwood"
    error           estimated relative error of the coefficients: change when the discretisation was last doubled; for a
                    discrete bath the distance of the chain's own modes from the given ones; 0.0 for closed forms
    notes           what was done to the input
    """

    coupling: float
    frequencies: FloatArray
    hoppings: FloatArray
    next_hopping: float
    temperature: float
    density: SpectralDensity
    weight: Weight
    support: tuple[float, float]
    method: str
    error: float
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "frequencies", frozen(self.frequencies))
        object.__setattr__(self, "hoppings", frozen(self.hoppings))

    @property
    def length(self) -> int:
        """Number of sites N."""
        return int(self.frequencies.size)

    @property
    def thermal(self) -> bool:
        """Whether the weight lives on the whole axis (one extended chain, T > 0)."""
        return self.weight == "thermal"

    @property
    def complete(self) -> bool:
        """Whether nothing of the bath is left out."""
        return self.next_hopping == 0.0


def chain_problems(key: str, value: object) -> list[Problem]:
    """Return what keeps ``value`` from being a :class:`Chain`."""
    return instance_problems(key, value, Chain, "a chain as chains.chain(...) returns it")
