"""Known results: quick ones are reproduced, a wrong convention is seen, and what the entries say of themselves."""

import csv
import math
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import tnthermo as tt
from chains import InvalidInput
from tests.support.terminal import call
from tnthermo.configuration.resolve import resolve_file
from tnthermo.reproduction.entries import CASES, entries, names_in
from tnthermo.reproduction.reproduce import reproduced

NAMES = names_in(CASES)
QUICK = ("dephasing-closed-form", "one-mode-cold")
# What a file may say beside its target: what the problem is, when its numbers are read, which of the bath's entropies it is about.
PHYSICS = {
    "units": {"energy", "time", "temperature"},
    "spectral_density": None,
    "bath": {"temperature"},
    "system": {"hamiltonian", "initial"},
    "coupling": {"operator", "kind"},
    "drive": None,
    "evolution": {"until", "record_every"},
    "thermodynamics": {"alpha_S", "bath_entropy", "bath_entropy_every"},
    "record": {"two_time"},
    "accuracy": {"target"},
}
NUMERICAL = {"support", "resolution", "ends"}
ROW = tt.Reproduced(
    name="a", title="", source="b", error_of="", what="x", at=1.0, published=1.0, published_error=0.25, ours=1.5, error=0.25
)  # fmt: skip


def copied(name: str, folder: Path, **words: str) -> Path:
    """An entry in a folder of its own, each word of its configuration replaced."""
    for path in CASES.glob(f"{name}.*"):
        shutil.copy(path, folder)
    config = folder / f"{name}.toml"
    text = config.read_text()
    for old, new in words.items():
        assert f"{old} = " in text
        text = "\n".join(f"{old} = {new}" if line.startswith(f"{old} = ") else line for line in text.split("\n"))
    config.write_text(text)
    return folder


