"""ACE: a process tensor of a Gaussian bath. setting: step, threshold, scheme ("divide_and_conquer" or "infinite"), memory (a time).

Its units are meV, ps and K; a tabulated J(w) is the one without pi, and the density is uncut but for the end of the table.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ACE
import numpy as np
from common import Problem, columns, drive

KELVIN = 0.08617333262
"""meV"""
POINTS = 20001
"""Of the table of J(w)."""


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """The library prints from C++: its standard output is thrown away."""
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    step = setting["step"]
    steps, every = problem.steps(step), problem.every(step)
    reach = float(np.abs(problem.nodes).max())
    with tempfile.TemporaryDirectory() as name, quietly():
        table = Path(name) / "J.dat"
        w = np.linspace(0.0, reach, POINTS)
        ACE.write_outfile(str(table), (w, problem.J(w)))
        operator = ACE.MatrixToString(np.asfortranarray(problem.operator.astype(complex)))
        whole = (
            2 ** math.ceil(math.log2(steps)) if setting["scheme"] == "divide_and_conquer" else steps
        )  # it halves and halves again
        lines = [
            f"dt {step!r}", f"te {whole * step!r}", f"threshold {setting['threshold']!r}", f"use_Gaussian_{setting['scheme']} true",
            f"Boson_J_from_file {table}", f"Boson_omega_max {reach!r}", f"Boson_temperature {problem.temperature * ACE.hbar / KELVIN!r}",
            f"Boson_SysOp {operator}",
        ]  # fmt: skip
        if setting["scheme"] == "infinite":
            lines.append("infinite_normalize_iter 200")
        if "memory" in setting:
            lines.append(f"t_mem {min(setting['memory'], steps * step)!r}")
        tensor = ACE.ProcessTensors(ACE.Parameters(lines))
        free = ACE.FreePropagator()
        free.set_Hamiltonian(np.asfortranarray(ACE.hbar * problem.hamiltonian.astype(complex)))
        units = [ACE.KetBra(i, j, 2) for i, j in ((0, 0), (1, 0), (0, 1), (1, 1))]
        told = ACE.OutputPrinter(units)
        ACE.Simulation(free, tensor, np.asfortranarray(problem.rho), ACE.TimeGrid(0.0, steps * step, step), told)
        t, values = told.extract()
    rho = np.asarray(values).reshape(-1, 2, 2)[: steps + 1]
    at = [k for k in range(steps + 1) if k % every == 0 or k == steps]
    return np.asarray(t)[at], columns(problem, rho[at])


if __name__ == "__main__":
    drive("ACE-OQS", run, packages=("numpy",))
