"""Problems that other people wrote, with nothing but physics in their files: every column of the reference, energies included.

Each JSON has t, sigma_z, sigma_x, sigma_y, E_S, E_int, E_B of an own prototype at two step sizes (``error_of_the_reference``: their
difference) and, under ``other``, what another package gave. The runs have no numerical key: engine, step, tolerance and levels are chosen
on the way to the target that is the usual one then, 1e-3 of entries of rho_S and of the largest energy that is exchanged.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tnthermo as tt
from tnthermo.configuration.resolve import Resolved, resolve_file

HERE = Path(__file__).parent
QUICK = ("ohmic_exponential_warm", "bath_by_mode", "drude_strong", "exciton_dimer", "ohmic_exponential_cold")
CLOSE = 1e-3  # the usual target
PAULI = {
    "sigma_z": np.diag([1.0, -1.0]).astype(complex), "sigma_x": np.array([[0, 1], [1, 0]], dtype=complex),
    "sigma_y": np.array([[0, -1j], [1j, 0]]),
}  # fmt: skip


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text())
    return found


def resolved(name: str, folder: Path, reference: dict[str, Any]) -> Resolved:
    """The file, recorded at the times of its reference."""
    text = (HERE / f"{name}.toml").read_text() + f"record_every = {reference['t'][1]}\n"
    path = folder / f"{name}.toml"
    path.write_text(text)
    return resolve_file(path)


def columns(run: tt.Trajectory) -> dict[str, np.ndarray]:
    """What the reference has, at the record times."""
    ledger = tt.ledger(run)
    rho = run.rho_S[run.recorded]
    return {name: np.einsum("ij,tji->t", matrix, rho).real for name, matrix in PAULI.items()} | {
        name: ledger[name].values for name in ("E_S", "E_int", "E_B")
    }


def deviations(found: dict[str, np.ndarray], reference: dict[str, Any]) -> dict[str, float]:
    """The largest deviation of each column, less the reference's own error: of entries of rho_S, and of the largest energy exchanged."""
    own = reference["error_of_the_reference"]
    E_S = np.array(reference["E_S"])
    exchanged = max(float(np.abs(E).max()) for E in (E_S - E_S[0], reference["E_int"], reference["E_B"]))
    result = {}
    for name, column in found.items():
        off = float(np.abs(column - np.array(reference[name])).max()) - own[name]
        result[name] = max(off, 0.0) / (2.0 if name in PAULI else exchanged)
    return result


def ran(name: str, folder: Path) -> tuple[Resolved, tt.Trajectory, dict[str, Any]]:
    reference = read(name)
    found = resolved(name, folder, reference)
    keywords = found.evolve_keywords() | {"bath_entropy": "off"}
    return found, tt.evolve(found.model, **keywords), reference


@pytest.mark.parametrize("name", QUICK)
def test_every_column_with_nothing_but_physics_in_the_file(name: str, tmp_path: Path) -> None:
    found, run, reference = ran(name, tmp_path)
    assert found.algorithm.name == "time-bins"
    np.testing.assert_allclose(run.t, reference["t"], atol=1e-9)
    off = deviations(columns(run), reference)
    assert max(off.values()) < CLOSE, off
    assert tt.ledger(run).attrs["target_met"] == "yes"


def test_another_coupling_is_noticed(tmp_path: Path) -> None:
    """The negative twin: two per cent more reorganisation energy is outside."""
    name = "exciton_dimer"
    reference = read(name)
    found = resolved(name, tmp_path, reference)
    operator = 1.01 * found.model.couplings[0].operator
    other = tt.SpinBoson(hamiltonian=found.model.hamiltonian, coupling=operator, bath=found.model.couplings[0].bath)
    run = tt.evolve(other, **found.evolve_keywords() | {"bath_entropy": "off"})
    assert max(deviations(columns(run), reference).values()) > CLOSE


def test_in_wavenumbers_femtoseconds_and_kelvin(tmp_path: Path) -> None:
    """The reference counts time in 100 fs and energy in hbar/100 fs; nothing but physics in the file, as papers write it.

    Its temperature and reorganisation energy were made with rounded constants: 299.35 K and 100.0007 cm^-1.
    """
    reference = read("exciton_dimer")
    energy = 53.08837458876  # cm^-1, hbar/(100 fs)
    shift, temperature = 1.8836648583484026 * energy, 3.919077757685353 * energy / 0.695034800486
    assert (round(shift, 2), round(temperature, 2)) == (100.00, 299.35)
    path = tmp_path / "dimer.toml"
    path.write_text(
        f"""
[units]
energy = "cm^-1"
time = "fs"
temperature = "K"
[spectral_density]
kind = "drude-lorentz"
reorganisation_energy = {shift}
width = {energy}
[bath]
temperature = {temperature}
[system]
hamiltonian = [[{shift}, {shift}], [{shift}, 0.0]]
initial = [1.0, 0.0]
[coupling]
operator = {{ z = 0.7071067811865476 }}
[evolution]
until = 200.0
record_every = 5.0
"""
    )
    found = resolve_file(path)
    run = tt.evolve(found.model, **found.evolve_keywords() | {"bath_entropy": "off"})
    ledger = tt.in_units(tt.ledger(run), found.units)
    assert ledger.t.values.tolist() == [5.0 * n for n in range(41)]
    rho = run.rho_S[run.recorded]
    columns = {name: np.einsum("ij,tji->t", matrix, rho).real for name, matrix in PAULI.items()}
    columns |= {name: ledger[name].values / energy for name in ("E_S", "E_int", "E_B")}
    off = deviations(columns, reference)
    assert max(off.values()) < CLOSE, off


@pytest.mark.slow
def test_a_hot_underdamped_mode(tmp_path: Path) -> None:
    """Bonds grow with the heat of the mode: the cap is judged, and widened."""
    _, run, reference = ran("brownian_hot", tmp_path)
    off = deviations(columns(run), reference)
    assert max(off.values()) < CLOSE, off
    assert math.isfinite(run.since("bond"))
