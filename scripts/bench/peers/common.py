"""What parent and drivers share: the problem as files, and the shell around a driver's run. Needs numpy only.

A driver is started as  python run_NAME.py FOLDER SETTING  with SETTING a JSON object. It reads the problem from FOLDER, runs once on a tiny
version of it (compilation), then for the record, and leaves FOLDER/answer.npz (t, sigma_z, whatever else it knows) and FOLDER/answer.json.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """H = H_S + kappa (L c_0^dag + L^dag c_0) + sum_n e_n c_n^dag c_n + sum_n t_n (c_n^dag c_(n+1) + h.c.), chain in its vacuum.

    hamiltonian, operator   H_S and L (2, 2); L is Hermitian unless the coupling is an exchange
    exchange                whether it is
    weights, starts         rho_S(0) = sum_k weights[k] |starts[k]><starts[k]|: (k,) and (k, 2)
    kappa, frequencies, hoppings   the chain at the bath's temperature
    nodes, strengths        the bath as a measure on the whole axis: C(t) = sum_j strengths[j] exp(-i nodes[j] t). It is the chain's where
                            the bath ends by itself, and that of the uncut density where it does not
    tail                    int J/w beyond the nodes (an algebraic tail): these modes follow at once, and add -tail A^2 to H_S
    density                 "kind" and parameters of J(w) as the file has them; "kind" is "" where there is no formula for `J`
    endless                 whether J(w) has no end of its own: the chain is then one of many, with a cutoff
    temperature             that is in the chain and the measure already
    times                   record times
    config                  the file that the problem comes from
    """

    hamiltonian: Any
    operator: Any
    exchange: bool
    weights: Any
    starts: Any
    kappa: float
    frequencies: Any
    hoppings: Any
    nodes: Any
    strengths: Any
    tail: float
    density: dict[str, Any]
    endless: bool
    temperature: float
    times: Any
    config: str

    def shortened(self, modes: int) -> Problem:
        """With the first ``modes`` sites of the chain."""
        return replace(self, frequencies=self.frequencies[:modes], hoppings=self.hoppings[: modes - 1])

    @property
    def rho(self) -> Any:
        """The start as a density matrix (2, 2)."""
        return np.einsum("k,ki,kj->ij", self.weights, self.starts, self.starts.conj())

    def J(self, w: Any) -> Any:
        """The spectral density at w >= 0, uncut, without pi. Raises KeyError where there is no formula."""
        p = self.density
        if p["kind"] == "power-law":
            x = w / p["cutoff"]
            ends = {"hard": np.where(x <= 1, 1.0, 0.0), "exponential": np.exp(-x), "gaussian": np.exp(-(x**2))}
            return 2 * p["alpha"] * p["cutoff"] * x ** p["exponent"] * ends[p["shape"]]
        strength = {"drude-lorentz": 1.0, "brownian": p.get("frequency", 1.0) ** 2}[p["kind"]]
        strength *= 2 / np.pi * p["reorganisation_energy"] * p["width"]
        if p["kind"] == "drude-lorentz":
            return strength * w / (w**2 + p["width"] ** 2)
        return strength * w / ((w**2 - p["frequency"] ** 2) ** 2 + (p["width"] * w) ** 2)

    def correlation(self, t: Any) -> Any:
        """C(t), without the tail."""
        return np.exp(-1j * np.multiply.outer(t, self.nodes)) @ self.strengths

    def twice(self, t: float) -> complex:
        """The integral of (t - u) C(u) over u from 0 to t, the tail included."""
        x = -1j * self.nodes * t
        small = np.abs(x) < 1e-3
        y = np.where(small, 1.0, x)
        phi = np.where(small, 0.5 + x / 6 + x**2 / 24 + x**3 / 120, (np.expm1(y) - y) / y**2)
        return complex(t**2 * (phi @ self.strengths)) - 1j * self.tail * t

    def between(self, step: float, delays: Any) -> Any:
        """Integrals of C over two steps that are ``delays`` (n,) > 0 steps apart."""
        window = (step * np.sinc(self.nodes * step / (2 * np.pi))) ** 2 * self.strengths
        return np.exp(-1j * np.multiply.outer(np.asarray(delays) * step, self.nodes)) @ window

    def steps(self, step: float) -> int:
        """How many steps fit before the last record time."""
        return int(self.times[-1] / step + 1e-9)

    def every(self, step: float) -> int:
        """After how many steps something is to be measured: at the record times, or at every step where it is larger."""
        return max(1, round((self.times[1] - self.times[0]) / step))

    def write(self, folder: Path) -> None:
        """As FOLDER/problem.npz (arrays) and FOLDER/problem.json (the rest)."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays: dict[str, Any] = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        np.savez(folder / "problem.npz", **arrays)
        rest = {name: value for name, value in values.items() if name not in arrays}
        (folder / "problem.json").write_text(json.dumps(rest))

    @classmethod
    def read(cls, folder: Path) -> Problem:
        """The inverse of `write`."""
        with np.load(folder / "problem.npz") as arrays:
            return cls(**{name: arrays[name] for name in arrays}, **json.loads((folder / "problem.json").read_text()))


