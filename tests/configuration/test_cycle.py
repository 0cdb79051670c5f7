"""[cycle] of the configuration file: what it makes, what is refused, and the record beside result.nc."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from tests.support.terminal import call
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.configuration.written import to_toml

FILE = """
[[bath]]
temperature = 0.4
[bath.spectral_density]
kind = "discrete"
frequencies = [1.0]
couplings = [0.3]
[bath.coupling]
operator = { x = 0.5 }
[[bath]]
temperature = 0.2
[bath.spectral_density]
kind = "discrete"
frequencies = [0.6]
couplings = [0.3]
[bath.coupling]
operator = { x = 0.5 }
[system]
hamiltonian = { z = 0.0 }
initial = "-z"
[cycle]
count = 2
switching = 0.5
[[cycle.stroke]]
name = "heating"
duration = 1.5
hamiltonian = { z = 0.5 }
coupling = [1.0, 0.0]
[[cycle.stroke]]
duration = 0.5
hamiltonian = { z = [0.5, 0.3] }
coupling = [0.0, 0.0]
[[cycle.stroke]]
duration = 1.5
coupling = [0.0, 1.0]
[[cycle.stroke]]
duration = 0.5
hamiltonian = { z = [0.3, 0.5] }
coupling = [0.0, 0.0]
[evolution]
method = "tdvp"
step = 0.25
tolerance = 1e-5
[thermodynamics]
bath_entropy = "off"
[run]
error_bars = false
"""


def written(folder: Path, change: Any = None) -> Path:
    raw = tomllib.loads(FILE)
    if change is not None:
        change(raw)
    path = folder / "cycle.toml"
    path.write_text(to_toml(raw), encoding="utf-8")
    return path


def test_the_file_makes_the_drives_of_the_cycle_and_its_end(tmp_path: Path) -> None:
    resolved = resolve(load_config(written(tmp_path)))
    assert (resolved.until, resolved.record_every) == (8.0, 0.25)
    assert resolved.cycle is not None
    t = np.linspace(0, 8, 161)
    for drive, own in zip(
        [part.drive for part in resolved.model.drives] + [one.strength for one in resolved.model.couplings],
        [*resolved.cycle.parts.values(), *resolved.cycle.strengths],
        strict=True,
    ):
        assert np.array_equal(drive.value(t), own.value(t))  # type: ignore[union-attr]
    hot = resolved.model.couplings[0].strength
    assert hot is not None
    assert hot.value([0.0, 0.5, 1.0, 1.25, 1.5, 3.0, 4.25]) == pytest.approx([0, 1, 1, 0.5, 0, 0, 0.5])


def test_what_is_written_is_the_same_run(tmp_path: Path) -> None:
    resolved = resolve(load_config(written(tmp_path)))
    again = tmp_path / "again.toml"
    again.write_text(resolved.text, encoding="utf-8")
    twice = resolve(load_config(again))
    assert (twice.hash, twice.values) == (resolved.hash, resolved.values)
    assert resolved.values["drive"] == {}
    longer = resolve(load_config(written(tmp_path, lambda raw: raw["cycle"]["stroke"][0].update(duration=2.0))))
    assert longer.hash != resolved.hash


def test_times_of_a_file_with_units_are_those_of_its_strokes(tmp_path: Path) -> None:
    def in_fs(raw: dict[str, Any]) -> None:
        raw["units"] = {"energy": "eV", "time": "fs"}

    resolved = resolve(load_config(written(tmp_path, in_fs)))
    assert resolved.until == pytest.approx(8.0 / 0.6582119569, rel=1e-8)
    assert resolved.cycle is not None
    assert resolved.cycle.switching == pytest.approx(0.5 / 0.6582119569, rel=1e-8)
    assert resolved.values["cycle"]["stroke"][0]["duration"] == pytest.approx(1.5, rel=1e-14)
    assert resolved.values["evolution"]["until"] == pytest.approx(8.0, rel=1e-14)


REFUSED = {
    "overlap": (lambda raw: raw["cycle"]["stroke"][1].update(start=1.0), ("cycle.stroke[1].start", "1.5", "overlaps")),
    "step": (lambda raw: raw["evolution"].update(step=0.4), ("cycle.stroke[0].duration", "evolution.step = 0.4", "1.5", "period 4")),
    "no duration": (lambda raw: raw["cycle"]["stroke"][2].update(duration=0.0), ("cycle.stroke[2].duration", "> 0", "without duration")),
    "switching": (lambda raw: raw["cycle"].update(switching=0.8), ("cycle.stroke[0].duration", "2 x switching = 1.6")),
    "until": (lambda raw: raw["evolution"].update(until=7.0), ("evolution.until", "8", "2 cycles with the period 4")),
    "twice": (lambda raw: raw.update(drive={"coupling": {"shape": "ramp", "duration": 1.0}}), ("drive.coupling", "[cycle]")),
    "baths": (lambda raw: raw.update(bath=raw["bath"][:1]), ("cycle.stroke.coupling", "of 2 baths")),
    "key": (lambda raw: raw["cycle"].update(cuont=3), ("cycle.cuont", "did you mean count?")),
    "operator": (lambda raw: raw["cycle"]["stroke"][0]["hamiltonian"].update(tilt=1.0), ("cycle.operators.tilt",)),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_cycle_is_refused_with_the_numbers(case: str, tmp_path: Path) -> None:
    change, words = REFUSED[case]
    path = written(tmp_path, lambda raw: change(raw))
    with pytest.raises(tt.InvalidInput) as caught:
        load_config(path)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_period_that_nothing_divides_is_refused(tmp_path: Path) -> None:
    def odd(raw: dict[str, Any]) -> None:
        raw["cycle"]["stroke"][0]["duration"] = 2**0.5
        raw["evolution"] = {"method": "tdvp"}

    with pytest.raises(tt.InvalidInput, match="no step divides"):
        load_config(written(tmp_path, odd))


def test_stretch_lengthens_strokes_and_not_the_switching(tmp_path: Path) -> None:
    resolved = resolve(load_config(written(tmp_path, lambda raw: raw["cycle"].update(stretch=2.0))))
    assert resolved.cycle is not None
    assert (resolved.cycle.period, resolved.cycle.switching, resolved.until) == (8.0, 0.5, 16.0)


def test_the_record_lies_beside_the_result_and_is_shown(tmp_path: Path) -> None:
    def short(raw: dict[str, Any]) -> None:
        raw["cycle"]["count"] = 1
        raw["evolution"]["tolerance"] = 1e-4

    out = tmp_path / "out"
    outcome = tt.run_config(written(tmp_path, short), out)
    with xr.open_dataset(out / "cycles.nc") as record:
        expected = tt.cycles(outcome.ledger, outcome.resolved.cycle)
        for name in ("W", "stroke_W_drive_each", "Delta_E_B_each", "Sigma"):
            assert np.array_equal(record[name].values, expected[name].values)
        assert record["stroke"].values.tolist() == ["heating", "1", "2", "3"]
        assert record.attrs["config_hash"] == outcome.resolved.hash
        assert abs(float(record.balance[0])) < 1e-4
    text = call("show", out).output
    assert "cycle 1" in text
    assert "limit cycle not known" in text
    drawn = call("plot", out).output
    assert (out / "cycle.png").stat().st_size > 5000
    assert str(out / "cycle.pdf") in drawn.replace("\n", "")


def test_a_map_over_coupling_and_cycle_time(tmp_path: Path) -> None:
    """A sweep: every point has the record of its own cycles, of its own length, and a figure of them can be drawn."""

    def to_a_map(raw: dict[str, Any]) -> None:
        raw["cycle"]["count"] = 1
        raw["evolution"]["tolerance"] = 1e-3
        raw["sweep"] = {"bath[0].spectral_density.couplings": [[0.1], [0.3]], "cycle.stretch": [1.0, 2.0]}

    out = tmp_path / "map"
    done = call("sweep", written(tmp_path, to_a_map), "--out", out)
    assert done.exit_code == 0, done.output
    records = {}
    for path in (out / "points").glob("*/cycles.nc"):
        with xr.open_dataset(path) as record:
            config = tomllib.loads((path.parent / "config.toml").read_text(encoding="utf-8"))
            coupling = config["bath"][0]["spectral_density"]["couplings"][0]
            records[coupling, float(record.attrs["period"])] = float(record.W_drive_each[0, 0])
    assert set(records) == {(g, period) for g in (0.1, 0.3) for period in (4.0, 8.0)}
    for period in (4.0, 8.0):  # of the second order in the coupling
        assert records[0.3, period] / records[0.1, period] == pytest.approx(9.0, rel=0.3)
    assert records[0.1, 4.0] != pytest.approx(records[0.1, 8.0], rel=0.05)
    table = tt.collect(out)
    assert (table.sizes["couplings"], table.sizes["stretch"]) == (2, 2)
    assert table["cycle_W_drive_each"].dims == ("couplings", "stretch", "cycle", "bath")
    for (g, period), work in records.items():
        there = table.isel(couplings=int(g > 0.2), stretch=int(period > 5.0))
        assert float(there["cycle_W_drive_each"][0, 0]) == work
        assert there["stroke_W"].sizes == {"cycle": 1, "stroke": 4}
        assert str(there["limit_cycle"].item())
    assert table["cycle"].values.tolist() == [1]
    assert "cycle_W" in set(tt.collect(out, columns=["cycle_W"]).data_vars)


STUDIES = Path(__file__).parents[2] / "scripts" / "studies"


@pytest.mark.parametrize(("name", "mode"), [("otto", "engine"), ("refrigerator", "refrigerator")])
def test_the_studies_are_at_weak_coupling_what_they_are_called(name: str, mode: str) -> None:
    resolved = resolve(load_config(STUDIES / f"{name}.toml"))
    assert resolved.cycle is not None
    hot, cold = resolved.model.couplings
    splittings = [2 * float(resolved.model.hamiltonian_at(t)[0, 0].real) for t in (0.5, resolved.cycle.ends[2] + 0.5)]
    found = tt.closed_forms.otto(
        hot.density, cold.density, splittings=splittings, temperatures=(hot.temperature, cold.temperature), durations=(9.0, 9.0)
    )  # fmt: skip
    assert (found.work < 0) == (mode == "engine")
    assert (found.Q_cold > 0) == (mode == "refrigerator")
