"""Problems with known answers for `calibration.py`: nothing but physics in any of them.

A problem is the tables of a configuration file, or those with a density that no file can hold, and a function that makes the right columns
at the record times. Where these come from:

commuting   pure dephasing of continua in closed form: any diagonal H_S and A, one bath or two, driven or not, by quadratures over J
exchange    at most one quantum at T = 0, by linear algebra on a long chain
dense       few modes in their whole space, by the definitions (`tests.oracles.amplitudes`)
stored      other packages and prototypes: tests/foreign/*.json, tests/oracles/reference/perf_*.npz, with the errors that they state
engine      the other engine of this library with its own error bars: no independent answer
"""

from __future__ import annotations

import itertools
import json
import math
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import quad

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "bench")]

from routes import LADDER, QUBIT, THREE, drude, one, power, two  # noqa: E402
from time_to_accuracy import stated_error  # noqa: E402
from two_routes import density as any_density  # noqa: E402

import chains  # noqa: E402
import tnthermo as tt  # noqa: E402
from tests.oracles.amplitudes import Factor, TooLarge, entropy  # noqa: E402
from tests.oracles.random_models import bath_tables, dense, draw, factor, initial_state, numbers  # noqa: E402
from tests.oracles.reference import CHANGES, NAMES, Reference, load  # type: ignore[attr-defined]  # noqa: E402
from tnthermo.configuration.other_route import other_route  # noqa: E402
from tnthermo.configuration.resolve import Resolved, load_config, resolve  # noqa: E402
from tnthermo.configuration.written import to_toml  # noqa: E402

Array = np.ndarray
Tables = dict[str, Any]
Columns = dict[str, Array]

ROUNDED = 1e-9  # of a column's largest value, or of 1: what closed forms and dense propagation are good to
ALPHA_S = 0.5
PAULI = {"sigma_x": [[0, 1], [1, 0]], "sigma_y": [[0, -1j], [1j, 0]], "sigma_z": [[1, 0], [0, -1]]}
STORED, FOREIGN = ROOT / "tests" / "oracles" / "reference", ROOT / "tests" / "foreign"
ALGEBRAIC = (chains.DrudeLorentz, chains.Brownian)
LONG_CHAIN = 160  # sites beyond what a packet reaches in the times below
FULLEST = 1.0  # shortest run of a drawn model


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The right columns at the record times, rho_S (n, d, d) among them where it is known, and how far they may be off by name."""

    columns: Columns
    own: dict[str, float] = field(default_factory=dict)

    def error(self, name: str) -> float:
        """The column's own error."""
        known = self.columns[name][np.isfinite(self.columns[name])]
        return self.own.get(name, ROUNDED * max(1.0, float(np.abs(known).max(initial=0.0))))


def deviation(ledger: Any, right: Truth, name: str) -> Array:
    """How far a column is from the answer, in modulus; entries of a matrix by real and imaginary parts."""
    truth = right.columns[name]
    if np.iscomplexobj(truth):
        truth = np.stack([truth.real, truth.imag], axis=-1)
    return np.asarray(np.abs(ledger[name].values - truth))


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """``tables`` without a number that is not physics; ``source`` one of those above; ``density`` in place of that of the file."""

    name: str
    tables: Tables
    source: str
    truth: Callable[[Tables], Truth]
    density: Any = None
    quick: bool = False

    @property
    def times(self) -> Array:
        return record_times(self.tables)

    def right(self) -> Truth:
        """The answer; sigma_x, sigma_y, sigma_z and populations of it are made from rho_S."""
        found = self.truth(self.tables) if self.density is None else commuting(self.tables, [self.density])
        return Truth(columns=with_system(found.columns), own=found.own)

    def run(self, target: float, max_time: float, say: Callable[[str], None] = lambda text: None) -> tt.Trajectory:
        """With nothing but the physics and the target."""
        extra: Tables = {
            "accuracy": {"target": target, "max_time": max_time},
            "thermodynamics": {"bath_entropy": "off", "alpha_S": alpha_of(self.tables)},
            "record": {"occupation_every": "never", "variance_every": "never"},
        }
        found = resolved({**self.tables, **extra})
        if self.density is None:
            return tt.evolve(found.model, **found.evolve_keywords(), say=say)
        bath = chains.Bath(density=self.density, temperature=found.model.temperatures[0])
        operator = found.model.couplings[0].operator
        model = tt.SpinBoson(hamiltonian=found.model.hamiltonian, coupling=operator, bath=bath)
        keywords: Tables = {"initial": found.initial, "until": found.until, "record_every": found.record_every}
        return tt.evolve(model, **keywords, bath_entropy="off", accuracy=target, max_time=max_time, say=say)


