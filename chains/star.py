"""Between a chain and its star: the N Gauss nodes, which are the modes a chain of N sites stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal

from chains.checks import frozen, sequence_problems
from chains.problems import Problem, raise_if_any
from chains.recurrence import jacobi_matrix, twisted_vectors
from chains.sites import Chain, chain_problems

FloatArray = npt.NDArray[np.float64]


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


def star_of(
    coupling: float, frequencies: FloatArray, hoppings: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return star frequencies (N,), couplings (N,) and vectors (N, N) of chain coefficients.

    Golub and Welsch, Math. Comp. 23, 221 (1969), with the vectors redone so that tiny couplings have correct digits.
    """
    if frequencies.size == 1:
        return np.array(frequencies), np.array([coupling]), np.ones((1, 1))
    values, library = eigh_tridiagonal(frequencies, hoppings)
    peaks = np.argmax(np.abs(library), axis=0).astype(np.int64)
    with np.errstate(all="ignore"):
        vectors = twisted_vectors(np.asarray(frequencies), np.asarray(hoppings), values, peaks)
    # where the recurrence is not usable (a vanishing hopping, a peak missed) the library's vector is the better one
    columns = np.arange(values.size)
    signs = np.sign(library[peaks, columns]) * np.sign(vectors[peaks, columns])
    difference = np.max(np.abs(vectors * signs - library), axis=0)
    poor = ~(difference < 1e-10)
    vectors[:, poor] = library[:, poor] * np.where(library[0, poor] < 0.0, -1.0, 1.0)
    return values, coupling * vectors[0], vectors


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
