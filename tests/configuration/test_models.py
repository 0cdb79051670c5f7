"""Configuration files of every kind of model: exchange coupling, routes, several baths, drives, starts, observables."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chains
from chains import InvalidInput
from tests.support.configs import DISCRETE, problems, text_of, write
from tnthermo.configuration.estimate import count_steps, estimate
from tnthermo.configuration.light_cone import needed_modes
from tnthermo.configuration.resolve import Resolved, load_config, resolve
from tnthermo.configuration.written import differences, flat
from tnthermo.evolution.grid import Grid
from tnthermo.model.drives import TimeTable
from tnthermo.model.operators import NAMED, PAULI
from tnthermo.sweeps.axes import has_sweep, read_axes
from tnthermo.sweeps.points import sweep_points
from tnthermo.terminal.check import checked
from tnthermo.terminal.plan import planned

BATH = """
[[bath]]
temperature = TEMPERATURE
KEYS
[bath.spectral_density]
kind = "power-law"
alpha = 0.1
exponent = 1.0
cutoff = 1.0
shape = "hard"
[bath.coupling]
COUPLING
"""
REST = """
[system]
hamiltonian = { z = 0.25 }
[evolution]
until = 2.0
step = 0.25
"""
SHAPES = {
    "ramp": '{ shape = "ramp", start = 0.5, duration = 1.5, final = 0.2, profile = "smooth" }',
    "pulse": '{ shape = "pulse", centre = 1.0, width = 1.5, height = 0.1 }',
    "cosine": '{ shape = "cosine", amplitude = 0.1, frequency = 0.5, phase = -1.5707963267948966 }',
    "table": '{ shape = "table", times = [0, 2, 4, 6], values = [0, 0.1, 0.2, 0.1] }',
}
SQUARE = '{ shape = "square", start = 0.5, stop = 1.5, height = 0.1 }'


def bath(temperature: float, coupling: str = "operator = { x = 0.5 }", keys: str = "") -> str:
    return BATH.replace("TEMPERATURE", str(temperature)).replace("COUPLING", coupling).replace("KEYS", keys)


def of(folder: Path, text: str) -> Resolved:
    return resolve(load_config(write(folder, text)))


def drive(lines: str, **others: Any) -> str:
    return text_of(others) + f"[drive]\n{lines}\n"


# --- what resolves ----------------------------------------------------------------------------------------------------------------

EXCHANGE = 'kind = "exchange"\noperator = "sigma_minus"'
GOOD_ONES = {
    "exchange, warm": text_of({"coupling": {"kind": '"exchange"', "operator": '"sigma_minus"'}}),
    "exchange, cold": text_of(
        {"bath": {"temperature": "0.0"}, "coupling": {"kind": '"exchange"', "operator": '[[0, "1j"], [0, 0]]'}}
    ),
    "exchange, discrete": text_of(
        {"spectral_density": DISCRETE, "coupling": {"kind": '"exchange"', "operator": '"sigma_plus"'}}
    ),
    "two chains of an endless weight": text_of(
        {"spectral_density": {"shape": '"exponential"'}, "bath": {"route": '"two-chains"'}, "evolution": {"tolerance": "1e-3"}}
    ),
    "two baths": bath(1.0) + bath(0.2, EXCHANGE) + REST,
    "middle": text_of({"bath": {"route": '"two-chains"'}, "evolution": {"layout": '"middle"', "method": '"tebd"'}}),
    "sum": text_of(
        {"spectral_density": {
            "kind": '"sum"',
            "parts": '[{ kind = "semicircle", coupling = 0.2, centre = 1.0, half_width = 0.5 }, '
            '{ kind = "power-law", alpha = 0.1, exponent = 1.0, cutoff = 1.0, shape = "hard" }]',
        }}
    ),
    "drives": drive('"hamiltonian.x" = ' + SHAPES["ramp"] + "\ncoupling = " + SHAPES["cosine"]),
    "star cells": text_of({"bath": {"route": '"star-cells"'}}),
    "star cells, exchange": text_of(
        {"bath": {"route": '"star-cells"', "modes": "8"}, "coupling": {"kind": '"exchange"', "operator": '"sigma_minus"'}}
    ),
    "star cells, discrete and cold": text_of(
        {"spectral_density": DISCRETE, "bath": {"route": '"star-cells"', "temperature": "0.0"}}
    ),
    "star cells beside a chain": bath(1.0, keys='route = "star-cells"') + bath(0.2, EXCHANGE) + REST,
    "star cells of an endless weight": text_of(
        {"spectral_density": {"shape": '"exponential"'}, "bath": {"route": '"star-cells"'}, "evolution": {"tolerance": "1e-3"}}
    ),
    "mean-force": text_of({"system": {"initial": '"mean-force"'}}),
    "displaced": text_of({"bath": {"displacement": "0.5"}}),
    "displaced modes": text_of({"spectral_density": DISCRETE, "bath": {"displacement": '[0.5, "0.1-0.2j"]'}}),
    "records": text_of(
        {"record": {"correlations_every": "0.5", "variance_every": '"never"',
                    "observables": '{ sx = { x = 1.0 }, n3 = { boson = "number", site = 3 } }'}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD_ONES)
def test_the_resolved_text_is_the_same_run(tmp_path: Path, name: str) -> None:
    first = of(tmp_path, GOOD_ONES[name])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = of(elsewhere, first.text)
    assert (again.hash, again.text) == (first.hash, first.text)
    assert not differences(first.values, again.values)
    assert "no errors" in checked(first)
    assert "layout" in planned(first, tmp_path) or len(first.model.chains) == 1
    assert estimate(first).sites == first.model.sites


def test_exchange_gets_the_chains_that_it_needs(tmp_path: Path) -> None:
    warm = of(tmp_path, GOOD_ONES["exchange, warm"])
    assert [chain.weight for chain in warm.model.chains] == ["emission", "absorption"]
    assert warm.values["bath"]["route"] == "two-chains"
    assert warm.values["bath"]["modes"] == warm.model.sites // 2
    np.testing.assert_array_equal(warm.model.couplings[0].operator, NAMED["sigma_minus"])
    cold = of(tmp_path, GOOD_ONES["exchange, cold"])
    assert [chain.weight for chain in cold.model.chains] == ["vacuum"]
    discrete = of(tmp_path, GOOD_ONES["exchange, discrete"])
    assert [chain.length for chain in discrete.model.chains] == [2, 2]
    assert "modes" not in discrete.values["bath"]


def test_star_cells_are_as_many_as_the_time_needs(tmp_path: Path) -> None:
    """The automatic number is the least one that gives C(t); one less is refused, unless that is allowed."""
    keys: Any = {"bath": {"route": '"star-cells"'}, "evolution": {"until": "8.0", "step": "0.1", "max_bond": "24"}}
    chosen = of(tmp_path, text_of(keys))
    cells = chosen.model.couplings[0].bath
    assert isinstance(cells, chains.StarCells)
    assert (chosen.values["bath"]["route"], chosen.values["bath"]["modes"]) == ("star-cells", cells.modes)
    assert chosen.model.sites == 2 * cells.modes
    times = np.linspace(0.0, 8.0, 33)
    exact = chains.exact_correlation(chains.chain(cells.density, 1, temperature=0.2), times)
    fewer = chains.star_cells(cells.density, cells.modes - 1, temperature=0.2)
    errors = [np.abs(bath.correlation(times) - exact).max() / exact[0].real for bath in (cells, fewer)]
    assert errors[0] <= 1e-7 < errors[1]
    keys["bath"]["modes"] = str(cells.modes - 1)
    assert f">= {cells.modes}" in problems(tmp_path, text_of(keys))["bath.modes"]
    keys["bath"]["allow_reflection"] = "true"
    (note,) = of(tmp_path, text_of(keys)).notes
    assert (note.level, note.key) == ("warning", "bath.modes")


def test_two_chains_at_zero_temperature_are_one_and_said(tmp_path: Path) -> None:
    asked = of(tmp_path, text_of({"bath": {"temperature": "0.0", "route": '"two-chains"'}}))
    (note,) = asked.notes
    assert (note.level, note.key) == ("note", "bath.route")
    assert asked.hash == of(tmp_path, text_of({"bath": {"temperature": "0.0"}})).hash


def test_both_chains_of_a_pair_are_long_enough(tmp_path: Path) -> None:
    """The automatic length is the shortest for which neither end matters; a shorter one is refused like a single chain's."""
    route: Any = {"bath": {"route": '"two-chains"'}, "evolution": {"until": "20.0", "step": "0.1", "max_bond": "24"}}
    chosen = of(tmp_path, text_of(route))
    for chain in chosen.model.chains:
        assert chains.light_cone_time(chain, 1e-7) > 20.0
        assert chains.front_time(chain, 1e-7**0.5) > 20.0
    modes = chosen.values["bath"]["modes"]
    density = chosen.model.couplings[0].density
    felt, reached = needed_modes(density, {"temperature": 0.2, "until": 20.0, "tolerance": 1e-7}, pair=True)
    assert (felt < reached, reached) == (True, modes)
    shorter = chains.thermofield_chains(density, felt - 1, temperature=0.2)
    assert min(chains.light_cone_time(chain, 1e-7) for chain in shorter) < 20.0
    route["bath"]["modes"] = str(felt - 1)
    assert "reflection" in problems(tmp_path, text_of(route))["bath.modes"]
    route["bath"]["modes"] = str(felt)
    assert "front" in of(tmp_path, text_of(route)).notes[0].text
    route["bath"] |= {"modes": str(felt - 1), "allow_reflection": "true"}
    assert "allowed" in of(tmp_path, text_of(route)).notes[0].text
    route["evolution"]["until"] = "1e9"
    route["evolution"]["step"] = "1000"
    route["bath"] = {"route": '"two-chains"'}
    assert "2048" in problems(tmp_path, text_of(route))["evolution.until"]