def resolved(tables: Tables) -> Resolved:
    """The tables as a file would give them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.toml"
        path.write_text(to_toml(tables))
        return resolve(load_config(path))


def alpha_of(tables: Tables) -> float:
    return float(tables.get("thermodynamics", {}).get("alpha_S", ALPHA_S))


def record_times(tables: Tables) -> Array:
    """Multiples of record_every, of which until is one."""
    until, every = (float(tables["evolution"][key]) for key in ("until", "record_every"))
    return every * np.arange(round(until / every) + 1)


def with_system(columns: Columns) -> Columns:
    """The columns and what follows from rho_S."""
    found = dict(columns)
    if "rho_S" in columns:
        rho = columns["rho_S"]
        found["population"] = np.einsum("nii->ni", rho).real
        if rho.shape[-1] == 2:
            found |= {name: np.einsum("ij,nji->n", np.array(m), rho).real for name, m in PAULI.items()}
    return found


# --- answers ----------------------------------------------------------------------------------------------------------------------


def by_dense(tables: Tables) -> Truth:
    """Few modes by the definitions."""
    found = dense(tables).ledger(record_times(tables).tolist(), alpha_of(tables))
    return Truth(columns=found)


def commuting(tables: Tables, densities: list[Any] | None = None) -> Truth:
    """Pure dephasing: diagonal H_S, A_j and drives. In branch l of the system bath j is driven by f_j a_jl alone.

    c(w, t) = -i exp(-iwt) int f exp(iws) ds is the amplitude of a mode of unit coupling in a branch of unit a. With
    X = 2 int J Re c, G = (1/2) int J coth |c|^2 and phi' = -f int J Re c:
    rho_lm = rho_lm(0) exp(-i int (E_l - E_m) + i (a_l^2 - a_m^2) phi - (a_l - a_m)^2 G),
    E_B = <A^2> int J w |c|^2, E_int = f <A^2> X, h = f <A>^2 X.
    """
    t = record_times(tables)
    rho_0 = initial_state(tables["system"]["initial"])
    assert rho_0 is not None
    p, alpha_S = np.real(np.diag(rho_0)), alpha_of(tables)
    energies = np.real(np.diag(numbers(tables["system"]["hamiltonian"])))
    drives = tables.get("drive", {})
    E, phase = np.repeat(energies[None], t.size, axis=0), np.outer(t, energies)
    for key, entry in drives.items():
        if key.startswith("hamiltonian."):
            axis = key.partition(".")[2]
            own = entry.get("operator", {axis: 1.0})
            shift, made = np.real(np.diag(numbers(own))), factor(entry)
            E = E + np.outer([made.value(x) for x in t], shift)
            phase = phase + np.outer(integrated(made, t), shift)
    rho = rho_0 * np.exp(-1j * (phase[:, :, None] - phase[:, None, :]))
    found: dict[str, Any] = {name: [] for name in ("E_B_each", "h_each", "E_int_each", "X")}
    still, moving = True, False
    for j, bath in enumerate(bath_tables(tables)):
        a = np.real(np.diag(numbers(bath["coupling"]["operator"])))
        entry = drives.get("coupling", drives.get(f"coupling.{j}"))
        f = None if entry is None else factor(entry)
        density = densities[j] if densities else density_of(tables, j)
        G, phi, X, E_unit = one_bath(density, float(bath["temperature"]), t, f)
        squares, gaps = np.subtract.outer(a**2, a**2), np.subtract.outer(a, a) ** 2
        rho = rho * np.exp(1j * squares * phi[:, None, None] - gaps * G[:, None, None])
        strength = np.ones(t.size) if f is None else np.array([f.value(x) for x in t])
        mean, square = float(p @ a), float(p @ a**2)
        still, moving = still and (f is None or mean == 0), moving or f is not None
        found["E_B_each"].append(square * E_unit)
        found["E_int_each"].append(strength * square * X)
        found["h_each"].append(strength * mean**2 * X)
    each = {name: np.array(found[name]).T for name in ("E_B_each", "E_int_each", "h_each")}
    E_S, E_B, E_int, h = E @ p, *(each[name].sum(axis=1) for name in ("E_B_each", "E_int_each", "h_each"))
    U_S, total = E_S + (1 - alpha_S) * h, E_S + E_B + E_int
    columns: Columns = {
        "rho_S": rho, "E_S": E_S, "E_B": E_B, "E_B_each": each["E_B_each"], "E_int": E_int, "h": h, "U_S": U_S, "U_B": E_B + alpha_S * h,
        "U_chi": E_int - h, "S_S": np.array([entropy(np.linalg.eigvalsh(one)) for one in rho]), "Q_S": 0 * E_S, "W_S": U_S - U_S[0],
        "W_total": total - total[0],
    }  # fmt: skip
    if still:  # <A_j> X_j does not move, or its strength does not
        Q = each["E_B_each"] + each["h_each"]
        W = -(1 - alpha_S) * each["h_each"]
        columns |= {"Q_B_each": Q, "W_B_each": W, "Q_B": Q.sum(axis=1), "W_B": W.sum(axis=1)}
    if not moving:
        columns |= {"Q_chi": columns["U_chi"] - columns["U_chi"][0], "W_chi": 0 * E_S}
    return Truth(columns=columns)


def density_of(tables: Tables, j: int) -> Any:
    """The density of a bath that has no end."""
    bath = resolved({**tables, "thermodynamics": {"bath_entropy": "off"}}).model.couplings[j].bath
    assert isinstance(bath, chains.Bath)
    return bath.density


def one_bath(density: Any, temperature: float, t: Array, f: Factor | None) -> tuple[Array, Array, Array, Array]:
    """G, phi, X and int J w |c|^2 (n,) of `commuting`."""
    until = float(t[-1])
    warm, cold = (chains.measure(density, temperature=T, longest_time=2 * until) for T in (temperature, 0.0))
    if f is None:
        w, J = cold
        beyond = np.array([tail(density, temperature, float(x)) for x in t])
        G = np.array([0.5 * warm[1] @ (4 * np.sin(warm[0] * x / 2) ** 2 / warm[0] ** 2) for x in t]) + beyond[:, 0]
        phi = np.array([J @ ((w * x - np.sin(w * x)) / w**2) for x in t]) + beyond[:, 1]
        X = np.array([-2 * J @ ((1 - np.cos(w * x)) / w) for x in t]) + beyond[:, 2]
        return G, phi, X, -X
    assert not isinstance(density, ALGEBRAIC)
    G = np.array([0.5 * warm[1] @ np.abs(c) ** 2 for _, c in amplitudes(warm[0], t, f) if c is not None])
    w, J = cold
    stops = list(amplitudes(w, t, f))
    rows = [c for _, c in stops if c is not None]
    X = np.array([2 * J @ c.real for c in rows])
    # only squares that differ see phi; a driven coupling is used with squares that are equal
    return G, np.zeros(t.size), X, np.array([J @ (w * np.abs(c) ** 2) for c in rows])


def tail(density: Any, temperature: float, t: float) -> tuple[float, float, float]:
    """G, phi and X of the frequencies beyond the cut that a density gets which falls as a power: time bins have them all."""
    if not isinstance(density, ALGEBRAIC) or t == 0:
        return 0.0, 0.0, 0.0
    low = float(density.support[1])

    def over(function: Callable[[float], float], weight: str | None = None) -> float:
        turning = {} if weight is None else {"weight": weight, "wvar": t}
        return float(quad(function, low, math.inf, epsabs=1e-13, limit=400, limlst=200, **turning)[0])

    def J(w: float, power: int) -> float:
        strength = 2 / math.pi * density.reorganisation_energy * density.width
        if isinstance(density, chains.DrudeLorentz):
            return strength / (w**2 + density.width**2) / w ** (power - 1)
        own, width = density.frequency, density.width
        return strength * own**2 / ((w**2 - own**2) ** 2 + (width * w) ** 2) / w ** (power - 1)

    def warm(w: float) -> float:
        return J(w, 2) * (1 / math.tanh(w / (2 * temperature)) if temperature > 0 else 1.0)

    G = over(warm) - over(warm, "cos")
    phi = t * over(partial(J, power=1)) - over(partial(J, power=2), "sin")
    return G, phi, -2 * (over(partial(J, power=1)) - over(partial(J, power=1), "cos"))


def amplitudes(w: Array, t: Array, f: Factor) -> list[tuple[float, Array | None]]:
    """c(w, t) at the times t, and None at the stops between them; Gauss quadrature of pieces that turn little."""
    turn = 8.0 / max(float(np.abs(w).max()), 1.0)
    x, weights = np.polynomial.legendre.leggauss(16)
    breaks = [b for b in f.breaks if 0 < b < t[-1]]
    stops = sorted({*t.tolist(), *breaks, *(k for k in f.knots if 0 < k < t[-1])})
    c, found = np.zeros(w.size, dtype=complex), [(0.0, np.zeros(w.size, dtype=complex))]
    wanted = set(t.tolist())
    result: list[tuple[float, Array | None]] = list(found)
    for a, b in pairwise(stops):
        pieces = max(1, math.ceil((b - a) / turn))
        edges = np.linspace(a, b, pieces + 1)
        for low, high in pairwise(edges):
            s = low + (high - low) * (x + 1) / 2
            values = np.array([f.value(min(max(one, a + 1e-13), b - 1e-13)) for one in s]) * weights * (high - low) / 2
            c = np.exp(-1j * w * (high - low)) * c - 1j * np.exp(-1j * np.outer(w, high - s)) @ values
        result.append((b, c.copy() if b in wanted else None))
    return result


def integrated(f: Factor, t: Array) -> Array:
    """int_0^t f (n,)."""
    found = amplitudes(np.zeros(1), t, f)
    return np.array([float(np.real(1j * c[0])) for _, c in found if c is not None])


def by_exchange(tables: Tables) -> Truth:
    """At most one quantum: the star of a chain so long that nothing comes back from its end."""
    density = density_of(tables, 0)
    modes = chains.star(chains.chain(density, LONG_CHAIN, temperature=0.0))
    splitting = 2 * float(np.real(numbers(tables["system"]["hamiltonian"])[0, 0]))
    t = record_times(tables)
    found = tt.closed_forms.one_excitation(
        modes.frequencies, modes.couplings, splitting=splitting, initial=initial_state(tables["system"]["initial"]), times=t
    )  # fmt: skip
    names = ("rho_S", "E_S", "E_B", "E_int", "h", "U_chi", "U_S", "U_B", "S_S")
    return Truth(columns={name: getattr(found, name) for name in names})


def by_npz(name: str, tables: Tables) -> Truth:
    """A stored reference with the error that it states."""
    with np.load(STORED / f"perf_{name}.npz", allow_pickle=False) as data:
        known = [key for key in (*PAULI, "E_S", "E_int", "E_B") if key in data]
        at = [int(np.argmin(np.abs(data["t"] - x))) for x in record_times(tables)]
        assert np.allclose(data["t"][at], record_times(tables), atol=1e-9)
        stated = {key: data[f"err_{key}"] if f"err_{key}" in data else data["error"] for key in known}
        own = {key: float(stated_error(value) or 0.0) for key, value in stated.items()}
        return Truth(columns={key: data[key][at] for key in known}, own=own)


def by_json(name: str, tables: Tables) -> Truth:
    """The same for a file of tests/foreign."""
    found = json.loads((FOREIGN / f"{name}.json").read_text())
    known = (*PAULI, "E_S", "E_int", "E_B")
    return Truth(
        columns={key: np.array(found[key]) for key in known},
        own={key: float(found["error_of_the_reference"][key]) for key in known},
    )


def by_reference(stored: Reference, tables: Tables) -> Truth:
    """The ledger of a file of tests/oracles/reference: energies of the bath from its start on."""
    names = ("E_S", "E_B", "E_int", "U_S", "U_B", "U_chi", "S_S")
    columns = {name: stored.columns[name] - (stored.columns[name][0] if name in CHANGES else 0.0) for name in names}
    assert np.allclose(stored.times, record_times(tables))
    return Truth(columns=columns | {"rho_S": stored.rho_S}, own=dict.fromkeys((*columns, "rho_S"), stored.tolerance))


def reference_tables(stored: Reference) -> Tables:
    """The physics of such a file."""
    coupling = (
        {"operator": "sigma_minus", "kind": "exchange"}
        if stored.coupling is None
        else {"operator": written(stored.coupling)}
    )
    return {
        "bath": {"temperature": 0.0 if np.isinf(stored.beta) else 1 / stored.beta},
        "spectral_density": {"kind": "discrete", "frequencies": list(stored.frequencies), "couplings": list(stored.couplings)},
        "coupling": coupling,
        **system(written(stored.hamiltonian), written(stored.initial)),
        "evolution": {"until": float(stored.times[-1]), "record_every": float(stored.times[1])},
        "thermodynamics": {"alpha_S": stored.alpha_S},
    }  # fmt: skip


def written(matrix: Array) -> list[list[str]]:
    """As a file has it."""
    return [
        [
            f"{entry.real!r}{'+' if entry.imag > 0 else '-'}{abs(entry.imag)!r}j"
            if entry.imag
            else repr(float(entry.real))
            for entry in row
        ]
        for row in np.asarray(matrix, dtype=complex).tolist()
    ]


def by_engine(finest: float, tables: Tables) -> Truth:
    """The other engine at a target of its own, with its error bars."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.toml"
        path.write_text(to_toml({**tables, "thermodynamics": {"bath_entropy": "off"}}))
        found = resolve(other_route(load_config(path)))
    keywords = found.evolve_keywords() | {"accuracy": finest, "kept": (), "max_time": 240.0}
    ledger = tt.ledger(tt.evolve(found.model, **keywords), alpha_S=alpha_of(tables))
    names = [name for name in JUDGED if name != "rho_S" and name in ledger]
    columns = {name: ledger[name].values for name in names}
    own = {name: float(np.nanmax(ledger[f"{name}_error"].values)) for name in names}
    rho = ledger["rho_S"].values
    own |= dict.fromkeys(("rho_S", "population"), float(np.nanmax(ledger["rho_S_error"].values)))
    own |= dict.fromkeys(PAULI, 2 * own["rho_S"])
    return Truth(columns=columns | {"rho_S": rho[..., 0] + 1j * rho[..., 1]}, own=own)


