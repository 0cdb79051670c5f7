"""I(S:B)/S_S between its quantum limit, 2, and the classical one, 1, and below both: over temperature, for three couplings.

dephasing    H_S = .1 sigma_z, A = sigma_z/2, start |+x>
tunnelling   H_S = .1 (sigma_x + sigma_z), A = sigma_z/2, start |+x>
exchange     H_S = .3 sigma_z, L = sigma_minus, start in the ground state

Baths: the continuum J = 2 alpha w on [0, 1], at t = 4; for dephasing (t = 8) and exchange a single mode as well, in closed form.
I <= 2 S_S always. Dephasing from a pure state has I >= S_S: the bath ends in a mixture sum_a p_a U_a rho_B U_a^dag of states of equal
entropy, and entropy is concave, so that Delta S_B >= 0. Every number of a continuum is a bracket, lower <= I/S_S <= upper, for the state
that was evolved (the 1 of dephasing: for the model): its middle is drawn where it is close, a bar from end to end where it is not.
`evolution` is how far both ends move with rougher settings of the evolution; "-": there was no rougher run (--quick, exchange, a
temperature at which it costs too much).

    python scripts/studies/mutual_information.py [--quick] [--out results/mutual_information]

writes table.csv and figure.png: a minute or two on one core once the kernels are compiled, less with --quick.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from shared import asked, write_table

import chains
import tnthermo as tt
from tnthermo.figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, STYLE, WIDTH

AT, SINGLE_AT = 4.0, 8.0  # times: of all, and of dephasing by a single mode
SPLITTING = 0.6  # of the ground state, and the frequency of the single mode
NARROW = 0.05  # a bracket, of I/S_S, that is as good as a number
SLACK = 1e-3  # weights left out by the projections, relative to S_S


@dataclass(frozen=True, kw_only=True)
class Point:
    """One ratio: lower <= I(S:B)/S_S <= upper; close: no wider than `NARROW`."""

    coupling: str
    bath: str  # "continuum" or "1 mode"
    strength: float  # alpha; g where there is one mode
    temperature: float
    S_S: float
    lower: float
    upper: float
    close: bool
    evolution: float  # how far the bounds move with rougher evolution; 0: closed form, nan: not asked
    seconds: float  # without compilation

    def __post_init__(self) -> None:
        if not -SLACK <= self.lower <= self.upper + SLACK <= 2 + 2 * SLACK:
            raise ArithmeticError(f"not a bracket: {self}")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is computed."""

    temperatures: tuple[float, ...]
    strengths: tuple[float, ...]
    single: tuple[float, ...]
    exchange: tuple[float, ...]
    error_bars: float  # up to this temperature; beyond it the rougher run costs too much


FULL = Plan(
    temperatures=(0.0, 0.04, 0.07, 0.12, 0.2, 0.35, 0.6, 1.0, 2.0), strengths=(0.05, 0.2),
    single=(0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0, 10.0, 30.0), exchange=(0.1, 0.2, 0.5, 1.0), error_bars=0.2,
)  # fmt: skip
QUICK = Plan(temperatures=(0.0, 0.1, 0.5), strengths=(0.1,), single=(0.0, 0.3, 30.0), exchange=(0.1,), error_bars=-1.0)


def straight(alpha: float) -> chains.PowerLaw:
    """J = 2 alpha w on [0, 1]."""
    return chains.PowerLaw(alpha=alpha, shape="hard")


def one_mode(g: float) -> chains.Discrete:
    return chains.Discrete(frequencies=[SPLITTING], couplings=[g])


def solved(g: float, T: float) -> Point:
    """Dephasing by a single mode in closed form."""
    start, density = time.perf_counter(), one_mode(g)
    found = tt.dephasing(
        density.frequencies, density.couplings, temperature=T, initial="+x", times=[SINGLE_AT], operator={"z": 0.5}, missing=1e-6,
    )  # fmt: skip
    S = float(found.S_S[0])
    return Point(
        coupling="dephasing", bath="1 mode", strength=g, temperature=T, S_S=S, lower=1 + float(found.Delta_S_B_lower[0]) / S,
        upper=min(2.0, 1 + float(found.Delta_S_B_upper[0]) / S), close=True, evolution=0.0, seconds=time.perf_counter() - start,
    )  # fmt: skip


