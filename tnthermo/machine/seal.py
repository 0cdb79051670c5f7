"""A SHA-256 at the end of a file, behind all that its own format has: a flipped bit is noticed when we read it, and what it hit is named.

... the file as it was, whose format says where it ends (HDF5 does): other programs read it as ever
index    JSON: [[name, offset, size, SHA-256], ...] of the parts that have a name
32 bytes SHA-256 of all before it
8 bytes  length of the index, little-endian
16 bytes `MAGIC`

A file without the magic whose own format ends where the file does was written by another program, or changed by one, which
cuts off what is behind: it is read unchecked. One with something else behind its own end was damaged there.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import h5py

from tnthermo.errors import StorageError

MAGIC = b"tnthermo sha256\n"
LENGTH = struct.Struct("<Q")
HASH = hashlib.sha256().digest_size
TAIL = HASH + LENGTH.size + len(MAGIC)
BLOCK = 2**20  # bytes that are read at a time
MOST_NAMED = 5
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
HDF5_HEAD = 64  # bytes of a superblock that are looked at

Part = tuple[str, int, int]
"""(name, offset, size in bytes) of what a message can name."""


def sealed(image: Any, parts: Iterable[Part]) -> list[Any]:
    """The pieces of a file to write one after the other: the buffer ``image``, and the end that `check_seal` looks at."""
    body = memoryview(image).cast("B")
    index = [
        [name, offset, size, hashlib.sha256(body[offset : offset + size]).hexdigest()] for name, offset, size in parts
    ]
    text = json.dumps(index, separators=(",", ":")).encode("utf-8")
    digest = hashlib.sha256(body)
    digest.update(text)
    return [body, text, digest.digest(), LENGTH.pack(len(text)), MAGIC]


def check_seal(path: Path) -> None:
    """Raises `StorageError`, naming the parts that are not as they were written; nothing for a file that was never sealed."""
    try:
        with path.open("rb") as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(max(0, size - TAIL))
            tail = handle.read(TAIL)
            whole = len(tail) == TAIL and tail.endswith(MAGIC)
            if not whole and hdf5_size(handle, size) >= size:
                return
            if whole and tail[:HASH] == _digest(handle, 0, size - TAIL):
                return
            wrong = _damaged(handle, size - TAIL, LENGTH.unpack_from(tail, HASH)[0]) if whole else []
    except OSError as error:
        raise StorageError(f"cannot read {path.absolute()}: {error.strerror or error}") from error
    if not whole:
        raise StorageError(f"{path.absolute()} is damaged at its end, behind its data, or was cut there")
    names = ", ".join(wrong[:MOST_NAMED]) + (f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else "")
    what = names or "attributes, texts or the structure of the file"
    raise StorageError(f"{path.absolute()} is damaged, not as it was written (SHA-256 differs): {what}")


def hdf5_size(handle: BinaryIO, size: int) -> int:
    """Where an HDF5 file says that it ends; ``size``, that of the file, for anything else."""
    handle.seek(0)
    head = handle.read(HDF5_HEAD)
    if len(head) < HDF5_HEAD or not head.startswith(HDF5_SIGNATURE):
        return size
    version = head[8]
    offsets, fixed = (head[13], 24) if version < 2 else (head[9], 12)
    fixed += 4 if version == 1 else 0
    if version > 3 or offsets != LENGTH.size:
        return size
    # base address, free space or extension, end of file
    return int(LENGTH.unpack_from(head, fixed + 2 * LENGTH.size)[0])


def _digest(handle: BinaryIO, start: int, size: int) -> bytes:
    digest = hashlib.sha256()
    handle.seek(start)
    while size > 0 and (block := handle.read(min(BLOCK, size))):
        digest.update(block)
        size -= len(block)
    return digest.digest()


def _damaged(handle: BinaryIO, end: int, length: int) -> list[str]:
    """Names of the parts that differ, as far as the index (``length`` bytes before ``end``) can still be read."""
    if length > end:
        return []
    handle.seek(end - length)
    try:
        index = json.loads(handle.read(length))
        return [
            str(name) for name, offset, size, known in index if _digest(handle, int(offset), int(size)).hex() != known
        ]
    except (ValueError, TypeError, OverflowError):
        return []


def parts_of(image: io.BytesIO) -> list[Part]:
    """Where the numbers of each dataset lie in an HDF5 file; texts and attributes have no place of their own."""
    parts: list[Part] = []

    def look(name: str, entry: Any) -> None:
        if isinstance(entry, h5py.Dataset) and (offset := entry.id.get_offset()) is not None:
            parts.append((name, offset, entry.id.get_storage_size()))

    with h5py.File(image, "r") as handle:
        handle.visititems(look)
    return parts
