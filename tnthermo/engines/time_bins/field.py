"""The bath as its free modes: what a time-bin engine knows of it.

H_bath = sum_k w_k b_k^dag b_k, all b_k in their vacuum at t = 0, w_k of either sign (the partners b' of a warm bath have negative ones),
and every channel X_q = sum_k x_qk b_k + h.c. A linear form f = sum_k v_k b_k is the vector v: [f, g^dag] = sum_k v_k conj(u_k) for g
with the vector u.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tnthermo.model.coupling_kinds import COUPLING_KINDS
from tnthermo.model.model import Model
from tnthermo.model.representation import PhysicalModes, Rest, represented
from tnthermo.types import Complex, Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """K free modes of all baths.

    frequencies  w_k (K,), signed, energies
    amplitudes   x_qk (Q, K) of the channels, energies; 0 for the modes of other baths
    baths        (K,) the bath of each
    rests        what of each bath these modes leave out
    longest_time up to which they are as good as the bath
    """

    frequencies: Real
    amplitudes: Complex
    baths: npt.NDArray[np.int64]
    rests: tuple[Rest, ...]
    longest_time: float
    model: Model

    @cached_property
    def modes(self) -> tuple[PhysicalModes, ...]:
        """The physical modes of each bath in terms of these."""
        return tuple(represented(coupling.bath).physical(self.longest_time) for coupling in self.model.couplings)

    def of(self, bath: int) -> slice:
        """The modes of a bath."""
        start, end = np.searchsorted(self.baths, [bath, bath + 1])
        return slice(int(start), int(end))

    def edge(self, channel: int, time: float) -> Complex:
        """X_q(t) = exp(i H_bath t) X_q exp(-i H_bath t) as a form (K,)."""
        return np.asarray(self.amplitudes[channel] * np.exp(-1j * self.frequencies * time))

    def energy(self, form: Complex) -> Complex:
        """(K,): the form g of the change <O (g + g^dag)> + <O^2> sum w |v|^2 of H_bath by exp(-i O (x) (f + f^dag)), v that of f."""
        return 1j * self.frequencies * form


def field_of(model: Model, longest_time: float) -> Field:
    """The modes of all baths of a model, good to ``longest_time`` where they stand for a continuum."""
    frequencies, amplitudes, baths, rests = [], [], [], []
    channels = len(model.channels)
    first = 0
    for number, coupling in enumerate(model.couplings):
        parts = represented(coupling.bath).branches(longest_time)
        phases = COUPLING_KINDS[coupling.kind].phases
        for part in parts:
            x = np.zeros((channels, part.frequencies.size), dtype=np.complex128)
            for q, p in enumerate(phases):
                x[first + q] = part.amplitudes(p)
            frequencies.append(part.frequencies)
            amplitudes.append(x)
            baths.append(np.full(part.frequencies.size, number))
        rests.append(represented(coupling.bath).rest(longest_time))
        first += len(phases)
    return Field(
        frequencies=np.concatenate(frequencies), amplitudes=np.hstack(amplitudes), baths=np.concatenate(baths).astype(np.int64),
        rests=tuple(rests), longest_time=longest_time, model=model,
    )  # fmt: skip
