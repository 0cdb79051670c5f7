"""Every bad input: a clear error before anything is computed, with all problems at once."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import chains

GOOD = chains.PowerLaw(alpha=0.1)


def keys(call: Callable[[], object]) -> set[str]:
    with pytest.raises(chains.InvalidInput) as caught:
        call()
    assert all(problem.allowed for problem in caught.value.problems)
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)
    return {problem.key for problem in caught.value.problems}


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "0.1", "300 K", 0.1 + 0j, True, None, [0.1]])
def test_alpha(value: object) -> None:
    assert keys(lambda: chains.PowerLaw(alpha=value)) == {"alpha"}  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, "1", 1 + 0j, np.True_])
def test_cutoff_and_exponent(value: object) -> None:
    found = keys(lambda: chains.PowerLaw(alpha=-1, cutoff=value, exponent=value, shape="none"))  # type: ignore[arg-type]
    assert found == {"alpha", "cutoff", "exponent", "shape"}


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "0.2", 0.2 + 0j, False, None])
def test_temperature(value: object) -> None:
    assert keys(lambda: chains.chain(GOOD, 4, temperature=value)) == {"temperature"}  # type: ignore[arg-type]
    assert keys(lambda: chains.correlation(GOOD, times=1.0, temperature=value)) == {"temperature"}  # type: ignore[arg-type]
    assert keys(lambda: chains.required_length(GOOD, temperature=value, until=1.0)) == {"temperature"}  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -3, 2.0, True, "4", None])
def test_length(value: object) -> None:
    assert keys(lambda: chains.chain(GOOD, value)) == {"length"}  # type: ignore[arg-type]


def test_all_problems_of_a_call_come_together() -> None:
    found = keys(lambda: chains.chain("J", 0, temperature=-1, support="x", resolution=0))  # type: ignore[arg-type]
    assert found == {"density", "length", "temperature", "support", "resolution"}
    assert keys(lambda: chains.required_length(GOOD, temperature=-1, until=-1, tolerance=2.0)) == {
        "temperature",
        "until",
        "tolerance",
    }
    assert keys(lambda: chains.correlation(GOOD, times=[0.0, math.nan], temperature=-1.0)) == {
        "temperature",
        "times[1]",
    }


def test_numpy_numbers_are_numbers() -> None:
    half, three = np.float32(0.5), np.int64(3)
    bath = chains.chain(chains.PowerLaw(alpha=half), three, temperature=half)  # type: ignore[arg-type]
    assert bath.length == 3


def test_support() -> None:
    assert keys(lambda: chains.chain(GOOD, 4, support=2.0)) == {"support"}
    assert keys(lambda: chains.chain(GOOD, 4, support=-1.0)) == {"support"}
    gap = chains.Semicircle(coupling=0.1, centre=1.0, half_width=0.2)
    assert keys(lambda: chains.chain(gap, 4, support=0.5)) == {"support"}


def test_times() -> None:
    assert keys(lambda: chains.correlation(GOOD, times=[0.0, 1j])) == {"times[1]"}
    assert keys(lambda: chains.correlation(GOOD, times=[1e9])) == {"times"}  # it was at it for ever
    bath = chains.chain(GOOD, 4)
    assert keys(lambda: chains.chain_correlation(bath, [math.inf])) == {"times[0]"}
    assert keys(lambda: chains.light_cone_time(bath, 1e-20)) == {"tolerance"}
    assert keys(lambda: chains.diagnose(bath, -1.0)) == {"until"}


def test_negative_frequencies_hint_at_the_thermal_map() -> None:
    with pytest.raises(chains.InvalidInput, match=r"frequencies\[1\] = -0.5.*thermal map"):
        chains.Discrete(frequencies=[1.0, -0.5], couplings=[0.1, 0.1])
    with pytest.raises(chains.InvalidInput, match=r"w\[0\].*negative frequencies"):
        GOOD(-1.0)


def test_discrete() -> None:
    assert keys(lambda: chains.Discrete(frequencies=[], couplings=[])) == {"frequencies", "couplings"}
    assert keys(lambda: chains.Discrete(frequencies=[1.0, 0.0], couplings=[0.1])) == {"frequencies[1]", "couplings"}
    assert keys(lambda: chains.Discrete(frequencies=[1.0, 2.0], couplings=[0.0, 0.0])) == {"couplings"}
    assert keys(lambda: chains.Discrete(frequencies=[1.0, math.nan], couplings=["a", 1j])) == {  # type: ignore[list-item]
        "frequencies[1]",
        "couplings[0]",
        "couplings[1]",
    }
    two = chains.Discrete(frequencies=[1.0, 2.0], couplings=[0.1, 0.1])
    assert keys(lambda: chains.chain(two, 3)) == {"length"}
    assert keys(lambda: chains.chain(two, np.int64(5), temperature=1.0)) == {"length"}  # type: ignore[arg-type]
    assert keys(lambda: chains.chain(two, support=1.0)) == {"support"}
    assert keys(lambda: two(1.0)) == {"w"}


def test_other_densities() -> None:
    found = keys(lambda: chains.DrudeLorentz(reorganisation_energy=-1, width=0, cutoff=-1))
    assert found == {"reorganisation_energy", "width", "cutoff"}
    found = keys(lambda: chains.Brownian(reorganisation_energy=-1, frequency="x", width=0))  # type: ignore[arg-type]
    assert found == {"reorganisation_energy", "frequency", "width"}
    assert keys(lambda: chains.Semicircle(coupling=-1, centre=-1, half_width=0)) == {"coupling", "centre", "half_width"}
    assert keys(lambda: chains.Semicircle(coupling=1, centre=1, half_width=2)) == {"half_width"}


def test_the_second_thermofield_chain_needs_a_temperature() -> None:
    assert keys(lambda: chains.thermofield_chains(GOOD, 4, temperature=0.0)) == {"temperature"}
    narrow = chains.Semicircle(coupling=0.1, centre=1.0, half_width=0.1)
    assert keys(lambda: chains.thermofield_chains(narrow, 4, temperature=1e-4)) == {"temperature"}
    one = chains.Discrete(frequencies=[1.0], couplings=[0.1])
    assert keys(lambda: chains.thermofield_chains(one, temperature=1e-4)) == {"temperature"}


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("0 0\n1 1\n0.5 1\n2 0\n", r"frequencies on line 3 = 0.5"),
        ("0 0\n1 1\n\n# note\n1 1\n2 0\n", r"frequencies on line 5 = 1.0"),
        ("0 0\n1 nan\n2 1\n3 0\n", r"values on line 2 = nan"),
        ("0\n1\n2\n3\n", r"line 1"),
        ("0 0\n1 1\n2 0\n", r"3 points"),
        ("0 0\n1 -1\n2 -3\n3 0\n", r"values on line 3 = -3.*worst of 2 negative values"),
        ("0 0\n1 1\n2 1\n3 1\n", r"values on line 4 = 1.0.*still large"),
        ("1 1\n2 1\n3 1\n4 0\n", r"values on line 1 = 1.0.*starts while J is still large"),
        ("0 1\n1 1\n2 1\n4 0\n", r"values on line 1 = 1.0.*0 at w = 0"),
        ("-1 0\n0 0\n2 1\n4 0\n", r"frequencies on line 1 = -1.0"),
        ("0 0\n1 one\n2 1\n4 0\n", r"line 2 = '1 one'"),
        ("0 0\n1 0\n2 0\n4 0\n", r"all zero"),
        ("w J\n", r"no rows"),
        ("", r"no rows"),
    ],
)
def test_bad_tables_name_the_line(tmp_path: Path, rows: str, complaint: str) -> None:
    file = tmp_path / "J.dat"
    file.write_text(rows)
    with pytest.raises(chains.InvalidInput, match=complaint):
        chains.Table.from_file(file)


def test_all_bad_lines_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "J.dat"
    file.write_text("0 0\n1 nan\n2 inf\n3 0\n")
    assert keys(lambda: chains.Table.from_file(file)) == {"J.dat: values on line 2", "J.dat: values on line 3"}


def test_tables_from_lists(tmp_path: Path) -> None:
    assert keys(lambda: chains.Table(frequencies=[0, 1, 1, 2], values=[0, 1, 1, 0])) == {"frequencies[2]"}
    assert keys(lambda: chains.Table(frequencies=[0, 1, 2, 3], values=[0, 1, 0], ends="zero")) == {"ends"}
    assert keys(lambda: chains.Table(frequencies=[0, 1, 2, 3], values=[0, 1, 0])) == {"values"}
    assert keys(lambda: chains.Table.from_file(tmp_path / "absent.csv")) == {"file"}
    assert keys(lambda: chains.Table.from_file(tmp_path)) == {"file"}