def test_an_endless_weight_is_cut_for_both_chains(tmp_path: Path) -> None:
    found = of(tmp_path, GOOD_ONES["two chains of an endless weight"])
    cut = found.values["spectral_density"]["support"]
    times = np.linspace(0, 2.0, 21)
    for chain in found.model.chains:
        assert chain.support[1] == cut
        assert chains.correlation_error(chain, times).max() < 1e-3 * chain.coupling**2


def test_one_bath_may_hold_its_tables(tmp_path: Path) -> None:
    same = of(tmp_path, text_of())
    inside = text_of().replace("[spectral_density]", "[bath.spectral_density]").replace("[coupling]", "[bath.coupling]")
    assert of(tmp_path, inside).text == same.text
    alone = bath(0.2, "operator = { z = 0.5 }").replace("alpha = 0.1", "alpha = 0.3")
    one_of_many = of(tmp_path, alone + REST.replace("z = 0.25", "z = 0.1, x = 0.2"))
    assert one_of_many.text == same.text


def test_several_baths_resolve_bath_by_bath(tmp_path: Path) -> None:
    keys = "levels = 4\nmodes = 3\nallow_reflection = true"
    both = of(tmp_path, bath(1.0, keys=keys) + bath(0.2, keys=keys.replace("levels = 4", "levels = [4, 5, 6]")) + REST)
    assert both.model.temperatures == (1.0, 0.2)
    assert both.levels == [4, 4, 4, 4, 5, 6]
    assert {note.key for note in both.notes} == {"bath[0].modes", "bath[1].modes"}
    assert "bath 1: T = 0.2" in checked(both)
    assert "bath[1].spectral_density.alpha" in flat(both.values)
    other = of(tmp_path, bath(1.0, keys=keys) + bath(0.3, keys=keys) + REST)
    assert "bath[1].temperature: 0.2 -> 0.3" in differences(both.values, other.values)
    assert other.levels == 4


