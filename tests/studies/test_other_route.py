"""One problem by both engines: the error columns hold what they differ by, and what should not differ that much is flagged."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from chains import InvalidInput
from tnthermo.configuration.other_route import other_route
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.studies.study import OTHER_ROUTE, run_config
from tnthermo.thermo.other_route import ROUTE, compared

SITES = """
[spectral_density]
kind = "power-law"
exponent = 1.0
alpha = 0.1
cutoff = 1.0
shape = "hard"
[bath]
temperature = 0.3
[system]
hamiltonian = { z = 0.1, x = 0.4 }
initial = "+z"
[coupling]
operator = { z = 0.5 }
[evolution]
until = 1.0
step = 0.05
record_every = 0.25
tolerance = 1e-6
[thermodynamics]
bath_entropy = "off"
"""
BINS = """
[spectral_density]
kind = "drude-lorentz"
reorganisation_energy = 0.2
width = 1.0
support = 20.0
[bath]
temperature = 0.5
[system]
hamiltonian = { z = 0.1, x = 0.4 }
initial = "+x"
[coupling]
operator = { z = 0.5 }
[evolution]
until = 0.5
record_every = 0.125
method = "time-bins"
[thermodynamics]
bath_entropy = "off"
"""
TWO = """
[[bath]]
temperature = 0.5
route = "star-cells"
[bath.spectral_density]
kind = "discrete"
frequencies = [0.7, 1.1]
couplings = [0.2, 0.1]
[bath.coupling]
operator = [[0.5, 0, 0], [0, 0, 0], [0, 0, -0.5]]
[[bath]]
temperature = 0.0
modes = 12
[bath.spectral_density]
kind = "power-law"
exponent = 1.0
alpha = 0.05
cutoff = 1.0
shape = "hard"
[bath.coupling]
operator = [[0, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0]]
[system]
hamiltonian = [[0.3, 0.1, 0.0], [0.1, 0.0, 0.2], [0.0, 0.2, -0.2]]
initial = [[0.6, 0.0, 0.0], [0.0, 0.4, 0.0], [0.0, 0.0, 0.0]]
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "given.toml"
    file.write_text(text)
    return file


def test_sites_beside_time_bins(tmp_path: Path) -> None:
    """All columns agree within the bars, and no bar is smaller than the difference; done once, it is not done again."""
    config, out = write(tmp_path, SITES), tmp_path / "out"
    plain = run_config(config, out).ledger
    said: list[str] = []
    found = run_config(config, out, check_route=True, say=said.append)
    assert not found.flags
    assert ROUTE not in plain.attrs
    assert found.ledger.attrs[ROUTE].startswith('{"method": "time-bins"')
    other = tt.ledger(tt.load(out / OTHER_ROUTE))
    for name in ("E_S", "E_B", "E_int", "Q_B", "S_S", "Qdot_B"):
        difference = np.abs(plain[name] - other[name]).values
        bars = found.ledger[f"{name}_error"].values
        assert (bars >= difference * (1 - 1e-12)).all()
        assert (bars >= plain[f"{name}_error"].values).all()
        assert ROUTE in found.ledger[f"{name}_error"].attrs
        np.testing.assert_array_equal(found.ledger[name], plain[name])
    # on disk as returned, with the raw trajectory as it was
    assert xr.load_dataset(out / "result.nc").identical(found.ledger)
    again = tt.load(out)
    np.testing.assert_array_equal(again.rho_S, tt.load(out).rho_S)
    assert again.rough is not None
    written = (out / "result.nc").stat().st_mtime_ns
    assert run_config(config, out, check_route=True).ledger.attrs[ROUTE] == found.ledger.attrs[ROUTE]
    assert (out / "result.nc").stat().st_mtime_ns == written


