"""scripts/docs/equations.toml: every equation of the paper once, every name in it is there, every test can be collected."""

import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tnthermo.thermo.validity import every_column

ROOT = Path(__file__).resolve().parents[2]
LAST = 116
KEYS = {"numbers", "says", "held_by", "step_of", "tests"}


@pytest.fixture(scope="module")
def entries() -> list[dict[str, Any]]:
    return tomllib.loads((ROOT / "scripts" / "docs" / "equations.toml").read_text(encoding="utf-8"))["equation"]


@pytest.fixture(scope="module")
def collected(entries: list[dict[str, Any]]) -> set[str]:
    """Node ids, without parameters, of the files that the list names, slow tests among them."""
    files = sorted({node.partition("::")[0] for entry in entries for node in entry.get("tests", ())})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}


def there_is(name: str) -> bool:
    """Whether it is a column of a ledger, or a dotted name that can be imported."""
    if "." not in name:
        return name in every_column()
    place, _, attribute = name.rpartition(".")
    try:
        return hasattr(importlib.import_module(place), attribute)
    except ImportError:
        return False


def problems(entries: Sequence[Mapping[str, Any]], collected: Collection[str]) -> Iterator[str]:
    """What is wrong with a list of equations."""
    numbers = [number for entry in entries for number in entry["numbers"]]
    wanted = list(range(1, LAST + 1))
    if sorted(numbers) != wanted:
        yield f"missing {sorted(set(wanted) - set(numbers))}, twice {sorted({n for n in numbers if numbers.count(n) > 1})}"
    if [entry["numbers"][0] for entry in entries] != sorted(entry["numbers"][0] for entry in entries):
        yield "not in order"
    results = {number for entry in entries if entry.get("held_by") for number in entry["numbers"]}
    for entry in entries:
        where = f"[{entry['numbers'][0]}]"
        if entry.keys() - KEYS or not entry["says"]:
            yield f"{where} keys {sorted(entry)}"
        if bool(entry.get("held_by")) == bool(entry.get("step_of")):
            yield f"{where} is held by something, or a step of something"
        if entry.get("held_by") and not entry.get("tests"):
            yield f"{where} has no test"
        yield from (f"{where} {name} is not there" for name in entry.get("held_by", ()) if not there_is(name))
        yield from (f"{where} {node} is no test" for node in entry.get("tests", ()) if node not in collected)
        if entry.get("step_of") and not leads_to_a_result(entry, entries, results):
            yield f"{where} leads to no result"


def leads_to_a_result(entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], results: Collection[int]) -> bool:
    """Whether every equation that a step names is a result, or leads to one."""
    of = {number: one for one in entries for number in one["numbers"]}

    def leads(number: int, passed: frozenset[int]) -> bool:
        if number in results:
            return True
        return (
            number in of
            and number not in passed
            and all(leads(n, passed | {number}) for n in of[number].get("step_of", ()))
        )

    return all(leads(number, frozenset(entry["numbers"])) for number in entry["step_of"])


def test_every_equation_is_held_by_something_that_is_checked(entries, collected) -> None:
    assert list(problems(entries, collected)) == []


def test_a_wrong_entry_is_noticed(entries, collected) -> None:
    """The negative twin: each fault by itself."""

    def spoiled(index: int, **changes: Any) -> str:
        return "; ".join(
            problems([{**entry, **changes} if i == index else entry for i, entry in enumerate(entries)], collected)
        )

    held = next(i for i, entry in enumerate(entries) if entry.get("held_by"))
    step = next(i for i, entry in enumerate(entries) if entry.get("step_of"))
    assert "missing [1]" in spoiled(0, numbers=[2])
    assert "twice [2]" in spoiled(0, numbers=[1, 2])
    assert "U_totl is not there" in spoiled(held, held_by=["U_totl"])
    assert "tnthermo.lawbook.paper.sum_rules is not there" in spoiled(
        held, held_by=["tnthermo.lawbook.paper.sum_rules"]
    )
    assert "tnthermo.nothing.at_all is not there" in spoiled(held, held_by=["tnthermo.nothing.at_all"])
    assert "is no test" in spoiled(held, tests=["tests/test_api.py::test_no_such_test"])
    assert "has no test" in spoiled(held, tests=[])
    assert "or a step of something" in spoiled(held, step_of=[3])
    assert "leads to no result" in spoiled(step, step_of=entries[step]["numbers"][:1])
    assert "not in order" in "; ".join(problems(entries[::-1], collected))


def cited(text: str) -> list[int]:
    """The numbers in brackets: "[22, 27 - 29]" has four."""
    parts = [part.split("-") for found in re.findall(r"\[(\d[\d ,-]*)\]", text) for part in found.split(",")]
    return [number for part in parts for number in range(int(part[0]), int(part[-1]) + 1)]


def unnamed(equations: Mapping[str, str], entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Columns, by their ``equations``, with each number that they cite and whose entry neither names them nor is a step on the way."""
    of = {number: entry for entry in entries for number in entry["numbers"]}
    return [
        (name, n)
        for name, text in equations.items()
        for n in cited(text)
        if "step_of" not in of[n] and name not in of[n]["held_by"]
    ]


def test_columns_cite_the_equations_that_name_them(entries) -> None:
    """A label that is off by one is noticed."""
    equations = {name: column.equation for name, column in every_column().items()}
    assert unnamed(equations, entries) == []
    assert cited(equations["T_S"]) == [34]
    assert cited("x [3, 22 - 24]") == [3, 22, 23, 24]
    assert unnamed({**equations, "T_S": equations["T_S"].replace("34", "35")}, entries) == [("T_S", 35)]
    assert unnamed({**equations, "Sigma_pseudo": equations["Sigma_pseudo"].replace("45", "39")}, entries) == [
        ("Sigma_pseudo", 39)
    ]
