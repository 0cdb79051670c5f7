"""Factors between units, names, and words with times in them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import tnthermo as tt
from tnthermo.units.units import ENERGIES, NATURAL, TIMES, inverse

# CODATA 2022: h, k_B, e, c and N_A are exact; the energy of one hartree in eV
H, K_B, E_CHARGE, C, N_A, HARTREE = (
    6.62607015e-34,
    1.380649e-23,
    1.602176634e-19,
    299792458.0,
    6.02214076e23,
    27.211386245981,
)
HBAR = H / (2 * np.pi)
JOULES = {
    "cm^-1": 100 * H * C, "meV": 1e-3 * E_CHARGE, "ueV": 1e-6 * E_CHARGE, "eV": E_CHARGE, "hartree": HARTREE * E_CHARGE,
    "kJ/mol": 1e3 / N_A, "kcal/mol": 4184.0 / N_A, "MHz": 1e6 * H, "GHz": 1e9 * H, "THz": 1e12 * H, "mK": 1e-3 * K_B, "K": K_B,
}  # fmt: skip
SECONDS = {"fs": 1e-15, "ps": 1e-12, "ns": 1e-9, "us": 1e-6}
WAVE = tt.Units("cm^-1", "fs", "K")


def test_every_unit_has_its_number_here() -> None:
    assert set(JOULES) == set(ENERGIES)
    assert set(SECONDS) == set(TIMES)


@pytest.mark.parametrize("energy", ENERGIES)
@pytest.mark.parametrize("time", ["fs", "ns"])
def test_constants(energy: str, time: str) -> None:
    units = tt.Units(energy, time, "K")
    within = 1e-10 if energy == "hartree" else 1e-14
    assert units.hbar == pytest.approx(HBAR / JOULES[energy] / SECONDS[time], rel=within)
    assert units.k_B == pytest.approx(K_B / JOULES[energy], rel=within)


def test_wavenumbers_femtoseconds_and_kelvin() -> None:
    """Written out, as tables have them."""
    assert WAVE.hbar == pytest.approx(5308.837458, abs=1e-5)
    assert WAVE.k_B == pytest.approx(0.695034800, abs=1e-9)
    assert WAVE.temperature(300.0) == pytest.approx(208.5104, abs=1e-4)
    assert WAVE.time(5308.837458876) == pytest.approx(1.0, rel=1e-12)
    assert WAVE.energy(7.0) == 7.0
    assert WAVE.energy(1.0, "eV") == pytest.approx(8065.543937, abs=1e-5)
    assert WAVE.time(1.0, "ps") == WAVE.time(1000.0)
    np.testing.assert_array_equal(WAVE.time([1.0, 2.0]), [WAVE.time(1.0), WAVE.time(2.0)])


def test_a_frequency_is_a_cyclic_one() -> None:
    """An energy of 1 GHz is h times 1 GHz: its phase is 2 pi after a nanosecond."""
    units = tt.Units("GHz", "ns", "mK")
    assert units.time(1.0) * units.energy(1.0) == pytest.approx(2 * np.pi, rel=1e-14)
    assert units.temperature(1000 * 0.0479924307) == pytest.approx(1.0, rel=1e-8)


def test_the_temperature_is_an_energy_where_nothing_is_said() -> None:
    units = tt.Units("meV", "ps")
    assert units.temperature(25.0) == 25.0
    assert units == tt.Units("meV", "ps", "meV")


def test_natural_units_change_nothing() -> None:
    units = tt.Units()
    assert units.natural
    assert (units.time(0.1), units.temperature(0.2), units.energy(0.3), units.hbar, units.k_B) == (
        0.1,
        0.2,
        0.3,
        1.0,
        1.0,
    )
    assert units.said("t = 0.1, T = 3") == "t = 0.1, T = 3"
    assert units.describe() == NATURAL.describe() == "hbar = k_B = 1"


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({"energy": "cm^-1"}, ["time"]),
        ({"time": "fs"}, ["energy"]),
        ({"temperature": "K"}, ["temperature"]),
        ({"energy": "cm", "time": "s", "temperature": "s"}, ["energy", "time", "temperature"]),
        ({"energy": "eV", "time": 1.0}, ["time"]),
    ],
)
def test_refused_names(given: dict[str, object], keys: list[str]) -> None:
    with pytest.raises(tt.InvalidInput) as error:
        tt.Units(**given)  # type: ignore[arg-type]
    assert [problem.key for problem in error.value.problems] == keys


def test_times_come_back_as_they_were() -> None:
    for given in [10.0 * n for n in range(200)] + [0.1 * n for n in range(200)] + [1 / 3, 1e-7, 123456.789]:
        assert WAVE.natural_time(WAVE.shown_time(WAVE.natural_time(given))) == WAVE.natural_time(given)
    assert [WAVE.shown_time(WAVE.natural_time(10.0 * n)) for n in range(2000)] == [10.0 * n for n in range(2000)]
    assert WAVE.shown_temperature(WAVE.natural_temperature(77.0)) == 77.0
    assert inverse(WAVE.natural_time, np.inf, 2.0) == np.inf


def test_words() -> None:
    text = (
        "jumps at t = 0.0188365, 0.037673 and 2 more; run: t = 0.0188365/0.037673; bath: T = 208.51, x; T/cutoff = 3, "
        "a step near 0.0188365"
    )
    said = WAVE.said(text)
    assert said == (
        "jumps at t = 100, 200 fs and 2 more; run: t = 100/200 fs; bath: T = 300 K, x; T/cutoff = 3, a step near 100 fs"
    )
    assert WAVE.said(said) == said


def test_the_library_is_not_imported_unasked() -> None:
    code = (
        "import sys, tnthermo, tnthermo.terminal.cli, tnthermo.configuration.resolve, tnthermo.thermo.in_units\n"
        "tnthermo.Units(); print('pint' in sys.modules)\n"
        "tnthermo.Units('eV', 'fs').hbar; print('pint' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
