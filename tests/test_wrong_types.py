"""Every public function and every class that a user makes, with something of a wrong type in each of its arguments: a clear refusal.

`calls` has a good call of each; what is put in the place of one argument after the other is in ``WRONG``. What an argument takes of these
is listed with the call, and then the call must go through: a twin that fails where a check is too strict.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from chains import InvalidInput, Problem
from tnthermo import closed_forms
from tnthermo.convergence.asked import ColumnName
from tnthermo.convergence.dataset import Runs, built
from tnthermo.convergence.knobs import knob

WRONG: dict[str, Any] = {
    "text": "x",
    "digits": "1",
    "bytes": b"1",
    "true": True,
    "none": None,
    "nan": math.nan,
    "inf": math.inf,
    "negative": -1.5,
    "complex": 1j,
    "huge": 2**2000,
    "list": [1, "a"],
    "empty": [],
    "ragged": [[1], [1, 2]],
    "table": {"a": 1},
    "no-table": {},
    "set": {1, 2},
    "object": object(),
    "type": int,
    "function": lambda *_, **__: None,
    "array": np.array(["a", "b"]),
    "booleans": np.array([True, False]),
    "masses": np.ones((2, 3, 4)),
    "time": np.timedelta64(1, "s"),
}


@dataclass(frozen=True)
class Call:
    """A good call: ``good`` its arguments, ``takes`` by argument the names in ``WRONG`` that it takes, apart by spaces."""

    call: Callable[..., Any]
    good: Mapping[str, Any]
    takes: Mapping[str, str]


def of(call: Callable[..., Any], good: Mapping[str, Any], **takes: str) -> Call:
    return Call(call=call, good=good, takes=takes)


J = chains.PowerLaw(alpha=0.1)
MODE = chains.Discrete(frequencies=[1.0], couplings=[0.2])
BATH = chains.chain(MODE, temperature=0.0)
LONG = chains.chain(J, 3, temperature=0.5)
PAIR = chains.thermofield_chains(J, 3, temperature=0.5)
THEIRS = SimpleNamespace(T=0.5, temperature=0.5, spectral_density=lambda w: w * math.exp(-w))
EXACT = tt.Exact(step=0.1, tolerance=1e-4)
TIMES = [0.0, 0.5]
MODEL = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=BATH)
RAMP = tt.Ramp(duration=1.0)
ONE_STROKE = tt.Cycle(strokes=[tt.Stroke(duration=0.2)], count=1)


@cache
def run() -> tt.Trajectory:
    return tt.evolve(MODEL, algorithm=EXACT, until=0.8, levels=3, error_bars=False)


@cache
def ledger() -> xr.Dataset:
    return tt.ledger(run())


@cache
def ladders() -> xr.Dataset:
    """Of a study of convergence whose runs are all the same one."""
    resolved = SimpleNamespace(algorithm=EXACT, record_every=0.1, until=0.8, units=tt.Units())
    one = knob("step", None, resolved, ledger())  # type: ignore[arg-type]
    runs = Runs(ledgers={"a": ledger()}, knobs=[one], of=[["a"] * len(one.rungs)], reference="a", corner="a")
    return built(runs, [ColumnName(name="E_B")], at=None, within=1e-3)


@cache
def barred() -> xr.Dataset:
    """With error columns: of no size, those of a run beside itself."""
    return tt.ledger(replace(run(), rough=run()))


@cache
def rates() -> Any:
    return closed_forms.golden_rule(J, splitting=0.3, temperature=0.5)


@cache
def correlations() -> xr.Dataset:
    return tt.two_time(MODEL, {"zz": ("z", "z")}, algorithm=EXACT, until=0.2, levels=3, error_bars=False)


@cache
def heat() -> xr.Dataset:
    return tt.heat_statistics(MODEL, times=[0.1], until_u=0.2, algorithm=EXACT, levels=3, error_bars=False)


EVOLVE = {
    "model": MODEL, "initial": "+z", "displacement": None, "algorithm": EXACT, "until": 0.1, "record_every": None, "levels": 8,
    "error_bars": False, "progress": None,
}  # fmt: skip
RECORD = {
    "occupation_every": None, "variance_every": None, "correlations_every": None, "observables": None, "bath_entropy": "auto",
    "bath_entropy_every": None, "bath_entropy_max_bond": None, "strict": False, "keeper": None,
}  # fmt: skip
RUNS = {
    "displacement": "none negative", "algorithm": "none", "record_every": "none", "error_bars": "true", "progress": "none function",
}  # fmt: skip
HEAT = {
    "model": MODEL, "times": [0.1, 0.2], "resolution": None, "until_u": 0.2, "initial": "+z", "displacement": None, "algorithm": EXACT,
    "levels": 3, "error_bars": False, "progress": None,
}  # fmt: skip
NEVER = dict.fromkeys(("occupation_every", "variance_every", "correlations_every", "bath_entropy_every"), "none inf")
WARM = tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=LONG)
PARTS = {"hamiltonian": {"x": 0.5}, "couplings": [tt.couple({"z": 0.5}, BATH)], "drives": (), "layout": "auto"}
ONE = {
    "hamiltonian": {"x": 0.5},
    "coupling": {"z": 0.5},
    "bath": BATH,
    "strength": None,
    "drives": (),
    "layout": "auto",
}
LORENTZ = {"reorganisation_energy": 0.1, "width": 0.5, "cutoff": 5.0}
POINTS = {"frequencies": [0, 1, 2, 3], "values": [0, 1, 1, 0], "ends": "refuse", "source": ""}
FUNCTION = {
    "function": lambda w: w, "support": (0.0, 1.0), "exponent": 1.0, "end_exponent": None, "breaks": (), "name": "J",
}  # fmt: skip
SITES = {"density": J, "length": 3, "temperature": 0.5, "support": None, "resolution": 1}
NEEDED = {"density": J, "temperature": 0.5, "until": 1.0, "tolerance": 1e-3, "support": None}
CELLS = {"density": J, "modes": 3, "temperature": 0.5, "support": None, "resolution": 1}
COMMON = {"step": 0.1, "tolerance": 1e-7, "max_bond": 8}
FIXED = COMMON | {"max_bond": None}
MODES = {"frequencies": [1.0], "couplings": [0.2]}
START = {"initial": "+x", "times": TIMES}
RATE = {"density": J, "splitting": 0.3, "temperature": 0.5}
OHMIC = {"density": chains.PowerLaw(alpha=0.1, shape="exponential"), "times": [1.0, 2.0], "temperature": 0.5}
LATER = "negative empty"  # times of any sign, or none
TABLES = "no-table"  # an operator without components is 0


def calls() -> dict[str, Call]:
    """One of each; what is called twice has a dot in its name."""
    forms = closed_forms
    return {
        "PowerLaw": of(chains.PowerLaw, {"alpha": 0.1, "cutoff": 1.0, "exponent": 1.0, "shape": "hard"}),
        "DrudeLorentz": of(chains.DrudeLorentz, LORENTZ, cutoff="none"),
        "Brownian": of(chains.Brownian, {**LORENTZ, "frequency": 1.0}, cutoff="none"),
        "Semicircle": of(chains.Semicircle, {"coupling": 0.1, "centre": 1.0, "half_width": 0.2}),
        "Discrete": of(chains.Discrete, MODES),
        "Sum": of(chains.Sum, {"parts": [J, J]}),
        "Table": of(chains.Table, POINTS, source="text digits"),
        "Function": of(
            chains.Function, FUNCTION, exponent="none", end_exponent="none", breaks="empty", name="text digits"
        ),
        "PowerLaw.of": of(J, {"w": [0.1]}, w="empty inf masses"),
        "Semicircle.of": of(chains.Semicircle(coupling=0.1, centre=1.0, half_width=0.2), {"w": 0.1}, w="empty inf masses"),
        "qutip_ohmic": of(chains.qutip_ohmic, {"alpha": 0.1, "wc": 1.0, "s": 1.0}),
        "qutip_drude_lorentz": of(chains.qutip_drude_lorentz, {"lam": 0.1, "gamma": 0.5, "cutoff": 5.0}, cutoff="none"),
        "qutip_underdamped": of(
            chains.qutip_underdamped, {"lam": 0.1, "gamma": 0.5, "w0": 1.0, "cutoff": 5.0}, lam="negative", cutoff="none"
        ),
        "oqupy_power_law": of(chains.oqupy_power_law, {"alpha": 0.1, "zeta": 1.0, "cutoff": 1.0, "cutoff_type": "hard"}),
        "quantumdynamics_exponential": of(chains.quantumdynamics_exponential, {"xi": 0.1, "wc": 1.0, "n": 1.0, "delta_s": 2.0}),
        "quantumdynamics_drude_lorentz": of(
            chains.quantumdynamics_drude_lorentz, {"lam": 0.1, "gamma": 0.5, "delta_s": 2.0, "cutoff": 5.0}, cutoff="none"
        ),
        "huang_rhys": of(chains.huang_rhys, {"frequencies": [1.0], "factors": [0.2]}),
        "caldeira_leggett": of(chains.caldeira_leggett, {**MODES, "mass": 1.0}),
        "scaled": of(chains.scaled, {"density": J, "factor": 0.5}),
        "from_qutip": of(chains.from_qutip, {"environment": THEIRS, "support": (0.0, 1.0)}, support="none"),
        "from_oqupy": of(chains.from_oqupy, {"correlations": THEIRS, "support": (0.0, 1.0)}, support="none"),
        "divergent_integrals": of(chains.divergent_integrals, {"density": J, "temperature": 0.5}),
        "chain": of(chains.chain, SITES, support="none"),
        "thermofield_chains": of(chains.thermofield_chains, SITES, support="none"),
        "star_cells": of(chains.star_cells, CELLS, support="none"),
        "from_star": of(chains.from_star, {"frequencies": [1.0, 2.0], "couplings": [0.1, 0.1]}),
        "star": of(chains.star, {"chain": LONG}),
        "chain_correlation": of(chains.chain_correlation, {"chain": LONG, "times": TIMES}, times=LATER),
        "correlation_error": of(chains.correlation_error, {"chain": LONG, "times": TIMES}, times=LATER),
        "exact_correlation": of(chains.exact_correlation, {"chain": LONG, "times": TIMES}, times=LATER),
        "correlation": of(
            chains.correlation, {"density": J, "times": TIMES, "temperature": 0.5, "support": None}, times=LATER, support="none"
        ),
        "diagnose": of(chains.diagnose, {"chain": LONG, "until": 1.0}),
        "measure": of(chains.measure, {"density": J, "temperature": 0.5, "longest_time": 1.0}),
        "Bath": of(chains.Bath, {"density": J, "temperature": 0.5}),
        "free_modes": of(chains.free_modes, {"bath": chains.Bath(density=J, temperature=0.5), "longest_time": 1.0}),
        "with_tail": of(chains.with_tail, {"density": J, "end": 5.0}),
        "front_time": of(chains.front_time, {"bath": LONG, "tolerance": 1e-3}),
        "equilibrium_error": of(chains.equilibrium_error, {"bath": LONG}),
        "light_cone_time": of(chains.light_cone_time, {"bath": LONG, "tolerance": 1e-3}),
        "end_times": of(chains.end_times, {"bath": LONG, "tolerance": 1e-3}),
        "tail": of(chains.tail, {"density": J, "above": 0.5}, above="none inf"),
        "lost_tail": of(chains.lost_tail, {"bath": PAIR}),
        "lost_reorganisation": of(chains.lost_reorganisation, {"bath": LONG}),
        "required_length": of(chains.required_length, NEEDED, support="none"),
        "required_length_equilibrium": of(
            chains.required_length_equilibrium, {"density": NEEDED["density"], "temperature": 0.5, "tolerance": 1e-3}, support="none"
        ),
        "required_length_front": of(chains.required_length_front, NEEDED, support="none"),
        "mode_functions": of(chains.mode_functions, {"bath": LONG, "resolution": 1}),
        "pair_mode_functions": of(chains.pair_mode_functions, {"pair": PAIR, "resolution": 1}),
        "Algorithm": of(tt.Algorithm, COMMON, max_bond="none"),
        "TDVP": of(tt.TDVP, {**COMMON, "order": 2, "taper": 0.0}, max_bond="none"),
        "TDVP1": of(tt.TDVP1, {**FIXED, "order": 2, "bond": 4}, max_bond="none"),
        "TDVP2": of(tt.TDVP2, {**COMMON, "order": 2}, max_bond="none"),
        "TEBD": of(tt.TEBD, {**COMMON, "order": 2}, max_bond="none"),
        "Exact": of(tt.Exact, FIXED, max_bond="none"),
        "TimeBins": of(tt.TimeBins, {**COMMON, "order": 4}, max_bond="none"),
        "Ramp": of(
            tt.Ramp, {"start": 0.0, "duration": 1.0, "initial": 0.0, "final": 1.0, "profile": "linear"},
            start="negative", initial="negative", final="negative",
        ),
        "Pulse": of(
            tt.Pulse, {"centre": 0.0, "width": 1.0, "height": 0.0, "base": 1.0}, centre="negative", height="negative", base="negative"
        ),
        "Cosine": of(
            tt.Cosine, {"amplitude": 0.0, "frequency": 1.0, "phase": 0.0, "offset": 1.0},
            amplitude="negative", phase="negative", offset="negative",
        ),
        "Square": of(
            tt.Square, {"start": 0.0, "stop": 1.0, "height": 0.0, "base": 1.0},
            start="negative", stop="none", height="negative", base="negative",
        ),
        "Stroke": of(
            tt.Stroke, {"duration": 1.0, "name": "", "hamiltonian": {}, "coupling": None, "profile": "linear", "start": None},
            name="text digits", hamiltonian="table no-table", coupling="none", start="none negative",
        ),
        "Cycle": of(
            tt.Cycle, {"strokes": [tt.Stroke(duration=1.0)], "count": 1, "switching": 0.0, "operators": {}, "limit": 0.1},
            operators="no-table",
        ),
        "Piecewise": of(
            tt.Piecewise, {"times": [0.0, 1.0], "initial": [0.0], "final": [1.0], "profile": "linear", "count": 1},
        ),
        "cycles": of(tt.cycles, {"ledger": ledger(), "cycle": ONE_STROKE}),
        "TimeTable": of(tt.TimeTable, {"times": [0, 1, 2, 3], "values": [0, 1, 1, 0], "source": ""}, source="text digits"),
        "Ramp.value": of(RAMP.value, {"t": TIMES}, t="negative empty masses"),
        "Cosine.slope": of(tt.Cosine(amplitude=1.0, frequency=1.0).slope, {"t": TIMES}, t="negative empty masses"),
        "couple": of(
            tt.couple, {"operator": {"z": 0.5}, "bath": BATH, "kind": "hermitian", "strength": None}, operator=TABLES, strength="none",
        ),
        "Coupling": of(
            tt.Coupling, {"operator": np.eye(2, dtype=complex), "bath": BATH, "kind": "hermitian", "strength": None}, strength="none"
        ),
        "SystemDrive": of(tt.SystemDrive, {"operator": {"z": 1.0}, "drive": RAMP}, operator=TABLES),
        "SpinBoson": of(tt.SpinBoson, ONE, hamiltonian=TABLES, coupling=TABLES, strength="none", drives="empty"),
        "JaynesCummings": of(tt.JaynesCummings, ONE, hamiltonian=TABLES, coupling=TABLES, strength="none", drives="empty"),
        "assemble": of(tt.assemble, PARTS, hamiltonian=TABLES, drives="empty"),
        "Model": of(tt.Model, {**PARTS, "hamiltonian": MODEL.hamiltonian, "couplings": MODEL.couplings}),
        "evolve": of(
            tt.evolve, EVOLVE | RECORD, observables="none no-table", bath_entropy_max_bond="none", strict="true", keeper="none",
            **RUNS, **NEVER,
        ),
        "two_time": of(tt.two_time, EVOLVE | {"pairs": {"zz": ("z", "z")}}, **RUNS),
        "heat_statistics": of(
            tt.heat_statistics, HEAT | {"heat": None, "counting": None}, resolution="none", counting="none", heat="none negative empty",
            **{name: taken for name, taken in RUNS.items() if name != "record_every"},
        ),
        "spectrum": of(tt.spectrum, {"correlations": correlations(), "frequencies": [0.1], "window": "hann"}, frequencies=LATER),
        "ledger": of(tt.ledger, {"run": run(), "alpha_S": 0.5}, alpha_S="negative"),
        "expectation": of(tt.expectation, {"ledger": ledger(), "operator": {"z": 1.0}}, operator=f"text {TABLES}"),
        "alpha_scan": of(tt.alpha_scan, {"run": run(), "alphas": [0.5]}),
        "compared": of(tt.compared, {"ledger": barred(), "other": ledger()}),
        "matching_alpha": of(tt.matching_alpha, {"run": run()}),
        "Units": of(tt.Units, {"energy": "eV", "time": "fs", "temperature": "K"}, temperature="none"),
        "Units.energy": of(tt.Units("eV", "fs").energy, {"value": 1.0, "unit": "meV"}, value="negative empty", unit="none"),
        "Units.time": of(tt.Units("eV", "fs").time, {"value": 1.0, "unit": "ps"}, value="negative empty", unit="none"),
        "Units.temperature": of(
            tt.Units("eV", "fs", "K").temperature, {"value": 1.0, "unit": "K"}, value="negative empty", unit="none"
        ),
        "in_units": of(tt.in_units, {"ledger": ledger(), "units": tt.Units("eV", "fs")}),
        "steady_currents": of(tt.steady_currents, {"ledger": ledger(), "since": 0.1}),
        "laws": of(tt.laws, {"ledger": ledger(), "mean_force_state": None, "resolution": 0.05}, mean_force_state="none"),
        "plot": of(tt.plot, {"dataset": ledger()}),
        "reproduction_table": of(tt.reproduction_table, {"rows": (), "markdown": False}, rows="empty", markdown="true"),
        "convergence_table": of(tt.convergence_table, {"data": ladders()}),
        "plot_convergence": of(tt.plot_convergence, {"data": ladders()}),
        "plot_cycles": of(tt.plot_cycles, {"record": tt.cycles(ledger(), ONE_STROKE)}),
        "plot_heat_statistics": of(tt.plot_heat_statistics, {"data": heat(), "counted": "B"}),
        "local_hamiltonians": of(tt.local_hamiltonians, {"model": WARM, "parts": [2]}),
        "weak_coupling": of(
            tt.weak_coupling, {"model": WARM, "initial": "+z", "times": TIMES, "method": "tcl2", "alpha_S": 0.5}, alpha_S="negative"
        ),
        "dephasing": of(
            tt.dephasing, {**MODES, **START, "temperature": 0.5, "operator": None, "hamiltonian": None, "missing": 1e-3, "limit": 8000},
            operator="none no-table", hamiltonian="none no-table", times=LATER,
        ),
        "golden_rule": of(forms.golden_rule, RATE),
        "otto": of(
            forms.otto,
            {
                "hot_density": J, "cold_density": J, "splittings": (1.0, 0.5), "temperatures": (1.0, 0.5), "durations": (1.0, 1.0),
                "element": 0.5,
            },
        ),
        "lamb_shift": of(forms.lamb_shift, RATE),
        "exchange": of(forms.exchange, {**START, "rates": rates()}, times=LATER),
        "bath_rates": of(forms.bath_rates, {"rates": rates(), "rho_S": np.eye(2) / 2}),
        "bath_temperature_limit": of(forms.bath_temperature_limit, {"rates": rates(), "initial": "+z"}),
        "system_temperature_limit": of(forms.system_temperature_limit, {"rates": rates(), "initial": "+z"}),
        "dephasing_heat": of(
            forms.dephasing_heat, {**START, "density": J, "u": [0.0, 1.0], "temperature": 0.5, "operator": None},
            operator="none no-table", times=LATER, u=LATER,
        ),
        "decoherence": of(forms.decoherence, OHMIC, times=LATER),
        "displacement": of(forms.displacement, {"density": J, "times": TIMES}, times=LATER),
        "dephasing_rate": of(forms.dephasing_rate, {"density": J, "temperature": 0.5}),
        "ohmic_decoherence": of(forms.ohmic_decoherence, OHMIC, times=LATER),
        "ohmic_long_time": of(forms.ohmic_long_time, OHMIC, times=LATER),
        "one_excitation": of(
            forms.one_excitation, {**MODES, **START, "splitting": 0.5, "alpha_S": 0.5},
            times=LATER, splitting="negative", alpha_S="negative",
        ),
        "pure_dephasing": of(
            forms.pure_dephasing,
            {**START, "density": J, "temperature": 0.5, "splitting": 0.1, "alpha_S": 0.5, "exact_bath_entropy": False},
            times=LATER, splitting="negative", alpha_S="negative",
        ),
    }  # fmt: skip


NAMES = sorted(calls())
# What functions return, what they raise, what they take by its methods: made by the library, not by who calls it.
MADE = {
    "AccuracyWarning", "EndTimes", "Tail", "FreeModes",
    "Chain", "Coefficients", "ContinuousDensity", "Diagnosis", "ModeFunctions", "SpectralDensity", "Star", "StarCells", "ChainNotConverged",
    "InvalidInput", "Problem", "Comparison", "Dephasing", "Drive", "Law", "MeanForce", "NotConverged", "Progress", "Reproduced",
    "RunFailed", "State", "Trajectory",
    "BathRates", "Exchange", "DephasingHeat", "GoldenRule", "OneExcitation", "Otto", "PureDephasing", "closed_forms",
    "Held", "Stopped", "StorageError", "Checkpoints", "listening",
    "Element", "LONGEST_CHAIN", "argument_problems", "cells_of",  # for tnthermo: what a part of a density has, and checks of arguments
}  # fmt: skip
# Functions of files and folders, each with the arguments that are not names of these and what they take.
FOLDERS: dict[str, tuple[Mapping[str, Any], Mapping[str, str]]] = {
    "load": ({"path": "x"}, {}),
    "report": ({"folder": "x", "path": None}, {"path": "none"}),
    "sweep_status": ({"folder": "x"}, {}),
    "collect": ({"folder": "x", "columns": ()}, {"columns": "empty"}),
    "run_config": (
        {
            "config": "x", "folder": "y", "resume": False, "overwrite": False, "strict": False, "progress": None, "say": print,
            "stop": None,
        },
        {
            "resume": "true", "overwrite": "true", "strict": "true", "progress": "none function", "say": "function", "stop": "none",
        },
    ),
    "compare_weak_coupling": (
        {
            "config": "x", "folder": "y", "since": None, "parts": None, "methods": ("tcl2",), "overwrite": False, "strict": False,
            "progress": None, "say": print,
        },
        {
            "since": "none", "parts": "none", "overwrite": "true", "strict": "true", "progress": "none function",
            "say": "function",
        },
    ),
    "run_laws": (
        {
            "config": "x", "folder": "y", "couplings": None, "overwrite": False, "strict": False, "progress": None, "say": print,
        },
        {"couplings": "none", "overwrite": "true", "strict": "true", "progress": "none function", "say": "function"},
    ),
    "converge": (
        {
            "config": "x", "folder": None, "over": None, "columns": None, "at": None, "within": 1e-3, "workers": None, "executor": None,
            "progress": print, "say": print,
        },
        {
            "config": "table no-table", "folder": "none", "over": "none", "columns": "none", "at": "none", "workers": "none",
            "executor": "none", "progress": "function", "say": "function",
        },
    ),
    "reproduce": (
        {"names": None, "cases": None, "progress": None, "say": print},
        {"names": "none", "cases": "none", "progress": "none function", "say": "function"},
    ),
    "run_sweep": (
        {
            "config": "x", "folder": "x", "workers": None, "executor": None, "only_failed": False, "many": False, "progress": print,
            "say": print,
        },
        {"workers": "none", "executor": "none", "only_failed": "true", "many": "true", "progress": "function", "say": "function"},
    ),
}  # fmt: skip


def untested(names: Iterable[str]) -> set[str]:
    """Which of these are in none of the tables here."""
    return set(names) - {name.partition(".")[0] for name in NAMES} - MADE - set(FOLDERS)


def test_every_public_name_is_here() -> None:
    assert untested([*chains.__all__, *tt.__all__, *closed_forms.__all__]) == set()
    assert untested(["chain", "a_new_function"]) == {"a_new_function"}


def wrongly_taken(call: Callable[..., Any], good: Mapping[str, Any], takes: Mapping[str, str]) -> list[str]:
    """What did not end as it should: "argument: name" with how it ended."""
    found = []
    for argument in good:
        for name, value in WRONG.items():
            how = outcome(call, {**good, argument: value}, argument)
            if how != ("taken" if name in takes.get(argument, "").split() else "refused"):
                found.append(f"{argument}: {name}: {how}")
    return found


def outcome(call: Callable[..., Any], arguments: Mapping[str, Any], argument: str) -> str:
    """How a call ended: "taken", "refused" by a problem that names the argument, or in words."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            call(**arguments)
    except InvalidInput as error:
        wanted = "coupling" if call is tt.couple and argument == "operator" else argument
        named = any(wanted in problem.key for problem in error.problems)
        return "refused" if named else f"refused, but for {error.problems[0].key}"
    except Exception as error:
        return type(error).__name__
    return "taken"