JUDGED = (
    "rho_S", "E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "Q_S", "Q_B", "Q_chi", "W_S", "W_B", "W_chi", "W_total",
    "E_B_each", "Q_B_each", "W_B_each", "S_S", "sigma_x", "sigma_y", "sigma_z", "population",
)  # fmt: skip


# --- problems ---------------------------------------------------------------------------------------------------------------------


def dephased(
    density: Tables, temperature: float, until: float, *, splitting: float = 0.6, initial: Any = "+x", **more: Any
) -> Tables:
    """A = sigma_z, H_S = splitting sigma_z/2."""
    found = one(density, temperature, until, hamiltonian={"z": splitting / 2}, operator={"z": 1.0})
    found["system"]["initial"] = initial
    found["evolution"]["record_every"] = until / 10
    return found | more


def diagonal(values: list[float]) -> list[list[float]]:
    return np.diag(values).tolist()


def equal(levels: int) -> list[float]:
    """A superposition of all levels."""
    return [float(1 / math.sqrt(levels))] * levels


def moded(frequencies: list[float], couplings: list[float], temperature: float, until: float, **more: Any) -> Tables:
    """Few modes on a tilted qubit."""
    density = {"kind": "discrete", "frequencies": frequencies, "couplings": couplings}
    found = one(density, temperature, until, hamiltonian={"z": 0.3, "x": 0.4})
    found["evolution"]["record_every"] = until / 10
    return found | more


