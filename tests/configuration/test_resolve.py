"""Configuration files: what is accepted, what it resolves to, and every way to get one wrong."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import chains
from chains import InvalidInput
from tests.support.configs import DISCRETE, GOOD, problems, text_of, write
from tnthermo.algorithms import TDVP, TDVP1, TEBD
from tnthermo.configuration.checks import mutual_problems
from tnthermo.configuration.read import read_tables
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.configuration.sizes import memory_problems, state_bytes
from tnthermo.configuration.written import differences
from tnthermo.machine.words import readable
from tnthermo.terminal.check import checked


def test_a_minimal_file_gets_the_documented_defaults(tmp_path: Path) -> None:
    changes: dict[str, dict[str, str | None]] = {"evolution": {"step": None, "method": '"tdvp"'}}
    resolved = resolve(load_config(write(tmp_path, text_of(changes))))
    assert resolved.algorithm == TDVP(step=0.1, tolerance=1e-7, max_bond=None)
    assert resolved.record_every == 0.1
    assert (resolved.levels, resolved.alpha_S, resolved.recording.bath_entropy) == ("auto", 0.5, "auto")
    assert resolved.error_bars
    assert not resolved.strict
    np.testing.assert_allclose(resolved.initial, [[1, 0], [0, 0]])
    np.testing.assert_allclose(resolved.model.hamiltonian, [[0.1, 0.2], [0.2, -0.1]])
    assert resolved.notes == ()
    keywords = {"temperature": 0.2, "until": 2.0, "tolerance": 1e-7}
    density = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
    assert resolved.model.sites >= chains.required_length(density, **keywords)


@pytest.mark.parametrize(
    "density",
    [
        {"kind": '"power-law"', "alpha": "0.1", "exponent": "0.5", "cutoff": "2", "shape": '"gaussian"'},
        {"kind": '"drude-lorentz"', "reorganisation_energy": "0.2", "width": "0.3", "cutoff": "6.0"},
        {"kind": '"brownian"', "reorganisation_energy": "0.2", "frequency": "1.0", "width": "0.1"},
        {"kind": '"semicircle"', "coupling": "0.3", "centre": "1.0", "half_width": "0.5"},
        DISCRETE,
        {"kind": '"table"', "file": '"J.csv"'},
        {"kind": '"qutip-ohmic"', "alpha": "0.1", "wc": "2", "s": "1.0"},
        {"kind": '"qutip-drude-lorentz"', "lam": "0.2", "gamma": "0.3", "cutoff": "6.0"},
        {"kind": '"qutip-underdamped"', "lam": "0.2", "gamma": "0.1", "w0": "1.0"},
        {"kind": '"oqupy-power-law"', "alpha": "0.1", "zeta": "1.0", "cutoff": "1.0", "cutoff_type": '"hard"'},
        {"kind": '"quantumdynamics-exponential"', "xi": "0.1", "wc": "2.0"},
        {"kind": '"quantumdynamics-drude-lorentz"', "lam": "0.2", "gamma": "0.3", "delta_s": "1.0", "cutoff": "6.0"},
    ],
)
def test_every_density_resolves_and_its_resolved_text_is_the_same_run(tmp_path: Path, density: dict[str, str]) -> None:
    w = np.linspace(0, 1, 21)
    (tmp_path / "J.csv").write_text(
        "w,J\n" + "\n".join(f"{a:.17g},{b:.17g}" for a, b in zip(w, w * (1 - w) ** 2, strict=True))
    )
    first = resolve(load_config(write(tmp_path, text_of({"spectral_density": density}))))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = resolve(load_config(write(elsewhere, first.text)))
    assert again.hash == first.hash
    assert again.text == first.text
    assert "modes" in first.values["bath"] or density is DISCRETE
    assert "no errors" in checked(first)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (
            {"kind": '"qutip-ohmic"', "alpha": "0.1", "wc": "2", "s": "1.0"},
            {"kind": '"power-law"', "alpha": f"{0.1 / (2.0 * np.pi)!r}", "exponent": "1.0", "cutoff": "2.0", "shape": '"exponential"'},
        ),
        (
            {"kind": '"qutip-underdamped"', "lam": "0.5", "gamma": "0.1", "w0": "1.0"},
            {"kind": '"brownian"', "reorganisation_energy": "0.125", "frequency": "1.0", "width": "0.1"},
        ),
        (
            {"kind": '"quantumdynamics-drude-lorentz"', "lam": "0.2", "gamma": "0.3", "support": "4.0"},
            {"kind": '"drude-lorentz"', "reorganisation_energy": "0.05", "width": "0.3", "support": "4.0"},
        ),
        (
            {"kind": '"sum"', "parts": '[{ kind = "oqupy-power-law", alpha = 0.1, zeta = 1, cutoff = 1, cutoff_type = "hard" }]'},
            {"kind": '"sum"', "parts": '[{ kind = "power-law", alpha = 0.1, exponent = 1, cutoff = 1, shape = "hard" }]'},
        ),
    ],
)  # fmt: skip
def test_the_parameters_of_another_package_are_the_same_run(
    tmp_path: Path, theirs: dict[str, str], ours: dict[str, str]
) -> None:
    """Values, text and fingerprint are those of our own numbers; another strength is another run."""

    def resolved(density: dict[str, str]) -> Any:
        bath = {"modes": "30", "route": '"single-chain"', "allow_reflection": "true"}
        return resolve(load_config(write(tmp_path, text_of({"spectral_density": density, "bath": bath}))))

    assert resolved(theirs).text == resolved(ours).text
    assert resolved(theirs).hash == resolved(ours).hash
    other = {
        key: value.replace("0.1", "0.11").replace("0.2", "0.21").replace("0.5", "0.51") for key, value in theirs.items()
    }
    assert resolved(other).hash != resolved(ours).hash


def test_the_fingerprint_knows_physics_from_spelling(tmp_path: Path) -> None:
    def fingerprint(changes: dict[str, dict[str, str | None]]) -> str:
        base: dict[str, dict[str, str | None]] = {"bath": {"modes": "30"}}
        return resolve(load_config(write(tmp_path, text_of({**base, **changes})))).hash

    same = fingerprint({})
    assert fingerprint({"system": {"hamiltonian": '[["0.1", 0.2], ["0.2+0j", -0.1]]', "initial": "[1, 0]"}}) == same
    assert fingerprint({"evolution": {"until": "1.0"}}) == same  # may change: a run can be extended
    assert fingerprint({"evolution": {"max_bond": "64"}}) == same
    assert fingerprint({"run": {"strict": "true"}}) == same
    assert fingerprint({"evolution": {"record_every": "0.5"}}) != same
    assert fingerprint({"bath": {"modes": "31"}}) != same
    assert fingerprint({"bath": {"modes": "30", "temperature": "0.20000000000000004"}}) != same
    assert fingerprint({"thermodynamics": {"alpha_S": "1.0"}}) != same


WRONG = [
    ({"spectral_density": {"alpha": "-0.1"}}, "spectral_density.alpha", ">= 0"),
    ({"spectral_density": {"alpha": "true"}}, "spectral_density.alpha", "boolean"),
    ({"spectral_density": {"alpha": '"0.1"'}}, "spectral_density.alpha", "without quotes"),
    ({"spectral_density": {"alpha": '"0,1"'}}, "spectral_density.alpha", "write 0.1"),
    ({"spectral_density": {"alpha": "nan"}}, "spectral_density.alpha", "finite"),
    ({"spectral_density": {"alpha": None}}, "spectral_density.alpha", "required"),
    ({"spectral_density": {"alpha": "1" + 400 * "0"}}, "spectral_density.alpha", "double precision"),
    ({"spectral_density": {"exponent": "0.0"}}, "spectral_density.exponent", "> 0"),
    ({"spectral_density": {"cutoff": "0"}}, "spectral_density.cutoff", "> 0"),
    ({"spectral_density": {"cutoff": '"50 cm^-1"'}}, "spectral_density.cutoff", "no unit"),
    ({"spectral_density": {"shape": '"soft"'}}, "spectral_density.shape", '"hard"'),
    ({"spectral_density": {"kind": '"powerlaw"', "alpha": "1"}}, "spectral_density.kind", "did you mean power-law?"),
    ({"spectral_density": {"kind": '"ohmic"', "alpha": "1"}}, "spectral_density.kind", "did you mean power-law?"),
    ({"spectral_density": {"kind": '"qutip-ohm"', "alpha": "1"}}, "spectral_density.kind", "did you mean qutip-ohmic?"),
    ({"spectral_density": {"kind": '"qutip-ohmic"', "alpha": "1", "wc": "-1", "s": "1"}}, "spectral_density.wc", "> 0"),
    ({"spectral_density": {"kind": '"qutip-ohmic"', "alpha": "1", "wc": "1"}}, "spectral_density.s", "required"),
    ({"spectral_density": {"lam": "0.1"}}, "spectral_density.lam", "kind qutip-drude-lorentz"),
    ({"spectral_density": {"width": "0.1"}}, "spectral_density.width", "drude-lorentz"),
    ({"spectral_density": DISCRETE | {"frequencies": "[1, -2]"}}, "spectral_density.frequencies[1]", "> 0"),
    ({"spectral_density": {"kind": '"table"', "file": '"none.csv"'}}, "spectral_density.file (file)", "none.csv"),
    ({"bath": {"temperature": "-1.0"}}, "bath.temperature", ">= 0"),
    ({"bath": {"temperature": '"300 K"'}}, "bath.temperature", "no unit"),
    ({"bath": {"beta": "5.0"}}, "bath.beta", "temperature = 1/beta"),
    ({"bath": {"modes": "2"}}, "bath.modes", "reflection"),
    ({"bath": {"modes": "0"}}, "bath.modes", ">= 1"),
    ({"bath": {"levels": "1"}}, "bath.levels", ">= 2"),
    ({"bath": {"levels": "2.5"}}, "bath.levels", "float"),
    ({"bath": {"levels": "[3, 1]"}}, "bath.levels[1]", ">= 2"),
    ({"bath": {"levels": "[3, 4]", "modes": "20"}}, "bath.levels", "20"),
    ({"bath": {"route": '"star-cells"', "modes": "2"}}, "bath.modes", "2 modes only"),
    ({"bath": {"route": '"star-cells"', "modes": "6", "levels": "[3, 4]"}}, "bath.levels", "cells"),
    ({"bath": {"route": '"star-cells"'}, "evolution": {"method": '"tebd"'}}, "evolution.method", "star cells"),
    ({"bath": {"route": '"star-cells"'}, "evolution": {"layout": '"middle"'}}, "evolution.layout", "star cells"),
    ({"bath": {"route": '"star"'}}, "bath.route", '"single-chain"'),
    ({"system": {"hamiltonian": "[[0, 1], [2, 0]]"}}, "system.hamiltonian", "Hermitian"),
    ({"system": {"hamiltonian": "[[0, 1]]"}}, "system.hamiltonian", "square"),
    ({"system": {"hamiltonian": "{ w = 1.0 }"}}, "system.hamiltonian.w", "component"),
    ({"system": {"initial": "[1, 1]"}}, "system.initial", "normalise = true"),
    ({"system": {"initial": "[0, 0]", "normalise": "true"}}, "system.initial", "norm"),
    ({"system": {"initial": "[1, nan]"}}, "system.initial", "entry (1,)"),
    ({"system": {"initial": '"up"'}}, "system.initial", "+x"),
    ({"system": {"initial": '"equilibrium"'}}, "system.initial", '"mean-force"'),
    ({"coupling": {"operator": '"sigma_minus"'}}, "coupling.operator", 'kind = "exchange"'),
    ({"coupling": {"kind": '"rwa"'}}, "coupling.kind", "did you mean exchange?"),
    ({"coupling": {"operator": "[[1, 0, 0], [0, 1, 0], [0, 0, 1]]"}}, "coupling.operator", "(3, 3)"),
    ({"evolution": {"step": "0"}}, "evolution.step", "> 0"),
    ({"evolution": {"until": "-1"}}, "evolution.until", ">= 0"),
    ({"evolution": {"tolerance": "1e-15"}}, "evolution.tolerance", "1e-14"),
    ({"evolution": {"max_bond": "0"}}, "evolution.max_bond", ">= 1"),
    ({"evolution": {"max_bond": "-3"}}, "evolution.max_bond", ">= 1"),
    ({"evolution": {"max_bond": "2.5"}}, "evolution.max_bond", "an integer >= 1 (found float)"),
    ({"evolution": {"max_bond": "true"}}, "evolution.max_bond", "an integer >= 1 (found bool)"),
    ({"evolution": {"max_bonds": "10"}}, "evolution.max_bonds", "did you mean max_bond?"),
    ({"evolution": {"temperature": "10"}}, "evolution.temperature", "belongs to [bath]"),
    ({"evolution": {"order": "3"}}, "evolution.order", "2 or 4"),
    ({"evolution": {"bond": "8"}}, "evolution.bond", "tdvp1"),
    ({"evolution": {"taper": "1.5", "max_bond": "8"}}, "evolution.taper", "< 1"),
    ({"evolution": {"taper": "0.1"}}, "evolution.taper", "max_bond"),
    ({"evolution": {"taper": "0.1", "max_bond": "8", "method": '"tdvp2"'}}, "evolution.taper", "tdvp"),
    ({"evolution": {"record_every": "0.3"}}, "evolution.record_every", "0.25"),
    ({"evolution": {"record_every": "1000.0"}}, "evolution.record_every", "at most evolution.until = "),
    ({"evolution": {"method": '"tdvp3"'}}, "evolution.method", "did you mean tdvp"),
    ({"thermodynamics": {"bath_entropy": '"exact"'}}, "thermodynamics.bath_entropy", "star-cells"),
    ({"thermodynamics": {"bath_entropy_max_bond": 1}}, "thermodynamics.bath_entropy_max_bond", "greater than or equal to 2"),
    ({"run": {"checkpoint_every": "-1"}}, "run.checkpoint_every", "0"),
    ({"run": {"storage_patience": '"1 min"'}}, "run.storage_patience", "number"),
    ({"drive": {"hamiltonian": "1"}}, "drive.hamiltonian", "which component?"),
    ({"sweep": {"axis": "[1]"}}, "sweep", "tnthermo sweep CONFIG"),
    ({"evolutoin": {"step": "1"}}, "evolutoin", "did you mean evolution?"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "key", "words"), WRONG)
def test_what_is_wrong_is_named_with_key_and_reason(tmp_path: Path, changes: Any, key: str, words: str) -> None:
    found = problems(tmp_path, text_of(changes))
    assert key in found
    assert words in found[key]


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    changes: Any = {
        "system": {"hamiltonian": "[[0, 1], [2, 0]]"}, "bath": {"modes": "3"}, "evolution": {"stepp": "1"}, "run": {"strict": "1"},
    }  # fmt: skip
    # whether 3 modes are enough can only be said once [evolution] is right
    assert set(problems(tmp_path, text_of(changes))) == {"system.hamiltonian", "evolution.stepp", "run.strict"}
    changes["evolution"] = {}
    assert set(problems(tmp_path, text_of(changes))) == {"system.hamiltonian", "bath.modes", "run.strict"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1, column 1"),
        ("[bath\n", "line 1, column 6"),
        ("[bath]\ntemperature = 1\ntemperature = 2\n", "line 3"),
        ("[bath]\ntemperature = 0,2\n", "decimal sign is a point"),
        ("[spectral_density]\nkind = discrete\n", "a text needs quotes"),
        ("[bath]\ntemperature = ", "line 2"),
        ("[a]\nx = " + 10_000 * "[", ""),
    ],
)
def test_syntax_errors_have_line_and_column(tmp_path: Path, text: str, words: str) -> None:
    (message,) = problems(tmp_path, text).values()
    assert words in message
    assert str(tmp_path) in message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(InvalidInput, match=str(path)):
            load_config(path)
    (tmp_path / "latin.toml").write_bytes("[bath]\n# Brücke\n".encode("latin-1"))
    with pytest.raises(InvalidInput, match="line 2, column 5"):
        load_config(tmp_path / "latin.toml")


def test_only_regular_files_of_a_size_that_is_said_are_read(tmp_path: Path) -> None:
    """/dev/zero filled the memory and ended in an empty error; a pipe hung."""
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "huge.toml").touch()
    os.truncate(tmp_path / "huge.toml", 2**40)
    for name, words in (("pipe", "a pipe"), ("zero", "a device"), ("huge", "larger than 16 mib")):
        with pytest.raises(InvalidInput, match=f"{words}.*: a readable TOML file, a regular one of at most 16 MiB"):
            load_config(tmp_path / f"{name}.toml")


def test_a_byte_order_mark_is_read_over_and_other_encodings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text_of(), encoding="utf-8-sig")
    assert resolve(load_config(path)).hash == resolve(load_config(write(tmp_path, text_of()))).hash
    for encoding, words in (("utf-16", "UTF-16"), ("utf-16-le", "a zero byte"), ("utf-32", "UTF-32")):
        path.write_bytes(text_of().encode(encoding))
        with pytest.raises(InvalidInput, match=f"{words}.*UTF-8 text"):
            load_config(path)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("system", "hamiltonian", '[[1, 0], "01"]'),
        ("system", "hamiltonian", '["10", "01"]'),
        ("system", "hamiltonian", '[["\uff11", 0], [0, 1]]'),
        ("coupling", "operator", '[[0, "1_0"], ["1_0", 0]]'),
        ("coupling", "operator", '[["1 0", 0], [0, 1]]'),
        ("system", "initial", '["\u0661", 0]'),
        ("system", "initial", '"10"'),
        ("bath", "displacement", '["\uff11"]'),
    ],
)
def test_numbers_in_texts_are_ascii_and_rows_are_lists(tmp_path: Path, section: str, key: str, value: str) -> None:
    """The first was the identity; the digits of other scripts and underscores were taken as float() takes them."""
    changes: Any = {
        "spectral_density": DISCRETE | {"frequencies": "[0.5]", "couplings": "[0.1]"},
        section: {key: value},
    }
    assert f"{section}.{key}" in problems(tmp_path, text_of(changes))


@pytest.mark.parametrize("method", ["exact", "tdvp1"])
def test_a_cap_that_would_do_nothing_is_refused(tmp_path: Path, method: str) -> None:
    evolution = {"method": f'"{method}"'}
    changes: Any = {"spectral_density": DISCRETE, "bath": {"levels": "4"}, "evolution": evolution}
    assert resolve(load_config(write(tmp_path, text_of(changes)))).algorithm.max_bond is None
    evolution["max_bond"] = "8"
    assert "it would do nothing" in problems(tmp_path, text_of(changes))["evolution.max_bond"]


def test_doubtful_input_runs_with_a_warning_or_not_at_all_when_strict(tmp_path: Path) -> None:
    doubtful: Any = {
        "bath": {"temperature": "300.0"}, "system": {"hamiltonian": "{ x = 1.0 }"}, "evolution": {"step": "0.3"},
    }  # fmt: skip
    notes = {note.key: note for note in resolve(load_config(write(tmp_path, text_of(doubtful)))).notes}
    assert set(notes) == {"bath.temperature", "spectral_density.cutoff", "evolution.step", "evolution.until"}
    assert "levels" in notes["bath.temperature"].text
    assert "shortened to 0.2" in notes["evolution.until"].text
    doubtful["run"] = {"strict": "true"}
    assert set(problems(tmp_path, text_of(doubtful))) == {
        "bath.temperature",
        "spectral_density.cutoff",
        "evolution.step",
    }


def test_a_reflection_is_an_error_until_it_is_asked_for(tmp_path: Path) -> None:
    short: Any = {"bath": {"modes": "4"}}
    assert "auto" in problems(tmp_path, text_of(short))["bath.modes"]
    short["bath"]["allow_reflection"] = "true"
    (note,) = resolve(load_config(write(tmp_path, text_of(short)))).notes
    assert note.key == "bath.modes"
    assert note.level == "warning"


def test_a_weight_without_an_end_is_cut_where_the_tolerance_allows(tmp_path: Path) -> None:
    """The chosen cut moves C(t) by less than the tolerance; a cut at half of it does not keep that promise."""
    exponential = {"shape": '"exponential"'}
    changes: Any = {"spectral_density": exponential, "bath": {"temperature": "0.0"}, "evolution": {"tolerance": "1e-6"}}
    chosen = resolve(load_config(write(tmp_path, text_of(changes)))).model.chains[0]
    times = np.linspace(0, 2.0, 21)
    assert chains.correlation_error(chosen, times).max() < 1e-6 * chosen.coupling**2
    halved = chains.chain(chosen.density, chosen.length, support=chosen.support[1] / 2)
    assert chains.correlation_error(halved, times).max() > 1e-6 * chosen.coupling**2
    given: Any = {**changes, "spectral_density": {**exponential, "support": "20.0"}}
    assert resolve(load_config(write(tmp_path, text_of(given)))).model.chains[0].support[1] == 20.0


def test_a_long_warm_run_without_a_cap_is_warned_about(tmp_path: Path) -> None:
    long: dict[str, str | None] = {"until": "30.0", "tolerance": "1e-7"}
    assert any(
        note.key == "evolution.max_bond"
        for note in resolve(load_config(write(tmp_path, text_of({"evolution": long})))).notes
    )
    capped = {**long, "max_bond": "24"}
    assert not resolve(load_config(write(tmp_path, text_of({"evolution": capped})))).notes


def test_methods_become_algorithms(tmp_path: Path) -> None:
    def algorithm(keys: dict[str, str | None]) -> object:
        return load_config(write(tmp_path, text_of({"evolution": keys}))).evolution.algorithm()

    assert algorithm({"method": '"tdvp1"', "bond": "9", "order": "4"}) == TDVP1(
        step=0.25, bond=9, order=4, max_bond=None
    )
    assert algorithm({"max_bond": "9", "taper": "0.05"}) == TDVP(step=0.25, max_bond=9, taper=0.05)
    assert algorithm({"method": '"tebd"', "max_bond": "7"}) == TEBD(step=0.25, max_bond=7)


def test_a_dense_run_that_cannot_fit_is_refused(tmp_path: Path) -> None:
    changes: Any = {"evolution": {"method": '"exact"'}, "bath": {"levels": "10", "modes": "20"}}
    assert "fewer modes" in problems(tmp_path, text_of(changes))["evolution.method"]
    resolved = resolve(load_config(write(tmp_path, text_of())))
    assert memory_problems(resolved.model, resolved.algorithm, "auto", 1) == []
    assert readable(2.0**20) == "1 MiB"
    assert state_bytes([2, 2], 1000) == 16 * (2 * 2 + 2 * 2)  # bonds no larger than the dimensions allow


def test_differences_name_the_keys() -> None:
    assert differences({"a": {"x": 1.0, "y": 2}}, {"a": {"x": 1.5, "z": None}}) == ["a.x: 1.0 -> 1.5", "a.y: 2 -> none"]


VALUES = st.one_of(
    st.sampled_from(
        [
            "0",
            "-1",
            "1e400",
            "inf",
            "nan",
            "true",
            "[]",
            "{}",
            '""',
            '"auto"',
            "1979-05-27",
            "[[1,2],[3]]",
            "{ x = [1] }",
            "{ a = {} }",
            '{ shape = "ramp", duration = 1.0 }',
            '"mean-force"',
        ]
    ),
    st.floats().map(repr),
    st.integers().map(str),
    st.text("abc+-z0.,ij \u00e9", max_size=6).map(lambda s: f'"{s}"'),
)
PLACES = [(section, key) for section, keys in GOOD.items() for key in keys] + [
    ("bath", "levels"), ("bath", "modes"), ("system", "initial"),
    ("evolution", "record_every"), ("evolution", "max_bond"), ("evolution", "method"),
    ("thermodynamics", "alpha_S"), ("record", "occupation_every"), ("run", "strict"), ("spectral_density", "support"),
    ("bath", "displacement"), ("bath", "route"), ("bath", "coupling"), ("coupling", "kind"), ("evolution", "layout"),
    ("record", "observables"), ("record", "variance_every"), ("spectral_density", "parts"),
    ("drive", "coupling"), ("drive", "hamiltonian"), ("drive", '"hamiltonian.x"'), ("drive", '"coupling.0"'),
]  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=4))
@example([(("bath", "modes"), "true")])
@example([(("evolution", "method"), "[]")])
def test_any_values_are_read_or_refused(tmp_path: Path, changes: list[tuple[tuple[str, str], str]]) -> None:
    # without the chain: it may be right, and long
    sections: dict[str, dict[str, Any]] = {}
    for (section, key), value in changes:
        sections.setdefault(section, {})[key] = value
    try:
        found, wrong = read_tables(write(tmp_path, text_of(sections)))
    except InvalidInput:  # not TOML
        return
    wrong = wrong + mutual_problems(found)
    assert all(problem.key and problem.allowed and str(problem) for problem in wrong)
    assert wrong or set(found.made) >= set(GOOD)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("bath", "modes", "1000000"),
        ("bath", "temperature", "1e300"),
        ("spectral_density", "exponent", "2e17"),
        ("spectral_density", "cutoff", "1e-300"),
        ("spectral_density", "alpha", "1e308"),
        ("evolution", "until", "1e300"),
        ("evolution", "step", "1e-300"),
    ],
)
def test_absurd_sizes_are_refused_or_warned_about(tmp_path: Path, section: str, key: str, value: str) -> None:
    try:
        notes = resolve(load_config(write(tmp_path, text_of({section: {key: value}})))).notes
    except InvalidInput:
        return
    assert any(note.level == "warning" for note in notes)  # legal as numbers, but it does not go unsaid


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=60).map(str.encode),
        st.text("[]={}\"'.#\n ab01,", max_size=60).map(str.encode),
    )
)
def test_any_bytes_are_refused_not_stumbled_over(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(raw)
    with pytest.raises(InvalidInput):
        load_config(path)
