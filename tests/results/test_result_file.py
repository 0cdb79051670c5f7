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
from tests.support.compare import same
from tests.support.configs import write_config
from tnthermo import errors
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.machine import atomic_files
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import codec, netcdf, result_file, run_folder, state_file


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Trajectory:
    resolved = resolve(load_config(write_config(tmp_path_factory.mktemp("config"))))
    return tt.evolve(resolved.model, **resolved.evolve_keywords())


def everything(tmp_path_factory: pytest.TempPathFactory) -> Trajectory:
    """Two baths, one of them a pair with exchange coupling; all kinds of drives, own observables, correlation matrices, displaced."""
    density = chains.Discrete(frequencies=[1.0], couplings=[0.3])
    table = tmp_path_factory.mktemp("drive") / "drive.txt"
    table.write_text("0 0.1\n0.1 0.2\n0.25 0.3\n0.5 0.1\n")
    model = tt.assemble(
        hamiltonian={"x": 0.5, "y": 1 / 3},
        couplings=[
            tt.couple(
                [[0.1, "0.3j"], [1.0, 0.0]], chains.thermofield_chains(density, temperature=0.4), kind="exchange",
                strength=tt.Ramp(start=0.1, duration=0.3, profile="smooth"),
            ),
            tt.couple({"z": 0.5}, chains.chain(density), strength=tt.Pulse(centre=0.2, width=0.1, height=1.0)),
        ],
        drives=[
            tt.SystemDrive(operator=np.array([[0, -1j], [1j, 0]]), drive=tt.Cosine(amplitude=0.2, frequency=1 / 7)),
            tt.SystemDrive(operator=np.diag([1.0, -1.0]).astype(complex), drive=tt.TimeTable.from_file(table)),
            tt.SystemDrive(operator=np.diag([1.0, -1.0]).astype(complex), drive=tt.Square(start=0.3, height=0.1)),
        ],
        layout="interleaved",
    )  # fmt: skip
    return tt.evolve(
        model, initial=[[0.6, 0.1], [0.1, 0.4]], displacement=(None, [0.2 - 0.1j]), algorithm=tt.TDVP(step=0.1, tolerance=1e-4),
        until=0.5, record_every=0.2, occupation_every=0.4, variance_every=0.2, correlations_every=0.4,
        observables={
            "sx": {"x": 1.0}, "c": {"boson": "lower", "chain": 2},
            "nA": {"operator": "sigma_minus", "boson": "number", "site": 0},
        },
    )  # fmt: skip


def mean_force(_: pytest.TempPathFactory) -> Trajectory:
    """Starts with energies that count from elsewhere, and a free energy; nothing sparse is measured later."""
    bath = chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.5]), temperature=0.5)
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath)
    return tt.evolve(
        model, initial="mean-force", algorithm=tt.TDVP(step=0.25, tolerance=1e-4), until=0.5, occupation_every=np.inf,
        variance_every=np.inf, error_bars=False,
    )  # fmt: skip


def without_modes(_: pytest.TempPathFactory) -> Trajectory:
    """Arrays of no length: no modes, no observables, no correlations."""
    bath = chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.5]))
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath)
    return tt.evolve(model, algorithm=tt.Exact(step=0.25, tolerance=1e-4), until=0.5, occupation_every=np.inf)


def test_a_trajectory_comes_back_to_the_last_bit(run: Trajectory, tmp_path: Path) -> None:
    assert run.rough is not None
    state_file.save_state(tmp_path / run_folder.STATE, run.state, config_hash="abc")
    result_file.save_result(tmp_path / run_folder.RESULT, tt.ledger(run), run)
    assert sorted(p.name for p in tmp_path.iterdir()) == [run_folder.RESULT, run_folder.STATE]
    loaded = tt.load(tmp_path)
    assert same(
        loaded, dataclasses.replace(run, rough=dataclasses.replace(run.rough, state=None))
    )  # one state is enough
    assert same(tt.load(tmp_path / run_folder.RESULT), loaded)
    xr.testing.assert_identical(tt.ledger(loaded, alpha_S=1.0), tt.ledger(run, alpha_S=1.0))
    columns = result_file.load_ledger(tmp_path)
    for name in ("rho_S", "E_B", "U_chi", "U_chi_error", "Sigma_total", "S_chi_upper"):
        np.testing.assert_array_equal(columns[name], tt.ledger(run)[name])