def system(hamiltonian: Any, initial: Any) -> Tables:
    return {"system": {"hamiltonian": hamiltonian, "initial": initial}}


def exchanging(density: Tables, until: float, initial: Any = "+z") -> Tables:
    found = one(density, 0.0, until, hamiltonian={"z": 0.25}, operator="sigma_minus", kind="exchange")
    found["system"]["initial"] = initial
    found["evolution"]["record_every"] = until / 10
    return found


def table_density() -> Tables:
    """w^2 exp(-w) up to 12, as measured data come."""
    w = np.linspace(0.0, 12.0, 121)
    return {"kind": "table", "frequencies": w.tolist(), "values": (0.05 * w**2 * np.exp(-w)).tolist(), "ends": "hard"}


def file_case(path: Path, every: float, until: float | None = None) -> Tables:
    """The physics of a configuration."""
    tables = tomllib.loads(path.read_text())
    tables["evolution"] = {"until": until or tables["evolution"]["until"], "record_every": every}
    tables["bath"].pop("modes", None)
    return {key: value for key, value in tables.items() if key != "run"}


def named_problems() -> list[Problem]:
    """Those that are always the same."""
    closed: dict[str, Tables] = {
        "hard s=.5 T=0": dephased(power(0.03, 0.5, "hard"), 0.0, 10.0),
        "hard s=1 T=.2": dephased(power(0.05, 1, "hard"), 0.2, 10.0, initial=["0.8", "0.36+0.48j"]),
        "hard s=3 T=1": dephased(power(0.1, 3, "hard"), 1.0, 10.0),
        "exponential s=.5 T=.5": dephased(power(0.02, 0.5, "exponential"), 0.5, 5.0),
        "exponential s=1 T=0": dephased(power(0.05, 1, "exponential", 2.0), 0.0, 8.0),
        "exponential s=1 T=5": dephased(power(0.01, 1, "exponential"), 5.0, 3.0),
        "exponential s=3 T=1, mixed": dephased(
            power(0.03, 3, "exponential"), 1.0, 5.0, initial=[[0.7, "0.2-0.1j"], ["0.2+0.1j", 0.3]]
        ),
        "Gaussian s=.5 T=1": dephased(power(0.02, 0.5, "gaussian", 2.0), 1.0, 4.0),
        "Gaussian s=1 T=0": dephased(power(0.1, 1, "gaussian", 2.0), 0.0, 6.0),
        "Gaussian s=3 T=2": dephased(power(0.03, 3, "gaussian"), 2.0, 6.0),
        "Drude T=.5": dephased(drude(0.1, 1.0), 0.5, 5.0),
        "Drude T=5, slow": dephased(drude(0.02, 0.2), 5.0, 5.0),
        "Brownian T=1": dephased(
            {"kind": "brownian", "reorganisation_energy": 0.05, "frequency": 1.0, "width": 0.4}, 1.0, 8.0
        ),
        "Brownian T=.1, narrow": dephased(
            {"kind": "brownian", "reorganisation_energy": 0.1, "frequency": 1.0, "width": 0.1}, 0.1, 10.0
        ),
        "semicircle T=.3": dephased(
            {"kind": "semicircle", "coupling": 0.3, "centre": 1.0, "half_width": 0.6}, 0.3, 10.0
        ),
        "table T=.5": dephased(table_density(), 0.5, 6.0),
        "exponential s=1 T=.1, long": dephased(power(0.02, 1, "exponential"), 0.1, 100.0, splitting=0.1),
        "three levels, exponential T=.3": dephased(power(0.05, 1, "exponential"), 0.3, 5.0)
        | system(diagonal([0.5, 0.0, -0.4]), equal(3))
        | {"coupling": {"operator": diagonal([0.7, -0.1, -0.5])}},
        "four levels, Drude T=1": dephased(drude(0.1, 1.0), 1.0, 3.0)
        | system(diagonal([0.5, 0.2, -0.1, -0.4]), equal(4))
        | {"coupling": {"operator": diagonal([0.8, 0.3, -0.2, -0.6])}},
        "coupling in and out, exponential T=.3": dephased(power(0.1, 1, "exponential"), 0.3, 8.0)
        | {"drive": {"coupling": {"shape": "pulse", "centre": 4.0, "width": 1.2, "height": 1.0}}},
        "coupling jumps, exponential T=.3": dephased(power(0.05, 1, "exponential"), 0.3, 6.0)
        | {"drive": {"coupling": {"shape": "square", "start": 1.5, "stop": 4.0, "height": 1.0, "base": 0.4}}},
        "splitting driven, hard T=.3": dephased(power(0.05, 1, "hard"), 0.3, 8.0, initial=["0.8", "0.6"])
        | {"drive": {"hamiltonian.z": {"shape": "cosine", "amplitude": 0.5, "frequency": 2.0}}},
        "two baths, commuting, hot and cold": {
            key: value
            for key, value in two(
                power(0.03, 1, "exponential"), drude(0.1, 1.0), ({"z": 0.5}, {"z": 1.0}), 4.0
            ).items()
        }
        | system({"z": 0.3}, "+x")
        | {"evolution": {"until": 4.0, "record_every": 0.4}},
    }  # fmt: skip
    found = [Problem(name=name, tables=tables, source="commuting", truth=commuting) for name, tables in closed.items()]
    made = chains.Function(function=bump, support=(0.0, 6.0), name="bump")
    stand_in = dephased(power(0.05, 1, "hard"), 0.4, 6.0)
    found.append(Problem(name="function T=.4", tables=stand_in, source="commuting", truth=commuting, density=made))
    packets = {
        "exchange, hard T=0": exchanging(power(0.1, 1, "hard"), 10.0),
        "exchange, semicircle T=0, long": exchanging(
            {"kind": "semicircle", "coupling": 0.15, "centre": 0.6, "half_width": 0.5}, 60.0, ["0.6", "0.8"]
        ),
        "exchange, sub-Ohmic T=0": exchanging(power(0.05, 0.5, "hard"), 12.0, ["0.8", "0.6j"]),
    }
    found += [
        Problem(name=name, tables=tables, source="exchange", truth=by_exchange) for name, tables in packets.items()
    ]
    hot_cold = [
        {
            "temperature": T,
            "spectral_density": {"kind": "discrete", "frequencies": [w], "couplings": [0.2]},
            "coupling": {"operator": operator},
        }
        for T, w, operator in ((0.4, 1.0, {"z": 0.5}), (0.1, 0.7, {"x": 0.5}))
    ]
    few: dict[str, Tables] = {
        "modes, two T=0": moded([0.8, 1.3], [0.2, 0.2], 0.0, 8.0),
        "modes, two T=.3": moded([0.8, 1.3], [0.2, 0.15], 0.3, 6.0),
        "modes, one T=5": moded([2.0], [0.3], 5.0, 5.0),
        "modes, exchange T=.5": moded([0.9], [0.2], 0.5, 8.0)
        | {"coupling": {"operator": "sigma_minus", "kind": "exchange"}},
        "modes, two baths not commuting": {"bath": hot_cold, **system(QUBIT, "+z")}
        | {"evolution": {"until": 6.0, "record_every": 0.6}},
        "modes, three levels": moded([0.6, 1.1], [0.15, 0.2], 0.1, 6.0)
        | system(THREE, [0.0, 1.0, 0.0])
        | {"coupling": {"operator": LADDER}},
        "modes, four levels, mixed": moded([1.0], [0.3], 0.5, 6.0)
        | system([[0.5, 0.2, 0, 0], [0.2, 0.1, 0.2, 0], [0, 0.2, -0.2, 0.2], [0, 0, 0.2, -0.4]], diagonal([0.4, 0.3, 0.2, 0.1]))
        | {"coupling": {"operator": diagonal([0.6, 0.2, -0.2, -0.6])}},
        "modes, displaced": moded([0.8, 1.2], [0.2, 0.2], 0.0, 8.0) | {"bath": {"temperature": 0.0, "displacement": 1.0}},
        "modes, mean-force, driven": moded([0.9], [0.35], 0.6, 8.0)
        | system(QUBIT, "mean-force")
        | {"drive": {"hamiltonian.z": {"shape": "ramp", "duration": 4.0, "initial": 0.0, "final": 0.8, "profile": "smooth"}}},
        "modes, H_S jumps": moded([0.8, 1.3], [0.25, 0.2], 0.0, 8.0)
        | {"drive": {"hamiltonian.x": {"shape": "square", "start": 2.0, "stop": 5.5, "height": 0.6}}},
        "modes, coupling driven": moded([0.8, 1.3], [0.25, 0.2], 0.3, 6.0)
        | {"drive": {"coupling": {"shape": "cosine", "amplitude": 0.5, "frequency": 1.5, "offset": 1.0}}},
        "modes, one T=0, long": moded([1.0], [0.2], 0.0, 80.0),
    }  # fmt: skip
    found += [Problem(name=name, tables=tables, source="dense", truth=by_dense) for name, tables in few.items()]
    cases = ROOT / "scripts" / "bench" / "cases"
    for name, every in (("A", 1.0), ("B", 1.0), ("C", 0.5), ("D", 0.5), ("E", 0.5), ("F", 1.2)):
        tables = file_case(cases / f"{name}.toml", every)
        found.append(Problem(name=f"case {name}", tables=tables, source="stored", truth=partial(by_npz, name)))
    for path in sorted(FOREIGN.glob("*.toml")):
        t = json.loads(path.with_suffix(".json").read_text())["t"]
        tables = file_case(path, float(t[1]))
        found.append(
            Problem(name=f"foreign {path.stem}", tables=tables, source="stored", truth=partial(by_json, path.stem))
        )
    for name in NAMES:
        stored = load(name)
        tables = reference_tables(stored)
        found.append(
            Problem(name=f"reference {name}", tables=tables, source="stored", truth=partial(by_reference, stored))
        )
    continua: dict[str, Tables] = {
        "two baths, not commuting, hard": two(
            power(0.05, 1, "hard"), power(0.05, 1, "hard"), ({"z": 0.5}, {"x": 0.5}), 4.0
        ),
        "three levels, hard T=.3": one(power(0.05, 1, "hard"), 0.3, 6.0, hamiltonian=THREE, operator=LADDER),
    }
    for name, tables in continua.items():
        tables["evolution"]["record_every"] = tables["evolution"]["until"] / 10
        found.append(Problem(name=name, tables=tables, source="engine", truth=partial(by_engine, 3e-5)))
    return found