def model_of(coupling: str, density: chains.SpectralDensity, T: float) -> tt.Model:
    discrete = isinstance(density, chains.Discrete)
    sites = None if discrete else chains.required_length(density, temperature=T, until=AT)
    if coupling == "exchange":
        pair = chains.thermofield_chains(density, sites, temperature=T)
        return tt.JaynesCummings(hamiltonian={"z": SPLITTING / 2}, coupling="sigma_minus", bath=pair)
    H = {"z": 0.1} if coupling == "dephasing" else {"x": 0.1, "z": 0.1}
    return tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.chain(density, sites, temperature=T))


def run(coupling: str, density: chains.SpectralDensity, strength: float, T: float, plan: Plan) -> Point:
    """A run, and what it says of its last state."""
    start, error_bars = time.perf_counter(), plan.error_bars >= T and coupling != "exchange"
    bond = (
        4 if coupling == "dephasing" else 20
    )  # two branches need no more than a bond of 2, of which the rougher run has half
    trajectory = tt.evolve(
        model_of(coupling, density, T), initial="-z" if coupling == "exchange" else "+x", until=AT, record_every=AT,
        algorithm=tt.TDVP(step=0.25, tolerance=1e-5, max_bond=bond, order=4), error_bars=error_bars, occupation_every=math.inf,
        variance_every=math.inf, bath_entropy="auto", bath_entropy_every=AT,
    )  # fmt: skip
    compiling = trajectory.compile_seconds + (trajectory.rough.compile_seconds if trajectory.rough else 0.0)
    found = tt.ledger(trajectory).isel(t=-1)
    S = float(found["S_S"])
    names = ("S_chi_lower", "S_chi_upper")
    lower, upper = (float(found[name]) / S for name in names)
    moved = max(float(found[f"{name}_error"]) for name in names) / S if error_bars else math.nan
    if coupling == "dephasing":
        lower = max(lower, 1.0)
    return Point(
        coupling=coupling, bath="1 mode" if isinstance(density, chains.Discrete) else "continuum", strength=strength, temperature=T,
        S_S=S, lower=lower, upper=upper, close=upper - lower < NARROW, evolution=moved,
        seconds=time.perf_counter() - start - compiling,
    )  # fmt: skip


def resonant_exchange(g: float, T: float, t: float) -> tuple[float, float]:
    """(S_S, I/S_S) of one resonant mode from the ground state: |1, n> turns into |0, n - 1> with probability sin(g sqrt(n) t)^2."""
    n = np.arange(20 + int(40 * T / SPLITTING))
    p = np.exp(-SPLITTING * n / T)
    p /= p.sum()
    gone = p * np.sin(g * np.sqrt(n) * t) ** 2
    q = p - gone + np.append(gone[1:], 0.0)
    up = gone.sum()

    def entropy(weights: np.ndarray) -> float:
        weights = weights[weights > 0]
        return float(-np.sum(weights * np.log(weights)))

    S = entropy(np.array([up, 1 - up]))
    return S, 1 + (entropy(q) - entropy(p)) / S


def points(plan: Plan) -> list[Point]:
    """All of them, printed as they come."""
    found: list[Point] = []
    print(f"{'coupling':11}{'bath':10}{'strength':>10}{'T':>7}{'S_S':>9}   {'I/S_S':17}{'evolution':>10}{'s':>7}")

    def add(point: Point) -> None:
        found.append(point)
        mark = "" if point.close else "bounds"
        moved = "-" if math.isnan(point.evolution) else f"{point.evolution:.0e}"
        print(
            f"{point.coupling:11}{point.bath:10}{point.strength:10g}{point.temperature:7g}{point.S_S:9.4f}   "
            f"{point.lower:.4f} .. {point.upper:.4f} {moved:>10}{point.seconds:7.1f}  {mark}",
            flush=True,
        )

    for T in plan.single:
        add(solved(0.25, T))
    for coupling in ("dephasing", "tunnelling"):
        for alpha in plan.strengths:
            for T in plan.temperatures:
                add(run(coupling, straight(alpha), alpha, T, plan))
    for T in (0.2, 1.0):
        add(run("exchange", one_mode(0.25), 0.25, T, plan))
    for alpha in plan.strengths:
        for T in plan.exchange:
            add(run("exchange", straight(alpha), alpha, T, plan))
    return found


COLD = 0.02  # where T = 0 stands on the axis
PANELS = {
    "dephasing": "dephasing, $A=\\sigma_z/2$",
    "tunnelling": "tunnelling, $A=\\sigma_z/2$",
    "exchange": "exchange, $L=\\sigma_-$, ground state",
}
LOOKS = {0.05: (BLUE, "o"), 0.2: (RED, "s")}  # of a continuum


