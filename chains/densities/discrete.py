"""A bath of finitely many modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from chains.checks import SMALLEST, frozen, sequence_problems
from chains.densities.power_law import CONVENTION
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Discrete:
    """J(w) = sum_k g_k^2 delta(w - w_k): modes a_k of frequencies w_k > 0 and real couplings g_k to X, of any sign.

    frequencies, couplings: lists of the same length, energies, in any order. The attributes hold the modes that count:

        A_j = sum_k combination_jk a_k,   combination_jk = g_k/G_j for w_k = w_j, else 0,   G_j^2 = sum of those g_k^2

    sorted by frequency, with couplings G_j > 0, so that X = sum_j G_j (A_j + A_j^dag) and C = sum_j G_j A_j. So a sign is
    the phase of a mode (A = -a where g < 0), of modes of equal frequency only one combination couples, and modes with g = 0
    are dropped; ``notes`` says which of this was done. What tells the phases of the modes (amplitudes <a_k> of a displaced
    bath) goes through :meth:`collected`. combination has shape (M, modes as given).
    Raises InvalidInput with every problem: a frequency <= 0, lists of different lengths, no coupled mode at all.
    """

    frequencies: Sequence[float] | FloatArray
    couplings: Sequence[float] | FloatArray
    notes: tuple[str, ...] = field(default=(), init=False)
    combination: FloatArray = field(init=False)
    _given: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        problems = sequence_problems("frequencies", self.frequencies) + sequence_problems("couplings", self.couplings)
        if not problems:
            hint = "temperature is handled by the thermal map, not by negative frequencies"
            for i, value in enumerate(self.frequencies):
                if not value >= SMALLEST:
                    allowed = f"> 0, at least {SMALLEST:g}"
                    problems.append(Problem(key=f"frequencies[{i}]", value=value, allowed=allowed, hint=hint))
            if len(self.frequencies) != len(self.couplings):
                found = f"{len(self.frequencies)} frequencies, {len(self.couplings)} couplings"
                problems.append(Problem(key="couplings", value=found, allowed="one coupling for each frequency"))
            if not any(value != 0.0 for value in self.couplings):
                hint = "to decouple the bath, scale the system's coupling operator to 0"
                problems.append(
                    Problem(key="couplings", value="all zero", allowed="at least one coupling != 0", hint=hint)
                )
        raise_if_any(problems)
        given = frozen(self.frequencies)
        signed = np.asarray(self.couplings, dtype=np.float64)
        notes: list[str] = []
        coupled = signed != 0.0
        if not np.all(coupled):
            notes.append(f"{int(np.sum(~coupled))} mode(s) with g = 0 dropped, at w = {given[~coupled].tolist()}")
        distinct, where = np.unique(given[coupled], return_inverse=True)
        rows = np.zeros((distinct.size, given.size))
        rows[where, np.flatnonzero(coupled)] = signed[coupled]
        merged = np.hypot.reduce(rows, axis=1)  # also of couplings whose squares underflow
        if distinct.size < int(np.sum(coupled)):
            doubled = distinct[np.bincount(where) > 1].tolist()
            notes.append(f"equal frequencies merged (g^2 added) at w = {doubled}")
        if np.any(signed < 0.0):
            where_negative = given[signed < 0.0].tolist()
            notes.append(f"mode(s) with g < 0 at w = {where_negative} counted as -a_k with coupling |g|")
        object.__setattr__(self, "frequencies", frozen(distinct))
        object.__setattr__(self, "couplings", frozen(merged))
        object.__setattr__(self, "combination", frozen(rows / merged[:, None]))
        object.__setattr__(self, "_given", given)
        object.__setattr__(self, "notes", tuple(notes))

    @property
    def modes(self) -> int:
        """Number of distinct coupled modes, M."""
        return len(self.frequencies)

    @property
    def modes_given(self) -> int:
        """Number of modes in the lists given, those of equal frequency and with g = 0 included."""
        return int(self._given.size)

    @property
    def frequencies_given(self) -> FloatArray:
        """Frequencies in the list given, in its order."""
        return self._given

    def collected(self, amplitudes: npt.ArrayLike) -> tuple[npt.NDArray[np.complex128], float]:
        """Return <A_j> (M,) of amplitudes <a_k> in the order of the lists given, and the energy that does not couple.

        The second is sum_k w_k |<a_k>|^2 - sum_j w_j |<A_j>|^2 >= 0, constant in time: of modes with g = 0 and of the
        combinations of modes of equal frequency that do not couple. Raises InvalidInput for another number of amplitudes.
        """
        given = np.asarray(amplitudes, dtype=np.complex128)
        if given.shape != self._given.shape:
            allowed = f"{self.modes_given} amplitudes <a_k>, one for each mode in the order of the frequencies given"
            raise_if_any([Problem(key="amplitudes", value=amplitudes, allowed=allowed)])
        found = self.combination @ given
        lone = given - self.combination.T @ found
        return found, float(self._given @ np.abs(lone) ** 2)

    @property
    def support(self) -> tuple[float, float]:
        """(0, highest frequency)."""
        return 0.0, float(self.frequencies[-1])

    @property
    def exponent_at_zero(self) -> float:
        """inf: there is no weight near w = 0."""
        return float("inf")

    def reorganisation(self) -> float:
        """sum_k g_k^2/w_k."""
        return float(np.sum(np.asarray(self.couplings) ** 2 / np.asarray(self.frequencies)))

    def weight(self) -> float:
        """sum_k g_k^2 = C(0) at T = 0."""
        return float(np.sum(np.asarray(self.couplings) ** 2))

    def describe(self) -> str:
        """Convention, modes and the main integrals, as text."""
        lines = [CONVENTION, f"{self.modes} modes:"]
        pairs = zip(self.frequencies, self.couplings, strict=True)
        lines += [f"  w = {w:.10g}, g = {g:.10g}" for w, g in pairs]
        lines.append(f"reorganisation energy sum g^2/w = {self.reorganisation():.10g}")
        lines.append(f"C(0) = sum g^2 = {self.weight():.10g} at T = 0")
        return "\n".join([*lines, *self.notes])

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """Always an error: a sum of delta functions has no values; use frequencies and couplings."""
        hint = "use .frequencies and .couplings"
        raise_if_any([Problem(key="w", value="a discrete density", allowed="a continuous density", hint=hint)])
        return np.zeros(np.shape(w))
