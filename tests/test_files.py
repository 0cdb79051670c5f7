"""Result, state and folders: what is written is read back to the last bit, and never half-written."""

import dataclasses
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from tests.test_config import write_config
from tnthermo import files
from tnthermo.config import load_config, resolve
from tnthermo.trajectory import Trajectory


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Trajectory:
    resolved = resolve(load_config(write_config(tmp_path_factory.mktemp("config"))))
    return tt.evolve(resolved.model, **resolved.evolve_keywords())


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit, through dataclasses and arrays."""
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def test_a_trajectory_comes_back_to_the_last_bit(run: Trajectory, tmp_path: Path) -> None:
    assert run.rough is not None
    files.save_state(tmp_path / files.STATE, run.state, config_hash="abc")
    files.save_result(tmp_path / files.RESULT, tt.ledger(run), run)
    assert sorted(p.name for p in tmp_path.iterdir()) == [files.RESULT, files.STATE]
    loaded = tt.load(tmp_path)
    assert same(
        loaded, dataclasses.replace(run, rough=dataclasses.replace(run.rough, state=None))
    )  # one state is enough
    assert same(tt.load(tmp_path / files.RESULT), loaded)
    xr.testing.assert_identical(tt.ledger(loaded, alpha_S=1.0), tt.ledger(run, alpha_S=1.0))
    columns = files.load_ledger(tmp_path)
    for name in ("rho_S", "E_B", "U_chi", "U_chi_error", "Sigma_total", "S_chi_upper"):
        np.testing.assert_array_equal(columns[name], tt.ledger(run)[name])


def test_the_state_is_readable_without_us(run: Trajectory, tmp_path: Path) -> None:
    files.save_state(tmp_path / files.STATE, run.state, config_hash="abc")
    with h5py.File(tmp_path / files.STATE) as handle:
        assert handle.attrs["sites"] == 3
        assert handle.attrs["config_hash"] == "abc"
        assert handle["tensor_0000"].dtype == np.complex128
    assert same(files.load_state(tmp_path), run.state)


@pytest.mark.parametrize(
    "density",
    [
        chains.PowerLaw(alpha=0.1, exponent=0.5, cutoff=2.0, shape="exponential"),
        chains.DrudeLorentz(reorganisation_energy=0.1, width=0.3, cutoff=3.0),
        chains.Brownian(reorganisation_energy=0.1, frequency=1.0, width=0.1),
        chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.4),
        chains.Table(frequencies=[0.0, 0.3, 0.7, 1.0], values=[0.0, 0.2, 0.1, 0.0]),
        chains.Discrete(frequencies=[0.3, 1.0], couplings=[0.1, 0.2]),
    ],
)
def test_every_chain_survives_as_text(density: Any) -> None:
    chain = chains.chain(density, 2, temperature=0.3)
    assert same(files.decode(files.encode(chain)), chain)


def test_text_cannot_make_anything_but_chains() -> None:
    for name in ("chain", "Path", "__builtins__", "InvalidInput"):
        with pytest.raises(files.StorageError, match="not known"):
            files.decode({"class": name, "fields": {}})


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write_text(path, "old")

    def interrupted(error: BaseException) -> None:
        with files.replacing(path) as temporary:
            temporary.write_text("ne")
            raise error

    with pytest.raises(files.StorageError, match="No space left"):
        interrupted(OSError(28, "No space left on device"))
    with pytest.raises(KeyboardInterrupt):
        interrupted(KeyboardInterrupt())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_works_while_a_reader_holds_the_file(run: Trajectory, tmp_path: Path) -> None:
    path = tmp_path / files.RESULT
    files.save_result(path, tt.ledger(run), run)
    with h5py.File(path, "r") as reader:
        files.save_result(path, tt.ledger(run, alpha_S=1.0), run)
        assert "raw" in reader
    assert files.load_ledger(path).attrs["alpha_S"] == 1.0


def test_damaged_and_newer_files_are_named(run: Trajectory, tmp_path: Path) -> None:
    path = tmp_path / files.RESULT
    for read in (files.load_ledger, tt.load, files.load_state):
        with pytest.raises(files.StorageError, match=str(tmp_path)):
            read(path)
    path.write_bytes(b"not a netCDF file")
    for read in (files.load_ledger, tt.load, files.load_state):
        with pytest.raises(files.StorageError, match=str(tmp_path)):
            read(path)
    files.save_state(tmp_path / files.STATE, run.state, config_hash="abc")
    with h5py.File(tmp_path / files.STATE, "a") as handle:
        handle.attrs["format"] = files.FORMAT + 1
    with pytest.raises(files.StorageError, match="format"):
        files.load_state(tmp_path)
    raw = files.raw_dataset(run)
    raw.attrs["format"] = files.FORMAT + 1
    with pytest.raises(files.StorageError, match="update tnthermo"):
        files.from_raw(raw)
    tt.ledger(run).to_netcdf(path)
    with pytest.raises(files.StorageError, match="without the raw trajectory"):
        tt.load(path)


def test_a_large_configuration_fits(run: Trajectory, tmp_path: Path) -> None:
    # HDF5 keeps attributes of up to 64 KiB in the object header; larger ones must still be written
    long = tt.ledger(run).assign_attrs({"config": "x" * 200_000})
    files.save_result(tmp_path / files.RESULT, long, run)
    assert len(files.load_ledger(tmp_path).attrs["config"]) == 200_000
