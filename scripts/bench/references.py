"""Makes the references of cases C and D, each from two methods that share nothing but the spectral density. Slow: about half an hour.

    python scripts/bench/references.py [C] [D]

chain   this library: the bath as a chain; step, tolerance (boson levels with it), bond, and length refined one at a time. The sum of the
        changes is its own error.
paths   TEMPO of OQuPy (its environment is that of time_to_accuracy.py): the influence functional with the whole memory, for three steps,
        of which the errors of second, and of second and fourth order are removed.

What tests/oracles/reference/perf_{C,D}.npz hold is the chain's sigma_z; their `error` is the larger one of the chain's own error and its
distance from the paths extrapolated from all three steps.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from time_to_accuracy import HERE, STORED, Settings, brief, launch, problem_of, say

from tnthermo.configuration.resolve import load_config, resolve

CHAIN: dict[str, Settings] = {
    "C": {"engine": "chain", "step": 0.0625, "tolerance": 1e-6, "max_bond": 36, "modes": 26},
    "D": {"engine": "chain", "step": 0.0625, "tolerance": 1e-6, "max_bond": 36, "modes": 26},
}
STEPS = (0.5, 0.25, 0.125)
CUTOFF = 1e-9
"""At 1e-8 what TEMPO drops adds up to 1e-4 over the 120 steps of C."""


def rougher(settings: Settings) -> dict[str, Settings]:
    """One setting at a time made rougher."""
    changes: Settings = {
        "step": 2 * settings["step"],
        "tolerance": 10 * settings["tolerance"],
        "max_bond": 2 * settings["max_bond"] // 3,
        "modes": settings["modes"] - 4,
    }
    return {name: {**settings, name: value} for name, value in changes.items()}


def chain(name: str, folder: Path, times: Any) -> tuple[Any, Any, float]:
    """t, sigma_z at every step, and what refinement changes of it at the record times."""
    t, z = answer("tnthermo-chain", folder, CHAIN[name])
    error = 0.0
    for what, settings in rougher(CHAIN[name]).items():
        change = np.abs(at(times, *answer("tnthermo-chain", folder, settings)) - at(times, t, z)).max()
        say(f"{name} chain: {what} {change:.1e}")
        error += float(change)
    return t, z, error


def paths(name: str, folder: Path, times: Any) -> tuple[Any, Any]:
    """sigma_z at the record times, extrapolated to step 0 from two steps, and from three.

    From two the fourth order of the step remains; from three what the smallest step cuts off weighs most.
    """
    one, two, four = (at(times, *answer("oqupy", folder, {"step": h, "epsrel": CUTOFF})) for h in STEPS)
    rough, fine = two + (two - one) / 3, four + (four - two) / 3
    return rough, fine + (fine - rough) / 15


def answer(who: str, folder: Path, settings: Settings) -> tuple[Any, Any]:
    """One run without a limit."""
    t, found, said = launch(who, folder, settings, None)
    say(f"{who}: {brief(settings)}  {said['wall_s']:.0f} s")
    return t, found["sigma_z"]


def at(times: Any, t: Any, z: Any) -> Any:
    """The values at ``times``, all of which are among ``t``."""
    places = [int(np.argmin(np.abs(t - time))) for time in times]
    if np.abs(t[places] - times).max() > 1e-9:
        raise ValueError("a record time is no multiple of the step")
    return z[places]


def make(name: str) -> None:
    """Both methods, and the file."""
    path = HERE / "cases" / f"{name}.toml"
    problem = problem_of(path, resolve(load_config(path)))
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        problem.write(folder)
        t, z, own = chain(name, folder, problem.times)
        found = paths(name, folder, problem.times)
    distances = [float(np.abs(path - at(problem.times, t, z)).max()) for path in found]
    say(
        f"{name}: chain's own error {own:.1e}, distance from the paths {distances[0]:.1e} (two steps), {distances[1]:.1e} (three)"
    )
    np.savez(STORED / f"perf_{name}.npz", t=t, sigma_z=z, error=max(own, distances[-1]))


if __name__ == "__main__":
    for case in sys.argv[1:] or ("C", "D"):
        make(case)
