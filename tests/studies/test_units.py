"""Files with a section [units]: the same physics as without, in other numbers, from the check to the collected sweep."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from tnthermo.configuration.resolve import resolve_file
from tnthermo.figures.panels import single
from tnthermo.terminal.check import checked
from tnthermo.terminal.plan import planned
from tnthermo.terminal.show import shown
from tnthermo.thermo.definitions import BY_BATH_RATE

HBAR, K_B = 5308.837458876, 0.695034800486  # cm^-1 fs, cm^-1/K
UNITS = '[units]\nenergy = "cm^-1"\ntime = "fs"\ntemperature = "K"\n'
ONE = 150.0  # cm^-1: the unit of energy of the natural file
# Three levels, a warm Drude-Lorentz bath and a cold one with an exponential cutoff, a drive that jumps.
PHYSICS = """
[[bath]]
temperature = {T}
[bath.spectral_density]
kind = "drude-lorentz"
reorganisation_energy = {lam}
width = {width}
[bath.coupling]
operator = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]

[[bath]]
temperature = 0.0
[bath.spectral_density]
kind = "power-law"
alpha = 0.02
exponent = 1.0
cutoff = {cutoff}
shape = "exponential"
[bath.coupling]
operator = [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]

[system]
hamiltonian = [[{a}, {b}, 0.0], [{b}, 0.0, {b}], [0.0, {b}, 0.0]]
initial = [1.0, 0.0, 0.0]

[drive]
"hamiltonian.d" = {{ shape = "square", start = {on}, height = {height}, operator = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -1.0]] }}

[thermodynamics]
bath_entropy = "off"
[evolution]
until = {until}
record_every = {every}
"""
ENERGIES = {"lam": 10.0, "width": 100.0, "cutoff": 300.0, "a": 100.0, "b": 50.0, "height": 60.0}
TIMES = {"on": 10.0, "until": 20.0, "every": 10.0}
# What is measured against its own largest value only roughly: differences of nearly equal numbers, and what is thrown away.
SMALL = re.compile(r"residual_.*|.*_error|discarded_weight|top_level_population|norm")
FEW = """
[spectral_density]
kind = "discrete"
frequencies = [80.0, 120.0]
couplings = [20.0, 15.0]
[bath]
temperature = 77.0
levels = 4
[system]
hamiltonian = { z = 50.0 }
initial = "+x"
[coupling]
operator = { x = 0.5 }
[evolution]
until = 30.0
step = 2.0
record_every = 10.0
method = "exact"
"""


def natural_few(text: str) -> str:
    """The file of few modes in natural numbers, the unit of energy that of the other."""
    text = text.replace("77.0", repr(77.0 * K_B))
    return re.sub(r"\b(until|step|record_every) = ([\d.]+)", lambda m: f"{m[1]} = {float(m[2]) / HBAR!r}", text)


def natural_text() -> str:
    energies = {name: value / ONE for name, value in ENERGIES.items()}
    times = {name: value / HBAR * ONE for name, value in TIMES.items()}
    return PHYSICS.format(**energies, **times, T=300.0 * K_B / ONE)


def factor(column: xr.Variable, one: float) -> float:
    """What a number of the natural file is multiplied with, by what the column of the other file says it is in.

    one  the unit of energy of the natural file, in cm^-1
    """
    unit = str(column.attrs.get("units", "1"))
    known = {
        "1": 1.0, "nat": 1.0, "cm^-1": one, "(cm^-1)^2": one**2, "fs": HBAR / one, "K": one / K_B, "cm^-1/fs": one**2 / HBAR,
        "nat/fs": one / HBAR, "1/(cm^-1)": 1 / one,
    }  # fmt: skip
    return known[unit]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[xr.Dataset, xr.Dataset]:
    """(ledger of the file in natural units, of the same physics in cm^-1, fs and K)."""
    folder = tmp_path_factory.mktemp("units")
    found = []
    for name, text in (("natural", natural_text()), ("units", UNITS + PHYSICS.format(**ENERGIES, **TIMES, T=300.0))):
        (folder / f"{name}.toml").write_text(text)
        found.append(tt.run_config(folder / f"{name}.toml", folder / name).ledger)
    return found[0], found[1]


def same_columns(natural: xr.Dataset, other: xr.Dataset, one: float, within: float) -> set[str]:
    """Compare every column to ``within`` of its largest value; returns the units there were."""
    compared = set()
    for name, column in other.variables.items():
        if column.dtype.kind != "f":
            continue
        theirs, mine = natural[name].values * factor(column, one), column.values
        assert theirs.shape == mine.shape, name
        np.testing.assert_array_equal(np.isfinite(theirs), np.isfinite(mine), err_msg=str(name))
        known = np.isfinite(mine)
        if known.any():
            size = np.abs(mine[known]).max()
            least = 1e-3 if SMALL.fullmatch(str(name)) else 10 * within if name in BY_BATH_RATE else within
            np.testing.assert_allclose(mine[known], theirs[known], rtol=0, atol=least * size + 1e-12, err_msg=str(name))
            compared.add(str(column.attrs.get("units", "1")))
    return compared


EVERY = {"1", "nat", "cm^-1", "(cm^-1)^2", "1/(cm^-1)", "fs", "K", "cm^-1/fs", "nat/fs"}


def test_every_column_is_that_of_the_natural_file(both: tuple[xr.Dataset, xr.Dataset]) -> None:
    """With another unit of energy inside, too: nothing in the library is measured by one unit of it."""
    natural, other = both
    assert same_columns(natural, other, ONE, 1e-9) == EVERY - {"(cm^-1)^2", "1/(cm^-1)"}
    assert other.t.values.tolist() == [0.0, 10.0, 20.0]


def test_every_column_of_few_modes_is_that_of_the_natural_file(tmp_path: Path) -> None:
    """With the bath's entropy and the variance of the heat, and with it every unit."""
    ledgers = [
        run_of(tmp_path / name, text)[1] for name, text in (("natural", natural_few(FEW)), ("units", UNITS + FEW))
    ]
    assert same_columns(*ledgers, 1.0, 1e-10) == EVERY
    assert ledgers[1].t.values.tolist() == [0.0, 10.0, 20.0, 30.0]


