"""How problems are listed: the first few of a kind and a count; a value that cannot be written is no reason to fail."""

from pathlib import Path

import pytest

import chains
from chains import InvalidInput, Problem
from chains.problems import lines


def falling(count: int) -> Problem:
    return Problem(
        key=f"frequencies on line {count}", value=1.0 - count, allowed=f"larger than the one before ({2.0 - count:g})"
    )


def test_the_first_three_of_a_kind_and_a_count(tmp_path: Path) -> None:
    """A falling table of 201 lines gave 200 lines."""
    path = tmp_path / "J.csv"
    path.write_text("".join(f"{201 - i} 1\n" for i in range(201)))
    with pytest.raises(InvalidInput) as caught:
        chains.Table.from_file(path)
    said = str(caught.value).splitlines()
    assert len(caught.value.problems) == 200
    assert len(said) == 4
    assert [f"on line {n} " in line for n, line in zip((2, 3, 4), said, strict=False)] == [True] * 3
    assert said[3] == "J.csv: frequencies on line 5 ...: and 197 more of this kind"


@pytest.mark.parametrize(("count", "written"), [(0, 0), (1, 1), (3, 3), (4, 4), (5, 4), (6, 4)])
def test_a_count_replaces_no_single_line(count: int, written: int) -> None:
    found = lines([falling(n) for n in range(count)])
    assert len(found) == written
    assert (
        (f"and {count - 3} more of this kind" in found[-1]) if count > 4 else all("more" not in line for line in found)
    )


def test_other_kinds_are_written_in_their_place() -> None:
    other = Problem(key="values on line 3", value=-1.0, allowed=">= 0")
    many = [falling(n) for n in range(100)]
    found = lines([*many[:50], other, *many[50:]])
    assert found[-1] == str(other)
    assert len(found) == 5
    # same words for different keys, or the same key with other words, are different kinds
    assert len(lines([Problem(key=key, value=0, allowed="a number > 0") for key in "abcdef"])) == 6
    assert len(lines([Problem(key="a", value=0, allowed=word) for word in "uvwxyz"])) == 6


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (10**5000, "an integer of about 5001 digits"),
        ([10**5000], "list, which cannot be written (ValueError)"),
        (Mute(), "Mute, which cannot be written (RuntimeError)"),
        ([0.25] * 1000, "[0.25, 0.25"),
        (0.5, "0.5"),
    ],
    ids=["integer", "list of it", "object", "long", "short"],
)
def test_any_value_can_be_written(value: object, written: str) -> None:
    text = str(Problem(key="alpha", value=value, allowed="a number"))
    assert text.startswith(f"alpha = {written}")
    assert len(text) < 500
    assert str(InvalidInput([Problem(key="alpha", value=value, allowed="a number")])) == text


def test_a_number_of_any_length_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="alpha = an integer of about 5001 digits"):
        chains.PowerLaw(alpha=10**5000)