@pytest.mark.parametrize("make", [everything, mean_force, without_modes])
def test_every_kind_of_run_comes_back_to_the_last_bit(
    make: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = make(tmp_path_factory)
    state_file.save_state(tmp_path / run_folder.STATE, run.state, config_hash="abc")
    result_file.save_result(tmp_path / run_folder.RESULT, tt.ledger(run), run)
    loaded = tt.load(tmp_path)
    expected = run if run.rough is None else dataclasses.replace(run, rough=dataclasses.replace(run.rough, state=None))
    for field in dataclasses.fields(run):
        assert same(getattr(loaded, field.name), getattr(expected, field.name)), field.name
    xr.testing.assert_identical(tt.ledger(loaded, alpha_S=1.0), tt.ledger(run, alpha_S=1.0))
    # not because everything is the same as everything
    assert not same(loaded, dataclasses.replace(expected, free_energy=0.0))
    if make is everything:
        assert run.normal.shape == (4, 3, 3)
        assert run.breaks == (0.1, 0.25, 0.3, 0.4)
        assert loaded.jumps == (0.3,)
        assert loaded.model.drives[1].drive.source.endswith("drive.txt")
        times = np.linspace(0, 1, 7)
        for ours, theirs in zip(loaded.model.factors, run.model.factors, strict=True):
            np.testing.assert_array_equal(ours.value(times), theirs.value(times))
        assert (loaded.model.line, loaded.state.system) == (run.model.line, 0)
    if make is mean_force:
        assert np.isfinite(loaded.free_energy)
        assert loaded.energy_offset[0] != 0.0
        assert not loaded.pure_start
    if make is without_modes:
        assert loaded.mode_occupation.shape == (3, 0)
        assert loaded.normal.shape == (3, 0, 0)


def test_loading_opens_the_result_once(run: Trajectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / run_folder.RESULT
    result_file.save_result(path, tt.ledger(run), run)
    for other in ("attributes", "groups_in", "read"):  # each of which opens the file
        monkeypatch.delattr(netcdf, other)
    assert np.array_equal(tt.load(path).rho_S, run.rho_S)


def test_the_state_is_readable_without_us(run: Trajectory, tmp_path: Path) -> None:
    state_file.save_state(tmp_path / run_folder.STATE, run.state, config_hash="abc")
    with h5py.File(tmp_path / run_folder.STATE) as handle:
        assert handle.attrs["sites"] == 3
        assert handle.attrs["config_hash"] == "abc"
        assert handle["tensor_0000"].dtype == np.complex128
    assert same(state_file.load_state(tmp_path), run.state)


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
    assert same(codec.decode(codec.encode(chain)), chain)


def test_pairs_and_sums_and_functions_survive_as_text() -> None:
    ohmic = chains.PowerLaw(alpha=0.1, exponent=1.0, cutoff=1.0, shape="hard")
    pair = chains.thermofield_chains(ohmic, 3, temperature=0.3)
    assert same(codec.decode(codec.encode(pair)), pair)
    both = chains.chain(chains.Sum(parts=(ohmic, chains.Semicircle(coupling=0.3, centre=2.0, half_width=0.4))), 3)
    assert same(codec.decode(codec.encode(both)), both)
    # a Python function is written as its table
    given = chains.chain(chains.Function(function=lambda w: w * (1 - w), support=(0.0, 1.0)), 3)
    back = codec.decode(codec.encode(given))
    assert isinstance(back.density, chains.Table)
    for name in ("frequencies", "hoppings", "coupling"):
        np.testing.assert_array_equal(getattr(back, name), getattr(given, name))


def test_text_cannot_make_anything_but_chains() -> None:
    for name in ("chain", "Path", "__builtins__", "InvalidInput", "State", "Trajectory", "TDVP"):
        with pytest.raises(errors.StorageError, match="not known"):
            codec.decode({"class": name, "fields": {}})


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic_files.write_text(path, "old")

    def interrupted(error: BaseException) -> None:
        with atomic_files.replacing(path) as temporary:
            temporary.write_text("ne")
            raise error

    with pytest.raises(errors.StorageError, match="No space left"):
        interrupted(OSError(28, "No space left on device"))
    with pytest.raises(KeyboardInterrupt):
        interrupted(KeyboardInterrupt())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_works_while_a_reader_holds_the_file(run: Trajectory, tmp_path: Path) -> None:
    path = tmp_path / run_folder.RESULT
    result_file.save_result(path, tt.ledger(run), run)
    with h5py.File(path, "r") as reader:
        result_file.save_result(path, tt.ledger(run, alpha_S=1.0), run)
        assert "raw" in reader
    assert result_file.load_ledger(path).attrs["alpha_S"] == 1.0


def test_files_of_before_the_first_release_are_refused_in_words(run: Trajectory, tmp_path: Path) -> None:
    """Whatever else they hold or lack: the format is looked at first."""
    path = tmp_path / run_folder.RESULT
    result_file.save_result(path, tt.ledger(run), run)
    with h5py.File(path, "a") as handle:
        handle["raw"].attrs["format"] = 1
        for name in ("mode_bath", "energy_offset", "start", "observed"):
            del handle["raw"][name]
    with pytest.raises(
        errors.StorageError, match="format 1; this version reads format 2: written before the first release"
    ):
        tt.load(path)
    assert result_file.load_ledger(path).sizes["t"] > 1  # the ledger itself is still there to read
    state_file.save_state(tmp_path / run_folder.STATE, run.state, config_hash="abc")
    with h5py.File(tmp_path / run_folder.STATE, "a") as handle:
        handle.attrs["format"] = 1
        del handle.attrs["system"]
    with pytest.raises(errors.StorageError, match="format 1 by tnthermo"):
        state_file.load_state(tmp_path)


def test_the_place_of_the_system_is_in_the_file(run: Trajectory, tmp_path: Path) -> None:
    state = dataclasses.replace(run.state, system=1)
    state_file.save_state(tmp_path / run_folder.STATE, state, config_hash="abc")
    assert state_file.load_state(tmp_path).system == 1


def test_damaged_and_newer_files_are_named(run: Trajectory, tmp_path: Path) -> None:
    path = tmp_path / run_folder.RESULT
    for read in (result_file.load_ledger, tt.load, state_file.load_state):
        with pytest.raises(errors.StorageError, match=str(tmp_path)):
            read(path)
    path.write_bytes(b"not a netCDF file")
    for read in (result_file.load_ledger, tt.load, state_file.load_state):
        with pytest.raises(errors.StorageError, match=str(tmp_path)):
            read(path)
    state_file.save_state(tmp_path / run_folder.STATE, run.state, config_hash="abc")
    with h5py.File(tmp_path / run_folder.STATE, "a") as handle:
        handle.attrs["format"] = codec.FORMAT + 1
    with pytest.raises(errors.StorageError, match="format"):
        state_file.load_state(tmp_path)
    raw = result_file.raw_dataset(run)
    raw.attrs["format"] = codec.FORMAT + 1
    with pytest.raises(errors.StorageError, match="update tnthermo"):
        result_file.from_raw(raw)
    tt.ledger(run).to_netcdf(path)
    with pytest.raises(errors.StorageError, match="without the raw trajectory"):
        tt.load(path)


def test_a_large_configuration_fits(run: Trajectory, tmp_path: Path) -> None:
    # HDF5 keeps attributes of up to 64 KiB in the object header; larger ones must still be written
    long = tt.ledger(run).assign_attrs({"config": "x" * 200_000})
    result_file.save_result(tmp_path / run_folder.RESULT, long, run)
    assert len(result_file.load_ledger(tmp_path).attrs["config"]) == 200_000


def test_a_table_of_a_file_from_before_there_was_a_choice_is_the_spline_that_it_was() -> None:
    spline = tt.TimeTable(times=[0, 1, 2, 3], values=[0, 1, 0, 0], interpolation="cubic")
    written = codec.encode(spline)
    assert codec.decode(written).interpolation == "cubic"
    del written["fields"]["interpolation"]
    np.testing.assert_array_equal(codec.decode(written).value([0.3, 1.7]), spline.value([0.3, 1.7]))
    other = tt.TimeTable(times=[0, 1, 2, 3], values=[0, 1, 0, 0])
    assert codec.decode(codec.encode(other)).interpolation == "pchip"


def test_a_method_of_a_file_that_still_had_a_cap_is_read() -> None:
    settings = {"method": "exact", "step": 0.1, "tolerance": 1e-6, "max_bond": 32}
    assert codec.algorithm_from(settings) == tt.Exact(step=0.1, tolerance=1e-6)
    assert codec.algorithm_from({**settings, "method": "tdvp1", "bond": 4}) == tt.TDVP1(
        step=0.1, tolerance=1e-6, bond=4
    )
    assert codec.algorithm_from({**settings, "method": "tdvp"}) == tt.TDVP(step=0.1, tolerance=1e-6, max_bond=32)
