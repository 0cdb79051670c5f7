"""Damaged configurations, tables, checkpoints and sweeps: scripts/bench/fuzz.py in small, and what it found once."""

import contextlib
import importlib
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chains
from chains import InvalidInput
from tests.interrupted.runs import a_keeper
from tests.results.test_checkpoint_file import forged
from tests.support.configs import DISCRETE, problems, text_of, write_config
from tnthermo import errors
from tnthermo.accuracy.evolve import evolve
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.errors import Damaged
from tnthermo.model.operators import as_array, operator
from tnthermo.results import checkpoint_file, checkpoints
from tnthermo.results.checkpoint_file import of_a_run, unpack
from tnthermo.thermo.ledger import ledger

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "bench"))
fuzz: Any = importlib.import_module("fuzz")


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fuzz.Campaign(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("inputs", [160, pytest.param(1200, marks=pytest.mark.slow)])
def test_no_input_ends_in_anything_but_words(campaign: Any, inputs: int) -> None:
    found = {campaign.one(3, number)[:2] for number in range(inputs)}
    kinds = {kind for kind, _ in found}
    assert kinds == {"config", "table", "kept", "sweep"}
    assert {(kind, "refused") for kind in kinds} <= found
    assert {("config", "accepted"), ("table", "accepted"), ("sweep", "accepted")} <= found


@pytest.mark.slow
def test_no_command_ends_in_anything_but_words(campaign: Any) -> None:
    assert all(campaign.command(3, number)[1].startswith("exit ") for number in range(10))


def test_the_same_number_is_the_same_input(campaign: Any) -> None:
    assert [campaign.one(5, n) for n in range(4)] == [campaign.one(5, n) for n in range(4)]
    assert campaign.one(5, 0)[2] != campaign.one(6, 0)[2]


def test_what_the_campaign_looks_for_it_sees(campaign: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a value that is not as written, one that is not finite, a file taken up damaged, a traceback, a hang."""
    path = campaign.folder / "planted.toml"
    path.write_text(fuzz.SMALL)
    good = resolve(load_config(path))
    fuzz.as_written(path, good)
    for key, value in (("until", 0.5), ("tolerance", float("nan"))):
        bad = replace(good, values={**good.values, "evolution": {**good.values["evolution"], key: value}})
        with pytest.raises(fuzz.Wrong, match=f"evolution.{key}"):
            fuzz.as_written(path, bad)
    found = chains.Table(frequencies=[0.0, 1.0, 2.0, 3.0], values=[0.0, 1.0, 0.5, 0.0])
    fuzz.table_as_written("w J\n0 0\n1 1 # note\n2,.5\n3 0\n", found)
    with pytest.raises(fuzz.Wrong):
        fuzz.table_as_written("0 0\n1 1\n2 .25\n3 0\n", found)
    with pytest.raises(fuzz.Hang), fuzz.limited(0.02):
        time.sleep(5)

    def trusting(data: bytes) -> Any:
        return unpack(campaign.checkpoint)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "unpack", trusting)
        patch.setattr(random.Random, "random", lambda self: 0.0)  # torn, not forged
        with pytest.raises(fuzz.Wrong, match="not as it was written"):
            campaign.one(3, 2)

    def stumbling(path: Path, raw: Any = None) -> Any:
        raise KeyError("temperature")

    monkeypatch.setattr(fuzz, "load_config", stumbling)
    with pytest.raises(KeyError):
        campaign.one(3, 0)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=80) | st.text("0123456789.eE+-#,\t \nnaif", max_size=80).map(str.encode))
def test_any_bytes_as_a_table_are_read_or_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "J.csv"
    path.write_bytes(raw)
    try:
        found = chains.Table.from_file(path)
    except InvalidInput:
        return
    fuzz.table_as_written(raw.decode(), found)
    assert np.all(np.diff(found.frequencies) > 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_any_damage_to_a_checkpoint_is_seen(campaign: Any, seed: int) -> None:
    data = fuzz.torn(campaign.checkpoint, random.Random(seed))
    if data != campaign.checkpoint:
        with pytest.raises(Damaged):
            unpack(data)
    bad = fuzz.forged(campaign.checkpoint, random.Random(seed))
    with contextlib.suppress(Damaged, errors.Unreadable):
        of_a_run(unpack(bad))


# --- what it found -------------------------------------------------------------------------------------------------------------------

HEADER = {
    "format": checkpoint_file.FORMAT, "config": "[evolution]\nuntil = 1.0\n", "hash": "abc", "time": 0.1, "notes": [], "versions": {},
    "compiled": False, "state": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("config", 3), ("config", "not TOML"), ("config", "evolution = 3"), ("config", '[evolution]\nmax_bond = "x"'), ("hash", None),
        ("time", "0"), ("time", 10**400), ("time", float("nan")), ("notes", [1]), ("notes", {}), ("versions", []), ("compiled", "no"),
        ("state", [1.0]),
    ],
)  # fmt: skip
def test_a_checkpoint_with_a_header_of_something_else_is_refused_in_words(
    tmp_path: Path, name: str, value: Any
) -> None:
    """Its SHA-256 fits: reading it ended in a KeyError or an AttributeError."""
    of_a_run(unpack(forged(HEADER)))
    keeper = a_keeper(write_config(tmp_path), tmp_path / "out")
    keeper.place.mkdir(parents=True)
    keeper.path("run").write_bytes(forged({**HEADER, name: value}))
    with pytest.raises(InvalidInput, match=f"not what the checkpoint of a run holds \\({name}"):
        keeper.load("run")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"system": {"hamiltonian": "{ x = 1e308 }"}}, "system.hamiltonian.x"),
        ({"system": {"hamiltonian": "[[0, 1e308], [1e308, 0]]"}}, "system.hamiltonian"),
        ({"coupling": {"operator": '[[0, "1e200j"], ["-1e200j", 0]]'}}, "coupling.operator"),
        ({"spectral_density": DISCRETE | {"couplings": "[0.35, 1e200]"}}, "spectral_density.couplings[1]"),
        ({"spectral_density": DISCRETE, "bath": {"temperature": "5e-324"}}, "bath.temperature"),
        ({"evolution": {"step": "1e-320"}}, "evolution.step"),
    ],
)
def test_numbers_whose_square_or_inverse_has_no_double_are_refused(tmp_path: Path, changes: Any, key: str) -> None:
    """They were taken, and became infinite later."""
    assert "1e" in problems(tmp_path, text_of(changes))[key]


def test_the_bounds_are_on_the_far_side_of_sense() -> None:
    with pytest.raises(InvalidInput, match="alpha"):
        chains.PowerLaw(alpha=10**400)
    assert np.isfinite(operator({"x": 1e149}, key="x")).all()
    assert np.isfinite(as_array([[1e149, 0], [0, "1e149j"]], key="x")).all()
    assert chains.chain(chains.Discrete(frequencies=[1e-149], couplings=[1e-149]), temperature=0.0).length == 1


# --- valid but extreme files that are run: scripts/bench/fuzz_runs.py in small ---------------------------------------------------------

runs: Any = importlib.import_module("fuzz_runs")


@pytest.mark.slow
def test_no_extreme_run_ends_in_anything_but_words(tmp_path: Path) -> None:
    """Three that end within a second or two, and some that are asked to stop."""
    outcomes = []
    for number, seconds in ((2, 60.0), (6, 60.0), (7, 60.0), (8, 1.0), (9, 1.0), (11, 1.0)):
        folder = tmp_path / str(number)
        folder.mkdir()
        outcomes.append(runs.examine(runs.input_of(2, number), folder, figures=number == 2, seconds=seconds))
    assert outcomes[:3] == ["done", "done", "accuracy not reached"]


def test_what_a_run_must_not_do_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: an error of Python, a traceback, a command that refuses what check takes, a column that is missing."""
    small = fuzz.SMALL.replace("until = 0.4", "until = 0.1").replace("record_every = 0.2\n", "")
    said = {"check": (0, ""), "run": (0, ""), "show": (0, "")}
    monkeypatch.setattr(runs, "command", lambda arguments, folder, **_: said[arguments[0]])
    for code, text in (
        (1, "error: the run failed: KeyError: 'x'"),
        (-11, ""),
        (0, "Traceback"),
        (2, "error: until"),
        (0, ""),
    ):
        said["run"] = (code, text)
        with pytest.raises(runs.Wrong):
            runs.examine(small, tmp_path)
    said["run"] = (75, "stopped")
    assert runs.examine(small, tmp_path) == "stopped"
    said["run"] = (1, "error: norm drifted")
    assert runs.examine(small, tmp_path).startswith("failed: norm")
    path = tmp_path / "model.toml"
    path.write_text(small)
    config = resolve(load_config(path))
    found = ledger(evolve(config.model, **config.evolve_keywords()))
    found.to_netcdf(tmp_path / "whole.nc")
    assert runs.faults_of(tmp_path / "whole.nc") == []
    found.drop_vars("Sigma_ext_S").to_netcdf(tmp_path / "less.nc")
    assert runs.faults_of(tmp_path / "less.nc") == ["Sigma_ext_S is missing"]
    found["S_chi_lower"] = found["S_chi_upper"] + 1
    found["E_S_error"] = -1 - found["E_S_error"]
    found["E_B"] = found["E_B"] * np.nan
    found.to_netcdf(tmp_path / "wrong.nc")
    assert len(runs.faults_of(tmp_path / "wrong.nc")) == 3
