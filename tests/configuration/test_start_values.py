"""Values that are right one by one and break a formula before the first step: `check` says so, with key and value, and a run as well."""

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

import chains
import tnthermo as tt
from chains import InvalidInput
from tests.support.configs import DISCRETE, problems, text_of, write
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.configuration.start_values import Stage, failing, finite
from tnthermo.evolution.arguments import displacements
from tnthermo.evolution.start import prepare
from tnthermo.network.blocks import start_levels
from tnthermo.terminal.check import checked

EXACT: Any = {"method": '"exact"', "tolerance": "1e-4", "until": "0.2", "step": "0.1"}
MODE: Any = {"spectral_density": DISCRETE, "evolution": EXACT}
CHAIN: Any = {"bath": {"modes": "3", "allow_reflection": "true"}, "evolution": {"until": "0.2", "step": "0.1"}}


OHMIC = {"kind": '"power-law"', "alpha": "0.3", "exponent": "1", "cutoff": "1", "shape": '"exponential"'}


def changed(base: Any, section: str, **keys: str) -> str:
    return text_of({**base, section: {**base.get(section, {}), **keys}})


@pytest.mark.parametrize(
    ("base", "section", "keys", "key"),
    [
        (MODE, "bath", {"displacement": "80.0"}, "bath.displacement"),  # math domain error in the run
        (MODE, "bath", {"displacement": str(2**64)}, "bath.displacement"),  # TypeError in check
        (MODE, "bath", {"displacement": '[80.0, "0.1j"]'}, "bath.displacement"),
        (MODE, "bath", {"displacement": "4.0", "levels": "2"}, "bath.displacement"),
        (MODE, "spectral_density", {"frequencies": "[1e-5, 1.2]"}, "bath.displacement"),
        (MODE, "spectral_density", {"frequencies": "[5e-324, 1.2]"}, "spectral_density.frequencies[0]"),
        (MODE, "spectral_density", {"frequencies": "[1e50, 1.2]"}, "evolution.step"),
        (MODE, "system", {"hamiltonian": "{ x = 1e149 }"}, "evolution.step"),
        (CHAIN, "system", {"initial": '"mean-force"', "hamiltonian": "{ x = 1e7 }"}, "bath.temperature"),
        (CHAIN, "bath", {"levels": "3000"}, "bath.levels"),
        (CHAIN, "spectral_density", {**OHMIC, "resolution": str(2**64)}, "spectral_density.resolution"),
    ],
)  # fmt: skip
def test_what_would_break_the_start_is_refused(tmp_path: Path, base: Any, section: str, keys: Any, key: str) -> None:
    given = {**base, "bath": {"displacement": "0.5", **base.get("bath", {})}} if "frequencies" in keys else base
    if key == "bath.temperature":
        keys, given = (
            dict(keys),
            {**given, "bath": {**given["bath"], "temperature": "1e-3"}, "evolution": {"until": "0.2", "step": "1e-3"}},
        )
    found = problems(tmp_path, changed(given, section, **keys))
    assert set(found) == {key}
    # the twin: without what was changed nothing is refused
    resolve(load_config(write(tmp_path, text_of(base))))


def test_the_largest_displacement_that_fits_is_taken_and_starts(tmp_path: Path) -> None:
    """Of one mode at T = 0, <n> = (x g/w)^2 quanta in at most 400 levels: half of a Poisson distribution lies below its median."""
    quanta = next(n for n in range(300, 500) if poisson.sf(399, n) > 0.5)
    for part, taken in ((0.98, True), (1.02, False)):
        x = math.sqrt(part * quanta) / 0.4
        model = tt.SpinBoson(
            hamiltonian={"x": 0.5},
            coupling={"z": 0.5},
            bath=chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.4]), temperature=0.0),
        )
        algorithm = tt.Exact(step=0.1, tolerance=1e-3)
        start: Any = (np.diag([1.0 + 0j, 0.0]), algorithm, start_levels(400, 1), displacements(model, x), 0.0)
        if taken:
            assert "does not fit" in prepare(model, *start).flags[0]
        else:
            with pytest.raises(InvalidInput, match="quanta on site 0 in 400 levels"):
                prepare(model, *start)


def test_a_check_that_cannot_compare_says_so_and_does_not_hang(tmp_path: Path) -> None:
    changes = {
        **CHAIN,
        "bath": {**CHAIN["bath"], "levels": "2"},
        "evolution": {"until": "1e5", "step": "1.0", "max_bond": "4"},
    }
    changes["spectral_density"] = OHMIC
    text = checked(resolve(load_config(write(tmp_path, text_of(changes)))))
    assert "C(t) of the chain is not compared: times of at most" in text
    changes["evolution"]["until"] = "1.0"
    assert "is off by at most" in checked(resolve(load_config(write(tmp_path, text_of(changes)))))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("math domain error"),
        TypeError("no loop"),
        OverflowError("too large"),
        MemoryError(),
        FloatingPointError("x"),
    ],
)
def test_whatever_a_start_ends_in_is_a_problem_with_its_key(error: Exception) -> None:
    def broken() -> None:
        raise error

    (found,) = failing(Stage(key="bath.displacement", value=80.0, evaluate=broken))
    assert (found.key, found.value) == ("bath.displacement", 80.0)
    assert type(error).__name__ in found.allowed
    assert failing(Stage(key="a", value=1, evaluate=lambda: None)) == []
    assert failing(Stage(key="a", value=1, evaluate=lambda: finite(1e149, [1.0]))) == []
    assert len(failing(Stage(key="a", value=1, evaluate=lambda: finite([1.0, math.nan])))) == 1


EXTREME = [-0.0, 5e-324, 1e-150, 1e50, 1e150, 1e300, 2**64, 10**299, math.nan, 80.0]


def leaves(table: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the numbers of a configuration are."""
    if isinstance(table, dict | list):
        pairs = table.items() if isinstance(table, dict) else enumerate(table)
        return [place for key, value in pairs for place in leaves(value, (*path, key))]
    return [] if isinstance(table, bool | str) else [path]


def test_no_extreme_value_of_any_key_ends_in_anything_but_words(tmp_path: Path) -> None:
    text = text_of({**MODE, "bath": {"levels": "3", "displacement": "0.1"}, "run": {"checkpoint_every": "1.0"}})
    path = write(tmp_path, text)
    refused = taken = 0
    for place in leaves(tomllib.loads(text)):
        for value in EXTREME:
            raw: Any = tomllib.loads(text)
            inner = raw
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = value
            try:
                checked(resolve(load_config(path, raw)))
                taken += 1
            except InvalidInput:
                refused += 1
    assert refused > 50
    assert taken > 20
