"""The section [units]: what is refused, in which numbers, and that a file without it is as it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chains.problems import InvalidInput, Problem
from tnthermo.configuration.conversion import problems_in_file, unit_of
from tnthermo.configuration.drives import DRIVE_SHAPES
from tnthermo.configuration.examples import KINDS, text_of
from tnthermo.configuration.keys import every_key
from tnthermo.configuration.resolve import Resolved, resolve_file
from tnthermo.configuration.sections import SECTIONS
from tnthermo.units.units import Units

HEAD = '[units]\nenergy = "cm^-1"\ntime = "fs"\ntemperature = "K"\n'
FILE = """
[spectral_density]
kind = "discrete"
frequencies = [80.0, 120.0]
couplings = [20.0, 15.0]
[bath]
temperature = 77.0
[system]
hamiltonian = { z = 50.0 }
[coupling]
operator = { x = 0.5 }
[evolution]
until = 30.0
step = 2.0
record_every = 10.0
method = "tdvp"
max_bond = 8
"""


def resolved(folder: Path, text: str) -> Resolved:
    path = folder / "study.toml"
    path.write_text(text)
    return resolve_file(path)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(InvalidInput) as error:
        resolved(folder, text)
    return str(error.value)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("[units]", ["units.energy = (missing): required: hbar", "units.time = (missing): required: hbar"]),
        ('[units]\nenergy = "cm^-1"', ["units.time = (missing): required: hbar turns energy into time"]),
        ('[units]\ntime = "fs"', ["units.energy = (missing)"]),
        (
            '[units]\nenergy = "1/cm"\ntime = "s"',
            ["units.energy = '1/cm'", "did you mean cm^-1?", "units.time = 's': ", '"fs", "ps"'],
        ),
        ('[units]\nenergy = "ghz"\ntime = "ns"', ["did you mean GHz?"]),
        ('[units]\nenergy = "eV"\ntime = "fs"\ntemperature = "s"', ["units.temperature = 's'", '"mK" or "K"']),
        ('[units]\nenergy = "eV"\ntime = "fs"\ntemperatur = "K"', ["units.temperatur", "did you mean temperature?"]),
        ('[unit]\nenergy = "eV"\ntime = "fs"', ["unit = ", "did you mean units?"]),
        ("[units]\nenergy = 1.0\ntime = true", ["units.energy = 1.0", "units.time = True"]),
    ],
)
def test_refused_units(tmp_path: Path, section: str, words: list[str]) -> None:
    text = refused(tmp_path, section + FILE)
    for word in words:
        assert word in text, text


def test_other_problems_of_the_file_are_told_with_those_of_the_units(tmp_path: Path) -> None:
    text = refused(tmp_path, '[units]\nenergy = "cm^-1"' + FILE.replace("until = 30.0", "until = -30.0"))
    assert "units.time" in text
    assert "evolution.until = -30" in text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("step = 2.0\n", "", ["evolution.step = (missing)", "[units]", "a step in fs"]),
        (
            "record_every = 10.0",
            "record_every = 3.0",
            ["record_every = 3.0", "a multiple of evolution.step = 2", "nearest: 4"],
        ),
        ("record_every = 10.0", "record_every = 40.0", ["record_every = 40.0", "at most evolution.until = 30"]),
        ("step = 2.0", "step = 1e-9", ["until / step is 3e+10"]),
        ("temperature = 77.0", "temperature = -77.0", ["bath.temperature = -77"]),
        ("temperature = 77.0", 'temperature = "77 K"', ["numbers carry no unit", "or name them in [units]"]),
    ],
)
def test_problems_are_told_in_the_numbers_of_the_file(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    text = refused(tmp_path, HEAD + FILE.replace(old, new))
    for word in words:
        assert word in text, text


def test_values_of_problems() -> None:
    """Times and temperatures that were found in natural numbers, in those of the file; energies as they are."""
    units = Units("cm^-1", "fs", "K")
    t, T = units.time(12.0), units.temperature(77.0)
    pulse = {"shape": "pulse", "centre": t, "width": t, "height": 3.0}
    found = {
        "evolution.until": (t, 12.0), "bath[1].temperature": (T, 77.0), "spectral_density.width": (t, t),
        "bath.spectral_density.width": (t, t),
        "evolution.step": (f"{t:g}: too many", "12: too many"), "drive.hamiltonian.x.times[3]": (t, 12.0), "evolution.max_bond": (3, 3),
        "drive.coupling": (pulse, {"shape": "pulse", "centre": 12.0, "width": 12.0, "height": 3.0}),
        "record.variance_every": ("never", "never"),
    }  # fmt: skip
    problems = [Problem(key=key, value=value, allowed="") for key, (value, _) in found.items()]
    for problem in problems_in_file(problems, units):
        expected = found[problem.key][1]
        assert problem.value == (pytest.approx(expected) if isinstance(expected, float) else expected), problem


def test_a_chain_that_is_too_short(tmp_path: Path) -> None:
    density = '[spectral_density]\nkind = "power-law"\nalpha = 0.1\nexponent = 1.0\ncutoff = 100.0\nshape = "hard"\n'
    text = HEAD + density + FILE[FILE.index("[bath]") :].replace("temperature = 77.0", "temperature = 77.0\nmodes = 3")
    said = refused(tmp_path, text.replace("until = 30.0", "until = 600.0"))
    found = re.search(r"back at the system at t = (\d+)\S* fs", said)
    assert found, said
    assert 10 < float(found[1]) < 600
    allowed = resolved(
        tmp_path,
        text.replace("until = 30.0", "until = 600.0").replace("modes = 3", "modes = 3\nallow_reflection = true"),
    )
    assert any(re.search(r"from t = \d+\S* fs on", note.text) for note in allowed.notes), allowed.notes
    assert not any("kelvin" in note.text for note in allowed.notes)


def test_notes_are_told_in_the_numbers_of_the_file(tmp_path: Path) -> None:
    drive = '[drive]\n"hamiltonian.x" = { shape = "square", start = 11.0, stop = 13.0, height = 5.0 }\n'
    notes = [
        str(note) for note in resolved(tmp_path, HEAD + FILE.replace("until = 30.0", "until = 31.0") + drive).notes
    ]
    assert any("jumps at t = 11, 13 fs: a step" in note for note in notes), notes
    assert any("31 fs is no multiple of the step 2 fs: the last step is shortened to 1 fs" in note for note in notes), (
        notes
    )


def test_what_is_written_is_the_same_run(tmp_path: Path) -> None:
    """Drives and intervals too, of a table in a file as well, and a step that was found by rule."""
    (tmp_path / "f.txt").write_text("0.0 0.0\n10.1 1.0\n20.3 3.0\n")
    drives = """[drive]