def test_time_bins_beside_sites(tmp_path: Path) -> None:
    """The key does what the option does; a chain, its density cut by itself, takes a step of its own."""
    config = write(tmp_path, BINS.replace("support = 20.0\n", "") + "[accuracy]\ncheck_route = true\n")
    found = run_config(config, tmp_path / "out")
    other = tt.load(tmp_path / "out" / OTHER_ROUTE)
    assert not other.algorithm.bins
    assert found.ledger.attrs[ROUTE].startswith('{"method": "tdvp"')
    assert (np.abs(found.ledger.S_S - tt.ledger(other).S_S) <= found.ledger.S_S_error).all()


def test_what_the_other_engine_is_asked(tmp_path: Path) -> None:
    """Physics and record times stay; what is numerical, and what one engine alone has, does not."""
    own = """[record.observables]
front = { boson = "number", site = 0 }
top = { operator = [[1, 0, 0], [0, 0, 0], [0, 0, 0]] }
"""
    text = TWO + "[evolution]\nuntil = 1.0\nstep = 0.1\ntolerance = 1e-6\n" + own
    config = load_config(write(tmp_path, text))
    first, second = resolve(config), resolve(other_route(config))
    assert second.algorithm.bins
    assert not first.algorithm.bins
    assert second.record_every == first.record_every == 0.1
    assert second.error_bars
    assert [c.temperature for c in second.model.couplings] == [0.5, 0.0]
    assert not any(c.chains for c in second.model.couplings)
    assert list(second.recording.observables or {}) == ["top"]
    back = resolve(other_route(other_route(config)))
    assert not back.algorithm.bins
    assert all(c.chains for c in back.model.couplings)


def test_without_another_engine(tmp_path: Path) -> None:
    config = write(tmp_path, SITES.replace('initial = "+z"', 'initial = "mean-force"'))
    with pytest.raises(InvalidInput, match=r"accuracy\.check_route.*mean-force start needs a chain"):
        run_config(config, tmp_path / "out", check_route=True)
    assert not (tmp_path / "out").exists()


def ledger_of(coupling: float, **settings: object) -> xr.Dataset:
    density = chains.Discrete(frequencies=[0.8, 1.3], couplings=[0.3, 0.2])
    model = tt.SpinBoson(
        hamiltonian={"x": 0.5}, coupling={"z": coupling}, bath=chains.Bath(density=density, temperature=0.4)
    )
    return tt.ledger(tt.evolve(model, until=2.0, algorithm=tt.TimeBins(step=0.1), record_every=0.5, **settings))  # type: ignore[arg-type]


def test_another_problem_is_flagged() -> None:
    """With itself nothing changes; a coupling that is off by 1e-3 is found, named, and within the widened bars."""
    mine = ledger_of(0.5)
    same = compared(mine, mine)
    assert same.attrs["flags"] == mine.attrs["flags"]
    for name in mine.data_vars:
        np.testing.assert_array_equal(same[name], mine[name])
    off = ledger_of(0.5005)
    found = compared(mine, off)
    assert "two routes:" in found.attrs["flags"]
    assert found.attrs["status"] == "not converged"
    for name in ("rho_S", "E_S", "E_B", "S_S"):
        assert (np.abs(mine[name] - off[name]).values <= found[f"{name}_error"].values * (1 + 1e-12)).all()
        assert (np.abs(mine[name] - off[name]).values > mine[f"{name}_error"].values).any()
    # facts about the run stay
    np.testing.assert_array_equal(found["norm_error"], mine["norm_error"])


def test_what_cannot_be_compared() -> None:
    mine = ledger_of(0.5, error_bars=False)
    for wrong, key in ((1.0, "ledger"), (xr.Dataset(), "ledger"), (mine, "ledger")):
        with pytest.raises(InvalidInput, match=key):
            compared(wrong, mine)  # type: ignore[arg-type]
    barred = ledger_of(0.5)
    with pytest.raises(InvalidInput, match=r"other = .*the times of the ledger"):
        compared(barred, mine.isel(t=slice(0, 3)))
    with pytest.raises(InvalidInput, match="other"):
        compared(barred, None)  # type: ignore[arg-type]
