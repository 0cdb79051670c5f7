"""One point of the sweep of costs.py. Importing this runs one, which loads the kernels: in a fork server, once for all workers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import timing

import chains
import tnthermo as tt


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Processor seconds: of the evolution; of chain, evolution and ledger; of the process (its number is ``process``) so far."""

    evolution: float
    whole: float
    so_far: float
    process: int


def small_run(alpha: float) -> Cost:
    """What a point costs."""
    start = time.process_time()
    density = chains.PowerLaw(alpha=alpha, cutoff=1.0, exponent=1.0, shape="hard")
    bath = chains.chain(density, 24, temperature=0.2)
    model = tt.SpinBoson(hamiltonian={"x": 0.1}, coupling={"z": 0.5}, bath=bath)
    before = time.process_time()
    run = timing.bare(model, tt.TDVP(step=0.25, tolerance=1e-4, max_bond=8), 10.0)
    after = time.process_time()
    tt.ledger(run)
    end = time.process_time()
    return Cost(evolution=after - before, whole=end - start, so_far=end, process=os.getpid())


LOADED = small_run(0.1).so_far
"""Processor seconds of the process that imported this: start, imports, kernels, one point."""


def loaded(_: int) -> float:
    """`LOADED` as a worker has it: forked after the import it costs nothing more."""
    return LOADED
