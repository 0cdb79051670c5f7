"""The section [sweep]: its forms, the tables it makes, and everything that is wrong with any point before the first one runs."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains import InvalidInput
from tests.support.configs import BATHS, SMALL
from tests.support.sweeps import write_sweep
from tnthermo.configuration.examples import FOLDER
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.sweeps import points
from tnthermo.sweeps.axes import Axes, axes_of, placed, read_axes, short_names, twice
from tnthermo.sweeps.points import sweep_points
from tnthermo.terminal.sweep_plan import checked_sweep, planned_sweep


def settings(path: Path) -> list[dict[str, Any]]:
    axes = read_axes(path)
    return [axes.settings(number) for number in range(axes.count)]


def complaints(path: Path, **keywords: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        sweep_points(read_axes(path), **keywords)
    return [str(problem) for problem in caught.value.problems]


def test_a_product_takes_every_pair_the_last_axis_fastest(tmp_path: Path) -> None:
    path = write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2]\n"bath.levels" = [4, 5, 6]')
    found = settings(path)
    assert [(one["bath.temperature"], one["bath.levels"]) for one in found] == [
        (0.1, 4), (0.1, 5), (0.1, 6), (0.2, 4), (0.2, 5), (0.2, 6),
    ]  # fmt: skip
    axes = read_axes(path)
    assert axes.shape == (2, 3)
    # each point is the file with the keys put in place
    other = tmp_path / "one.toml"
    text = SMALL.replace("TEMPERATURE", "0.2").replace("levels = 10", "levels = 4")
    other.write_text(text)
    assert resolve(load_config(path, axes.tables(3))).hash == resolve(load_config(other)).hash
    assert resolve(load_config(path, axes.tables(2))).hash != resolve(load_config(other)).hash


def test_zip_and_list(tmp_path: Path) -> None:
    zipped = write_sweep(tmp_path, 'mode = "zip"\n"bath.temperature" = [0.1, 0.2]\n"bath.levels" = [4, 5]')
    rows = '[[sweep.points]]\n"bath.temperature" = 0.1\n"bath.levels" = 4\n[[sweep.points]]\n"bath.levels" = 5\n"bath.temperature" = 0.2'
    listed = write_sweep(tmp_path, f'mode = "list"\n{rows}', name="l.toml")
    assert settings(zipped) == settings(listed) == [
        {"bath.temperature": 0.1, "bath.levels": 4}, {"bath.temperature": 0.2, "bath.levels": 5},
    ]  # fmt: skip
    assert sweep_points(read_axes(zipped)).runs == sweep_points(read_axes(listed)).runs


def test_on_the_way_to_a_target_all_points_have_the_same_record_times(tmp_path: Path) -> None:
    physics = """
