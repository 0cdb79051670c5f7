"""How far a pass over the clock has come: what it measured so far, and all that it takes to go on from there."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chains.problems import InvalidInput, Problem
from tnthermo.bath_entropy.choice import BathEntropy
from tnthermo.bath_entropy.correlation import Correlation
from tnthermo.engine_protocol import Engine, Local, ModeGrid, Modes, StepReport, Whole
from tnthermo.engines.engine import Prepared
from tnthermo.evolution.flags import Flags
from tnthermo.model.observables import Observable
from tnthermo.record.growing import Columns
from tnthermo.record.raw_columns import LOCAL, OF_BATH, PROFILE, REPORT
from tnthermo.types import Snapshot

NO_STEP = StepReport(discarded=0.0, krylov=0.0, missed=0.0, capped=0.0)
# products of numbers that the bath's entropy may take: in any case, for every step, and for every product of a step
GRACE, OF_A_STEP, OF_ITS_WORK = 1.5e10, 6e8, 6.0
# the same on time bins, whose steps take next to nothing, and what the last evaluation may take there in any case
GRACE_ON_BINS, OF_A_BIN, AT_THE_END = 1e11, 1e8, 3e10
EMPTY = {
    "bonds": 1,
    "occupations": 0.0,
    "levels": 0,
    "top_populations": 0.0,
}  # columns over sites, of a bin that is to come
HELD = 3e-2  # of the energy of a displacement that a chain may miss


@dataclass(kw_only=True, eq=False)
class Course:
    """Changes with every step; `snapshot` has all of it, the state of the engine included.

    start     the state at t = 0 and what is known of it; of a restored course the state is that of the snapshot
    steps     a row for every step: `LOCAL` and `REPORT`
    rows      a row for every record time: its "index" among the steps, `PROFILE`, what is sparse (NaN where it was not due), `OF_BATH`
    matrices  a row wherever the correlation matrices were due
    dropped, krylov   sums over the steps so far
    wall_seconds      that earlier processes took
    """

    start: Prepared
    engine: Engine
    flags: Flags
    steps: Columns = field(default_factory=Columns)
    rows: Columns = field(default_factory=Columns)
    matrices: Columns = field(default_factory=Columns)
    dropped: float = 0.0
    krylov: float = 0.0
    wall_seconds: float = 0.0
    entropy_seconds: float = 0.0

    def add_step(self, local: Local, report: StepReport) -> None:
        """What was measured after a step, and what the step reported."""
        values = {name: getattr(local, name) for name in LOCAL} | {name: getattr(report, name) for name in REPORT}
        self.steps.append(values)
        self.dropped += report.discarded
        self.krylov += report.krylov

    def affords(self, how: BathEntropy, *, bins: bool) -> bool:
        """Whether another evaluation of the bath's entropy leaves all of them cheaper than the steps so far: the same on every machine.

        bins  whether the steps are those of time bins
        """
        if not how.thrifty:
            return True
        spent = self._spent
        return (float(spent[-1]) if spent.size and not bins else 0.0) <= self.left(how, bins=bins)

    def left(self, how: BathEntropy, *, bins: bool) -> float:
        """Products of numbers that evaluations may still take."""
        if not how.thrifty:
            return math.inf
        steps = self.steps["work"]
        grace, of_a_step = (GRACE_ON_BINS, OF_A_BIN) if bins else (GRACE, OF_A_STEP)
        allowed = grace + of_a_step * len(steps) + OF_ITS_WORK * float(np.sum(steps))
        return allowed - float(np.sum(self._spent))

    def budget(self, how: BathEntropy, *, later: int, bins: bool) -> float:
        """Products of numbers that an evaluation may take with so many ``later`` ones to come: on time bins its share of what is left."""
        if not bins:
            return math.inf
        share = self.left(how, bins=True) / (1 + later)
        return share if later else max(share, AT_THE_END)

    @property
    def _spent(self) -> npt.NDArray[np.float64]:
        """What each evaluation so far took."""
        spent = self.rows["entropy_work"] if len(self.rows) else np.zeros(0)
        return np.asarray(spent[np.isfinite(spent)])

    def add_row(self, index: int, row: Mapping[str, Any], matrices: Mapping[str, Any]) -> None:
        """What was measured at a record time, the step ``index``."""
        self.rows.append({"index": index, **row})
        if matrices:
            self.matrices.append({"index": index, **matrices})

    def snapshot(self, times: npt.NDArray[np.float64], started: float) -> Snapshot:
        """What `restored` needs; ``times`` are those of the steps so far, ``started`` the `time.perf_counter` of this process."""
        return {
            "times": times,
            "engine": self.engine.snapshot(),
            "start": {
                "may_grow": self.start.may_grow, "displaced": list(self.start.displaced), "free_energy": self.start.free_energy,
            },
            "flags": self.flags.snapshot(),
            **{name: getattr(self, name).arrays() for name in ("steps", "rows", "matrices")},
            "dropped": self.dropped,
            "krylov": self.krylov,
            "wall_seconds": self.wall_seconds + time.perf_counter() - started,
            "entropy_seconds": self.entropy_seconds,
        }  # fmt: skip

    def take_up(self, saved: Snapshot, times: npt.NDArray[np.float64], recorded: Sequence[int]) -> None:
        """Be as when the snapshot was taken, on a clock with ``times`` of which ``recorded`` are recorded.

        The clock may end later than it did: then the row of the old end, if it is no multiple of the interval, goes.
        Raises `chains.InvalidInput` where the snapshot is not on the clock.
        """
        done = saved["times"]
        if done.size > times.size or np.any(times[: done.size] != done):
            allowed = f"at least {float(done[-1]):g}, the time that is saved"
            raise InvalidInput([Problem(key="evolution.until", value=float(times[-1]), allowed=allowed)])
        self.engine.restore(saved["engine"])
        self.flags.restore(saved["flags"])
        sites = self.engine.whole().levels.size
        modes = sum(grid.frequencies.size for grid in self.engine.modes) if saved["rows"]["mode_occupation"].size else 0
        for name in ("steps", "rows", "matrices"):
            setattr(
                self, name, Columns({key: _widened(key, array, sites, modes) for key, array in saved[name].items()})
            )
        for columns in (self.rows, self.matrices):
            if len(columns):
                columns.keep(np.isin(columns["index"], recorded))
        for name in ("dropped", "krylov", "wall_seconds", "entropy_seconds"):
            setattr(self, name, saved[name])


def _widened(name: str, array: npt.NDArray[Any], sites: int, modes: int) -> npt.NDArray[Any]:
    """A column of time bins as a longer run has it: bins that are to come are empty, and modes that are others are not known."""
    if name == "mode_occupation" and array.shape[1] != modes:
        return np.full((len(array), modes), np.nan)
    if name not in EMPTY or array.shape[1] >= sites:
        return array
    return np.pad(array, ((0, 0), (0, sites - array.shape[1])), constant_values=EMPTY[name])


def known_start(saved: Snapshot) -> dict[str, Any]:
    """What a snapshot says of the state at t = 0, as `Prepared` takes it beside a state."""
    start = saved["start"]
    return {**start, "displaced": tuple(start["displaced"]), "fresh": False}


def measured(
    whole: Whole,
    functions: Sequence[ModeGrid],
    wanted: set[str],
    observables: Sequence[Observable],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(a row, the correlation matrices): NaN, or no matrices, for what is not ``wanted``."""
    baths, count = len(whole.model.couplings), sum(f.frequencies.size for f in functions)
    modes = Modes(occupation=np.full(count, np.nan), energy=np.full(baths, np.nan), ancilla=np.full(baths, np.nan))
    matrices = {}
    if wanted & {"occupations", "correlations"}:
        normal, anomalous = whole.correlation_matrices()
        if "occupations" in wanted:
            modes = whole.modes(normal, anomalous)
        if "correlations" in wanted:
            matrices = {"normal": normal, "anomalous": anomalous}
    profile = whole.profile(observables)
    row = {
        **{name: getattr(profile, name) for name in PROFILE},
        "mode_occupation": modes.occupation,
        "mode_energy": modes.energy,
        "ancilla_energy": modes.ancilla,
        "heat_square": whole.heat_squares() if "variance" in wanted else np.full(1 + baths, np.nan),
        **dict.fromkeys(OF_BATH, float("nan")),
    }
    return row, matrices


