"""Time bins measured: problems of other packages, soft cutoffs and long times, and the entropy of the bath. One thread, processor seconds.

    python scripts/bench/time_bins.py [foreign] [soft] [long] [entropy]

foreign   tests/foreign with nothing numerical: largest deviation of every column from its reference, less the reference's own error,
          over the column's largest value; a column for the processor seconds of the run, without error bars and without the entropy of
          the bath
soft      problems of soft cutoffs at several steps and tolerances beside the finest of them
long      how seconds, bond and bins grow with time
entropy   half widths of the bounds on S_chi, with the seconds of an evaluation

The kernels are compiled before anything is measured. scripts/docs/time_bins.md holds what it printed.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

import chains  # noqa: E402
import tnthermo as tt  # noqa: E402
from tests.foreign.test_foreign import QUICK, columns, deviations, read, resolved  # noqa: E402
from tnthermo.bath_entropy.enclose import enclose  # noqa: E402
from tnthermo.engines.engine import Prepared, engine_for  # noqa: E402
from tnthermo.engines.time_bins.whole import OnBins  # noqa: E402
from tnthermo.evolution.start import system_alone  # noqa: E402

UP = np.diag([1.0, 0.0]).astype(complex)
OHMIC = chains.PowerLaw(alpha=0.3, cutoff=5.0, exponent=1.0, shape="exponential")
SUB_OHMIC = chains.PowerLaw(alpha=0.1, cutoff=5.0, exponent=0.5, shape="exponential")
DRUDE = chains.DrudeLorentz(reorganisation_energy=0.5, width=1.0)
HARD = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")


def model(density: chains.SpectralDensity, temperature: float, hamiltonian: dict[str, float]) -> tt.Model:
    """A qubit with A = sigma_z/2."""
    bath = chains.Bath(density=density, temperature=temperature)
    return tt.SpinBoson(hamiltonian=hamiltonian, coupling={"z": 0.5}, bath=bath)


PROBLEMS = {
    "sub-Ohmic s = .5, exponential": model(SUB_OHMIC, 0.5, {"x": 0.5}),
    "Ohmic, exponential (E)": model(OHMIC, 0.2, {"x": 0.5}),
    "Drude-Lorentz, whole (F)": model(DRUDE, 0.5, {"z": 0.25, "x": 0.5}),
    "Ohmic, hard": model(HARD, 0.2, {"z": 0.2, "x": 0.2}),
}


def run(of: tt.Model, algorithm: tt.TimeBins, until: float, every: float) -> tuple[tt.Trajectory, float]:
    """(the run, its processor seconds)."""
    before = time.process_time()
    found = tt.evolve(
        of, initial="+z", algorithm=algorithm, until=until, record_every=every, error_bars=False, bath_entropy="off",
        occupation_every=np.inf, variance_every=np.inf,
    )  # fmt: skip
    return found, time.process_time() - before


def foreign() -> None:
    """The table of problems of other packages."""
    print(
        "| problem | step | bond | seconds | sigma_z | sigma_x | sigma_y | E_S | E_int | E_B |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in (*QUICK, "brownian_hot"):
            reference = read(name)
            found = resolved(name, Path(folder), reference)
            keywords = found.evolve_keywords() | {"error_bars": False, "bath_entropy": "off"}
            before = time.process_time()
            made = tt.evolve(found.model, **keywords)
            seconds = time.process_time() - before
            off = deviations(columns(made), reference)
            figures = " | ".join(f"{off[key]:.0e}" for key in ("sigma_z", "sigma_x", "sigma_y", "E_S", "E_int", "E_B"))
            print(
                f"| {name} | {found.algorithm.step:.3g} | {made.bonds.max()} | {seconds:.2f} | {figures} |", flush=True
            )


def soft() -> None:
    """Seconds and errors of soft cutoffs."""
    print(
        "| problem | until | step | tolerance | bond | bins | seconds | sigma_z | E_B |\n|---|---|---|---|---|---|---|---|---|"
    )
    for name, until in (
        ("sub-Ohmic s = .5, exponential", 4.0), ("sub-Ohmic s = .5, exponential", 10.0), ("Ohmic, exponential (E)", 10.0),
        ("Drude-Lorentz, whole (F)", 10.0),
    ):  # fmt: skip
        every = 0.4 if until == 4.0 else 0.5 if "Drude" not in name else 0.4
        every = until / round(until / every)
        fine, _ = run(PROBLEMS[name], tt.TimeBins(step=every / 10, tolerance=1e-5, max_bond=40), until, every)
        reference = tt.ledger(fine)
        for parts, tolerance in ((1, 1e-3), (2, 1e-3), (2, 1e-4), (4, 1e-4), (5, 3e-5)):
            made, seconds = run(
                PROBLEMS[name], tt.TimeBins(step=every / parts, tolerance=tolerance, max_bond=32), until, every
            )
            rho, theirs = made.rho_S[made.recorded], fine.rho_S[fine.recorded]
            z = np.abs((rho - theirs)[:, 0, 0] - (rho - theirs)[:, 1, 1]).max()
            energy = reference["E_B"].values
            off = np.abs(tt.ledger(made)["E_B"].values - energy).max() / np.abs(energy).max()
            print(
                f"| {name} | {until:g} | {every / parts:.3g} | {tolerance:g} | {made.bonds.max()} | {made.bonds.shape[1]} | {seconds:.2f} "
                f"| {z:.1e} | {off:.1e} |",
                flush=True,
            )


def long() -> None:
    """How a run grows with time."""
    print(
        "| problem | step | tolerance | until | bond | bins | seconds | norm lost | memory so far, GB |\n"
        + "|---" * 9
        + "|"
    )
    for name, step, tolerance, times in (
        ("Drude-Lorentz, whole (F)", 0.4, 1e-3, (10.0, 30.0, 100.0, 300.0, 1000.0)),
        ("Ohmic, exponential (E)", 0.2, 3e-3, (10.0, 30.0, 100.0, 300.0)), ("Ohmic, hard", 0.5, 1e-3, (10.0, 30.0, 100.0)),
    ):  # fmt: skip
        for until in times:
            made, seconds = run(
                PROBLEMS[name], tt.TimeBins(step=step, tolerance=tolerance, max_bond=16), until, 10 * step
            )
            lost = 1 - made.norm[-1]
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(
                f"| {name} | {step} | {tolerance:g} | {until:g} | {made.bonds.max()} | {made.bonds.shape[1]} | {seconds:.1f} | {lost:.0e} "
                f"| {memory:.2f} |",
                flush=True,
            )


def entropy() -> None:
    """Bounds on S_chi at several times of one run."""
    print("| problem | t | 2 S_S | lower | upper | half width | modes | seconds |\n|---|---|---|---|---|---|---|---|")
    for name, step, times in (
        ("Ohmic, hard", 0.5, (4.0, 8.0, 12.0)), ("sub-Ohmic s = .5, exponential", 0.1, (1.0, 2.0, 4.0)), ("Ohmic, exponential (E)", 0.1,
        (2.0, 4.0, 10.0)), ("Drude-Lorentz, whole (F)", 0.2, (2.0, 4.0, 7.0)),
    ):  # fmt: skip
        of = PROBLEMS[name]
        clock = step * np.arange(round(times[-1] / step) + 1, dtype=np.float64)
        start = Prepared(state=system_alone(UP), may_grow=True)
        engine = engine_for(of, start, tt.TimeBins(step=step, tolerance=1e-4), times=clock)
        for before, now in pairwise(clock.tolist()):
            engine.step(float(now - before), float(now))
            if np.abs(np.array(times) - now).min() > 1e-9:
                continue
            whole = engine.whole()
            assert isinstance(whole, OnBins)
            begun = time.process_time()
            found = enclose(
                whole.state(float(now)), of, initial_entropy=0.0, held=whole.held(), target=5e-4, most=250, budget=2e11
            )
            seconds = time.process_time() - begun
            half = 0.5 * (found.upper - found.lower)
            figures = f"{2 * found.S_S:.5f} | {found.lower:.5f} | {found.upper:.5f} | {half:.5f} | {found.modes} | {seconds:.1f}"
            print(f"| {name} | {now:g} | {figures} |", flush=True)


PARTS: dict[str, Callable[[], None]] = {"foreign": foreign, "soft": soft, "long": long, "entropy": entropy}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(PROBLEMS["Ohmic, hard"], tt.TimeBins(step=0.5, tolerance=1e-4), 1.0, 0.5)
    for part in sys.argv[1:] or PARTS:
        print(f"\n{part}\n")
        PARTS[part]()