[spectral_density]
kind = "power-law"
alpha = 0.05
exponent = 1.0
cutoff = 1.0
shape = "exponential"
[bath]
temperature = 0.3
[system]
hamiltonian = { z = 0.5 }
initial = "+x"
[coupling]
operator = { z = 0.5 }
[evolution]
until = 4.0
EVOLUTION
[sweep]
"spectral_density.cutoff" = [1.0, 8.0]
"""

    def found(evolution: str, name: str) -> list[points.Resolved]:
        path = tmp_path / name
        path.write_text(physics.replace("EVOLUTION", evolution))
        axes = read_axes(path)
        return [points.resolved_point(axes, number) for number in range(axes.count)]

    open_ended = found("", "open.toml")
    assert [one.record_every for one in open_ended] == [4.0 / points.RECORDS] * 2
    axes = read_axes(tmp_path / "open.toml")
    own = [resolve(load_config(axes.path, axes.tables(number))).record_every for number in range(2)]
    assert own[0] != own[1]  # the baths are of different speed
    assert [one.record_every for one in found("record_every = 0.5", "own.toml")] == [0.5, 0.5]
    by_hand = found("step = 0.25\ntolerance = 1e-3", "by_hand.toml")  # no target: every step, as ever
    assert [one.record_every for one in by_hand] == [0.25, 0.25]


def test_a_cycle_has_its_record_times_in_a_sweep_as_well(tmp_path: Path) -> None:
    text = (FOLDER / "otto.toml").read_text(encoding="utf-8")
    path = tmp_path / "otto.toml"
    path.write_text(text + '\n[sweep]\n"cycle.stretch" = [1.0, 2.0]\n')
    axes = read_axes(path)
    found = [points.resolved_point(axes, number) for number in range(axes.count)]
    assert found[1].until == 2 * found[0].until
    assert all(one.target is not None for one in found)
    assert all(one.until / one.record_every == pytest.approx(round(one.until / one.record_every)) for one in found)


def test_a_point_of_a_list_takes_what_it_leaves_out_from_the_file(tmp_path: Path) -> None:
    rows = 'points = [{ "bath.temperature" = 0.1 }, { "bath.levels" = 5, "spectral_density.couplings[0]" = 0.3 }]'
    path = write_sweep(tmp_path, f'mode = "list"\n{rows}')
    assert settings(path) == [
        {"bath.temperature": 0.1, "bath.levels": 10, "spectral_density.couplings[0]": 0.4},
        {"bath.temperature": 0.5, "bath.levels": 5, "spectral_density.couplings[0]": 0.3},
    ]
    assert len(set(sweep_points(read_axes(path)).runs)) == 2


def test_names_of_axes_are_short_where_that_names_one() -> None:
    keys = ("bath.temperature", "bath[0].levels", "bath[1].levels", "spectral_density.couplings[0]")
    assert list(short_names(keys).values()) == [
        "temperature", "bath_0_levels", "bath_1_levels", "spectral_density_couplings_0",
    ]  # fmt: skip
    assert not twice("x", [1, 2, True, "1", [1], [2]])
    assert twice("x", [1, 1.0])
    assert twice("x", [[1], [1]])


def test_keys_of_baths_drives_lists_and_sections_that_are_not_there(tmp_path: Path) -> None:
    drive = '[drive]\n"hamiltonian.z" = { shape = "ramp", duration = 0.5, final = 0.2 }\n'
    evolution = '[evolution]\nmethod = "exact"\nuntil = 0.4\nstep = 0.1\ntolerance = 1e-4\n'
    axes = '"bath[1].levels" = [3]\n"bath.0.temperature" = [0.7]\n"drive.hamiltonian.z.final" = [0.3]\n"thermodynamics.alpha_S" = [1.0]'
    path = write_sweep(tmp_path, axes, base=BATHS + drive + evolution)
    tables = read_axes(path).tables(0)
    assert (tables["bath"][1]["levels"], tables["bath"][0]["temperature"]) == (3, 0.7)
    assert tables["drive"]["hamiltonian.z"] == {"shape": "ramp", "duration": 0.5, "final": 0.3}
    assert tables["thermodynamics"] == {"alpha_S": 1.0}
    resolve(load_config(path, tables))
    tree = {"drive": {}, "x": {"frequencies": [0.1, 0.2]}}
    assert placed(tree, ("x", "frequencies", 1), 0.3, "x.frequencies[1]") == {
        "drive": {},
        "x": {"frequencies": [0.1, 0.3]},
    }
    assert placed(tree, ("drive", "hamiltonian", "x"), {}, "drive.hamiltonian.x")["drive"] == {"hamiltonian.x": {}}
    assert tree == {"drive": {}, "x": {"frequencies": [0.1, 0.2]}}


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ("", ["at least one axis"]),
        ('"bath.temperature" = []', ["sweep.bath.temperature = []: at least one value"]),
        ('"bath.temperature" = 0.1\n"bath.levels" = []', ["[0.1] for one value", "at least one value"]),
        ('mode = "zap"', ["did you mean zip?"]),
        ('mode = "zip"\n"bath.temperature" = [0.1]\n"bath.levels" = [4, 5]', ["as many values for each axis"]),
        ("bath.temperature = [0.1]", ['"bath.temperature" = ...']),
        ('"bath..temperature" = [0.1]', ["a dotted key"]),
        ('"sweep.mode" = ["zip"]', ["a key of another section"]),
        ('"bath.levels" = [4]\n"bath" = [{}]', ["bath.levels sets it as well"]),
        ('points = [{}]', ['mode = "list" only']),
        ('mode = "list"\n"bath.levels" = [4]', ["the points alone", "a table for each point"]),
        ('mode = "list"\npoints = [{ "evolution.order" = 4 }, { "bath.levels" = 4 }]', ["points[1]", "must set evolution.order as well"]),
        ('"bath.temperature" = [0.1, 0.2, 0.10]', ["must have each value once; 0.1 is there again"]),
        ('"spectral_density.frequencies[3]" = [0.1]', ["a number from 0 to 0"]),
        ('"bath.temperature.x" = [0.1]', ["a table or a list"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_section(tmp_path: Path, axes: str, words: list[str]) -> None:
    found = "\n".join(complaints(write_sweep(tmp_path, axes)))
    for word in words:
        assert word in found


def test_several_baths_need_a_number(tmp_path: Path) -> None:
    path = write_sweep(tmp_path, '"bath.temperature" = [0.1]', base=BATHS)
    assert "bath[0].temperature" in complaints(path)[0]


def test_a_file_without_a_sweep_and_a_broken_section_beside_broken_others(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(SMALL.replace("TEMPERATURE", "0.5"))
    assert complaints(path)[0].startswith("sweep = (missing)")
    broken = write_sweep(
        tmp_path, '"bath.temperature" = []', base=SMALL.replace("TEMPERATURE", "-1").replace("until", "untill")
    )
    found = "\n".join(complaints(broken))
    assert "at least one value" in found
    assert "evolution.untill" in found


def test_all_points_are_checked_and_what_they_share_is_said_once(tmp_path: Path) -> None:
    base = SMALL.replace("TEMPERATURE", "0.5").replace("step = 0.1", "stepp = 0.1")
    path = write_sweep(tmp_path, '"bath.temperature" = [0.1, -1.0, -2.0]\n"bath.levels" = [4, 1]', base=base)
    found = complaints(path)
    assert sum("evolution.stepp" in line for line in found) == 1
    assert any(line.startswith("evolution.stepp") for line in found)
    assert any(line.startswith("points 1, 3, 5 of 6: bath.levels = 1") for line in found)
    assert any(line.startswith("points 2, 3, 4, 5 of 6: bath.temperature = -1.0, -2.0: a finite") for line in found)
    one = complaints(write_sweep(tmp_path, '"bath.temperature" = [0.1, -1.0]', name="b.toml"))
    assert one == ["point 1 (bath.temperature = -1.0): bath.temperature = -1.0: a finite real number >= 0"]
    unknown = complaints(write_sweep(tmp_path, '"bath.temprature" = [0.1, 0.2]', name="c.toml"))
    assert len(unknown) == 1
    assert "bath.temprature = 0.1, 0.2: " in unknown[0]
    assert "did you mean temperature?" in unknown[0]


def test_equal_points_are_one_run_and_said(tmp_path: Path) -> None:
    sweep = sweep_points(read_axes(write_sweep(tmp_path, 'mode = "zip"\n"bath.temperature" = [0.5, 0.1, 0.50]')))
    assert sweep.runs[0] == sweep.runs[2] != sweep.runs[1]
    assert len(sweep.planned) == 2
    assert any("points 0, 2 are the same run" in note for note in sweep.notes)


def test_what_the_fingerprint_leaves_out_makes_different_runs(tmp_path: Path) -> None:
    for axes in (
        '"evolution.until" = [1.0, 2.0]',
        '"evolution.max_bond" = [4, 8]',
        '"bath.temperature" = [0.1, 0.10000000000000002]',
    ):
        base = SMALL.replace("TEMPERATURE", "0.5").replace('"exact"', '"tdvp"')
        assert len(set(sweep_points(read_axes(write_sweep(tmp_path, axes, base=base))).runs)) == 2


def test_dear_points_come_first(tmp_path: Path) -> None:
    base = SMALL.replace("TEMPERATURE", "0.5").replace('"exact"', '"tdvp"')
    sweep = sweep_points(read_axes(write_sweep(tmp_path, '"evolution.until" = [1.0, 300.0, 30.0]', base=base)))
    assert [sweep.runs.index(one.run) for one in sweep.planned] == [1, 2, 0]


def test_a_million_points_by_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = "[" + ", ".join(f"0.{i:04d}" for i in range(1, 1001)) + "]"
    path = write_sweep(tmp_path, f'"bath.temperature" = {values}\n"spectral_density.couplings[0]" = {values}')
    found = complaints(path)
    assert len(found) == 1
    assert "1000000 points, about" in found[0]
    assert "--yes" in found[0]
    monkeypatch.setattr(points, "MOST_POINTS", 2)
    few = write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2, 0.3]', name="few.toml")
    assert complaints(few)
    assert len(sweep_points(read_axes(few), many=True).runs) == 3


def test_the_screens_of_check_and_plan(tmp_path: Path) -> None:
    path = write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2]')
    text = checked_sweep(path)
    assert "bath.temperature = 0.2" in text
    assert "no errors" in text
    assert "2 points, 2 runs" in planned_sweep(path, tmp_path / "out")
    assert "memory" in planned_sweep(path, tmp_path / "out")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["product", "zip", "list"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["mode", "points", "bath.temperature", "bath[0].levels", "bath.²", "bath[99999999999]", "system", "sweep.x"]
)


@given(st.dictionaries(KEYS | st.text(max_size=12), VALUES, max_size=4) | VALUES, st.booleans())
def test_nothing_but_problems_comes_out_of_a_wrong_section(raw: Any, several: bool) -> None:
    base = {"bath": [{}, {}] if several else {"temperature": 0.1}, "drive": {"hamiltonian.x": 3}}
    (mode, values), problems = axes_of(raw, base)
    for problem in problems:
        assert str(problem)
    if problems:
        return
    axes = Axes(path=Path("s.toml"), mode=mode, values=values, base=base)
    assert axes.count >= 1
    for number in {0, axes.count - 1}:
        assert axes.label(number)
        with suppress(InvalidInput):
            axes.tables(number)
