"""The screen of a result: what `show` prints of a ledger."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from tnthermo.machine.words import clock, readable
from tnthermo.record.flag_text import flags_of
from tnthermo.units.units import Units

ENERGIES = ("E_S", "E_B", "E_int", "U_chi", "U_tot", "Q_S", "Q_B", "W_S")


SIGMAS = ("sigma_x", "sigma_y", "sigma_z")


ENTROPIES = ("S_S", "Delta_S_B", "S_chi", "D_B", "Sigma_S", "Sigma_B", "Sigma_total", "T_S", "T_ext_S")


RESIDUALS = ("energy", "heat", "work", "flux", "occupation", "chi")


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


def last(dataset: xr.Dataset, name: str, bath: int | None = None) -> str:
    """Final value of a column (of one ``bath``) with its error; an interval where only bounds are known."""

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
    if np.isnan(value) and reason:
        return f"- ({reason if len(reason) <= 36 else reason[:35] + '.'})"
    return number(value, error)


BATH_COLUMNS = ("E_B_each", "Q_B_each", "flux_each")


MOST_BATHS = 3


MOST_LEVELS = 6


SCREEN = 24


def temperature_text(attributes: Mapping[str, Any]) -> str:
    """The temperature, or one for each bath."""
    if "temperatures" not in attributes:
        return f"{attributes.get('temperature', float('nan')):g}"
    found = [f"{T:g}" for T in json.loads(str(attributes["temperatures"]))]
    text = found[0] if len(set(found)) == 1 else ", ".join(found)
    return text + Units.of(attributes).behind("temperature")


def bath_lines(dataset: xr.Dataset) -> list[str]:
    """A line for each bath, where there are several."""
    count = dataset.sizes.get("bath", 1)
    if count == 1 or any(name not in dataset for name in BATH_COLUMNS):
        return []
    temperatures, unit = dataset["temperature_of_bath"].values, Units.of(dataset).behind("temperature")
    lines = []
    for j in range(min(count, MOST_BATHS)):
        cells = [f"{name.removesuffix('_each')} {last(dataset, name, j)}" for name in BATH_COLUMNS]
        lines.append(f"  bath {j}, T = {temperatures[j]:g}{unit}:  " + "   ".join(cells))
    return lines + ([f"  and {count - MOST_BATHS} more baths"] if count > MOST_BATHS else [])


def system_lines(dataset: xr.Dataset) -> list[str]:
    """<sigma> of a qubit, populations as H_S is written of others, and populations of the levels of H_S; none of results without them."""
    qubit = all(name in dataset and dataset[name].dims == ("t",) for name in SIGMAS)
    found = []
    if qubit:
        found.append("  " + "   ".join(f"{name} {last(dataset, name)}" for name in SIGMAS))
    for name in ("population_H",) if qubit else ("population", "population_H"):
        if name in dataset and dataset[name].dims == ("t", "level"):
            found.append(f"  {name:<13}{levels_text(dataset, name)}")
    return found


def levels_text(dataset: xr.Dataset, name: str) -> str:
    """The final populations with the largest of their errors: "0.2513, 0.7487 +- 3e-04"."""
    values = dataset[name].values[-1]
    error = float(dataset[f"{name}_error"].values[-1].max()) if f"{name}_error" in dataset else math.nan
    texts = [number(float(value), error).partition(" +- ") for value in values[:MOST_LEVELS]]
    more = f" and {values.size - MOST_LEVELS} more" if values.size > MOST_LEVELS else ""
    return ", ".join(text[0] for text in texts) + more + "".join(texts[0][1:])


def own_columns(dataset: xr.Dataset) -> str:
    """Names of the run's own observables."""
    names = [str(name) for name, column in dataset.data_vars.items() if column.attrs.get("equation") == "Tr[O rho]"]
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


