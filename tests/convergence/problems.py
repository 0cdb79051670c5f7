"""Tables of small runs for studies of convergence, and one process that does them."""

import copy
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

MODES = tomllib.loads("""
[spectral_density]
kind = "discrete"
frequencies = [0.6, 1.0, 1.5]
couplings = [0.4, 0.5, 0.3]
[bath]
temperature = 0.0
levels = 8
[system]
hamiltonian = { z = 0.2, x = 0.4 }
initial = "+z"
[coupling]
operator = { z = 0.5 }
[evolution]
method = "tdvp"
until = 5.0
step = 0.1
record_every = 0.5
tolerance = 1e-6
max_bond = 16
""")
CONTINUUM = tomllib.loads("""
[spectral_density]
kind = "power-law"
alpha = 0.3
exponent = 1.0
cutoff = 2.0
shape = "exponential"
[bath]
temperature = 0.3
[system]
hamiltonian = { z = 0.3, x = 0.5 }
[coupling]
operator = { z = 0.5 }
[evolution]
method = "time-bins"
until = 3.0
""")


def changed(base: dict[str, Any], levels: Any = None, **evolution: Any) -> dict[str, Any]:
    """The tables with other keys of [evolution], None for one that is left out, and other levels."""
    found = copy.deepcopy(base)
    found["evolution"] = {k: v for k, v in (found["evolution"] | evolution).items() if v is not None}
    if levels is not None:
        found["bath"]["levels"] = levels
    return found


class Here(ThreadPoolExecutor):
    """One run at a time, in this process; ``ran`` counts, and ``failing`` are the numbers of those that do not come to an end."""

    def __init__(self, *failing: int) -> None:
        super().__init__(1)
        self.ran = 0
        self.failing = failing

    def submit(self, function: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]:
        self.ran += 1
        return super().submit(broken if self.ran in self.failing else function, *arguments, **keywords)


def broken(*_: Any) -> None:
    raise RuntimeError("planted")