def test_drives_are_added_and_multiplied(tmp_path: Path) -> None:
    table = tmp_path / "f.txt"
    table.write_text("t f\n" + "\n".join(f"{t} {0.1 * t}" for t in (0, 2, 4, 6)))
    lines = [f'"hamiltonian.{name}" = {shape}' for name, shape in zip("xyzi", SHAPES.values(), strict=True)]
    lines += ['"hamiltonian.mine" = { operator = [[0, 1], [1, 0]], shape = "table", file = "f.txt" }']
    content = drive("\n".join(lines) + "\ncoupling = " + SHAPES["cosine"])
    found = of(tmp_path, content)
    model = found.model
    assert len(model.drives) == 5
    t = 1.25
    f = dict(zip("xyzi", (part.drive.value(t) for part in model.drives), strict=False))
    by_hand = 0.1 * PAULI["z"] + 0.2 * PAULI["x"] + sum(f[k] * PAULI[k] for k in "xyzi") + 0.1 * t * PAULI["x"]
    np.testing.assert_allclose(model.hamiltonian_at(t), by_hand, atol=1e-14)
    np.testing.assert_allclose(model.strengths(t), [0.1 * np.sin(0.5 * t)], atol=1e-14)
    assert "drive coupling, a factor: cosine" in checked(found)
    assert "drive        hamiltonian.x: smooth ramp" in planned(found, tmp_path)
    # the resolved text has the numbers of the file, and the file counts by what is in it
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert of(elsewhere, found.text).hash == found.hash
    table.write_text(table.read_text().replace("0.2", "0.25"))
    assert of(elsewhere, found.text).hash == found.hash
    assert of(tmp_path, content).hash != found.hash
    table.write_text("0 1\n1 two\n")
    assert "drive.hamiltonian.mine.file (f.txt: line 2)" in problems(tmp_path, content)


