"""A bath of finitely many modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from chains.checks import SMALLEST, frozen, sequence_problems
from chains.problems import Problem, raise_if_any
from chains.spectral import CONVENTION

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Discrete:
    """J(w) = sum_k g_k^2 delta(w - w_k): modes of frequencies w_k > 0 and real couplings g_k to X.

    frequencies, couplings: lists of the same length, energies. The attributes hold the modes that count: sorted,
    equal frequencies merged (the g^2 add up: only that combination of the modes couples), g = 0 dropped, couplings
    positive (a sign is the phase of a mode); ``notes`` says which of this was done.
    Raises InvalidInput with every problem: a frequency <= 0, lists of different lengths, no coupled mode at all.
    """

    frequencies: Sequence[float] | FloatArray
    couplings: Sequence[float] | FloatArray
    notes: tuple[str, ...] = field(default=(), init=False)

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
        given = np.asarray(self.frequencies, dtype=np.float64)
        strengths = np.abs(np.asarray(self.couplings, dtype=np.float64))
        notes: list[str] = []
        coupled = strengths > 0.0
        if not np.all(coupled):
            notes.append(f"{int(np.sum(~coupled))} mode(s) with g = 0 dropped, at w = {given[~coupled].tolist()}")
        distinct, where = np.unique(given[coupled], return_inverse=True)
        merged = np.zeros(distinct.size)
        np.add.at(merged, where, strengths[coupled] ** 2)
        if distinct.size < int(np.sum(coupled)):
            doubled = distinct[np.bincount(where) > 1].tolist()
            notes.append(f"equal frequencies merged (g^2 added) at w = {doubled}")
        object.__setattr__(self, "frequencies", frozen(distinct))
        object.__setattr__(self, "couplings", frozen(np.sqrt(merged)))
        object.__setattr__(self, "notes", tuple(notes))

    @property
    def modes(self) -> int:
        """Number of distinct coupled modes, M."""
        return len(self.frequencies)

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
