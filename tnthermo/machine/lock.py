"""One process at a time in an output folder: a lock file with the holder's host, pid, job and start.

The file system's own lock (flock) decides between two that come at once, and falls with its process. Where a file system has none, or
does not pass it on to other hosts, the holder that is written in the file counts, unless it is known to be gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tnthermo.errors import Held, StorageError
from tnthermo.machine.slurm import job_id

LOCK = "lock"
SECONDS_FOR_SQUEUE = 20.0
TRIES = 5


def started_at(pid: int) -> str:
    """When a process of this host started, in a form that no other one with its pid has; "" where that is not to be had."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='utf-8').strip()} {fields[19]}"
    except (OSError, IndexError):
        return ""


def holder() -> dict[str, Any]:
    """This process, as it stands in a lock file."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "job": job_id(), "process": started_at(pid), "since": time.time()}


def described(found: Mapping[str, Any]) -> str:
    """ "host node7, pid 123, job 42, for 3 min"."""
    since = found.get("since")
    age = time.time() - since if isinstance(since, int | float) else math.nan
    words = f"{age:.0f} s" if age < 100 else f"{age / 60:.0f} min" if age < 6000 else f"{age / 3600:.1f} h"
    job = f", job {found['job']}" if found.get("job") else ""
    when = (
        f"for {words}"
        if age >= 0
        else "since a time in the future (a clock jumped)"
        if age < 0
        else "it is not known since when"
    )
    return f"host {found.get('host', '?')}, pid {found.get('pid', '?')}{job}, {when}"


def why_gone(found: Mapping[str, Any]) -> str:
    """Why the holder in a lock file is known to be gone; "" where it is not known."""
    if found.get("host") == socket.gethostname():
        pid = found.get("pid")
        if not isinstance(pid, int) or pid <= 0:
            return ""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return f"no process {pid} on this host"
        except OSError:
            pass
        now = started_at(pid)
        return f"pid {pid} is another process by now" if now and found.get("process") not in ("", None, now) else ""
    return f"job {found['job']} is not in the queue" if found.get("job") and not queued(str(found["job"])) else ""


def queued(job: str) -> bool:
    """Whether squeue knows the job; True where it cannot be asked."""
    if shutil.which("squeue") is None:
        return True
    try:
        asked = subprocess.run(
            ["squeue", "--noheader", "--jobs", job, "--format", "%i"],
            capture_output=True, text=True, timeout=SECONDS_FOR_SQUEUE, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return True
    if asked.returncode != 0:
        return "invalid job id" not in asked.stderr.lower()
    return bool(asked.stdout.strip())


def refuse_if_held(folder: Path, say: Callable[[str], None] = lambda text: None) -> None:
    """Raises `Held` where another process is at work in ``folder``; nothing is written but a stale lock taken away."""
    path = folder / LOCK
    if path.is_file() and not path.is_symlink():
        with contextlib.suppress(StorageError), locked(folder, say):  # where nothing can be written, nothing will be
            pass


@contextmanager
def locked(folder: Path, say: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Hold the folder's lock. Raises `Held` where another process does, `StorageError` where no lock can be written."""
    path = folder / LOCK
    try:
        handle = _taken(path, say)
    except OSError as error:
        failed = StorageError(f"cannot lock {path.absolute()}: {error.strerror or error}")
        failed.errno = error.errno
        raise failed from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(handle)


def _taken(path: Path, say: Callable[[str], None]) -> int:
    for _ in range(TRIES):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            ours = _try(handle, path, say)
        except BaseException:
            os.close(handle)
            raise
        if ours:
            return handle
        os.close(handle)  # the one who held it took the file away meanwhile
    raise Held(f"{path.parent.absolute()} is in use: its lock changes hands")


def _try(handle: int, path: Path, say: Callable[[str], None]) -> bool:
    alive = False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        alive = True
    except OSError:
        pass  # this file system has no such locks
    found = _read(handle)
    if alive:
        raise Held(f"{path.parent.absolute()} is in use: {described(found)}")
    try:
        if os.fstat(handle).st_ino != path.stat().st_ino:
            return False
    except FileNotFoundError:
        return False
    if found:
        gone = why_gone(found)
        if not gone:
            where = f"{path.absolute()} says: {described(found)}"
            raise Held(f"{where}; where that process is known to be gone, remove the file")
        say(f"stale lock taken over from {described(found)}: {gone}")
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder()).encode("utf-8"), 0)
        os.fsync(handle)
    except OSError:  # a full disk: without a name in it the file is no lock, and nobody else's
        path.unlink(missing_ok=True)
        raise
    return True


def _read(handle: int) -> dict[str, Any]:
    """What is in a lock file; {} for nothing, or half a line of one who was killed while writing it."""
    try:
        found = json.loads(os.pread(handle, 4096, 0).decode("utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