def test_quoted_and_nested_keys_of_a_drive_are_the_same(tmp_path: Path) -> None:
    quoted = of(tmp_path, drive('"hamiltonian.x" = ' + SHAPES["ramp"] + '\n"coupling.0" = ' + SHAPES["pulse"]))
    nested = of(tmp_path, drive("hamiltonian.x = " + SHAPES["ramp"] + "\ncoupling.0 = " + SHAPES["pulse"]))
    assert nested.text == quoted.text
    for_all = of(tmp_path, drive("hamiltonian = { x = " + SHAPES["ramp"] + " }\ncoupling = " + SHAPES["pulse"]))
    assert for_all.hash == quoted.hash


def test_a_coupling_of_one_bath_is_driven(tmp_path: Path) -> None:
    model = of(tmp_path, bath(1.0) + bath(0.2) + REST + '[drive]\n"coupling.1" = ' + SHAPES["ramp"]).model
    assert model.couplings[0].strength is None
    assert model.couplings[1].strength is not None
    both = of(tmp_path, bath(1.0) + bath(0.2) + REST + "[drive]\ncoupling = " + SHAPES["ramp"]).model
    assert both.couplings[0].strength == both.couplings[1].strength is not None


def test_drives_that_the_step_does_not_meet_are_named_and_followed(tmp_path: Path) -> None:
    fast = '"hamiltonian.x" = { shape = "ramp", start = 0.3, duration = 1.0, final = 0.1 }'
    found = of(tmp_path, drive(fast))
    texts = [note.text for note in found.notes]
    assert {(note.level, note.key) for note in found.notes} == {("note", "drive.hamiltonian.x")}
    assert "changes within 1, " in texts[0]
    assert "steps are cut to 0.2 or less" in texts[0]
    assert "t = 0.3, 1.3" in texts[1]
    slow = of(tmp_path, drive(fast.replace("0.3", "0.25").replace("1.0", "1.25")))
    assert not slow.notes
    # the plan counts the steps that there will be
    assert count_steps(slow) == 10 < count_steps(found) == Grid.of(found.model, 0.25).times(2.0).size - 1
    assert f"{count_steps(found)} steps of 0.25 or less" in planned(found, tmp_path)
    # a drive that is fast outside the run is none of its business
    assert not of(tmp_path, drive(SHAPES["pulse"].join(['"hamiltonian.x" = ', ""]).replace("1.0", "40.0"))).notes


def test_a_drive_beyond_all_steps_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tnthermo.evolution.grid.MOST_STEPS", 20_000)
    text = drive('"hamiltonian.x" = { shape = "cosine", amplitude = 0.1, frequency = 1e9 }')
    assert "at most 20000 steps" in problems(tmp_path, text)["evolution.step"]


def test_squares_and_tables_of_each_interpolation(tmp_path: Path) -> None:
    found = of(tmp_path, drive('"hamiltonian.x" = ' + SQUARE))
    (note,) = found.notes
    assert note.level == "note"
    assert "jumps at t = 0.5, 1.5" in note.text
    assert found.model.jumps == (0.5, 1.5)
    assert "between 0 and 0.1" in checked(found)
    assert of(tmp_path, found.text).hash == found.hash
    longer = drive('"hamiltonian.x" = ' + SQUARE.replace("stop = 1.5", "duration = 1.0"))
    assert of(tmp_path, longer).model.jumps == (0.5, 1.5)
    plain = of(tmp_path, drive('"hamiltonian.x" = ' + SHAPES["table"]))
    hashes = {plain.hash}
    for interpolation in ("pchip", "linear", "cubic"):
        shape = SHAPES["table"].replace(" }", f', interpolation = "{interpolation}" }}')
        other = of(tmp_path, drive('"hamiltonian.x" = ' + shape))
        assert other.model.drives[0].drive.interpolation == interpolation
        assert of(tmp_path, other.text).hash == other.hash
        hashes.add(other.hash)
    assert len(hashes) == 3
    # the range is that of the curve, not of the points
    peak = '{ shape = "table", times = [0, 1, 1.1, 2], values = [0, 0.01, 0, 0], interpolation = "cubic" }'
    text = checked(of(tmp_path, drive('"hamiltonian.x" = ' + peak)))
    low, high = TimeTable(times=[0, 1, 1.1, 2], values=[0, 0.01, 0, 0], interpolation="cubic").span
    assert f"between {low:g} and {high:g}" in text
    assert low < -0.002
    # many kinks are not told one by one
    many = ", ".join(f"{0.01 * k:g}" for k in range(101))
    table = f'{{ shape = "table", times = [{many}], values = [{many}], interpolation = "linear" }}'
    texts = [note.text for note in of(tmp_path, drive('"hamiltonian.x" = ' + table)).notes]
    assert any("0.01, 0.02, 0.03, 0.04, 0.05 and 91 more" in text for text in texts), texts


