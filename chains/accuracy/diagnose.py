"""Everything a user should know about a chain before trusting it, in one printable value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains.accuracy.correlation import chain_correlation, correlation_error, turn_problems
from chains.accuracy.light_cone import front_time, light_cone_time
from chains.accuracy.tail import Tail, lost_tail
from chains.checks import frozen, number_problems
from chains.maps.measure import divergent_integrals
from chains.maps.sites import Chain, chain_problems
from chains.problems import raise_if_any

_SAMPLES = 201


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """What :func:`diagnose` found.

    times, correlation_error (n,)   |C_chain(t) - C(t)| over [0, until], energy squared
    light_cone_time                 when the system feels the end of the chain (to 1e-6)
    front_time                      when the front reaches the end of the chain (to 1e-6)
    correlation_at_zero             C(0) of the chain, energy squared
    reorganisation_energy           int J/w dw, an energy
    tail                            what lies beyond the highest frequency of the weight
    coefficient_error               estimated relative error of the coefficients
    divergent                       integrals over J that do not exist
    description                     convention, formula and parameters of the density
    """

    chain: Chain
    until: float
    times: npt.NDArray[np.float64]
    correlation_error: npt.NDArray[np.float64]
    light_cone_time: float
    front_time: float
    correlation_at_zero: float
    reorganisation_energy: float
    tail: Tail
    coefficient_error: float
    divergent: tuple[str, ...]
    description: str

    @property
    def largest_error(self) -> float:
        """The largest |C_chain(t) - C(t)| over [0, until]."""
        return float(np.max(self.correlation_error))

    def __str__(self) -> str:
        bath = self.chain
        where = f"[{bath.support[0]:.6g}, {bath.support[1]:.6g}]"
        verdict = "yes" if self.light_cone_time >= self.until else "NO: the end is felt before"
        lines = [
            self.description,
            f"chain of {bath.length} sites at T = {bath.temperature:g}, weight {bath.weight} on {where}, {bath.method}",
            f"C(0) = {self.correlation_at_zero:.10g}, coefficients good to {self.coefficient_error:.1e} (relative)",
            f"C(t) of the chain is off by at most {self.largest_error:.2e} up to t = {self.until:g}",
            f"front at the end of the chain at t = {self.front_time:.6g}, "
            f"end felt by the system at t = {self.light_cone_time:.6g}",
            f"long enough for t = {self.until:g}: {verdict}",
        ]
        if self.tail.noticeable and bath.weight != "absorption":  # J n ends where it is nothing
            lines.append(self.tail.describe())
        lines += [f"diverges: {name}" for name in self.divergent]
        return "\n".join([*lines, *bath.notes])


def diagnose(chain: Chain, until: float) -> Diagnosis:
    """Return the errors and times of ``chain`` over [0, until]; print it to read it.

    Raises InvalidInput for an ``until`` that is not a finite real number >= 0, or so long that C(t) cannot be integrated.
    """
    raise_if_any(chain_problems("chain", chain) + number_problems("until", until, at_least=0.0))
    times = np.linspace(0.0, float(until), _SAMPLES)
    raise_if_any(turn_problems(chain.density, times, None, key="until"))
    return Diagnosis(
        chain=chain,
        until=float(until),
        times=frozen(times),
        correlation_error=frozen(correlation_error(chain, times)),
        light_cone_time=light_cone_time(chain),
        front_time=front_time(chain),
        correlation_at_zero=float(chain_correlation(chain, 0.0)[0].real),
        reorganisation_energy=chain.density.reorganisation(),
        tail=lost_tail(chain),
        coefficient_error=chain.error,
        divergent=divergent_integrals(chain.density, temperature=chain.temperature),
        description=chain.density.describe(),
    )
