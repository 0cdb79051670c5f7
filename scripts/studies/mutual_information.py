"""I(S:B)/S_S between its quantum limit, 2, and the classical one, 1, and below both: over temperature, for three couplings.

dephasing    H_S = .1 sigma_z, A = sigma_z/2, start |+x>; exact (`tt.dephasing`) as long as the bath has few enough states, then in bounds
tunnelling   H_S = .1 (sigma_x + sigma_z), A = sigma_z/2, start |+x>
exchange     H_S = .3 sigma_z, L = sigma_minus, start in the ground state, one or two modes

Baths of the first two: three modes, the nodes of star cells, of J = 2 alpha w on [0, 1], at t = 8; one resonant mode as well for dephasing.
I <= 2 S_S always. Dephasing from a pure state has I >= S_S: the bath ends in a mixture sum_a p_a U_a rho_B U_a^dag of states of equal
entropy, and entropy is concave, so that Delta S_B >= 0. A number stands only where it is exact; elsewhere there is a bracket, lower <=
I/S_S <= upper, rigorous for the state that was evolved (the 1 of dephasing: for the model). `evolution` is how far
both ends move with rougher settings of the evolution; "-": there was no rougher run (--quick, or a temperature at which it costs too much).

    python scripts/studies/mutual_information.py [--quick] [--out results/mutual_information]

writes table.csv and figure.png: half a minute on one core once the kernels are compiled, less with --quick.
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
from shared import asked, star_modes, write_table

import chains
import tnthermo as tt
from tnthermo.figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, STYLE, WIDTH

LATE, EARLY = 8.0, 4.0  # times of the first two couplings and of exchange
SPLITTING = 0.6  # of the ground state, and the frequency of the single mode
MODES = 3
HOTTEST_PAIR = 1.0  # of two modes with exchange coupling: beyond it the bracket says next to nothing
NARROW = 0.005  # a bracket that is as good as a number
SLACK = 1e-3  # weights left out by the projections, relative to S_S


@dataclass(frozen=True, kw_only=True)
class Point:
    """One ratio: lower <= I(S:B)/S_S <= upper; exact where every mode was kept, narrower than `NARROW`."""

    coupling: str
    modes: int
    strength: float  # alpha; g where there is one mode
    temperature: float
    S_S: float
    lower: float
    upper: float
    exact: bool
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
    most: int
    limit: int
    error_bars: float  # up to this temperature; beyond it the rougher run costs too much


FULL = Plan(
    temperatures=(0.0, 0.04, 0.07, 0.12, 0.2, 0.35, 0.6, 1.0), strengths=(0.05, 0.2),
    single=(0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0, 10.0, 30.0), exchange=(0.1, 0.2, 0.5, 1.0, 3.0, 10.0),
    most=320, limit=4000, error_bars=0.2,
)  # fmt: skip
QUICK = Plan(
    temperatures=(0.0, 0.1, 0.5), strengths=(0.1,), single=(0.0, 0.3, 30.0), exchange=(0.1, 1.0), most=60, limit=1600,
    error_bars=-1.0,
)  # fmt: skip


def modes_of(alpha: float, temperature: float, count: int = MODES) -> chains.Discrete:
    """The modes of a hard Ohmic bath that serve best at this temperature."""
    cells = chains.star_cells(chains.PowerLaw(alpha=alpha, shape="hard"), count, temperature=temperature)
    return star_modes(cells)


def one_mode(g: float) -> chains.Discrete:
    return chains.Discrete(frequencies=[SPLITTING], couplings=[g])


def solved(density: chains.Discrete, strength: float, T: float, plan: Plan) -> Point | None:
    """Dephasing in closed form; None where the bath has too many states."""
    start = time.perf_counter()
    try:
        found = tt.dephasing(
            density.frequencies, density.couplings, temperature=T, initial="+x", times=[LATE], operator={"z": 0.5},
            missing=1e-6, limit=plan.limit,
        )  # fmt: skip
    except chains.InvalidInput as error:
        if [problem.key for problem in error.problems] != ["limit"]:
            raise
        return None
    S = float(found.S_S[0])
    return Point(
        coupling="dephasing", modes=density.modes, strength=strength, temperature=T, S_S=S,
        lower=1 + float(found.Delta_S_B_lower[0]) / S, upper=min(2.0, 1 + float(found.Delta_S_B_upper[0]) / S),
        exact=True, evolution=0.0, seconds=time.perf_counter() - start,
    )  # fmt: skip


def run(coupling: str, density: chains.Discrete, strength: float, T: float, plan: Plan) -> Point:
    """A run, and what it says of its last state."""
    start, error_bars = time.perf_counter(), plan.error_bars >= T
    if coupling == "exchange":
        bath = chains.thermofield_chains(density, temperature=T)
        model = tt.JaynesCummings(hamiltonian={"z": SPLITTING / 2}, coupling="sigma_minus", bath=bath)
        initial, until, tolerance = "-z", EARLY, 1e-5
    else:
        H = {"z": 0.1} if coupling == "dephasing" else {"x": 0.1, "z": 0.1}
        star = coupling == "dephasing"  # two branches: star cells need no more than a bond of 2
        bath = (chains.star_cells if star else chains.chain)(density, temperature=T)
        model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=bath)
        initial, until, tolerance = "+x", LATE, 1e-4
    trajectory = tt.evolve(
        model, initial=initial, until=until, algorithm=tt.TDVP(step=0.25, tolerance=tolerance, max_bond=20),
        error_bars=error_bars, occupation_every=math.inf, variance_every=math.inf, bath_entropy="auto",
        bath_entropy_every=until, bath_entropy_max_bond=plan.most if T < 0.5 or coupling == "exchange" else plan.most // 2,
    )  # fmt: skip
    compiling = trajectory.compile_seconds + (trajectory.rough.compile_seconds if trajectory.rough else 0.0)
    found = tt.ledger(trajectory).isel(t=-1)
    S = float(found["S_S"])
    names = ("S_chi_lower", "S_chi_upper")
    lower, upper = (float(found[name]) / S for name in names)
    moved = max(float(found[f"{name}_error"]) for name in names) / S if error_bars else math.nan
    exact = bool(np.isfinite(float(found["S_chi"]))) and upper - lower < NARROW
    if coupling == "dephasing" and not exact:
        lower = max(lower, 1.0)
    return Point(
        coupling=coupling, modes=density.modes, strength=strength, temperature=T, S_S=S, lower=lower, upper=upper,
        exact=exact, evolution=moved, seconds=time.perf_counter() - start - compiling,
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
    print(f"{'coupling':11}{'modes':>6}{'strength':>10}{'T':>7}{'S_S':>9}   {'I/S_S':17}{'evolution':>10}{'s':>7}")

    def add(point: Point) -> None:
        found.append(point)
        mark = "exact" if point.exact else ""
        moved = "-" if math.isnan(point.evolution) else f"{point.evolution:.0e}"
        print(
            f"{point.coupling:11}{point.modes:6d}{point.strength:10g}{point.temperature:7g}{point.S_S:9.4f}   "
            f"{point.lower:.4f} .. {point.upper:.4f} {moved:>10}{point.seconds:7.1f}  {mark}",
            flush=True,
        )

    for T in plan.single:
        point = solved(one_mode(0.25), 0.25, T, plan)
        if point is not None:
            add(point)
    for alpha in plan.strengths:
        for T in plan.temperatures:
            density = modes_of(alpha, T)
            add(solved(density, alpha, T, plan) or run("dephasing", density, alpha, T, plan))
    for alpha in plan.strengths:
        for T in plan.temperatures:
            add(run("tunnelling", modes_of(alpha, T), alpha, T, plan))
    for T in plan.exchange:
        add(run("exchange", one_mode(0.25), 0.25, T, plan))
    for T in (T for T in plan.exchange if T <= HOTTEST_PAIR):
        add(run("exchange", modes_of(0.2, 0.0, 2), 0.2, T, plan))
    return found


COLD = 0.02  # where T = 0 stands on the axis
PANELS = {
    "dephasing": "dephasing, $A=\\sigma_z/2$",
    "tunnelling": "tunnelling, $A=\\sigma_z/2$",
    "exchange": "exchange, $L=\\sigma_-$, ground state",
}
LOOKS = ((BLUE, "o"), (RED, "s"), (GREEN, "^"))


def draw(found: list[Point], path: Path) -> None:
    """Three panels over one temperature axis; filled: exact, open with a bar: bracket."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, 3, figsize=(2 * WIDTH + 0.4, 2.6), sharex=True, sharey=True, layout="constrained"
        )
        for panel, (axis, (coupling, title)) in enumerate(zip(axes, PANELS.items(), strict=True)):
            for level, style in ((2.0, "--"), (1.0, ":")):
                axis.axhline(level, color="0.55", lw=0.8, ls=style, zorder=0)
            if coupling == "exchange":
                T = np.geomspace(0.06, 30, 120)
                for g, colour, style in ((0.1, ORANGE, "--"), (0.25, BLUE, "-"), (0.5, PURPLE, "-.")):
                    axis.plot(
                        T,
                        [resonant_exchange(g, x, EARLY)[1] for x in T],
                        color=colour,
                        ls=style,
                        label=f"1 mode, $g={g:g}$",
                    )
            mine = [point for point in found if point.coupling == coupling]
            for (modes, strength), (colour, marker) in zip(
                dict.fromkeys((point.modes, point.strength) for point in mine), LOOKS, strict=False
            ):
                series(axis, [p for p in mine if (p.modes, p.strength) == (modes, strength)], colour, marker, panel)
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


def series(axis: plt.Axes, mine: list[Point], colour: str, marker: str, panel: int) -> None:
    """Marks over T where the number is known, bars where it is bounded: nothing is said between two temperatures."""
    T = np.array([point.temperature or COLD for point in mine])
    low, high = (np.array([getattr(point, name) for point in mine]) for name in ("lower", "upper"))
    exact = np.array([point.exact for point in mine])
    name = {1: "1 mode", 2: "2 modes", 3: "3 modes"}[mine[0].modes]
    symbol = "g" if mine[0].modes == 1 else r"\alpha"
    label = f"{name}, ${symbol}={mine[0].strength:g}$"
    if panel == 2 and mine[0].modes == 1:
        colour, label = BLACK, "1 mode, $g=0.25$, run"
    middle = (low + high) / 2
    if exact.any():
        axis.plot(T[exact], middle[exact], marker, color=colour, ms=3.2, label=label)
        label = "_"
    if not exact.all():
        rest = ~exact
        axis.vlines(T[rest], low[rest], high[rest], color=colour, lw=1.0, label=label)
        for end in (low, high):
            axis.plot(T[rest], end[rest], "_", color=colour, ms=4)


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
