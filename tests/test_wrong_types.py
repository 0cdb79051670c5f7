"""Every public function and every class that a user makes, with something of a wrong type in each of its arguments: a clear refusal.

``CALLS`` has a good call of each; what is put in the place of one argument after the other is in ``WRONG``. What an argument takes of these
is listed with the call, and then the call must go through: a twin that fails where a check is too strict.
"""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from chains import InvalidInput
from tests.test_config import SMALL
from tnthermo.thermo import closed_forms

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
    "no table": {},
    "set": {1, 2},
    "object": object(),
    "type": int,
    "function": lambda: None,
    "array": np.array(["a", "b"]),
    "booleans": np.array([True, False]),
    "masses": np.ones((2, 3, 4)),
    "time": np.timedelta64(1, "s"),
}


@dataclass(frozen=True)
class Call:
    """A good call.

    good   its arguments
    takes  of each argument the names in ``WRONG`` that it takes, apart by spaces
    keys   what a problem of an argument is called where not like it
    """

    call: Callable[..., Any]
    good: Mapping[str, Any] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


J = chains.PowerLaw(alpha=0.1)
MODE = chains.Discrete(frequencies=[1.0], couplings=[0.2])
BATH = chains.chain(MODE, temperature=0.0)
LONG = chains.chain(J, 3, temperature=0.5)
PAIR = chains.thermofield_chains(J, 3, temperature=0.5)
EXACT = tt.Exact(step=0.1, tolerance=1e-4)
TIMES = [0.0, 0.5]
MODEL = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=BATH)
RAMP = tt.Ramp(duration=1.0)


@cache
def run() -> tt.Trajectory:
    return tt.evolve(MODEL, algorithm=EXACT, until=0.8, levels=3, error_bars=False)


@cache
def ledger() -> xr.Dataset:
    return tt.ledger(run())


@cache
def rates() -> Any:
    return closed_forms.golden_rule(J, splitting=0.3, temperature=0.5)


@cache
def correlations() -> xr.Dataset:
    return tt.two_time(MODEL, {"zz": ("z", "z")}, algorithm=EXACT, until=0.2, levels=3, error_bars=False)


EVOLVE = {
    "model": MODEL, "initial": "+z", "displacement": None, "algorithm": EXACT, "until": 0.1, "record_every": None, "levels": 3,
    "error_bars": False,
}  # fmt: skip
RECORD = {
    "occupation_every": None, "variance_every": None, "correlations_every": math.inf, "observables": None, "bath_entropy": "auto",
    "bath_entropy_every": None, "bath_entropy_max_bond": None, "strict": False, "progress": None, "keeper": None,
}  # fmt: skip
RUNS = {
    "displacement": "none negative", "algorithm": "none", "until": "", "record_every": "none", "levels": "", "error_bars": "true",
}  # fmt: skip
OPTIONAL = {"support": "none", "cutoff": "none"}