def draw(found: list[Point], path: Path) -> None:
    """Three panels over one temperature axis."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, 3, figsize=(2 * WIDTH + 0.4, 2.6), sharex=True, sharey=True, layout="constrained"
        )
        for panel, (axis, (coupling, title)) in enumerate(zip(axes, PANELS.items(), strict=True)):
            for level, style in ((2.0, "--"), (1.0, ":")):
                axis.axhline(level, color="0.55", lw=0.8, ls=style, zorder=0)
            if coupling == "exchange":
                T = np.geomspace(0.06, 30, 120)
                for g, colour, style in ((0.1, ORANGE, "--"), (0.25, GREEN, "-"), (0.5, PURPLE, "-.")):
                    axis.plot(
                        T,
                        [resonant_exchange(g, x, AT)[1] for x in T],
                        color=colour,
                        ls=style,
                        label=f"1 mode, $g={g:g}$",
                    )
            mine = [point for point in found if point.coupling == coupling]
            for bath, strength in dict.fromkeys((point.bath, point.strength) for point in mine):
                series(axis, [p for p in mine if (p.bath, p.strength) == (bath, strength)])
            axis.set_xlabel("temperature $T$")
            axis.set_title(f"({'abc'[panel]}) {title}", loc="left", fontsize=8, pad=3)
            where: dict[str, Any] = {"loc": "lower left", "handlelength": 0.8, "handletextpad": 0.4}
            if panel == 2:
                where = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.9), "handlelength": 1.9}
            axis.legend(fontsize=6.5, frameon=False, labelspacing=0.3, borderaxespad=0.2, **where)
        axes[0].set_ylim(0, 2.2)
        axes[0].set_xscale("log")
        axes[0].set_xlim(0.015, 40)
        axes[0].set_ylabel("$I(S{:}B)/S_S$")
        axes[0].set_xticks([COLD, 0.1, 1, 10], ["0", "0.1", "1", "10"])
        axes[0].text(37, 2.02, "quantum", ha="right", va="bottom", fontsize=6.5, color="0.35")
        axes[0].text(37, 0.97, "classical", ha="right", va="top", fontsize=6.5, color="0.35")
        figure.savefig(path, dpi=180)
        plt.close(figure)


def series(axis: plt.Axes, mine: list[Point]) -> None:
    """A line over T through what is known closely, with an error bar; a bar from bound to bound elsewhere. T = 0 stands at `COLD`."""
    T = np.array([point.temperature or COLD for point in mine])
    low, high, moved = (np.array([getattr(point, name) for point in mine]) for name in ("lower", "upper", "evolution"))
    close = np.array([point.close for point in mine])
    single = mine[0].bath == "1 mode"
    label = f"1 mode, $g={mine[0].strength:g}$" if single else rf"continuum, $\alpha={mine[0].strength:g}$"
    colour, marker = LOOKS.get(mine[0].strength, (GREEN, "^"))
    how: dict[str, Any] = {"marker": marker, "ms": 3.2, "lw": 1.0, "capsize": 1.5}
    if single:
        how |= (
            {"ls": "", "color": BLACK}
            if mine[0].coupling == "exchange"
            else {"ls": ":", "color": "0.45", "mfc": "white"}
        )
        label += ", run" if mine[0].coupling == "exchange" else ""
    else:
        how |= {"color": colour}
    middle = np.where(close, (low + high) / 2, np.nan)
    axis.errorbar(T, middle, yerr=(high - low) / 2 + np.nan_to_num(moved), label=label, **how)
    beside = 1.1 if marker == "s" else 1.0  # of the same temperature
    for at, below, above in zip(beside * T[~close], low[~close], high[~close], strict=True):
        axis.errorbar(at, (below + above) / 2, yerr=(above - below) / 2, color=how["color"], lw=1.0, capsize=2.5)


def main(arguments: list[str] | None = None) -> list[Point]:
    options = asked(
        "mutual_information", "I(S:B)/S_S over temperature for three couplings", "few points, roughly", arguments
    )
    start = time.perf_counter()
    found = points(QUICK if options.quick else FULL)
    write_table([asdict(point) for point in found], options.out)
    draw(found, options.out / "figure.png")
    print(f"{time.perf_counter() - start:.0f} s; {options.out / 'table.csv'}, {options.out / 'figure.png'}")
    return found


if __name__ == "__main__":
    main()