@pytest.mark.parametrize("name", NAMES)
def test_wrong_types_are_refused_in_words(name: str) -> None:
    one = calls()[name]
    assert outcome(one.call, one.good, "") == "taken"
    assert wrongly_taken(one.call, one.good, one.takes) == []


@pytest.mark.parametrize("name", FOLDERS)
def test_wrong_types_beside_names_of_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A text is the name of a folder or file that is not there, which is said as well."""
    monkeypatch.chdir(tmp_path)
    good, takes = FOLDERS[name]
    for argument in good:
        for kind, value in WRONG.items():
            a_name = isinstance(value, str) and argument in ("path", "config", "folder")
            if a_name or kind in takes.get(argument, "").split():
                continue
            assert outcome(getattr(tt, name), {**good, argument: value}, argument) == "refused", (argument, kind)
    assert list(tmp_path.iterdir()) == []


def test_what_is_looked_for_is_seen() -> None:
    """Planted: a function that stumbles, one that takes all, one that blames another argument, one that refuses a good value."""

    def strict(*, a: object, b: object = 0) -> None:
        raise InvalidInput([Problem(key="b", value=b, allowed="nothing")])

    assert outcome(lambda *, a: a + 1, {"a": "x"}, "a") == "TypeError"
    assert outcome(lambda *, a: a, {"a": "x"}, "a") == "taken"
    assert outcome(strict, {"a": "x"}, "a") == "refused, but for b"
    assert "a: none: refused, but for b" in wrongly_taken(strict, {"a": 1}, {"a": "none"})
    assert len(wrongly_taken(lambda *, a: a, {"a": 1}, {"a": "true"})) == len(WRONG) - 1


def test_settings_without_effect_are_refused() -> None:
    for kind, more in ((tt.Exact, {}), (tt.TDVP1, {"bond": 4})):
        with pytest.raises(InvalidInput, match="max_bond = 2: not given here: it would do nothing"):
            kind(max_bond=2, **more)
        assert kind(**more).max_bond is None


def test_all_wrong_arguments_of_a_run_come_together() -> None:
    with pytest.raises(InvalidInput) as caught:
        tt.evolve(
            MODEL, algorithm=EXACT, until="1", record_every="a", levels=1, error_bars="no", initial="up", progress=3
        )  # type: ignore[arg-type]
    assert {p.key for p in caught.value.problems} == {
        "until",
        "record_every",
        "levels",
        "error_bars",
        "initial",
        "progress",
    }
    with pytest.raises(InvalidInput) as caught:
        tt.evolve("x", algorithm="tdvp", until=True)  # type: ignore[arg-type]
    assert [p.key for p in caught.value.problems] == ["model", "algorithm", "until"]
