"""Example II of the paper, pure dephasing, from weak to strong coupling at three temperatures: runs beside closed forms.

H_S = .25 sigma_z, A = sigma_z, J = 2 alpha w on [0, 1] (the cutoff is the unit), lambda^2 = 2 alpha; a pure start with m = <sigma_z> = .5.
Over coupling (a-e) the bath is the three or four Gauss modes of J that carry it beyond t = 3: T_B is a ratio of rates, and asks for the
entropy of the bath at every record time. Over time (g-i) it is the continuum, of which the run encloses the entropy.

- dQ_S = 0; T_S = -4 (1 - alpha_S) m^2 dDelta/dS_S at any coupling, negative here, and 0 for alpha_S = 1 or m = 0 [107].
- To second order Delta S_B = beta Q_B [101], Sigma_B = 0, and T_B = T (1 - alpha_S m^2)/(1 - m^2), which is T for alpha_S = 1 [102].
  Beyond, Delta S_B cannot exceed the entropy of the populations while Q_B grows without bound: T_B rises, Sigma_B is negative.
- alpha_S with beta Delta U_B = Delta S_B is 1 at weak coupling [102]. It is 1/m^2 - T Delta S_B/(4 m^2 Delta): with Delta S_B bounded it
  grows to 1/m^2 = 4 at strong coupling (1.04, 1.30, 2.47, 3.53 at T = .2, lambda^2 = .001, .01, .1, .5);
  at T = 0 it is 1/m^2 at every one.
- Weak coupling at long times is Markovian [115, 116]: in a continuum |rho_01| falls as exp(-gamma t), gamma = 4 pi lambda^2 T;
  at gamma t = 1 its logarithm is off by a constant times lambda^2, about which the sharp cutoff lets it swing. Runs with a bond of 2.
- In a continuum Delta S_B is enclosed, its middle a value with an error bar: J = w/4 and w/40, from |+x>, beta = 20, 10, 5, until t = 8.
  The closed form beside it is that of few thermal Gauss nodes, of which the entropy converges: at t = 8 it is .68791, .67893, .6365 and
  .32620, .27119, .1779, to 2e-5, 2e-4 and 1e-3 at the three temperatures; at beta = 5 the run knows it better.

    python scripts/studies/example_dephasing.py [--quick] [--out results/example_dephasing]

writes table.csv, markovian.csv, continuum.csv, figure.png and alpha.png, in about three minutes on one core.
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
import numpy.typing as npt
from shared import asked, star_modes, write_table

import chains
import tnthermo as tt
from tnthermo.figures.style import BLUE, GREEN, PURPLE, RED, STYLE, WIDTH

UNTIL, AT = 3.6, 3.0  # end of the runs; time of the panels over coupling
SPLITTING = 0.5
M = 0.5
START = np.array([np.sqrt((1 + M) / 2), np.sqrt((1 - M) / 2)])
MODES = {0.0: 4, 0.1: 4, 0.2: 3}
LOOKS = {0.0: (BLUE, "o"), 0.1: (GREEN, "^"), 0.2: (RED, "s")}
ALPHAS = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0)
END, EVALUATED = 8.0, 2.0  # of the runs in a continuum; interval at which their Delta S_B is enclosed
SLOPES = (0.25, 0.025)  # J/w
BETAS = {20.0: (BLUE, "o"), 10.0: (GREEN, "^"), 5.0: (RED, "s")}
NODES = {20.0: (7, 1e-6), 10.0: (6, 1e-5), 5.0: (5, 1e-4)}  # of the closed form, and the weight that it leaves out
QUICKLY = ((0.025, 20.0),)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One strength at one temperature, t = `AT`: NAME of the run, NAME_error its error bar, NAME_exact in closed form."""

    temperature: float
    lambda_squared: float
    S_S: float
    S_S_exact: float
    Delta_S_B: float
    Delta_S_B_error: float
    Delta_S_B_exact: float
    Delta_S_B_second_order: float
    S_chi: float
    Sigma_total: float
    Sigma_B: float
    Sigma_B_error: float
    T_S: float
    T_S_exact: float
    T_B: float  # alpha_S = 1
    T_B_error: float
    matching_alpha: float
    matching_alpha_error: float


