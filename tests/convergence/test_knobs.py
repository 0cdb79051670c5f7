"""Which settings a run has, and their ladders."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from chains import InvalidInput
from tests.convergence.problems import CONTINUUM, MODES, changed
from tnthermo.configuration.resolve import Resolved, load_config, resolve
from tnthermo.convergence.asked import read_columns, read_over
from tnthermo.convergence.knobs import (
    asked_problems,
    beside,
    corner,
    knob,
    possible,
    record_interval,
    unasked,
    unfinished,
)

CHAIN = changed(
    CONTINUUM, method="tdvp", until=2.0, step=0.02, record_every=0.1, tolerance=1e-4, max_bond=24
)  # fmt: skip
CHAIN["spectral_density"] |= {"shape": "hard", "cutoff": 1.0}


def made(tables: dict[str, Any]) -> Resolved:
    return resolve(load_config("x.toml", tables))


def ran(bond: int, levels: int = 7) -> xr.Dataset:
    """As much of a ledger as ladders look at."""
    return xr.Dataset(
        {"bond_dimension": ("t", [1, bond]), "level_profile": (("t", "site"), [[2, levels], [np.nan, 3]])}
    )


def test_the_settings_of_each_method() -> None:
    own, without = possible(made(CHAIN))
    assert list(own) == ["step", "max_bond", "tolerance", "levels", "modes"]
    assert "its bond is max_bond" in without["bond"]
    assert list(unasked(made(CHAIN))) == ["levels"]
    own, without = possible(made(MODES))
    assert list(own) == ["step", "max_bond", "tolerance", "levels"]
    assert "modes of the bath are given" in without["modes"]
    assert unasked(made(MODES)) == {}
    own, without = possible(made(CONTINUUM))
    assert "modes" not in own
    assert "all modes of a density" in without["modes"]
    own, _ = possible(made(changed(MODES, method="tdvp1", bond=6, max_bond=None)))
    assert list(own) == ["step", "bond", "tolerance", "levels"]
    own, _ = possible(made(changed(MODES, method="exact", max_bond=None)))
    assert list(own) == ["step", "tolerance", "levels"]
    _, without = possible(made(changed(MODES, levels=[8, 8, 8])))
    assert "modes" in without


def test_steps_divide_the_record_interval_where_some_do() -> None:
    found = knob("step", None, made(CHAIN), None)
    assert found.values == [0.1, 0.05, 0.02, 0.01]
    assert found.reference == 2
    assert {rung.settings.get("evolution.record_every", 0.1) for rung in found.rungs} == {0.1}
    every_step = knob("step", None, made(changed(CHAIN, record_every=None)), None)
    assert every_step.values == [0.08, 0.04, 0.02, 0.01]
    assert every_step.rungs[0].settings == {"evolution.step": 0.08, "evolution.record_every": 0.08}
    assert knob("step", None, made(changed(CHAIN, until=0.1)), None).values == [0.02, 0.01]
    assert record_interval(0.1, 2.0, 0.15) == pytest.approx(0.3)
    assert record_interval(0.1, 2.0, 0.0312345) == 0


@pytest.mark.parametrize(
    ("cap", "reached", "values", "reference", "whole"),
    [
        (24, 24, [6, 12, 24, 48], 2, False),
        (24, 9, [2, 4, 9], 2, True),
        (None, 40, [10, 20, 40], 2, True),
        (4, 4, [2, 4, 8, 16], 1, False),
        (1, 1, [1, 2, 4], 0, False),
    ],
)
def test_bonds_by_what_the_reference_reached(
    cap: int | None, reached: int, values: list[int], reference: int, whole: bool
) -> None:
    found = knob("max_bond", None, made(changed(CHAIN, max_bond=cap)), ran(reached))
    assert (found.values, found.reference, found.whole) == (values, reference, whole)
    assert ("nothing finer" in found.note) == whole
    more = {} if cap is None else {"evolution.max_bond": 2 * cap if whole else values[-1]}
    assert corner([found]) == more
    assert not unfinished(found, "over")


def test_levels_tolerances_and_lengths() -> None:
    assert knob("levels", None, made(changed(MODES, levels=3)), None).values == [2, 3, 6, 9]
    fixed = knob("levels", None, made(MODES), None)
    assert fixed.values == [4, 6, 8, 12]
    assert fixed.rungs[3].settings == {"bath.levels": 12}
    listed = knob("levels", None, made(changed(MODES, levels=[4, 8, 6])), None)
    assert listed.rungs[-1].settings == {"bath.levels": [6, 12, 9]}
    grown = knob("levels", None, made(CHAIN), ran(24, 12))
    assert grown.values == [6, 9, 12, 18]
    assert "up to 12" in grown.note
    assert knob("tolerance", None, made(CHAIN), None).values == [1e-3, 3e-4, 1e-4, pytest.approx(1e-4 / 3)]
    assert knob("tolerance", None, made(changed(CHAIN, tolerance=0.5)), None).values == [0.5, pytest.approx(0.5 / 3)]
    lengths = knob("modes", None, made(CHAIN), None)
    n = lengths.values[lengths.reference]
    assert lengths.values == [round(n / 2), round(0.75 * n), n, round(1.5 * n)]
    assert beside(made(CHAIN)) == {"run.error_bars": False, "bath.allow_reflection": True}
    assert beside(made(CONTINUUM)) == {"run.error_bars": False}


def test_values_of_the_user() -> None:
    found = knob("max_bond", [8, 48], made(CHAIN), ran(24))
    assert found.values == [8, 24, 48]
    (problem,) = unfinished(knob("max_bond", [8, 16], made(CHAIN), ran(24)), "--over")
    assert "at least one value above the reference's own, 24" in str(problem)
    (problem,) = unfinished(knob("step", [0.1], made(CHAIN), None), "--over")
    assert "below" in str(problem)


@pytest.mark.parametrize(
    ("over", "found"),
    [
        ("step,max_bond", {"step": None, "max_bond": None}),
        (["step=0.1,0.05", "max_bond"], {"step": [0.1, 0.05], "max_bond": None}),
        ({"step": [0.1], "levels": None}, {"step": [0.1], "levels": None}),
    ],
)
def test_what_is_asked_is_read(over: Any, found: dict[str, Any]) -> None:
    assert read_over(over, "over") == (found, [])


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ("stepp", "did you mean step"),
        ("bond", "its bond is max_bond"),
        ("step,step", "each setting once"),
        ("step=a", "numbers with commas"),
        ("step=0.1,max_bond=8", "once for each setting"),
        ("step=", "numbers with commas"),
        ("step=0.1,0.1", "each value once"),
        ("step=-1", "> 0"),
        ("step=0.0312345", "record_every = 0.1"),
        ("max_bond=2.5", "an integer"),
        ("levels=1", ">= 2"),
        ("tolerance=2", "between 1e-14 and 1"),
        ("", "names such as"),
        ([], "names such as"),
        ({"step": 3}, "a list of values"),
        ({"step": []}, "at least one value"),
        ({}, "at least one setting"),
        (7, "names such as"),
    ],
)
def test_what_cannot_be_is_refused_in_words(over: Any, words: str) -> None:
    asked, problems = read_over(over, "--over")
    problems += asked_problems(asked, made(CHAIN), "--over")
    assert words in "\n".join(map(str, problems))
    assert {problem.key.partition(" ")[0] for problem in problems} == {"--over"}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("E_b", "did you mean E_B"),
        ("population", "population[0] is the first of its levels"),
        ("E_B[0]", "leave out the [...]"),
        ("E_B,E_B", "each column once"),
        ("rho_S", "one number a time"),
        ("E_B,", "a column of a ledger"),
        (3, "names of columns"),
    ],
)
def test_columns_that_are_none(columns: Any, words: str) -> None:
    _, problems = read_columns(columns, made(CHAIN), "columns")
    assert words in "\n".join(map(str, problems))


def test_own_columns_and_entries_are_taken() -> None:
    tables = changed(CHAIN) | {"record": {"observables": {"mine": {"x": 1.0}}}}
    found, problems = read_columns("mine, population[1]", made(tables), "columns")
    assert not problems
    assert list(map(str, found)) == ["mine", "population[1]"]
    assert found[1].of(xr.Dataset({"population": (("t", "level"), [[1.0, 0.0]])})).tolist() == [0.0]  # type: ignore[union-attr]
    assert found[1].of(xr.Dataset({"population": (("t", "level"), [[1.0]])})) is None
    assert found[0].of(xr.Dataset({"mine": (("t", "level"), [[1.0]])})) is None


def test_a_list_for_another_chain_is_seen() -> None:
    """The negative twin of leaving the length alone where levels are a list."""
    tables = changed(CHAIN, levels=[6] * 3)
    with pytest.raises(InvalidInput, match="as many entries"):
        made(tables)
    assert SimpleNamespace(**tables).bath["levels"] == [6, 6, 6]