"hamiltonian.x" = { shape = "table", file = "f.txt" }
"hamiltonian.y" = { shape = "pulse", centre = 10.3, width = 4.7, height = 5.0 }
coupling = { shape = "ramp", start = 0.7, duration = 12.3, initial = 0.0 }
[thermodynamics]
bath_entropy_every = 10.0
[record]
variance_every = 20.0
occupation_every = "never"
"""
    density = '[spectral_density]\nkind = "drude-lorentz"\nreorganisation_energy = 10.0\nwidth = 100.0\n'
    by_rule = density + FILE[FILE.index("[bath]") : FILE.index("step =")] + "record_every = 7.7\n"
    for text in (
        HEAD + FILE + drives,
        HEAD + by_rule.replace("30.0", "31.3"),
        (HEAD + by_rule).replace("cm^-1", "meV"),
    ):
        found = resolved(tmp_path, text)
        again = resolved(tmp_path, found.text)
        assert again.hash == found.hash
        assert again.values == found.values
        assert again.record_every == found.record_every
        assert again.algorithm == found.algorithm
    values = resolved(tmp_path, HEAD + FILE + drives).values
    assert values["drive"]["hamiltonian.x"]["times"] == [0.0, 10.1, 20.3]
    assert (values["drive"]["coupling"]["start"], values["drive"]["coupling"]["duration"]) == (0.7, 12.3)
    assert (values["record"]["variance_every"], values["record"]["occupation_every"]) == (20.0, "never")


def test_a_file_without_units_has_none(tmp_path: Path) -> None:
    found = resolved(tmp_path, FILE)
    assert found.units.natural
    assert "units" not in found.values
    assert found.until == 30.0
    assert found.values["evolution"]["until"] == 30.0


def test_every_key_that_is_a_time_or_a_temperature_is_converted() -> None:
    """By its words: a new key that says it is a time, and is not declared, is found here."""
    tables = {name: table for name, table in SECTIONS.items() if isinstance(table, type)} | dict(DRIVE_SHAPES)
    spoken = re.compile(r"1/energy|time of|time at|interval of|how long|a multiple of the step")
    for key in every_key():
        table = tables.get(key.tag or key.section)
        if table is not None and spoken.search(key.meaning) and key.section != "units":
            assert key.name in table.in_time, key
        if table is not None and "k_B T" in key.meaning and key.section != "units":
            assert key.name in table.in_temperature, key


def test_units_of_keys() -> None:
    units = Units("cm^-1", "fs", "K")
    named = {
        "bath.temperature": "K", "bath[1].temperature": "K", "evolution.until": "fs", "spectral_density.cutoff": "cm^-1",
        "bath[0].spectral_density.width": "cm^-1", "drive.hamiltonian.x.width": "fs", "drive.hamiltonian.x.frequency": "cm^-1",
        "system.hamiltonian.z": "cm^-1", "spectral_density.alpha": "", "thermodynamics.alpha_S": "",
    }  # fmt: skip
    assert {key: unit_of(key, units) for key in named} == named
    assert unit_of("bath.temperature", Units()) == ""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "[units]" in text_of(kind)])
def test_kinds_in_units_are_right(tmp_path: Path, kind: str) -> None:
    assert not resolved(tmp_path, text_of(kind)).units.natural