def cells_of(lambda_squared: float, T: float) -> chains.StarCells:
    return chains.star_cells(chains.PowerLaw(alpha=lambda_squared / 2, shape="hard"), MODES[T], temperature=T)


def bath_of(lambda_squared: float, T: float) -> chains.Discrete:
    """The same modes, for the closed forms."""
    return star_modes(cells_of(lambda_squared, T))


def run_of(lambda_squared: float, T: float) -> tuple[tt.Trajectory, tt.closed_forms.PureDephasing]:
    """The run, its bath's entropy measured at every record time, and the closed forms (alpha_S = 1/2) of the same modes."""
    bath = cells_of(lambda_squared, T)  # two displaced branches: a bond of 2
    model = tt.SpinBoson(hamiltonian={"z": SPLITTING / 2}, coupling={"z": 1.0}, bath=bath)
    run = tt.evolve(
        model, initial=START, until=UNTIL, algorithm=tt.TDVP(step=0.1, tolerance=1e-6, max_bond=8, order=4), record_every=0.2,
        occupation_every=0.2, variance_every=np.inf, bath_entropy="exact" if T > 0 else "off", bath_entropy_every=0.2,
    )  # fmt: skip
    exact = tt.closed_forms.pure_dephasing(
        bath_of(lambda_squared, T), temperature=T, initial=START, times=run.t, splitting=SPLITTING,
        exact_bath_entropy=T < 0.2,
    )  # fmt: skip
    return run, exact


def row_of(run: tt.Trajectory, exact: tt.closed_forms.PureDephasing, lambda_squared: float, T: float) -> Row:
    half, one, alpha = tt.ledger(run, alpha_S=0.5), tt.ledger(run, alpha_S=1.0), tt.matching_alpha(run)
    i = int(np.argmin(np.abs(run.t - AT)))

    def of(name: str, ledger: Any = half) -> float:
        return float(ledger[name].values[i])

    S_B = exact.Delta_S_B[i]
    if np.isnan(S_B):  # hotter: with fewer configurations of the bath
        density = bath_of(lambda_squared, T)
        S_B = tt.dephasing(
            density.frequencies, density.couplings, temperature=T, initial=START, times=[run.t[i]], missing=1e-8
        ).Delta_S_B[0]
    return Row(
        temperature=T, lambda_squared=lambda_squared, S_S=of("S_S"), S_S_exact=float(exact.S_S[i]), Delta_S_B=of("Delta_S_B"),
        Delta_S_B_error=of("Delta_S_B_error"), Delta_S_B_exact=float(S_B),
        Delta_S_B_second_order=float(exact.Delta_S_B_second_order[i]), S_chi=of("S_chi"), Sigma_total=of("Sigma_total"),
        Sigma_B=of("Sigma_B"), Sigma_B_error=of("Sigma_B_error"), T_S=of("T_S"), T_S_exact=float(exact.T_S[i]), T_B=of("T_B", one),
        T_B_error=of("T_B_error", one), matching_alpha=of("alpha_S_since_start", alpha),
        matching_alpha_error=of("alpha_S_since_start_error", alpha),
    )  # fmt: skip


