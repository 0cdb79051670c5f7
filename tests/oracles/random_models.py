"""Random small models as configuration files, and the same file told to the dense oracle: nothing of the program's own reading is used.

A model is the tables of a TOML file, drawn from a seed. Numbers have few digits, so that a failing file can be read.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator, make_interp_spline

from tests.oracles.amplitudes import Bath, Dense, Factor, TooLarge
from tnthermo.configuration.drives import DRIVE_SHAPES

Array = np.ndarray
Tables = dict[str, Any]

PAULI = {
    "i": np.eye(2), "x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1.0, -1.0]),
}  # fmt: skip
METHODS = {"tdvp": 0.42, "tdvp1": 0.13, "tdvp2": 0.14, "tebd": 0.13, "exact": 0.18}
SQUARE = "square" in DRIVE_SHAPES
INTERPOLATIONS = ("pchip", "linear", "cubic") if "interpolation" in DRIVE_SHAPES["table"].model_fields else ()
LARGEST = 30_000  # entries of the oracle's amplitudes that a drawn model may need
SEVERAL = 3.0  # largest size of an occupation's square root that a start may have


# --- drawing ----------------------------------------------------------------------------------------------------------------------


def draw(rng: np.random.Generator, only: str | None = None) -> Tables:
    """The tables of one random model; ``only``: with this method."""
    method = only or str(rng.choice(list(METHODS), p=list(METHODS.values())))
    d = int(rng.choice([2, 3, 4], p=[0.5, 0.3, 0.2]))
    several = rng.random() < 0.35
    counts = [1, int(rng.integers(1, 3))] if several else [int(rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))]
    start = str(rng.choice(["pure", "mixed", "displaced", "mean-force"], p=[0.42, 0.24, 0.2, 0.14]))
    if (method == "tdvp1" and start in ("displaced", "mean-force")) or (
        method == "time-bins" and start == "mean-force"
    ):
        start = "mixed"
    baths = [_bath(rng, d, count) for count in counts]
    lowest = min(min(bath["spectral_density"]["frequencies"]) for bath in baths)
    alike = start == "mean-force" or rng.random() < 0.4
    one = _temperature(rng, lowest, sum(counts), warm=start == "mean-force")
    for bath in baths:
        own = min(bath["spectral_density"]["frequencies"])
        bath["temperature"] = one if alike else _temperature(rng, own, sum(counts), warm=False)
        exchange = bath["coupling"].get("kind") == "exchange"
        routes = ["auto", "two-chains", "star-cells"] + ([] if exchange else ["single-chain"])
        bath["route"] = str(rng.choice(routes))
        if method == "time-bins" and rng.random() < 0.6:
            bath["route"] = "time-bins"
        if start == "displaced":
            bath["displacement"] = _displacement(rng, len(bath["spectral_density"]["frequencies"]))
    if rng.random() < 0.2:
        levels = int(rng.integers(24, 40)) if rng.random() < 0.8 else int(rng.integers(3, 6))
        for bath in baths:
            bath["levels"] = levels
    step = float(rng.choice([0.02, 0.05, 0.1, 0.2, 0.25]))
    steps = int(rng.choice([1, 2, rng.integers(3, 10), rng.integers(10, 31)], p=[0.05, 0.05, 0.25, 0.65]))
    until = _short((steps - (0.37 if rng.random() < 0.15 and steps > 1 else 0)) * step)
    evolution: Tables = {"method": method, "until": until, "step": step}
    if rng.random() < 0.5:
        every = _short(step * int(rng.choice([2, 3, 4, 5, 7])))
        if every <= until:  # else it is refused
            evolution["record_every"] = every
    evolution["tolerance"] = float(f"{10 ** rng.uniform(-9, -4):.0e}")
    if method != "exact":
        if rng.random() < 0.5:
            evolution["max_bond"] = int(rng.choice([2, 3, 4])) if rng.random() < 0.16 else int(rng.integers(16, 49))
        if rng.random() < 0.25:
            evolution["order"] = 4
    if method == "tdvp1":
        evolution["bond"] = int(rng.integers(6, 20))
        evolution.pop("max_bond", None)
    if method == "tdvp" and evolution.get("max_bond", 0) >= 16 and rng.random() < 0.1:
        evolution["taper"] = 0.05
    _make_possible(baths, evolution)
    system: Tables = {"hamiltonian": _matrix(_hermitian(rng, d, rng.uniform(0.2, 0.8)))}
    system["initial"] = (
        "mean-force" if start == "mean-force" else _initial(rng, d, mixed=start == "mixed" or rng.random() < 0.25)
    )
    tables: Tables = {"system": system, "evolution": evolution}
    if len(baths) == 1:
        tables |= {key: baths[0].pop(key) for key in ("spectral_density", "coupling")} | {"bath": baths[0]}
    else:
        tables["bath"] = baths
    tables["thermodynamics"] = {"alpha_S": _short(rng.uniform(-0.5, 1.5))}
    if rng.random() < 0.5:
        tables["thermodynamics"]["bath_entropy_every"] = evolution.get("record_every", step)
    if rng.random() < 0.1:
        tables["thermodynamics"]["bath_entropy"] = "bracket"
    if rng.random() < 0.55:
        tables["drive"] = _drives(rng, d, until, step, len(baths))
    tables["record"] = {"observables": {"mine": _matrix(_hermitian(rng, d, 1.0))}}
    if rng.random() < 0.4:
        tables["record"] |= dict.fromkeys(("occupation_every", "variance_every"), evolution.get("record_every", step))
    return tables


def _short(number: float) -> float:
    return float(f"{number:.6g}")


def _bath(rng: np.random.Generator, d: int, count: int) -> Tables:
    frequencies = sorted(_short(w) for w in rng.uniform(0.4, 2.0, count).round(3))
    if count > 1 and rng.random() < 0.06:
        frequencies[0] = frequencies[1]
    couplings = [_short(g) for g in (rng.uniform(0.03, 0.6, count) * rng.choice([-1, 1], count)).round(3)]
    density = {"kind": "discrete", "frequencies": frequencies, "couplings": couplings}
    coupling: Tables = {"operator": _matrix(_hermitian(rng, d, rng.uniform(0.3, 1.0)))}
    if rng.random() < 0.35:
        coupling = {"operator": _matrix(_complex(rng, d, rng.uniform(0.3, 1.0))), "kind": "exchange"}
    return {"spectral_density": density, "coupling": coupling}


def _temperature(rng: np.random.Generator, lowest: float, modes: int, *, warm: bool) -> float:
    if not warm and rng.random() < 0.4:
        return 0.0
    most = 5.0 if modes == 1 and rng.random() < 0.3 else 2.0
    return max(0.01, _short(rng.uniform(0.25 if warm else 0.05, most) * lowest))


def _displacement(rng: np.random.Generator, modes: int) -> Any:
    if rng.random() < 0.5:
        return _short(rng.uniform(-1.5, 1.5))
    return [_text(complex(*rng.uniform(-1, 1, 2).round(2))) for _ in range(modes)]


def _complex(rng: np.random.Generator, d: int, size: float) -> Array:
    matrix = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    return (matrix * size / np.linalg.norm(matrix, 2)).round(3)


def _hermitian(rng: np.random.Generator, d: int, size: float) -> Array:
    matrix = _complex(rng, d, 1.0)
    matrix = matrix + matrix.conj().T
    matrix = (matrix * size / np.linalg.norm(matrix, 2)).round(3)
    return (matrix + matrix.conj().T) / 2


def _initial(rng: np.random.Generator, d: int, *, mixed: bool) -> Any:
    if d == 2 and not mixed and rng.random() < 0.3:
        return str(rng.choice(["+x", "-x", "+y", "-y", "+z", "-z"]))
    rank = int(rng.integers(2, d + 1)) if mixed else 1
    vectors = rng.normal(size=(d, rank)) + 1j * rng.normal(size=(d, rank))
    rho = vectors @ vectors.conj().T
    if mixed:
        return _matrix(rho / np.trace(rho).real)
    return [_text(z) for z in vectors[:, 0] / np.linalg.norm(vectors)]


def _matrix(matrix: Array) -> list[list[Any]]:
    return [[_text(z) for z in row] for row in matrix]


def _text(z: complex) -> Any:
    z = complex(z)
    return float(z.real) if z.imag == 0 else str(z).strip("()")


def _make_possible(baths: list[Tables], evolution: Tables) -> None:
    """tdvp2 and tebd see neighbours on the line only: one chain, or two with the system between."""
    if evolution["method"] not in ("tdvp2", "tebd"):
        return
    for bath in baths:
        if bath["route"] == "star-cells":
            bath["route"] = "auto"
        warm = bath["temperature"] > 0
        if len(baths) == 2 and warm:
            if bath["coupling"].get("kind") == "exchange":
                bath["coupling"] = {"operator": _matrix(_real_part(bath["coupling"]["operator"]))}
            bath["route"] = "single-chain"
    chains = sum(
        2 if b["temperature"] > 0 and (b["route"] == "two-chains" or b["coupling"].get("kind") == "exchange") else 1
        for b in baths
    )
    if chains == 2:
        evolution["layout"] = "middle"


def _real_part(operator: Any) -> Array:
    matrix = numbers(operator)
    return (matrix + matrix.conj().T) / 2


def _drives(rng: np.random.Generator, d: int, until: float, step: float, baths: int) -> Tables:
    found: Tables = {}
    if rng.random() < 0.65:
        entry = _drive(rng, until, step, size=0.6, base=0.0)
        if d == 2 and rng.random() < 0.5:
            found[f"hamiltonian.{rng.choice(list('xyz'))}"] = entry
        else:
            found["hamiltonian.push"] = entry | {"operator": _matrix(_hermitian(rng, d, 1.0))}
    if not found or rng.random() < 0.5:
        key = "coupling" if baths == 1 or rng.random() < 0.4 else f"coupling.{rng.integers(baths)}"
        found[key] = _drive(rng, until, step, size=1.0, base=1.0)
    return found


def _drive(rng: np.random.Generator, until: float, step: float, *, size: float, base: float) -> Tables:
    """One drive; ``base`` is where a factor of a coupling is at rest."""
    kinds = ["ramp", "pulse", "narrow", "cosine", "table"] + (["square"] if SQUARE else [])
    kind = str(rng.choice(kinds))
    height = _short(size * rng.uniform(0.3, 1.0) * rng.choice([-1, 1]))
    if kind == "ramp":
        ends = {"start": _short(rng.uniform(-0.2, 0.6) * until), "duration": _short(rng.uniform(0.1, 0.8) * until)}
        profile = {"profile": "smooth"} if rng.random() < 0.5 else {}
        return {
            "shape": "ramp",
            **ends,
            "initial": _short(base - height / 2),
            "final": _short(base + height / 2),
            **profile,
        }
    if kind == "pulse":
        place = {"centre": _short(rng.uniform(0, 1) * until), "width": _short(rng.uniform(0.1, 0.5) * until)}
        return {"shape": "pulse", **place, "height": height, "base": base}
    if kind == "narrow":
        width = _short(step * 10 ** rng.uniform(-2, 0))
        # of an area that turns the system by something like 1
        return {
            "shape": "pulse", "centre": _short(rng.uniform(0.1, 0.9) * until), "width": width,
            "height": _short(height * min(1 / width, 200.0) * 0.4), "base": base,
        }  # fmt: skip
    if kind == "cosine":
        return {
            "shape": "cosine", "amplitude": height, "frequency": _short(10 ** rng.uniform(-0.5, 1.0)),
            "phase": _short(rng.uniform(-3, 3)), "offset": base,
        }  # fmt: skip
    if kind == "square":
        a, b = sorted(_short(t) for t in rng.uniform(0.05, 0.95, 2) * until)
        return {"shape": "square", "start": a, "stop": max(b, _short(a + 0.02 * until)), "height": height, "base": base}
    points = int(rng.integers(4, 9))
    inner = np.sort(rng.uniform(0.05, 0.95, points)) * until
    times = [_short(t) for t in inner if t > 0]
    values = [_short(base + height * v) for v in rng.uniform(-0.5, 1.0, points)]
    more = {"interpolation": str(rng.choice(INTERPOLATIONS))} if INTERPOLATIONS else {}
    return {"shape": "table", "times": times, "values": values, **more}


# --- the same to the oracle -------------------------------------------------------------------------------------------------------


def numbers(value: Any) -> Array:
    """Pauli components, or nested lists of numbers and strings, as a matrix or vector."""
    if isinstance(value, dict):
        return sum(float(number) * PAULI[name] for name, number in value.items()) + np.zeros((2, 2), dtype=complex)
    if value in ("sigma_minus", "sigma_plus"):
        return (
            np.array([[0, 0], [1, 0]], dtype=complex)
            if value == "sigma_minus"
            else np.array([[0, 1], [0, 0]], dtype=complex)
        )
    return np.array([[complex(z) for z in row] if isinstance(row, list) else complex(row) for row in value])


def bath_tables(tables: Tables) -> list[Tables]:
    """Each bath with its density and coupling inside."""
    if isinstance(tables["bath"], list):
        return tables["bath"]
    return [tables["bath"] | {key: tables[key] for key in ("spectral_density", "coupling")}]


def dense(tables: Tables) -> Dense:
    """The model of a file with discrete baths, in a space as large as its thermal, displaced and driven occupations need.

    Raises `TooLarge`.
    """
    H = numbers(tables["system"]["hamiltonian"])
    until = float(tables["evolution"]["until"])
    entries = {key: (factor(entry), entry) for key, entry in tables.get("drive", {}).items()}
    drives = tuple(
        (made, numbers(entry["operator"]) if "operator" in entry else PAULI[key.partition(".")[2]] + 0j)
        for key, (made, entry) in entries.items()
        if key.startswith("hamiltonian.")
    )
    baths = []
    for j, table in enumerate(bath_tables(tables)):
        strength = entries.get("coupling", entries.get(f"coupling.{j}", (None, None)))[0]
        w, g = (tuple(map(float, table["spectral_density"][key])) for key in ("frequencies", "couplings"))
        x = table.get("displacement")
        alpha = None
        if x is not None:
            moved = [-x * b / a for a, b in zip(w, g, strict=True)] if isinstance(x, float) else map(complex, x)
            alpha = tuple(moved)
        baths.append(
            Bath(
                operator=numbers(table["coupling"]["operator"]), frequencies=w, couplings=g, alpha=alpha, strength=strength,
                temperature=float(table["temperature"]), exchange=table["coupling"].get("kind") == "exchange",
            )
        )  # fmt: skip
    levels = tuple(n for bath in baths for n in _levels(bath, until))
    rho = initial_state(tables["system"]["initial"])
    if H.shape[0] * math.prod(levels) > LARGEST:
        raise TooLarge(str(levels))
    return Dense(hamiltonian=H, baths=tuple(baths), initial=rho, levels=levels, drives=drives)


def idle_entropy(tables: Tables) -> float:
    """Entropy (nats) of what does not couple, constant in time: of modes of equal frequency all combinations but one."""
    found = 0.0
    for table in bath_tables(tables):
        w, T = table["spectral_density"]["frequencies"], float(table["temperature"])
        for frequency in set(w) if T > 0 else ():
            x = math.exp(-frequency / T)
            found += (w.count(frequency) - 1) * (frequency / T * x / (1 - x) - math.log1p(-x))
    return found


def initial_state(value: Any) -> Array | None:
    """rho_S, None for "mean-force"."""
    if value == "mean-force":
        return None
    if isinstance(value, str):
        return (np.eye(2) + (1 if value[0] == "+" else -1) * PAULI[value[1]]) / 2
    array = numbers(value)
    return np.outer(array, array.conj()) if array.ndim == 1 else (array + array.conj().T) / 2


def _levels(bath: Bath, until: float) -> list[int]:
    """Levels of each mode: thermal configurations to 1e-11, pushed by what the start and the coupling do to the amplitude."""
    size = float(np.linalg.norm(bath.operator, 2))
    strength, area = 1.0, until
    if bath.strength is not None:
        t = np.linspace(0, until, 2001)
        values = np.abs([bath.strength.value(float(x)) for x in t])
        strength, area = float(values.max()), float(values.mean() * until)
    found = []
    for k, (w, g) in enumerate(zip(bath.frequencies, bath.couplings, strict=True)):
        thermal = 0.0 if math.isinf(bath.beta) else 25.0 / (bath.beta * w)
        pushed = abs(g) * size * min(area, strength * max(2 / w, 0.0)) + (abs(bath.alpha[k]) if bath.alpha else 0.0)
        spread = math.sqrt(thermal) + pushed
        found.append(math.ceil(spread**2 + 5 * pushed + 8 + 2.0 * pushed * math.sqrt(thermal) * 0.5))
    return found


def factor(entry: Tables) -> Factor:
    """A drive of the file, from its formula."""
    kind = entry["shape"]
    if kind == "ramp":
        return _ramp(entry)
    if kind == "pulse":
        c, w, h, base = (float(entry.get(key, 0.0)) for key in ("centre", "width", "height", "base"))
        return Factor(
            value=lambda t: base + h * math.exp(-((t - c) ** 2) / (2 * w * w)),
            slope=lambda t: -h * (t - c) / w**2 * math.exp(-((t - c) ** 2) / (2 * w * w)),
            knots=tuple(c + w * x for x in np.arange(-9.0, 10.0, 1.5)),
        )
    if kind == "cosine":
        a, w, p, o = (float(entry.get(key, 0.0)) for key in ("amplitude", "frequency", "phase", "offset"))
        return Factor(value=lambda t: o + a * math.cos(w * t + p), slope=lambda t: -a * w * math.sin(w * t + p))
    if kind == "square":
        a, b, h, base = (float(entry.get(key, 0.0)) for key in ("start", "stop", "height", "base"))
        return Factor(
            value=lambda t: base + (h if a <= t < b else 0.0), slope=lambda t: 0.0, breaks=(a, b), jumps=(a, b)
        )
    return _table(entry)


def _ramp(entry: Tables) -> Factor:
    start, duration = float(entry.get("start", 0.0)), float(entry["duration"])
    a, b = float(entry.get("initial", 0.0)), float(entry.get("final", 1.0))
    smooth = entry.get("profile", "linear") == "smooth"

    def value(t: float) -> float:
        u = min(max((t - start) / duration, 0.0), 1.0)
        return a + (b - a) * (u**4 * (35 - 84 * u + 70 * u**2 - 20 * u**3) if smooth else u)

    def slope(t: float) -> float:
        u = (t - start) / duration
        if not 0 <= u < 1:
            return 0.0
        return (b - a) / duration * (140 * (u * (1 - u)) ** 3 if smooth else 1.0)

    return Factor(value=value, slope=slope, breaks=(start, start + duration))


def _table(entry: Tables) -> Factor:
    t, v = np.array(entry["times"], dtype=float), np.array(entry["values"], dtype=float)
    how = entry.get("interpolation", INTERPOLATIONS[0] if INTERPOLATIONS else "cubic")
    curves = {"pchip": PchipInterpolator, "cubic": CubicSpline, "linear": partial(make_interp_spline, k=1)}
    curve = curves[how](t, v)
    rate = curve.derivative()
    return Factor(
        value=lambda x: float(v[0] if x <= t[0] else v[-1] if x >= t[-1] else curve(x)),
        slope=lambda x: float(rate(x)) if t[0] <= x < t[-1] else 0.0,
        breaks=tuple(t.tolist()),
    )
