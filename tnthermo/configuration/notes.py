"""Remarks on a configuration that is legal: what is doubtful, and what was done about a choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

import chains
from tnthermo.algorithms import Algorithm
from tnthermo.configuration.drives import Drives
from tnthermo.configuration.read import BathKeys
from tnthermo.configuration.sections import Evolution, System
from tnthermo.evolution.doubts import Doubt, largest_splitting, parameter_doubts, setting_doubts, tail_doubts
from tnthermo.evolution.grid import RESOLVED
from tnthermo.model.drives import jumps, scale_within
from tnthermo.model.model import Model
from tnthermo.model.operators import as_array
from tnthermo.units.units import NATURAL, Units

SOME_ULPS = 1e-15  # a norm that is 1 but for the last digit goes without saying
AT_THE_END = 1e-12  # relative: a jump there is recorded
FEW = 5  # times that a note names


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


def model_doubts(algorithm: Algorithm, model: Model, until: float, baths: Sequence[BathKeys]) -> list[Note]:
    """What `tnthermo.evolution.doubts` says of step and parameters, with keys of the file; ends of chains are told where they are made."""
    found = setting_doubts(model, algorithm, until)
    splitting = largest_splitting(model, until)
    for j, coupling in enumerate(model.couplings):
        found += parameter_doubts(coupling, splitting, j) + tail_doubts(coupling, j)
    return [_warning(_key(doubt, model, baths), doubt.text) for doubt in found]


def _key(doubt: Doubt, model: Model, baths: Sequence[BathKeys]) -> str:
    if doubt.bath is None:
        return {"bond": "evolution.max_bond", "taper": "evolution.taper"}.get(doubt.kind, "evolution.step")
    keys = baths[doubt.bath]
    if doubt.kind == "tail":
        return keys.spectral_density
    if doubt.kind == "temperature":
        return f"{keys.bath}.temperature"
    many = isinstance(model.couplings[doubt.bath].density, chains.Sum)
    return f"{keys.spectral_density}.{'parts' if many else 'cutoff'}"


def evolution_notes(evolution: Evolution, unit: str = "") -> list[Note]:
    """A last step that does not fit; ``unit`` of the times, as it stands behind a number."""
    notes = []
    steps = evolution.until / evolution.step
    if evolution.until > 0 and not math.isclose(steps, round(steps), rel_tol=1e-9):
        last = evolution.until - math.floor(steps) * evolution.step
        step = f"{evolution.step:g}{unit}"
        text = f"{evolution.until:g}{unit} is no multiple of the step {step}: the last step is shortened to {last:.6g}{unit}"
        notes.append(Note(level="note", key="evolution.until", text=text))
    return notes


def drive_doubts(drives: Drives, evolution: Evolution, units: Units = NATURAL) -> list[Note]:
    """Steps that are cut because a drive changes within them, has kinks or jumps; times are told in ``units``."""
    notes, step = [], evolution.step
    shown, unit = units.shown_time, units.behind("time")
    whole = np.zeros(1), np.array([evolution.until])
    for name, drive in drives.made.items():
        shortest = float(scale_within(drive, *whole)[0])
        if step > shortest / RESOLVED * (1 + 1e-9):
            text = (
                f"changes within {shown(shortest):.4g}{unit}, which steps of {shown(step):g}{unit} do not resolve: where it does, "
                f"steps are cut to {shown(shortest / RESOLVED):.3g}{unit} or less"
            )
            notes.append(Note(level="note", key=f"drive.{name}", text=text))
        inside = [t for t in drive.breaks if 0 < t < evolution.until]
        jumping = set(jumps(drive))
        off = [t for t in inside if t not in jumping and abs(t / step - round(t / step)) > 1e-6]
        if off:
            text = (
                f"begins, ends or has a kink at t = {_some(off, units)}, "
                f"no multiple of the step {shown(step):g}{unit}: a step is cut there"
            )
            notes.append(Note(level="note", key=f"drive.{name}", text=text))
        sudden = [t for t in sorted(jumping) if 0 < t <= evolution.until * (1 + AT_THE_END)]
        if sudden:
            last = ", at the end as well" if sudden[-1] >= evolution.until * (1 - AT_THE_END) else ""
            text = (
                f"jumps at t = {_some(sudden, units)}: a step ends there, and what is recorded at that time is what comes "
                f"after the jump{last}"
            )
            notes.append(Note(level="note", key=f"drive.{name}", text=text))
        if any(t == 0 for t in jumping):
            text = "jumps at t = 0: the run starts after it, and so does a mean-force start; its work is not counted (a later jump's is)"
            notes.append(Note(level="note", key=f"drive.{name}", text=text))
        if jumping and not sudden and min(jumping) > evolution.until:
            text = (
                f"does not change in this run: its first jump is at t = {_some([min(jumping)], units)}, after the end"
            )
            notes.append(Note(level="note", key=f"drive.{name}", text=text))
    return notes


def _some(times: list[float], units: Units) -> str:
    """The first few of them, and how many more there are."""
    text = ", ".join(f"{units.shown_time(t):g}" for t in times[:FEW]) + units.behind("time")
    return text if len(times) <= FEW else f"{text} and {len(times) - FEW} more"