def markov(lambda_squared: float, T: float) -> dict[str, float]:
    """off = -log(2 |rho_01|) - gamma t of a run in the continuum, |+x>, at gamma t = 1, gamma = 4 pi lambda^2 T; also exact. [115, 116]"""
    density = chains.PowerLaw(alpha=lambda_squared / 2, cutoff=1.0, exponent=1.0, shape="hard")
    gamma = tt.closed_forms.dephasing_rate(density, temperature=T)
    until = 1 / gamma
    step = until / math.ceil(until / 0.2)
    bath = chains.chain(density, int(14 + 0.6 * until), temperature=T)  # the front there and back
    run = tt.evolve(
        tt.SpinBoson(hamiltonian={"z": SPLITTING / 2}, coupling={"z": 1.0}, bath=bath), initial="+x", until=until, error_bars=False,
        algorithm=tt.TDVP(step=step, tolerance=1e-7, max_bond=2, order=4), record_every=until, occupation_every=np.inf,
        variance_every=np.inf, bath_entropy="off",
    )  # fmt: skip
    off = float(-np.log(2 * np.abs(run.rho_S[-1, 0, 1])) - 1)
    return {
        "temperature": T,
        "lambda_squared": lambda_squared,
        "until": until,
        "off": off,
        "off_exact": markov_exact(lambda_squared, T),
    }


def markov_exact(lambda_squared: float, T: float) -> float:
    """8 Gamma - gamma t at gamma t = 1."""
    density = chains.PowerLaw(alpha=lambda_squared / 2, cutoff=1.0, exponent=1.0, shape="hard")
    until = 1 / tt.closed_forms.dephasing_rate(density, temperature=T)
    return float(8 * tt.closed_forms.decoherence(density, [until], temperature=T)[0][0] - 1)


def continuum_model(J: float, beta: float) -> tt.Model:
    """J w on [0, 1] as a chain, A = sigma_z; H_S commutes with A and changes no entropy."""
    density, T = straight(J), 1 / beta
    length = chains.required_length(density, temperature=T, until=END)
    return tt.SpinBoson(
        hamiltonian={"z": SPLITTING / 2}, coupling={"z": 1.0}, bath=chains.chain(density, length, temperature=T)
    )


def straight(J: float) -> chains.PowerLaw:
    return chains.PowerLaw(alpha=J / 2, shape="hard")


def nodes_exact(J: float, beta: float, times: npt.ArrayLike, *, fewer: int = 0) -> tt.Dephasing:
    """Closed forms of the nodes of J (1 + n), which have the C(t) of the continuum up to `END`."""
    nodes, missing = NODES[beta]
    cells = chains.star_cells(straight(J), nodes - fewer, temperature=1 / beta)
    return tt.dephasing(
        cells.frequencies, cells.couplings, temperature=1 / beta, initial="+x", times=times, missing=missing
    )


def continuum(J: float, beta: float) -> list[dict[str, float]]:
    """Delta S_B of a run in the continuum, with its error bar and bounds, and the closed form, with what it may be off."""
    run = tt.evolve(
        continuum_model(J, beta), initial="+x", until=END, record_every=EVALUATED, occupation_every=np.inf, variance_every=np.inf,
        algorithm=tt.TDVP(step=0.1, tolerance=1e-6, max_bond=8, order=4), bath_entropy="auto", bath_entropy_every=EVALUATED,
    )  # fmt: skip
    ledger = tt.ledger(run)
    exact, fewer = (nodes_exact(J, beta, run.t[1:], fewer=n) for n in (0, 1))
    own = np.maximum(np.abs(exact.Delta_S_B - fewer.Delta_S_B), exact.S_B_error)
    names = ("Delta_S_B", "Delta_S_B_error", "Delta_S_B_lower", "Delta_S_B_upper")
    return [
        {"J": J, "beta": beta, "t": float(run.t[i])}
        | {name: float(ledger[name].values[i]) for name in names}
        | {"Delta_S_B_exact": float(exact.Delta_S_B[i - 1]), "Delta_S_B_exact_error": float(own[i - 1])}
        for i in range(1, run.t.size)
    ]


