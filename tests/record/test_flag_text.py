"""Flags come back from the attribute that they were written to, however many and whatever they say."""

import pytest

from tnthermo.record.flag_text import flags_of, flags_text, one_flag


@pytest.mark.parametrize("flags", [(), ("a",), ("bond cap 4 reached at t = 1", "norm drifted, by 0.1")])
def test_what_is_written_is_read(flags: tuple[str, ...]) -> None:
    assert flags_of({"flags": flags_text(flags)}) == flags


def test_a_text_with_the_separator_stays_one_flag() -> None:
    assert flags_of({"flags": flags_text([one_flag("a; b"), "c"])}) == ("a, b", "c")


def test_no_attribute_or_an_empty_one_is_no_flag() -> None:
    assert flags_of({}) == flags_of({"flags": ""}) == flags_of({"flags": "none"}) == ()