def of_bath(found: Correlation) -> dict[str, float]:
    """The part of a row that says what the bath's entropy was found to be."""
    values = (found.lower, found.upper, found.S_B, found.S_SB, found.work)
    return dict(zip(OF_BATH, map(float, values), strict=True))


def from_known_start(
    rows: dict[str, Any], displaced: Sequence[npt.NDArray[np.complex128]], functions: Sequence[ModeGrid]
) -> dict[str, Any]:
    """The modes' columns counted from the known ones of a displaced start.

    A chain does not reach the softest modes of a warm bath, whose displacement may be large. Where it misses part of the energy of the
    displacement, what it says of the modes later on is worth nothing: NaN.
    """
    if not displaced:
        return rows
    known = [np.abs(alpha) ** 2 for alpha in displaced]
    first = {name: rows[name][0].copy() for name in ("mode_occupation", "mode_energy", "ancilla_energy")}
    occupation = np.concatenate(known) - first["mode_occupation"]
    energy = np.array([f.frequencies @ n for f, n in zip(functions, known, strict=True)]) - first["mode_energy"]
    whole = energy + first["mode_energy"]
    later = 0.0 if np.all(np.abs(energy) <= HELD * np.abs(whole) + 1e-12) else np.nan
    doubt = np.full((len(rows["mode_energy"]), 1), later)
    doubt[0] = 0.0
    return {
        **rows,
        "mode_occupation": rows["mode_occupation"] + occupation + doubt,
        "mode_energy": rows["mode_energy"] + energy + doubt,
        "ancilla_energy": rows["ancilla_energy"] - first["ancilla_energy"] + doubt,
    }
