"""OQuPy: TEMPO with the whole memory, or the memory of a given length. setting: step, epsrel, memory (time; none: all of it)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import oqupy
from common import Problem, columns, drive


class Measure(oqupy.bath_correlations.BaseCorrelations):
    """C(t) of a problem, integrated in closed form."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__()

    def correlation(self, tau: Any, *_: Any, **__: Any) -> Any:
        return self.problem.correlation(tau)

    def correlation_2d_integral(
        self, delta: float, time_1: float, time_2: float | None = None, shape: str = "square", **_: Any
    ) -> complex:
        twice = self.problem.twice
        if shape == "upper-triangle" and time_1 == 0.0:
            return twice(delta)
        if shape == "square":
            return complex(self.problem.between(delta, time_1 / delta))
        if shape == "rectangle" and time_2 is not None:
            ends = [twice(t) - twice(t - delta) for t in (time_1, time_2)]
            return ends[1] - ends[0]
        raise NotImplementedError(shape)


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    warnings.simplefilter("ignore")
    bath = oqupy.Bath(problem.operator, Measure(problem))
    parameters = oqupy.TempoParameters(dt=setting["step"], epsrel=setting["epsrel"], tcut=setting.get("memory"))
    tempo = oqupy.Tempo(
        oqupy.System(problem.hamiltonian), bath, parameters, problem.rho, 0.0, unique=setting.get("unique", True)
    )
    steps = problem.steps(setting["step"])
    dynamics = tempo.compute(end_time=(steps + 0.01) * setting["step"], progress_type="silent")
    return np.asarray(dynamics.times), columns(problem, dynamics.states)


if __name__ == "__main__":
    drive("oqupy", run, packages=("numpy",))
