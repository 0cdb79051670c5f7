"""One checkpoint as a file: numbers, texts and arrays behind a SHA-256 that covers every bit of them. No pickle.

line                 b"tnthermo checkpoint\\n"
32 bytes             SHA-256 of all that follows
8 bytes              length of the header, little-endian
header               JSON: {"format": 1, ..., "state": tree}, an array in it being {"array": [type, shape, offset]}
arrays               little-endian, row by row, offsets counted from the end of the header
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tnthermo.errors import Damaged, Unreadable
from tnthermo.types import Snapshot, Tree

FORMAT = 2
MAGIC = b"tnthermo checkpoint\n"
LENGTH = struct.Struct("<Q")
HASH = hashlib.sha256().digest_size
LATEST = 1e300  # time that a run can have reached: a whole number beyond all doubles is none
TYPES = ("<f8", "<c16", "<i8", "|b1")


def _with_entropy_work(header: Tree) -> Tree:
    """Format 2: every row says what the bath's entropy took."""
    state = dict(header["state"])
    rows = state.get("rows")
    if isinstance(rows, dict) and "index" in rows:
        state["rows"] = {**rows, "entropy_work": np.full(len(rows["index"]), np.nan)}
    return {**header, "state": state}


# A header and its arrays from one format to the next; MIGRATIONS[n] makes format n + 1 of format n.
MIGRATIONS: dict[int, Callable[[Tree], Tree]] = {1: _with_entropy_work}


def pack(header: Mapping[str, Any], state: Snapshot) -> list[Any]:
    """The file as pieces to write one after the other; large arrays are not copied, so write them before they change."""
    pieces: list[Any] = []
    size = 0

    def plain(value: Any) -> Any:
        nonlocal size
        if isinstance(value, np.ndarray):
            array: Any = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
            if array.dtype.str not in TYPES:
                raise TypeError(f"a checkpoint holds no arrays of type {value.dtype}")
            offset, size = size, size + array.nbytes
            if array.nbytes:
                pieces.append(memoryview(array.reshape(-1)).cast("B"))
            return {"array": [array.dtype.str, list(value.shape), offset]}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, Mapping):
            return {str(name): plain(entry) for name, entry in value.items()}
        if isinstance(value, list | tuple):
            return [plain(entry) for entry in value]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise TypeError(f"a checkpoint holds no {type(value).__name__}")

    text = json.dumps({"format": FORMAT, **header, "state": plain(state)}).encode("utf-8")
    body = [LENGTH.pack(len(text)), text, *pieces]
    digest = hashlib.sha256()
    for piece in body:
        digest.update(piece)
    return [MAGIC, digest.digest(), *body]


def unpack(data: bytes) -> Tree:
    """The header, its arrays in place under "state", brought to this version's format.

    Raises `Damaged` for anything but what `pack` made, to the bit, and `Unreadable` for a format of another version.
    """
    start = len(MAGIC) + HASH
    if not data:
        raise Damaged("empty")
    if not data.startswith(MAGIC):
        raise Damaged("no checkpoint")
    if hashlib.sha256(memoryview(data)[start:]).digest() != data[len(MAGIC) : start]:
        raise Damaged("not as it was written (SHA-256 differs)")
    try:
        return migrated(_parsed(data, start))
    except (ValueError, KeyError, TypeError, OverflowError, struct.error, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Damaged(f"not what a checkpoint holds ({error})") from error


def of_a_run(tree: Tree) -> Tree:
    """The same, if it has what the checkpoint of a run says about itself. Raises `Damaged`: a SHA-256 that fits is no promise of that."""
    kinds: dict[str, Any] = {
        "config": str, "hash": str, "time": int | float, "notes": list, "versions": dict, "compiled": bool, "state": dict,
    }  # fmt: skip
    wrong = [name for name, kind in kinds.items() if not isinstance(tree.get(name), kind)]
    if not wrong and not all(isinstance(note, str) for note in tree["notes"]):
        wrong = ["notes"]
    if not wrong and not abs(tree["time"]) <= LATEST:
        wrong = ["time"]
    try:
        values = {} if wrong else tomllib.loads(tree["config"])
    except (ValueError, RecursionError):
        wrong = ["config"]
    else:
        evolution = values.get("evolution", {}) if not wrong else {}
        bond = evolution.get("max_bond", 1) if isinstance(evolution, dict) else None
        if not isinstance(bond, int):
            wrong = ["config"]
    if wrong:
        raise Damaged(f"not what the checkpoint of a run holds ({', '.join(wrong)})")
    return tree


def _parsed(data: bytes, start: int) -> Tree:
    (length,) = LENGTH.unpack_from(data, start)
    start += LENGTH.size
    header: Tree = json.loads(data[start : start + length])
    arrays = memoryview(data)[start + length :]

    def filled(value: Any) -> Any:
        if isinstance(value, dict) and set(value) == {"array"}:
            kind, shape, offset = value["array"]
            if kind not in TYPES or any(size < 0 for size in shape):
                raise ValueError(f"an array of type {kind!r}, shape {shape}")
            count = math.prod(shape)
            if count == 0:
                return np.zeros(shape, dtype=kind)
            # a copy: aligned and writable, as an array that was computed
            return np.frombuffer(arrays, dtype=kind, count=count, offset=offset).reshape(shape).copy()
        if isinstance(value, dict):
            return {name: filled(entry) for name, entry in value.items()}
        return [filled(entry) for entry in value] if isinstance(value, list) else value

    return {name: filled(entry) for name, entry in header.items()}


def migrated(header: Tree) -> Tree:
    """The header in this version's format. Raises `Unreadable`."""
    written = header["format"]
    while header["format"] < FORMAT and header["format"] in MIGRATIONS:
        number = header["format"]
        header = {**MIGRATIONS[number](header), "format": number + 1}
    if header["format"] != FORMAT:
        by = header.get("written_by", "an unknown version")
        raise Unreadable(f"format {written}, written by {by}; this version reads format {FORMAT}")
    return header
