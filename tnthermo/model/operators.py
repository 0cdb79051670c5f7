"""Local operators: Pauli components, matrices from user input, boson operators, initial states.

sigma_z |0> = +|0>; the qubit's "+z" state is |0> = (1, 0).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt

from chains.checks import LARGEST
from chains.problems import InvalidInput, Problem

Matrix = npt.NDArray[np.complex128]

PAULI: dict[str, Matrix] = {
    "i": np.eye(2, dtype=np.complex128),
    "x": np.array([[0, 1], [1, 0]], dtype=np.complex128),
    "y": np.array([[0, -1j], [1j, 0]], dtype=np.complex128),
    "z": np.array([[1, 0], [0, -1]], dtype=np.complex128),
}
NAMED: dict[str, Matrix] = {
    "sigma_minus": np.array([[0, 0], [1, 0]], dtype=np.complex128),
    "sigma_plus": np.array([[0, 1], [0, 0]], dtype=np.complex128),
}
STATES: dict[str, npt.NDArray[np.complex128]] = {
    "+x": np.array([1, 1], dtype=np.complex128) / np.sqrt(2),
    "-x": np.array([1, -1], dtype=np.complex128) / np.sqrt(2),
    "+y": np.array([1, 1j], dtype=np.complex128) / np.sqrt(2),
    "-y": np.array([1, -1j], dtype=np.complex128) / np.sqrt(2),
    "+z": np.array([1, 0], dtype=np.complex128),
    "-z": np.array([0, 1], dtype=np.complex128),
}
_REAL = r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
TEXT = re.compile(rf"[+-]?{_REAL}( *[+-] *({_REAL})?[ijJ])?|[+-]?({_REAL})?[ijJ]", re.ASCII)  # "0.1", "0.1 - 0.2j", "i"
HERMITICITY = 1e-12  # relative; below it rounding is symmetrised, with a note
STATE_TOLERANCE = 1e-10
HIGHEST_LEVEL = 2000  # boson levels of a site at most: its operators are dense matrices


def boson(name: str, levels: int) -> npt.NDArray[np.float64]:
    """Matrix (levels, levels) of a boson operator in the Fock basis cut at ``levels``.

    ``name`` is one of ``"number"`` (c^dag c), ``"lower"`` (c), ``"raise"`` (c^dag), ``"position"`` (c + c^dag) and ``"identity"``.
    """
    root = np.sqrt(np.arange(1, levels, dtype=np.float64))
    match name:
        case "identity":
            return np.eye(levels)
        case "number":
            return np.diag(np.arange(levels, dtype=np.float64))
        case "lower":
            return np.diag(root, 1)
        case "raise":
            return np.diag(root, -1)
        case "position":
            return np.diag(root, 1) + np.diag(root, -1)
    raise ValueError(f"no boson operator is called {name!r}")


def _entry(value: Any) -> complex:
    """A number, or a text that is one: ASCII, with i or j for the imaginary unit, spaces around signs only."""
    if isinstance(value, bool | np.bool_):
        raise TypeError("a boolean is not a number")
    if isinstance(value, np.timedelta64):  # to numpy an integer
        raise TypeError("a time difference is not a number")
    if isinstance(value, str):
        bare = value.strip(" ")
        bare = bare[1:-1] if bare.startswith("(") and bare.endswith(")") else bare
        if not TEXT.fullmatch(bare):
            raise ValueError(f"{value!r} is no number")
        return complex(bare.replace(" ", "").replace("i", "j"))
    if not isinstance(value, Number):
        raise TypeError(f"an entry is a {type(value).__name__}, not a number")
    try:
        return complex(value)  # type: ignore[call-overload,no-any-return]
    except OverflowError:  # an integer without a double
        return complex(math.inf)


def _listed(value: Any) -> Any:
    """``value`` if it is a list of some kind (a tuple, an array); raises TypeError for texts, bytes, tables and sets."""
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Sequence | np.ndarray):
        raise TypeError(f"{type(value).__name__} where a list is wanted")
    return value


def _is_real(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        return False
    number: Any = value
    return bool(abs(number) <= LARGEST)  # an integer without a double as well


def as_array(value: Any, *, key: str) -> Matrix:
    """Numbers, or strings such as "0.1-0.2j", in nested lists -> complex array; anything else is an :class:`InvalidInput`."""
    allowed = 'nested lists of numbers or strings such as "0.1-0.2j", all rows of one length'
    try:
        if isinstance(value, np.ndarray) and value.dtype.kind in "iufc":
            array = np.array(value, dtype=np.complex128)
        else:
            rows = list(_listed(value))
            nested = any(not isinstance(row, str) and isinstance(row, Sequence | np.ndarray) for row in rows)
            array = np.array(
                [[_entry(x) for x in _listed(row)] for row in rows] if nested else [_entry(x) for x in rows],
                dtype=np.complex128,
            )
    except (TypeError, ValueError) as error:
        raise InvalidInput([Problem(key=key, value=value, allowed=allowed, hint=str(error))]) from None
    with np.errstate(over="ignore"):
        bad = np.argwhere(~(np.abs(array) <= LARGEST))
    if bad.size:
        hint = f"entry {tuple(map(int, bad[0]))}"
        raise InvalidInput([Problem(key=key, value=value, allowed=f"finite numbers of at most {LARGEST:g}", hint=hint)])
    return array


def operator(value: Any, *, key: str, hermitian: bool = True) -> Matrix:
    """System operator from user input.

    value      Pauli components ``{"x": 0.1, "z": 0.5}`` (also ``"i"``), a name (``"sigma_minus"``, ``"sigma_plus"``),
               or a square matrix of numbers or strings
    hermitian  refuse a matrix with max |M - M^dag| above 1e-12 max |M|; smaller asymmetry is rounding and is averaged away

    Returns the (d, d) matrix. Raises :class:`InvalidInput`.
    """
    if isinstance(value, str):
        if value not in NAMED:
            near = difflib.get_close_matches(value, NAMED, n=2, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else ""
            allowed = f"Pauli components, a matrix, or one of {', '.join(NAMED)}"
            raise InvalidInput([Problem(key=key, value=value, allowed=allowed, hint=hint)])
        matrix = NAMED[value]
    elif isinstance(value, Mapping):
        problems = [
            Problem(key=f"{key}.{name}", value=number, allowed="component i, x, y or z with a finite real number")
            for name, number in value.items()
            if name not in PAULI or not _is_real(number)
        ]
        if problems:
            raise InvalidInput(problems)
        matrix = sum(
            (float(number) * PAULI[name] for name, number in value.items()), np.zeros((2, 2), dtype=np.complex128)
        )
    else:
        matrix = as_array(value, key=key)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] < 2:
        raise InvalidInput(
            [Problem(key=key, value=value, allowed=f"a square matrix of at least 2 x 2, found shape {matrix.shape}")]
        )
    if hermitian:
        asymmetry = float(np.abs(matrix - matrix.conj().T).max())
        if asymmetry > HERMITICITY * max(1.0, float(np.abs(matrix).max())):
            allowed = f"a Hermitian matrix, max |M - M^dag| = {asymmetry:.3g}"
            raise InvalidInput(
                [Problem(key=key, value=value, allowed=allowed, hint="check the entries across the diagonal")]
            )
        matrix = (matrix + matrix.conj().T) / 2
    return np.ascontiguousarray(matrix, dtype=np.complex128)


def matrix_problems(key: str, value: object) -> list[Problem]:
    """What keeps ``value`` from being a finished operator: a square numpy array of finite numbers, as `operator` returns it."""
    allowed = "a square numpy array of finite numbers"
    if not isinstance(value, np.ndarray):
        return [Problem(key=key, value=value, allowed=allowed, hint=f"found {type(value).__name__}")]
    if value.ndim != 2 or value.shape[0] != value.shape[1] or value.shape[0] < 2 or value.dtype.kind not in "iufc":
        return [Problem(key=key, value=value, allowed=allowed, hint=f"found shape {value.shape} of {value.dtype}")]
    return [] if np.isfinite(value).all() else [Problem(key=key, value=value, allowed=allowed)]


def density_matrix(value: Any, *, dimension: int, key: str = "system.initial", normalise: bool = False) -> Matrix:
    """Initial system state as a density matrix (dimension, dimension).

    value      a qubit name "+x" ... "-z", a vector, or a density matrix
    normalise  divide by the norm or trace; without it a deviation beyond 1e-10 is an error

    Raises :class:`InvalidInput` for a wrong size, norm, trace, non-Hermitian or negative matrix (beyond 1e-10).
    """

    def refuse(allowed: str, hint: str = "") -> InvalidInput:
        return InvalidInput([Problem(key=key, value=value, allowed=allowed, hint=hint)])

    if isinstance(value, str):
        if value not in STATES or dimension != 2:
            raise refuse(
                f"one of {', '.join(STATES)} (qubits only), a vector, or a density matrix of dimension {dimension}"
            )
        array = STATES[value]
    else:
        array = as_array(value, key=key)
    if array.shape not in ((dimension,), (dimension, dimension)):
        raise refuse(f"shape ({dimension},) or ({dimension}, {dimension}), found {array.shape}")
    size = float(np.linalg.norm(array)) if array.ndim == 1 else float(np.real(np.trace(array)))
    if not (size > 0 if normalise else abs(size - 1) < STATE_TOLERANCE):
        what = "norm" if array.ndim == 1 else "trace"
        raise refuse(f"{what} 1, found {size:.12g}", "ask for `normalise = true` under [system] to have it divided out")
    if array.ndim == 1:
        array = np.outer(array, array.conj()) / size**2
    else:
        array = array / size
        if np.abs(array - array.conj().T).max() > STATE_TOLERANCE:
            raise refuse(f"a Hermitian matrix, max |rho - rho^dag| = {np.abs(array - array.conj().T).max():.3g}")
        array = (array + array.conj().T) / 2
        lowest = float(np.linalg.eigvalsh(array)[0])
        if lowest < -STATE_TOLERANCE:
            raise refuse(f"no negative eigenvalue, found {lowest:.3g}")
    return np.ascontiguousarray(array)


def purify(rho: Matrix) -> Matrix:
    """Purification Psi (d, r) of rho (d, d): rho = Psi Psi^dag, r the rank to 1e-12; column k belongs to state k of the ancilla S'."""
    weights, vectors = np.linalg.eigh(rho)
    keep = weights > 1e-12
    columns: Matrix = vectors[:, keep][:, ::-1] * np.sqrt(weights[keep][::-1])
    return np.ascontiguousarray(columns)
