"""One flipped bit: refused in words that name what it hit, wherever it is; never read as a result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from tests.test_config import write_config
from tests.test_files import same
from tnthermo import files, seal
from tnthermo.config import load_config, resolve
from tnthermo.trajectory import Trajectory

FLIPS = 250


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Trajectory:
    resolved = resolve(load_config(write_config(tmp_path_factory.mktemp("config"))))
    return tt.evolve(resolved.model, **resolved.evolve_keywords())


@pytest.fixture(scope="module")
def folder(run: Trajectory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, not to be changed."""
    place = tmp_path_factory.mktemp("finished")
    files.save_state(place / files.STATE, run.state, config_hash="abc")
    files.save_result(place / files.RESULT, tt.ledger(run).assign_attrs(config_hash="abc"), run)
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
    [(files.RESULT, (files.load_ledger, tt.load, files.result_attributes)), (files.STATE, (files.load_state,))],
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
        with pytest.raises(files.StorageError, match=f"{name} is damaged, not as it was written"):
            readers[k % len(readers)](path)
    for bit in range(end + 8 * seal.LENGTH.size, size, 8):
        with pytest.raises(files.StorageError, match=f"{name} is damaged at its end"):
            readers[0](flipped(source, tmp_path / name, bit))
    whole = files.load_ledger if name == files.RESULT else files.load_state
    found, expected = whole(flipped(source, tmp_path / name, end + 5)), whole(source)
    assert found.identical(expected) if isinstance(found, xr.Dataset) else same(found, expected)


@pytest.mark.parametrize("name", [files.RESULT, files.STATE])
def test_a_file_cut_within_its_seal_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    """Cut within its data as well; cut right between the two it is what another program would write."""
    read = files.load_ledger if name == files.RESULT else files.load_state
    data = (folder / name).read_bytes()
    with (folder / name).open("rb") as handle:
        own = seal.hdf5_size(handle, len(data))
    assert 0 < own < len(data)
    for size in (own + 1, (own + len(data)) // 2, len(data) - 1):
        (tmp_path / name).write_bytes(data[:size])
        with pytest.raises(files.StorageError, match=f"{name} is damaged at its end"):
            read(tmp_path / name)
    (tmp_path / name).write_bytes(data[: own - 1])
    with pytest.raises(files.StorageError, match=name):
        read(tmp_path / name)
    (tmp_path / name).write_bytes(data[:own])
    read(tmp_path / name)


def test_without_the_check_flips_are_read(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 says nothing of its own: the negative twin."""
    monkeypatch.setattr(files, "check_seal", lambda path: None)
    expected = files.load_state(folder)
    first, count = bits_of(folder / files.STATE, "tensor_0001")
    for bit in (first, first + count // 2, first + count - 1):
        assert not same(files.load_state(flipped(folder / files.STATE, tmp_path / files.STATE, bit)), expected)


@pytest.mark.parametrize(
    ("file", "name"), [(files.RESULT, "E_B_error"), (files.RESULT, "raw/rough/moment_X"), (files.STATE, "tensor_0001")]
)
def test_what_is_damaged_is_named(file: str, name: str, folder: Path, tmp_path: Path) -> None:
    first, count = bits_of(folder / file, name)
    path = flipped(folder / file, tmp_path / file, first + count - 1)
    read = files.load_state if file == files.STATE else files.load_ledger
    with pytest.raises(files.StorageError, match=rf"{path}.*SHA-256 differs\): {name}$"):
        read(path)


def test_texts_and_attributes_are_under_the_seal(folder: Path, tmp_path: Path) -> None:
    for text in (b"energy", b"config_hash", b"tnthermo "):
        at = (folder / files.RESULT).read_bytes().index(text)
        path = flipped(folder / files.RESULT, tmp_path / files.RESULT, 8 * at)
        with pytest.raises(files.StorageError, match="attributes, texts or the structure"):
            files.load_ledger(path)


def test_others_read_the_file_as_ever(run: Trajectory, folder: Path) -> None:
    with xr.open_dataset(folder / files.RESULT) as plain:
        xr.testing.assert_identical(plain.load(), tt.ledger(run).assign_attrs(config_hash="abc"))


def test_what_another_program_writes_has_no_seal(run: Trajectory, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / files.RESULT
    path.write_bytes((folder / files.RESULT).read_bytes())
    with h5py.File(path, "a") as handle:
        handle.attrs["remark"] = "mine"
    assert files.result_attributes(path)["remark"] == "mine"
    (tmp_path / "short").write_bytes(b"12")
    seal.check_seal(tmp_path / "short")


def test_a_damaged_index_is_a_damaged_file(folder: Path, tmp_path: Path) -> None:
    data = (folder / files.STATE).read_bytes()
    length = seal.LENGTH.unpack_from(data, len(data) - seal.LENGTH.size - len(seal.MAGIC))[0]
    for at in (len(data) - seal.TAIL - length, len(data) - seal.TAIL):
        with pytest.raises(files.StorageError, match="is damaged"):
            files.load_state(flipped(folder / files.STATE, tmp_path / files.STATE, 8 * at + 6))