def test_starts_and_records_reach_evolve(tmp_path: Path) -> None:
    keywords = of(tmp_path, GOOD_ONES["displaced"]).evolve_keywords()
    assert keywords["displacement"] == (0.5,)
    assert of(tmp_path, text_of()).evolve_keywords()["displacement"] is None
    assert of(tmp_path, GOOD_ONES["mean-force"]).evolve_keywords()["initial"] == "mean-force"
    keywords = of(tmp_path, GOOD_ONES["records"]).evolve_keywords()
    assert keywords["variance_every"] == np.inf
    assert keywords["correlations_every"] == 0.5
    assert keywords["occupation_every"] is None
    assert set(keywords["observables"]) == {"sx", "n3"}
    assert of(tmp_path, text_of()).evolve_keywords()["correlations_every"] == np.inf
    one = of(tmp_path, bath(1.0) + bath(0.2, keys="displacement = 0.1") + REST)
    assert one.displacement == (None, 0.1)


def test_spelling_does_not_change_the_fingerprint(tmp_path: Path) -> None:
    amplitudes = {"spectral_density": DISCRETE, "bath": {"displacement": '[0.5, "0.1-0.2j"]'}}
    same = {"spectral_density": DISCRETE, "bath": {"displacement": '["0.5", "0.1-0.2j"]'}}
    assert of(tmp_path, text_of(amplitudes)).hash == of(tmp_path, text_of(same)).hash  # type: ignore[arg-type]
    named = text_of({"record": {"observables": '{ a = "sigma_minus" }'}})
    matrix = text_of({"record": {"observables": "{ a = [[0, 0], [1, 0]] }"}})
    assert of(tmp_path, named).hash == of(tmp_path, matrix).hash
    assert of(tmp_path, named).hash != of(tmp_path, text_of()).hash
    layouts = [
        of(tmp_path, text_of({"bath": {"route": '"two-chains"'}, "evolution": {"layout": f'"{layout}"'}})).hash
        for layout in ("auto", "middle", "interleaved")
    ]
    assert len(set(layouts)) == 2


# --- what is wrong ----------------------------------------------------------------------------------------------------------------

SEMICIRCLE = {"kind": '"semicircle"', "coupling": "0.2", "centre": "1.0", "half_width": "0.5"}
RAMP = '{ shape = "ramp", duration = 1.0 }'
EXCHANGED = {"kind": '"exchange"', "operator": '"sigma_minus"'}
PARTS = '[{ kind = "power-law", alpha = ALPHA, exponent = 1.0, cutoff = 1.0, shape = "hard"MORE }]'


def summed(alpha: str, more: str = "", parts: str = PARTS) -> dict[str, Any]:
    return {"spectral_density": {"kind": '"sum"', "parts": parts.replace("ALPHA", alpha).replace("MORE", more)}}