@pytest.mark.parametrize("name", QUICK)
def test_quick_ones_are_reproduced(name: str) -> None:
    rows = tt.reproduce([name])
    assert len(rows) == len(entries([name])[0].numbers)
    assert all(row.agrees for row in rows), tt.reproduction_table(rows)
    assert all(row.error < 5e-3 for row in rows)  # bars that say something


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_entry_is_reproduced(name: str) -> None:
    rows = tt.reproduce([name])
    assert all(row.agrees for row in rows), tt.reproduction_table(rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_entry_sees_a_wrong_convention(name: str) -> None:
    """The negative twin of all of them: J twice as large."""
    entry = entries([name])[0]
    resolved = resolve_file(entry.config)
    couplings = tuple(replace(one, operator=math.sqrt(2.0) * one.operator) for one in resolved.model.couplings)
    wrong = replace(resolved, model=replace(resolved.model, couplings=couplings))
    assert any(row.verdict == "differs" for row in reproduced(entry, wrong))


def test_a_wrong_convention_turns_an_entry_red(tmp_path: Path) -> None:
    """The negative twin: J twice as large, as pi or 2 too many would make it. The exit code says it, and the files have it."""
    folder = copied("dephasing-closed-form", tmp_path, alpha="0.6")
    found = call("reproduce", "dephasing-closed-form", "--cases", folder, "--out", tmp_path / "out")
    assert found.exit_code == 1
    assert "differs" in found.stdout
    with (tmp_path / "out" / "reproduction.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["verdict"] for row in rows if row["what"].startswith("E_B")} == {"differs"}
    assert (tmp_path / "out" / "reproduction.md").read_text().startswith("| name |")


def test_the_command_says_what_it_found_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = call("reproduce", "one-mode-cold")
    assert found.exit_code == 0, found.output
    assert "one-mode-cold (1 of 1)" in found.stderr
    assert "sigma_z  -0.7001922581" in found.stdout
    assert "agrees" in found.stdout
    assert "sources:" in found.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_list_runs_nothing() -> None:
    found = call("reproduce", "--list")
    assert found.exit_code == 0
    for entry in entries():
        assert entry.name in found.stdout
        assert entry.source in found.stdout
    assert found.stderr == ""


def test_unknown_names_are_refused_with_the_nearest(tmp_path: Path) -> None:
    found = call("reproduce", "one-mode-clod", "nonsense")
    assert found.exit_code == 2
    assert "did you mean one-mode-cold?" in found.stderr
    assert "NAME = 'nonsense'" in found.stderr
    for wrong in ([], "one-mode-cold", [1], ["one-mode-cold", "one-mode-cold"]):
        with pytest.raises(InvalidInput):
            tt.reproduce(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="a folder with files"):
        tt.reproduce(cases=tmp_path)


def test_what_is_wrong_with_numbers_is_said_at_once(tmp_path: Path) -> None:
    folder = copied("one-mode-cold", tmp_path)
    path = folder / "one-mode-cold.published"
    path.write_text('title = "a"\n[[number]]\nwhat = "b"\ncolumn = "sigma_zz"\nat = 3.0\nvalue = "x"\nerrors = 1.0\n')
    with pytest.raises(InvalidInput) as refused:
        tt.reproduce(cases=folder)
    said = str(refused.value)
    for part in ("source", "error_of", "convention", "did you mean sigma_z?", "value", "did you mean error?"):
        assert part in said


def test_a_wrong_configuration_is_refused_before_the_first_run(tmp_path: Path) -> None:
    """Those of all entries are looked at first."""
    copied("one-mode-cold", tmp_path)
    for suffix in ("toml", "published"):
        shutil.copy(tmp_path / f"one-mode-cold.{suffix}", tmp_path / f"two.{suffix}")
    (tmp_path / "two.toml").write_text("[evolution]\nuntil = -1.0\n")
    said: list[str] = []
    with pytest.raises(InvalidInput, match=r"evolution\.until"):
        tt.reproduce(cases=tmp_path, say=said.append)
    assert said == []


def test_an_unknown_correlation_function_is_refused(tmp_path: Path) -> None:
    copied("oqupy-two-time", tmp_path)
    path = tmp_path / "oqupy-two-time.published"
    path.write_text(path.read_text().replace("zx.re", "zy.re"))
    with pytest.raises(InvalidInput, match=r"a name of \[record\] two_time: zx, xx"):
        tt.reproduce(cases=tmp_path)


def test_progress_is_told_in_the_units_of_the_file() -> None:
    ends: set[float] = set()
    rows = tt.reproduce(["exciton-dimer"], progress=lambda now: ends.add(now.until))
    assert ends == {200.0}
    assert all(row.agrees for row in rows)


def test_a_time_between_records_is_refused(tmp_path: Path) -> None:
    folder = copied("one-mode-cold", tmp_path)
    path = folder / "one-mode-cold.published"
    path.write_text(path.read_text().replace("at = 3.0", "at = 2.71"))
    with pytest.raises(InvalidInput, match="the nearest is 3"):
        tt.reproduce(cases=folder)


@pytest.mark.parametrize("name", NAMES)
def test_files_hold_physics_and_a_target(name: str) -> None:
    tables = tomllib.loads((CASES / f"{name}.toml").read_text())
    for section, table in tables.items():
        allowed = PHYSICS[section]
        assert allowed is None or set(table) <= allowed, section
        assert not set(table) & NUMERICAL
    resolved = resolve_file(CASES / f"{name}.toml")
    assert resolved.target is not None
    times = [number.at for number in entries([name])[0].numbers]
    assert all(abs(t / resolved.units.shown_time(resolved.record_every) % 1.0 - 0.5) > 0.5 - 1e-9 for t in times)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_source_and_an_error(name: str) -> None:
    entry = entries([name])[0]
    assert len(entry.source) > 20
    assert entry.error_of
    assert entry.convention
    assert all(number.error > 0 for number in entry.numbers)


def test_the_list_of_files_is_whole() -> None:
    assert sorted(path.stem for path in CASES.glob("*.toml")) == NAMES


@pytest.mark.parametrize(
    ("ours", "error", "verdict"),
    [(1.5, 0.25, "agrees"), (1.5, 0.24, "differs"), (1.0, math.inf, "no error bar"), (1.0, math.nan, "no error bar")],
)
def test_verdicts(ours: float, error: float, verdict: str) -> None:
    """Within the sum of both errors, and not without an error bar."""
    assert replace(ROW, ours=ours, error=error).verdict == verdict


def test_exact_numbers_have_a_ratio() -> None:
    exact = replace(ROW, published_error=0.0, error=0.0)
    assert exact.ratio == math.inf
    assert replace(exact, ours=1.0).ratio == 0.0


def test_tables() -> None:
    text = tt.reproduction_table([ROW], markdown=True)
    assert "| a | x | 1 +- 2.5e-01 (b) | 1.5 +- 2.5e-01 | 1 | agrees |" in text
    assert r"| a | \|rho\| | 1 +-" in tt.reproduction_table([replace(ROW, what="|rho|")], markdown=True)
    for wrong in ("text", [1]):
        with pytest.raises(InvalidInput):
            tt.reproduction_table(wrong)  # type: ignore[arg-type]
