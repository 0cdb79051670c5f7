"""A file that a user names, as text: regular files only, of a size that is said, in UTF-8 with or without a byte order mark.

A device, a pipe or a socket has no end or none yet: reading one would fill the memory, or wait for ever.
"""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path

MIB = 2**20
KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# The longer mark first: that of UTF-32 begins like that of UTF-16.
OTHER_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


class NotText(ValueError):
    """Bytes that are no UTF-8 text; ``where`` in words ("line 3, column 7", or the encoding found)."""

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(f"{where}: not UTF-8 text")


def regular_bytes(path: str | Path, *, largest: int) -> bytes:
    """Return what is in a regular file of at most ``largest`` bytes; links are followed.

    Raises OSError in words for anything else (nothing is read then), and ValueError for a name that none can have (a zero byte).
    """
    with open(path, "rb", opener=_without_waiting) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            kind = KINDS.get(stat.S_IFMT(found.st_mode), "no file")
            raise OSError(f"{kind}, not a regular file")
        data = b"" if found.st_size > largest else file.read(largest + 1)
    if found.st_size > largest or len(data) > largest:
        raise OSError(f"larger than {largest / MIB:g} MiB, the largest that is read")
    return data


def _without_waiting(path: str, flags: int) -> int:
    """To open a pipe would wait for somebody to write into it."""
    return os.open(path, flags | os.O_NONBLOCK)


def decoded(data: bytes) -> str:
    """Return UTF-8 bytes as text, without the byte order mark that some editors write first. Raises `NotText`."""
    for mark, name in OTHER_MARKS:
        if data.startswith(mark):
            raise NotText(f"{name} by its byte order mark")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotText(position(data, error.start)) from None
    zero = data.find(b"\0")
    if zero >= 0:  # ASCII in UTF-16 without a mark is UTF-8 as well, every other letter of it a zero
        raise NotText(f"{position(data, zero)}, a zero byte")
    return text


def position(data: bytes, start: int) -> str:
    """Return the place of byte ``start`` as "line l, column c", both from 1."""
    before = data[:start]
    newline = b"\n"
    return f"line {before.count(newline) + 1}, column {start - before.rfind(newline)}"