WRONG: list[tuple[str, str, str]] = [
    (text_of({"bath": {"route": '"single-chain"'}, "coupling": EXCHANGED}), "bath.route", "two chains"),
    (text_of({"bath": {"route": '"two-chains"', "levels": "[4, 5]", "modes": "20"}}), "bath.levels", "two chains"),
    (text_of({"bath": {"route": '"two-chains"', "levels": "[4, 5]"}}), "bath.levels", "two chains"),
    (text_of({"bath": {"route": '"two-chains"', "modes": "2"}}), "bath.modes", "an end of the chains"),
    (text_of({"bath": {"route": '"two-chain"'}}), "bath.route", "did you mean two-chains?"),
    (text_of({"spectral_density": SEMICIRCLE, "bath": {"temperature": "1e-4"}, "coupling": EXCHANGED}),
     "bath.temperature", "temperature = 0"),
    (text_of({"coupling": {"kind": '"exchange"', "operator": "[[1, 2, 3]]"}}), "coupling.operator", "square"),
    (text_of({"bath": {"route": '"two-chains"'},
              "evolution": {"method": '"tebd"', "layout": '"interleaved"'}}), "evolution.method", '"middle"'),
    (text_of({"evolution": {"layout": '"left"'}}), "evolution.layout", '"interleaved"'),
    (text_of(summed("-0.1")), "spectral_density.parts[0].alpha", ">= 0"),
    (text_of(summed('"0.1"')), "spectral_density.parts[0].alpha", "without quotes"),
    (text_of(summed("0.1", ", width = 1.0")), "spectral_density.parts[0].width", "drude-lorentz"),
    (text_of(summed("0.1", ", support = 1.0")), "spectral_density.parts[0].support", "beside parts"),
    (text_of(summed("", parts='[{ kind = "sum", parts = [] }]')), "spectral_density.parts[0].kind", "power-law"),
    (text_of(summed("", parts="[]")), "spectral_density.parts", "non-empty"),
    (text_of(summed("", parts='[{ kind = "table", file = "none.csv" }]')), "spectral_density.parts[0].file (file)", "none"),
    (text_of({"bath": {"displacement": "true"}}), "bath.displacement", "boolean"),
    (text_of({"bath": {"displacement": "[0.1]"}}), "bath.displacement", "discrete"),
    (text_of({"spectral_density": DISCRETE, "bath": {"displacement": "[0.1]"}}), "bath.displacement", "2 amplitudes"),
    (text_of({"spectral_density": DISCRETE, "bath": {"displacement": '["a", 1]'}}), "bath.displacement", "0.1-0.2j"),
    (text_of({"bath": {"displacement": "0.1"}, "evolution": {"method": '"tdvp1"'}}), "bath.displacement", "tdvp1"),
    (text_of({"bath": {"displacement": "0.1"}, "system": {"initial": '"mean-force"'}}), "bath.displacement", "product"),
    (text_of({"bath": {"temperature": "0.0"}, "system": {"initial": '"mean-force"'}}), "system.initial", "T > 0"),
    (text_of({"system": {"initial": '"mean-force"'}, "evolution": {"method": '"tdvp1"'}}), "system.initial", "tdvp1"),
    (text_of({"record": {"observables": "{ E_S = { x = 1.0 } }"}}), "record.observables.E_S", "own_E_S"),
    (text_of({"record": {"observables": "{ sigma_z = { z = 1.0 } }"}}), "record.observables.sigma_z", "leave it out where"),
    (text_of({"record": {"observables": "{ E_S_error = { x = 1.0 } }"}}), "record.observables.E_S_error", "own_"),
    (text_of({"record": {"observables": "{ a = { x = 1.0 }, a_error = { x = 1.0 } }"}}), "record.observables.a_error", "own_"),
    (text_of({"record": {"observables": "{ site = { x = 1.0 } }"}}), "record.observables.site", "own_site"),
    (text_of({"record": {"observables": '{ a = "sigma_minsu" }'}}), "record.observables.a", "sigma_minus"),
    (text_of({"record": {"observables": '{ n = { boson = "number", site = 99 } }'}}), "record.observables.n.site", "0 to"),
    (text_of({"record": {"observables": '{ n = { boson = "numbr" } }'}}), "record.observables.n.boson", "number"),
    (text_of({"record": {"observables": "{ n = [[1, 0, 0], [0, 1, 0], [0, 0, 1]] }"}}), "record.observables.n", "(2, 2)"),
    (text_of({"record": {"variance_every": "0.0"}}), "record.variance_every", '"never"'),
    (text_of({"record": {"correlations_every": '"often"'}}), "record.correlations_every", '"never"'),
    (text_of({"record": {"observable": "{}"}}), "record.observable", "did you mean observables?"),
    (drive('"hamiltonian.x" = 1'), "drive.hamiltonian.x", "table"),
    (drive('"hamiltonian.x" = { shape = "ramp" }'), "drive.hamiltonian.x.duration", "required"),
    (drive('"hamiltonian.x" = { shape = "ramp", duration = 0.0 }'), "drive.hamiltonian.x.duration", "jump"),
    (drive('"hamiltonian.x" = { shape = "ramp", duration = "2 s" }'), "drive.hamiltonian.x.duration", "no unit"),
    (drive('"hamiltonian.x" = { shape = "ramp", duration = 1.0, hight = 2 }'), "drive.hamiltonian.x.hight", "no such key"),
    (drive('"hamiltonian.x" = { shape = "ramp", duration = 1.0, height = 2 }'), "drive.hamiltonian.x.height", "pulse"),
    (drive('"hamiltonian.x" = { shape = "square", start = 1.0, stop = 0.5, height = 2 }'), "drive.hamiltonian.x.stop", "> 1"),
    (drive('"hamiltonian.x" = { shape = "square", start = 1.0, stop = 2, duration = 1, height = 2 }'),
     "drive.hamiltonian.x.stop", "either"),
    (drive('"hamiltonian.x" = { shape = "table", file = "a", interpolation = "spline" }'), "drive.hamiltonian.x.interpolation", "pchip"),
    (drive('"hamiltonian.x" = { shape = "cos", amplitude = 1 }'), "drive.hamiltonian.x.shape", "did you mean cosine?"),
    (drive('"hamiltonian.x" = { duration = 1.0 }'), "drive.hamiltonian.x.shape", "ramp | pulse"),
    (drive('"hamiltonian.x" = { shape = "ramp", duration = 1.0, profile = "smoth" }'), "drive.hamiltonian.x.profile", "smooth?"),
    (drive('"hamiltonian.x" = { shape = "table", file = "none.txt" }'), "drive.hamiltonian.x.file", "none.txt"),
    (drive('"hamiltonian.x" = { shape = "table" }'), "drive.hamiltonian.x.file", "times and values"),
    (drive('"hamiltonian.x" = { shape = "table", times = [1, 2] }'), "drive.hamiltonian.x.values", "times and values"),
    (drive('"hamiltonian.x" = { shape = "table", file = "a", times = [1] }'), "drive.hamiltonian.x.times", "either"),
    (drive('"hamiltonian.x" = { shape = "table", times = [0, 2, 1, 3], values = [0, 0, 0, 0] }'),
     "drive.hamiltonian.x.times[2]", "larger"),
    (drive(f'"hamiltonian.x" = {RAMP}\nhamiltonian.x = {RAMP}'), "drive.hamiltonian.x", "given once"),
    (drive('"hamiltonian.x" = { operator = { x = 1.0 }, shape = "ramp", duration = 1.0 }'),
     "drive.hamiltonian.x.operator", "Pauli matrix"),
    (drive(f'"hamiltonian.sweep" = {RAMP}'), "drive.hamiltonian.sweep.operator", "required"),
    (drive('"hamiltonian.a" = { operator = "sigma_minus", shape = "ramp", duration = 1.0 }'), "drive.hamiltonian.a.operator", "Hermitian"),
    (drive('"hamiltonian.a" = { operator = [[1, 0, 0], [0, 1, 0], [0, 0, 1]], shape = "ramp", duration = 1.0 }'),
     "drive.hamiltonian.a.operator", "(3, 3)"),
    (drive(f'"hamiltonian.a b" = {RAMP}'), "drive.hamiltonian.a b", "letters"),
    (drive(f"hamiltonian = {RAMP}"), "drive.hamiltonian", "which component?"),
    (drive(f'"H.x" = {RAMP}'), "drive.H.x", "did you mean hamiltonian?"),
    (drive(f'"coupling.1" = {RAMP}'), "drive.coupling.1", "0 to 0"),
    (drive(f'coupling = {RAMP}\n"coupling.0" = {RAMP}'), "drive.coupling.0", "either coupling"),
    (drive('coupling = { operator = { x = 1.0 }, shape = "ramp", duration = 1.0 }'), "drive.coupling.operator", "[coupling]"),
    (drive("coupling = 2.0"), "drive.coupling", "table"),
    (text_of() .replace("[bath]", "[[bath]]"), "spectral_density", "inside each"),
    (text_of() .replace("[bath]", "[[bath]]"), "bath[0].coupling", "required"),
    (text_of() + '[bath.coupling]\noperator = { x = 1.0 }\n', "coupling", "given once"),
    (bath(1.0) + bath(-0.2) + REST, "bath[1].temperature", ">= 0"),
    (bath(1.0) + bath(0.2).replace("alpha = 0.1", "alpha = -0.1") + REST, "bath[1].spectral_density.alpha", ">= 0"),
    (bath(1.0) + bath(0.2).replace("alpha", "alhpa") + REST, "bath[1].spectral_density.alhpa", "did you mean alpha?"),
    (bath(1.0) + bath(0.2, 'operator = "sigma_minus"') + REST, "bath[1].coupling.operator", "exchange"),
    (bath(1.0, keys="modes = 2") + bath(0.2) + REST, "bath[0].modes", "reflection"),
    (bath(1.0, keys="levels = 4") + bath(0.2) + REST, "bath[0].levels", "all baths"),
    (bath(1.0) + bath(0.2, keys='route = "star-cells"\nmodes = 2') + REST, "bath[1].modes", "2 modes only"),
    (bath(1.0) + bath(0.2, keys="beta = 2.0") + REST, "bath[1].beta", "1/beta"),
    (bath(1.0) + bath(0.2, keys="displacement = [1.0]") + REST, "bath[1].displacement", "discrete"),
    (bath(1.0) + bath(0.2) + REST.replace("[evolution]", 'initial = "mean-force"\n[evolution]'), "system.initial", "1, 0.2"),
    (bath(1.0) + bath(0.2) + bath(0.3) + REST + 'method = "tebd"\n', "evolution.method", "interleaved"),
    (bath(0.0) + bath(0.2) + REST + '[thermodynamics]\nbath_entropy = "exact"\n', "thermodynamics.bath_entropy", "continuum"),
    (bath(1.0) + bath(0.2) + REST + f'[drive]\n"coupling.2" = {RAMP}\n', "drive.coupling.2", "0 to 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "words"), WRONG)
def test_what_is_wrong_is_named_with_key_and_reason(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert key in found
    assert words in found[key]


def test_all_problems_of_all_tables_come_at_once(tmp_path: Path) -> None:
    text = (
        bath(1.0, keys="modes = 2") + bath(0.2, keys="temprature = 1").replace("alpha = 0.1", "alpha = true") + REST
        + '[drive]\n"hamiltonian.x" = { shape = "ramp" }\ncoupling = { shape = "pulse", width = 0, centre = 1, height = 1 }\n'
        + "[record]\nobservables = { E_S = { x = 1.0 } }\n[run]\nstrikt = true\n"
    )  # fmt: skip
    assert set(problems(tmp_path, text)) == {
        "bath[0].modes", "bath[1].temprature", "bath[1].spectral_density.alpha", "drive.hamiltonian.x.duration",
        "drive.coupling.width", "record.observables.E_S", "run.strikt",
    }  # fmt: skip
    start = text_of({"bath": {"temperature": "0.0"}, "system": {"initial": '"mean-force"'}, "run": {"strikt": "true"}})
    assert set(problems(tmp_path, start)) == {"system.initial", "run.strikt"}


def test_nothing_raises_what_it_should_not(tmp_path: Path) -> None:
    for lines in ("hamiltonian = {}", "coupling = {}", "hamiltonian.x = {}", 'coupling."" = {}', "coupling = []"):
        with pytest.raises(InvalidInput):
            of(tmp_path, drive(lines))
    for text in (text_of() + "[[bath.x]]\n", "bath = []\n" + text_of().replace("[bath]", "[other]"), "bath = [1, 2]\n"):
        with pytest.raises(InvalidInput):
            of(tmp_path, text)


@pytest.mark.parametrize(
    "study", sorted(Path(__file__).parents[2].glob("scripts/studies/*.toml")), ids=lambda path: path.stem
)
def test_the_studies_resolve_without_a_warning(study: Path) -> None:
    if has_sweep(study):
        assert not [note for note in sweep_points(read_axes(study)).notes if "warning" in note]
        return
    resolved = resolve(load_config(study))
    assert not [note for note in resolved.notes if note.level == "warning"]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("start = 0.2, stop = 1.0, height = 1.0", "jumps at t = 0.2, 1: .*, at the end as well"),
        ("start = 0.2, stop = 0.6, height = 1.0", "jumps at t = 0.2, 0.6: a step ends there, .* after the jump$"),
        ("start = 0.0, stop = 0.6, height = 1.0", "jumps at t = 0: the run starts after it"),
        ("start = 5.0, height = 1.0", "does not change in this run: its first jump is at t = 5, after the end"),
    ],
)
def test_where_a_square_jumps_is_said(shape: str, words: str, tmp_path: Path) -> None:
    config = write(
        tmp_path,
        text_of({"evolution": {"until": "1.0"}}) + f'[drive]\n"hamiltonian.x" = {{ shape = "square", {shape} }}\n',
    )
    told = [str(note.text) for note in resolve(load_config(config)).notes if note.key == "drive.hamiltonian.x"]
    assert any(re.search(words, text) for text in told), told
