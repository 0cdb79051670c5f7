"""A checkpoint file: what is written is read back to the last bit, and anything else is refused in words."""

import hashlib
import json
import pickle
from typing import Any

import numpy as np
import pytest

from tnthermo.errors import Damaged, Unreadable
from tnthermo.results import checkpoint_file
from tnthermo.results.checkpoint_file import pack, unpack

STATE = {
    "tensors": [np.arange(12.0).reshape(2, 3, 2) * (1 + 2j), np.zeros((1, 0, 2), dtype=complex)],
    "turned": np.arange(6.0).reshape(2, 3).T,
    "count": np.array([1, -(2**62)]),
    "flag": np.array([True, False]),
    "nothing": None,
    "numbers": [0.1, float("inf"), 2**53 + 1, np.float64(1 / 3), np.int64(-7), True, "text", [("a", 1.5)]],
    "tree": {"x": np.array(2.5), "inner": {"y": np.array([np.nan, -0.0, 5e-324])}},
}


def image(state: dict[str, Any] = STATE, **header: Any) -> bytes:
    return b"".join(bytes(piece) for piece in pack({"hash": "abc", **header}, state))


def test_numbers_and_arrays_come_back_to_the_last_bit() -> None:
    back = unpack(image())
    assert (back["hash"], back["format"]) == ("abc", checkpoint_file.FORMAT)
    state = back["state"]
    for name in ("turned", "count", "flag"):
        assert state[name].dtype == STATE[name].dtype  # type: ignore[attr-defined]
        np.testing.assert_array_equal(state[name], STATE[name])
    for ours, given in zip(state["tensors"], STATE["tensors"], strict=True):  # type: ignore[arg-type]
        assert ours.shape == given.shape
        np.testing.assert_array_equal(ours, given)
        assert ours.flags.writeable
    assert state["tree"]["x"].shape == ()
    assert state["tree"]["inner"]["y"].tobytes() == STATE["tree"]["inner"]["y"].tobytes()  # type: ignore[index]
    assert state["numbers"] == [0.1, float("inf"), 2**53 + 1, 1 / 3, -7, True, "text", [["a", 1.5]]]
    assert state["nothing"] is None


def test_what_is_no_number_text_or_array_is_not_written() -> None:
    for value in (object(), {1, 2}, np.array(["a"]), np.array([object()]), b"bytes"):
        with pytest.raises(TypeError, match="a checkpoint holds no"):
            pack({}, {"x": value})


def test_a_file_cut_anywhere_or_with_any_bit_flipped_is_known() -> None:
    whole = image()
    for tenth in range(20):
        at = len(whole) * tenth // 20
        with pytest.raises(Damaged):
            unpack(whole[:at])
    for at in range(len(whole)):  # every byte, one bit of each
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (at % 8)
        with pytest.raises(Damaged):
            unpack(bytes(flipped))
    for other in (b"", b"\0" * len(whole), whole + b"\0", b"\x89HDF\r\n\x1a\n" + whole, pickle.dumps(STATE["numbers"])):
        with pytest.raises(Damaged):
            unpack(other)
    unpack(whole)


def forged(header: dict[str, Any], arrays: bytes = b"") -> bytes:
    """With a SHA-256 that fits."""
    text = json.dumps(header).encode()
    body = checkpoint_file.LENGTH.pack(len(text)) + text + arrays
    return checkpoint_file.MAGIC + hashlib.sha256(body).digest() + body


@pytest.mark.parametrize(
    "state",
    [
        {"x": {"array": ["|O8", [1], 0]}},
        {"x": {"array": ["<f8", [4], 0]}},
        {"x": {"array": ["<f8", [1], -8]}},
        {"x": {"array": ["<f8", [-1], 0]}},
        {"x": {"array": ["<f8", [2**62], 0]}},
        {"x": {"array": ["<f8", [0, 2**70], 0]}},
        {"x": {"array": ["<f8", [1], 2**70]}},
        {"x": {"array": 3}},
    ],
)
def test_a_forged_header_makes_nothing_but_an_error(state: dict[str, Any]) -> None:
    with pytest.raises(Damaged):
        unpack(forged({"format": checkpoint_file.FORMAT, "state": state}, b"\0" * 8))


def test_a_newer_format_is_refused_with_both_versions() -> None:
    with pytest.raises(Unreadable, match=r"format 7, written by tnthermo 9\.9; this version reads format 2"):
        unpack(forged({"format": 7, "written_by": "tnthermo 9.9", "state": {}}))
    with pytest.raises(Damaged):
        unpack(forged({"state": {}}))


def test_an_older_format_is_migrated_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those after the present one are made up. (A new FORMAT comes with its entry in MIGRATIONS and a file of the old one.)"""
    old = image({"x": np.array([1.0])})

    def renamed(header: dict[str, Any]) -> dict[str, Any]:
        return {**header, "state": {"y": header["state"]["x"]}}

    def doubled(header: dict[str, Any]) -> dict[str, Any]:
        return {**header, "state": {"y": 2 * header["state"]["y"]}}

    monkeypatch.setattr(checkpoint_file, "FORMAT", 4)
    monkeypatch.setattr(checkpoint_file, "MIGRATIONS", {2: renamed, 3: doubled})
    back = unpack(old)
    assert back["format"] == 4
    np.testing.assert_array_equal(back["state"]["y"], [2.0])
    monkeypatch.setattr(checkpoint_file, "MIGRATIONS", {2: renamed})
    with pytest.raises(Unreadable, match="format 2"):
        unpack(old)