def test_another_temperature_is_noticed(both: tuple[xr.Dataset, xr.Dataset]) -> None:
    """The negative twin: as if kelvin had been taken for an energy."""
    natural, other = both
    assert abs(float(natural["temperature_of_bath"][0]) * ONE - float(other["temperature_of_bath"][0])) > 50


def test_the_screen_and_the_figures_name_the_units(both: tuple[xr.Dataset, xr.Dataset]) -> None:
    natural, other = both
    screen = shown(other)
    assert "t = 0 to 20 fs" in screen
    assert "T = 300, 0 K" in screen
    assert "energies in cm^-1" in screen
    assert not re.search(r"\bfs\b|cm|\bK\b", shown(natural))
    labels = [axes.get_xlabel() + axes.get_ylabel() for axes in single(other, "energies").axes]
    assert labels == ["time $t$ (fs)energy (cm$^{-1}$)"]
    assert "time $t$ (1/energy)energy" in [
        axes.get_xlabel() + axes.get_ylabel() for axes in single(natural, "energies").axes
    ]


def run_of(folder: Path, text: str, **options: object) -> tuple[Path, xr.Dataset]:
    folder.mkdir(exist_ok=True)
    path = folder / "few.toml"
    path.write_text(text)
    return path, tt.run_config(path, folder / "run", **options).ledger  # type: ignore[arg-type]


def test_the_folder_goes_on_in_its_units(tmp_path: Path) -> None:
    """Its config.toml is in the units of the file, and is the same run; a longer one goes on from it."""
    path, short = run_of(tmp_path, UNITS + FEW)
    kept = tmp_path / "run" / "config.toml"
    assert tomllib.loads(kept.read_text())["units"] == {"energy": "cm^-1", "time": "fs", "temperature": "K"}
    assert tomllib.loads(kept.read_text())["evolution"]["until"] == 30.0
    assert tomllib.loads(kept.read_text())["bath"]["temperature"] == 77.0
    assert resolve_file(kept).hash == resolve_file(path).hash
    assert tt.run_config(kept, tmp_path / "run").already_done
    said: list[str] = []
    path.write_text((UNITS + FEW).replace("until = 30.0", "until = 60.0"))
    longer = tt.run_config(path, tmp_path / "run", resume=True, say=said.append).ledger
    assert any("going on from t = 30 fs" in line for line in said), said
    assert longer.t.values.tolist() == [10.0 * n for n in range(7)]
    np.testing.assert_allclose(longer.E_S.values[:4], short.E_S.values, rtol=1e-12)


