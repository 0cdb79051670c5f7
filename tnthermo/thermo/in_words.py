"""A ledger in words: final values with error bars, what kind of run it was, what there is to beware of, what it cost."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from tnthermo.machine.words import clock, readable
from tnthermo.record.flag_text import flags_of
from tnthermo.units.units import Units


def number(value: float, error: float) -> str:
    """Value with its error, at the digits the error leaves: 0.12346 +- 2e-5; "+- inf" where nothing is known of it."""
    if not np.isfinite(value):
        return "-" if np.isnan(value) else f"{value:g}"
    if error == np.inf:
        return f"{value:.3g} +- inf"
    if not (np.isfinite(error) and error > 0):
        return f"{value:.6g}"
    digits = min(10, max(0, 1 - int(np.floor(np.log10(error)))))
    return f"{value:.{digits}f} +- {error:.0e}" if abs(value) < 1e6 else f"{value:.6g} +- {error:.0e}"


def last(dataset: xr.Dataset, name: str, bath: int | None = None, *, longest: int = 36) -> str:
    """Final value of a column (of one ``bath``) with its error; an interval where only bounds are known.

    longest  where there is neither, so many letters of the reason, in whole words; 0: only "-"
    """

    def final(column: str) -> float:
        row = dataset[column].values[-1]
        return float(row if bath is None else row[bath])

    value = final(name)
    error = final(f"{name}_error") if f"{name}_error" in dataset else float("nan")
    bounds = [f"{name}_lower", f"{name}_upper"]
    if np.isnan(value) and all(bound in dataset and np.isfinite(dataset[bound].values[-1]) for bound in bounds):
        low, high = (float(dataset[bound].values[-1]) for bound in bounds)
        errors = [float(dataset[f"{bound}_error"].values[-1]) for bound in bounds if f"{bound}_error" in dataset]
        largest = max(errors, default=float("nan"))
        digits = 4 if not largest > 0 else 6
        return f"in [{low:.{digits}g}, {high:.{digits}g}]" + (f" +- {largest:.0e}" if largest > 0 else "")
    reason = str(dataset[name].attrs.get("reason", ""))
    if np.isnan(value) and reason and longest:
        return f"- ({textwrap.shorten(reason, longest, placeholder=' ...')})"
    return number(value, error)


def temperature_text(attributes: Mapping[str, Any]) -> str:
    """The temperature, or one for each bath."""
    if "temperatures" not in attributes:
        return f"{attributes.get('temperature', float('nan')):g}"
    found = [f"{T:g}" for T in json.loads(str(attributes["temperatures"]))]
    text = found[0] if len(set(found)) == 1 else ", ".join(found)
    return text + Units.of(attributes).behind("temperature")


def own_names(dataset: xr.Dataset) -> list[str]:
    """Names of the run's own observables."""
    return [str(name) for name, column in dataset.data_vars.items() if column.attrs.get("equation") == "Tr[O rho]"]


def own_columns(dataset: xr.Dataset) -> str:
    """The run's own observables in a line."""
    names = own_names(dataset)
    text = "own columns: " + ", ".join(names)
    return "" if not names else text if len(text) <= 110 else text[:107] + "..."


def about(dataset: xr.Dataset) -> list[str]:
    """What kind of run it was, where that is not a constant H and a product start with thermal baths."""
    attributes, parts = dataset.attrs, []
    if not str(attributes.get("drive", "none")).startswith("none"):
        parts.append("driven")
    if attributes.get("start", "product") != "product":
        parts.append(f"{attributes['start']} start")
    energy = float(attributes.get("free_energy", float("nan")))
    if np.isfinite(energy):
        parts.append(f"free energy of mean force {energy:.6g}")
    own = own_columns(dataset)
    return ([", ".join(parts)] if parts else []) + ([own] if own else [])


def cautions(dataset: xr.Dataset) -> list[str]:
    """What a reader of the numbers must know: what the result still lacks, its flags, errors of which nothing is known."""
    found = list(flags_of(dataset.attrs))
    if pending := str(dataset.attrs.get("pending", "")):
        found.insert(0, f"UNFINISHED: without its {pending}; tnthermo run with --resume adds them")
    if infinite := str(dataset["E_S_error"].attrs.get("infinite", "")) if "E_S_error" in dataset else "":
        found.append(f"errors are infinite {infinite}")
    return found


def enclosed(dataset: xr.Dataset) -> list[str]:
    """Where the entropy of the correlations was measured and is bounded only: at how many times, how widely, and what narrows it."""
    column = dataset.get("S_chi")
    if column is None or "S_chi_lower" not in dataset or "enclosed" not in str(column.attrs.get("note", "")):
        return []
    width = (dataset["S_chi_upper"] - dataset["S_chi_lower"]).values
    measured, valued = np.isfinite(width), np.isfinite(column.values)
    if not np.any(only := measured & ~valued):
        return []
    text = f"S_chi: a value at {np.sum(measured & valued)} of {np.sum(measured)} evaluated times, "
    text += f"else bounds up to {width[only].max():.2g} apart"
    done = 'bath_entropy = "bracket"'
    return [text if done in str(dataset.attrs.get("config", "")) else f"{text} (narrower: {done})"]


def warned(attributes: Mapping[Any, Any]) -> list[str]:
    """The warnings among the notes of a run."""
    return [line for line in str(attributes.get("notes", "none")).splitlines() if line.startswith("warning")]


def cost(attributes: Mapping[Any, Any]) -> str:
    """ " in 0:12 (0:04 loading or compiling kernels), peak memory 210 MB", as far as the result knows."""
    text = f" in {clock(float(attributes['wall_seconds']))}" if "wall_seconds" in attributes else ""
    compilation = float(attributes.get("compile_seconds", 0.0))
    if compilation >= 1:
        text += f" ({clock(compilation)} loading or compiling kernels)"
    memory = float(attributes.get("peak_memory_bytes", math.nan))
    return text + (f", peak memory {readable(memory)}" if math.isfinite(memory) else "")
