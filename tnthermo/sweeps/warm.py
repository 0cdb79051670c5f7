"""Importing this loads the compiled sweeps, by a run in no time: in a fork server, once for all the workers that it will start.

What goes wrong here goes wrong again in the first run of a worker, where it is reported.
"""

from __future__ import annotations

from contextlib import suppress

from chains import Discrete, chain
from tnthermo.accuracy.evolve import evolve
from tnthermo.algorithms import TDVP
from tnthermo.model.model import SpinBoson
from tnthermo.thermo.ledger import ledger

with suppress(Exception):
    _bath = chain(Discrete(frequencies=[1.0], couplings=[0.1]), temperature=0.5)
    _model = SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=_bath)
    ledger(evolve(_model, algorithm=TDVP(step=0.1, tolerance=1e-3, max_bond=4), until=0.2))
