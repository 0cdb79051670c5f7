"""Between a chain and its star: the N Gauss nodes, which are the modes a chain of N sites stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains.checks import frozen, sequence_problems
from chains.maps.sites import Chain, chain_problems
from chains.numerics.recurrence import jacobi_matrix
from chains.numerics.star_nodes import star_of
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Star:
    """The modes of a chain: c_n = sum_j vectors[n, j] a_j.

    frequencies (N,) ascending, energies (negative ones for a thermal weight); couplings (N,) > 0 of X to the modes,
    energies; vectors (N, N) orthogonal, column j belongs to mode j, couplings = kappa vectors[0, :].
    """

    frequencies: FloatArray
    couplings: FloatArray
    vectors: FloatArray

    def __post_init__(self) -> None:
        for name in ("frequencies", "couplings", "vectors"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Coefficients:
    """Chain coefficients of finitely many modes: coupling kappa, frequencies e (N,), hoppings t (N-1,)."""

    coupling: float
    frequencies: FloatArray
    hoppings: FloatArray


def star(chain: Chain) -> Star:
    """Return the Gauss nodes of ``chain``: modes with the same C(t) as the chain, at every time. Raises InvalidInput for no chain."""
    raise_if_any(chain_problems("chain", chain))
    frequencies, couplings, vectors = star_of(chain.coupling, chain.frequencies, chain.hoppings)
    return Star(frequencies=frequencies, couplings=couplings, vectors=vectors)


def from_star(frequencies: npt.ArrayLike, couplings: npt.ArrayLike) -> Coefficients:
    """Return the chain of the modes (w_j, g_j), shape (N,) each; frequencies of any sign (thermal copies), distinct.

    Gragg and Harwood's rotations: stable, no loss of orthogonality. Raises InvalidInput for lists that are empty, of
    different lengths, not finite, with equal frequencies or with a coupling 0.
    """
    problems = sequence_problems("frequencies", frequencies) + sequence_problems("couplings", couplings)
    if not problems:
        w, g = np.asarray(frequencies, dtype=np.float64), np.asarray(couplings, dtype=np.float64)
        if w.size != g.size:
            found = f"{w.size} frequencies, {g.size} couplings"
            problems.append(Problem(key="couplings", value=found, allowed="one coupling for each frequency"))
        if np.unique(w).size < w.size:
            problems.append(
                Problem(key="frequencies", value="equal values", allowed="distinct", hint="merge them: g^2 adds")
            )
        problems += [
            Problem(key=f"couplings[{i}]", value=0.0, allowed="!= 0", hint="drop the mode")
            for i in np.flatnonzero(g == 0.0)
        ]
    raise_if_any(problems)
    diagonal, off = jacobi_matrix(w, np.abs(g), w.size)
    return Coefficients(coupling=float(off[0]), frequencies=frozen(diagonal), hoppings=frozen(off[1:-1]))
