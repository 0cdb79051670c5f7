"""The star that has given chain coefficients: eigenvalues and first components of a Jacobi matrix."""

from __future__ import annotations

import numpy as np
import scipy

from chains.numerics.recurrence import twisted_vectors
from chains.types import FloatArray


def star_of(
    coupling: float, frequencies: FloatArray, hoppings: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return star frequencies (N,), couplings (N,) and vectors (N, N) of chain coefficients.

    Golub and Welsch, Math. Comp. 23, 221 (1969), with the vectors redone so that tiny couplings have correct digits.
    """
    if frequencies.size == 1:
        return np.array(frequencies), np.array([coupling]), np.ones((1, 1))
    values, library = scipy.linalg.eigh_tridiagonal(frequencies, hoppings)
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