def test_a_trajectory_stays_in_natural_units(tmp_path: Path) -> None:
    """What is derived from the raw columns again is natural, and `in_units` makes the file's of it."""
    _, ledger = run_of(tmp_path, UNITS + FEW)
    run = tt.load(tmp_path / "run")
    again = tt.ledger(run)
    assert again.t.values[-1] == pytest.approx(30.0 / HBAR)
    found = tt.in_units(again, tt.Units.of(ledger))
    for name in ("t", "E_S", "Qdot_B", "T_S", "Sigma_S", "Sdot_S"):
        np.testing.assert_array_equal(found[name].values, ledger[name].values, err_msg=name)
    assert float(run.model.temperature or 0) == pytest.approx(77.0 * K_B)


def test_two_files_of_other_units_are_other_runs(tmp_path: Path) -> None:
    hashes = set()
    for head in (
        "",
        UNITS,
        UNITS.replace('"fs"', '"ps"'),
        UNITS.replace('"K"', '"cm^-1"'),
        UNITS.replace('"cm^-1"', '"meV"'),
    ):
        path = tmp_path / "few.toml"
        path.write_text(head + FEW)
        hashes.add(resolve_file(path).hash)
    assert len(hashes) == 5


def test_check_and_plan_speak_in_the_units(tmp_path: Path) -> None:
    path = tmp_path / "few.toml"
    drive = """[drive]
coupling = { shape = "ramp", duration = 20.0, initial = 0.0 }
"hamiltonian.x" = { shape = "cosine", amplitude = 10.0, frequency = 106.1767 }
"""
    path.write_text(UNITS + FEW + drive)
    found = resolve_file(path)
    text, plan = checked(found), planned(found, tmp_path)
    assert "T = 77 K" in text
    assert "u = (t - 0) / 20 in [0, 1]" in text
    assert "cos(0.02 t + 0), between -10 and 10; t in fs" in text
    assert "steps of 2 fs or less to t = 30 fs" in plan


def test_a_two_time_function(tmp_path: Path) -> None:
    """Its times are in the units of the file, and its spectrum, over energies, is that of the natural one."""
    text = (
        FEW.replace('method = "exact"', 'method = "tdvp"\nmax_bond = 8')
        + '[record]\ntwo_time = { zz = ["z", "z"] }\n[run]\nerror_bars = false\n'
    )
    run_of(tmp_path, UNITS + text)
    found = xr.load_dataset(tmp_path / "run" / "result.nc", group="two_time")
    assert found.t.values.tolist() == [0.0, 10.0, 20.0, 30.0]
    natural = tt.in_units(found, tt.Units())
    assert natural.t.values[-1] == pytest.approx(30.0 / HBAR)
    spectra = [tt.spectrum(one, [50.0, 100.0])["zz_spectrum"].values for one in (found, natural)]
    np.testing.assert_array_equal(*spectra)


def test_a_sweep_over_temperature(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(
        UNITS
        + FEW.replace("until = 30.0", "until = 10.0")
        + '[run]\nerror_bars = false\n[sweep]\n"bath.temperature" = [77.0, 300.0]\n'
    )
    tt.run_sweep(path, tmp_path / "sweep", workers=1)
    table = tt.collect(tmp_path / "sweep")
    assert table.temperature.values.tolist() == [77.0, 300.0]
    assert table.temperature.attrs["units"] == "K"
    assert table.temperature_of_bath.values.ravel().tolist() == [77.0, 300.0]
    assert (table.t.attrs["units"], table.Qdot_S.attrs["units"]) == ("fs", "cm^-1/fs")
    assert tt.Units.of(table) == tt.Units("cm^-1", "fs", "K")
    path.write_text(UNITS + FEW + '[sweep]\n"units.energy" = ["cm^-1", "meV"]\n')
    with pytest.raises(tt.InvalidInput, match="not swept"):
        tt.run_sweep(path, tmp_path / "other", workers=1)


def test_the_laws_of_a_file_in_units(tmp_path: Path) -> None:
    """The mean-force states of neighbouring temperatures are in the file's units as well: the same verdicts."""
    text = FEW.replace("until = 30.0", "until = 10.0").replace("record_every = 10.0", "record_every = 2.0")
    natural = natural_few(text)
    found = []
    for name, one in (("units", UNITS + text), ("natural", natural)):
        path = tmp_path / f"{name}.toml"
        path.write_text(one)
        tt.run_laws(path, tmp_path / name, couplings=[1.0])
        found.append(json.loads((tmp_path / name / "laws.json").read_text()))
    verdicts = [[(law["name"], law["verdict"]) for run in report["runs"] for law in run["laws"]] for report in found]
    assert verdicts[0] == verdicts[1]