def bump(w: Any) -> Any:
    """A density that only Python can say."""
    return 0.08 * w * np.exp(-((w - 1.5) ** 2))


# --- drawn ------------------------------------------------------------------------------------------------------------------------


def drawn_problems(seed: int, count: int) -> list[Problem]:
    """Half of them few modes of any kind, the others continua: pure dephasing, and one quantum where it is exchanged."""
    return [few_modes(seed, k) if k % 2 == 0 else a_continuum(seed, k) for k in range(count)]


def few_modes(seed: int, number: int) -> Problem:
    """A model of `tests.oracles.random_models`, of which what is numerical is taken out."""
    for attempt in itertools.count():
        raw = draw(np.random.default_rng([seed, number, attempt]), "tdvp")
        evolution = raw["evolution"]
        if evolution["until"] < FULLEST:
            continue
        baths = raw["bath"] if isinstance(raw["bath"], list) else [raw["bath"]]
        for bath in baths:
            for key in ("route", "levels"):
                bath.pop(key, None)
        until = evolution["until"]
        kept = {key: raw[key] for key in ("bath", "spectral_density", "coupling", "system", "drive") if key in raw}
        alpha_S = raw["thermodynamics"]["alpha_S"]
        tables = kept | {
            "evolution": {"until": until, "record_every": until / 8},
            "thermodynamics": {"alpha_S": alpha_S},
        }
        try:
            answer = by_dense(tables)
        except TooLarge:
            continue
        return Problem(name=f"drawn {number}: modes", tables=tables, source="dense", truth=partial(kept_answer, answer))
    raise AssertionError


