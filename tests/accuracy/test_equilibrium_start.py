"""Runs that begin with the equilibrium of the whole, beside the closed form of a coupling that commutes with H_S."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.configuration.resolve import resolve_file
from tnthermo.thermo.equilibrium_start import OF_ENERGIES, apart, start_floor, state_floor

T, LAMBDA = 2.1, 3.0  # int J/w of alpha = .3, wc = 5: 2 alpha wc
FILE = """
[spectral_density]
kind = "power-law"
alpha = 0.3
exponent = 1.0
cutoff = 5.0
shape = "exponential"

[bath]
temperature = 2.1
{modes}

[system]
hamiltonian = {{ z = 0.5 }}
initial = "mean-force"

[coupling]
operator = [[1.0, 0.0], [0.0, 0.0]]

[evolution]
until = {until}
record_every = {until}

[thermodynamics]
bath_entropy = "off"

[accuracy]
target = {target}
"""
EXCITED = 1 / (1 + np.exp((1.0 - LAMBDA) / T))  # H_S = .5 sigma_z, lowered by lambda where A = 1


def run(folder: Path, *, until: float, target: float, modes: str = "") -> tt.Trajectory:
    path = folder / "gibbs.toml"
    path.write_text(FILE.format(until=until, target=target, modes=modes))
    found = resolve_file(path)
    return tt.evolve(found.model, **found.evolve_keywords())


@pytest.mark.parametrize("target", [1e-2, 1e-3])
def test_a_short_run_has_the_equilibrium_within_its_bars(tmp_path: Path, target: float) -> None:
    found = run(tmp_path, until=0.02, target=target)
    ledger = tt.ledger(found)
    for name, exact in (("E_S", EXCITED - 0.5), ("E_int", -2 * LAMBDA * EXCITED), ("E_B", LAMBDA * EXCITED)):
        off = np.abs(ledger[name].values - exact).max()
        assert off <= ledger[f"{name}_error"].values.max()
        assert off <= target * 2 * LAMBDA
    off = abs(float(ledger.rho_S.values[0, 0, 0, 0]) - EXCITED)
    assert off <= float(ledger.rho_S_error.values[0].max()) < 20 * off
    assert ledger.attrs["flags"] == "none"
    assert ledger.attrs["target_met"] == "yes"


def test_chains_that_are_too_short_for_it_are_flagged(tmp_path: Path) -> None:
    found = run(tmp_path, until=0.02, target=1e-2, modes="modes = 4")
    ledger = tt.ledger(found)
    assert abs(float(ledger.rho_S.values[0, 0, 0, 0]) - EXCITED) > 5e-3
    assert "C(-i tau)" in ledger.attrs["flags"]
    assert ledger.attrs["status"] == "not converged"


def test_what_bath_and_ancilla_differ_by_is_in_the_bars() -> None:
    bath = chains.chain(chains.Discrete(frequencies=[0.8], couplings=[0.4]), temperature=0.5)
    model = tt.SpinBoson(hamiltonian={"x": 0.4}, coupling={"z": 0.5}, bath=bath)
    found = tt.evolve(
        model, initial="mean-force", until=0.2, algorithm=tt.TDVP(step=0.1, tolerance=1e-6), accuracy="off"
    )
    worse = replace(found, chain_energy=found.chain_energy + 0.01)
    assert apart(worse) == pytest.approx(0.01, rel=0.05)
    assert start_floor(worse, "E_S") == OF_ENERGIES * apart(worse)
    assert float(tt.ledger(worse).E_S_error.values[0]) >= OF_ENERGIES * apart(worse)
    assert float(tt.ledger(worse).rho_S_error.values.max()) >= state_floor(worse) > state_floor(found)
    product = tt.evolve(model, until=0.2, algorithm=tt.TDVP(step=0.1, tolerance=1e-6), accuracy="off")
    assert apart(replace(product, chain_energy=product.chain_energy + 1)) == state_floor(product) == 0.0