def calls() -> Iterator[tuple[str, Call]]:
    """One of each."""
    yield "PowerLaw", Call(chains.PowerLaw, {"alpha": 0.1, "cutoff": 1.0, "exponent": 1.0, "shape": "hard"})
    lorentz = {"reorganisation_energy": 0.1, "width": 0.5, "cutoff": 5.0}
    yield "DrudeLorentz", Call(chains.DrudeLorentz, lorentz, OPTIONAL)
    yield "Brownian", Call(chains.Brownian, {**lorentz, "frequency": 1.0}, OPTIONAL)
    yield "Semicircle", Call(chains.Semicircle, {"coupling": 0.1, "centre": 1.0, "half_width": 0.2}, {"centre": ""})
    yield "Discrete", Call(chains.Discrete, {"frequencies": [1.0], "couplings": [0.2]})
    yield "Sum", Call(chains.Sum, {"parts": [J, J]})
    table = {"frequencies": [0, 1, 2, 3], "values": [0, 1, 1, 0], "ends": "refuse", "source": ""}
    yield "Table", Call(chains.Table, table, {"source": "text digits"})
    function = {"function": lambda w: w, "support": (0.0, 1.0), "exponent": 1.0, "end_exponent": 1.0, "breaks": (), "name": "J"}
    yield (
        "Function",
        Call(chains.Function, function, {"exponent": "none", "end_exponent": "none", "breaks": "empty", "name": "text digits"}),
    )
    yield "divergent_integrals", Call(chains.divergent_integrals, {"density": J, "temperature": 0.5})
    for density in (J, MODE, chains.Semicircle(coupling=0.1, centre=1.0, half_width=0.2)):
        yield f"{type(density).__name__}()", Call(lambda w, J=density: J(w), {"w": [0.1]} if density is not MODE else {}, {"w": "empty"})
    length = {"length": 3, "temperature": 0.5, "support": None, "resolution": 1}
    for name in ("chain", "thermofield_chains"):
        yield name, Call(getattr(chains, name), {"density": J, **length}, OPTIONAL)
    yield "star_cells", Call(chains.star_cells, {"density": J, "modes": 3, "temperature": 0.5, "support": None, "resolution": 1}, OPTIONAL)
    yield "from_star", Call(chains.from_star, {"frequencies": [1.0, 2.0], "couplings": [0.1, 0.1]})
    yield "star", Call(chains.star, {"chain": LONG})
    for name in ("chain_correlation", "correlation_error", "exact_correlation"):
        yield name, Call(getattr(chains, name), {"chain": LONG, "times": TIMES}, {"times": "negative empty"})
    correlation = {"density": J, "times": TIMES, "temperature": 0.5, "support": None}
    yield "correlation", Call(chains.correlation, correlation, {"times": "negative empty", **OPTIONAL})
    yield "diagnose", Call(chains.diagnose, {"chain": LONG, "until": 1.0})
    yield "measure", Call(chains.measure, {"density": J, "temperature": 0.5, "longest_time": 1.0})
    for name in ("front_time", "light_cone_time"):
        yield name, Call(getattr(chains, name), {"bath": LONG, "tolerance": 1e-3})
    for name in ("required_length", "required_length_front"):
        needed = {"density": J, "temperature": 0.5, "until": 1.0, "tolerance": 1e-3, "support": None}
        yield name, Call(getattr(chains, name), needed, OPTIONAL)
    yield "mode_functions", Call(chains.mode_functions, {"bath": LONG, "resolution": 1})
    yield "pair_mode_functions", Call(chains.pair_mode_functions, {"pair": PAIR, "resolution": 1})

    common = {"step": 0.1, "tolerance": 1e-7}
    yield "Algorithm", Call(tt.Algorithm, {**common, "max_bond": 8}, {"max_bond": "none"})
    yield "TDVP", Call(tt.TDVP, {**common, "max_bond": 8, "order": 2, "taper": 0.0}, {"max_bond": "none"})
    for kind in (tt.TDVP2, tt.TEBD):
        yield kind.__name__, Call(kind, {**common, "max_bond": 8, "order": 2}, {"max_bond": "none"})
    yield "TDVP1", Call(tt.TDVP1, {**common, "bond": 4, "order": 2, "max_bond": None}, {"max_bond": "none"})
    yield "Exact", Call(tt.Exact, {**common, "max_bond": None}, {"max_bond": "none"})
    yield "Ramp", Call(tt.Ramp, {"start": 0.0, "duration": 1.0, "initial": 0.0, "final": 1.0, "profile": "linear"}, SIGNED)
    yield "Pulse", Call(tt.Pulse, {"centre": 0.0, "width": 1.0, "height": 0.0, "base": 1.0}, SIGNED)
    yield "Cosine", Call(tt.Cosine, {"amplitude": 0.0, "frequency": 1.0, "phase": 0.0, "offset": 1.0}, SIGNED)
    table = {"times": [0, 1, 2, 3], "values": [0, 1, 1, 0], "source": ""}
    yield "TimeTable", Call(tt.TimeTable, table, {"source": "text digits"})
    for kind in (RAMP, tt.Cosine(amplitude=1.0, frequency=1.0)):
        yield f"{type(kind).__name__}.value", Call(kind.value, {"t": TIMES}, {"t": "negative empty masses"})

    coupled = {"operator_": {"z": 0.5}, "bath": BATH, "kind": "hermitian", "strength": None, "key": "coupling"}
    takes = {"strength": "none", "key": "text digits", "kind": ""}
    yield "couple", Call(tt.couple, coupled, takes, {"operator_": "coupling", "bath": "coupling.bath"})
    made = {"operator": np.eye(2, dtype=complex), "bath": BATH, "kind": "hermitian", "strength": None}
    yield "Coupling", Call(tt.Coupling, made, takes)
    yield "SystemDrive", Call(tt.SystemDrive, {"operator": {"z": 1.0}, "drive": RAMP})
    one = {"hamiltonian": {"x": 0.5}, "coupling": {"z": 0.5}, "bath": BATH, "strength": None, "drives": (), "layout": "auto"}
    for name in ("SpinBoson", "JaynesCummings"):
        yield name, Call(getattr(tt, name), one, {**takes, "drives": "empty"}, {"bath": "coupling.bath"})
    parts = {"hamiltonian": {"x": 0.5}, "couplings": [tt.couple({"z": 0.5}, BATH)], "drives": (), "layout": "auto"}
    yield "assemble", Call(tt.assemble, parts, {"drives": "empty"})
    yield "Model", Call(tt.Model, {**parts, "hamiltonian": MODEL.hamiltonian, "couplings": MODEL.couplings}, {"drives": ""})
    never = {name: "none inf" for name in ("occupation_every", "variance_every", "bath_entropy_every")}
    record = {
        **never, "correlations_every": "inf", "observables": "none no-table", "bath_entropy_max_bond": "none", "strict": "true",
        "progress": "none", "keeper": "none",
    }  # fmt: skip
    yield "evolve", Call(tt.evolve, {**EVOLVE, **RECORD}, {**RUNS, **record})
    pairs = {**EVOLVE, "pairs": {"zz": ("z", "z")}, "progress": None}
    yield "two_time", Call(tt.two_time, pairs, {**RUNS, "progress": "none"})
    yield "spectrum", Call(tt.spectrum, {"correlations": correlations(), "frequencies": [0.1], "window": "hann"}, {"frequencies": "negative empty"})
    yield "ledger", Call(tt.ledger, {"run": run(), "alpha_S": 0.5}, {"alpha_S": "negative"})
    yield "alpha_scan", Call(tt.alpha_scan, {"run": run(), "alphas": [0.5]})
    yield "matching_alpha", Call(tt.matching_alpha, {"run": run()})
    yield "steady_currents", Call(tt.steady_currents, {"ledger": ledger(), "since": 0.1})
    yield "laws", Call(tt.laws, {"ledger": ledger(), "mean_force_state": None, "resolution": 0.05}, {"mean_force_state": "none"})
    yield "plot", Call(tt.plot, {"dataset": ledger()})
    weak = {"model": WARM, "initial": "+z", "times": TIMES, "method": "tcl2", "alpha_S": 0.5}
    yield "weak_coupling", Call(tt.weak_coupling, weak, {"alpha_S": "negative"})
    pure = {
        "frequencies": [1.0], "couplings": [0.2], "temperature": 0.5, "initial": "+x", "times": TIMES, "operator": None,
        "hamiltonian": None, "missing": 1e-3, "limit": 8000,
    }  # fmt: skip
    yield "dephasing", Call(tt.dephasing, pure, {"operator": "none", "hamiltonian": "none", "times": "negative empty"})

    forms = closed_forms
    yield "golden_rule", Call(forms.golden_rule, {"density": J, "splitting": 0.3, "temperature": 0.5})
    yield "lamb_shift", Call(forms.lamb_shift, {"density": J, "splitting": 0.3, "temperature": 0.5})
    yield "exchange", Call(forms.exchange, {"rates": rates(), "initial": "+z", "times": TIMES})
    yield "bath_rates", Call(forms.bath_rates, {"rates": rates(), "rho_S": np.eye(2) / 2})
    for name in ("bath_temperature_limit", "system_temperature_limit"):
        yield name, Call(getattr(forms, name), {"rates": rates(), "initial": "+z"})
    yield "decoherence", Call(forms.decoherence, {"density": J, "times": TIMES, "temperature": 0.5})
    yield "displacement", Call(forms.displacement, {"density": J, "times": TIMES})
    yield "dephasing_rate", Call(forms.dephasing_rate, {"density": J, "temperature": 0.5})
    ohmic = chains.PowerLaw(alpha=0.1, shape="exponential")
    for name in ("ohmic_decoherence", "ohmic_long_time"):
        yield name, Call(getattr(forms, name), {"density": ohmic, "times": [1.0, 2.0], "temperature": 0.5})
    one = {"frequencies": [1.0], "couplings": [0.2], "splitting": 0.5, "initial": "+z", "times": TIMES, "alpha_S": 0.5}
    yield "one_excitation", Call(forms.one_excitation, one)
    pure = {
        "density": J, "temperature": 0.5, "initial": "+x", "times": TIMES, "splitting": 0.1, "alpha_S": 0.5, "exact_bath_entropy": False,
    }  # fmt: skip
    yield "pure_dephasing", Call(forms.pure_dephasing, pure)


SIGNED = {name: "negative" for name in ("start", "initial", "final", "centre", "height", "base", "amplitude", "phase", "offset")}
WARM = tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=LONG)