def draw_continuum(g: Any, h: Any, i: Any, rows: list[dict[str, float]]) -> None:
    """(g, h) Delta S_B over time for each J; (i) runs less closed form, bars of both. Bars alone: bounds; lines: closed form."""
    for axes, J, fill in ((g, SLOPES[0], ""), (h, SLOPES[1], "white")):
        for shift, (beta, (colour, marker)) in enumerate(BETAS.items()):
            mine = [row for row in rows if (row["J"], row["beta"]) == (J, beta)]
            if not mine:
                continue
            t, y, error, low, high, exact, own = (
                np.array([row[name] for row in mine])
                for name in (
                    "t", "Delta_S_B", "Delta_S_B_error", "Delta_S_B_lower", "Delta_S_B_upper", "Delta_S_B_exact", "Delta_S_B_exact_error",
                )
            )  # fmt: skip
            fine = np.linspace(0, END, 49)
            axes.plot(fine, nodes_exact(J, beta, fine, fewer=1).Delta_S_B, color=colour, lw=1.0)
            how = {"color": colour, "marker": marker, "ms": 3.5, "ls": "", "capsize": 1.5, "mfc": fill or colour}
            axes.errorbar(t, y, yerr=error, label=rf"$\beta={beta:g}$", **how)
            axes.vlines(t[np.isnan(y)], low[np.isnan(y)], high[np.isnan(y)], color=colour)
            i.errorbar(
                t + 0.25 * (shift - 1) + (0.1 if fill else 0.0),
                1e3 * (y - exact),
                yerr=1e3 * (error + own),
                lw=0.9,
                **how,
            )
        axes.set_ylim(0, None)
        axes.set_xlabel("time $t$")
    i.axhline(0, color="0.4", lw=0.7)
    i.set_xlabel("time $t$")


