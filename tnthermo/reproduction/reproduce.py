"""`reproduce`: run the entries, one after the other, and hold each number against the published one."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from chains.checks import instance_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.accuracy.evolve import evolve
from tnthermo.configuration.resolve import Resolved, resolve_file
from tnthermo.convergence.asked import ColumnName
from tnthermo.evolution.arguments import callable_problems
from tnthermo.evolution.doubts import AccuracyWarning
from tnthermo.evolution.progress import Progress
from tnthermo.evolution.two_time import two_time
from tnthermo.record.flag_text import flags_of
from tnthermo.reproduction.entries import Entry, Number, entries
from tnthermo.studies.told import told_in
from tnthermo.thermo.in_units import in_units
from tnthermo.thermo.ledger import ledger

SAME_TIME = 1e-9  # of the last one: times that differ by less are one
AGREES, DIFFERS, UNKNOWN = "agrees", "differs", "no error bar"


@dataclass(frozen=True, kw_only=True)
class Reproduced:
    """A published number and ours.

    name, source, error_of  of the entry; what, at, published, published_error of the number (`tnthermo.reproduction.entries`)
    ours, error             in the convention of whoever published it; the error is NAME_error of the column
    flags                   what did not converge in the run, by name
    seconds                 wall time of the run, the same for all numbers of an entry
    """

    name: str
    title: str
    source: str
    error_of: str
    what: str
    at: float
    published: float
    published_error: float
    ours: float
    error: float
    flags: tuple[str, ...] = ()
    seconds: float = math.nan

    @property
    def difference(self) -> float:
        """|ours - published|."""
        return abs(self.ours - self.published)

    @property
    def ratio(self) -> float:
        """The difference over the sum of both errors; 0 where there is none, inf beside errors of 0."""
        total = self.error + self.published_error
        if self.difference == 0:
            return 0.0
        return self.difference / total if total > 0 or math.isnan(total) else math.inf

    @property
    def verdict(self) -> str:
        """ "agrees" within the sum of both errors, "differs", or "no error bar" where ours is not known or infinite."""
        if not (math.isfinite(self.error) and math.isfinite(self.ours)):
            return UNKNOWN
        return AGREES if self.ratio <= 1 else DIFFERS

    @property
    def agrees(self) -> bool:
        """Whether the verdict is "agrees"."""
        return self.verdict == AGREES


def reproduce(
    names: Sequence[str] | None = None,
    *,
    cases: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Reproduced, ...]:
    """Run known results of others and hold each published number against ours, both with their errors.

    names     of the entries, in the order in which they are run; default all of them, which takes minutes
    cases     folder with entries of one's own, NAME.toml and NAME.published (`tnthermo.reproduction.entries`); default those of the package
    progress  called after every step of a run with a `tnthermo.Progress`
    say       receives a line for each entry, when it begins and when it is done

    One `Reproduced` for each number, in order; `tnthermo.reproduction_table` prints them. Nothing is written. Each entry is run once, in
    this process, to the target that its file names, or the usual one of 1e-3.
    Raises :class:`chains.InvalidInput` for names that are none, with the nearest, and for entries that are wrong, before anything is
    run; `tnthermo.errors.RunFailed`.
    """
    return carried_out(names, cases=cases, progress=progress, say=say, key="names")


def carried_out(
    names: Sequence[str] | None,
    *,
    cases: str | Path | None,
    progress: Callable[[Progress], None] | None,
    say: Callable[[str], None],
    key: str,
) -> tuple[Reproduced, ...]:
    """`reproduce`; ``key`` is what its names are called by whoever gave them."""
    wrong = callable_problems(progress=progress) + instance_problems("say", say, Callable, "a function")
    raise_if_any(wrong)
    wanted = [(entry, resolve_file(entry.config)) for entry in entries(names, cases, key=key)]
    raise_if_any([problem for entry, resolved in wanted for problem in correlation_problems(entry, resolved)])
    found: list[Reproduced] = []
    for i, (entry, resolved) in enumerate(wanted):
        say(f"{entry.name} ({i + 1} of {len(wanted)}): {entry.title}")
        rows = reproduced(entry, resolved, progress)
        missed = [row.what for row in rows if not row.agrees]
        verdict = "agrees" if not missed else f"does not agree: {', '.join(missed)}"
        say(f"{entry.name} {verdict}, {rows[0].seconds:.0f} s")
        found += rows
    return tuple(found)


def reproduced(
    entry: Entry, resolved: Resolved, progress: Callable[[Progress], None] | None = None
) -> list[Reproduced]:
    """All numbers of one entry, from one run."""
    begun = time.perf_counter()
    with warnings.catch_warnings(), told_in(resolved.units) as told:
        warnings.simplefilter("ignore", AccuracyWarning)  # the flags say it
        run = evolve(resolved.model, **resolved.evolve_keywords(), progress=told.progress(progress))
        correlations = None
        if any(number.part for number in entry.numbers):
            pairs = resolved.two_time_keywords() | {"algorithm": run.algorithm}
            correlations = two_time(resolved.model, **pairs, progress=told.progress(progress))
    dataset = in_units(ledger(run, alpha_S=resolved.alpha_S), resolved.units)
    flags = flags_of(dataset.attrs)
    if correlations is not None:
        correlations = in_units(correlations, resolved.units)
        flags = (*flags, *(f"two-time correlations: {flag}" for flag in flags_of(correlations.attrs)))
    seconds = time.perf_counter() - begun
    rows = []
    for number in entry.numbers:
        holder = correlations if number.part and correlations is not None else dataset
        ours, error = value_of(holder, number, f"{entry.name}: {number.column}")
        rows.append(
            Reproduced(
                name=entry.name, title=entry.title, source=entry.source, error_of=entry.error_of, what=number.what, at=number.at,
                published=number.value, published_error=number.error, ours=ours, error=error, flags=flags,
                seconds=seconds,
            )
        )  # fmt: skip
    return rows


def correlation_problems(entry: Entry, resolved: Resolved) -> list[Problem]:
    """Numbers of two-time correlation functions that the configuration does not have."""
    known = list(resolved.two_time)
    allowed = f"a name of [record] two_time: {', '.join(known) or 'this configuration has none'}"
    return [
        Problem(key=f"{entry.name}: column", value=f"{number.column}.{number.part}", allowed=allowed)
        for number in entry.numbers
        if number.part and number.column.name not in known
    ]


def value_of(dataset: xr.Dataset, number: Number, key: str) -> tuple[float, float]:
    """(value, error) of a number in a ledger, times its factor. Raises InvalidInput for a time or a column that it does not have."""
    t = np.asarray(dataset["t"].values, dtype=np.float64)
    i = int(np.argmin(np.abs(t - number.at)))
    if abs(t[i] - number.at) > SAME_TIME * max(abs(t[-1]), 1e-300):
        allowed = f"a time that is recorded; the nearest is {t[i]:g}"
        raise InvalidInput([Problem(key=f"{key}.at", value=number.at, allowed=allowed)])
    column = number.column
    if number.part:  # (t, complex), like a column with two entries
        column = ColumnName(name=column.name, entry=("re", "im").index(number.part))
    values, errors = column.of(dataset), column.of(dataset, "_error")
    if values is None:
        raise InvalidInput([Problem(key=key, value=str(column), allowed="a column that this run has")])
    error = math.nan if errors is None else float(errors[i])
    return number.factor * float(values[i]), abs(number.factor) * error
