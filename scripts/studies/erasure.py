"""Erasure of a strongly coupled qubit: Landauer's bound, heat + T Delta S_S >= 0, with three heats, over coupling, at two temperatures.

H_S = .35 sigma_x + f(t) sigma_z, f = 0 until t = 2, -.75 from t = 10 on, linear between; A = .4 sigma_z + .3 sigma_x,
J = 2 alpha w exp(-w/3); start exp(-H_S(0)/T)/Z (x) thermal bath; until t = 12. What `tnthermo init erasure` writes.

Delta E_B   energy that the bath gained: the bound is a theorem
Q_B         the paper's heat, without the energy of the mean displacement: a theorem for a linear bath, and closer
Q_weak      W - Delta E_S, the heat of weak coupling: it need not hold
`least` is the smallest value after the start, `end` the last one; each +- is what step and tolerance still cost.

    python scripts/studies/erasure.py [--quick] [--out results/erasure]

writes table.csv and figure.png: a quarter of an hour on one core, seconds with --quick.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from shared import asked, write_table

import chains
import tnthermo as tt
from tnthermo.figures.style import BLUE, GREEN, RED, STYLE, WIDTH
from tnthermo.lawbook.digits import number

UNTIL, CUTOFF, TUNNELLING, BIAS = 12.0, 3.0, 0.35, -0.75
HEATS = {"landauer": r"$\Delta E_B$", "landauer_Q_B": "$Q_B$", "landauer_weak": r"$W-\Delta E_S$"}


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run: changes at its end, and heat + T Delta S_S of each heat, there and where it is least; verdicts of the laws."""

    alpha: float
    temperature: float
    Delta_S_S: float
    Delta_S_S_error: float
    Delta_E_B: float
    Delta_E_B_error: float
    Q_B: float
    Q_B_error: float
    Q_weak: float
    Q_weak_error: float
    landauer_end: float
    landauer_end_error: float
    landauer_Q_B_end: float
    landauer_Q_B_end_error: float
    landauer_weak_end: float
    landauer_weak_end_error: float
    landauer_weak_least: float
    landauer_weak_least_error: float
    landauer_weak_least_at: float
    landauer: str
    landauer_Q_B: str
    landauer_weak: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is computed, and how exactly."""

    strengths: Mapping[float, tuple[float, ...]]  # alphas by temperature
    algorithm: tt.TimeBins
    until: float


FULL = Plan(
    strengths={0.5: (0.02, 0.05, 0.1, 0.2, 0.4), 1.0: (0.02, 0.05, 0.1, 0.2)},
    algorithm=tt.TimeBins(step=0.125, tolerance=2e-5),
    until=UNTIL,
)
QUICK = Plan(strengths={0.5: (0.05, 0.2)}, algorithm=tt.TimeBins(step=0.125, tolerance=2e-5), until=4.0)


def ledger_of(alpha: float, T: float, plan: Plan) -> xr.Dataset:
    """The run at one coupling and temperature."""
    density = chains.PowerLaw(alpha=alpha, cutoff=CUTOFF, exponent=1.0, shape="exponential")
    bias = tt.SystemDrive(operator={"z": 1.0}, drive=tt.Ramp(start=2.0, duration=8.0, initial=0.0, final=BIAS))
    bath = chains.Bath(density=density, temperature=T)
    model = tt.assemble(hamiltonian={"x": TUNNELLING}, couplings=[tt.couple({"z": 0.4, "x": 0.3}, bath)], drives=[bias])
    mixed = (np.eye(2) - np.tanh(TUNNELLING / T) * np.array([[0, 1], [1, 0]])) / 2
    run = tt.evolve(
        model, initial=mixed, until=plan.until, algorithm=plan.algorithm, record_every=0.25, bath_entropy="off"
    )
    return tt.ledger(run)


def point(alpha: float, T: float, plan: Plan) -> Point:
    """What one run says."""
    start = time.perf_counter()
    found = ledger_of(alpha, T, plan)
    change = {name: found[name].values - found[name].values[0] for name in ("S_S", "E_S", "E_B", "W_total", "Q_B")}
    error = {name: found[f"{name}_error"].values for name in change}
    change["weak"], error["weak"] = change["W_total"] - change["E_S"], error["W_total"] + error["E_S"]
    margins = {
        law: (change[heat] + T * change["S_S"], error[heat] + T * error["S_S"])
        for law, heat in (("landauer", "E_B"), ("landauer_Q_B", "Q_B"), ("landauer_weak", "weak"))
    }
    least = 1 + int(np.argmin(margins["landauer_weak"][0][1:]))
    verdicts = {law.name: law.text for law in tt.laws(found) if law.book == "Landauer"}
    ends = {f"{law}_end": float(value[-1]) for law, (value, _) in margins.items()}
    ends |= {f"{law}_end_error": float(bar[-1]) for law, (_, bar) in margins.items()}
    last = {
        name: (float(change[key][-1]), float(error[key][-1]))
        for name, key in (("Delta_S_S", "S_S"), ("Delta_E_B", "E_B"), ("Q_B", "Q_B"), ("Q_weak", "weak"))
    }
    return Point(
        alpha=alpha, temperature=T, **{name: value for name, (value, _) in last.items()},
        **{f"{name}_error": bar for name, (_, bar) in last.items()}, **ends,
        landauer_weak_least=float(margins["landauer_weak"][0][least]),
        landauer_weak_least_error=float(margins["landauer_weak"][1][least]), landauer_weak_least_at=float(found["t"][least]),
        **verdicts, seconds=time.perf_counter() - start,
    )  # fmt: skip


def points(plan: Plan) -> list[Point]:
    """All of them, printed as they come, as rows of a table in Markdown."""
    head = ["T", "alpha", "Delta S_S", "Delta E_B", "Q_B", "Q_weak"]
    head += ["with Delta E_B", "with Q_B", "with Q_weak", "least with Q_weak", "verdicts"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    found = []
    for T, strengths in plan.strengths.items():
        for alpha in strengths:
            one = point(alpha, T, plan)
            found.append(one)
            names = (
                "Delta_S_S", "Delta_E_B", "Q_B", "Q_weak", "landauer_end", "landauer_Q_B_end", "landauer_weak_end", "landauer_weak_least",
            )  # fmt: skip
            cells = [number(getattr(one, name), getattr(one, f"{name}_error")) for name in names]
            cells[-1] += f" at {one.landauer_weak_least_at:.3g}"
            verdicts = "; ".join((one.landauer, one.landauer_Q_B, one.landauer_weak))
            print("| " + " | ".join([f"{T:g}", f"{alpha:g}", *cells, verdicts]) + " |", flush=True)
    return found


def draw(found: list[Point], path: Path) -> None:
    """A panel a temperature: heat + T Delta S_S over alpha."""
    temperatures = sorted({one.temperature for one in found})
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(temperatures), figsize=(WIDTH * len(temperatures) + 0.3, 2.8), squeeze=False, sharex=True, sharey=True,
            layout="constrained",
        )  # fmt: skip
        for panel, (axis, T) in enumerate(zip(axes[0], temperatures, strict=True)):
            mine = [one for one in found if one.temperature == T]
            alpha = [one.alpha for one in mine]
            axis.axhline(0, color="0.55", lw=0.8)
            for (law, label), colour, marker in zip(HEATS.items(), (BLUE, GREEN, RED), "os^", strict=True):
                values = [getattr(one, f"{law}_end") for one in mine]
                bars = [getattr(one, f"{law}_end_error") for one in mine]
                axis.errorbar(
                    alpha, values, yerr=bars, color=colour, marker=marker, ms=3.2, lw=1.0, capsize=1.5, label=f"{label}, end"
                )  # fmt: skip
            axis.errorbar(
                alpha, [one.landauer_weak_least for one in mine], yerr=[one.landauer_weak_least_error for one in mine], color=RED, ls="--",
                marker="^", mfc="white", ms=3.2, lw=1.0, capsize=1.5, label=f"{HEATS['landauer_weak']}, least",
            )  # fmt: skip
            axis.set_xscale("log")
            axis.set_xticks(
                sorted({one.alpha for one in found}), [f"{alpha:g}" for alpha in sorted({one.alpha for one in found})]
            )
            axis.minorticks_off()
            axis.set_yscale("symlog", linthresh=0.01)
            axis.set_ylim(-0.03, 2.0)
            ticks = (-0.02, -0.01, 0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
            axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.set_xlabel(r"coupling $\alpha$")
            axis.set_title(f"({'ab'[panel]}) $T={T:g}$", loc="left", fontsize=8, pad=3)
        axes[0][0].set_ylabel(r"heat $+\,T\Delta S_S$")
        axes[0][0].legend(fontsize=6.5, frameon=False, loc="center left", bbox_to_anchor=(0.0, 0.5), labelspacing=0.3)
        figure.savefig(path, dpi=180)
        plt.close(figure)


def main(arguments: list[str] | None = None) -> list[Point]:
    options = asked("erasure", "Landauer's bound with three heats over coupling", "few points, roughly", arguments)
    start = time.perf_counter()
    found = points(QUICK if options.quick else FULL)
    write_table([asdict(one) for one in found], options.out)
    draw(found, options.out / "figure.png")
    print(f"{time.perf_counter() - start:.0f} s; {options.out / 'table.csv'}, {options.out / 'figure.png'}")
    return found


if __name__ == "__main__":
    main()