def lowering(levels: int) -> Any:
    """The annihilation operator (levels, levels)."""
    return np.diag(np.sqrt(np.arange(1.0, levels)), 1).astype(complex)


def sigma_z(rho: Any) -> float:
    """<sigma_z> of a (2, 2) density matrix."""
    return float((rho[0, 0] - rho[1, 1]).real)


def columns(problem: Problem, rho: Any) -> dict[str, Any]:
    """sigma_x, sigma_y, sigma_z and E_S of density matrices (n, 2, 2)."""
    rho = np.asarray(rho)
    return {
        "sigma_z": (rho[:, 0, 0] - rho[:, 1, 1]).real,
        "sigma_x": 2 * rho[:, 0, 1].real,
        "sigma_y": 2 * rho[:, 1, 0].imag,
        "E_S": np.einsum("ij,tji->t", problem.hamiltonian, rho).real,
    }


def mixed(problem: Problem, run: Callable[[Any], tuple[Any, Any]]) -> tuple[Any, Any]:
    """t and sigma_z of a mixed start: one run for each of its pure states."""
    answers = [run(start) for start in problem.starts]
    return answers[0][0], sum(p * z for p, (_, z) in zip(problem.weights, answers, strict=True))


def one_core() -> contextlib.AbstractContextManager[Any]:
    """Pin this process to one core where the system allows it, and its numerical libraries to one thread."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return contextlib.nullcontext()
    return threadpool_limits(limits=1)


def drive(
    package: str, run: Callable[[Problem, dict[str, Any]], tuple[Any, Any]], *, packages: tuple[str, ...] = ()
) -> None:
    """Run a driver as a program: ``run(problem, setting)`` gives t and sigma_z, or t and several columns by name, that one among them.

    Instead of columns it may give a function without arguments that does: what is only looked at after a run is not timed.

    The parent's limit on the run proper is in the setting as ``limit`` (seconds), whose alarm ends the process,
    and the time at which it was started as ``launched``.
    """
    folder, setting = Path(sys.argv[1]), json.loads(sys.argv[2])
    imports = time.time() - setting.pop("launched", time.time())
    limit = setting.pop("limit", None)
    problem = Problem.read(folder)
    tiny = replace(problem, times=problem.times[:1] + setting["step"] * np.arange(3))
    with one_core():
        start = time.perf_counter()
        run(tiny, {**setting, "modes": min(4, setting.get("modes", 4))})
        compilation = time.perf_counter() - start
        if limit is not None and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, limit)
        start = time.perf_counter()
        t, found = run(problem, setting)
        wall = time.perf_counter() - start
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        found = found() if callable(found) else found
    np.savez(folder / "answer.npz", t=t, **(found if isinstance(found, dict) else {"sigma_z": found}))
    versions = {name: version(name) for name in (package, *packages)}
    answer = {
        "wall_s": wall,
        "compile_s": compilation,
        "import_s": imports,
        "version": versions[package],
        "versions": versions,
    }
    (folder / "answer.json").write_text(json.dumps(answer))
