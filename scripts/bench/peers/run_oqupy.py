"""OQuPy: TEMPO with the whole memory, or the memory of a given length. setting: step, epsrel, memory (time; none: all of it)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import oqupy
from common import Problem, drive, sigma_z


class Measure(oqupy.bath_correlations.BaseCorrelations):
    """C(t) = sum_j s_j exp(-i w_j t), integrated in closed form."""

    def __init__(self, nodes: Any, strengths: Any) -> None:
        self.nodes, self.strengths = nodes, strengths
        super().__init__()

    def correlation(self, tau: Any, *_: Any, **__: Any) -> Any:
        return np.exp(-1j * np.multiply.outer(tau, self.nodes)) @ self.strengths

    def _twice(self, t: float) -> complex:
        """The integral of (t - u) C(u) over u from 0 to t."""
        x = -1j * self.nodes * t
        small = np.abs(x) < 1e-3
        y = np.where(small, 1.0, x)
        phi = np.where(small, 0.5 + x / 6 + x**2 / 24 + x**3 / 120, (np.expm1(y) - y) / y**2)
        return complex(t**2 * (phi @ self.strengths))

    def correlation_2d_integral(
        self, delta: float, time_1: float, time_2: float | None = None, shape: str = "square", **_: Any
    ) -> complex:
        if shape == "upper-triangle" and time_1 == 0.0:
            return self._twice(delta)
        if shape == "square":
            window = (delta * np.sinc(self.nodes * delta / (2 * np.pi))) ** 2
            return complex((window * np.exp(-1j * self.nodes * time_1)) @ self.strengths)
        if shape == "rectangle" and time_2 is not None:
            ends = [self._twice(t) - self._twice(t - delta) for t in (time_1, time_2)]
            return ends[1] - ends[0]
        raise NotImplementedError(shape)


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    warnings.simplefilter("ignore")
    rho = np.einsum("k,ki,kj->ij", problem.weights, problem.starts, problem.starts.conj())
    bath = oqupy.Bath(problem.operator, Measure(problem.nodes, problem.strengths))
    parameters = oqupy.TempoParameters(dt=setting["step"], epsrel=setting["epsrel"], tcut=setting.get("memory"))
    tempo = oqupy.Tempo(
        oqupy.System(problem.hamiltonian), bath, parameters, rho, 0.0, unique=setting.get("unique", True)
    )
    steps = problem.steps(setting["step"])
    dynamics = tempo.compute(end_time=(steps + 0.01) * setting["step"], progress_type="silent")
    return np.asarray(dynamics.times), np.array([sigma_z(state) for state in dynamics.states])


if __name__ == "__main__":
    drive("oqupy", run, packages=("numpy",))
