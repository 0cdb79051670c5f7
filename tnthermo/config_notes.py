"""Remarks on a configuration that is legal: what is doubtful, and what was done about a choice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tnthermo.config_density import Density
from tnthermo.config_drive import Drives
from tnthermo.config_limits import adapted_bond
from tnthermo.config_schema import Evolution, System
from tnthermo.drive import jumps, scale_within
from tnthermo.grid import RESOLVED
from tnthermo.local import as_array
from tnthermo.model import Model

SOME_ULPS = 1e-15  # a norm that is 1 but for the last digit goes without saying
LARGE_BOND = 150  # beyond it an uncapped run takes hours
FEW = 5  # times that a note names
SAMPLES = 65  # times at which a driven Hamiltonian is looked at


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something the user should know: a "warning" is legal but doubtful, a "note" says what was done."""

    level: Literal["note", "warning"]
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.key}: {self.text}"


def _warning(key: str, text: str) -> Note:
    return Note(level="warning", key=key, text=text)


def bath_doubts(
    density: Density, temperature: float, splitting: float, *, density_key: str, bath_key: str
) -> list[Note]:
    """A cutoff below the system's splitting, a temperature that looks like kelvin."""
    notes, cutoff = [], density.highest
    key = f"{density_key}.cutoff" if density.kind != "sum" else f"{density_key}.parts"
    if cutoff is not None and cutoff < splitting:
        text = (
            f"{cutoff:g} is below the system's largest splitting {splitting:.4g}: the bath cannot absorb such a quantum"
        )
        notes.append(_warning(key, text))
    if cutoff is not None and temperature > 10 * cutoff:
        quanta = temperature / cutoff
        need = f"a mode at the cutoff holds {quanta:.3g} quanta, about {16 * quanta:.3g} levels for 1e-7"
        text = f"T/cutoff = {quanta:.4g}: is T in kelvin? If not, {need}"
        notes.append(_warning(f"{bath_key}.temperature", text))
    return notes


def rounding_notes(system: System) -> list[Note]:
    """Matrices and vectors that are Hermitian, or normalised, to rounding only: what was done to them."""
    notes = []
    for key, value in (("hamiltonian", system.hamiltonian), ("initial", system.initial)):
        if not isinstance(value, list):
            continue
        given = as_array(value, key=key)
        found = []
        if given.ndim == 2 and (skew := float(np.abs(given - given.conj().T).max())) > 0:
            found.append(f"max |M - M^dag| = {skew:.2g}: averaged across the diagonal")
        size = float(np.linalg.norm(given)) if given.ndim == 1 else float(np.trace(given).real)
        if key == "initial" and abs(size - 1) > SOME_ULPS:
            found.append(f"{'norm' if given.ndim == 1 else 'trace'} {size:.12g}: divided out")
        notes += [Note(level="note", key=f"system.{key}", text=text) for text in found]
    return notes


def largest_splitting(model: Model, until: float) -> float:
    """Of H_S(t) in [0, until]."""
    return float(np.ptp(np.linalg.eigvalsh(model.hamiltonian_at(_samples(model, until))), axis=-1).max())


def strongest_term(model: Model, until: float) -> float:
    """The largest local energy in [0, until]: entries of H_S, couplings, hoppings."""
    times = _samples(model, until)
    strengths = np.abs(model.strengths(times)).max(axis=0)
    factors = {channel.bath: float(strength) for channel, strength in zip(model.channels, strengths, strict=True)}
    return max(
        float(np.abs(model.hamiltonian_at(times)).max()),
        *(
            factors[j] * kappa * float(np.linalg.norm(coupling.operator, 2))
            for j, coupling in enumerate(model.couplings)
            for kappa in coupling.local_strengths
        ),
        *(float(np.abs(chain.hoppings).max(initial=0.0)) for chain in model.chains),
    )


def _samples(model: Model, until: float) -> npt.NDArray[np.float64]:
    return np.linspace(0.0, until, SAMPLES) if model.driven else np.zeros(1)


def evolution_doubts(evolution: Evolution, model: Model) -> list[Note]:
    """A step that is too large, bonds that will grow, a last step that does not fit."""
    notes = []
    scale = strongest_term(model, evolution.until)
    order = getattr(evolution.algorithm(), "order", None)
    if order is not None and scale * evolution.step > 1:
        phase = min(scale * evolution.step, 1e50)
        text = (
            f"too large: strongest local term {scale:.3g} x step = {phase:.3g} > 1, local error about {phase ** (order + 1):.2g}; "
            f"a step near {0.5 / scale:.2g} is more accurate and often faster, because bonds and levels stay small"
        )
        notes.append(_warning("evolution.step", text))
    expected = adapted_bond(model, tolerance=evolution.tolerance, until=evolution.until)
    if evolution.method == "tdvp" and evolution.max_bond is None and expected > LARGE_BOND:
        text = f"without a cap the bond may grow to about {expected} by t = {evolution.until:g}; 16 to 48 is enough for most ledgers"
        notes.append(_warning("evolution.max_bond", text))
    steps = evolution.until / evolution.step
    if evolution.until > 0 and not math.isclose(steps, round(steps), rel_tol=1e-9):
        last = evolution.until - math.floor(steps) * evolution.step
        text = f"{evolution.until:g} is no multiple of the step {evolution.step:g}: the last step is shortened to {last:.6g}"
        notes.append(Note(level="note", key="evolution.until", text=text))
    return notes


def drive_doubts(drives: Drives, evolution: Evolution) -> list[Note]:
    """Steps that are cut because a drive changes within them, has kinks or jumps."""
    notes, step = [], evolution.step
    whole = np.zeros(1), np.array([evolution.until])
    for name, drive in drives.made.items():
        shortest = float(scale_within(drive, *whole)[0])
        if step > shortest / RESOLVED * (1 + 1e-9):
            text = (
                f"changes within {shortest:.4g}, which steps of {step:g} do not resolve: where it does, "
                f"steps are cut to {shortest / RESOLVED:.3g} or less"
            )
            notes.append(Note(level="note", key=f"drive.{name}", text=text))
        inside = [t for t in drive.breaks if 0 < t < evolution.until]
        jumping = set(jumps(drive))
        off = [t for t in inside if t not in jumping and abs(t / step - round(t / step)) > 1e-6]
        if off:
            text = (
                f"begins, ends or has a kink at t = {_some(off)}, no multiple of the step {step:g}: a step is cut there"
            )
            notes.append(Note(level="note", key=f"drive.{name}", text=text))
        if sudden := [t for t in inside if t in jumping]:
            text = f"jumps at t = {_some(sudden)}: a step ends there, and what is recorded at that time is what comes after the jump"
            notes.append(Note(level="note", key=f"drive.{name}", text=text))
    return notes


def _some(times: list[float]) -> str:
    """The first few of them, and how many more there are."""
    text = ", ".join(f"{t:g}" for t in times[:FEW])
    return text if len(times) <= FEW else f"{text} and {len(times) - FEW} more"