def kept_answer(answer: Truth, tables: Tables) -> Truth:
    """What was made when the model was drawn, to know that it can be."""
    return answer


def a_continuum(seed: int, number: int) -> Problem:
    """Pure dephasing or exchange, everything else by chance."""
    rng = np.random.default_rng([seed, number])
    if rng.random() < 0.2:
        density = power(float(rng.uniform(0.02, 0.15)), float(rng.choice([0.5, 1.0, 2.0])), "hard")
        angle = rng.uniform(0, np.pi / 2)
        tables = exchanging(density, float(rng.uniform(4, 15)), [str(np.cos(angle)), str(np.sin(angle))])
        return Problem(name=f"drawn {number}: exchange", tables=tables, source="exchange", truth=by_exchange)
    levels = int(rng.choice([2, 2, 3, 4]))
    density, fastest = any_density(rng)
    until = float(np.clip(60 / fastest, 1.0, 8.0))
    temperature = float(rng.choice([0.0, rng.uniform(0.05, 0.5), rng.uniform(0.5, 2.0), rng.uniform(2.0, 5.0)]))
    energies, a = rng.uniform(-0.6, 0.6, levels), rng.uniform(-0.5, 0.5, levels)
    vectors = rng.normal(size=(levels, 2)) + 1j * rng.normal(size=(levels, 2))
    vectors[:, 1] *= rng.random() < 0.5
    rho = vectors @ vectors.conj().T
    rho /= np.trace(rho).real
    initial = [[f"{z.real:.17g}{z.imag:+.17g}j" for z in row] for row in rho]
    tables = dephased(density, temperature, until) | system(diagonal(energies.tolist()), initial)
    tables["coupling"] = {"operator": diagonal(a.tolist())}
    if rng.random() < 0.25:
        cosine = {"shape": "cosine", "amplitude": float(rng.uniform(0.1, 0.6)), "frequency": float(rng.uniform(0.5, 4))}
        tables["drive"] = {"hamiltonian.own": cosine | {"operator": diagonal(rng.uniform(-1, 1, levels).tolist())}}
    kind = density["kind"] if density["kind"] != "power-law" else density["shape"]
    return Problem(name=f"drawn {number}: {kind}", tables=tables, source="commuting", truth=commuting)
