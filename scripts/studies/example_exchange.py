"""Example I of the paper, exchange of quanta, from weak to strong coupling at three temperatures: runs beside second order.

H_S = sigma_z/2 (the splitting w_0 is the unit), L = sigma_minus, J a semicircle of half width .5 about w_0 with 2 pi J(w_0) = G; a start
with coherence. The bath is the continuum, on chains that its front does not reach the end of; of its entropy there is a value with an error
bar where the bounds on it are close, at T = 1 and strong coupling a bar from bound to bound.

- Second order: `closed_forms.exchange`, valid for 1/w_0, 1/half_width << t << 1/G; T_S -> [61], T_B = its limit [69], T_ext_S -> T [64].
- dS_B = beta dQ_B to second order [70, 71]: here measured on both sides; what is missing is -Sigma_B. At t = 8, Delta S_B is
  .89, .76, .59, .45, .33, .16 of beta Q_B at T = .2, G = .003, .01, .03, .06, .1, .2, and .98, .97, .91, .81, .67 at T = 1, where
  the last lies between .19 and .27.
- The rates of second order hold from the start on, those of the run only after the memory of J, a few 1/half_width: S_S lags behind.
- T = 0: one quantum, exact at any coupling (`closed_forms.one_excitation`).

    python scripts/studies/example_exchange.py [--quick] [--out results/example_exchange]

writes table.csv and figure.png, in two minutes on one core.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from shared import asked, star_modes, write_table

import chains
import tnthermo as tt
from tnthermo.figures.style import BLUE, GREEN, PURPLE, RED, STYLE, WIDTH

W0, HALF_WIDTH = 1.0, 0.5
UNTIL, AT = 16.0, 8.0  # end of the runs over time; time of the panels over coupling
EVERY = 2.0  # interval at which the entropy of the bath is enclosed in the runs over time
NODES = 40  # of the exact solution at T = 0
START = np.array([np.sqrt(0.7), np.sqrt(0.3) * np.exp(0.4j)])
LOOKS = {0.0: (BLUE, "o"), 0.2: (GREEN, "^"), 1.0: (RED, "s")}
STRENGTHS, QUICK = (0.003, 0.01, 0.03, 0.06, 0.1, 0.2), (0.01, 0.03, 0.1)
WEAK = 0.03  # of the panels over time
COLUMNS = ("S_S", "Delta_S_B", "S_chi", "Sigma_S", "Sigma_B", "Sigma_total", "Q_B", "E_B", "T_S", "T_ext_S")
BOUNDED = ("S_chi", "Delta_S_B")


def semicircle(G: float) -> chains.Semicircle:
    """With 2 pi J(w_0) = G."""
    return chains.Semicircle(coupling=np.sqrt(G * HALF_WIDTH) / 2, centre=W0, half_width=HALF_WIDTH)


def run_of(G: float, T: float) -> Any:
    """The ledger, alpha_S = 1/2: until `UNTIL` at the coupling of the panels over time, else until `AT`."""
    density, until = semicircle(G), UNTIL if G == WEAK else AT
    sites = chains.required_length(density, temperature=T, until=until)
    bath = (
        chains.thermofield_chains(density, sites, temperature=T)
        if T > 0
        else chains.chain(density, sites, temperature=0.0)
    )
    run = tt.evolve(
        tt.JaynesCummings(hamiltonian={"z": W0 / 2}, bath=bath), initial=START, until=until,
        algorithm=tt.TDVP(step=0.4, tolerance=1e-5, max_bond=24, order=4), record_every=0.4, occupation_every=np.inf,
        variance_every=np.inf, bath_entropy="auto", bath_entropy_every=EVERY if G == WEAK else AT,
    )  # fmt: skip
    return tt.ledger(run, alpha_S=0.5)


def second_order(G: float, T: float, times: np.ndarray) -> tt.closed_forms.Exchange:
    rates = tt.closed_forms.golden_rule(semicircle(G), splitting=W0, temperature=T)
    return tt.closed_forms.exchange(rates, initial=START, times=times)


def row_of(ledger: Any, G: float, T: float) -> dict[str, float]:
    """Columns and error bars at t = `AT`, second order, and at T = 0 the exact solution."""
    i = int(np.argmin(np.abs(ledger.t.values - AT)))
    row = {"temperature": T, "G": G}
    for name in COLUMNS:
        row |= {name: float(ledger[name].values[i]), f"{name}_error": float(ledger[f"{name}_error"].values[i])}
    row |= {
        f"{name}_{side}": float(ledger[f"{name}_{side}"].values[i]) for name in BOUNDED for side in ("lower", "upper")
    }
    second = second_order(G, T, ledger.t.values[i : i + 1])
    row |= {f"{name}_second_order": float(getattr(second, name)[0]) for name in ("S_S", "T_S", "T_ext_S", "T_B")}
    density = star_modes(chains.star_cells(semicircle(G), NODES, temperature=0.0))
    exact = tt.closed_forms.one_excitation(
        density.frequencies, density.couplings, splitting=W0, initial=START, times=[AT]
    )
    return row | {"S_S_exact": float(exact.S_S[0]) if T == 0 else np.nan}


def mean_inverse(ledger: Any) -> tuple[np.ndarray, np.ndarray]:
    """Delta S_B/Delta U_B, to second order the 1/T_B of every time, and its error bar."""
    gained = ledger["U_B"].values - ledger["U_B"].values[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return ledger["Delta_S_B"].values / gained, ledger["Delta_S_B_error"].values / np.abs(gained)


def draw(rows: list[dict[str, float]], weak: dict[float, Any], path: Path) -> None:
    """Marks: runs, with error bars; bars alone: bounds; dotted: second order; full line at T = 0: exact."""
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(2, 3, figsize=(2 * WIDTH + 0.4, 4.6), layout="constrained")
        (a, b, c), (d, e, f) = grid
        for T, look in LOOKS.items():
            mine = [row for row in rows if row["temperature"] == T]
            ledger = weak[T]
            t = ledger.t.values
            fine = np.linspace(0.1, UNTIL, 200)
            second = second_order(WEAK, T, fine)
            z = 2 * ledger["E_S"].values / W0
            a.plot(t[::2], z[::2], color=look[0], marker=look[1], ls="", ms=3, label=f"$T={T:g}$")
            a.plot(fine, second.bloch[:, 2], color=look[0], ls=":")

            def curve(
                axes: Any, name: str, factor: float = 1.0, *, mine: Any = mine, look: Any = look, **how: Any
            ) -> None:
                x, y, error = (np.array([row[key] for row in mine]) for key in ("G", name, f"{name}_error"))
                bar = np.where(error < 10 * np.abs(y), error, np.nan) * abs(factor)  # near a pole there is none to draw
                if name in BOUNDED:
                    low, high = (np.array([row[f"{name}_{side}"] for row in mine]) for side in ("lower", "upper"))
                    open_ends = np.isnan(y)
                    axes.vlines(x[open_ends], low[open_ends], high[open_ends], color=look[0], lw=1.6)
                how = {"ls": "", "color": look[0], "marker": look[1], "ms": 3.5, "lw": 0.9, "capsize": 1.5} | how
                axes.errorbar(x, factor * y, yerr=np.where(np.isfinite(bar), bar, 0.0), **how)

            def line(
                axes: Any, name: str, factor: float = 1.0, *, mine: Any = mine, look: Any = look, ls: str = ":"
            ) -> None:
                axes.plot([row["G"] for row in mine], [factor * row[name] for row in mine], color=look[0], ls=ls)

            curve(c, "S_S")
            line(c, "S_S_second_order")
            if T == 0:
                line(c, "S_S_exact", ls="-")
                curve(d, "S_chi", ls="-")
                continue
            b.plot(t[2::2], T / ledger["T_S"].values[2::2], color=look[0], marker=look[1], ls="", ms=3)
            b.plot(fine, T / second.T_S, color=look[0], ls=":")
            b.axhline(T / tt.closed_forms.system_temperature_limit(second.rates, START), color=look[0], ls="--", lw=0.7)
            curve(f, "Sigma_total", ls="-", mfc="white")
            curve(f, "Sigma_S", ls="--")
            y, error = mean_inverse(ledger)
            violet = {
                "color": PURPLE,
                "marker": "v",
                "ls": "",
                "ms": 3.5,
                "lw": 0.9,
                "mfc": PURPLE if T < 1 else "white",
            }
            known = np.isfinite(y)
            b.errorbar(t[known], T * y[known], yerr=T * error[known], **violet)
            b.axhline(
                T / tt.closed_forms.bath_temperature_limit(second.rates, START),
                color=PURPLE,
                ls="--" if T < 1 else "-.",
                lw=0.7,
            )
            curve(d, "S_chi", ls="-")
            curve(e, "Delta_S_B")
            curve(e, "Q_B", 1 / T, marker="", ls=":")
        a.set_title(rf"(a) $\langle\sigma_z\rangle$, $G={WEAK:g}$; dotted: [56]", loc="left", fontsize=8)
        b.set_title(r"(b) $T/T_S$, violet $T\Delta S_B/\Delta U_B$; [61], [69]", loc="left", fontsize=8)
        c.set_title(r"(c) $S_S$ (nat); dotted: second order", loc="left", fontsize=8)
        d.set_title(r"(d) mutual information $S_\chi$ (nat)", loc="left", fontsize=8)
        e.set_title(r"(e) $\Delta S_B$; dotted: $\beta Q_B$ [71]", loc="left", fontsize=8)
        f.set_title(r"(f) $\Sigma_\mathrm{total}$ (open), $\Sigma_S$ (filled)", loc="left", fontsize=8)
        b.set_ylim(-3.2, 1.1)
        e.set_yscale("log")
        a.legend(fontsize=7, frameon=False)
        f.axhline(0, color="0.7", lw=0.5)
        for axes in (a, b):
            axes.set_xlabel(r"time $\omega_0t$")
        for axes in (c, d, e, f):
            axes.set_xscale("log")
            axes.set_xlabel(rf"rate $G/\omega_0$, at $\omega_0t={AT:g}$")
        figure.savefig(path, dpi=180)
        plt.close(figure)


def main(arguments: list[str] | None = None) -> list[dict[str, float]]:
    options = asked(
        "example_exchange", "exchange coupling from weak to strong beside second order", "few strengths", arguments
    )
    start, rows, weak = time.perf_counter(), [], {}
    print(
        f"{'T':>5}{'G':>7}{'S_S':>9}{'second':>9}{'D S_B':>9}{'beta Q_B':>9}{'S_chi':>9}{'from':>9}{'to':>9}{'T_S':>9}{'T_ext':>9}{'s':>6}"
    )
    for T in LOOKS:
        for G in QUICK if options.quick else STRENGTHS:
            ledger = run_of(G, T)
            row = row_of(ledger, G, T)
            rows.append(row)
            shown = [row["S_S"], row["S_S_second_order"], row["Delta_S_B"], row["Q_B"] / T if T else np.nan]
            shown += [row[name] for name in ("S_chi", "S_chi_lower", "S_chi_upper", "T_S", "T_ext_S")]
            print(
                f"{T:5g}{G:7g}" + "".join(f"{x:9.4f}" for x in shown) + f"{time.perf_counter() - start:6.0f}",
                flush=True,
            )
            if G == WEAK:
                weak[T] = ledger
    write_table(rows, options.out)
    draw(rows, weak, options.out / "figure.png")
    print(f"{time.perf_counter() - start:.0f} s; {options.out}")
    return rows


if __name__ == "__main__":
    main()