def closed(T: float, strengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(S_S, Delta S_B, T_S for alpha_S = 1/2) at t = `AT` in closed form."""
    found = []
    for strength in strengths:
        density = bath_of(float(strength), T)
        forms = tt.closed_forms.pure_dephasing(density, temperature=T, initial=START, times=[AT], splitting=SPLITTING)
        S_B = forms.Delta_S_B
        if T > 0:
            w, g = density.frequencies, density.couplings
            S_B = tt.dephasing(w, g, temperature=T, initial=START, times=[AT], missing=1e-6).Delta_S_B
        found.append((forms.S_S[0], S_B[0], forms.T_S[0]))
    S_S, change, T_S = np.transpose(found)
    return S_S, change, T_S


def draw(rows: list[Row], markovian: list[dict[str, float]], continua: list[dict[str, float]], path: Path) -> None:
    """Lines: closed forms; marks: runs, with error bars; dotted: second order."""
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(3, 3, figsize=(2 * WIDTH + 0.4, 6.9), layout="constrained")
        (a, b, c), (d, e, f), (g, h, i) = grid
        for T, (colour, marker) in LOOKS.items():
            mine = [row for row in rows if row.temperature == T]
            x = np.array([row.lambda_squared for row in mine])

            def column(name: str, mine: list[Row] = mine) -> np.ndarray:
                return np.array([getattr(row, name) for row in mine])

            def marks(
                axes: Any, y: np.ndarray, error: Any = None, x: Any = x, look: Any = (colour, marker), **how: Any
            ) -> None:
                axes.errorbar(
                    x, y, yerr=error, color=look[0], marker=look[1], ls="", ms=3.5, lw=0.8, capsize=1.5, **how
                )

            fine = np.geomspace(x[0], x[-1], 25)
            S_S, S_B, T_S = closed(T, fine)
            a.plot(fine, S_S, color=colour)
            marks(a, column("S_S"), label=f"$T={T:g}$")
            b.plot(fine, S_B, color=colour)
            marks(b, column("Delta_S_B"), column("Delta_S_B_error"))
            e.plot(fine, -T_S, color=colour)
            marks(e, -column("T_S"))
            if T > 0:
                b.plot(fine, column("Delta_S_B_second_order")[0] / x[0] * fine, color=colour, ls=":")
                marks(c, -column("Sigma_B"), column("Sigma_B_error"))
                c.plot(fine, column("Delta_S_B_second_order")[0] / x[0] * fine, color=colour, ls=":")
                marks(d, column("T_B") / T, column("T_B_error") / T)
                long = [row for row in markovian if row["temperature"] == T]
                x = np.array([row["lambda_squared"] for row in long])
                near = np.geomspace(x[0], x[-1], 40)
                f.plot(near, [markov_exact(float(value), T) for value in near], color=colour)
                marks(f, np.array([row["off"] for row in long]), x=x)
                f.plot(x, long[0]["off_exact"] / x[0] * x, color=colour, ls=":")
        ceiling = -np.sum(START**2 * np.log(START**2))
        a.axhline(ceiling, color="0.55", lw=0.7, ls="--")
        b.axhline(ceiling, color="0.55", lw=0.7, ls="--")
        b.set_ylim(0, 1.25 * ceiling)
        d.axhline(1, color="0.4", lw=1.0, ls=":")
        for axes in (a, b, c, d, e, f):
            axes.set_xscale("log")
            axes.set_xlabel(r"coupling $\lambda^2$")
        for axes in (c, d, e, f):
            axes.set_yscale("log")
        titles = (
            (a, r"$S_S$ (nat)"), (b, r"$\Delta S_B$ (nat); dotted: [101]"), (c, r"$-\Sigma_B$ (nat); dotted: $\beta Q_B$"),
            (d, r"$T_B/T$, $\alpha_S=1$; dotted: [102]"), (e, r"$-T_S$, $\alpha_S=1/2$"),
            (f, r"$\ln(e^{-\gamma t}/|2\rho_{01}|)$, $\gamma t=1$; dotted: $\propto\lambda^2$"),
            (g, r"$\Delta S_B$ (nat), continuum $J=\omega/4$"), (h, r"$\Delta S_B$ (nat), continuum $J=\omega/40$"),
            (i, r"$10^3(\Delta S_B-\mathrm{exact})$, (g) full, (h) open"),
        )  # fmt: skip
        draw_continuum(g, h, i, continua)
        h.legend(fontsize=7, frameon=False, loc="lower right")
        for letter, (axes, title) in zip("abcdefghi", titles, strict=True):
            axes.set_title(f"({letter}) {title}", loc="left", fontsize=8)
        f.set_ylim(5e-3, 1)
        f.yaxis.set_minor_formatter("")
        a.legend(fontsize=7, frameon=False, loc="upper left")
        figure.savefig(path, dpi=180)
        plt.close(figure)


def draw_alpha(rows: list[Row], scan: Any, path: Path) -> None:
    """alpha_S with T_B = T over coupling, and the bath's ledger over alpha_S."""
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(2 * WIDTH, 2.6), layout="constrained")
        for T, (colour, marker) in LOOKS.items():
            mine = [row for row in rows if row.temperature == T]
            if T == 0:
                continue
            x, y = (np.array([getattr(row, name) for row in mine]) for name in ("lambda_squared", "matching_alpha"))
            error = [row.matching_alpha_error for row in mine]
            left.errorbar(
                x, y, yerr=error, color=colour, marker=marker, ms=3.5, lw=1.0, capsize=1.5, label=f"$T={T:g}$"
            )
        left.axhline(1, color="0.4", ls=":", lw=1.0)
        left.axhline(1 / M**2, color=BLUE, ls="--", lw=1.0, label="$1/m^2$, $T=0$")
        left.set_xscale("log")
        left.set_xlabel(r"coupling $\lambda^2$")
        left.set_title(r"(a) $\alpha_S$ with $\beta\Delta U_B=\Delta S_B$; dotted: [102]", loc="left", fontsize=8)
        left.legend(fontsize=7, frameon=False)
        at = scan.sel(t=AT, method="nearest")
        for name, label, colour, style in (
            ("U_S", "$U_S$", BLUE, "-"), ("U_B", "$U_B$", RED, "--"), ("W_S", "$W_S$", GREEN, "-."), ("W_B", "$W_B$", PURPLE, ":"),
        ):  # fmt: skip
            right.plot(at["alpha_S"], at[name], color=colour, ls=style, label=label)
        right.axhline(0, color="0.7", lw=0.5)
        right.set_xlabel(r"$\alpha_S$")
        right.set_title(rf"(b) ledger at $t={AT:g}$, $\lambda^2={STRONG:g}$, $T=0.1$", loc="left", fontsize=8)
        right.legend(fontsize=7, frameon=False, ncols=2)
        figure.savefig(path, dpi=180)
        plt.close(figure)


