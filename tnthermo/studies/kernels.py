"""The kernels of usual runs compiled at once, into the cache: what the first run on a machine would wait for."""

from __future__ import annotations

from collections.abc import Callable

import chains
from tnthermo.accuracy.evolve import evolve
from tnthermo.algorithms import TDVP, TEBD, Algorithm, Exact, TimeBins
from tnthermo.kernels.compiling import CompileClock
from tnthermo.model.model import SpinBoson
from tnthermo.thermo.ledger import ledger


def compile_kernels(say: Callable[[str], None] = lambda text: None) -> float:
    """Compile the kernels by runs in no time, one for each engine; the seconds that it took, 0 where all were in the cache already.

    say  is told of each engine before and after
    """
    mode = chains.Discrete(frequencies=[1.0], couplings=[0.1])
    drude = chains.DrudeLorentz(reorganisation_energy=0.1, width=1.0)
    on_chain, whole = chains.chain(mode, temperature=0.5), chains.Bath(density=drude, temperature=0.5)
    engines: tuple[tuple[str, chains.Chain | chains.Bath, Algorithm], ...] = (
        ("chains", on_chain, TDVP(step=0.1, tolerance=1e-3, max_bond=4)),
        ("time bins", whole, TimeBins(step=0.1, tolerance=1e-3, max_bond=4)),
        ("TEBD", on_chain, TEBD(step=0.1, tolerance=1e-3, max_bond=4)),
        ("exact propagation", on_chain, Exact(step=0.1, tolerance=1e-3)),
    )
    before = CompileClock.process
    for k, (name, bath, algorithm) in enumerate(engines, 1):
        say(f"{k} of {len(engines)}: {name}")
        since = CompileClock.process
        model = SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath)
        ledger(evolve(model, algorithm=algorithm, until=0.4))
        say(f"  {CompileClock.process - since:.0f} s")
    return CompileClock.process - before
