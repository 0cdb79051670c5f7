"""`tnthermo init`, `keys` and `explain`: files that run, every key and every column in words, what is near to a wrong name."""

import re
import tomllib
from pathlib import Path

import pytest
import typer

import tnthermo as tt
from tests.support.terminal import call
from tnthermo import errors
from tnthermo.configuration import keys
from tnthermo.configuration.examples import FOLDER, KINDS, OTHER_NAMES, about
from tnthermo.terminal import cli
from tnthermo.thermo.definitions import COLUMNS
from tnthermo.thermo.validity import _WHERE, every_column, where

NUMERICAL = {
    "modes",
    "levels",
    "route",
    "method",
    "step",
    "record_every",
    "tolerance",
    "max_bond",
    "order",
    "bond",
    "taper",
    "layout",
}


def flat(table: object) -> set[str]:
    """All keys of a file, at any depth."""
    if isinstance(table, dict):
        return set(table) | {key for value in table.values() for key in flat(value)}
    return {key for entry in table for key in flat(entry)} if isinstance(table, list) else set()


DEAR = {"otto", "two-qubits"}


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.slow if kind in DEAR else ()) for kind in KINDS])
def test_a_file_of_each_kind_runs(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is written it is accepted, commented, and of physics only; shortened it runs to its end."""
    monkeypatch.chdir(tmp_path)
    done = call("init", kind)
    assert done.exit_code == 0, done.output
    assert f"written: {kind}.toml" in done.stdout
    path = tmp_path / f"{kind}.toml"
    text = path.read_text(encoding="utf-8")
    assert not flat(tomllib.loads(text)) & NUMERICAL
    assert len([line for line in text.splitlines() if "#" in line]) >= 6
    checked = call("check", path)
    assert checked.exit_code == 0, checked.output
    assert "warning" not in checked.output
    until = 40.0 if "[units]" in text else 0.4  # in fs
    if "[cycle]" in text:  # three periods of 21 in place of a time
        text = text.replace("[cycle]", "[cycle]\nstretch = 0.01").replace("switching = 3.0", "switching = 0.03")
        until = 0.63
    shortened = re.sub(r"until = [\d.]+", f"until = {until}", text)
    if 'bath_entropy = "off"' not in shortened:
        shortened += '[thermodynamics]\nbath_entropy = "off"\n'
    path.write_text(shortened)
    outcome = tt.run_config(path, tmp_path / "out")
    assert outcome.flags == ()
    assert float(outcome.ledger["t"][-1]) == pytest.approx(until, rel=1e-12)
    assert {"population", "population_H", "population_error"} <= set(outcome.ledger)


def test_the_kinds_are_listed_and_each_has_a_file() -> None:
    listed = call("init")
    assert listed.exit_code == 0
    for kind in KINDS:
        assert f"  {kind} " in listed.stdout
        assert about(kind) in listed.stdout
    assert max(map(len, listed.stdout.splitlines())) <= 120
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(KINDS)
    assert set(OTHER_NAMES.values()) <= set(KINDS)


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("my work")
    refused = call("init", "driven", mine)
    assert refused.exit_code == errors.BAD_INPUT
    assert f"FILE = {str(mine)!r}: a file that is not there yet (--force replaces it" in refused.output
    assert mine.read_text() == "my work"
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "elsewhere.toml")
    assert call("init", "driven", link).exit_code == errors.BAD_INPUT
    assert not (tmp_path / "elsewhere.toml").exists()
    assert call("init", "driven", mine, "--force").exit_code == 0
    assert mine.read_text() == (FOLDER / "driven.toml").read_text()
    assert call("init", "driven", tmp_path / "no" / "folder.toml").exit_code == errors.STORAGE
    assert call("init", "driven", tmp_path).exit_code == errors.BAD_INPUT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.toml", "mine.toml"]


@pytest.mark.parametrize(
    ("kind", "near"), [("spin-bosn", "spin-boson"), ("jaynes-cummings", "exchange"), ("HEOM", "drude-lorentz")]
)
def test_an_unknown_kind(kind: str, near: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused = call("init", kind)
    assert refused.exit_code == errors.BAD_INPUT
    assert f"did you mean {near}?" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_every_key_is_told() -> None:
    text = call("keys").stdout
    for key in keys.every_key():
        assert key.heading in text
        assert f"  {key.name} " in text
        assert key.meaning in text
    assert "[sweep]" in text
    assert max(map(len, text.splitlines())) <= 140
    # every meaning belongs to a key, and what has none is seen
    known = {name for key in keys.every_key() for name in (f"{key.tag}.{key.name}", f"{key.section}.{key.name}")}
    assert set(keys.MEANINGS) <= known
    with pytest.raises(LookupError, match=r"bath\.colour"):
        keys.meaning("bath", "", "colour")
    with pytest.raises(LookupError, match=r"bath\.colour"):
        keys.allowed("bath.colour", complex)


@pytest.mark.parametrize(
    ("word", "there", "absent"),
    [
        ("bath", ["temperature", "route"], ["hamiltonian"]),
        ("[bath]", ["temperature"], ["hamiltonian"]),
        ("power-law", ["alpha", '[spectral_density] kind = "power-law"'], ["width"]),
        ("ramp", ["duration", '[drive] shape = "ramp"'], ["temperature"]),
        ("max_bond", ["integer >= 1", "[evolution]", "none"], ["until"]),
        ("evolution.until", ["required", "number >= 0"], ["max_bond"]),
        ("spectral_density", ['kind = "brownian"', 'kind = "table"'], ["[bath]"]),
    ],
)
def test_some_keys(word: str, there: list[str], absent: list[str]) -> None:
    done = call("keys", word)
    assert done.exit_code == 0
    assert all(text in done.stdout for text in there)
    assert not any(text in done.stdout for text in absent)


def test_a_key_that_is_none() -> None:
    for word, near in (("evolutoin", "evolution"), ("bath.temprature", "temperature"), ("dt", "step")):
        refused = call("keys", word)
        assert refused.exit_code == errors.BAD_INPUT
        assert f"did you mean {near}?" in refused.output


def test_every_column_is_explained() -> None:
    listed = call("explain").stdout
    for name, column in every_column().items():
        assert re.search(rf"^{name} ", listed, re.MULTILINE), name
        text = call("explain", name)
        assert text.exit_code == 0, text.output
        words = " ".join(text.stdout.split())
        assert column.long_name in words
        assert " ".join(column.equation.split()) in words
        assert where(name) in words
        assert f"units {column.units}" in words
    assert set(_WHERE) <= set(every_column())
    for column in COLUMNS:
        done = call("explain", f"{column.name}_error")
        assert done.exit_code == 0
        assert ("a fact about the run" in done.stdout) == column.exact
        assert all(floor in done.stdout for floor in column.floors)


def test_what_is_said_of_one_column() -> None:
    text = call("explain", "Sigma_B").stdout
    for words in ("entropy production of the bath", "[48]", "nat", "T > 0 of every bath", "Sci. Rep. 6, 35568"):
        assert words in text
    text = call("explain", "sigma_z").stdout
    assert "qubits" in text
    assert "Sci. Rep." not in text  # no equation of the paper


@pytest.mark.parametrize(
    ("name", "near"), [("sz", "sigma_z"), ("Sigma_Z", "sigma_z"), ("heat", "Q_S"), ("E_b", "E_B"), ("xyzzy", "lists all")]
)  # fmt: skip
def test_a_column_that_is_none(name: str, near: str) -> None:
    refused = call("explain", name)
    assert refused.exit_code == errors.BAD_INPUT
    assert near in refused.output.partition("(")[2]


def test_every_help_has_an_example_that_is_a_command() -> None:
    """And shows the defaults that stand in brackets, which are no markup."""
    names = set(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
    assert {"init", "keys", "explain", "run", "collect"} <= names
    for name in names:
        text = call(name, "--help").output
        _, _, examples = text.partition("Examples:")
        assert f"tnthermo {name}" in examples, name
    assert "[default: list them]" in " ".join(call("init", "--help").output.replace("│", " ").split())