STRONG = 0.5
STRENGTHS = (0.001, 0.01, 0.03, 0.1, STRONG, 1.0)
QUICK = (0.003, 0.03, STRONG)
MARKOVIAN = (0.01, 0.02, 0.05, 0.1)  # until gamma t = 1, which is at t = 80 for the first at T = .1


def main(arguments: list[str] | None = None) -> list[Row]:
    options = asked(
        "example_dephasing",
        "pure dephasing from weak to strong coupling beside its closed forms",
        "few strengths",
        arguments,
    )
    start, rows, scan = time.perf_counter(), [], None
    print(f"{'T':>5}{'lambda^2':>9}{'S_S':>9}{'D S_B':>9}{'exact':>9}{'[101]':>9}{'T_B/T':>9}{'alpha':>9}  +-")
    for T in MODES:
        for strength in QUICK if options.quick else STRENGTHS:
            run, exact = run_of(strength, T)
            row = row_of(run, exact, strength, T)
            rows.append(row)
            print(
                f"{T:5g}{strength:9g}{row.S_S:9.5f}{row.Delta_S_B:9.5f}{row.Delta_S_B_exact:9.5f}{row.Delta_S_B_second_order:9.5f}"
                f"{row.T_B / T if T else np.nan:9.4f}{row.matching_alpha:9.4f}  {row.matching_alpha_error:.0e}",
                flush=True,
            )
            if strength == STRONG and T == 0.1:
                scan = tt.alpha_scan(run, ALPHAS)
    write_table([asdict(row) for row in rows], options.out)
    markovian = [markov(x, T) for T in MODES if T > 0 for x in (MARKOVIAN[1:] if options.quick else MARKOVIAN)]
    for T in sorted({row["temperature"] for row in markovian}):
        (x, off), (y, more), *_ = ((row["lambda_squared"], row["off"]) for row in markovian if row["temperature"] == T)
        print(
            f"T = {T:g}: exp(-gamma t) [116] is approached as lambda^{2 * math.log(more / off) / math.log(y / x):.2f}"
        )
    write_table(markovian, options.out, "markovian.csv")
    continua = []
    print(f"{'J/w':>6}{'beta':>6}{'t':>5}{'D S_B':>9}{'+-':>8}   {'bounds':18}{'exact':>9}{'+-':>8}")
    for J, beta in QUICKLY if options.quick else [(J, beta) for J in SLOPES for beta in BETAS]:
        for line in continuum(J, beta):
            continua.append(line)
            print(
                f"{J:6g}{beta:6g}{line['t']:5g}{line['Delta_S_B']:9.5f}{line['Delta_S_B_error']:8.5f}   {line['Delta_S_B_lower']:.5f} .. "
                f"{line['Delta_S_B_upper']:.5f}{line['Delta_S_B_exact']:9.5f}{line['Delta_S_B_exact_error']:8.5f}",
                flush=True,
            )
    write_table(continua, options.out, "continuum.csv")
    draw(rows, markovian, continua, options.out / "figure.png")
    draw_alpha(rows, scan, options.out / "alpha.png")
    print(f"{time.perf_counter() - start:.0f} s; {options.out}")
    return rows


if __name__ == "__main__":
    main()
