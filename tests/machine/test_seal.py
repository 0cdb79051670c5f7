"""One flipped bit: refused in words that name what it hit, wherever it is; never read as a result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from tests.support.compare import same
from tests.support.configs import write_config
from tnthermo import errors
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.machine import seal
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import result_file, run_folder, state_file

FLIPS = 250


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Trajectory:
    resolved = resolve(load_config(write_config(tmp_path_factory.mktemp("config"))))
    return tt.evolve(resolved.model, **resolved.evolve_keywords())


@pytest.fixture(scope="module")
def folder(run: Trajectory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, not to be changed."""
    place = tmp_path_factory.mktemp("finished")
    state_file.save_state(place / run_folder.STATE, run.state, config_hash="abc")
    result_file.save_result(place / run_folder.RESULT, tt.ledger(run).assign_attrs(config_hash="abc"), run)
    return place


def flipped(source: Path, target: Path, bit: int) -> Path:
    data = bytearray(source.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    target.write_bytes(data)
    return target


def bits_of(path: Path, name: str) -> tuple[int, int]:
    """First bit of a dataset's numbers, and how many."""
    with h5py.File(path, "r") as handle:
        return 8 * handle[name].id.get_offset(), 8 * handle[name].id.get_storage_size()


@pytest.mark.parametrize(
    ("name", "readers"),
    [(run_folder.RESULT, (result_file.load_ledger, tt.load, run_folder.result_attributes)), (run_folder.STATE, (state_file.load_state,))],
)  # fmt: skip
def test_every_flip_is_refused(
    name: str, readers: tuple[Callable[[Path], Any], ...], folder: Path, tmp_path: Path
) -> None:
    """But for the length of the index, which only finds the words for damage."""
    source = folder / name
    size = 8 * source.stat().st_size
    end = size - 8 * (seal.LENGTH.size + len(seal.MAGIC))
    for k, bit in enumerate(np.random.default_rng(15).integers(0, end, FLIPS).tolist()):
        path = flipped(source, tmp_path / name, bit)
        with pytest.raises(errors.StorageError, match=f"{name} is damaged, not as it was written"):
            readers[k % len(readers)](path)
    for bit in range(end + 8 * seal.LENGTH.size, size, 8):
        with pytest.raises(errors.StorageError, match=f"{name} is damaged at its end"):
            readers[0](flipped(source, tmp_path / name, bit))
    whole = result_file.load_ledger if name == run_folder.RESULT else state_file.load_state
    found, expected = whole(flipped(source, tmp_path / name, end + 5)), whole(source)
    assert found.identical(expected) if isinstance(found, xr.Dataset) else same(found, expected)


@pytest.mark.parametrize("name", [run_folder.RESULT, run_folder.STATE])
def test_a_file_cut_within_its_seal_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    """Cut within its data as well; cut right between the two it is what another program would write."""
    read = result_file.load_ledger if name == run_folder.RESULT else state_file.load_state
    data = (folder / name).read_bytes()
    with (folder / name).open("rb") as handle:
        own = seal.hdf5_size(handle, len(data))
    assert 0 < own < len(data)
    for size in (own + 1, (own + len(data)) // 2, len(data) - 1):
        (tmp_path / name).write_bytes(data[:size])
        with pytest.raises(errors.StorageError, match=f"{name} is damaged at its end"):
            read(tmp_path / name)
    (tmp_path / name).write_bytes(data[: own - 1])
    with pytest.raises(errors.StorageError, match=name):
        read(tmp_path / name)
    (tmp_path / name).write_bytes(data[:own])
    read(tmp_path / name)


def test_without_the_check_flips_are_read(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 says nothing of its own: the negative twin."""
    monkeypatch.setattr(state_file, "check_seal", lambda path: None)
    expected = state_file.load_state(folder)
    first, count = bits_of(folder / run_folder.STATE, "tensor_0001")
    for bit in (first, first + count // 2, first + count - 1):
        assert not same(
            state_file.load_state(flipped(folder / run_folder.STATE, tmp_path / run_folder.STATE, bit)), expected
        )


@pytest.mark.parametrize(
    ("file", "name"),
    [(run_folder.RESULT, "E_B_error"), (run_folder.RESULT, "raw/rough/moment_X"), (run_folder.STATE, "tensor_0001")],
)
def test_what_is_damaged_is_named(file: str, name: str, folder: Path, tmp_path: Path) -> None:
    first, count = bits_of(folder / file, name)
    path = flipped(folder / file, tmp_path / file, first + count - 1)
    read = state_file.load_state if file == run_folder.STATE else result_file.load_ledger
    with pytest.raises(errors.StorageError, match=rf"{path}.*SHA-256 differs\): {name}$"):
        read(path)


def test_texts_and_attributes_are_under_the_seal(folder: Path, tmp_path: Path) -> None:
    for text in (b"energy", b"config_hash", b"tnthermo "):
        at = (folder / run_folder.RESULT).read_bytes().index(text)
        path = flipped(folder / run_folder.RESULT, tmp_path / run_folder.RESULT, 8 * at)
        with pytest.raises(errors.StorageError, match="attributes, texts or the structure"):
            result_file.load_ledger(path)


def test_others_read_the_file_as_ever(run: Trajectory, folder: Path) -> None:
    with xr.open_dataset(folder / run_folder.RESULT) as plain:
        xr.testing.assert_identical(plain.load(), tt.ledger(run).assign_attrs(config_hash="abc"))


def test_what_another_program_writes_has_no_seal(run: Trajectory, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / run_folder.RESULT
    path.write_bytes((folder / run_folder.RESULT).read_bytes())
    with h5py.File(path, "a") as handle:
        handle.attrs["remark"] = "mine"
    assert run_folder.result_attributes(path)["remark"] == "mine"
    (tmp_path / "short").write_bytes(b"12")
    seal.check_seal(tmp_path / "short")


def test_a_damaged_index_is_a_damaged_file(folder: Path, tmp_path: Path) -> None:
    data = (folder / run_folder.STATE).read_bytes()
    length = seal.LENGTH.unpack_from(data, len(data) - seal.LENGTH.size - len(seal.MAGIC))[0]
    for at in (len(data) - seal.TAIL - length, len(data) - seal.TAIL):
        with pytest.raises(errors.StorageError, match="is damaged"):
            state_file.load_state(flipped(folder / run_folder.STATE, tmp_path / run_folder.STATE, 8 * at + 6))
