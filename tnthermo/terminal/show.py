"""The screen of a result: what `show` prints of a ledger."""

from __future__ import annotations

import numpy as np
import xarray as xr

from tnthermo.record.flag_text import flags_of
from tnthermo.thermo.in_words import about, cautions, cost, enclosed, last, number, temperature_text, warned
from tnthermo.units.units import Units

ENERGIES = ("E_S", "E_B", "E_int", "U_chi", "U_tot", "Q_S", "Q_B", "W_S")


SIGMAS = ("sigma_x", "sigma_y", "sigma_z")


ENTROPIES = ("S_S", "Delta_S_B", "S_chi", "D_B", "Sigma_S", "Sigma_B", "Sigma_total", "T_S", "T_ext_S")


RESIDUALS = ("energy", "heat", "work", "flux", "occupation", "chi")


BATH_COLUMNS = ("E_B_each", "Q_B_each", "flux_each")


MOST_BATHS = 3


MOST_LEVELS = 6


SCREEN = 24


AT_THE_END = 64  # letters of a reason why there is no value, with nothing behind it


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
    error = float(dataset[f"{name}_error"].values[-1].max()) if f"{name}_error" in dataset else np.nan
    texts = [number(float(value), error).partition(" +- ") for value in values[:MOST_LEVELS]]
    more = f" and {values.size - MOST_LEVELS} more" if values.size > MOST_LEVELS else ""
    return ", ".join(text[0] for text in texts) + more + "".join(texts[0][1:])


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
        texts = (
            (left, last(dataset, left) if left in dataset else ""),
            (right, last(dataset, right, longest=AT_THE_END) if right in dataset else ""),
        )
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
    verdict = "NOT CONVERGED" if flags_of(attributes) else "converged"
    remarks = [f"  {remark}" for remark in cautions(dataset)]
    notes = warned(attributes)
    room = SCREEN - len(lines) - 1
    remarks += [f"  {remark}" for remark in enclosed(dataset)] + notes
    if len(remarks) > room:
        remarks = [*remarks[: room - 1], f"  and {len(remarks) - room + 1} more, see the attributes of result.nc"]
    return "\n".join([*lines, verdict + cost(attributes), *remarks])


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


MOST_CYCLES = 6  # the last ones


def cycle_lines(record: xr.Dataset) -> str:
    """What `tnthermo.cycles` found, a line for each of the last cycles, and of the last one what switching costs."""
    count = record.sizes["cycle"]
    lines = [f"{record.attrs['cycle']}:"]
    names = ("W", "Q_hot", "Q_cold", "efficiency", "COP", "Sigma")
    for k in range(max(0, count - MOST_CYCLES), count):
        at = record.isel(cycle=k)
        cells = [
            f"{name} {number(float(at[name]), float(at[f'{name}_error']))}" for name in names if np.isfinite(at[name])
        ]
        away = "" if k == 0 else f"   distance {float(at.distance):.1e}"
        lines.append(f"  cycle {k + 1}, {at['mode'].item()}:  " + "   ".join(cells) + away)
    last = record.isel(cycle=-1)
    switching = "   ".join(
        f"bath {j} {number(float(w), float(error))}"
        for j, (w, error) in enumerate(zip(last.W_drive_each.values, last.W_drive_each_error.values, strict=True))
    )
    lines.append(
        f"  work of H_S {number(float(last.W_drive_S), float(last.W_drive_S_error))}, of switching: {switching}"
    )
    balance = float(np.abs(record["balance"]).max())
    lines.append(f"  limit cycle {record.attrs['limit_cycle']}; energy balance of each cycle within {balance:.1e}")
    return "\n".join(lines)
