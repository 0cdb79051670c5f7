"""A run of tables from files: its folder has their numbers, so that it can be moved and gone on with where the files are not."""

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

import chains
from chains import InvalidInput
from tests.interrupted.runs import save_little, stop_at
from tests.support.compare import physics, same
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import codec, result_file, run_folder
from tnthermo.studies.study import run_config
from tnthermo.terminal.check import LONGEST, checked

CONFIG = """
[spectral_density]
kind = "sum"
parts = [{ kind = "table", file = "J.csv" }, { kind = "table", file = "data/K.csv", ends = "hard" }]
[bath]
temperature = 0.0
modes = 3
levels = 3
allow_reflection = true
[system]
hamiltonian = { x = 0.5 }
[coupling]
operator = { z = 0.5 }
[drive]
"hamiltonian.z" = { shape = "table", file = "f.txt" }
[evolution]
method = "exact"
tolerance = 1e-4
until = 0.5
step = 0.1
[thermodynamics]
bath_entropy = "off"
[run]
checkpoint_every = 0
"""
W = np.linspace(0.0, 1.0, 7)


def write(folder: Path, *, factor: float = 1.0) -> Path:
    """A configuration and its three tables."""
    (folder / "data").mkdir(parents=True)
    np.savetxt(folder / "J.csv", np.column_stack([W, factor * W * (1 - W) / 3]), delimiter=",", header="w, J")
    np.savetxt(folder / "data" / "K.csv", np.column_stack([W + 0.1, 0.1 + W / 7]))
    np.savetxt(folder / "f.txt", np.column_stack([W, np.sin(W) / 3]))
    (folder / "config.toml").write_text(CONFIG)
    return folder / "config.toml"


def test_the_resolved_configuration_needs_no_file(tmp_path: Path) -> None:
    resolved = resolve(load_config(write(tmp_path / "a")))
    assert str(tmp_path) not in resolved.text
    assert not any(line.split(" = ")[0].strip() == "file" for line in resolved.text.splitlines())
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(resolved.text)
    shutil.rmtree(tmp_path / "a")
    again = resolve(load_config(elsewhere))
    assert again.hash == resolved.hash
    assert again.values == resolved.values
    assert codec.encode(again.model) == codec.encode(resolved.model)
    assert "J.csv" in again.model.couplings[0].density.describe()
    parts = again.values["spectral_density"]["parts"]
    assert [part["source"] for part in parts] == ["J.csv", "data/K.csv"]
    assert parts[0]["frequencies"] == W.tolist()
    assert tomllib.loads(again.text)["drive"]["hamiltonian.z"]["source"] == "f.txt"
    # another number in a file is another run
    assert resolve(load_config(write(tmp_path / "b", factor=1.0 + 1e-15))).hash != resolved.hash
    # nor is a long table a long screen
    assert max(map(len, checked(resolved).splitlines())) <= LONGEST + 40


def test_the_hash_of_a_table_is_that_of_its_numbers(tmp_path: Path) -> None:
    """In the file or in place, and wherever they are said to come from."""
    path = write(tmp_path / "a")
    first = resolve(load_config(path)).hash
    J = chains.Table.from_file(tmp_path / "a" / "J.csv")
    numbers = f"frequencies = {J.frequencies.tolist()}, values = {J.values.tolist()}, source = 'me'"
    path.write_text(CONFIG.replace('file = "J.csv"', numbers))
    assert resolve(load_config(path)).hash == first


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ('file = "J.csv", values = [1]', "spectral_density.values", "either a file, or frequencies and values"),
        ('file = "J.csv", source = "me"', "spectral_density.source", "either a file"),
        ("values = [0, 1, 1, 0]", "spectral_density.frequencies", "a file, or frequencies and values"),
        ("", "spectral_density.file", "a file, or frequencies and values"),
        ("frequencies = [0, 1, 1, 2], values = [0, 1, 1, 0]", "spectral_density.frequencies[2]", "larger than"),
    ],
)
def test_numbers_in_place_are_checked_as_any(table: str, key: str, words: str, tmp_path: Path) -> None:
    tail = CONFIG.partition("[bath]")[2]
    path = tmp_path / "config.toml"
    kind = 'kind = "table"\n' + "\n".join(table.replace("], ", "]\n").replace('", ', '"\n').split("\n"))
    path.write_text(
        f"[spectral_density]\n{kind}\n[bath]{tail}".replace(
            'file = "f.txt"', "times = [0, 1, 2, 3], values = [0, 1, 2, 3]"
        )
    )
    with pytest.raises(InvalidInput) as refused:
        resolve(load_config(path))
    assert [(problem.key, words in problem.allowed) for problem in refused.value.problems] == [(key, True)]


def test_a_folder_is_moved_and_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: dict[Path, Trajectory] = {}

    def save(path: Path, ledger: object, run: Trajectory, correlations: object = None) -> None:
        runs[path.parent] = run
        save_little(path, ledger, run)  # type: ignore[arg-type]

    monkeypatch.setattr(result_file, "save_result", save)
    config = write(tmp_path / "here")
    run_config(config, tmp_path / "whole")
    stop_at(config, tmp_path / "here" / "out", 3)
    moved = Path(shutil.move(tmp_path / "here" / "out", tmp_path / "there"))
    shutil.rmtree(tmp_path / "here")
    run_config(moved / run_folder.CONFIG, moved, resume=True)
    assert same(physics(runs[moved]), physics(runs[tmp_path / "whole"]))
    assert run_config(moved / run_folder.CONFIG, moved).already_done
