"""Writing so that no reader ever meets half a file, and waiting where a disk is full.

The image of a file is made in memory and written once, beside its place; it is synced and moved there. (HDF5 writing straight to a full
disk takes the process down with it.) A link is never written through: one in the place of a file is replaced, one in the place of a folder
refused. Only the folder that the user names may be a link.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chains.problems import InvalidInput, Problem
from tnthermo.errors import StorageError
from tnthermo.machine.words import readable

# what may pass: a full disk or quota, and what network file systems say on a bad day
PASSING = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN, errno.EBUSY, errno.EINTR}
)
FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 1.0, 2.0, 60.0  # seconds between tries
PATIENCE = 300.0  # seconds for which a full disk is waited for, unless told otherwise
BLINK = 0.1  # seconds after which a pause looks whether it should end


@contextmanager
def replacing(path: Path, *, keep: Path | None = None) -> Iterator[Path]:
    """A temporary name beside ``path``; what the block wrote there takes the place of ``path`` at its end, or nothing does.

    keep  the name under which the old file stays

    Raises StorageError, with the old file untouched, when writing fails (disk full, read-only file system).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)  # of a process that had this number once; or a link
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        if keep is not None and path.exists():
            path.replace(keep)
        temporary.replace(path)
        sync_folder(path.parent)
    except StorageError:
        raise
    except (OSError, RuntimeError) as error:  # HDF5 reports a full disk as either
        failed = StorageError(f"cannot write {path}: {error}")
        failed.errno = getattr(error, "errno", None)
        raise failed from error
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder reach the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_pieces(path: Path, pieces: Iterable[Any], *, keep: Path | None = None) -> None:
    """Replace ``path`` by the bytes of all ``pieces`` (buffers), one after the other. Raises StorageError."""
    with replacing(path, keep=keep) as temporary, temporary.open("wb") as handle:
        for piece in pieces:
            handle.write(piece)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` (UTF-8). Raises StorageError."""
    write_pieces(path, [text.encode("utf-8")])


def refuse_links(root: Path, *paths: Path) -> None:
    """Raises `chains.InvalidInput` where a folder below ``root`` on the way to one of ``paths`` is a link; ``root`` itself may be one."""
    parts = {
        root.joinpath(*inner[: n + 1])
        for path in paths
        for inner in [path.relative_to(root).parts]
        for n in range(len(inner))
    }
    hint = "what is written stays in the folder that was named; only that folder itself may be a link"
    problems = [
        Problem(key="--out", value=str(part), allowed=f"a folder, found a link to {os.readlink(part)}", hint=hint)
        for part in sorted(parts)
        if part.is_symlink()
    ]
    if problems:
        raise InvalidInput(problems)


def prepare_folder(folder: Path) -> None:
    """Make ``folder`` and try that files can be written there. Raises StorageError naming the absolute path."""
    probe = folder / f".probe.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.unlink(missing_ok=True)
        try:
            with probe.open("xb") as handle:
                handle.write(b"tnthermo")
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        failed = StorageError(f"cannot write into {folder.absolute()}: {error.strerror or error}")
        failed.errno = error.errno
        raise failed from error


def temporaries(folder: Path) -> list[Path]:
    """What is being written in a folder, or was left half-written by a process that was killed."""
    return sorted(folder.glob(".*.tmp"))


def remove_temporaries(folder: Path) -> None:
    """Take away what a killed process left half-written; only for the holder of the folder's lock."""
    for path in temporaries(folder):
        path.unlink(missing_ok=True)


def check_space(folder: Path, needed: float, what: str) -> None:
    """Raises StorageError where the disk of ``folder`` has less room than ``needed`` (bytes) for ``what``."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageError(
            f"{folder.absolute()} has {readable(free)} of free space, {what} take {readable(needed)}: free some, or choose another --out"
        )


def patiently(
    write: Callable[[], None],
    *,
    patience: float,
    say: Callable[[str], None],
    give_up: Callable[[], bool] = lambda: False,
    first_pause: float = FIRST_PAUSE,
) -> None:
    """Do ``write``; where it fails for a reason that may pass (`PASSING`), again after growing pauses, ``patience`` seconds in all.

    give_up  ends the waiting early: one last try, then the error

    Raises StorageError, the last one met.
    """
    started, pause = time.monotonic(), first_pause
    while True:
        try:
            return write()
        except StorageError as error:
            left = patience - (time.monotonic() - started)
            if error.errno not in PASSING or left <= 0 or give_up():
                raise
            wait = min(pause, left)
            say(f"{error}; trying again in {wait:.3g} s")
        until = time.monotonic() + wait
        while time.monotonic() < until and not give_up():
            time.sleep(min(BLINK, wait))
        pause = min(GROWTH * pause, LONGEST_PAUSE)
