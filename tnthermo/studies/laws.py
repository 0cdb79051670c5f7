"""A scan of coupling strengths from one configuration: a run and a mean-force state for each, and what the laws say of them.

Each strength is a study of its own in DIR/coupling_F, its configuration beside it (DIR/coupling_F.toml): doing it again finds it done.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from chains.checks import instance_problems, path_problems, sequence_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import named
from tnthermo.configuration.estimate import untold_laws
from tnthermo.configuration.read import tables_of_bath
from tnthermo.configuration.resolve import Resolved, load_config, resolve
from tnthermo.configuration.written import Values, to_toml
from tnthermo.evolution.arguments import MEAN_FORCE, callable_problems, switch_problems
from tnthermo.evolution.progress import Progress
from tnthermo.lawbook import mean_force
from tnthermo.lawbook.landauer import entropy_term, weak_heat
from tnthermo.lawbook.laws import laws
from tnthermo.lawbook.mean_force import MeanForce
from tnthermo.lawbook.reading import Reading
from tnthermo.lawbook.report import Number, Report, Run, csv_text, json_text, markdown
from tnthermo.machine import atomic_files
from tnthermo.machine.atomic_files import patiently, refuse_links
from tnthermo.model.operators import Matrix
from tnthermo.model.representation import represented
from tnthermo.studies import study
from tnthermo.units.datasets import to_natural

CSV, MARKDOWN, JSON = "laws.csv", "laws.md", "laws.json"


def run_laws(
    config: str | Path,
    folder: str | Path,
    *,
    couplings: Sequence[float] | None = None,
    overwrite: bool = False,
    strict: bool = False,
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Report:
    """Run the configuration at several strengths of the coupling and judge every law; writes the report into ``folder``.

    couplings  factors of J (of alpha, of g^2): H_int is multiplied by their root; default those of [laws] couplings

    Displacements stay as they are. Error bars are always on: without them nothing can be told. The mean-force state, where there is one, is
    a second, short run (undriven, one temperature > 0).
    Raises as `tnthermo.studies.study.run_config`.
    """
    wrong = path_problems("config", config) + path_problems("folder", folder)
    wrong += switch_problems(overwrite=overwrite, strict=strict) + callable_problems(progress=progress)
    wrong += instance_problems("say", say, Callable, "a function")
    raise_if_any(wrong + ([] if couplings is None else sequence_problems("couplings", couplings)))
    loaded = load_config(config)
    resolved = resolve(loaded.strictly() if strict else loaded)
    factors = loaded.laws.couplings if couplings is None else list(couplings)
    problems = [
        Problem(key="couplings", value=factor, allowed="positive factors of J, each once")
        for factor in factors
        if not (math.isfinite(factor) and factor > 0) or factors.count(factor) > 1
    ]
    if not factors:
        problems.append(Problem(key="couplings", value=factors, allowed="at least one factor of J"))
    raise_if_any(problems)
    folder = Path(folder)
    patiently(lambda: atomic_files.prepare_folder(folder), patience=resolved.storage_patience, say=say)
    keywords: dict[str, Any] = {"overwrite": overwrite, "strict": strict, "progress": progress, "say": say}
    untold = untold_laws(resolved)
    if untold:
        say(f"note: {untold}")
    runs = []
    for factor in sorted(factors):
        name = f"coupling_{factor:g}"
        say(f"J x {factor:g}")
        values = scaled(resolved, factor)
        outcome = _study(values, folder, name, **keywords)
        state = _mean_force(values, resolved, folder, f"{name}_equilibrium", **keywords)
        found = laws(outcome.ledger, mean_force_state=state, resolution=loaded.laws.resolution)
        numbers = heat_and_production(to_natural(outcome.ledger), state)
        runs.append(Run(factor=factor, laws=found, numbers=numbers, flags=outcome.flags))
    units = resolved.units
    named = (
        ""
        if units.natural
        else f" (hbar = k_B = 1, energies and temperatures in {units.energy_unit}, t in {units.time_unit})"
    )
    report = Report(title=f"{Path(config).stem}{named}", runs=tuple(runs))
    for file, text in ((CSV, csv_text(report)), (MARKDOWN, markdown(report)), (JSON, json_text(report))):
        atomic_files.write_text(folder / file, text)
    return report


def _study(values: Values, folder: Path, name: str, **keywords: Any) -> study.Outcome:
    path = folder / f"{name}.toml"
    refuse_links(folder, folder / name)
    atomic_files.write_text(path, to_toml(values, comments=("tnthermo laws: one strength of the coupling",)))
    return study.run_config(path, folder / name, resume=True, **keywords)


def scaled(resolved: Resolved, factor: float) -> Values:
    """The resolved configuration with every coupling operator multiplied by sqrt(factor), and error bars."""
    values = deepcopy(resolved.values)
    for j, coupling in enumerate(resolved.model.couplings):
        tables_of_bath(values, j).parts["coupling"]["operator"] = written(math.sqrt(factor) * coupling.operator)
    values["run"]["error_bars"] = True
    return values


def written(matrix: Matrix) -> list[list[float | str]]:
    """A matrix as a configuration holds it: numbers, or strings where one is complex."""
    if np.all(matrix.imag == 0):
        return [[float(z.real) for z in row] for row in matrix]
    return [[f"{float(z.real)!r}{float(z.imag):+.17g}j" for z in row] for row in matrix]


def _mean_force(values: Values, resolved: Resolved, folder: Path, name: str, **keywords: Any) -> MeanForce:
    """pi* from the start of a one-step run from global equilibrium, d(beta H*)/d beta from four more; a reason where there is none."""
    model = resolved.model
    if model.driven:
        return MeanForce(state=None, reason=mean_force.DRIVEN)
    if model.temperature is None or model.temperature == 0:
        reason = "baths of different temperatures" if model.temperature is None else "T = 0: beta infinite"
        return MeanForce(state=None, reason=reason)
    beta = 1 / model.temperature
    found = _equilibrium(_prepared(values, resolved, beta), folder, name, **keywords)
    if found.state is None:
        return found
    others = {}
    for factor in mean_force.shifts():
        shifted = _prepared(values, resolved, factor * beta)
        shifted["run"]["error_bars"] = False
        one = _equilibrium(shifted, folder, f"{name}_beta_{factor:g}", **keywords)
        others[factor] = replace(one, error=found.error)  # of the same model a little warmer or colder
    return mean_force.potential_slope(found, beta, others)


def _prepared(values: Values, resolved: Resolved, beta: float) -> Values:
    """One step from the equilibrium of the same system and baths at ``beta``; of star cells, the same modes, not others for each beta."""
    values = deepcopy(values)
    values["system"]["initial"] = MEAN_FORCE
    for j, coupling in enumerate(resolved.model.couplings):
        table, parts = tables_of_bath(values, j)
        table["displacement"] = None
        table["temperature"] = resolved.units.shown_temperature(1 / beta)
        if represented(coupling.bath).separate:
            functions = represented(coupling.bath).functions()
            couplings = represented(coupling.bath).mode_couplings(functions)
            modes = {"frequencies": functions.frequencies.tolist(), "couplings": couplings.tolist()}
            parts["spectral_density"] = {"kind": "discrete", **modes}
            table["modes"] = "auto"
    if not named(values["evolution"]["method"]).any_start:
        values["evolution"]["method"] = "tdvp"
    step = values["evolution"]["step"]
    values["evolution"] |= {"until": step, "record_every": step}
    values["thermodynamics"] = {"alpha_S": values["thermodynamics"]["alpha_S"], "bath_entropy": "off"}
    values["record"] = {"occupation_every": step, "variance_every": "never"}
    return values


def _equilibrium(values: Values, folder: Path, name: str, **keywords: Any) -> MeanForce:
    """What a run from equilibrium says of its start."""
    try:
        outcome = _study(values, folder, name, **keywords)
    except InvalidInput as refused:
        return MeanForce(state=None, reason="; ".join(problem.allowed for problem in refused.problems))
    ledger = outcome.ledger
    rho, nothing = ledger["rho_S"].values[0], np.full((1,), np.nan)
    error = ledger["rho_S_error"].values[0] if "rho_S_error" in ledger else np.full(rho.shape, np.nan)
    parts = ("E_S", "E_int", "E_B")
    errors = [ledger[f"{part}_error"].values if f"{part}_error" in ledger else nothing for part in parts]
    return MeanForce(
        state=rho[..., 0] + 1j * rho[..., 1],
        error=float(np.hypot(error[..., 0], error[..., 1]).sum()),
        free_energy=float(ledger.attrs.get("free_energy", math.nan)),
        energy=float(sum(ledger[part].values[0] for part in parts)),
        energy_error=float(sum(part[0] for part in errors)),
    )


def heat_and_production(ledger: xr.Dataset, state: MeanForce) -> dict[str, Number]:
    """Heat, entropy production and free energy at the end of a run in each book-keeping, with error bars."""
    r = Reading(ledger=ledger)
    production = mean_force.mean_force_production(r, state)
    T = r.temperature
    series = {
        "Alipour et al.: Q_S": r.series("Q_S"),
        "Alipour et al.: Q_B": r.series("Q_B"),
        "Alipour et al.: Sigma_S": r.series("Sigma_S"),
        "Alipour et al.: Sigma_B": r.series("Sigma_B"),
        "Esposito et al.: Q = -Delta E_B": (-1.0) * r.series("E_B").change,
        "Esposito et al.: Sigma": r.series("Sigma_total"),
        "weak coupling: Q = W - Delta E_S": weak_heat(r),
        "weak coupling: Delta F_S = Delta E_S - T Delta S_S": r.series("E_S").change - entropy_term(r),
        "mean force: Sigma*": production,
        "mean force: Q* = Delta U*": mean_force.internal_energy(r, state),
        "mean force: Delta S*": mean_force.entropy(r, state),
        "mean force: Delta F* = -T Sigma*": (-T if math.isfinite(T) else math.nan) * production,
    }
    return {
        name: Number(float(s.value[-1]), float(s.error[-1]), bool(np.broadcast_to(s.bracket, r.t.shape)[-1]))
        for name, s in series.items()
    }