def shown(dataset: xr.Dataset) -> str:
    """The screen of `tnthermo show`, at most 24 lines of 80 to 120 columns."""
    attributes = dataset.attrs
    scale = float(np.nanmax(np.abs(dataset["E_int"].values)))
    relative = scale if scale > 0 else 1.0
    times, units = dataset["t"].values, Units.of(dataset)
    fs = units.behind("time")
    named = "" if units.natural else f";  energies in {units.name('energy')}, rates per {units.name('time')}"
    lines = [
        f"t = {times[0]:g} to {times[-1]:g}{fs}, {times.size} times;  T = {temperature_text(attributes)}, "
        f"alpha_S = {attributes.get('alpha_S', float('nan')):g}{named}",
        *about(dataset),
        f"at t = {times[-1]:g}{fs}:",
    ]
    driven = "W_total" in dataset and bool(np.any(dataset["W_total"].values != 0))
    energies = (*ENERGIES, "W_total") if driven else ENERGIES
    for row in range(max(len(energies), len(ENTROPIES))):
        left = energies[row] if row < len(energies) else ""
        right = ENTROPIES[row] if row < len(ENTROPIES) else ""
        texts = ((name, last(dataset, name) if name in dataset else "") for name in (left, right))
        cells = [f"  {name if text else '':<12}{text:<24}" for name, text in texts]
        lines.append("".join(cells).rstrip())
    lines += [*system_lines(dataset), *bath_lines(dataset)]
    lines.append(f"largest residuals / max|E_int| = {scale:.4g}:" if scale > 0 else "largest residuals (no coupling):")
    worst = []
    for name in RESIDUALS:
        values = np.abs(dataset[f"residual_{name}"].values)
        largest = f"{np.nanmax(values) / relative:.1e}" if np.isfinite(values).any() else "not evaluated"
        worst.append(f"{name} {largest}")
    lines += ["  " + "   ".join(worst)]
    named = str(dataset["site"].attrs.get("long_name", "")) if "site" in dataset.coords else ""
    sites = "time bins" if named.startswith("time bin") else "the chain"
    lines.append(
        f"largest bond {int(dataset['bond_dimension'].max())}, bosons on {sites} {float(dataset['occupation'].max()):.3g}, "
        f"top level {float(dataset['top_level_population'].max()):.1e}, discarded {float(dataset['discarded_weight'].values[-1]):.1e}, "
        f"norm - 1 = {float(dataset['norm'].values[-1]) - 1:.1e}"
    )
    notes = [line for line in str(attributes.get("notes", "none")).splitlines() if line.startswith("warning")]
    flags = flags_of(attributes)
    verdict = "NOT CONVERGED" if flags else "converged"
    remarks = [f"  {flag}" for flag in flags]
    if pending := str(attributes.get("pending", "")):
        remarks.insert(0, f"  UNFINISHED: without its {pending}; tnthermo run with --resume adds them")
    if infinite := str(dataset["E_S_error"].attrs.get("infinite", "")) if "E_S_error" in dataset else "":
        remarks.append(f"  errors are infinite {infinite}")
    room = SCREEN - len(lines) - 1
    remarks += notes
    if len(remarks) > room:
        remarks = [*remarks[: room - 1], f"  and {len(remarks) - room + 1} more, see the attributes of result.nc"]
    return "\n".join([*lines, verdict + cost(attributes), *remarks])


def cost(attributes: Mapping[Any, Any]) -> str:
    """ " in 0:12 (0:04 loading or compiling kernels), peak memory 210 MB", as far as the result knows."""
    text = f" in {clock(float(attributes['wall_seconds']))}" if "wall_seconds" in attributes else ""
    compilation = float(attributes.get("compile_seconds", 0.0))
    if compilation >= 1:
        text += f" ({clock(compilation)} loading or compiling kernels)"
    memory = float(attributes.get("peak_memory_bytes", math.nan))
    return text + (f", peak memory {readable(memory)}" if math.isfinite(memory) else "")


def steady_lines(steady: xr.Dataset) -> str:
    """What `tnthermo.steady_currents` found, a line for each bath."""
    since, until, imbalance = (float(steady.attrs[key]) for key in ("since", "until", "imbalance"))
    fs, rate = (str(steady.attrs.get(key, "")) for key in ("time_unit", "rate_unit"))
    lines = [f"mean energy current{rate} from t = {since:g} to {until:g}{fs} (sum over the baths {imbalance:.1e}):"]
    for j, (current, error, drift) in enumerate(
        zip(steady["current"].values, steady["error"].values, steady["drift"].values, strict=True)
    ):
        lines.append(f"  into bath {j}: {number(float(current), float(error))}   (drift {float(drift):.1e})")
    return "\n".join(lines)
